"""Stage 1 of CLIP-GEN (arXiv 2203.00386, section 3.2): a VQGAN, trained on pictures alone.

A picture [B, C, H, W] becomes a grid of tokens [B, h*w, groups] and back. Each grid cell holds `groups` codes
(product quantisation): twice the codes a cell costs the prior far less than twice the cells.
Codes and encoder outputs are L2-normalised (Yu et al. 2021, arXiv 2110.04627), so the look-up is by cosine.
"""

from dataclasses import dataclass, replace

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass(frozen=True)
class VqganConfig:
    image_size: int = 128
    channels: int = 4
    patch: int = 4  # pixels folded into channels before the first convolution
    widths: tuple[int, ...] = (64, 128, 256)  # one level each; every level after the first halves the grid
    encoder_blocks: tuple[int, ...] = (1, 2, 2)
    decoder_blocks: tuple[int, ...] = (2, 2, 3)
    groups: int = 2
    codebook_size: int = 1024
    code_width: int = 16

    @property
    def grid(self) -> int:
        return self.image_size // self.patch // 2 ** (len(self.widths) - 1)

    @property
    def positions(self) -> int:
        return self.grid**2

    def with_grid(self, grid: int) -> "VqganConfig":
        """The same network on pictures folded less (or more), so that it ends in `grid` × `grid` cells."""
        patch, rest = divmod(self.image_size, grid * 2 ** (len(self.widths) - 1))
        if rest or patch < 1:
            raise ValueError(f"expected a grid that {len(self.widths)} levels can make of {self.image_size} pixels but received {grid}")
        return replace(self, patch=patch)


