"""Draws what `npm run bench:paper` measured.

python -m tessera_training.convert.plots ../data/paper/paper.json --out ../docs/images
"""

import argparse
import json
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure


def seconds_of_four(report: dict, path: Path) -> None:
    """Four pictures each way, tokens and pixels apart; logarithmic, because the published way takes so much longer."""
    names = ["PyTorch, as published", "PyTorch with a cache", *(f"ours, {run['name']}" for run in report["ours"])]
    runs = [(run["generateSeconds"], run["decodeSeconds"]) for run in (report["recomputed"], report["cached"])]
    runs += [(run["timings"]["generateMs"] / 1000, run["timings"]["decodeMs"] / 1000) for run in report["ours"]]
    figure, axes = plt.subplots(figsize=(8, 0.7 + 0.55 * len(runs)))
    for at, (tokens, pixels) in enumerate(runs):
        axes.barh(at, tokens + pixels, color="#5865f2")
        axes.text(
            (tokens + pixels) * 1.05,
            at,
            f"{tokens + pixels:.1f} s (tokens {tokens:.1f}, pixels {pixels:.1f})",
            va="center",
            fontsize=9,
        )
    axes.set(
        xscale="log", xlabel="seconds for four pictures of 256 × 256, two cores", xlim=(1, 40 * max(map(sum, runs)))
    )
    axes.set_yticks(range(len(runs)), names)
    axes.invert_yaxis()
    save(figure, path)


def growth(report: dict, path: Path) -> None:
    """Pictures of one request, requests of one picture, width of the model"""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
    for kind, label in (("pictures", "pictures of one request"), ("requests", "requests of one picture each")):
        points = report["curves"][kind]
        left.plot([p["count"] for p in points], [p["totalMs"] / 1000 for p in points], "o-", label=label)
    left.set(xlabel="pictures", ylabel="seconds until the last one is there", ylim=0)
    left.legend(fontsize=8)
    points = report["widths"]
    right.plot([p["width"] for p in points], [p["stepMs"] for p in points], "o-")
    right.set(xlabel=f"width ({points[0]['layers']} layers, four rows, 8 bits)", ylabel="milliseconds a step", ylim=0)
    right.set_xticks([p["width"] for p in points])
    save(figure, path)


def save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path, help="paper.json of the scratch folder")
    parser.add_argument("--out", type=Path, default=Path("../docs/images"))
    args = parser.parse_args()
    report = json.loads(args.report.read_text())
    seconds_of_four(report, args.out / "paper-seconds.png")
    growth(report, args.out / "paper-growth.png")


if __name__ == "__main__":
    main()
