"""The files of a bundle's folder that bundle.json tells of."""

import hashlib
import json
from pathlib import Path

NOT_LISTED = ("bundle.json", "golden.json", "CARD.md")  # itself, what tests compare with, and what is rewritten later


def write_json(path: Path, value: object, indent: int | None = None) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=indent) + "\n", encoding="utf-8")


def checksums(folder: Path) -> dict[str, dict]:
    """Name -> bytes and sha256 of every file but those in NOT_LISTED."""
    listed = sorted(p for p in folder.iterdir() if p.is_file() and p.name not in NOT_LISTED)
    return {p.name: {"bytes": p.stat().st_size, "sha256": hashlib.sha256(p.read_bytes()).hexdigest()} for p in listed}
