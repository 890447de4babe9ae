"""The published prior: a GPT-2 that reads a CLIP embedding and then image tokens (HFAiLab/clip-gen, `models/gpt.py`).

Parameter names and shapes are those of the published checkpoint, so `load_state_dict` reads it; the code is ours. Its
blocks are `nn.TransformerEncoderLayer(norm_first=True, activation=gelu)`, each wrapped with a buffer `mask` that says
True where a place must not look. Dropout has no parameters and does nothing outside training, so it is left out.
"""

from dataclasses import dataclass
from typing import cast

import torch
import torch.nn as nn
import torch.nn.functional as F

from tessera_training.convert.attention import SelfAttention


@dataclass(frozen=True)
class GptConfig:
    """The sizes of `gpt2_medium`; `gpt2_large` has 36 layers of width 1280 with 20 heads."""

    codebook_size: int = 16384
    layers: int = 24
    width: int = 1024
    heads: int = 16
    positions: int = 256  # the condition and all tokens but the last, which nothing follows
    embedding_width: int = 512

    @property
    def head_width(self) -> int:
        return self.width // self.heads


class Layer(nn.Module):
    """Attention and a four times wider network, each after a LayerNorm and added to what came in."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.self_attn = SelfAttention(width, heads)
        self.linear1, self.linear2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def feed(self, x: torch.Tensor) -> torch.Tensor:
        """The second half: [..., W] -> [..., W]. This GELU is the exact one (erf)."""
        return x + self.linear2(F.gelu(self.linear1(self.norm2(x))))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.feed(x + self.self_attn(self.norm1(x), causal=True))


class Block(nn.Module):
    def __init__(self, config: GptConfig):
        super().__init__()
        self.encoder = Layer(config.width, config.heads)
        # Only kept because the checkpoint has it: the layer is causal by itself.
        self.register_buffer("mask", torch.ones(config.positions, config.positions, dtype=torch.bool).triu(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.encoder(x)


class Gpt(nn.Module):
    def __init__(self, config: GptConfig = GptConfig()):
        super().__init__()
        self.config = config
        self.tok_emb = nn.Embedding(config.codebook_size, config.width)
        self.pos_emb = nn.Parameter(torch.zeros(1, config.positions, config.width))
        self.cond_proj = nn.Linear(config.embedding_width, config.width)
        self.blocks = nn.Sequential(*(Block(config) for _ in range(config.layers)))
        self.norm = nn.LayerNorm(config.width)
        self.head = nn.Linear(config.width, config.codebook_size)

    @property
    def layers(self) -> list[Layer]:
        return [cast(Block, block).encoder for block in self.blocks]

    def forward(self, tokens: torch.Tensor, embedding: torch.Tensor) -> torch.Tensor:
        """tokens int64 [B, T], T < positions; CLIP embedding [B, D], unit norm -> logits [B, T + 1, K].

        Row p of the logits foretells token p from the embedding and the tokens before p.
        """
        length = tokens.shape[1] + 1
        if length > self.config.positions:
            raise ValueError(f"expected at most {self.config.positions - 1} tokens but received {tokens.shape[1]}")
        x = torch.cat([self.cond_proj(embedding)[:, None], self.tok_emb(tokens)], 1)
        x = self.blocks(x + self.pos_emb[:, :length])
        return self.head(self.norm(x))