def norm(width: int) -> nn.GroupNorm:
    return nn.GroupNorm(max(1, width // 16), width)


class ResidualBlock(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.norm1, self.conv1 = norm(width), nn.Conv2d(width, width, 3, padding=1)
        self.norm2, self.conv2 = norm(width), nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x):
        h = self.conv1(F.silu(self.norm1(x)))
        return x + self.conv2(F.silu(self.norm2(h)))


class Encoder(nn.Sequential):
    """[B, C, H, W] -> [B, groups * code_width, h, w]"""

    def __init__(self, config: VqganConfig):
        layers = [nn.PixelUnshuffle(config.patch), nn.Conv2d(config.channels * config.patch**2, config.widths[0], 3, padding=1)]
        for level, (width, blocks) in enumerate(zip(config.widths, config.encoder_blocks)):
            if level:
                layers.append(nn.Conv2d(config.widths[level - 1], width, 3, stride=2, padding=1))
            layers += [ResidualBlock(width) for _ in range(blocks)]
        layers += [norm(config.widths[-1]), nn.SiLU(), nn.Conv2d(config.widths[-1], config.groups * config.code_width, 1)]
        super().__init__(*layers)


class Decoder(nn.Sequential):
    """[B, groups * code_width, h, w] -> [B, C, H, W], unbounded; `Vqgan.decode` clamps."""

    def __init__(self, config: VqganConfig):
        layers = [nn.Conv2d(config.groups * config.code_width, config.widths[-1], 3, padding=1)]
        for level in reversed(range(len(config.widths))):
            layers += [ResidualBlock(config.widths[level]) for _ in range(config.decoder_blocks[level])]
            if level:
                layers += [nn.Upsample(scale_factor=2, mode="nearest"), nn.Conv2d(config.widths[level], config.widths[level - 1], 3, padding=1)]
        layers += [norm(config.widths[0]), nn.SiLU(), nn.Conv2d(config.widths[0], config.channels * config.patch**2, 3, padding=1), nn.PixelShuffle(config.patch)]
        super().__init__(*layers)


class Codebook(nn.Module):
    """`groups` codebooks of unit vectors, moved by exponential averages; dead codes are re-seeded from the batch."""

    def __init__(self, config: VqganConfig, decay: float = 0.97, revive_below: float = 0.1):
        super().__init__()
        self.groups, self.decay, self.revive_below = config.groups, decay, revive_below
        codes = F.normalize(torch.randn(config.groups, config.codebook_size, config.code_width), dim=-1)
        self.register_buffer("codes", codes)
        self.register_buffer("usage", torch.ones(config.groups, config.codebook_size))  # average picks a batch

    def embed(self, tokens: torch.Tensor) -> torch.Tensor:
        """[B, P, groups] -> [B, P, groups * code_width]"""
        return torch.cat([self.codes[g][tokens[..., g]] for g in range(self.groups)], -1)

    def forward(self, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """z: [B, P, groups, code_width], unit -> tokens [B, P, groups]."""
        tokens = torch.stack([(z[:, :, g] @ self.codes[g].T).argmax(-1) for g in range(self.groups)], -1)
        if self.training:
            self.update(z.detach(), tokens)
        return tokens

    @torch.no_grad()
    def update(self, z: torch.Tensor, tokens: torch.Tensor) -> None:
        for g in range(self.groups):
            vectors, picks = z[:, :, g].reshape(-1, z.shape[-1]).float(), tokens[..., g].reshape(-1)
            counts = torch.zeros_like(self.usage[g]).index_add_(0, picks, torch.ones_like(picks, dtype=torch.float))
            sums = torch.zeros_like(self.codes[g]).index_add_(0, picks, vectors)
            self.usage[g].mul_(self.decay).add_(counts, alpha=1 - self.decay)
            means = F.normalize(sums / counts.clamp(min=1)[:, None], dim=-1)
            # A code moves by its own picks only; codes that were not picked stay where they are.
            rate = 2 * (1 - self.decay) * (counts > 0)[:, None]
            self.codes[g] = F.normalize(self.codes[g] * (1 - rate) + means * rate, dim=-1)
            dead = self.usage[g] < self.revive_below
            if dead.any():
                chosen = torch.randint(len(vectors), (int(dead.sum()),), device=z.device)
                self.codes[g][dead] = vectors[chosen]
                self.usage[g][dead] = 1.0


class Vqgan(nn.Module):
    def __init__(self, config: VqganConfig):
        super().__init__()
        self.config = config
        self.encoder, self.decoder, self.codebook = Encoder(config), Decoder(config), Codebook(config)

    def encode_continuous(self, x: torch.Tensor) -> torch.Tensor:
        """[B, C, H, W] in 0..1 -> unit vectors [B, P, groups, code_width]"""
        z = self.encoder(x * 2 - 1)
        z = z.flatten(2).transpose(1, 2).reshape(len(x), self.config.positions, self.config.groups, self.config.code_width)
        return F.normalize(z, dim=-1)

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """[B, C, H, W] in 0..1 -> tokens int64 [B, P, groups]"""
        return self.codebook(self.encode_continuous(x))

    def decode_codes(self, codes: torch.Tensor) -> torch.Tensor:
        """[B, P, groups * code_width] -> pictures [B, C, H, W], not clamped"""
        grid = self.config.grid
        x = codes.transpose(1, 2).reshape(len(codes), -1, grid, grid)
        return self.decoder(x.contiguous(memory_format=torch.channels_last)) * 0.5 + 0.5

    def decode(self, tokens: torch.Tensor) -> torch.Tensor:
        """tokens [B, P, groups] -> premultiplied pictures in 0..1"""
        x = self.decode_codes(self.codebook.embed(tokens)).clamp(0, 1)
        if self.config.channels < 4:
            return x
        return torch.cat([torch.minimum(x[:, :3], x[:, 3:4]), x[:, 3:4]], 1)

    def forward(self, x: torch.Tensor):
        """-> reconstruction (not clamped), tokens, commitment loss"""
        z = self.encode_continuous(x)
        tokens = self.codebook(z)
        codes = self.codebook.embed(tokens)
        flat = z.flatten(2)
        commitment = (flat - codes).pow(2).mean() * flat.shape[-1] / self.config.groups
        return self.decode_codes(flat + (codes - flat).detach()), tokens, commitment
