"""Stage 2: no position sees what comes after it, and sampling keeps to its limits."""

import numpy as np
import pytest
import torch

from tessera_training.evaluate.sampler import Sampling
from tessera_training.evaluate.sampler import draw as draw_numpy
from tessera_training.models.prior import PriorStep, draw, generate
from tessera_training.stages.bench import generate_recomputing


@torch.no_grad()
def test_no_position_sees_its_own_or_later_tokens(models):
    prior = models[2]
    torch.manual_seed(0)
    tokens, embedding = torch.randint(0, 64, (1, 64, 2)), torch.randn(1, 16)
    before = prior(tokens, embedding)
    changed = tokens.clone()
    changed[0, 20] = (changed[0, 20] + 1) % 64
    after = prior(changed, embedding)
    assert torch.equal(before[0][:, :21], after[0][:, :21]), "code 0 of position 20 may not know itself"
    assert not torch.allclose(before[0][:, 21:], after[0][:, 21:])
    assert torch.equal(before[1][:, :20], after[1][:, :20])
    assert not torch.allclose(before[1][:, 20], after[1][:, 20]), "code 1 knows code 0 of its position"


@torch.no_grad()
def test_steps_with_a_cache_equal_teacher_forcing(models):
    prior = models[2]
    config, step = prior.config, PriorStep(prior)
    torch.manual_seed(1)
    tokens, embedding = torch.randint(0, 64, (2, 64, 2)), torch.randn(2, 16)
    wanted, conditions = prior(tokens, embedding)[0], prior.condition(embedding)
    cache = [torch.zeros(2, config.heads, 64, config.head_width) for _ in range(2 * config.layers)]
    for p in range(64):
        _, logits, *cache = step(tokens[:, max(p - 1, 0)], conditions[:, p], torch.full((2,), p), *cache)
        assert torch.allclose(logits, wanted[:, p], atol=1e-4)


def test_the_embedding_decides_and_seeds_repeat(models):
    prior = models[2]
    torch.manual_seed(2)
    a, b = torch.nn.functional.normalize(torch.randn(2, 16), dim=-1)
    paint = lambda e, seed, **k: generate(prior, e[None], torch.Generator().manual_seed(seed), **k)  # noqa: E731
    assert torch.equal(paint(a, 1), paint(a, 1))
    assert not torch.equal(paint(a, 1), paint(a, 2))
    assert not torch.equal(paint(a, 1, temperature=0), paint(b, 1, temperature=0))


LOGITS = np.log(np.array([[0.5, 0.3, 0.15, 0.05]], np.float32))


def frequencies(top_k: int, top_p: float, temperature: float, count: int = 4000) -> list[np.ndarray]:
    """How often each token comes, from the PyTorch and the numpy sampler."""
    many = np.repeat(LOGITS, count, 0)
    ours = draw(torch.from_numpy(many), torch.Generator().manual_seed(0), temperature, top_k, top_p).numpy()
    theirs = draw_numpy(many, Sampling(temperature, top_k, top_p), np.random.default_rng(0))
    return [np.bincount(x, minlength=4) / count for x in (ours, theirs)]


@pytest.mark.parametrize(
    ("top_k", "top_p", "temperature", "wanted"),
    [
        (0, 1.0, 1.0, [0.5, 0.3, 0.15, 0.05]),
        (2, 1.0, 1.0, [0.625, 0.375, 0, 0]),
        (0, 0.6, 1.0, [0.625, 0.375, 0, 0]),  # the token that crosses the line stays
        (0, 0.4, 1.0, [1, 0, 0, 0]),
        (0, 1.0, 0.5, [0.685, 0.247, 0.062, 0.007]),  # squares, normalised
    ],
)
def test_sampling_follows_the_limited_distribution(top_k, top_p, temperature, wanted):
    for found in frequencies(top_k, top_p, temperature):
        assert np.abs(found - wanted).max() < 0.03
        assert (found[np.array(wanted) == 0] == 0).all()


def test_temperature_zero_takes_the_likeliest():
    assert draw(torch.from_numpy(LOGITS), torch.Generator(), 0, 0, 1.0).item() == 0
    assert draw_numpy(LOGITS, Sampling(temperature=0), np.random.default_rng())[0] == 0


def test_both_ways_of_the_benchmark_paint_the_same(models):
    prior = models[2]
    embedding = torch.nn.functional.normalize(torch.randn(2, 16, generator=torch.Generator().manual_seed(3)), dim=-1)
    for settings in ({"temperature": 0, "guidance": 2.0}, {"temperature": 1.0, "top_k": 8}):
        ways = [
            how(prior, embedding, torch.Generator().manual_seed(5), **settings)
            for how in (generate, generate_recomputing)
        ]
        assert torch.equal(*ways)
