"""Stage 1 of CLIP-GEN (arXiv 2203.00386, section 3.2): a VQGAN, trained on pictures alone.

A picture [B, C, H, W] becomes a grid of tokens [B, h*w, G] and back. Each grid cell, a position, holds G codes: twice
the codes a cell costs the prior far less than twice the cells. Two ways to share a cell between its codes:

    product    each code quantises a part of the vector of its own, by cosine (Yu et al. 2021, arXiv 2110.04627)
    residual   each code quantises what the codes before it have left (Lee et al. 2022, arXiv 2203.01941): the first
               says what the cell is, the last only refine it, so that a wrong one does little harm
"""

from dataclasses import dataclass, replace
from functools import reduce

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
    codes_per_position: int = 2
    codebook_size: int = 1024
    code_width: int = 16
    residual: bool = False

    @property
    def latent_width(self) -> int:
        """Channels of a cell before and after quantisation."""
        return self.code_width if self.residual else self.codes_per_position * self.code_width

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
            raise ValueError(
                f"expected a grid that {len(self.widths)} levels can make of {self.image_size} pixels"
                f" but received {grid}"
            )
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
    """[B, C, H, W] -> [B, latent_width, h, w]"""

    def __init__(self, config: VqganConfig):
        layers = [
            nn.PixelUnshuffle(config.patch),
            nn.Conv2d(config.channels * config.patch**2, config.widths[0], 3, padding=1),
        ]
        for level, (width, blocks) in enumerate(zip(config.widths, config.encoder_blocks)):
            if level:
                layers.append(nn.Conv2d(config.widths[level - 1], width, 3, stride=2, padding=1))
            layers += [ResidualBlock(width) for _ in range(blocks)]
        layers += [norm(config.widths[-1]), nn.SiLU(), nn.Conv2d(config.widths[-1], config.latent_width, 1)]
        super().__init__(*layers)


class Decoder(nn.Sequential):
    """[B, latent_width, h, w] -> [B, C, H, W], unbounded; `Vqgan.decode` clamps."""

    def __init__(self, config: VqganConfig):
        layers = [nn.Conv2d(config.latent_width, config.widths[-1], 3, padding=1)]
        for level in reversed(range(len(config.widths))):
            layers += [ResidualBlock(config.widths[level]) for _ in range(config.decoder_blocks[level])]
            if level:
                layers += [
                    nn.Upsample(scale_factor=2, mode="nearest"),
                    nn.Conv2d(config.widths[level], config.widths[level - 1], 3, padding=1),
                ]
        layers += [
            norm(config.widths[0]),
            nn.SiLU(),
            nn.Conv2d(config.widths[0], config.channels * config.patch**2, 3, padding=1),
            nn.PixelShuffle(config.patch),
        ]
        super().__init__(*layers)


