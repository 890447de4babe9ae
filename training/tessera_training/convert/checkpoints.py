"""Reads a checkpoint's tensors without running anything that is in it, and checks each against the module it is for."""

import pickle
import zipfile
from pathlib import Path
from typing import TypeVar

import torch
import torch.nn as nn
from safetensors import SafetensorError
from safetensors.torch import load_file

from tessera_training.convert.errors import CheckpointError, shape
from tessera_training.convert.torchscript import is_torchscript, read_torchscript

State = dict[str, torch.Tensor]


def read_state(path: Path) -> State:
    """Name -> tensor, of a `torch.save`d state dict, bare or as {"model": …, "epoch": …}; a TorchScript archive; or
    .safetensors.

    @raises CheckpointError when the file is missing, cut off, or holds something else
    """
    if not path.is_file():
        received = "a folder" if path.is_dir() else "nothing: there is no such file"
        raise CheckpointError(path, f"expected a checkpoint file but received {received}")
    try:
        found = load_file(path) if path.suffix == ".safetensors" else read_torch(path)
    except CheckpointError:
        raise
    except (
        RuntimeError,
        SafetensorError,
        pickle.UnpicklingError,
        zipfile.BadZipFile,
        EOFError,
        OSError,
        KeyError,
        ValueError,
        AttributeError,
    ) as cause:
        first = str(cause).strip().split("\n")[0][:200]
        raise CheckpointError(
            path,
            f"expected a whole checkpoint but received {path.stat().st_size:,} bytes that cannot be read"
            f" (cut off, or of another kind): {first}",
        ) from cause
    state = found.get("model", found) if isinstance(found, dict) else found
    if not isinstance(state, dict) or not state or not all(isinstance(value, torch.Tensor) for value in state.values()):
        what = (
            f"a dict with {', '.join(map(str, list(state)[:5]))}"
            if isinstance(state, dict) and state
            else f"an empty or other {type(state).__name__}"
        )
        raise CheckpointError(
            path, f"expected a state dict (tensors by name, or such a dict under 'model') but received {what}"
        )
    return dict(state)


def read_torch(path: Path) -> object:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if is_torchscript(archive):
                return read_torchscript(archive)
    # weights_only: tensors and plain containers, no code. Mapped: what is not used is not read.
    return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))


def tensor_of(state: State, path: Path, name: str, dims: str) -> torch.Tensor:
    """One tensor that sizes are read from. `dims`: its shape in words, for the error, such as "[codes, width]"."""
    if name not in state:
        some = ", ".join(list(state)[:3])
        raise CheckpointError(
            path, f"expected a tensor {name} {dims} but it is missing (the file has {len(state)} tensors: {some}, …)"
        )
    tensor, wanted = state[name], dims.count(",") + 1
    if tensor.dim() != wanted:
        raise CheckpointError(path, f"expected {name} {dims} but received {shape(tensor.shape)}")
    return tensor


Network = TypeVar("Network", bound=nn.Module)


def fill(module: Network, state: State, path: Path) -> Network:
    """`module`, made on the meta device, with the tensors of `state` in float32.

    @raises CheckpointError naming the first tensor that is missing, left over, of another shape or kind, or not finite
    """
    wanted = module.state_dict()
    for name, expected in wanted.items():
        if name not in state:
            raise CheckpointError(path, f"expected a tensor {name} {shape(expected.shape)} but it is missing")
        received = state[name]
        if received.shape != expected.shape:
            raise CheckpointError(path, f"expected {name} {shape(expected.shape)} but received {shape(received.shape)}")
        if received.is_floating_point() != expected.is_floating_point():
            raise CheckpointError(path, f"expected {name} of {expected.dtype} but received {received.dtype}")
        if not received.isfinite().all():
            raise CheckpointError(
                path, f"expected finite numbers in {name} but received {int((~received.isfinite()).sum())} that are not"
            )
    for name, received in state.items():
        if name not in wanted:
            raise CheckpointError(path, f"expected no tensor {name} but received one {shape(received.shape)}")
    parts = {name: state[name].to(expected.dtype) for name, expected in wanted.items()}
    module.load_state_dict(parts, assign=True)
    return module.eval().requires_grad_(False)
