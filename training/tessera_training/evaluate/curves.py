"""Curves of every run, for the docs: what log.csv and held-out.csv hold, against minutes of training.

python -m tessera_training.evaluate.curves --runs runs --out ../docs/training-curves
"""

import csv
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

from tessera_training.common.arguments import parser_of

STAGES = ("vqgan", "clip", "prior", "evaluator")


def read(path: Path) -> dict[str, list[float]]:
    """Column -> values. A log that a change of columns has left ragged is read as far as the header goes."""
    columns: dict[str, list[float]] = {}
    with path.open() as file:
        for row in csv.DictReader(file):
            try:
                values = {k: float(v) for k, v in row.items() if k and v}
            except (TypeError, ValueError):
                continue
            for name, value in values.items():
                columns.setdefault(name, []).append(value)
    return columns


def plot(run: Path, out: Path) -> Path | None:
    """One small chart a column; columns that never change are left out."""
    charts = []
    for name, label in (("log.csv", "training"), ("held-out.csv", "held out")):
        if not (run / name).exists():
            continue
        columns = read(run / name)
        minutes = [s / 60 for s in columns.get("seconds", [])]
        for column, values in columns.items():
            if column not in ("step", "seconds") and len(values) == len(minutes) and len(set(values)) > 1:
                charts.append((f"{column} ({label})", minutes, values))
    if not charts:
        return None
    wide = min(3, len(charts))
    tall = -(-len(charts) // wide)
    figure, axes = plt.subplots(tall, wide, figsize=(4 * wide, 2.6 * tall), squeeze=False)
    for axis in axes.flat[len(charts) :]:
        axis.axis("off")
    for axis, (title, minutes, values) in zip(axes.flat, charts):
        axis.plot(minutes, values, linewidth=1.2, marker="." if len(values) < 30 else None)
        axis.set_title(title, fontsize=9)
        axis.set_xlabel("minutes", fontsize=8)
        axis.tick_params(labelsize=8)
        axis.grid(alpha=0.3)
    figure.tight_layout()
    path = out / f"{run.name}.png"
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--out", type=Path, default=Path("../docs/training-curves"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for stage in STAGES:
        print(plot(args.runs / stage, args.out) or f"{stage}: nothing to plot")


if __name__ == "__main__":
    main()
