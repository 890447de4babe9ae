"""What can be measured of the bot's own PNG files without a judge: counts, colours, copies, variety.

    python -m tessera_training.evaluate.compositions --bundle ../models/emoji --out runs/compositions

Counts and colours each stand beside real renderings of what was asked for, which say how far the measure can be
believed. Goes on where it stopped. Writes measures.json and, for eyes, nearest.png: painted pictures beside their
nearest ones.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from tessera_training.common.arguments import parser_of
from tessera_training.common.pictures import Pictures
from tessera_training.data.captions import plural
from tessera_training.data.compose import LAYOUTS, paste
from tessera_training.evaluate.cli_painter import CliPainter, read_picture
from tessera_training.evaluate.measures import count_objects, has_clear_corners, main_colour, pairwise, pixel_distance
from tessera_training.evaluate.naming_prompts import load_prompts
from tessera_training.evaluate.naming_score import share
from tessera_training.evaluate.nearest import nearest
from tessera_training.evaluate.prompts import COUNTABLE, coloured, tinted
from tessera_training.evaluate.sheets import labelled_sheet

NUMBERS = ("one", "two", "three", "four", "five", "six")
SIX = [(x, y, 0.36) for y in (0.3, 0.7) for x in (0.18, 0.5, 0.82)]


@dataclass(frozen=True)
class Counted:
    number: int
    label: str
    index: int  # of a real rendering of one such thing

    @property
    def prompt(self) -> str:
        return f"{NUMBERS[self.number - 1]} {self.label if self.number == 1 else plural(self.label)}"


def countable(pictures: Pictures) -> list[Counted]:
    """One to six of each countable thing whose real rendering the detector takes for one object."""
    out = []
    for concept in COUNTABLE:
        rows = [r["index"] for r in pictures.records if r["concept"] == concept]
        whole = next((i for i in rows if count_objects(pictures.batch([i])[0, 3].numpy()) == 1), None)
        if whole is not None:
            out += [Counted(number, pictures.concepts[concept]["label"], whole) for number in range(1, 7)]
    return out


def rendered(pictures: Pictures, counted: Counted) -> np.ndarray:
    """Real copies, as many as asked for: what the detector must count right. float32 [4, H, W]"""
    picture = pictures.batch([counted.index])[0]
    out = torch.zeros_like(picture)
    for x, y, edge in {1: [(0.5, 0.5, 1.0)], 6: SIX}.get(counted.number) or LAYOUTS[counted.number]:
        paste(out, picture, x, y, edge * 0.9)
    return out.numpy()


def count_rows(asked: list[Counted], painted: list[np.ndarray], pictures: Pictures) -> list[tuple[str, str, str]]:
    """(what, painted, real renderings) for each number and in all."""
    right = [count_objects(p[3]) == a.number for a, p in zip(asked, painted)]
    real = [count_objects(rendered(pictures, a)[3]) == a.number for a in asked]
    rows = []
    for number in range(1, 7):
        own = [row for row, a in enumerate(asked) if a.number == number]
        rows.append((f"{number} counted", share(right[r] for r in own), share(real[r] for r in own)))
    return [*rows, ("counted in all", share(right), share(real))]


def colour_rows(colours: list[str], painted: list[np.ndarray], real: list[np.ndarray]) -> list[tuple[str, str, str]]:
    """The colour asked for as the main one, no background behind the thing, and both."""
    columns = []
    for made in (painted, real):
        has = [main_colour(m) == colour for m, colour in zip(made, colours)]
        free = [has_clear_corners(m[3]) for m in made]
        columns.append([share(has), share(free), share(h and f for h, f in zip(has, free))])
    return list(zip(("has the colour", "stands free", "has the colour and stands free"), *columns))


def spread(distances: np.ndarray) -> dict[str, float]:
    return {
        name: round(float(np.quantile(distances, q)), 4)
        for name, q in (("smallest", 0), ("twentieth", 0.05), ("median", 0.5))
    }


def copies(files: list[tuple[str, Path]], pictures: Pictures, out: Path) -> tuple[list[tuple[str, str, str]], dict]:
    """How near the painted pictures come to training pictures,
    beside how near real pictures that trained nothing come."""
    training = pictures.indices("train")
    strangers = pictures.indices("pair", "concept")
    strangers = np.random.default_rng(11).permutation(strangers)[:200]
    painted = np.stack([read_picture(file) for _, file in files])
    distances, indices = nearest(painted, pictures, training)
    real, _ = nearest(pictures.batch(strangers).numpy(), pictures, training)
    made, held_out = spread(distances), spread(real)
    rows = [
        (f"RMS to the nearest training picture: {name}", f"{made[name]:.3f}", f"{held_out[name]:.3f}") for name in made
    ]
    order = np.argsort(distances)[:48]
    cells = [
        (f"{distances[r]:.3f} {files[r][0]}", np.stack([painted[r], pictures.batch([indices[r]])[0].numpy()]))
        for r in order
    ]
    labelled_sheet(cells, out / "nearest.png", 6)
    closest = [
        {
            "prompt": files[r][0],
            "file": files[r][1].name,
            "distance": round(float(distances[r]), 4),
            "training picture": int(indices[r]),
        }
        for r in order[:10]
    ]
    return rows, {"painted": made, "held out": held_out, "closest": closest}


def headlines(rows: list[tuple[str, ...]]) -> dict[str, float]:
    """The two shares that bundle.json tells, out of rows like ("counted in all", "64 of 66: 97 % (90 to 99)", …)."""
    said = {row[0]: row[1] for row in rows}
    out = {}
    for name, label in (("counted", "counted in all"), ("coloured", "has the colour and stands free")):
        hits, count = said[label].split(":")[0].split(" of ")
        out[name] = int(hits) / int(count)
    return out


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--bundle", type=Path, default=Path("../models/emoji"))
    parser.add_argument("--data", type=Path, default=Path("runs/data"))
    parser.add_argument("--out", type=Path, default=Path("runs/compositions"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--colours", type=int, default=48, help="prompts with a kept-back colour")
    parser.add_argument("--things", type=int, default=40, help="single prompts of the naming test")
    parser.add_argument("--limit", type=int, help="only so many prompts of each kind, to try the tool")
    args = parser.parse_args()
    pictures = Pictures(args.data)
    counts, tints = countable(pictures)[: args.limit], coloured(pictures, args.colours)[: args.limit]
    singles = [p.prompt for p in load_prompts("main") if p.kind == "single"]
    things = singles[:: max(1, len(singles) // args.things)][
        : args.limit
    ]  # some of all: they are in order of their subject

    # One painter for everything: the first of the four pictures, CLIP's favourite, is the one that is counted.
    painter = CliPainter(args.bundle, args.out / "pictures", args.seed, 4)
    prompts = [*(c.prompt for c in counts), *(t.prompt for t in tints), *things]
    files = dict(zip(prompts, painter.paint_all(prompts)))
    favourite = {prompt: read_picture(four[0]) for prompt, four in files.items()}

    rows = count_rows(counts, [favourite[c.prompt] for c in counts], pictures)
    rows += colour_rows(
        [t.colour for t in tints], [favourite[t.prompt] for t in tints], list(tinted(pictures, tints).numpy())
    )
    near, copied = copies([(prompt, file) for prompt, four in files.items() for file in four], pictures, args.out)
    varied = {
        name: pairwise((np.stack([read_picture(f) for f in files[p]]) for p in asked), pixel_distance)
        for name, asked in (("things", things), ("all prompts", list(files)))
    }
    rows += near + [
        (f"RMS between the four pictures of a prompt: {name}", f"{value:.3f}", "–") for name, value in varied.items()
    ]
    table = "\n".join(["| | painted | real pictures |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)])
    (args.out / "measures.json").write_text(
        json.dumps(
            headlines(rows) | {"table": rows, "nearest": copied, "difference": varied}, ensure_ascii=False, indent=1
        ),
        encoding="utf-8",
    )
    print(f"{table}\n\nShares with 95 % intervals after Wilson. Sheet: {args.out / 'nearest.png'}")


if __name__ == "__main__":
    main()
