"""The judge of R-precision: a dual encoder that shares nothing with the bundle's CLIP but the training split.

    python -m tessera_training.evaluate.evaluator --data runs/data --out runs/evaluator --minutes 8

A model must not mark its own homework. Pictures: 48 px RGBA (the CLIP sees 64 px RGB on grey), a convolutional stem and
a small transformer. Words: hashed words, word pairs and letter trigrams in one bag, an MLP over it; from scratch, while
the CLIP's text tower comes from a sentence encoder. Another seed, another mix of scenes.
"""

import random
import re
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from tessera_training.common.arguments import parser_of
from tessera_training.common.optim import Optimisers, split_parameters
from tessera_training.common.pictures import Pictures
from tessera_training.common.run import Run, autocast, cosine_schedule, load_checkpoint, pick_device
from tessera_training.data.captions import Captioner, canonical
from tessera_training.data.compose import Composer, Mix
from tessera_training.models.vqgan import ResidualBlock


@dataclass(frozen=True)
class EvaluatorConfig:
    image_size: int = 48
    patch: int = 4
    stem_width: int = 96
    width: int = 256
    heads: int = 8
    layers: int = 4
    buckets: int = 16384
    embedding_width: int = 192


def features_of(text: str, buckets: int) -> list[int]:
    """Buckets of a text's words, pairs of words and letter trigrams:
    "red fox" -> red, fox, red_fox, ^re, red, ed$, …"""
    words = re.findall(r"\w+", text.lower())
    parts = [*words, *(f"{a}_{b}" for a, b in zip(words, words[1:]))]
    for word in words:
        marked = f"^{word}$"
        parts += [f"#{marked[i : i + 3]}" for i in range(len(marked) - 2)]
    return [zlib.crc32(part.encode()) % buckets for part in parts] or [0]


class TextBag(nn.Module):
    def __init__(self, config: EvaluatorConfig):
        super().__init__()
        self.buckets = config.buckets
        self.table = nn.EmbeddingBag(config.buckets, config.width, mode="sum")
        nn.init.normal_(self.table.weight, std=0.3)
        self.up = nn.Linear(config.width, 3 * config.width)
        self.down = nn.Linear(3 * config.width, config.embedding_width)

    def forward(self, texts: list[str]) -> torch.Tensor:
        bags = [features_of(text, self.buckets) for text in texts]
        device = self.table.weight.device
        flat = torch.tensor([b for bag in bags for b in bag], device=device)
        starts = torch.tensor(np.cumsum([0, *(len(bag) for bag in bags[:-1])]), device=device)
        x = self.table(flat, starts)
        return F.normalize(self.down(F.gelu(self.up(F.layer_norm(x, x.shape[-1:])))), dim=-1)


