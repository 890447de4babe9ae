"""Trains CLIP: pictures and words into one space.

    python -m tessera_training.stages.clip --data runs/data --out runs/clip --minutes 20

Run the same command again and it goes on where it stopped.
"""

import json
import random
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from tessera_training.common.arguments import parser_of
from tessera_training.common.optim import Optimisers, split_parameters
from tessera_training.common.pictures import Pictures
from tessera_training.common.run import Run, autocast, cosine_schedule, pick_device
from tessera_training.data.captions import Captioner, canonical
from tessera_training.data.compose import Composer, Mix
from tessera_training.models.clip import BACKGROUND, Clip, ClipConfig
from tessera_training.models.text import load_tokenizer, tokenize


def backgrounds(count: int, generator: torch.Generator) -> torch.Tensor:
    """[B, 3]: the canonical grey for half of the batch, any colour for the rest."""
    colours = torch.rand(count, 3, generator=generator)
    plain = torch.rand(count, 1, generator=generator) < 0.5
    return torch.where(plain, torch.tensor(BACKGROUND), colours)


def false_negatives(scenes: list, styled: list[bool]) -> torch.Tensor:
    """bool [B, B]: text i would be true of picture j as well
    (the same concept; and the style, if the text names one)."""
    concept = np.array([f"{s.kind} {s.concept} {s.count} {s.other} {s.tint} {s.colour}" for s in scenes])
    style = np.array([s.style for s in scenes])
    same = (concept[:, None] == concept[None]) & ((style[:, None] == style[None]) | ~np.array(styled)[:, None])
    np.fill_diagonal(same, False)
    return torch.from_numpy(same)


def contrastive(image: torch.Tensor, text: torch.Tensor, scale: torch.Tensor, ignored: torch.Tensor) -> torch.Tensor:
    logits = (scale * text @ image.T).masked_fill(ignored, -1e4)
    target = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


@torch.no_grad()
def evaluate(model: Clip, pictures: Pictures, tokenizer, indices: np.ndarray, device) -> dict[str, float]:
    """Text -> picture retrieval of held-out pairs in groups of 100,
    the pair's cosine, and the gap between the means."""
    model.eval()
    captions = [
        canonical(pictures.concepts, pictures.records[i]["concept"], pictures.records[i]["style"]) for i in indices
    ]
    image = torch.cat(
        [model.embed_pictures(pictures.batch(indices[a : a + 64]).to(device)) for a in range(0, len(indices), 64)]
    )
    text = torch.cat(
        [
            model.text(*(t.to(device) for t in tokenize(tokenizer, captions[a : a + 64])))[0]
            for a in range(0, len(captions), 64)
        ]
    )
    hits = []
    for a in range(0, len(indices) - 99, 100):
        similarity = text[a : a + 100] @ image[a : a + 100].T
        hits.append((similarity.argmax(1) == torch.arange(100, device=device)).float())
    model.train()
    return {
        "retrieval_of_100": torch.cat(hits).mean().item(),
        "cosine": (image * text).sum(-1).mean().item(),
        "gap": (image.mean(0) - text.mean(0)).norm().item(),
    }


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--data", type=Path, default=Path("runs/data"))
    parser.add_argument("--out", type=Path, default=Path("runs/clip"))
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--steps", type=int, default=10**9)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--distil-batch", type=int, default=64)
    parser.add_argument("--lr", type=float, default=5e-4)
    parser.add_argument("--muon-lr", type=float, default=0.015)
    args = parser.parse_args()

    torch.manual_seed(0)
    device = pick_device()
    config = ClipConfig()
    model = Clip(config, from_teacher=not (args.out / "checkpoint.pt").exists()).to(device)
    # The image tower is ours from scratch; the text transformer starts from the teacher and moves gently.
    matrices, rest = split_parameters(model.image, lambda name, p: p.ndim == 4)
    optimiser = Optimisers(
        matrices, [*rest, model.log_scale, *model.text.head.parameters()], args.muon_lr, 1e-3, weight_decay=0.01
    )
    gentle = torch.optim.AdamW(model.text.transformer.parameters(), lr=args.lr / 5, betas=(0.9, 0.98))
    run = Run(
        args.out, {"model": model, "optimiser": optimiser, "gentle": gentle}, config.to_dict(), args.minutes, args.steps
    )

    pictures, tokenizer = Pictures(args.data), load_tokenizer(config.text.context_length)
    held_out = np.random.default_rng(0).permutation(pictures.indices("pair"))
    composer = Composer(pictures, pictures.indices("train"), seed=1 + run.step, mix=Mix())
    rng, generator = random.Random(run.step), torch.Generator().manual_seed(run.step)
    captioner = Captioner(pictures.concepts, rng)
    texts = json.loads((args.data / "texts.json").read_text())
    vectors = np.load(args.data / "texts.f16.npy", mmap_mode="r")

    while run.go_on():
        factor = cosine_schedule(run.progress)
        optimiser.set_factor(factor)
        gentle.param_groups[0]["lr"] = args.lr / 5 * factor
        x, scenes = composer.batch(args.batch)
        styled = [rng.random() < 0.65 for _ in scenes]
        captions = [scene.caption(captioner, with_style) for scene, with_style in zip(scenes, styled)]
        picked = [rng.randrange(len(texts)) for _ in range(args.distil_batch)]
        words = tokenize(tokenizer, captions + [texts[i] for i in picked])
        with autocast(device):
            image = model.embed_pictures(x.to(device), backgrounds(len(x), generator).to(device)).float()
            text, sentence = (t.float() for t in model.text(*(t.to(device) for t in words)))
            text = text[: len(x)]
            match = contrastive(image, text, model.scale, false_negatives(scenes, styled).to(device))
            # Contrast alone leaves a gap between words and pictures; the prior must cross it, so it is closed here.
            distance = (1 - (image * text).sum(-1)).mean()
            teacher = torch.from_numpy(vectors[picked].astype(np.float32)).to(device)
            distil = (1 - (sentence[len(x) :] * teacher).sum(-1)).mean()
            loss = match + distance + 3.0 * distil
        optimiser.zero_grad()
        gentle.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.text.transformer.parameters(), 1.0)
        optimiser.step()
        gentle.step()
        run.log(match=match.item(), distance=distance.item(), distil=distil.item(), scale=model.scale.item())
        if run.step % 100 == 0:
            run.record("held-out.csv", **evaluate(model, pictures, tokenizer, held_out, device))
    final = evaluate(model, pictures, tokenizer, held_out, device)
    run.record("final.csv", **final)
    print("held-out pairs:", {k: round(v, 4) for k, v in final.items()})


if __name__ == "__main__":
    main()
