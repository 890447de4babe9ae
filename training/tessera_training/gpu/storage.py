"""Weights as they travel back: what is quantised in the bundle anyway in eight bits, the rest in sixteen.

The blocks are those of the exported step (common/quantise.py), so quantising them there once more changes nothing.
"""

import numpy as np
import torch

from tessera_training.common.quantise import quantise_blocks

BLOCK, SMALLEST = 64, 4096  # weights that share a scale; smaller tensors stay in sixteen bits


def pack_state(state: dict[str, torch.Tensor], in_blocks: tuple[str, ...]) -> dict:
    """Matrices and kernels whose names begin with one of `in_blocks` as {codes, scales, shape},
    other weights in float16, whole numbers as they are."""
    packed = {}
    for name, value in state.items():
        value = value.detach().cpu()
        wide = value.numel() // len(value) if value.ndim > 1 else 0
        if name.startswith(in_blocks) and wide and value.numel() >= SMALLEST and wide % BLOCK == 0:
            codes, scales = quantise_blocks(value.float().reshape(len(value), -1).numpy(), 8, BLOCK)
            packed[name] = {
                "codes": torch.from_numpy(codes),
                "scales": torch.from_numpy(scales.astype(np.float16)),
                "shape": list(value.shape),
            }
        else:
            packed[name] = value.half() if value.is_floating_point() else value
    return packed


def unpack_state(packed: dict) -> dict[str, torch.Tensor]:
    state = {}
    for name, value in packed.items():
        if isinstance(value, dict):
            value = ((value["codes"].float() - 128) * value["scales"].float()[..., None]).reshape(value["shape"])
        state[name] = value.float() if value.is_floating_point() else value
    return state
