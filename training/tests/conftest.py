"""Tiny models and pictures: every test runs in seconds on a busy two-core machine, without a GPU, network or runs/."""

import json

import numpy as np
import pytest
import torch

from tessera_training.common.pictures import Pictures
from tessera_training.convert.gpt import Gpt
from tessera_training.data.compose import Mix
from tessera_training.models.clip import ClipConfig, ImageConfig
from tessera_training.models.load import random_models
from tessera_training.models.prior import PriorConfig
from tessera_training.models.text import TextConfig
from tessera_training.models.vqgan import VqganConfig

torch.set_num_threads(
    1
)  # tiny tensors, and threads that wait for each other on a busy machine cost more than they bring

VQGAN = VqganConfig(
    image_size=32,
    patch=2,
    widths=(16, 32),
    encoder_blocks=(1, 1),
    decoder_blocks=(1, 1),
    codes_per_position=2,
    codebook_size=64,
    code_width=8,
)
CLIP = ClipConfig(
    ImageConfig(image_size=16, patch=2, widths=(16, 32), blocks=(1, 1), embedding_width=16),
    TextConfig(vocabulary=100, width=32, heads=4, layers=2, context_length=12, embedding_width=16, head_width=32),
)
PRIOR = PriorConfig(
    positions=64, codes_per_position=2, codebook_size=64, embedding_width=16, width=64, heads=4, layers=2, map_rank=8
)


PLAIN = Mix(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)  # single things as they are


@torch.inference_mode()
def greedy(gpt: Gpt, embedding: torch.Tensor, count: int | None = None) -> torch.Tensor:
    """The likeliest token again and again, each time from the whole prefix: [B, D] -> int64 [B, count]."""
    tokens = torch.zeros(len(embedding), 0, dtype=torch.long, device=embedding.device)
    for _ in range(count or gpt.config.positions):
        tokens = torch.cat([tokens, gpt(tokens, embedding)[:, -1:].argmax(-1)], 1)
    return tokens


@pytest.fixture(scope="session")
def models():
    """(vqgan, clip, prior) of tiny shapes with random weights"""
    return random_models(VQGAN, CLIP, PRIOR)


def draw_picture(rng: np.random.Generator, size: int = 32) -> np.ndarray:
    """A coloured ellipse on nothing: premultiplied RGBA uint8 [size, size, 4]."""
    y, x = np.mgrid[0:size, 0:size] / size - 0.5
    inside = (x / rng.uniform(0.2, 0.45)) ** 2 + (y / rng.uniform(0.2, 0.45)) ** 2 < 1
    picture = np.zeros((size, size, 4), np.uint8)
    picture[inside] = [*rng.integers(30, 255, 3), 255]
    return picture


@pytest.fixture
def pictures(tmp_path) -> Pictures:
    """Twelve synthetic pictures: four concepts in three styles; one concept held out, one pair held out."""
    rng = np.random.default_rng(0)
    names, styles = ["red fox", "blue whale", "apple", "moon"], ["noto", "flat", "3d"]
    concepts = {
        n: {
            "label": n,
            "tags": [f"{n} tag", "nice"],
            "names": {"de": f"das {n}"},
            "words": {"de": ["eins", "zwei"]},
            "hexcode": "1f98a",
        }
        for n in names
    }
    records = []
    for index in range(12):
        concept, style = names[index // 3], styles[index % 3]
        split = "concept" if concept == "moon" else "pair" if index == 4 else "train"
        records.append(
            {
                "index": index,
                "set": style,
                "style": style,
                "name": concept.replace(" ", "-"),
                "concept": concept,
                "licence": "MIT",
                "author": "us",
                "split": split,
            }
        )
    np.save(tmp_path / "pictures.npy", np.stack([draw_picture(rng) for _ in records]))
    (tmp_path / "records.json").write_text(json.dumps(records))
    (tmp_path / "concepts.json").write_text(json.dumps(concepts))
    return Pictures(tmp_path)
