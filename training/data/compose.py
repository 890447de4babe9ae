"""Pictures made on the fly from the packages' art, with what is in them, so that captions can say it.

A batch mixes: one object (plain, or moved and scaled), two to five copies of one object, two objects side by side or
above each other, and any of these on a coloured background. Counting is CLIP-GEN's named weakness: the counts here are
what the bundle learns it from.
"""

import random
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from common.pictures import Pictures, over, random_affine
from data.captions import COLOURS, NUMBERS, Captioner, plural

# Centres (x, y) and edge of each copy, in units of the picture; jittered when drawn.
LAYOUTS = {
    2: [(0.27, 0.5, 0.5), (0.73, 0.5, 0.5)],
    3: [(0.27, 0.7, 0.46), (0.73, 0.7, 0.46), (0.5, 0.27, 0.46)],
    4: [(0.27, 0.27, 0.46), (0.73, 0.27, 0.46), (0.27, 0.73, 0.46), (0.73, 0.73, 0.46)],
    5: [(0.23, 0.23, 0.4), (0.77, 0.23, 0.4), (0.5, 0.5, 0.4), (0.23, 0.77, 0.4), (0.77, 0.77, 0.4)],
}


@dataclass(frozen=True)
class Scene:
    """What one picture of a batch shows."""

    kind: str  # one | count | pair
    concept: str
    style: str
    name: str
    count: int = 1
    other: str | None = None
    relation: str | None = None  # beside | above
    colour: str | None = None

    def caption(self, captioner: Captioner, with_style: bool) -> str:
        style = self.style if with_style else None
        if self.kind == "count":
            number = captioner.rng.choice(NUMBERS[self.count])
            text = f"{number} {plural(captioner.label(self.concept))}" + (f", {style} style" if style else "")
        elif self.kind == "pair":
            a, b = captioner.label(self.concept), captioner.label(self.other)
            text = (f"{a} above {b}" if self.relation == "above" else captioner.rng.choice([f"{a} and {b}", f"{a} next to {b}"]))
            text += f", {style} style" if style else ""
        else:
            text = captioner.one(self.concept, style, self.name)
        if self.colour:
            text += captioner.rng.choice([f" on a {self.colour} background", f", {self.colour} background"])
        return text


@dataclass(frozen=True)
class Mix:
    """Shares of the kinds of scene in a batch."""

    count: float = 0.12
    pair: float = 0.08
    colour: float = 0.08
    moved: float = 0.3


PLAIN = Mix(0.0, 0.0, 0.0, 0.0)


def paste(canvas: torch.Tensor, picture: torch.Tensor, x: float, y: float, edge: float) -> None:
    """Lays a scaled copy of `picture` [4, H, W] over `canvas` in place, centred at (x, y)."""
    size = canvas.shape[-1]
    pixels = max(8, round(edge * size))
    small = F.interpolate(picture[None], (pixels, pixels), mode="bilinear", antialias=True, align_corners=False)[0]
    left = min(max(round(x * size - pixels / 2), 0), size - pixels)
    top = min(max(round(y * size - pixels / 2), 0), size - pixels)
    region = canvas[:, top : top + pixels, left : left + pixels]
    region.copy_(small + region * (1 - small[3:4]))


class Composer:
    """Draws batches of (pictures, scenes) from a set of indices."""

    def __init__(self, pictures: Pictures, indices: np.ndarray, seed: int, mix: Mix = Mix()):
        self.pictures, self.indices, self.mix = pictures, indices, mix
        self.rng, self.generator = random.Random(seed), torch.Generator().manual_seed(seed)
        self.by_style: dict[str, list[int]] = {}
        for i in indices:
            self.by_style.setdefault(pictures.records[i]["style"], []).append(int(i))

    def batch(self, size: int) -> tuple[torch.Tensor, list[Scene]]:
        """float32 [B, 4, H, W] premultiplied, and one scene each."""
        rng, mix = self.rng, self.mix
        chosen = rng.choices(self.indices, k=size)
        x = self.pictures.batch(chosen)
        x = random_affine(x, self.generator, share=mix.moved, low=0.6, high=1.05, shift=0.04, rotate=0.2)
        scenes = []
        for row, index in enumerate(chosen):
            record = self.pictures.records[index]
            scene = Scene("one", record["concept"], record["style"], record["name"])
            roll = rng.random()
            if roll < mix.count:
                scene = self._count(x, row, scene)
            elif roll < mix.count + mix.pair:
                scene = self._pair(x, row, scene)
            if rng.random() < mix.colour:
                colour = rng.choice(list(COLOURS))
                rgb = torch.tensor([*COLOURS[colour], 1.0])
                rgb[:3] = (rgb[:3] + (torch.rand(3, generator=self.generator) - 0.5) * 0.08).clamp(0, 1)
                x[row] = over(x[row][None], rgb.view(1, 4, 1, 1))[0]
                scene = Scene(**{**scene.__dict__, "colour": colour})
            scenes.append(scene)
        return x, scenes

    def _jitter(self) -> float:
        return (self.rng.random() - 0.5) * 0.06

    def _count(self, x: torch.Tensor, row: int, scene: Scene) -> Scene:
        picture, count = x[row].clone(), self.rng.choice(list(NUMBERS))
        x[row] = 0
        for cx, cy, edge in LAYOUTS[count]:
            paste(x[row], picture, cx + self._jitter(), cy + self._jitter(), edge * (1 + self._jitter()))
        return Scene("count", scene.concept, scene.style, scene.name, count=count)

    def _pair(self, x: torch.Tensor, row: int, scene: Scene) -> Scene:
        other = self.rng.choice(self.by_style[scene.style])
        second, first = self.pictures.batch([other])[0], x[row].clone()
        x[row] = 0
        above = self.rng.random() < 0.4
        places = [(0.5, 0.26, 0.5), (0.5, 0.74, 0.5)] if above else LAYOUTS[2]
        for picture, (cx, cy, edge) in zip((first, second), places):
            paste(x[row], picture, cx + self._jitter(), cy + self._jitter(), edge)
        return Scene("pair", scene.concept, scene.style, scene.name, other=self.pictures.records[other]["concept"], relation="above" if above else "beside")
