"""Weights in fewer bits, as bundles store them. Nothing but numpy is needed."""

import numpy as np


def quantise(weight: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """-> int8 codes and float32 scales that broadcast over them"""
    others = tuple(a for a in range(weight.ndim) if a != axis)
    scale = np.maximum(np.abs(weight).max(others, keepdims=True) / 127, 1e-12).astype(np.float32)
    return np.round(weight / scale).astype(np.int8), scale


def quantise_blocks(weight: np.ndarray, bits: int, block: int) -> tuple[np.ndarray, np.ndarray]:
    """[out, in] float -> codes uint8 [out, in / block, block * bits / 8], scales float32 [out, in / block].

    Symmetric, the zero at 2^(bits-1), as `MatMulNBits` expects without zero points. Of a few scales per block the one
    with the least squared error is kept (clipping one outlier is often worth it at four bits).
    """
    rows, columns = weight.shape
    if columns % block:
        raise ValueError(f"expected a width that is a multiple of {block} but received {columns}")
    blocks = weight.astype(np.float32).reshape(rows, columns // block, block)
    middle = 2 ** (bits - 1)
    # The code range is lopsided (-8..7): the extreme value takes the longer side.
    peak = np.take_along_axis(blocks, np.abs(blocks).argmax(-1, keepdims=True), -1)
    best, scales = np.full_like(peak, np.inf), np.ones_like(peak)
    for share in (1.0,) if bits == 8 else (1.0, 0.95, 0.9, 0.85, 0.8, -0.95, -0.875):
        scale = -peak / middle * share
        safe = np.where(scale == 0, 1, scale)
        codes = np.clip(np.round(blocks / safe), -middle, middle - 1)
        error = ((codes * safe - blocks) ** 2).sum(-1, keepdims=True)
        better = error < best
        best, scales = np.where(better, error, best), np.where(better, safe, scales)
    codes = (np.clip(np.round(blocks / scales), -middle, middle - 1) + middle).astype(np.uint8)
    if bits == 4:
        codes = codes[..., 0::2] | (codes[..., 1::2] << 4)
    return codes, scales[..., 0].astype(np.float32)
