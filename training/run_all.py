"""Everything, from art packages to a measured bundle. Run it again and it goes on where it stopped.

    python run_all.py                # about three hours on two cores
    python run_all.py --scale 0.02   # a smoke run of every stage in a few minutes: the pictures will be mush

A stage whose result is there is not repeated; training stages look at their own checkpoints. `--from STAGE` starts
later.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
RUNS = HERE / "runs"


@dataclass(frozen=True)
class Stage:
    name: str
    command: Callable[[float], list[str]]  # scale of the training times -> what to run
    done: Path | None = None  # this file is the stage's result
    folder: Path = HERE


def python(module: str, *words: str) -> Callable[[float], list[str]]:
    return lambda scale: [sys.executable, "-m", f"tessera_training.{module}", *words]


def train(minutes: float, module: str) -> Callable[[float], list[str]]:
    return lambda scale: [*python(module)(scale), "--minutes", f"{minutes * scale:g}"]


def stages(out: Path) -> list[Stage]:
    render, features = HERE / "render", RUNS / "features"
    return [
        Stage(
            "packages",
            lambda _: ["npm", "ci", "--ignore-scripts"],
            render / "node_modules" / "emojibase-data" / "package.json",
            render,
        ),
        Stage("render", lambda _: ["node", "render.mjs", str(RUNS / "data")], RUNS / "data" / "pictures.jsonl", render),
        Stage("prepare", python("data.prepare"), RUNS / "data" / "records.json"),
        Stage("texts", python("stages.texts"), RUNS / "data" / "texts.f16.npy"),
        Stage("vqgan", train(30, "stages.vqgan")),
        Stage("clip", train(25, "stages.clip")),
        Stage("decoder", train(15, "stages.refine")),
        Stage("tokens", python("stages.tokens"), RUNS / "tokens" / "gap.npz"),
        Stage("prior", train(70, "stages.prior")),
        Stage("features", lambda _: ["npm", "pack", "nsfwjs@4.3.0"], features / "nsfwjs-4.3.0.tgz", features),
        Stage("evaluator", train(15, "evaluate.evaluator")),
        Stage("export", python("export", "--out", str(out))),
        Stage("memory", python("export.memory", "--bundle", str(out))),
        Stage("evaluate", python("evaluate", "--bundle", str(out))),
        Stage("card", python("export.card", "--bundle", str(out))),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE.parent / "models" / "emoji")
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies every training time")
    parser.add_argument("--from", dest="start", default="packages", choices=[s.name for s in stages(Path())])
    args = parser.parse_args()
    todo = stages(args.out.resolve())
    names = [stage.name for stage in todo]
    for stage in todo[names.index(args.start) :]:
        if stage.done and stage.done.exists():
            print(f"{stage.name}: done before")
            continue
        command = stage.command(args.scale)
        print(f"{stage.name}: {' '.join(command)}", flush=True)
        stage.folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(command, cwd=stage.folder, check=True)


if __name__ == "__main__":
    main()