class Codebook(nn.Module):
    """A codebook for each code of a position, moved by exponential averages;
    dead codes are re-seeded from the batch."""

    codes: torch.Tensor
    usage: torch.Tensor

    def __init__(self, config: VqganConfig, decay: float = 0.97, revive_below: float = 0.1):
        super().__init__()
        self.codes_per_position = config.codes_per_position
        self.decay = decay
        self.revive_below = revive_below
        self.residual = config.residual
        codes = torch.randn(config.codes_per_position, config.codebook_size, config.code_width)
        # What is left grows smaller with every code of a residual cell.
        codes = (
            codes * 0.7 ** torch.arange(config.codes_per_position).view(-1, 1, 1)
            if self.residual
            else F.normalize(codes, dim=-1)
        )
        self.register_buffer("codes", codes)
        # Average picks a batch. Residual codes start from the first batch: none of them is worth keeping before it.
        usage = torch.full((config.codes_per_position, config.codebook_size), 0.0 if self.residual else 1.0)
        self.register_buffer("usage", usage)

    def embed(self, tokens: torch.Tensor) -> torch.Tensor:
        """[B, P, G] -> [B, P, latent_width]"""
        codes = [self.codes[g][tokens[..., g]] for g in range(self.codes_per_position)]
        return reduce(torch.add, codes) if self.residual else torch.cat(codes, -1)

    def forward(self, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """z: [B, P, latent_width], as `Vqgan.encode_continuous` scales it -> tokens [B, P, G], commitment loss."""
        return self._residual(z) if self.residual else self._product(z)

    def _product(self, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        parts = z.unflatten(-1, (self.codes_per_position, -1))
        tokens = torch.stack(
            [(parts[:, :, g] @ self.codes[g].T).argmax(-1) for g in range(self.codes_per_position)], -1
        )
        if self.training:
            for g in range(self.codes_per_position):
                self.update(g, parts[:, :, g], tokens[..., g])
        # A unit vector a code, so the squares are summed over a code and averaged over codes.
        return tokens, (z - self.embed(tokens)).pow(2).mean() * z.shape[-1] / self.codes_per_position

    def _residual(self, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        left, tokens, losses = z, [], []
        for g in range(self.codes_per_position):
            codes = self.codes[g].clone()  # the commitment is to the codes that were chosen, not to where they move
            chosen = (left.detach() @ codes.T * 2 - codes.pow(2).sum(-1)).argmax(-1)
            if self.training:
                self.update(g, left, chosen)
            left = left - codes[chosen]
            tokens.append(chosen)
            losses.append(left.pow(2).mean())
        return torch.stack(tokens, -1), torch.stack(losses).mean()

    @torch.no_grad()
    def update(self, g: int, z: torch.Tensor, picks: torch.Tensor) -> None:
        """Moves codebook `g` towards the vectors z [B, P, code_width] that picked its codes [B, P]."""
        vectors, picks = z.detach().reshape(-1, z.shape[-1]).float(), picks.reshape(-1)
        counts = torch.zeros_like(self.usage[g]).index_add_(0, picks, torch.ones_like(picks, dtype=torch.float))
        sums = torch.zeros_like(self.codes[g]).index_add_(0, picks, vectors)
        self.usage[g].mul_(self.decay).add_(counts, alpha=1 - self.decay)
        scaled = (lambda x: x) if self.residual else (lambda x: F.normalize(x, dim=-1))
        means = scaled(sums / counts.clamp(min=1)[:, None])
        # A code moves by its own picks only; codes that were not picked stay where they are.
        rate = 2 * (1 - self.decay) * (counts > 0)[:, None]
        self.codes[g] = scaled(self.codes[g] * (1 - rate) + means * rate)
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
        """[B, C, H, W] in 0..1 -> [B, P, latent_width]: a unit vector a code, or (residual) entries of about 1."""
        z = self.encoder(x * 2 - 1).flatten(2).transpose(1, 2)
        if self.config.residual:
            return F.rms_norm(z, z.shape[-1:], eps=1e-6)
        return F.normalize(z.unflatten(-1, (self.config.codes_per_position, -1)), dim=-1).flatten(2)

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """[B, C, H, W] in 0..1 -> tokens int64 [B, P, G]"""
        return self.codebook(self.encode_continuous(x))[0]

    def decode_codes(self, codes: torch.Tensor) -> torch.Tensor:
        """[B, P, latent_width] -> pictures [B, C, H, W], not clamped"""
        grid = self.config.grid
        x = codes.transpose(1, 2).reshape(len(codes), -1, grid, grid)
        return self.decoder(x.contiguous(memory_format=torch.channels_last)) * 0.5 + 0.5

    def decode(self, tokens: torch.Tensor) -> torch.Tensor:
        """tokens [B, P, G] -> premultiplied pictures in 0..1"""
        x = self.decode_codes(self.codebook.embed(tokens)).clamp(0, 1)
        if self.config.channels < 4:
            return x
        return torch.cat([torch.minimum(x[:, :3], x[:, 3:4]), x[:, 3:4]], 1)

    def forward(self, x: torch.Tensor):
        """-> reconstruction (not clamped), tokens, commitment loss"""
        z = self.encode_continuous(x)
        tokens, commitment = self.codebook(z)
        codes = self.codebook.embed(tokens)
        return self.decode_codes(z + (codes - z).detach()), tokens, commitment
