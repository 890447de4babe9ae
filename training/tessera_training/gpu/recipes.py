"""What a picture is made of, drawn as numbers: the CPU draws thousands of these a second, the GPU renders them in
batches.

The scenes are those of data/compose.py, and so are their captions; what is new is that nothing is rendered here.
"""

import random
from dataclasses import dataclass, replace

from tessera_training.data.captions import COLOURS, NUMBERS
from tessera_training.data.compose import LAYOUTS, WORN, Mix, Scene, is_kept_back, names_a_colour


@dataclass(frozen=True)
class Layer:
    """One picture on the canvas. Lengths in half canvas edges, from the middle to the right and down."""

    picture: int
    mirror: float = 1.0  # or -1
    size: float = 1.0
    angle: float = 0.0  # radians
    x: float = 0.0
    y: float = 0.0
    tint: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)  # RGB and how far to go there

    def at(self, x: float, y: float, edge: float) -> "Layer":
        """Its whole canvas laid into a square of `edge` around (x, y),
        in canvas edges from the upper left, kept inside."""
        x, y = (min(max(v, edge / 2), 1 - edge / 2) * 2 - 1 for v in (x, y))
        return replace(self, size=self.size * edge, x=x + self.x * edge, y=y + self.y * edge)

    def numbers(self) -> tuple[float, ...]:
        return self.mirror, self.size, self.angle, self.x, self.y, *self.tint


@dataclass(frozen=True)
class Recipe:
    scene: Scene
    layers: tuple[Layer, ...]  # from the back to the front
    background: tuple[float, float, float] | None = None


class Recipes:
    """Draws recipes from the pictures `indices` of `records`."""

    def __init__(self, records: list[dict], concepts: dict, indices: list[int], seed: int, mix: Mix = Mix()):
        self.records, self.concepts, self.indices, self.mix = records, concepts, indices, mix
        self.rng = random.Random(seed)
        self.by_style: dict[str, list[int]] = {}
        for i in indices:
            self.by_style.setdefault(records[i]["style"], []).append(i)
        self.worn = {
            style: found
            for style, rows in self.by_style.items()
            if (found := [i for i in rows if records[i]["concept"] in WORN])
        }

    def draw(self) -> Recipe:
        rng, mix = self.rng, self.mix
        index = rng.choice(self.indices)
        record = self.records[index]
        recipe = Recipe(Scene("one", record["concept"], record["style"], record["name"]), (self._moved(index),))
        if rng.random() < mix.tint:
            recipe = self._tint(recipe)
        roll = rng.random()
        if roll < mix.count:
            recipe = self._count(recipe)
        elif roll < mix.count + mix.pair:
            recipe = self._pair(recipe)
        elif roll < mix.count + mix.pair + mix.worn:
            recipe = self._wear(recipe)
        if rng.random() < mix.colour:
            name = rng.choice(list(COLOURS))
            rgb = tuple(min(max(v + rng.uniform(-0.04, 0.04), 0.0), 1.0) for v in COLOURS[name])
            recipe = replace(recipe, background=rgb, scene=replace(recipe.scene, colour=name))
        return recipe

    def _moved(self, index: int) -> Layer:
        rng, mirror = self.rng, self.rng.choice((1.0, -1.0))
        if rng.random() >= self.mix.moved:
            return Layer(index, mirror)
        size = rng.uniform(0.6, 1.05)
        room = max(1 - size, 0.0) + 0.04
        return Layer(index, mirror, size, rng.uniform(-0.2, 0.2), rng.uniform(-room, room), rng.uniform(-room, room))

    def _jitter(self) -> float:
        return self.rng.uniform(-0.03, 0.03)

    def _tint(self, recipe: Recipe) -> Recipe:
        name, (thing,) = self.rng.choice(list(COLOURS)), recipe.layers
        if names_a_colour(self.concepts[recipe.scene.concept]["label"]) or is_kept_back(recipe.scene.concept, name):
            return recipe
        return replace(
            recipe,
            layers=(replace(thing, tint=(*COLOURS[name], self.rng.uniform(0.8, 1.0))),),
            scene=replace(recipe.scene, tint=name),
        )

    def _count(self, recipe: Recipe) -> Recipe:
        count, (thing,) = self.rng.choice(list(NUMBERS)), recipe.layers
        layers = tuple(
            thing.at(x + self._jitter(), y + self._jitter(), edge * (1 + self._jitter()))
            for x, y, edge in LAYOUTS[count]
        )
        return replace(recipe, layers=layers, scene=replace(recipe.scene, kind="count", count=count))

    def _pair(self, recipe: Recipe) -> Recipe:
        other = self.rng.choice(self.by_style[recipe.scene.style])
        above = self.rng.random() < 0.4
        (thing,) = recipe.layers
        places = [(0.5, 0.26, 0.5), (0.5, 0.74, 0.5)] if above else LAYOUTS[2]
        layers = tuple(
            part.at(x + self._jitter(), y + self._jitter(), edge)
            for part, (x, y, edge) in zip((thing, Layer(other)), places)
        )
        scene = replace(
            recipe.scene, kind="pair", other=self.records[other]["concept"], relation="above" if above else "beside"
        )
        return replace(recipe, layers=layers, scene=scene)

    def _wear(self, recipe: Recipe) -> Recipe:
        worn, (thing,) = self.rng.choice(self.worn.get(recipe.scene.style, [None])), recipe.layers
        if worn is None or is_kept_back(recipe.scene.concept, other := self.records[worn]["concept"]):
            return recipe
        x, y, edge = WORN[other]
        below = thing.at(0.5 + self._jitter(), 0.59, 0.8 * (1 + self._jitter()))
        above = Layer(worn).at(x + self._jitter(), y + self._jitter(), edge * (1 + self._jitter()))
        return replace(recipe, layers=(below, above), scene=replace(recipe.scene, kind="worn", other=other))
