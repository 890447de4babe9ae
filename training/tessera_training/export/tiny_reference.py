"""What the random test bundles should compute, in float64 numpy, without a cache: the whole prefix at every step."""

import base64
import math

import numpy as np

from tessera_training.export.tiny_shape import Shape

PROMPT = "a happy fox with sunglasses"
GUIDANCE = 2.5
# A greedy choice closer than this could fall either way in float32; the seed is then a bad one for a golden file.
MIN_MARGIN = 2e-4

erf = np.vectorize(math.erf)


def gelu(x: np.ndarray) -> np.ndarray:
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


class Reference:
    def __init__(self, shape: Shape, weights: dict, vocabulary: dict) -> None:
        self.shape, self.vocabulary = shape, vocabulary
        self.w = {name: value.astype(np.float64) for name, value in weights.items()}

    def token_ids(self, text: str) -> list[int]:
        words = text.lower().replace(",", " , ").split()
        return [2, *(self.vocabulary.get(word, 1) for word in words), 3]

    def embed_text(self, ids: list[int]) -> np.ndarray:
        return unit(np.tanh(self.w["text.table"][ids].sum(0) @ self.w["text.project"]))

    def condition(self, embedding: np.ndarray) -> np.ndarray:
        mapped = gelu(embedding @ self.w["condition.map"]).reshape(self.shape.positions, 6)
        return mapped @ self.w["condition.out"] + self.w["condition.position"]

    def norm(self, x: np.ndarray, name: str) -> np.ndarray:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
        return scaled * self.w[f"{name}.scale"] + self.w[f"{name}.bias"]

    def hidden(self, tokens: list[list[int]], condition: np.ndarray) -> np.ndarray:
        """tokens [T, G] drawn so far → hidden [T + 1, W], by ordinary causal attention over the whole prefix."""
        heads, head_width = self.shape.heads, self.shape.head_width
        length = len(tokens) + 1
        before = [sum(self.w["codes"][g][code] for g, code in enumerate(codes)) for codes in tokens]
        x = np.stack([self.w["start"], *before]) + self.w["position"][:length] + condition[:length]
        mask = np.triu(np.full((length, length), -np.inf), 1)
        for layer in range(self.shape.layers):
            qkv = self.norm(x, f"block{layer}.norm1") @ self.w[f"block{layer}.qkv"]
            q, k, v = qkv.reshape(length, 3, heads, head_width).transpose(1, 2, 0, 3)
            scores = q @ k.transpose(0, 2, 1) / math.sqrt(head_width) + mask
            share = np.exp(scores - scores.max(-1, keepdims=True))
            share /= share.sum(-1, keepdims=True)
            x = x + (share @ v).transpose(1, 0, 2).reshape(length, -1) @ self.w[f"block{layer}.out"]
            x = (
                x
                + gelu(self.norm(x, f"block{layer}.norm2") @ self.w[f"block{layer}.up"]) @ self.w[f"block{layer}.down"]
            )
        return self.norm(x, "final")

    def depth_logits(self, hidden: np.ndarray, codes: list[int]) -> np.ndarray:
        drawn = sum(self.w["depth.codes"][g * self.shape.codebook_size + code] for g, code in enumerate(codes))
        return gelu((hidden + drawn) @ self.w["depth.hidden"]) @ self.w["depth.out"]

    def greedy(self, embedding: np.ndarray, guidance: float) -> tuple[list[list[int]], np.ndarray]:
        """Likeliest tokens [P, G] and the mixed logits [P, G, K] they were taken from."""
        conditions = [self.condition(embedding), self.condition(np.zeros_like(embedding))]
        tokens: list[list[int]] = []
        rows = []
        for _ in range(self.shape.positions):
            hidden = [self.hidden(tokens, condition)[-1] for condition in conditions]
            codes: list[int] = []
            for g in range(self.shape.codes_per_position):
                pair = [h @ self.w["head"] if g == 0 else self.depth_logits(h, codes) for h in hidden]
                mixed = pair[1] + guidance * (pair[0] - pair[1])
                first, second = np.sort(mixed)[::-1][:2]
                assert first - second > MIN_MARGIN, f"toss-up at position {len(tokens)}: {first - second}"
                codes.append(int(mixed.argmax()))
                rows.append(mixed)
            tokens.append(codes)
        return tokens, np.stack(rows).reshape(self.shape.positions, self.shape.codes_per_position, -1)

    def decode(self, tokens: list[list[int]]) -> np.ndarray:
        """tokens [P, G] → premultiplied pixels [C, S, S]."""
        shape = self.shape
        codes = np.stack([sum(self.w["decoder.codes"][g][code] for g, code in enumerate(row)) for row in tokens])
        factor = shape.image_size // shape.grid
        maps = codes.T.reshape(12, shape.grid, shape.grid).repeat(factor, 1).repeat(factor, 2)
        padded = np.pad(maps, ((0, 0), (1, 1), (1, 1)))
        size = shape.image_size
        raw = sum(
            np.einsum("oi,ihw->ohw", self.w["decoder.kernel"][:, :, dy, dx], padded[:, dy : dy + size, dx : dx + size])
            for dy in range(3)
            for dx in range(3)
        )
        pixels = 1 / (1 + np.exp(-raw))
        if shape.channels == 4:
            pixels[:3] *= pixels[3]
        return pixels

    def embed_picture(self, pixels: np.ndarray) -> np.ndarray:
        """Premultiplied [C, S, S] → laid on the background, halved by averaging, normalised → unit embedding [D]."""
        mean, std = np.array([0.5, 0.45, 0.4]), np.array([0.25, 0.3, 0.35])
        rgb = pixels[:3] + (1 - pixels[3]) * 0.6 if self.shape.channels == 4 else pixels
        size = self.shape.image_size // 2
        small = rgb.reshape(3, size, 2, size, 2).mean((2, 4))
        small = (small - mean[:, None, None]) / std[:, None, None]
        patches = small.reshape(3, size // 4, 4, size // 4, 4)
        maps = np.tanh(np.einsum("oiyx,ihywx->ohw", self.w["image.kernel"], patches))
        return unit(maps.reshape(-1) @ self.w["image.project"])

    def golden(self) -> dict:
        ids = self.token_ids(PROMPT)
        embedding = self.embed_text(ids)
        plain, plain_logits = self.greedy(embedding, 1.0)
        guided, guided_logits = self.greedy(embedding, GUIDANCE)
        pixels = self.decode(guided)
        return {
            "prompt": PROMPT,
            "inputIds": ids,
            "embedding": floats(embedding),
            "greedy": {"tokens": plain, "logits": packed(plain_logits)},
            "guided": {"scale": GUIDANCE, "tokens": guided, "logits": packed(guided_logits)},
            "pixels": packed(pixels),
            "pictureEmbedding": floats(self.embed_picture(pixels)),
        }


def floats(values: np.ndarray) -> list[float]:
    return [round(float(value), 7) for value in values.reshape(-1)]


def packed(values: np.ndarray) -> str:
    """Little-endian float32 in base64."""
    return base64.b64encode(values.astype("<f4").tobytes()).decode()
