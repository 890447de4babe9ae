"""An endless stream of chunks for every stage: recipes, captions and texts to distil, all as numpy arrays.

Worker processes draw and tokenise; no picture is touched, so that a few cores feed any GPU. They hand arrays over
through pipes rather than shared memory, which is small on some machines.
"""

import hashlib
import itertools
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from tessera_training.data.captions import Captioner
from tessera_training.data.compose import Mix, Scene
from tessera_training.gpu.recipes import Recipes
from tessera_training.gpu.render import layer_arrays
from tessera_training.models.text import TEACHER_LENGTH

STYLED = 0.65  # share of the captions that name the style


def load_tokenizer(path: Path, length: int) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.enable_truncation(length)
    tokenizer.enable_padding(pad_id=0, pad_token="[PAD]", length=length)
    return tokenizer


def ids_of(tokenizer: Tokenizer, texts: list[str]) -> np.ndarray:
    """int32 [B, length], 0 where there is no token"""
    return np.array([e.ids for e in tokenizer.encode_batch(texts)], np.int32)


def key_of(scene: Scene) -> int:
    """The same number for scenes that one caption without a style is true of (64 bits)."""
    said = f"{scene.kind} {scene.concept} {scene.count} {scene.other} {scene.tint} {scene.colour}"
    return int.from_bytes(hashlib.blake2b(said.encode(), digest_size=8).digest(), "big", signed=True)


class Stream(IterableDataset):
    def __init__(
        self,
        records: list[dict],
        concepts: dict,
        texts: list[tuple[str, str]],
        tokenizer: Path,
        length: int,
        rows: int,
        mix: Mix,
        seed: int = 0,
    ):
        """`rows`: recipes in a chunk, and half as many texts to distil; `length`: tokens that the student reads."""
        self.records, self.concepts, self.texts, self.tokenizer = records, concepts, texts, tokenizer
        self.length, self.rows, self.mix, self.seed = length, rows, mix, seed
        self.train = [r["index"] for r in records if r["split"] == "train"]
        self.styles = sorted({r["style"] for r in records})

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        worker = get_worker_info()
        if worker:
            os.environ["TOKENIZERS_PARALLELISM"] = "false"  # there are as many workers as cores already
        seed = self.seed * 1000 + (worker.id if worker else 0)
        rng = random.Random(seed)
        recipes = Recipes(self.records, self.concepts, self.train, seed, self.mix)
        captioner = Captioner(self.concepts, rng)
        student, teacher = load_tokenizer(self.tokenizer, self.length), load_tokenizer(self.tokenizer, TEACHER_LENGTH)
        while True:
            drawn = [recipes.draw() for _ in range(self.rows)]
            styled = [rng.random() < STYLED for _ in drawn]
            captions = [r.scene.caption(captioner, named) for r, named in zip(drawn, styled)]
            pairs = rng.choices(self.texts, k=max(1, self.rows // 2))
            yield layer_arrays(drawn) | {
                "captions": ids_of(student, captions),
                "key": np.array([key_of(r.scene) for r in drawn], np.int64),
                "style": np.array([self.styles.index(r.scene.style) for r in drawn], np.int64),
                "styled": np.array(styled),
                "read": ids_of(student, [text for text, _ in pairs]),
                "taught": ids_of(teacher, [source for _, source in pairs]),
            }


def as_it_is(chunk: Any) -> Any:
    """DataLoader would make tensors of the arrays."""
    return chunk


def chunks(stream: Stream, workers: int) -> Iterator[dict[str, np.ndarray]]:
    """From `workers` processes (0: from this one). Call before the device is used: the workers are forked."""
    ahead = 4 if workers else None
    loader = DataLoader(stream, batch_size=None, num_workers=workers, collate_fn=as_it_is, prefetch_factor=ahead)
    return iter(loader)


def join(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Several chunks as one."""
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    before = np.cumsum([0, *(len(part["background"]) for part in parts[:-1])])
    joined["row"] = np.concatenate([part["row"] + offset for part, offset in zip(parts, before)])
    return joined


def take(source: Iterator[dict[str, np.ndarray]], count: int, rows: int) -> dict[str, np.ndarray]:
    """The next `count` recipes, in chunks of `rows`."""
    return join(list(itertools.islice(source, max(1, count // rows))))
