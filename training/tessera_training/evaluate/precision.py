"""What each way of storing the weights costs: bytes, speed and deviation, on held-out pictures and the real weights.

python -m tessera_training.evaluate.precision --data runs/data        # a table in Markdown
"""

import copy
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch

from tessera_training.common.arguments import parser_of
from tessera_training.common.pictures import Pictures
from tessera_training.data.captions import canonical
from tessera_training.evaluate.measures import log_softmax, psnr
from tessera_training.export.prior_graphs import build_depth, build_step
from tessera_training.export.session import Session, Steps
from tessera_training.export.storage import shrink
from tessera_training.export.tower_graphs import build_decoder, build_encoder, build_image_encoder, build_text_encoder
from tessera_training.models.clip import to_pixels
from tessera_training.models.load import load_clip, load_prior, load_vqgan
from tessera_training.models.prior import Prior
from tessera_training.models.text import load_tokenizer, tokenize


def milliseconds(run, repeats: int) -> float:
    """Best of `repeats`: other work runs on this machine."""
    best = float("inf")
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - started)
    return best * 1000


def steps_of(step: Session, prior: Prior, rows: int) -> Steps:
    config = prior.config
    return Steps(step, (rows, config.heads, config.positions, config.head_width))


def step_speed(step: Session, prior: Prior, rows: int, repeats: int = 30) -> float:
    steps = steps_of(step, prior, rows)
    codes = np.zeros((rows, prior.config.codes_per_position), np.int64)
    condition = np.ones((rows, prior.config.width), np.float32)
    return milliseconds(lambda: steps(32, codes, condition), repeats)


@torch.inference_mode()
def teacher_forced(
    step: Session, depth: Session, prior: Prior, tokens: np.ndarray, condition: np.ndarray
) -> np.ndarray:
    """Log-probabilities [P, G, N, K] of a batch of true tokens [N, P, G]"""
    steps, out = steps_of(step, prior, len(tokens)), []
    for p in range(prior.config.positions):
        made = steps(p, tokens[:, max(p - 1, 0)], condition[:, p])
        second = depth(hidden=made["hidden"], image_tokens=tokens[:, p, :1])["logits"]
        out.append(np.stack([log_softmax(made["logits"]), log_softmax(second)]))
    return np.stack(out)


def prior_rows(prior: Prior, tokens: np.ndarray, embeddings: np.ndarray, threads: int) -> list[str]:
    with torch.inference_mode():
        condition = prior.condition(torch.from_numpy(embeddings)).numpy()
    lines = [
        "| step + depth | MB | ms a step at 4, 8, 16 rows | nats a code | KL from float32 |",
        "|---|---|---|---|---|",
    ]
    truth = np.moveaxis(tokens, 0, -1)[..., None]  # [P, G, N, 1]
    exact = None
    for bits, block in ((32, 32), (8, 32), (8, 64), (8, 128), (4, 32)):
        graphs = build_step(prior, bits, block), build_depth(prior, bits, block)
        step, depth = (Session(g, threads) for g in graphs)
        found = teacher_forced(step, depth, prior, tokens, condition)
        exact = found if exact is None else exact
        loss = -np.take_along_axis(found, truth, -1).mean()
        divergence = (np.exp(exact) * (exact - found)).sum(-1).mean()
        speed = ", ".join(f"{step_speed(step, prior, rows):.1f}" for rows in (4, 8, 16))
        size = sum(g.ByteSize() for g in graphs) / 1e6
        stored = f"{bits} bits{'' if bits == 32 else f', blocks of {block}'}"
        lines.append(f"| {stored} | {size:.1f} | {speed} | {loss:.4f} | {divergence:.5f} |")
    return lines


def cosines(wanted: np.ndarray, made: np.ndarray) -> str:
    found = (made * wanted).sum(-1)
    return f"cosine {found.mean():.5f}, worst {found.min():.5f}"


def quality(real: np.ndarray, decoded: np.ndarray, made: np.ndarray) -> str:
    return f"PSNR {psnr(made, real):.3f} dB, PyTorch {psnr(decoded, real):.3f} dB"


def agreement(tokens: np.ndarray, made: np.ndarray) -> str:
    return f"{(made == tokens).mean():.1%} of the tokens the same"


def main() -> None:
    parser = parser_of(__doc__)
    for name in ("vqgan", "decoder", "clip", "prior", "data"):
        parser.add_argument(f"--{name}", type=Path, default=Path("runs") / name)
    parser.add_argument("--pictures", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    vqgan, clip, prior = load_vqgan(args.vqgan, args.decoder), load_clip(args.clip), load_prior(args.prior)
    pictures = Pictures(args.data)
    indices = np.random.default_rng(3).permutation(pictures.indices("pair"))[: args.pictures]
    x = pictures.batch(indices)
    captions = [
        canonical(pictures.concepts, pictures.records[i]["concept"], pictures.records[i]["style"]) for i in indices
    ]
    ids, mask = tokenize(load_tokenizer(clip.config.text.context_length), captions)
    with torch.inference_mode():
        tokens = vqgan.encode(x).numpy()
        embeddings = clip.embed_pictures(x).numpy()
        words = clip.text(ids, mask)[0].numpy()
        decoded = vqgan.decode(torch.from_numpy(tokens)).numpy()
    print("\n".join(prior_rows(prior, tokens, embeddings, args.threads)), "\n")

    print("| graph | stored as | MB | deviation |\n|---|---|---|---|")
    words_in = {"input_ids": ids.numpy(), "attention_mask": mask.numpy()}
    pixels = to_pixels(x, clip.config.image.image_size).contiguous().numpy()
    for name, model, feeds, judge in (
        ("text encoder", build_text_encoder(clip), words_in, partial(cosines, words)),
        ("image encoder", build_image_encoder(clip), {"pixels": pixels}, partial(cosines, embeddings)),
        ("decoder", build_decoder(vqgan), {"image_tokens": tokens}, partial(quality, x.numpy(), decoded)),
        ("encoder", build_encoder(vqgan), {"pixels": x.numpy()}, partial(agreement, tokens)),
    ):
        for kind in ("float32", "float16", "int8"):
            small = shrink(copy.deepcopy(model), kind)
            [made] = Session(small, args.threads)(**feeds).values()
            print(f"| {name} | {kind} | {small.ByteSize() / 1e6:.1f} | {judge(made)} |", flush=True)


if __name__ == "__main__":
    main()
