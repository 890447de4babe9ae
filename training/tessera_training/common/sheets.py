"""Sample sheets: results that people look at rather than read."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image


def to_image(x: torch.Tensor) -> Image.Image:
    """Premultiplied [4, H, W] in 0..1 -> straight RGBA picture."""
    x = x.detach().float().clamp(0, 1).cpu()
    alpha = x[3:4]
    rgb = torch.where(alpha > 1 / 255, x[:3] / alpha.clamp(min=1 / 255), torch.zeros_like(x[:3])).clamp(0, 1)
    return Image.fromarray((torch.cat([rgb, alpha]).permute(1, 2, 0).numpy() * 255).round().astype(np.uint8), "RGBA")


def save_sheet(rows: list[torch.Tensor], path: Path, background=(255, 255, 255), edge: int | None = None) -> None:
    """Each row is [B, 4, H, W]; the rows are drawn under each other on a plain background."""
    height = edge or rows[0].shape[-1]
    sheet = Image.new("RGBA", (max(len(r) for r in rows) * height, len(rows) * height), (*background, 255))
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            image = to_image(picture)
            if image.height != height:
                image = image.resize((height, height), Image.Resampling.LANCZOS)
            sheet.alpha_composite(image, (x * height, y * height))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.convert("RGB").save(path)
