"""Paints prompts by the bot's own pipeline, so that the pictures are the PNG files that members get.

Each prompt has a folder of its own; what is in it was painted by the bundle, the seed and the count that its record
names. A run that was cut off goes on where it stopped, and one with another bundle paints anew.
"""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from tessera_training.common.paths import ROOT

RECORD = "painted.json"


class Imagine:
    """`tessera imagine`, with the bundle loaded once for any number of prompts (scripts/imagine-lines.mjs)."""

    def __init__(self, bundle: Path):
        self.bundle = bundle
        self.process: subprocess.Popen[str] | None = None

    def __call__(self, arguments: Sequence[str]) -> dict:
        """The report on imagine's arguments, the prompt first."""
        if self.process is None:
            command = ["node", "scripts/imagine-lines.mjs", str(self.bundle.resolve())]
            self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdin and self.process.stdout  # both are pipes
        self.process.stdin.write(json.dumps(list(arguments)) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        report = json.loads(line) if line else {"error": f"it ended with {self.process.wait()}"}
        if "error" in report:
            raise RuntimeError(f"Expected pictures of {arguments[0]!r} but the painter says: {report['error']}")
        return report


def fingerprint(bundle: Path) -> str:
    """Of its manifest, which holds the hash of every other file."""
    return hashlib.sha256((bundle / "bundle.json").read_bytes()).hexdigest()


@dataclass(frozen=True)
class CliPainter:
    bundle: Path
    out: Path
    seed: int
    count: int
    run: Callable[[Sequence[str]], dict] | None = None  # imagine's arguments -> its report

    @cached_property
    def imagine(self) -> Callable[[Sequence[str]], dict]:
        return self.run or Imagine(self.bundle)

    def folder(self, prompt: str) -> Path:
        """Named by a hash: prompts of emoji have no other name that every file system takes."""
        return self.out / hashlib.sha256(prompt.encode()).hexdigest()[:16]

    def wanted(self, prompt: str) -> dict:
        return {"prompt": prompt, "seed": self.seed, "count": self.count, "bundle": fingerprint(self.bundle)}

    def painted(self, prompt: str) -> list[Path] | None:
        """The PNG files, the one that CLIP likes best first; None where they are still to be painted."""
        record = self.folder(prompt) / RECORD
        if not record.exists():
            return None
        found = json.loads(record.read_text(encoding="utf-8"))
        files = [record.parent / name for name in found.pop("files")]
        return files if found == self.wanted(prompt) and all(file.exists() for file in files) else None

    def paint(self, prompt: str) -> list[Path]:
        if files := self.painted(prompt):
            return files
        folder = self.folder(prompt)
        shutil.rmtree(folder, ignore_errors=True)  # another bundle's
        folder.mkdir(parents=True)
        flags = {"--seed": self.seed, "--count": self.count, "--out": folder.resolve()}
        report = self.imagine([prompt, *(str(word) for flag in flags.items() for word in flag)])
        record = self.wanted(prompt) | {"files": [Path(image["path"]).name for image in report["images"]]}
        # Last and at once: a folder with a record is whole.
        temporary = folder / f"{RECORD}.new"
        temporary.write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
        temporary.replace(folder / RECORD)
        return [folder / name for name in record["files"]]

    def paint_all(self, prompts: Sequence[str]) -> list[list[Path]]:
        """The files of each prompt; paints what is missing and shows how far it is."""
        missing = [prompt for prompt in prompts if self.painted(prompt) is None]
        for prompt in tqdm(missing, desc=f"painting, {len(prompts) - len(missing)} were there", unit="prompt"):
            self.paint(prompt)
        return [self.paint(prompt) for prompt in prompts]


def read_picture(path: Path) -> np.ndarray:
    """PNG -> premultiplied RGBA float32 [4, H, W] in 0..1"""
    straight = np.asarray(Image.open(path).convert("RGBA"), np.float32) / 255
    return np.concatenate([straight[..., :3] * straight[..., 3:], straight[..., 3:]], -1).transpose(2, 0, 1)
