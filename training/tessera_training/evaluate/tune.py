"""Chooses a bundle's default sampling, on held-out pairs that the evaluation never asks for.

    python -m tessera_training.evaluate.tune --bundle ../models/emoji --guidance 2 3 4 --temperature 0.8 --top-k 64

Prints R-precision@1 of 100 by the independent judge (the bundle's favourite of its candidates) and the difference
between the kept four, for every combination: precision alone would choose four times the same picture.
"""

import itertools
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from tessera_training.common.arguments import parser_of
from tessera_training.common.pictures import Pictures
from tessera_training.evaluate.evaluator import load_evaluator, r_precision
from tessera_training.evaluate.measures import bootstrap, pairwise, pixel_distance
from tessera_training.evaluate.prompts import EVALUATED, held_out
from tessera_training.evaluate.sampler import BundleSampler, Sampling


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--bundle", type=Path, default=Path("../models/emoji"))
    parser.add_argument("--data", type=Path, default=Path("runs/data"))
    parser.add_argument("--judge", type=Path, default=Path("runs/evaluator"))
    parser.add_argument("--guidance", type=float, nargs="+", default=[3.0])
    parser.add_argument("--temperature", type=float, nargs="+", default=[0.8])
    parser.add_argument("--top-k", type=int, nargs="+", default=[64])
    parser.add_argument("--top-p", type=float, nargs="+", default=[0.95])
    parser.add_argument("--candidates", type=int, default=8)
    parser.add_argument("--prompts", type=int, default=150)
    args = parser.parse_args()
    sampler, judge, pictures = BundleSampler(args.bundle), load_evaluator(args.judge), Pictures(args.data)
    captions = held_out(pictures, "pair", EVALUATED + args.prompts)[1][EVALUATED:]
    embeddings, texts = sampler.embed_texts(captions, shifted=True), judge.embed_texts(captions)
    print(f"{len(captions)} prompts\n")
    print("| guidance | temperature | top-k | top-p | R-precision@1 of 100 | difference |")
    print("|---|---|---|---|---|---|", flush=True)
    for guidance, temperature, top_k, top_p in itertools.product(
        args.guidance, args.temperature, args.top_k, args.top_p
    ):
        bar = tqdm(total=len(captions), leave=False, mininterval=10)
        kept, _ = sampler.paint_best(
            embeddings,
            args.candidates,
            min(4, args.candidates),
            Sampling(temperature, top_k, top_p, guidance),
            seed=3,
            progress=bar,
        )
        bar.close()
        found = bootstrap(r_precision(texts, judge.embed_pictures(torch.from_numpy(kept[:, 0].astype(np.float32)))))
        difference = pairwise(kept, pixel_distance)
        settings = f"{guidance:g} | {temperature:g} | {top_k} | {top_p:g}"
        precision = f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})"
        print(f"| {settings} | {precision} | {difference:.3f} |", flush=True)


if __name__ == "__main__":
    main()
