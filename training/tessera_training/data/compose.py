"""Pictures made on the fly from the packages' art, with what is in them, so that captions can say it.

A batch mixes: one object (plain, or moved and scaled), two to five copies of one object, two objects side by side or
above each other, an object that wears another; some objects in another colour, and any of these on a coloured
background. Counting is CLIP-GEN's named weakness: the counts here are what the bundle learns it from.

A quarter of the combinations of a thing and a colour, and of a thing and what it wears, is never composed
(`is_kept_back`): the evaluation asks for these.
"""

import random
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F

from tessera_training.common.pictures import Pictures, over, random_affine
from tessera_training.data.captions import COLOURS, NUMBERS, Captioner, plural
from tessera_training.data.prepare import fraction
from tessera_training.data.tint import tint

# Centres (x, y) and edge of each copy, in units of the picture; jittered when drawn.
LAYOUTS = {
    2: [(0.27, 0.5, 0.5), (0.73, 0.5, 0.5)],
    3: [(0.27, 0.7, 0.46), (0.73, 0.7, 0.46), (0.5, 0.27, 0.46)],
    4: [(0.27, 0.27, 0.46), (0.73, 0.27, 0.46), (0.27, 0.73, 0.46), (0.73, 0.73, 0.46)],
    5: [(0.23, 0.23, 0.4), (0.77, 0.23, 0.4), (0.5, 0.5, 0.4), (0.23, 0.77, 0.4), (0.77, 0.77, 0.4)],
}
# What a thing may wear: centre (x, y) and edge, in units of the picture.
WORN = {
    "top hat": (0.5, 0.22, 0.46),
    "billed cap": (0.5, 0.24, 0.44),
    "crown": (0.5, 0.2, 0.42),
    "graduation cap": (0.5, 0.22, 0.5),
    "sunglasses": (0.5, 0.52, 0.56),
    "glasses": (0.5, 0.52, 0.56),
}
WORN_NAMES = {
    "top hat": ["a top hat", "a hat"],
    "billed cap": ["a cap", "a hat"],
    "sunglasses": ["sunglasses"],
    "glasses": ["glasses"],
}


def is_kept_back(concept: str, extra: str) -> bool:
    """Whether the evaluation asks for this colour or worn thing with this concept,
    so that no training caption says it of a picture."""
    return fraction(f"kept back/{extra}/{concept}") < 0.25


def names_a_colour(label: str) -> bool:
    """Things that are called by a colour ("red apple") are not given another."""
    return any(word in COLOURS for word in label.split())


@dataclass(frozen=True)
class Scene:
    """What one picture of a batch shows."""

    kind: str  # one | count | pair | worn
    concept: str
    style: str
    name: str
    count: int = 1
    other: str | None = None
    relation: str | None = None  # beside | above
    tint: str | None = None  # the colour that the thing was given
    colour: str | None = None  # of the background

    def caption(self, captioner: Captioner, with_style: bool) -> str:
        style = self.style if with_style else None
        thing = f"{self.tint} {captioner.label(self.concept)}" if self.tint else captioner.label(self.concept)
        suffix = f", {style} style" if style else ""
        if self.kind == "count":
            number = captioner.rng.choice(NUMBERS[self.count])
            text = f"{number} {plural(thing)}{suffix}"
        elif self.kind == "worn" and self.other:
            worn = captioner.rng.choice(WORN_NAMES.get(self.other, [f"a {self.other}"]))
            text = (
                captioner.rng.choice([f"{thing} wearing {worn}", f"a {thing} with {worn}", f"{thing} with {worn}"])
                + suffix
            )
        elif self.kind == "pair" and self.other:
            a, b = thing, captioner.label(self.other)
            text = (
                f"{a} above {b}"
                if self.relation == "above"
                else captioner.rng.choice([f"{a} and {b}", f"{a} next to {b}"])
            ) + suffix
        elif self.tint:
            text = captioner.in_style(captioner.tinted(self.concept, self.tint), style)
        else:
            text = captioner.one(self.concept, style, self.name)
        if self.colour:
            text += captioner.rng.choice([f" on a {self.colour} background", f", {self.colour} background"])
        return text


