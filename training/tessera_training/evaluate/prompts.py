"""What is asked for in the evaluation: all fixed by a seed, none picked by its result."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from tessera_training.common.pictures import Pictures
from tessera_training.data.captions import COLOURS, canonical, plural
from tessera_training.data.compose import LAYOUTS, is_kept_back, names_a_colour, paste
from tessera_training.data.tint import tint

EVALUATED = (
    250  # held-out pairs that an evaluation may ask for; settings are chosen on those after them (evaluate/tune.py)
)
DEMO = Path(__file__).with_name("demo_prompts.txt")
NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five"}
COUNTABLE = [
    "red apple",
    "rocket",
    "mushroom",
    "lemon",
    "star",
    "bell",
    "football",
    "red heart",
    "balloon",
    "cookie",
    "pear",
    "hot beverage",
]
ADJECTIVES = ["red", "blue", "green", "purple", "pink", "black", "happy", "sad", "angry", "sleepy", "cute", "old"]
FRAMES = [
    "a {adjective} {thing}",
    "{thing} with {other}",
    "{thing} wearing a hat",
    "a {adjective} {thing}, {style} style",
    "{thing} and {other}",
    "tiny {adjective} {thing} on a {colour} background",
]


def demo_prompts() -> list[str]:
    return [line for line in DEMO.read_text(encoding="utf-8").splitlines() if line]


def held_out(pictures: Pictures, split: str, count: int, seed: int = 5) -> tuple[np.ndarray, list[str]]:
    """Indices of held-out pictures, one a caption, and their captions ("fox, noto style")."""
    order, chosen, captions = np.random.default_rng(seed).permutation(pictures.indices(split)), [], []
    for index in order:
        caption = canonical(pictures.concepts, pictures.records[index]["concept"], pictures.records[index]["style"])
        if caption not in captions:
            chosen.append(index)
            captions.append(caption)
        if len(chosen) == count:
            break
    return np.array(chosen), captions


def simple_things(pictures: Pictures) -> list[str]:
    """Concepts of the emoji that were trained on, of one or two words."""
    trained = {r["concept"] for r in pictures.records if r["split"] == "train"}
    return sorted(
        c for c in trained if pictures.concepts[c]["hexcode"] and len(pictures.concepts[c]["label"].split()) <= 2
    )


def free_prompts(pictures: Pictures, count: int, seed: int = 6) -> list[str]:
    """Combinations that no training caption contains, of things that were trained on:
    colours and hats only where they are kept back."""
    rng = np.random.default_rng(seed)
    concepts = {pictures.concepts[c]["label"]: c for c in simple_things(pictures)}
    things = sorted(concepts)

    def is_new(prompt: str, words: dict[str, str]) -> bool:
        concept, colour = concepts[words["thing"]], words["adjective"]
        if "wearing" in prompt:
            return is_kept_back(concept, "top hat") and is_kept_back(concept, "billed cap")
        return colour not in COLOURS or colour not in prompt or is_kept_back(concept, colour)

    pick = lambda options: options[rng.integers(len(options))]  # noqa: E731
    prompts: list[str] = []
    while len(prompts) < count:
        words = {
            "adjective": pick(ADJECTIVES),
            "thing": pick(things),
            "other": pick(things),
            "style": pick(["3d", "flat", "noto"]),
            "colour": pick(["red", "blue", "green"]),
        }
        prompt = pick(FRAMES).format(**words)
        if prompt not in prompts and prompt not in things and is_new(prompt, words):
            prompts.append(prompt)
    return prompts


@dataclass(frozen=True)
class Coloured:
    """A thing in a colour that no captioned training picture shows it in."""

    colour: str
    label: str
    index: int  # of a training picture of the thing

    @property
    def prompt(self) -> str:
        return f"a {self.colour} {self.label}"


def coloured(pictures: Pictures, count: int, seed: int = 7) -> list[Coloured]:
    """Combinations of a thing and a colour that training keeps back."""
    rng, out = np.random.default_rng(seed), []
    first = {r["concept"]: r["index"] for r in reversed(pictures.records) if r["split"] == "train"}
    combinations = [
        (c, colour)
        for c in simple_things(pictures)
        if not names_a_colour(pictures.concepts[c]["label"])
        for colour in COLOURS
        if is_kept_back(c, colour)
    ]
    for at in rng.permutation(len(combinations))[:count]:
        concept, colour = combinations[at]
        out.append(Coloured(colour, pictures.concepts[concept]["label"], first[concept]))
    return out


def tinted(pictures: Pictures, asked: list[Coloured]) -> torch.Tensor:
    """The true pictures, coloured as in training: the ceiling. float32 [N, 4, H, W]"""
    return torch.stack([tint(pictures.batch([a.index])[0], COLOURS[a.colour]) for a in asked])


@dataclass(frozen=True)
class Count:
    number: int
    label: str
    index: int  # of a training picture of one such thing

    @property
    def prompt(self) -> str:
        return f"{NUMBERS[self.number]} {plural(self.label)}"

    def rivals(self) -> list[str]:
        """The same with every number, in the order of NUMBERS."""
        return [f"{word} {plural(self.label)}" for word in NUMBERS.values()]


def counting(pictures: Pictures) -> list[Count]:
    """Two to five of each countable thing that the pictures know."""
    out = []
    for concept in COUNTABLE:
        found = [
            r["index"]
            for r in pictures.records
            if r["concept"] == concept and r["style"] in ("noto", "twemoji", "flat")
        ]
        if found:
            out += [Count(number, pictures.concepts[concept]["label"], found[0]) for number in NUMBERS]
    return out


def composed(pictures: Pictures, counts: list[Count]) -> torch.Tensor:
    """The true picture of each count, composed as in training: the ceiling of any way to count. float32 [N, 4, H, W]"""
    out = torch.zeros(len(counts), *pictures.batch([counts[0].index]).shape[1:])
    for row, count in enumerate(counts):
        picture = pictures.batch([count.index])[0]
        for x, y, edge in LAYOUTS[count.number]:
            paste(out[row], picture, x, y, edge * 0.9)
    return out
