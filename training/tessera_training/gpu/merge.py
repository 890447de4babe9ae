"""Puts what came back from a GPU into the runs that training and export go on from.

    python -m tessera_training.gpu.merge DIR --out runs

Finished stages only, all of one run; checkpoints that are there already are kept beside the new ones.
"""

from pathlib import Path

import torch

from tessera_training.common.arguments import parser_of
from tessera_training.common.run import save_atomically
from tessera_training.gpu.parts import STAGES, read_parts
from tessera_training.gpu.shop import LEFT_OUT
from tessera_training.gpu.storage import unpack_state
from tessera_training.gpu.teacher import read_teacher
from tessera_training.models.load import load_clip, load_prior, load_vqgan

LOADERS = {"vqgan": load_vqgan, "clip": load_clip, "prior": load_prior}
STALE = ("decoder", "tokens")  # made with another VQGAN


def set_aside(path: Path) -> None:
    """Renames what is there: it may be all that is left of an earlier training."""
    if not path.exists():
        return
    n = 0
    while (kept := path.with_name(f"{path.stem}-before-gpu-{n}{path.suffix}")).exists():
        n += 1
    path.rename(kept)
    print(f"{path} is now {kept}")


def merge(parts: Path, out: Path, pack: Path, with_unfinished: bool = False) -> list[str]:
    """-> the stages that were put in place. Nothing is written before every part has been checked."""
    found = {stage: part for stage in STAGES if (part := read_parts(parts, stage)) is not None}
    runs = {header["run"] for header, _ in found.values()}
    if len(runs) > 1:
        raise ValueError(f"expected the parts of one run but received those of {len(runs)}")
    taken = {stage: part for stage, part in found.items() if part[0]["finished"] or with_unfinished}
    if not taken:
        raise ValueError(f"expected a finished stage in {parts} but received {', '.join(found) or 'no parts'}")
    states = {stage: unpack_state(payload["state"]) for stage, (_, payload) in taken.items()}
    if "clip" in states:  # its word table never moved, and did not travel
        frozen = read_teacher(pack).state_dict()
        states["clip"] |= {name: frozen[name.removeprefix("text.transformer.")] for name in LEFT_OUT}
    for stage in (*STALE, *(f"{stage}/checkpoint.pt" for stage in taken)):
        set_aside(out / stage)
    for stage, state in states.items():
        (out / stage).mkdir(parents=True, exist_ok=True)
        save_atomically(
            {"state": {"model": state}, "config": taken[stage][1]["config"], "step": 0, "seconds": 0.0},
            out / stage / "checkpoint.pt",
        )
        parameters = sum(p.numel() for p in LOADERS[stage](out / stage).parameters())
        print(f"{out / stage / 'checkpoint.pt'}: {parameters / 1e6:.1f} M parameters")
    return list(taken)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("parts", type=Path)
    parser.add_argument("--out", type=Path, default=Path("runs"))
    parser.add_argument(
        "--pack", type=Path, default=Path("gpu-pack"), help="the one that was sent: it has CLIP's word table"
    )
    parser.add_argument("--unfinished", action="store_true", help="a stage that was stopped halfway, too")
    args = parser.parse_args()
    torch.set_num_threads(1)
    try:
        taken = merge(args.parts, args.out, args.pack, args.unfinished)
    except ValueError as error:
        raise SystemExit(str(error)) from None
    missing = [stage for stage in STAGES if stage not in taken]
    if missing:
        print(f"not there or not finished: {', '.join(missing)}")


if __name__ == "__main__":
    main()
