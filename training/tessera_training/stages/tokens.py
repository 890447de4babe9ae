"""Turns pictures into what stage 2 reads: image tokens and CLIP image embeddings. No word goes in.

    python -m tessera_training.stages.tokens --data runs/data --vqgan runs/vqgan --clip runs/clip --out runs/tokens --passes 6

Each pass draws every training picture once: pass 0 as it is, pass 1 mirrored, the others moved, counted, paired, on
colours (data/compose.py) and a fifth of them in other hues, which no caption has to say here. One file a pass, so that
a later session can add passes; a pass that is there is not made again.
Writes pass-<n>.npz {tokens uint16 [M, P, G], embeddings float16 [M, D]}, held-out.npz (with indices), and
gap.npz: mean and covariance of (text − image) over training pairs, the only thing that words tell the prior about:
how far, and in which directions, the condition will be off when it comes from a text.
"""

import argparse
import random
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from tessera_training.common.pictures import Pictures, shift_hue
from tessera_training.common.run import autocast, pick_device
from tessera_training.data.captions import Captioner, canonical
from tessera_training.data.compose import Composer, Mix
from tessera_training.export import load
from tessera_training.models.clip import Clip
from tessera_training.models.text import load_tokenizer, tokenize
from tessera_training.models.vqgan import Vqgan


def load_vqgan(folder: Path) -> Vqgan:
    """As it is used here and by the prior: frozen, and laid out as convolutions want it."""
    return load.load_vqgan(folder).requires_grad_(False).to(memory_format=torch.channels_last)


def load_clip(folder: Path) -> Clip:
    return load.load_clip(folder).requires_grad_(False)


@torch.inference_mode()
def encode(x: torch.Tensor, vqgan: Vqgan, clip: Clip, device) -> tuple[np.ndarray, np.ndarray]:
    """The tokens in float32: bf16 moves a fifth of them."""
    x = x.to(device)
    tokens = vqgan.encode(x)
    with autocast(device):
        embeddings = clip.embed_pictures(x)
    return tokens.cpu().numpy().astype(np.uint16), embeddings.float().cpu().numpy().astype(np.float16)


@torch.inference_mode()
def embed_texts(clip: Clip, texts: list[str], device) -> np.ndarray:
    """-> float32 [N, D]"""
    tokenizer = load_tokenizer(clip.config.text.context_length)
    parts = [
        clip.text(*(t.to(device) for t in tokenize(tokenizer, texts[at : at + 128])))[0]
        for at in range(0, len(texts), 128)
    ]
    return torch.cat(parts).float().cpu().numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("runs/data"))
    parser.add_argument("--vqgan", type=Path, default=Path("runs/vqgan"))
    parser.add_argument("--clip", type=Path, default=Path("runs/clip"))
    parser.add_argument("--out", type=Path, default=Path("runs/tokens"))
    parser.add_argument("--passes", type=int, default=6)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    device = pick_device()
    pictures, vqgan, clip = Pictures(args.data), load_vqgan(args.vqgan).to(device), load_clip(args.clip).to(device)
    train = pictures.indices("train")

    if not (args.out / "held-out.npz").exists():
        held_out = pictures.indices("pair", "concept")
        made = [
            encode(pictures.batch(held_out[at : at + 64]), vqgan, clip, device) for at in range(0, len(held_out), 64)
        ]
        records = [pictures.records[i] for i in held_out]
        texts = embed_texts(clip, [canonical(pictures.concepts, r["concept"], r["style"]) for r in records], device)
        np.savez(
            args.out / "held-out.npz",
            indices=held_out,
            tokens=np.concatenate([m[0] for m in made]),
            embeddings=np.concatenate([m[1] for m in made]),
            text_embeddings=texts,
        )

    for n in range(args.passes):
        path = args.out / f"pass-{n}.npz"
        if path.exists():
            continue
        composer = Composer(pictures, train, seed=1000 + n, mix=Mix(moved=0.5))
        tokens, embeddings = [], []
        for at in tqdm(range(0, len(train), 64), desc=path.stem, mininterval=10):
            if n < 2:
                x = pictures.batch(train[at : at + 64])
                x = x.flip(-1) if n == 1 else x
            else:
                x, _ = composer.batch(min(64, len(train) - at))
                x = shift_hue(x, composer.generator, share=0.2)
            t, e = encode(x, vqgan, clip, device)
            tokens.append(t)
            embeddings.append(e)
        temporary = args.out / "pass.tmp.npz"
        np.savez(temporary, tokens=np.concatenate(tokens), embeddings=np.concatenate(embeddings))
        temporary.rename(path)

    if not (args.out / "gap.npz").exists():
        rng = random.Random(7)
        captioner = Captioner(pictures.concepts, rng)
        records = [pictures.records[i] for i in train]
        # Everything as people write it: with and without a style, in any language.
        texts = [captioner.one(r["concept"], r["style"] if rng.random() < 0.6 else None, r["name"]) for r in records]
        text, image = (
            embed_texts(clip, texts, device),
            np.load(args.out / "pass-0.npz")["embeddings"].astype(np.float32),
        )
        gap = text - image
        np.savez(
            args.out / "gap.npz",
            mean=gap.mean(0),
            covariance=np.cov(gap.T),
            text_mean=text.mean(0),
            image_mean=image.mean(0),
        )
        print(
            f"text–image cosine {np.mean((text * image).sum(1)):.3f}, distance of the means {np.linalg.norm(gap.mean(0)):.3f}"
        )


if __name__ == "__main__":
    main()
