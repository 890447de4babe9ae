"""Priors side by side on the same held-out pictures: an ablation's table.

    python -m tessera_training.evaluate.compare runs/ablation/without runs/ablation/with --judge runs/evaluator

For each run: held-out nats a code; and for pictures painted from held-out (concept, style) pairs (the same seeds for
every run, one picture a condition, nothing chosen), the cosine between their CLIP embedding and the condition they were
painted from, and the independent judge's R-precision@1 of 100. From the pictures' own embeddings and from their
captions'.
"""

from pathlib import Path

import numpy as np
import torch

from tessera_training.common.arguments import parser_of
from tessera_training.common.pictures import Pictures
from tessera_training.common.run import load_checkpoint
from tessera_training.data.captions import canonical
from tessera_training.evaluate.evaluator import load_evaluator, r_precision
from tessera_training.evaluate.measures import bootstrap
from tessera_training.export.bundle import SAMPLING
from tessera_training.models.load import load_clip, load_prior, load_vqgan
from tessera_training.models.prior import generate
from tessera_training.stages.prior import evaluate


@torch.inference_mode()
def paint(prior, vqgan, embeddings: torch.Tensor, batch: int = 64) -> torch.Tensor:
    settings = {
        "temperature": SAMPLING["temperature"],
        "top_k": SAMPLING["topK"],
        "top_p": SAMPLING["topP"],
        "guidance": SAMPLING["guidanceScale"],
    }
    generator = torch.Generator().manual_seed(0)
    return torch.cat([vqgan.decode(generate(prior, e, generator, **settings)) for e in embeddings.split(batch)])


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, default=Path("runs/data"))
    parser.add_argument("--tokens", type=Path, default=Path("runs/tokens"))
    parser.add_argument("--vqgan", type=Path, default=Path("runs/vqgan"))
    parser.add_argument("--clip", type=Path, default=Path("runs/clip"))
    parser.add_argument("--judge", type=Path, default=Path("runs/evaluator"))
    parser.add_argument("--count", type=int, default=256)
    args = parser.parse_args()
    pictures, vqgan, clip = Pictures(args.data), load_vqgan(args.vqgan), load_clip(args.clip)
    judge = load_evaluator(args.judge) if (args.judge / "checkpoint.pt").exists() else None
    held_out = dict(np.load(args.tokens / "held-out.npz"))
    pairs = [row for row, i in enumerate(held_out["indices"]) if pictures.records[i]["split"] == "pair"]
    rows = np.random.default_rng(2).permutation(pairs)[: args.count]
    records = [pictures.records[i] for i in held_out["indices"][rows]]
    captions = [canonical(pictures.concepts, r["concept"], r["style"]) for r in records]

    print("| run | steps | nats (picture) | nats (words) | painted from | cosine to the condition | R-precision |")
    print("|---|---|---|---|---|---|---|")
    for run in args.runs:
        prior, steps = load_prior(run), load_checkpoint(run / "checkpoint.pt")["step"]
        loss = evaluate(prior, held_out, torch.device("cpu"))
        prior.eval()
        for name, key in (("picture", "embeddings"), ("words", "text_embeddings")):
            condition = torch.from_numpy(held_out[key][rows].astype(np.float32))
            made = paint(prior, vqgan, condition)
            with torch.inference_mode():
                cosine = (clip.embed_pictures(made) * condition).sum(-1).mean().item()
            found = bootstrap(r_precision(judge.embed_texts(captions), judge.embed_pictures(made))) if judge else None
            precision = f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})" if found else "–"
            losses = f"{loss['image']:.3f} | {loss['text']:.3f}"
            print(f"| {run.name} | {steps} | {losses} | {name} | {cosine:.4f} | {precision} |", flush=True)


if __name__ == "__main__":
    main()
