"""The text teacher in eight bits: the student starts from some of its layers, and it reads the texts that are
distilled.

Carried whole because it is smaller than what it says: 23 MB, while its vectors of all texts take 86 MB in float16, and
the student's starting weights alone 34 MB.
"""

from pathlib import Path

import numpy as np
import torch

from tessera_training.common.quantise import quantise
from tessera_training.models.text import TextConfig, TextTransformer

FILE, TOKENIZER = "teacher.npz", "tokenizer.json"
FROZEN = ("words.weight", "positions.weight")  # of the student: they stay the teacher's, and need not travel back


def rounded(state: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """Matrices as int8 with a scale a row, everything else as it is."""
    out = {}
    for name, value in state.items():
        array = value.numpy().astype(np.float32)
        if array.ndim == 2:
            out[f"{name}.int8"], out[f"{name}.scale"] = quantise(array, 0)
        else:
            out[name] = array
    return out


def write_teacher(teacher: TextTransformer, heads: int, folder: Path) -> None:
    np.savez_compressed(folder / FILE, allow_pickle=False, heads=heads, **rounded(teacher.state_dict()))


def read_teacher(folder: Path) -> TextTransformer:
    stored = np.load(folder / FILE)
    state = {}
    for name in stored.files:
        if name.endswith(".int8"):
            stem = name.removesuffix(".int8")
            state[stem] = torch.from_numpy(stored[name].astype(np.float32) * stored[f"{stem}.scale"])
        elif not name.endswith(".scale") and name != "heads":
            state[name] = torch.from_numpy(stored[name])
    layers = 1 + max(int(name.split(".")[1]) for name in state if name.startswith("layers."))
    vocabulary, width = state["words.weight"].shape
    teacher = TextTransformer(TextConfig(vocabulary=vocabulary, width=width, heads=int(stored["heads"]), layers=layers))
    teacher.load_state_dict(state)
    return teacher.eval().requires_grad_(False)


def start_student(student: TextTransformer, teacher: TextTransformer) -> None:
    """The teacher's embeddings and layers evenly from the first to the last (of six for three: 0, 2 and 5)."""
    ours, theirs, state = len(student.layers), len(teacher.layers), teacher.state_dict()
    kept = {name: value for name, value in state.items() if not name.startswith("layers.")}
    for at in range(ours):
        source = round(at * (theirs - 1) / max(1, ours - 1))
        kept |= {
            name.replace(f"layers.{source}.", f"layers.{at}.", 1): value
            for name, value in state.items()
            if name.startswith(f"layers.{source}.")
        }
    student.load_state_dict(kept)
    for table in (student.words, student.positions):
        table.requires_grad_(False)
