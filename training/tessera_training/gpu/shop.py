"""What the stages share: pictures on the device, the stream, and the folder for results."""

import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn

from tessera_training.common.pictures import Pictures
from tessera_training.gpu.clock import Log, Stage
from tessera_training.gpu.parts import read_parts, write_parts
from tessera_training.gpu.plan import Plan
from tessera_training.gpu.render import Renderer
from tessera_training.gpu.storage import pack_state, unpack_state
from tessera_training.gpu.stream import take
from tessera_training.gpu.teacher import FROZEN

LEFT_OUT = tuple(f"text.transformer.{name}" for name in FROZEN)
IN_BLOCKS = {
    "vqgan": ("decoder.",),
    "clip": ("",),
    "prior": ("",),
}  # names in eight bits; the encoder's tokens would move


class DevicePictures(Pictures):
    """`common.pictures.Pictures`, whose batches are on the device already."""

    def __init__(self, renderer: Renderer, records: list[dict], concepts: dict):
        self.renderer, self.records, self.concepts = renderer, records, concepts

    def batch(self, indices) -> torch.Tensor:
        return self.renderer.pictures(np.asarray(indices)).contiguous(memory_format=torch.channels_last)


@dataclass
class Shop:
    plan: Plan
    pack: Path
    out: Path
    seconds: float
    device: torch.device
    log: Log
    renderer: Renderer
    pictures: DevicePictures
    stream: Iterator[dict[str, np.ndarray]]
    run: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    def compose(self, count: int) -> tuple[torch.Tensor, dict[str, np.ndarray]]:
        """`count` rendered scenes [B, 4, H, W] (or a whole chunk where that is more), and their arrays"""
        arrays = take(self.stream, count, self.plan.rows)
        return self.renderer(arrays), arrays

    def stage(self, name: str, at: int, model: nn.Module, config: dict) -> Stage:
        write = lambda: self.write(name, model, config, is_finished=False)  # noqa: E731
        return Stage(
            name, self.plan.ends[at] * self.seconds, self.log, write, self.plan.write_every_s, self.plan.log_every_s
        )

    def write(self, name: str, model: nn.Module, config: dict, is_finished: bool) -> None:
        state = {key: value for key, value in model.state_dict().items() if key not in LEFT_OUT}
        write_parts(
            self.out, name, {"state": pack_state(state, IN_BLOCKS[name]), "config": config}, self.run, is_finished
        )

    def finish(self, name: str, model: nn.Module, config: dict) -> None:
        """Writes the stage and reads it back: what follows is trained with exactly the weights that travel."""
        self.write(name, model, config, is_finished=True)
        part = read_parts(self.out, name)
        assert part is not None  # it has just been written
        missing, unexpected = model.load_state_dict(unpack_state(part[1]["state"]), strict=False)
        if unexpected or not set(missing) <= set(LEFT_OUT):
            raise RuntimeError(
                f"expected the parts of {name} to fill it but {missing} are missing and {unexpected} unknown"
            )
        model.eval().requires_grad_(False)

    def held_out(self, *splits: str) -> np.ndarray:
        """At most `probe` held-out pictures, evenly from all."""
        found = self.pictures.indices(*splits)
        return found[:: max(1, len(found) // self.plan.probe)][: self.plan.probe]


def config_of(config) -> dict:
    """A config as a checkpoint keeps it."""
    return config.to_dict() if hasattr(config, "to_dict") else asdict(config)
