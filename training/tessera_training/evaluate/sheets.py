"""Pictures of the evaluation for people to judge: everything that was painted, nothing left out."""

from pathlib import Path

import matplotlib
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from tessera_training.common.sheets import to_image

MARGIN, LABEL = 10, 22


def font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans as matplotlib brings it: Latin, Greek and Cyrillic."""
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"), size)


def labelled_sheet(cells: list[tuple[str, np.ndarray]], path: Path, columns: int, edge: int = 96) -> None:
    """Each cell is a label over a row of premultiplied pictures [n, 4, S, S]; cells fill a grid of `columns`."""
    wide = max(len(pictures) for _, pictures in cells) * edge + MARGIN
    tall = edge + LABEL + MARGIN
    rows = -(-len(cells) // columns)
    sheet = Image.new("RGBA", (columns * wide + MARGIN, rows * tall + MARGIN), "white")
    pen, face = ImageDraw.Draw(sheet), font(13)
    for at, (label, pictures) in enumerate(cells):
        left, top = MARGIN + at % columns * wide, MARGIN + at // columns * tall
        while pen.textlength(label, face) > wide - MARGIN:
            label = label[:-2].rstrip() + "…"
        pen.text((left, top), label, "black", face)
        for column, picture in enumerate(pictures):
            image = to_image(torch.from_numpy(picture.astype(np.float32))).resize(
                (edge, edge), Image.Resampling.LANCZOS
            )
            sheet.alpha_composite(image, (left + column * edge, top + LABEL))
    # 256 colours are enough for labels and flat art, and a quarter of the bytes.
    sheet.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
