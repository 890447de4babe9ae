"""Turns pictures into what stage 2 reads: image tokens and CLIP image embeddings. No word goes in.

    python -m tessera_training.stages.tokens --vqgan runs/vqgan --clip runs/clip --out runs/tokens --passes 6

Each pass draws every training picture once: pass 0 as it is, pass 1 mirrored, the others moved, counted, paired, on
colours (data/compose.py) and a fifth of them in other hues, which no caption has to say here. One file a pass, so that
a later session can add passes; a pass that is there is not made again.
Writes pass-<n>.npz {tokens uint16 [M, P, G], embeddings float16 [M, D]}, held-out.npz (with indices), and
gap.npz: mean and covariance of (text − image) over training pairs, the only thing that words tell the prior about:
how far, and in which directions, the condition will be off when it comes from a text.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from tessera_training.common.arguments import parser_of
from tessera_training.common.pictures import Pictures, shift_hue
from tessera_training.common.run import pick_device
from tessera_training.data.captions import Captioner, canonical
from tessera_training.data.compose import Composer, Mix
from tessera_training.models.load import embed_pictures, embed_texts, load_clip, load_vqgan
from tessera_training.models.text import load_tokenizer

BATCH = 64


def drawn(pictures: Pictures, train: np.ndarray, n: int) -> Iterator[torch.Tensor]:
    """Every training picture once, as pass `n` shows it."""
    composer = Composer(pictures, train, seed=1000 + n, mix=Mix(moved=0.5))
    for at in tqdm(range(0, len(train), BATCH), desc=f"pass-{n}", mininterval=10):
        if n < 2:
            x = pictures.batch(train[at : at + BATCH])
            yield x.flip(-1) if n == 1 else x
        else:
            x, _ = composer.batch(min(BATCH, len(train) - at))
            yield shift_hue(x, composer.generator, share=0.2)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--data", type=Path, default=Path("runs/data"))
    parser.add_argument("--vqgan", type=Path, default=Path("runs/vqgan"))
    parser.add_argument("--clip", type=Path, default=Path("runs/clip"))
    parser.add_argument("--out", type=Path, default=Path("runs/tokens"))
    parser.add_argument("--passes", type=int, default=6)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    device = pick_device()
    pictures, vqgan, clip = Pictures(args.data), load_vqgan(args.vqgan).to(device), load_clip(args.clip).to(device)
    train, tokenizer = pictures.indices("train"), load_tokenizer(clip.config.text.context_length)

    if not (args.out / "held-out.npz").exists():
        held_out = pictures.indices("pair", "concept")
        tokens, embeddings = embed_pictures(pictures.batches(held_out, BATCH), vqgan, clip, device, in_bf16=True)
        records = [pictures.records[i] for i in held_out]
        captions = [canonical(pictures.concepts, r["concept"], r["style"]) for r in records]
        np.savez(
            args.out / "held-out.npz",
            indices=held_out,
            tokens=tokens,
            embeddings=embeddings.astype(np.float16),
            text_embeddings=embed_texts(clip.embed_texts, tokenizer, captions, device),
        )

    for n in range(args.passes):
        path = args.out / f"pass-{n}.npz"
        if path.exists():
            continue
        tokens, embeddings = embed_pictures(drawn(pictures, train, n), vqgan, clip, device, in_bf16=True)
        temporary = args.out / "pass.tmp.npz"
        np.savez(temporary, tokens=tokens, embeddings=embeddings.astype(np.float16))
        temporary.rename(path)

    if not (args.out / "gap.npz").exists():
        rng = random.Random(7)
        captioner = Captioner(pictures.concepts, rng)
        records = [pictures.records[i] for i in train]
        # Everything as people write it: with and without a style, in any language.
        texts = [captioner.one(r["concept"], r["style"] if rng.random() < 0.6 else None, r["name"]) for r in records]
        text = embed_texts(clip.embed_texts, tokenizer, texts, device)
        image = np.load(args.out / "pass-0.npz")["embeddings"].astype(np.float32)
        gap = text - image
        np.savez(args.out / "gap.npz", mean=gap.mean(0), covariance=np.cov(gap.T))
        cosine, distance = np.mean((text * image).sum(1)), np.linalg.norm(gap.mean(0))
        print(f"text–image cosine {cosine:.3f}, distance of the means {distance:.3f}")


if __name__ == "__main__":
    main()
