"""Self-attention as all three published checkpoints store it:
with the parameter names of `torch.nn.MultiheadAttention`."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class SelfAttention(nn.Module):
    """`project` and `finish` are apart so that a cached step can put the past between them."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        if width % heads:
            raise ValueError(f"expected a width that {heads} heads divide but received {width}")
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.randn(3 * width, width) * width**-0.5)
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)

    def project(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """[B, T, W] -> queries, keys, values, each [B, heads, T, W / heads]"""
        packed = F.linear(x, self.in_proj_weight, self.in_proj_bias)
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in packed.chunk(3, -1))
        return q, k, v

    def finish(self, mixed: torch.Tensor) -> torch.Tensor:
        """[B, heads, T, W / heads] -> [B, T, W]"""
        return self.out_proj(mixed.transpose(1, 2).flatten(2))

    def forward(self, x: torch.Tensor, causal: bool = False) -> torch.Tensor:
        """[B, T, W] -> [B, T, W]; `causal`: a place sees itself and what is before it."""
        q, k, v = self.project(x)
        return self.finish(F.scaled_dot_product_attention(q, k, v, is_causal=causal))
