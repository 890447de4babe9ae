"""Runs exported graphs in onnxruntime."""

from pathlib import Path
from typing import cast

import numpy as np
import onnx
import onnxruntime as ort


class Session:
    """A graph, loaded: tensors by name in, tensors by name out."""

    def __init__(self, model: Path | onnx.ModelProto, threads: int, spins: bool = True):
        """`spins`: threads wait for work by asking again and again, which is faster where nothing else runs."""
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = threads, 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spins else "0")
        source = str(model) if isinstance(model, Path) else model.SerializeToString()
        self.session = ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        self.inputs = [i.name for i in self.session.get_inputs()]
        self.outputs = [o.name for o in self.session.get_outputs()]

    def __call__(self, **feeds: np.ndarray) -> dict[str, np.ndarray]:
        return dict(zip(self.outputs, cast(list[np.ndarray], self.session.run(self.outputs, feeds))))


class Steps:
    """A prior's step, position after position, with the caches that it reads (docs/bundle-format.md)."""

    def __init__(self, step: Session, shape: tuple[int, int, int, int]):
        """`shape` of each cache: rows, heads, positions, width of a head"""
        self.step, self.rows = step, shape[0]
        self.caches = {name: np.zeros(shape, np.float32) for name in step.inputs if name.startswith("past_")}

    def __call__(self, position: int, before: np.ndarray, condition: np.ndarray) -> dict[str, np.ndarray]:
        """`before`: codes of the position before [N, G]; `condition` of this one [N, W] -> hidden, logits, …"""
        out = self.step(
            image_tokens=before,
            condition=np.ascontiguousarray(condition),
            position=np.full(self.rows, position),
            **self.caches,
        )
        for name, cache in self.caches.items():
            new = out.get(name.replace("past_", "new_"))
            if new is None:
                self.caches[name] = out[name.replace("past_", "present_")]
            else:
                cache[:, :, position] = new
        return out
