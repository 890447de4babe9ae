"""Measures a bundle as the bot runs it: its ONNX files, its sampling, its ranking.

    python -m tessera_training.evaluate --bundle ../models/emoji --data runs/data --out runs/evaluation
    python -m tessera_training.evaluate --quick              # under a minute: small numbers, no FID

Writes metrics.json and sheets. Then `python -m tessera_training.export.card` puts them into the bundle.
"""

import json
import time
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from tessera_training.common.arguments import parser_of
from tessera_training.common.pictures import Pictures
from tessera_training.evaluate.evaluator import load_evaluator, r_precision
from tessera_training.evaluate.features import NAME, extract, frechet, load_inception
from tessera_training.evaluate.measures import (
    bootstrap,
    cosine_distance,
    count_objects,
    has_clear_corners,
    main_colour,
    pairwise,
    pixel_distance,
    prior_loss,
    psnr,
)
from tessera_training.evaluate.prompts import (
    EVALUATED,
    coloured,
    composed,
    counting,
    demo_prompts,
    free_prompts,
    held_out,
    tinted,
)
from tessera_training.evaluate.sampler import BundleSampler, Sampling
from tessera_training.evaluate.sheets import labelled_sheet

RADII = (0, 1, 2)
POOL = 150  # prompts that rivals are drawn from, however few pictures are painted


