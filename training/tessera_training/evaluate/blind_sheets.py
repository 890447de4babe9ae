"""Contact sheets for somebody who does not know the prompts: numbers and pictures, no words."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from tessera_training.evaluate.sheets import font

PER_SHEET, COLUMNS, EDGE, MARGIN, NUMBER = 30, 5, 128, 16, 24


def shuffled(prompts: Sequence[str], seed: int) -> list[str]:
    """In an order that says nothing about what kind a prompt is."""
    order = list(prompts)
    random.Random(seed).shuffle(order)
    return order


def draw_sheet(cells: Sequence[tuple[str, Sequence[Path]]]) -> Image.Image:
    """Each cell is a number over its pictures, side by side on white."""
    most = max(len(files) for _, files in cells)
    wide, tall = most * (EDGE + 4) + MARGIN, EDGE + NUMBER + MARGIN
    rows = -(-len(cells) // COLUMNS)
    sheet = Image.new("RGBA", (COLUMNS * wide + MARGIN, rows * tall + MARGIN), "white")
    pen, face = ImageDraw.Draw(sheet), font(17)
    for at, (number, files) in enumerate(cells):
        left, top = MARGIN + at % COLUMNS * wide, MARGIN + at // COLUMNS * tall
        pen.text((left, top), number, "black", face)
        for column, file in enumerate(files):
            picture = Image.open(file).convert("RGBA")
            if picture.size != (EDGE, EDGE):
                picture = picture.resize((EDGE, EDGE), Image.Resampling.LANCZOS)
            sheet.alpha_composite(picture, (left + column * (EDGE + 4), top + NUMBER))
    return sheet.convert("RGB")


def write_sheets(order: Sequence[str], files: Sequence[Sequence[Path]], out: Path) -> list[Path]:
    """sheets/1.png, … and, outside their folder so that a viewer can be given that, key.json: number -> prompt.

    Sheets of an earlier and longer run are removed: they would not fit the key.
    """
    folder = out / "sheets"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    key = {str(number): prompt for number, prompt in enumerate(order, 1)}
    cells, made = list(zip(key, files)), []
    for at in range(0, len(cells), PER_SHEET):
        made.append(folder / f"{at // PER_SHEET + 1}.png")
        draw_sheet(cells[at : at + PER_SHEET]).save(made[-1], optimize=True)
    (out / "key.json").write_text(json.dumps(key, ensure_ascii=False, indent=1), encoding="utf-8")
    return made
