"""Pictures in memory, and what is done to them on the fly."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F


class Pictures:
    """All pictures as one uint8 array [N, H, W, 4] (premultiplied RGBA) with their records."""

    def __init__(self, folder: Path):
        self.pixels = np.load(folder / "pictures.npy", mmap_mode="r")
        self.records = json.loads((folder / "records.json").read_text())
        self.concepts = json.loads((folder / "concepts.json").read_text())

    def indices(self, *splits: str) -> np.ndarray:
        return np.array([r["index"] for r in self.records if r["split"] in splits])

    def held_out(self) -> tuple[np.ndarray, np.ndarray]:
        """Pictures that train nothing, and 256 of them, evenly spread: what is measured while a stage goes on."""
        all_of_them = self.indices("pair", "concept")
        return all_of_them, all_of_them[:: max(1, len(all_of_them) // 256)][:256]

    def batch(self, indices) -> torch.Tensor:
        """float32 [B, 4, H, W] in 0..1, premultiplied."""
        pixels = torch.from_numpy(self.pixels[np.asarray(indices)].astype(np.float32))
        return pixels.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last).div_(255)

    def batches(self, indices: np.ndarray, size: int = 64) -> Iterator[torch.Tensor]:
        """`batch` after `batch` of at most `size`, in the order of `indices`."""
        return (self.batch(indices[at : at + size]) for at in range(0, len(indices), size))


def random_affine(
    x: torch.Tensor,
    generator: torch.Generator,
    share: float,
    low: float,
    high: float,
    shift: float,
    flip: float = 0.5,
    rotate: float = 0.0,
) -> torch.Tensor:
    """Moves and scales a share of the batch; outside is transparent. x: [B, 4, H, W] premultiplied.

    `low`/`high` bound the object's size relative to the original; `shift` is in half-widths, `rotate` in radians.
    """
    batch = len(x)
    u = lambda a, b: torch.rand(batch, generator=generator) * (b - a) + a  # noqa: E731
    moved = torch.rand(batch, generator=generator) < share
    size = torch.where(moved, u(low, high), torch.ones(batch))
    angle = torch.where(moved, u(-rotate, rotate), torch.zeros(batch))
    mirror = torch.where(torch.rand(batch, generator=generator) < flip, -1.0, 1.0)
    room = (1 - size).clamp(min=0) + shift
    dx, dy = (torch.where(moved, u(-1, 1) * room, torch.zeros(batch)) for _ in range(2))
    cos, sin = torch.cos(angle) / size, torch.sin(angle) / size
    theta = torch.stack(
        [torch.stack([cos * mirror, -sin, -dx / size * mirror], 1), torch.stack([sin * mirror, cos, -dy / size], 1)], 1
    )
    grid = F.affine_grid(theta, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid.to(x.device), mode="bilinear", padding_mode="zeros", align_corners=False)


def over(front: torch.Tensor, back: torch.Tensor) -> torch.Tensor:
    """Porter–Duff 'over' of premultiplied pictures."""
    return front + back * (1 - front[:, 3:4])


def on_background(x: torch.Tensor, colour: torch.Tensor) -> torch.Tensor:
    """[B, 4, H, W] premultiplied -> [B, 3, H, W] on a plain colour ([3] or [B, 3])."""
    return x[:, :3] + (1 - x[:, 3:4]) * colour.view(-1, 3, 1, 1)


def shift_hue(x: torch.Tensor, generator: torch.Generator, share: float) -> torch.Tensor:
    """Rotates the colours of a share of the batch around the grey axis; keeps premultiplication valid."""
    batch = len(x)
    angle = torch.rand(batch, generator=generator) * 2 * torch.pi
    angle = torch.where(torch.rand(batch, generator=generator) < share, angle, torch.zeros(batch))
    cos, sin, third = torch.cos(angle), torch.sin(angle), 1 / 3
    a, b = cos + third * (1 - cos), third * (1 - cos)
    c = third**0.5 * sin
    rotation = torch.stack(
        [torch.stack([a, b - c, b + c], 1), torch.stack([b + c, a, b - c], 1), torch.stack([b - c, b + c, a], 1)], 1
    )
    rgb = torch.einsum("bij,bjhw->bihw", rotation.to(x.device), x[:, :3])
    return torch.cat([torch.minimum(rgb.clamp(min=0), x[:, 3:4]), x[:, 3:4]], 1)