class Evaluation:
    def __init__(self, bundle: Path, data: Path, judge: Path, candidates: int | None, seed: int):
        self.sampler, self.pictures, self.judge = BundleSampler(bundle), Pictures(data), load_evaluator(judge)
        self.sampling, self.seed = Sampling.of(self.sampler.bundle), seed
        self.candidates: int = candidates or self.sampler.bundle["sampling"]["candidateCount"]
        self.bar = tqdm(desc="painting", unit="prompt", mininterval=5)

    def paint(self, embeddings: np.ndarray, keep: int = 4, candidates: int | None = None) -> np.ndarray:
        """-> [N, keep, 4, S, S] float16, best fit first"""
        candidates = candidates or self.candidates
        return self.sampler.paint_best(
            embeddings, candidates, min(keep, candidates), self.sampling, self.seed, progress=self.bar
        )[0]

    def judged(self, made: np.ndarray) -> torch.Tensor:
        return torch.cat(
            [
                self.judge.embed_pictures(torch.from_numpy(made[a : a + 100].astype(np.float32)))
                for a in range(0, len(made), 100)
            ]
        )

    def precision(self, captions: list[str], made: np.ndarray) -> dict:
        """`captions`: those of the pictures, then further ones that are only rivals."""
        return {"r_precision": bootstrap(r_precision(self.judge.embed_texts(captions), self.judged(made)))}

    def split(self, name: str, count: int, image_count: int) -> tuple[dict, dict[str, np.ndarray], list[str]]:
        """R-precision of one held-out split -> metrics, the pictures of each row, captions"""
        indices, pool = held_out(self.pictures, name, max(count, POOL))
        indices, captions = indices[:count], pool[:count]
        real = self.pictures.batch(indices).numpy()
        texts = self.sampler.embed_texts(captions, shifted=True)
        images = self.sampler.embed_pictures(real)
        sets = {
            "real": real,
            "reconstructed": self.sampler.decode(self.sampler.encode(real)),
            "all_four": self.paint(texts),
        }
        sets["from_text"] = sets["all_four"][:, 0]
        part: dict = {"prompts": len(captions), "cosine_text_image": float((texts * images).sum(-1).mean())}
        for row in ("from_text", "reconstructed", "real"):
            part[row] = self.precision(pool, sets[row])
        part["random"] = self.precision(pool, np.roll(sets["from_text"], 1, 0))
        # The modality gap: the same prompts, painted from the real picture's embedding instead of the words'.
        few = slice(0, image_count)
        sets["from_image"] = self.paint(images[few])[:, 0]
        for row, made in (("from_image", sets["from_image"]), ("from_text_same_prompts", sets["from_text"][few])):
            part[row] = self.precision(pool, made) | {"prompts": len(made)}
        return part, sets, captions

    def diversity(self, four: np.ndarray) -> dict:
        """Between the four pictures of a prompt; beside it, four real pictures of one concept in different styles."""
        by_concept: dict[str, dict[str, int]] = {}
        for r in self.pictures.records:
            by_concept.setdefault(r["concept"], {})[r["style"]] = r["index"]
        wide = [list(styles.values())[:4] for styles in by_concept.values() if len(styles) >= 4][: len(four)]
        real = np.stack([self.pictures.batch(indices).numpy() for indices in wide])
        out = {}
        for name, sets in (("painted", four), ("real_styles", real)):
            seen = self.judged(sets.reshape(-1, *sets.shape[2:])).numpy().reshape(*sets.shape[:2], -1)
            out[name] = {"pixels": pairwise(sets, pixel_distance), "judge": pairwise(seen, cosine_distance)}
        return out

    def counts(self, limit: int) -> dict:
        """Share of "three apples" with three separate opaque objects,
        and that the judge finds nearest to its own number."""
        asked = counting(self.pictures)[:limit]
        painted = self.paint(self.sampler.embed_texts([c.prompt for c in asked], shifted=True), keep=1)[:, 0]
        labels = [c.label for c in asked[::4]]
        single = self.paint(self.sampler.embed_texts(labels, shifted=True), keep=1)[:, 0].repeat(4, 0)[: len(asked)]
        out: dict = {"prompts": len(asked)}
        for name, made in (
            ("painted", painted),
            ("without_number", single),
            ("composed", composed(self.pictures, asked).numpy()),
        ):
            right = np.array([count_objects(m[3].astype(np.float32)) == c.number for m, c in zip(made, asked)], float)
            seen = self.judged(made)
            guesses = [
                int((self.judge.embed_texts(c.rivals()) @ seen[row]).argmax()) + 2 for row, c in enumerate(asked)
            ]
            judged = np.array([g == c.number for g, c in zip(guesses, asked)], float)
            out[name] = {"objects": bootstrap(right), "judge": bootstrap(judged)}
        labelled = [(c.prompt, painted[row][None]) for row, c in enumerate(asked)]
        return out | {"sheet": labelled}

    def colours(self, limit: int) -> dict:
        """Share of "a blue fox" whose main colour is the one asked for,
        on a thing that stands free and not as its background."""
        asked = coloured(self.pictures, limit)
        painted = self.paint(self.sampler.embed_texts([a.prompt for a in asked], shifted=True), keep=1)[:, 0]
        plain = self.paint(self.sampler.embed_texts([a.label for a in asked], shifted=True), keep=1)[:, 0]
        out: dict = {"prompts": len(asked)}
        for name, made in (
            ("painted", painted),
            ("without_colour", plain),
            ("tinted", tinted(self.pictures, asked).numpy()),
        ):
            right = np.array([main_colour(m) == a.colour for m, a in zip(made.astype(np.float32), asked)], float)
            free = np.array([has_clear_corners(m[3].astype(np.float32)) for m in made], float)
            out[name] = {"colour": bootstrap(right), "free": bootstrap(free), "both": bootstrap(right * free)}
        return out | {"sheet": [(a.prompt, painted[row][None]) for row, a in enumerate(asked)]}

    def reconstruction(self, count: int) -> tuple[dict, np.ndarray, np.ndarray]:
        indices = np.random.default_rng(8).permutation(self.pictures.indices("pair", "concept"))[:count]
        real = self.pictures.batch(indices).numpy()
        tokens = self.sampler.encode(real)
        size = self.sampler.bundle["prior"]["codebookSize"]
        used = np.mean([len(np.unique(tokens[..., g])) / size for g in range(tokens.shape[-1])])
        return (
            {
                "psnr": psnr(self.sampler.decode(tokens), real),
                "codes_used": float(used),
                "reconstructed_pictures": len(real),
            },
            tokens,
            indices,
        )


