"""The published prior's step graph: against PyTorch, with caches of any length, alone and in company."""

import numpy as np
import onnxruntime as ort
import pytest
import torch

from tessera_training.convert.gpt import Gpt, GptConfig
from tessera_training.convert.random_checkpoints import awaken
from tessera_training.convert.step_graph import build_step

CONFIG = GptConfig(codebook_size=96, layers=3, width=64, heads=2, positions=192, embedding_width=32)


@pytest.fixture(scope="module")
def gpt() -> Gpt:
    return awaken(Gpt(CONFIG), 1)


def session(model) -> ort.InferenceSession:
    return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


class Caches:
    """Keys and values of a batch, each row as far as it has come; `run` is one step."""

    def __init__(self, step: ort.InferenceSession, rows: int):
        self.step, self.names = step, [o.name for o in step.get_outputs()]
        shape = (rows, CONFIG.heads, CONFIG.positions, CONFIG.head_width)
        # What lies beyond a row's position must not matter: noise, not zeros.
        noise = np.random.default_rng(0)
        self.past = {
            i.name: noise.normal(size=shape).astype(np.float32) for i in step.get_inputs() if i.name.startswith("past_")
        }

    def run(self, tokens: np.ndarray, condition: np.ndarray, position: np.ndarray, length: int) -> np.ndarray:
        feeds = {"image_tokens": tokens[:, None], "condition": condition, "position": position}
        feeds |= {name: np.ascontiguousarray(cache[:, :, :length]) for name, cache in self.past.items()}
        made = dict(zip(self.names, self.step.run(self.names, feeds)))
        for name, cache in self.past.items():
            for row, place in enumerate(position):
                cache[row, :, place] = made[name.replace("past_", "new_")][row]
        return made["logits"]


def paint(
    step: ort.InferenceSession,
    gpt: Gpt,
    tokens: np.ndarray,
    embedding: np.ndarray,
    starts: list[int],
    length_for=lambda position: 192,
) -> np.ndarray:
    """Logits [B, T, K] of rows that join one after the other: row r is at its position 0 in step starts[r]."""
    with torch.inference_mode():
        # Row by row: PyTorch's own products depend on how many there are.
        projected = np.stack([gpt.cond_proj(row).numpy() for row in torch.from_numpy(embedding)])
    count = tokens.shape[1] + 1
    caches, out = Caches(step, len(tokens)), np.zeros((len(tokens), count, CONFIG.codebook_size), np.float32)
    for at in range(count + max(starts)):
        position = np.clip(at - np.array(starts), 0, count - 1)
        before = np.array([row[max(place - 1, 0)] for row, place in zip(tokens, position)])
        condition = np.where((position == 0)[:, None], projected, 0).astype(np.float32)
        logits = caches.run(before, condition, position, length_for(position.max()))
        for row, start in enumerate(starts):
            if 0 <= at - start < count:
                out[row, at - start] = logits[row]
    return out


@pytest.fixture(scope="module")
def given(gpt):
    """Tokens [4, 143], unit embeddings [4, D] and PyTorch's logits [4, 144, K]"""
    numbers = np.random.default_rng(5)
    tokens = numbers.integers(0, CONFIG.codebook_size, (4, 143))
    embedding = numbers.normal(size=(4, CONFIG.embedding_width)).astype(np.float32)
    embedding /= np.linalg.norm(embedding, axis=1, keepdims=True)
    with torch.inference_mode():
        return tokens, embedding, gpt(torch.from_numpy(tokens), torch.from_numpy(embedding)).numpy()


@pytest.mark.parametrize(
    ("bits", "error", "agreement"), [(32, 2e-4, 1.0), (16, 0.01, 0.99), (8, 0.08, 0.96), (4, 0.5, 0.7)]
)
def test_logits_are_those_of_pytorch(gpt, given, bits, error, agreement):
    tokens, embedding, wanted = given
    made = paint(
        session(build_step(gpt, bits, 32)), gpt, tokens, embedding, [0] * 4, lambda position: 64 * (position // 64 + 1)
    )
    assert np.abs(made - wanted).mean() < error
    assert (made.argmax(-1) == wanted.argmax(-1)).mean() >= agreement


@pytest.mark.parametrize("bits", [32, 8, 4])
def test_the_length_of_the_cache_and_the_company_change_no_bit(gpt, given, bits):
    tokens, embedding, _ = given
    step = session(build_step(gpt, bits, 32))
    fitting = lambda position: 64 * (position // 64 + 1)  # noqa: E731
    alone = [paint(step, gpt, tokens[[r, r]], embedding[[r, r]], [0, 0], fitting)[0] for r in range(4)]
    long = paint(step, gpt, tokens, embedding, [0] * 4)
    staggered = paint(step, gpt, tokens, embedding, [0, 70, 3, 131], fitting)
    for row in range(4):
        assert np.array_equal(alone[row], long[row])
        assert np.array_equal(alone[row], staggered[row])
