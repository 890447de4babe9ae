"""The published VQGAN (HFAiLab/clip-gen, `models/vqgan.py`, `codec.py`, `quantizer.py`): pictures to tokens and back.

Parameter names and shapes are those of the published checkpoint; the code is ours. The discriminator that the
checkpoint also holds is needed in training only and is left out.
"""

from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

from tessera_training.convert.attention import SelfAttention

GROUPS = 32  # of every GroupNorm
# The pictures' statistics in the published training: what the decoder gives is (pixel - mean) / std, pixels in 0..1.
PIXEL_MEAN, PIXEL_STD = 0.5, 0.5


@dataclass(frozen=True)
class VqganConfig:
    codebook_size: int = 16384
    code_width: int = 256
    channels: int = 128
    multipliers: tuple[int, ...] = (1, 1, 2, 2, 4)  # of `channels`, from the full picture down to the grid
    blocks: int = 2  # residual blocks a level; the decoder has one more
    attention_at: tuple[int, ...] = (16,)  # sides of the maps that get attention
    image_size: int = 256

    @property
    def grid(self) -> int:
        return self.image_size // 2 ** (len(self.multipliers) - 1)

    @property
    def positions(self) -> int:
        return self.grid**2


def conv3(inside: int, outside: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inside, outside, 3, stride, padding=1 if stride == 1 else 0)


class Residual(nn.Module):
    """`nn.Identity` stands where the published block has dropout, so that the numbering is the same."""

    def __init__(self, inside: int, outside: int):
        super().__init__()
        self.block = nn.Sequential(
            nn.GroupNorm(GROUPS, inside), nn.SiLU(), conv3(inside, outside),
            nn.GroupNorm(GROUPS, outside), nn.SiLU(), nn.Identity(), conv3(outside, outside),
        )  # fmt: skip
        self.shortcut = nn.Conv2d(inside, outside, 1) if inside != outside else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.shortcut(x) + self.block(x)


class Attention(nn.Module):
    """Every place of a map [B, C, h, w] looks at all places, with one head."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm = nn.GroupNorm(GROUPS, channels)
        self.attn = SelfAttention(channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        places = self.norm(x).flatten(2).transpose(1, 2)  # [B, h * w, C]
        return x + self.attn(places).transpose(1, 2).reshape(x.shape)


class Down(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.conv = conv3(channels, channels, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(F.pad(x, (0, 1, 0, 1)))  # zeros on the right and below only


class Up(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.conv = conv3(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


def middle(channels: int) -> nn.Sequential:
    return nn.Sequential(Residual(channels, channels), Attention(channels), Residual(channels, channels))


def level(inside: int, outside: int, blocks: int, attends: bool) -> list[nn.Module]:
    """One resolution: residual blocks, each followed by attention where the map is small enough."""
    parts: list[nn.Module] = []
    for at in range(blocks):
        parts.append(Residual(outside if at else inside, outside))
        parts += [Attention(outside)] if attends else []
    return parts


class Encoder(nn.Module):
    """Normalised pixels [B, 3, S, S] -> one vector a place [B, code_width, grid, grid]."""

    def __init__(self, config: VqganConfig):
        super().__init__()
        widths = [config.channels * m for m in config.multipliers]
        self.conv_in = conv3(3, config.channels)
        parts, inside, side = [], config.channels, config.image_size
        for at, outside in enumerate(widths):
            parts += level(inside, outside, config.blocks, side in config.attention_at)
            if at < len(widths) - 1:
                parts.append(Down(outside))
                side //= 2
            inside = outside
        self.down = nn.Sequential(*parts)
        self.mid = middle(inside)
        self.final = nn.Sequential(
            nn.GroupNorm(GROUPS, inside),
            nn.SiLU(),
            conv3(inside, config.code_width),
            nn.Conv2d(config.code_width, config.code_width, 1),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.final(self.mid(self.down(self.conv_in(x))))


class Decoder(nn.Module):
    """Code vectors [B, code_width, grid, grid] -> normalised pixels [B, 3, S, S]."""

    def __init__(self, config: VqganConfig):
        super().__init__()
        widths = [config.channels * m for m in config.multipliers]
        self.quant_conv_in = nn.Conv2d(config.code_width, config.code_width, 1)
        self.conv_in = conv3(config.code_width, widths[-1])
        self.mid = middle(widths[-1])
        parts, inside, side = [], widths[-1], config.grid
        for at, outside in reversed(list(enumerate(widths))):
            parts += level(inside, outside, config.blocks + 1, side in config.attention_at)
            if at > 0:
                parts.append(Up(outside))
                side *= 2
            inside = outside
        self.up = nn.Sequential(*parts)
        self.final = nn.Sequential(nn.GroupNorm(GROUPS, inside), nn.SiLU(), conv3(inside, 3))

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        return self.final(self.up(self.mid(self.conv_in(self.quant_conv_in(codes)))))


class Quantizer(nn.Module):
    def __init__(self, config: VqganConfig):
        super().__init__()
        self.embedding = nn.Embedding(config.codebook_size, config.code_width)

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """[B, code_width, grid, grid] -> the nearest codes, int64 [B, P]. |z|² is the same for all codes: left out."""
        flat, codes = vectors.flatten(2).transpose(1, 2), self.embedding.weight
        return (codes.square().sum(1) - 2 * flat @ codes.T).argmin(-1)


class Vqgan(nn.Module):
    def __init__(self, config: VqganConfig = VqganConfig()):
        super().__init__()
        self.config = config
        self.encoder, self.decoder, self.quantizer = Encoder(config), Decoder(config), Quantizer(config)

    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pixels in 0..1 [B, 3, S, S] -> tokens int64 [B, P], row by row of the grid"""
        return self.quantizer(self.encoder((pixels - PIXEL_MEAN) / PIXEL_STD))

    def decode(self, tokens: torch.Tensor) -> torch.Tensor:
        """tokens int64 [B, P] -> pixels in 0..1 [B, 3, S, S]"""
        side = self.config.grid
        codes = self.quantizer.embedding(tokens).transpose(1, 2).unflatten(2, (side, side))
        return (self.decoder(codes) * PIXEL_STD + PIXEL_MEAN).clamp(0, 1)
