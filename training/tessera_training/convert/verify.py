"""Compares a converted bundle with the PyTorch modules and their checkpoints, graph by graph.

    python -m tessera_training.convert.verify --bundle ../models/coco --gpt … --vqgan … --clip … [--json]

One PyTorch pass over the tokens that the bundle draws greedily tells the deviation of every logit, and, where the
likeliest token agrees at every place, that PyTorch's own greedy loop draws the same tokens (by induction: it sees the
same prefix). Prints a table and exits with 1 where a limit of the bundle's precision is broken.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from math import isqrt
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

from tessera_training.convert.bundle import fit
from tessera_training.convert.clip_vit import ClipVit
from tessera_training.convert.errors import CheckpointError
from tessera_training.convert.gpt import Gpt
from tessera_training.convert.load import read_clip, read_gpt, read_vqgan
from tessera_training.convert.vqgan import Vqgan
from tessera_training.export.session import Session, Steps

PROMPTS = (
    "a photo of a tower in front of a mountain",
    "a city bus driving on the city street",
    "a woman is skiing on a white mountain",
    "the reflection of the house in the water",
)
AT_MOST, AT_LEAST = "at most", "at least"


@dataclass(frozen=True)
class Check:
    """One number. `limit`: for the bundle's precision, None where the number is only told."""

    name: str
    value: float
    side: str = AT_MOST
    limit: float | None = None

    @property
    def holds(self) -> bool:
        return self.limit is None or (self.value <= self.limit if self.side == AT_MOST else self.value >= self.limit)


# Limits by the bits of the prior (logits) and by the precision (everything else). Deviations of logits are in units of
# their own spread. A random network is harder than a trained one: it prefers its likeliest token by little.
LOGIT_MEAN = {32: 1e-4, 16: 5e-3, 8: 0.05, 4: 0.5}
KL = {32: 1e-6, 16: 1e-3, 8: 0.03, 4: 2.0}
TOP_1 = {32: 1.0, 16: 0.97, 8: 0.85, 4: 0.3}
COSINE = {"fp32": 0.99999, "fp16": 0.9999, "int8": 0.99}
PIXELS = {"fp32": 0.05, "fp16": 2.0, "int8": 2.0}  # mean, of 255
TOKENS = {"fp32": 0.995, "fp16": 0.95, "int8": 0.95}


class BundleGraphs:
    """The bundle's graphs, loaded when they are used and let go at once:
    two copies of a network are enough in memory."""

    def __init__(self, folder: Path, threads: int):
        try:
            self.description = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as cause:
            raise CheckpointError(folder, f"expected a bundle but received {cause}") from cause
        self.folder, self.threads = folder, threads

    def load(self, name: str) -> Session:
        return Session(self.folder / f"{name}.onnx", self.threads)

    def ids(self, text: str) -> np.ndarray:
        """int64 [1, L], padded as the pipeline pads"""
        text_encoder = self.description["textEncoder"]
        tokenizer = Tokenizer.from_file(str(self.folder / text_encoder["tokenizer"]))
        ids = fit(tokenizer.encode(text).ids, text_encoder["contextLength"])
        return np.array([ids + [text_encoder["padTokenId"]] * (text_encoder["contextLength"] - len(ids))])


def smallest_cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float((F.normalize(torch.tensor(a), dim=-1) * F.normalize(torch.tensor(b), dim=-1)).sum(-1).min())


def check_clip(graphs: BundleGraphs, clip: ClipVit, limit: float) -> tuple[list[Check], np.ndarray]:
    """-> checks, and the prompts' embeddings [prompts, D] as PyTorch makes them"""
    ids = np.concatenate([graphs.ids(prompt) for prompt in PROMPTS])
    pixels = torch.randn(
        2, 3, clip.config.image_size, clip.config.image_size, generator=torch.Generator().manual_seed(0)
    )
    text, image = clip.embed_text(torch.tensor(ids)).numpy(), clip.embed_image(pixels).numpy()
    made_text = graphs.load("text_encoder")(input_ids=ids)["embedding"]
    made_image = graphs.load("image_encoder")(pixels=pixels.numpy())["embedding"]
    return [
        Check("text embedding, cosine", smallest_cosine(made_text, text), AT_LEAST, limit),
        Check("image embedding, cosine", smallest_cosine(made_image, image), AT_LEAST, limit),
    ], text


