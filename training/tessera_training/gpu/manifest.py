"""One list of what is in the pack, with checksums: what a transfer lost is noticed before the clock runs."""

import hashlib
import json
from pathlib import Path

NAME = "manifest.json"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def write_manifest(folder: Path, notes: dict) -> dict:
    """Lists every file of `folder`; `notes` says what was measured while packing."""
    files = {
        p.name: {"bytes": p.stat().st_size, "sha256": sha256(p.read_bytes())}
        for p in sorted(folder.iterdir())
        if p.name != NAME
    }
    manifest = {"files": files, "notes": notes}
    (folder / NAME).write_text(json.dumps(manifest, indent=2))
    return manifest


def check_manifest(folder: Path) -> dict:
    """-> the manifest; raises ValueError where a file is missing or not as it was packed."""
    if not (folder / NAME).exists():
        raise ValueError(f"expected {NAME} in {folder}: run python -m tessera_training.gpu.pack")
    manifest = json.loads((folder / NAME).read_text())
    for name, wanted in manifest["files"].items():
        path = folder / name
        found = sha256(path.read_bytes()) if path.exists() else "no file"
        if found != wanted["sha256"]:
            raise ValueError(f"expected {path} with sha256 {wanted['sha256'][:12]} but received {found[:12]}")
    return manifest