class Layer(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        b, t, w = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        x = x + self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, t, w))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class PictureEncoder(nn.Module):
    """Premultiplied pictures [B, 4, any, any] -> unit vectors [B, D]; `features` are the ones before the head."""

    def __init__(self, config: EvaluatorConfig):
        super().__init__()
        self.config = config
        self.stem = nn.Sequential(
            nn.PixelUnshuffle(config.patch),
            nn.Conv2d(4 * config.patch**2, config.stem_width, 3, padding=1),
            ResidualBlock(config.stem_width),
            nn.Conv2d(config.stem_width, config.width, 3, stride=2, padding=1),
        )
        cells = (config.image_size // config.patch // 2) ** 2
        self.places = nn.Parameter(torch.randn(cells, config.width) * 0.02)
        self.layers = nn.ModuleList(Layer(config.width, config.heads) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self.head = nn.Linear(2 * config.width, config.embedding_width)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        x = F.interpolate(x, (self.config.image_size,) * 2, mode="area") * 2 - 1
        x = self.stem(x).flatten(2).transpose(1, 2) + self.places
        for layer in self.layers:
            x = layer(x)
        x = self.norm(x)
        return torch.cat([x.mean(1), x.amax(1)], -1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.normalize(self.head(self.features(x)), dim=-1)


class Evaluator(nn.Module):
    def __init__(self, config: EvaluatorConfig):
        super().__init__()
        self.config = config
        self.picture, self.text = PictureEncoder(config), TextBag(config)
        self.log_scale = nn.Parameter(torch.tensor(2.7))

    @torch.inference_mode()
    def embed_pictures(self, x: torch.Tensor, batch: int = 100) -> torch.Tensor:
        return torch.cat([self.picture(x[a : a + batch]) for a in range(0, len(x), batch)])

    @torch.inference_mode()
    def embed_texts(self, texts: list[str]) -> torch.Tensor:
        return self.text(texts)


def load_evaluator(folder: Path) -> Evaluator:
    checkpoint = load_checkpoint(folder / "checkpoint.pt")
    model = Evaluator(EvaluatorConfig(**checkpoint["config"]))
    model.load_state_dict(checkpoint["state"]["model"])
    return model.eval()


def r_precision(texts: torch.Tensor, pictures: torch.Tensor, rivals: int = 99, seed: int = 0) -> np.ndarray:
    """For each picture: is its own text nearer than those of `rivals` other prompts? -> float [N] of 0 and 1.

    texts [M, D], pictures [N, D], unit: the first N texts are the pictures' own, any further ones are only rivals.
    """
    similarity = (pictures @ texts.T).numpy()
    rng, hits = np.random.default_rng(seed), []
    for row, scores in enumerate(similarity):
        others = np.delete(np.arange(len(scores)), row)
        chosen = rng.choice(others, min(rivals, len(others)), replace=False)
        hits.append(float(scores[row] > scores[chosen].max()))
    return np.array(hits)


def test(model: Evaluator, pictures: Pictures, indices: np.ndarray) -> dict[str, float]:
    captions = [
        canonical(pictures.concepts, pictures.records[i]["concept"], pictures.records[i]["style"]) for i in indices
    ]
    model.eval()
    hits = r_precision(
        model.embed_texts(captions).cpu(),
        torch.cat(
            [model.embed_pictures(pictures.batch(indices[a : a + 100])) for a in range(0, len(indices), 100)]
        ).cpu(),
    )
    model.train()
    return {"r_precision": float(hits.mean())}


def is_matrix(name: str, p: nn.Parameter) -> bool:
    return p.ndim == 4 or (p.ndim == 2 and not any(part in name for part in ("table", "places", "head")))


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--data", type=Path, default=Path("runs/data"))
    parser.add_argument("--out", type=Path, default=Path("runs/evaluator"))
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--steps", type=int, default=10**9)
    parser.add_argument("--batch", type=int, default=128)
    args = parser.parse_args()

    torch.manual_seed(4711)
    device = pick_device()
    config = EvaluatorConfig()
    model = Evaluator(config).to(device)
    matrices, rest = split_parameters(model, is_matrix)
    optimiser = Optimisers(matrices, rest, muon_lr=0.02, adam_lr=2e-3, weight_decay=0.01)
    run = Run(
        args.out, {"model": model, "optimiser": optimiser}, asdict(config), args.minutes, args.steps, log_every=10
    )
    pictures = Pictures(args.data)
    held_out = np.random.default_rng(0).permutation(pictures.indices("pair"))
    composer = Composer(
        pictures, pictures.indices("train"), seed=9000 + run.step, mix=Mix(count=0.1, pair=0.04, colour=0.05, moved=0.4)
    )
    rng = random.Random(9000 + run.step)
    captioner = Captioner(pictures.concepts, rng)

    while run.go_on():
        optimiser.set_factor(cosine_schedule(run.progress))
        x, scenes = composer.batch(args.batch)
        captions = []
        for scene in scenes:
            plain = scene.kind == "one" and not scene.colour and rng.random() < 0.4
            captions.append(
                canonical(pictures.concepts, scene.concept, scene.style)
                if plain
                else scene.caption(captioner, rng.random() < 0.7)
            )
        # Two pictures of one thing in a batch are not each other's mistakes.
        things = np.array([f"{s.kind} {s.concept} {s.count} {s.other} {s.style}" for s in scenes])
        twins = torch.from_numpy((things[:, None] == things[None]) & ~np.eye(len(things), dtype=bool)).to(device)
        with autocast(device):
            image, text = model.picture(x.to(device)), model.text(captions)
        logits = (model.log_scale.exp().clamp(max=40) * text.float() @ image.float().T).masked_fill(twins, -1e4)
        target = torch.arange(len(x), device=device)
        loss = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        run.log(loss=loss.item(), accuracy=(logits.argmax(1) == target).float().mean().item())
        if run.step % 100 == 0:
            run.record("held-out.csv", **test(model, pictures, held_out[:300]))
    final = test(model, pictures, held_out)
    run.record("final.csv", **final)
    print(f"held-out pairs, real pictures: R-precision@1 of 100 = {final['r_precision']:.3f}")


if __name__ == "__main__":
    main()
