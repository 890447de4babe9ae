"""The numbers of the evaluation. Everything takes and gives numpy."""

from collections.abc import Iterable

import numpy as np

from tessera_training.data.captions import COLOURS
from tessera_training.evaluate.sampler import BundleSampler


def bootstrap(values: np.ndarray, seed: int = 0, rounds: int = 2000) -> dict[str, float]:
    """Mean with its 95 % interval, by drawing the prompts again with replacement."""
    rng = np.random.default_rng(seed)
    means = values[rng.integers(0, len(values), (rounds, len(values)))].mean(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return {"value": float(values.mean()), "low": float(low), "high": float(high)}


def psnr(made: np.ndarray, real: np.ndarray) -> float:
    """Mean of the pictures' own PSNRs over premultiplied RGBA, in dB."""
    error = ((made.astype(np.float32) - real) ** 2).reshape(len(real), -1).mean(1)
    return float(-10 * np.log10(np.maximum(error, 1e-8)).mean())


def pairwise(sets: Iterable[np.ndarray], distance) -> float:
    """Mean distance between the members of each set, over all sets."""
    means = []
    for members in sets:
        found = [distance(members[i], members[j]) for i in range(len(members)) for j in range(i)]
        if found:
            means.append(np.mean(found))
    return float(np.mean(means))


def pixel_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Root mean square over premultiplied RGBA in 0..1."""
    return float(np.sqrt(((a.astype(np.float32) - b.astype(np.float32)) ** 2).mean()))


def cosine_distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(1 - a @ b)


def count_objects(alpha: np.ndarray, smallest: float = 0.01) -> int:
    """Connected opaque regions (4-neighbours, alpha over a half) that cover at least `smallest` of the picture."""
    edge = 64
    factor = alpha.shape[0] // edge
    solid = alpha.reshape(edge, factor, edge, factor).mean((1, 3)) > 0.5
    seen, count = np.zeros_like(solid), 0
    for start in zip(*np.nonzero(solid)):
        if seen[start]:
            continue
        stack, size = [start], 0
        seen[start] = True
        while stack:
            y, x = stack.pop()
            size += 1
            for ny, nx in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                if 0 <= ny < edge and 0 <= nx < edge and solid[ny, nx] and not seen[ny, nx]:
                    seen[ny, nx] = True
                    stack.append((ny, nx))
        count += size >= smallest * edge * edge
    return count


def main_colour(picture: np.ndarray) -> str | None:
    """The name (data.captions.COLOURS) that most opaque pixels of a
    premultiplied RGBA picture [4, H, W] are nearest to; None for an empty one."""
    rgb = (picture[:3] / np.maximum(picture[3:], 1e-3))[:, picture[3] > 0.5].T.astype(np.float32)
    if not len(rgb):
        return None
    names, values = list(COLOURS), np.array(list(COLOURS.values()), np.float32)
    nearest = ((rgb[:, None] - values) ** 2).sum(-1).argmin(-1)
    return names[np.bincount(nearest, minlength=len(names)).argmax()]


def has_clear_corners(alpha: np.ndarray, edge: int = 8) -> bool:
    """Whether a thing stands free: at least three corners of the
    picture are mostly transparent, where a background would fill all."""
    corners = [alpha[y, x] for y in (slice(edge), slice(-edge, None)) for x in (slice(edge), slice(-edge, None))]
    return sum(float(corner.mean()) < 0.5 for corner in corners) >= 3


def log_softmax(logits: np.ndarray) -> np.ndarray:
    logits = logits.astype(np.float64)
    top = logits.max(-1, keepdims=True)
    return logits - top - np.log(np.exp(logits - top).sum(-1, keepdims=True))


def prior_loss(sampler: BundleSampler, tokens: np.ndarray, embeddings: np.ndarray) -> list[float]:
    """Mean nats of each code of a position under the bundle's
    own (quantised) step and depth graphs. tokens [N, P, G]"""
    prior, condition = sampler.bundle["prior"], sampler.condition_of(embeddings)
    steps, sums = sampler.steps(len(tokens)), np.zeros(prior["codesPerPosition"])
    for p in range(prior["positions"]):
        out = steps(p, tokens[:, max(p - 1, 0)], condition[:, p])
        for g in range(prior["codesPerPosition"]):
            logits = sampler.logits_of(out, tokens[:, p, :g])
            sums[g] -= np.take_along_axis(log_softmax(logits), tokens[:, p, g][:, None], -1).mean()
    return [float(s) / prior["positions"] for s in sums]
