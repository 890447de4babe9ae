"""Tokens to pixels in 0..1, the published statistics and the clamp included."""

from copy import deepcopy

import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F

from convert.blocks import multiply_in_blocks
from convert.vqgan import Up, Vqgan
from export.storage import shrink
from export.tower_graphs import trace


class Decoder(nn.Module):
    def __init__(self, vqgan: Vqgan):
        super().__init__()
        self.vqgan = vqgan

    def forward(self, image_tokens: torch.Tensor) -> torch.Tensor:
        return self.vqgan.decode(image_tokens[..., 0])


class ProductConv(nn.Module):
    """A convolution of 1 × 1 or 3 × 3 (with its border of zeros) as one product: a row for each place and the places
    around it, times a fixed matrix. The rows take nine times the room of the map: for small maps with many channels."""

    def __init__(self, conv: nn.Conv2d):
        super().__init__()
        self.side = conv.kernel_size[0]
        self.weight = nn.Parameter(conv.weight.detach().permute(0, 2, 3, 1).flatten(1))
        self.bias = conv.bias

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[B, in, h, w] -> [B, out, h, w]"""
        (height, width), around = x.shape[2:], range(self.side)
        padded = F.pad(x, [self.side // 2] * 4)
        shifted = torch.cat([padded[:, :, down : down + height, right : right + width] for down in around for right in around], 1)
        return F.linear(shifted.flatten(2).transpose(1, 2), self.weight, self.bias).transpose(1, 2).unflatten(2, (height, width))


def as_products(module: nn.Module) -> nn.Module:
    """The same network with a `ProductConv` in place of every convolution; changes `module` itself where it can."""
    if isinstance(module, nn.Conv2d):
        return ProductConv(module)
    for name, child in module.named_children():
        setattr(module, name, as_products(child))
    return module


def multiply_on_the_grid(vqgan: Vqgan) -> Vqgan:
    """A copy whose convolutions before the first enlargement are products."""
    vqgan = deepcopy(vqgan)
    decoder = vqgan.decoder
    for name in ("quant_conv_in", "conv_in", "mid"):
        setattr(decoder, name, as_products(getattr(decoder, name)))
    for at, part in enumerate(decoder.up):
        if isinstance(part, Up):
            break
        decoder.up[at] = as_products(part)
    return vqgan


def build_decoder(vqgan: Vqgan, storage: str = "float32") -> onnx.ModelProto:
    """`storage` of the weights: "float32", "float16" or "int8" (export/storage.py).

    In int8 the convolutions on the grid, which hold two thirds of the weights and do 6 % of the work, compute in 8 bits
    too (convert/blocks.py): just as fast, and onnxruntime would otherwise expand their weights to float32 when it loads
    the graph, four times as large as the file and twice that while it does (measured: 270 MB less for the full size).
    """
    tokens = torch.randint(0, vqgan.config.codebook_size, (2, vqgan.config.positions, 1))
    in_8_bits = storage == "int8"
    model = trace(Decoder(multiply_on_the_grid(vqgan) if in_8_bits else vqgan), {"image_tokens": tokens}, "pixels", [(0,)])
    return shrink(multiply_in_blocks(model) if in_8_bits else model, storage)