@dataclass(frozen=True)
class Mix:
    """Shares of the kinds of scene in a batch."""

    count: float = 0.14
    pair: float = 0.07
    worn: float = 0.05
    tint: float = 0.16
    colour: float = 0.06
    moved: float = 0.3


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
        self.worn = {
            style: found
            for style, rows in self.by_style.items()
            if (found := [i for i in rows if pictures.records[i]["concept"] in WORN])
        }

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
            if rng.random() < mix.tint:
                scene = self._tint(x, row, scene)
            roll = rng.random()
            if roll < mix.count:
                scene = self._count(x, row, scene)
            elif roll < mix.count + mix.pair:
                scene = self._pair(x, row, scene)
            elif roll < mix.count + mix.pair + mix.worn:
                scene = self._wear(x, row, scene)
            if rng.random() < mix.colour:
                colour = rng.choice(list(COLOURS))
                rgb = torch.tensor([*COLOURS[colour], 1.0])
                rgb[:3] = (rgb[:3] + (torch.rand(3, generator=self.generator) - 0.5) * 0.08).clamp(0, 1)
                x[row] = over(x[row][None], rgb.view(1, 4, 1, 1))[0]
                scene = replace(scene, colour=colour)
            scenes.append(scene)
        return x, scenes

    def _jitter(self) -> float:
        return (self.rng.random() - 0.5) * 0.06

    def _count(self, x: torch.Tensor, row: int, scene: Scene) -> Scene:
        picture, count = x[row].clone(), self.rng.choice(list(NUMBERS))
        x[row] = 0
        for cx, cy, edge in LAYOUTS[count]:
            paste(x[row], picture, cx + self._jitter(), cy + self._jitter(), edge * (1 + self._jitter()))
        return replace(scene, kind="count", count=count)

    def _pair(self, x: torch.Tensor, row: int, scene: Scene) -> Scene:
        other = self.rng.choice(self.by_style[scene.style])
        second, first = self.pictures.batch([other])[0], x[row].clone()
        x[row] = 0
        above = self.rng.random() < 0.4
        places = [(0.5, 0.26, 0.5), (0.5, 0.74, 0.5)] if above else LAYOUTS[2]
        for picture, (cx, cy, edge) in zip((first, second), places):
            paste(x[row], picture, cx + self._jitter(), cy + self._jitter(), edge)
        return replace(
            scene, kind="pair", other=self.pictures.records[other]["concept"], relation="above" if above else "beside"
        )

    def _tint(self, x: torch.Tensor, row: int, scene: Scene) -> Scene:
        colour = self.rng.choice(list(COLOURS))
        if names_a_colour(self.pictures.concepts[scene.concept]["label"]) or is_kept_back(scene.concept, colour):
            return scene
        x[row] = tint(x[row], COLOURS[colour], strength=self.rng.uniform(0.8, 1.0))
        return replace(scene, tint=colour)

    def _wear(self, x: torch.Tensor, row: int, scene: Scene) -> Scene:
        worn = self.rng.choice(self.worn.get(scene.style, [None]))
        if worn is None or is_kept_back(scene.concept, other := self.pictures.records[worn]["concept"]):
            return scene
        thing, (cx, cy, edge) = x[row].clone(), WORN[other]
        x[row] = 0
        paste(x[row], thing, 0.5 + self._jitter(), 0.59, 0.8 * (1 + self._jitter()))
        paste(
            x[row],
            self.pictures.batch([worn])[0],
            cx + self._jitter(),
            cy + self._jitter(),
            edge * (1 + self._jitter()),
        )
        return replace(scene, kind="worn", other=other)
