"""CLIP (Radford et al. 2021, arXiv 2103.00020) at the size of emoji:
a convolutional image tower and a distilled text tower."""

from dataclasses import asdict, dataclass, field
from typing import Any

import torch
import torch.nn as nn
import torch.nn.functional as F

from tessera_training.common.pictures import on_background
from tessera_training.models.text import TextConfig, TextTower
from tessera_training.models.vqgan import ResidualBlock, norm

BACKGROUND = (0.6, 0.6, 0.6)  # under transparent pictures: neither white nor black art vanishes on it
MEAN, STD = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)


@dataclass(frozen=True)
class ImageConfig:
    image_size: int = 64
    patch: int = 2
    widths: tuple[int, ...] = (48, 96, 192, 256)
    blocks: tuple[int, ...] = (1, 2, 2, 1)
    embedding_width: int = 256


@dataclass(frozen=True)
class ClipConfig:
    image: ImageConfig = field(default_factory=ImageConfig)
    text: TextConfig = field(default_factory=TextConfig)

    @staticmethod
    def from_dict(values: dict) -> "ClipConfig":
        image: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values["image"].items()}
        return ClipConfig(ImageConfig(**image), TextConfig(**values["text"]))

    def to_dict(self) -> dict:
        return asdict(self)


class ImageTower(nn.Module):
    """pixels [B, 3, S, S], normalised with MEAN and STD -> unit CLIP embedding [B, D]"""

    def __init__(self, config: ImageConfig):
        super().__init__()
        self.config = config
        self.stem = nn.Sequential(
            nn.PixelUnshuffle(config.patch), nn.Conv2d(3 * config.patch**2, config.widths[0], 3, padding=1)
        )
        self.stages = nn.ModuleList()
        for level, (width, blocks) in enumerate(zip(config.widths, config.blocks)):
            down = [nn.Conv2d(config.widths[level - 1], width, 3, stride=2, padding=1)] if level else []
            self.stages.append(nn.Sequential(*down, *(ResidualBlock(width) for _ in range(blocks))))
        self.norm = norm(config.widths[-1])
        grid = config.image_size // config.patch // 2 ** (len(config.widths) - 1)
        # A plain mean over the grid forgets where things are; counts and positions need it.
        self.head = nn.Linear(config.widths[-1] * grid * grid, config.embedding_width)

    def features(self, pixels: torch.Tensor) -> list[torch.Tensor]:
        """The maps of every stage, for a perceptual loss."""
        x, maps = self.stem(pixels), []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        x = F.silu(self.norm(self.features(pixels)[-1]))
        return F.normalize(self.head(x.flatten(1)), dim=-1)


def to_pixels(x: torch.Tensor, size: int, background: torch.Tensor | None = None) -> torch.Tensor:
    """Premultiplied pictures [B, 4, H, W] -> the image tower's input [B, 3, size, size]."""
    colour = x.new_tensor(BACKGROUND) if background is None else background
    rgb = on_background(x, colour)
    if rgb.shape[-1] != size:
        rgb = F.interpolate(rgb, (size, size), mode="area")
    mean, std = (rgb.new_tensor(v).view(1, 3, 1, 1) for v in (MEAN, STD))
    return ((rgb - mean) / std).contiguous(memory_format=torch.channels_last)


class Clip(nn.Module):
    def __init__(self, config: ClipConfig, from_teacher: bool = False):
        super().__init__()
        self.config = config
        self.image, self.text = ImageTower(config.image), TextTower(config.text, from_teacher)
        self.log_scale = nn.Parameter(torch.tensor(2.7))  # e^2.7 ~ 15; capped at 40 in `scale`

    @property
    def scale(self) -> torch.Tensor:
        return self.log_scale.exp().clamp(max=40.0)

    def embed_texts(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """int64 [B, L] each -> [B, D]"""
        return self.text(input_ids, attention_mask)[0]

    def embed_pictures(self, x: torch.Tensor, background: torch.Tensor | None = None) -> torch.Tensor:
        """Premultiplied [B, 4, H, W] -> [B, D]"""
        return self.image(to_pixels(x, self.config.image.image_size, background))