def draw_greedily(graphs: BundleGraphs, embedding: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """[N, D] -> tokens int64 [N, P] and logits [N, P, K], with the caches kept as docs/bundle-format.md says"""
    prior, rows = graphs.description["prior"], len(embedding)
    condition = graphs.load("condition")(embedding=embedding)["condition"]
    steps = Steps(graphs.load("step"), (rows, prior["heads"], prior["positions"], prior["headWidth"]))
    tokens, logits = np.zeros((rows, prior["positions"]), np.int64), []
    for p in range(prior["positions"]):
        logits.append(steps(p, tokens[:, max(p - 1, 0), None], condition[:, p])["logits"])
        tokens[:, p] = logits[-1].argmax(-1)
    return tokens, np.stack(logits, 1)


def check_prior(graphs: BundleGraphs, gpt: Gpt, embedding: np.ndarray, bits: int) -> tuple[list[Check], np.ndarray]:
    """-> checks, and the greedy tokens [N, P]"""
    tokens, made = draw_greedily(graphs, embedding)
    drawn = torch.tensor(tokens)
    wanted = gpt(drawn[:, :-1], torch.tensor(embedding))
    deviation, spread = (torch.tensor(made) - wanted).abs(), wanted.std(-1).mean()
    ours, theirs = torch.tensor(made).log_softmax(-1), wanted.log_softmax(-1)
    agree = wanted.argmax(-1) == drawn
    same_until = int(agree.all(0).long().cumprod(0).sum())
    return [
        Check("logits, mean deviation / spread", float(deviation.mean() / spread), AT_MOST, LOGIT_MEAN[bits]),
        Check("logits, largest deviation / spread", float(deviation.max() / spread)),
        Check(
            "KL from PyTorch, nats a token", float((theirs.exp() * (theirs - ours)).sum(-1).mean()), AT_MOST, KL[bits]
        ),
        Check("likeliest token agrees, share", float(agree.float().mean()), AT_LEAST, TOP_1[bits]),
        Check(
            f"greedy tokens identical, of {len(agree[0])}", same_until, AT_LEAST, len(agree[0]) if bits == 32 else None
        ),
    ], tokens


def check_pictures(graphs: BundleGraphs, vqgan: Vqgan, tokens: np.ndarray, precision: str) -> list[Check]:
    """On drawn tokens and on tokens at random"""
    noise = np.random.default_rng(0).integers(0, vqgan.config.codebook_size, tokens.shape)
    every = np.concatenate([tokens[:1], noise[:1]])
    decode, encode = graphs.load("decoder"), graphs.load("encoder")
    pictures = torch.cat([vqgan.decode(torch.tensor(row[None])) for row in every])
    made = np.concatenate([decode(image_tokens=row[None, :, None])["pixels"] for row in every])
    deviation = np.abs(made - pictures.numpy()) * 255
    back = vqgan.encode(pictures)
    made_back = np.concatenate([encode(pixels=picture[None].numpy())["image_tokens"][..., 0] for picture in pictures])
    return [
        Check("pixels, mean deviation of 255", float(deviation.mean()), AT_MOST, PIXELS[precision]),
        Check("pixels, 99.9 % are within, of 255", float(np.quantile(deviation, 0.999))),
        Check("pixels, largest deviation of 255", float(deviation.max())),
        Check(
            "a picture's tokens agree, share", float((made_back == back.numpy()).mean()), AT_LEAST, TOKENS[precision]
        ),
    ]


@torch.inference_mode()
def verify(
    folder: Path, gpt: Path, vqgan: Path, clip: Path, rows: int = 2, threads: int = 2, heads: int | None = None
) -> list[Check]:
    """`rows`: prompts that are drawn. @raises CheckpointError"""
    graphs = BundleGraphs(folder, threads)
    precision, bits = graphs.description["metrics"]["precision"], graphs.description["metrics"]["priorBits"]
    checks, embedding = check_clip(graphs, read_clip(clip), COSINE[precision])
    of_prior, tokens = check_prior(graphs, read_gpt(gpt, heads), embedding[:rows], bits)
    pictures = check_pictures(graphs, read_vqgan(vqgan, isqrt(tokens.shape[1])), tokens, precision)
    return [*checks, *of_prior, *pictures]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tessera_training.convert.verify",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for name in ("bundle", "gpt", "vqgan", "clip"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--heads", type=int)
    parser.add_argument("--rows", type=int, default=2, help="prompts that are drawn, 1 to 4")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    try:
        checks = verify(args.bundle, args.gpt, args.vqgan, args.clip, args.rows, args.threads, args.heads)
    except CheckpointError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(
            json.dumps(
                [{"name": c.name, "value": c.value, "limit": c.limit, "holds": c.holds} for c in checks], indent=1
            )
        )
    else:
        for c in checks:
            limit = "" if c.limit is None else f"{c.side} {c.limit:g}: {'holds' if c.holds else 'BROKEN'}"
            print(f"{c.name:36} {c.value:12.6g}  {limit}")
    return 0 if all(check.holds for check in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
