"""A stage's weights in files small enough to travel, each with a header that tells whether it arrived whole.

<stage>.<n>.part    one line of JSON, then the bytes
"""

import io
import json
import os
import pickle
from pathlib import Path

import torch

from tessera_training.gpu.manifest import sha256

STAGES = ("vqgan", "clip", "prior")
LARGEST = 15 * 2**20  # bytes of a piece, its header included
HEADER = 2**10


def write_parts(folder: Path, stage: str, payload: dict, run: str, is_finished: bool) -> int:
    """Replaces the stage's parts -> bytes written.
    All are written beside their place before the first is moved there."""
    buffer = io.BytesIO()
    torch.save(payload, buffer)
    content, room = buffer.getvalue(), LARGEST - HEADER
    pieces = [content[at : at + room] for at in range(0, len(content), room)]
    common = {"stage": stage, "run": run, "finished": is_finished, "pieces": len(pieces), "whole": sha256(content)}
    names = [f"{stage}.{n}.part" for n in range(len(pieces))]
    for n, (name, piece) in enumerate(zip(names, pieces)):
        header = json.dumps(common | {"piece": n, "sha256": sha256(piece)}).encode()
        (folder / f"{name}.tmp").write_bytes(header + b"\n" + piece)
    for name in names:
        os.replace(folder / f"{name}.tmp", folder / name)
    for old in folder.glob(f"{stage}.*.part"):
        if old.name not in names:
            old.unlink()
    return len(content)


def read_piece(path: Path) -> tuple[dict, bytes]:
    line, _, piece = path.read_bytes().partition(b"\n")
    try:
        header = json.loads(line)
        wanted = header["sha256"]
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"expected {path.name} to begin with a header but received {line[:20]!r}") from None
    if sha256(piece) != wanted:
        raise ValueError(
            f"expected {path.name} with sha256 {wanted[:12]} but received {sha256(piece)[:12]}:"
            " it was damaged or cut off on the way"
        )
    return header, piece


def read_parts(folder: Path, stage: str) -> tuple[dict, dict] | None:
    """-> (header, payload), or None where there is no part of the stage;
    raises ValueError where one is damaged or missing."""
    found = sorted(folder.glob(f"{stage}.*.part"), key=lambda p: int(p.name.split(".")[1]))
    if not found:
        return None
    pieces = [read_piece(path) for path in found]
    header = pieces[0][0]
    numbers, wholes = [h["piece"] for h, _ in pieces], {h["whole"] for h, _ in pieces}
    if numbers != list(range(header["pieces"])) or len(wholes) > 1:
        raise ValueError(
            f"expected {header['pieces']} parts of one {stage} but received numbers {numbers} of {len(wholes)}"
        )
    try:
        return header, torch.load(
            io.BytesIO(b"".join(piece for _, piece in pieces)), map_location="cpu", weights_only=True
        )
    except (RuntimeError, pickle.UnpicklingError) as error:
        raise ValueError(f"expected weights in the parts of {stage} but received {error}") from None
