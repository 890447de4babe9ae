"""Checkpoints small enough for the repository, so that training goes on wherever it is cloned.

    python -m tessera_training.common.compact pack runs/vqgan-residual   # -> checkpoints/vqgan-residual.pt
    python -m tessera_training.common.compact unpack   # checkpoints/*.pt -> runs/*/checkpoint.pt, where none is there

Half the bits and no optimiser: momentum is built anew within some twenty steps.
"""

from pathlib import Path

import torch

from tessera_training.common.arguments import parser_of
from tessera_training.common.paths import TRAINING
from tessera_training.common.run import load_checkpoint, save_atomically

CHECKPOINTS = TRAINING / "checkpoints"


def cast(state: dict, kind: torch.dtype) -> dict:
    return {name: value.to(kind) if value.is_floating_point() else value for name, value in state.items()}


def pack(run: Path, folder: Path = CHECKPOINTS) -> Path:
    """A run's folder -> one file named after it."""
    checkpoint = load_checkpoint(run / "checkpoint.pt")
    state = {"model": cast(checkpoint["state"]["model"], torch.float16)}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{run.name}.pt"
    save_atomically(checkpoint | {"state": state}, path)
    return path


def unpack(runs: Path, folder: Path = CHECKPOINTS) -> list[Path]:
    """Every packed checkpoint -> its run's folder; what is there already stays."""
    made = []
    for packed in sorted(folder.glob("*.pt")):
        path = runs / packed.stem / "checkpoint.pt"
        if path.exists():
            continue
        checkpoint = load_checkpoint(packed)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_atomically(
            checkpoint | {"state": {name: cast(part, torch.float32) for name, part in checkpoint["state"].items()}},
            path,
        )
        made.append(path)
    return made


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("command", choices=["pack", "unpack"])
    parser.add_argument(
        "runs", type=Path, nargs="*", help="pack: the runs' folders; unpack: where the runs are (default runs)"
    )
    args = parser.parse_args()
    if args.command == "pack":
        for run in args.runs:
            path = pack(run)
            print(f"{path} {path.stat().st_size / 1e6:.1f} MB")
    else:
        for path in unpack(args.runs[0] if args.runs else Path("runs")):
            print(f"wrote {path}")


if __name__ == "__main__":
    main()
