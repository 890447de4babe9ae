"""Tokens to pixels in 0..1, the published statistics and the clamp included."""

import onnx
import torch
import torch.nn as nn

from convert.vqgan import Vqgan
from export.storage import shrink
from export.tower_graphs import trace


class Decoder(nn.Module):
    def __init__(self, vqgan: Vqgan):
        super().__init__()
        self.vqgan = vqgan

    def forward(self, image_tokens: torch.Tensor) -> torch.Tensor:
        return self.vqgan.decode(image_tokens[..., 0])


def build_decoder(vqgan: Vqgan, storage: str = "float32") -> onnx.ModelProto:
    """`storage` of the weights: "float32", "float16" or "int8" (export/storage.py)."""
    tokens = torch.randint(0, vqgan.config.codebook_size, (2, vqgan.config.positions, 1))
    return shrink(trace(Decoder(vqgan), {"image_tokens": tokens}, "pixels", [(0,)]), storage)
