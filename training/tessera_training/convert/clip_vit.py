"""OpenAI's CLIP with a vision transformer (Radford et al. 2021, arXiv 2103.00020), as `clip_vit_b32.pt` stores it.

Parameter names and shapes are those of the published state dict; the code is ours.
"""

from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

from tessera_training.convert.attention import SelfAttention

# The statistics that CLIP's pictures are normalised with, red, green, blue (openai/CLIP, `clip/clip.py`).
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class ClipVitConfig:
    """The sizes of ViT-B/32."""

    embedding_width: int = 512
    image_size: int = 224
    patch: int = 32
    image_width: int = 768
    image_layers: int = 12
    image_heads: int = 12
    vocabulary: int = 49408
    context_length: int = 77
    text_width: int = 512
    text_layers: int = 12
    text_heads: int = 8

    @property
    def places(self) -> int:
        """Patches of a picture, and one for the class token"""
        return (self.image_size // self.patch) ** 2 + 1


class QuickGelu(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.sigmoid(1.702 * x)


class Block(nn.Module):
    def __init__(self, width: int, heads: int, causal: bool):
        super().__init__()
        self.causal = causal
        self.attn = SelfAttention(width, heads)
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mlp = nn.Sequential()
        for name, part in (
            ("c_fc", nn.Linear(width, 4 * width)),
            ("gelu", QuickGelu()),
            ("c_proj", nn.Linear(4 * width, width)),
        ):
            self.mlp.add_module(name, part)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attn(self.ln_1(x), self.causal)
        return x + self.mlp(self.ln_2(x))


class Transformer(nn.Module):
    def __init__(self, width: int, layers: int, heads: int, causal: bool = False):
        super().__init__()
        self.resblocks = nn.Sequential(*(Block(width, heads, causal) for _ in range(layers)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.resblocks(x)


class VisionTransformer(nn.Module):
    def __init__(self, config: ClipVitConfig):
        super().__init__()
        width = config.image_width
        self.conv1 = nn.Conv2d(3, width, config.patch, config.patch, bias=False)
        self.class_embedding = nn.Parameter(torch.randn(width) * width**-0.5)
        self.positional_embedding = nn.Parameter(torch.randn(config.places, width) * width**-0.5)
        self.ln_pre, self.ln_post = nn.LayerNorm(width), nn.LayerNorm(width)
        self.transformer = Transformer(width, config.image_layers, config.image_heads)
        self.proj = nn.Parameter(torch.randn(width, config.embedding_width) * width**-0.5)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        patches = self.conv1(pixels).flatten(2).transpose(1, 2)  # [B, patches, W]
        x = torch.cat([self.class_embedding.expand(len(patches), 1, -1), patches], 1) + self.positional_embedding
        return self.ln_post(self.transformer(self.ln_pre(x))[:, 0]) @ self.proj


class ClipVit(nn.Module):
    def __init__(self, config: ClipVitConfig = ClipVitConfig()):
        super().__init__()
        self.config = config
        self.visual = VisionTransformer(config)
        self.transformer = Transformer(config.text_width, config.text_layers, config.text_heads, causal=True)
        self.token_embedding = nn.Embedding(config.vocabulary, config.text_width)
        self.positional_embedding = nn.Parameter(torch.randn(config.context_length, config.text_width) * 0.01)
        self.ln_final = nn.LayerNorm(config.text_width)
        self.text_projection = nn.Parameter(
            torch.randn(config.text_width, config.embedding_width) * config.text_width**-0.5
        )
        self.logit_scale = nn.Parameter(torch.tensor(2.6593))  # ln(1 / 0.07); trains CLIP, paints nothing

    def embed_image(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pixels normalised with CLIP_MEAN and CLIP_STD [B, 3, S, S] -> [B, D], unit norm"""
        return F.normalize(self.visual(pixels), dim=-1)

    def embed_text(self, ids: torch.Tensor) -> torch.Tensor:
        """int64 [B, L], L at most the context length, start and end tokens included -> [B, D], unit norm.

        Read at the end token, which has the highest number of all; what follows it is padding that nothing sees.
        """
        x = self.transformer(self.token_embedding(ids) + self.positional_embedding[: ids.shape[1]])
        last = ids.argmax(-1)
        # Chosen before the norm, which works on each place alone.
        x = self.ln_final(x[torch.arange(len(ids), device=ids.device), last])
        return F.normalize(x @ self.text_projection, dim=-1)
