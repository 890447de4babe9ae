"""Paints with a bundle's ONNX files from Python: batched, seeded, the way the bot does it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer
from tqdm import tqdm

from tessera_training.export.session import Session, Steps


@dataclass(frozen=True)
class Sampling:
    temperature: float = 1.0
    top_k: int = 256
    top_p: float = 0.95
    guidance: float = 2.0

    @staticmethod
    def of(bundle: dict) -> "Sampling":
        values = bundle["sampling"]
        return Sampling(values["temperature"], values["topK"], values["topP"], values["guidanceScale"])


def draw(logits: np.ndarray, sampling: Sampling, rng: np.random.Generator) -> np.ndarray:
    """logits [N, K] -> one token a row: temperature, top-k, then the nucleus of what top-k left, as the bot draws."""
    if sampling.temperature == 0:
        return logits.argmax(-1)
    keep = min(sampling.top_k or logits.shape[1], logits.shape[1])
    order = np.argsort(-logits, axis=-1, kind="stable")
    values = np.take_along_axis(logits, order, -1).astype(np.float64) / sampling.temperature
    shares = np.exp(values - values[:, :1])
    shares[:, keep:] = 0
    shares /= shares.sum(-1, keepdims=True)
    shares[shares.cumsum(-1) - shares >= sampling.top_p] = 0  # the token that crosses the line stays
    total = shares.cumsum(-1)
    picked = (total < rng.random((len(logits), 1)) * total[:, -1:]).sum(-1)
    return np.take_along_axis(order, picked.clip(max=logits.shape[1] - 1)[:, None], -1)[:, 0]


class BundleSampler:
    """`embed_texts`, `embed_pictures`, `paint`, `decode`, `encode`: numpy in, numpy out."""

    def __init__(self, folder: Path, threads: int = 2):
        self.bundle = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
        load = lambda file: Session(folder / file, threads, spins=False)  # noqa: E731  # training may run beside it
        prior = self.bundle["prior"]
        self.text, self.image = load(self.bundle["textEncoder"]["file"]), load(self.bundle["imageEncoder"]["file"])
        self.condition, self.step = load(prior["condition"]), load(prior["step"])
        self.depth = load(prior["depth"]) if prior["depth"] else None
        self.decoder, self.encoder = load(self.bundle["decoder"]["file"]), load(self.bundle["encoder"]["file"])
        self.tokenizer = Tokenizer.from_file(str(folder / self.bundle["textEncoder"]["tokenizer"]))
        self.tokenizer.enable_truncation(self.bundle["textEncoder"]["contextLength"])
        self.tokenizer.enable_padding(pad_id=self.bundle["textEncoder"]["padTokenId"])

    def embed_texts(self, texts: list[str], shifted: bool = False, batch: int = 64) -> np.ndarray:
        """[N, D]; `shifted`: moved by the bundle's modality means, as they condition the prior."""
        out = []
        for at in range(0, len(texts), batch):
            encoded = self.tokenizer.encode_batch(texts[at : at + batch])
            feeds = {
                "input_ids": np.array([e.ids for e in encoded]),
                "attention_mask": np.array([e.attention_mask for e in encoded]),
            }
            out.append(self.text(**feeds)["embedding"])
        embeddings, calibration = np.concatenate(out), self.bundle["calibration"]
        if shifted and calibration["textMean"] and calibration["imageMean"]:
            moved = embeddings - np.float32(calibration["textMean"]) + np.float32(calibration["imageMean"])
            embeddings = moved / np.linalg.norm(moved, axis=-1, keepdims=True)
        return embeddings

    def embed_pictures(self, pictures: np.ndarray, batch: int = 64) -> np.ndarray:
        """Premultiplied [N, C, S, S] in 0..1 -> [N, D]"""
        settings, out = self.bundle["imageEncoder"], []
        size = settings["imageSize"]
        background, mean, std = (
            np.float32(settings[name]).reshape(1, 3, 1, 1) for name in ("background", "mean", "std")
        )
        for at in range(0, len(pictures), batch):
            x = pictures[at : at + batch]
            rgb = x[:, :3] + (1 - x[:, 3:4]) * background if x.shape[1] == 4 else x
            factor = x.shape[-1] // size
            rgb = rgb.reshape(*rgb.shape[:2], size, factor, size, factor).mean((3, 5))
            out.append(self.image(pixels=((rgb - mean) / std).astype(np.float32))["embedding"])
        return np.concatenate(out)

    def condition_of(self, embeddings: np.ndarray) -> np.ndarray:
        """[N, D] -> one vector a position [N, P, W]"""
        return self.condition(embedding=embeddings.astype(np.float32))["condition"]

    def steps(self, rows: int) -> Steps:
        prior = self.bundle["prior"]
        return Steps(self.step, (rows, prior["heads"], prior["positions"], prior["headWidth"]))

    def logits_of(self, out: dict[str, np.ndarray], drawn: np.ndarray) -> np.ndarray:
        """Of a position's next code, from the step's `out` and the codes of it that are drawn already [N, g]."""
        if self.depth is None or not drawn.shape[1]:
            return out["logits"]
        return self.depth(hidden=out["hidden"], image_tokens=drawn)["logits"]

    def paint(
        self,
        embeddings: np.ndarray,
        sampling: Sampling,
        rng: np.random.Generator,
        on_step: Callable[[], None] | None = None,
    ) -> np.ndarray:
        """[N, D] -> tokens int64 [N, P, G]. All rows advance together, with the null condition beside where guided."""
        prior, count = self.bundle["prior"], len(embeddings)
        is_guided = sampling.guidance != 1.0
        condition = self.condition_of(embeddings)
        if is_guided:
            null = self.condition_of(np.zeros_like(embeddings[:1]))
            condition = np.concatenate([condition, np.broadcast_to(null, condition.shape)])
        twice = (lambda t: np.concatenate([t, t])) if is_guided else (lambda t: t)
        steps = self.steps(len(condition))
        tokens = np.zeros((count, prior["positions"], prior["codesPerPosition"]), np.int64)

        def mix(logits: np.ndarray) -> np.ndarray:
            if not is_guided:
                return logits
            return logits[count:] + sampling.guidance * (logits[:count] - logits[count:])

        for p in range(prior["positions"]):
            out = steps(p, twice(tokens[:, max(p - 1, 0)]), condition[:, p])
            for g in range(prior["codesPerPosition"]):
                tokens[:, p, g] = draw(mix(self.logits_of(out, twice(tokens[:, p, :g]))), sampling, rng)
            if on_step:
                on_step()
        return tokens

    def decode(self, tokens: np.ndarray, batch: int = 32) -> np.ndarray:
        """tokens [N, P, G] -> premultiplied pictures [N, C, S, S] in 0..1"""
        starts = range(0, len(tokens), batch)
        return np.concatenate([self.decoder(image_tokens=tokens[at : at + batch])["pixels"] for at in starts])

    def encode(self, pictures: np.ndarray, batch: int = 32) -> np.ndarray:
        """Pictures [N, C, S, S] -> tokens [N, P, G]"""
        starts = range(0, len(pictures), batch)
        return np.concatenate([self.encoder(pixels=pictures[at : at + batch])["image_tokens"] for at in starts])

    def paint_best(
        self,
        embeddings: np.ndarray,
        candidates: int,
        keep: int,
        sampling: Sampling,
        seed: int,
        rows: int = 32,
        progress: tqdm | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The `keep` of `candidates` pictures that CLIP finds nearest to each condition, best first, as the bot shows
        them.

        -> pictures float16 [N, keep, C, S, S], fits [N, keep]
        """
        rng, pictures, fits = np.random.default_rng(seed), [], []
        per_chunk = max(1, rows // candidates)
        for at in range(0, len(embeddings), per_chunk):
            chunk = embeddings[at : at + per_chunk]
            painted = self.decode(self.paint(np.repeat(chunk, candidates, 0), sampling, rng))
            fit = (
                (self.embed_pictures(painted) * np.repeat(chunk, candidates, 0)).sum(-1).reshape(len(chunk), candidates)
            )
            best = np.argsort(-fit, axis=-1)[:, :keep]
            painted = painted.reshape(len(chunk), candidates, *painted.shape[1:])
            pictures.append(np.take_along_axis(painted, best[..., None, None, None], 1).astype(np.float16))
            fits.append(np.take_along_axis(fit, best, 1))
            if progress is not None:
                progress.update(len(chunk))
        return np.concatenate(pictures), np.concatenate(fits)