def fid(
    sets: dict[str, np.ndarray], pictures: Pictures, reference_count: int, cache: Path
) -> dict[str, dict[str, float]]:
    """FID-0, -1 and -2 of each set against training pictures of the same styles;
    "real" shows what is left for real ones."""
    net = load_inception()
    styles = {pictures.records[i]["style"] for i in pictures.indices("pair")}
    pool = [i for i in pictures.indices("train") if pictures.records[i]["style"] in styles]
    chosen = np.random.default_rng(9).permutation(pool)[:reference_count]
    if cache.exists() and np.array_equal(np.load(cache)["indices"], chosen):
        saved = np.load(cache)
        reference = {radius: saved[str(radius)] for radius in RADII}
    else:
        x = pictures.batch(chosen)
        reference = {radius: extract(net, x, radius) for radius in tqdm(RADII, desc="reference features")}
        np.savez(cache, allow_pickle=False, indices=chosen, **{str(radius): f for radius, f in reference.items()})
    out: dict[str, dict[str, float]] = {}
    for name, made in tqdm(sets.items(), desc="FID"):
        x = torch.from_numpy(made.astype(np.float32))
        out[name] = {str(radius): frechet(extract(net, x, radius), reference[radius]) for radius in RADII}
    return out


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--bundle", type=Path, default=Path("../models/emoji"))
    parser.add_argument("--data", type=Path, default=Path("runs/data"))
    parser.add_argument("--evaluator", type=Path, default=Path("runs/evaluator"))
    parser.add_argument("--out", type=Path, default=Path("runs/evaluation"))
    parser.add_argument("--prompts", type=int, default=500)
    parser.add_argument(
        "--candidates",
        type=int,
        help="pictures painted a prompt, CLIP's favourite is judged; the bundle's own number if not given",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    started = time.monotonic()
    args.out.mkdir(parents=True, exist_ok=True)
    prompts = 48 if args.quick else args.prompts
    run = Evaluation(args.bundle, args.data, args.evaluator, args.candidates, args.seed)
    fid_note = (
        "" if args.quick else f" FID: {NAME}, pictures on white at their own size, against 1,000 training pictures."
    )
    metrics: dict = {
        "note": f"Best of {run.candidates} candidates by the bundle's CLIP. R-precision by a judge trained apart"
        f" (evaluate/evaluator.py): each picture's prompt among 99 others.{fid_note}",
        "bundle_version": run.sampler.bundle["version"],
    }

    metrics["pair"], sets, captions = run.split("pair", min(EVALUATED, prompts // 2), int(prompts * 0.3))
    metrics["concept"], _, _ = run.split("concept", prompts // 4, prompts // 10)
    free = free_prompts(run.pictures, max(prompts // 4, POOL))
    painted = run.paint(run.sampler.embed_texts(free[: prompts // 4], shifted=True), keep=1)[:, 0]
    metrics["free"] = {
        "prompts": len(painted),
        "from_text": run.precision(free, painted),
        "random": run.precision(free, np.roll(painted, 1, 0)),
    }
    metrics["diversity"] = run.diversity(sets.pop("all_four"))
    metrics["counting"] = run.counts(16 if args.quick else 48)
    labelled_sheet(metrics["counting"].pop("sheet"), args.out / "counting.png", 8)
    metrics["colours"] = run.colours(16 if args.quick else 66)
    labelled_sheet(metrics["colours"].pop("sheet"), args.out / "colours.png", 11)

    reconstruction, tokens, indices = run.reconstruction(64 if args.quick else 384)
    metrics |= reconstruction
    few = slice(0, 32 if args.quick else 128)
    records = [run.pictures.records[i] for i in indices[few]]
    words = [f"{run.pictures.concepts[r['concept']]['label']}, {r['style']} style" for r in records]
    conditions = {
        "image": run.sampler.embed_pictures(run.pictures.batch(indices[few]).numpy()),
        "text": run.sampler.embed_texts(words, shifted=True),
    }
    metrics["prior_loss"] = {
        kind: {f"code_{g}": v for g, v in enumerate(prior_loss(run.sampler, tokens[few], e))}
        for kind, e in conditions.items()
    }

    shown = min(24, len(sets["from_image"]))
    labelled_sheet(
        [(captions[i], np.stack([sets[k][i] for k in ("real", "from_text", "from_image")])) for i in range(shown)],
        args.out / "held-out.png",
        4,
    )
    bot = run.sampler.bundle["sampling"]["candidateCount"]
    demo = run.paint(run.sampler.embed_texts(demo_prompts(), shifted=True), 4, 4 if args.quick else bot)
    labelled_sheet(list(zip(demo_prompts(), demo)), args.out / "demo.png", 3)
    run.bar.close()

    if not args.quick:
        rows = {k: sets[k] for k in ("from_text", "from_image", "reconstructed", "real")}
        for name, values in fid(rows, run.pictures, 1000, args.out / "reference-features.npz").items():
            metrics["pair"][name]["fid"] = values
    metrics["seconds"] = round(time.monotonic() - started, 1)
    (args.out / "metrics.json").write_text(json.dumps(metrics, indent=1))
    print(json.dumps(metrics, indent=1))


if __name__ == "__main__":
    main()
