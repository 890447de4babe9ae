"""What the student reads beside captions, and what the teacher reads for each: "renard" and "fox".

stages/texts.py keeps the teacher's vectors but not the words that they stand for. Texts of one vector belong together,
and among them the English name of an emoji, in a colour or not, is what the teacher has read.
"""

import json
import lzma
from collections import Counter
from pathlib import Path

import numpy as np

from tessera_training.data.captions import COLOURS

FILE = "texts.json.xz"


def sources_of(texts: list[str], vectors: np.ndarray, concepts: dict) -> list[str | None]:
    """For each text the one that the teacher has read; None where it is not among them. vectors: float16 [N, D]"""
    labels = {concept["label"] for concept in concepts.values()}
    english = labels | {f"{colour} {label}" for colour in COLOURS for label in labels}
    together: dict[bytes, list[int]] = {}
    for row, vector in enumerate(vectors):
        together.setdefault(vector.tobytes(), []).append(row)
    often = Counter(texts)
    sources: list[str | None] = [None] * len(texts)
    for rows in together.values():
        named = [texts[row] for row in rows if texts[row] in english]
        # "golfer" is English for one emoji and Dutch for another: a name that stands for one vector only is better.
        source = min(named, key=often.__getitem__) if named else texts[rows[0]] if len(rows) == 1 else None
        for row in rows:
            sources[row] = source
    return sources


def write_texts(pairs: list[tuple[str, str]], folder: Path) -> None:
    (folder / FILE).write_bytes(lzma.compress(json.dumps(pairs, ensure_ascii=False).encode()))


def read_texts(folder: Path) -> list[tuple[str, str]]:
    """-> (what the student reads, what the teacher reads)"""
    return [tuple(pair) for pair in json.loads(lzma.decompress((folder / FILE).read_bytes()))]
