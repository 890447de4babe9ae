"""Tokens to pixels in 0..1, the published statistics and the clamp included."""

from collections.abc import Iterator
from copy import deepcopy

import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F

from tessera_training.convert.blocks import multiply_in_blocks
from tessera_training.convert.int8_conv import convolve_in_8_bits, measure_ranges
from tessera_training.convert.vqgan import Residual, Up, Vqgan, VqganConfig
from tessera_training.export.storage import shrink
from tessera_training.export.tower_graphs import trace


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
        shifted = torch.cat(
            [padded[:, :, down : down + height, right : right + width] for down in around for right in around], 1
        )
        return (
            F.linear(shifted.flatten(2).transpose(1, 2), self.weight, self.bias)
            .transpose(1, 2)
            .unflatten(2, (height, width))
        )


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


def plain_residual_convolutions(vqgan: Vqgan) -> dict[str, nn.Conv2d]:
    """Those behind the grid, by their names in a `Decoder`: what they take is normalised, what they give is added to a
    map that is kept in float32. So 8 bits do little harm in them; in all others they would double the error."""
    blocks = vqgan.decoder.named_modules(prefix="vqgan.decoder")
    parts = [
        (f"{name}.block.{at}", part)
        for name, block in blocks
        if isinstance(block, Residual)
        for at, part in enumerate(block.block)
    ]
    return {name: part for name, part in parts if isinstance(part, nn.Conv2d)}


def example_tokens(config: VqganConfig) -> Iterator[torch.Tensor]:
    """int64 [1, P, 1]: codes at random, from every place by itself to one code everywhere, as pictures have both."""
    generator = torch.Generator().manual_seed(0)
    patch = 1
    while patch <= config.grid:
        side = -(-config.grid // patch)
        codes = torch.randint(0, config.codebook_size, (side, side), generator=generator)
        whole = codes.repeat_interleave(patch, 0).repeat_interleave(patch, 1)
        yield whole[: config.grid, : config.grid].reshape(1, -1, 1)
        patch *= 2


def build_decoder(vqgan: Vqgan, storage: str = "float32") -> onnx.ModelProto:
    """`storage` of the weights: "float32", "float16" or "int8" (export/storage.py).

    int8 is more than storage: onnxruntime would expand kernels to float32 when it loads the graph, four times as large
    as the file and twice that while it does. On the grid convolutions become products (convert/blocks.py): two thirds
    of the weights, 6 % of the work. In the residual blocks behind it they are computed in 8 bits
    (convert/int8_conv.py): three quarters of the work. The few that are left are stored in float16.
    """
    if storage == "int8":
        vqgan = multiply_on_the_grid(vqgan)
    decoder, tokens = Decoder(vqgan), torch.randint(0, vqgan.config.codebook_size, (2, vqgan.config.positions, 1))
    model = trace(decoder, {"image_tokens": tokens}, "pixels", [(0,)])
    if storage != "int8":
        return shrink(model, storage)
    ranges = measure_ranges(decoder, plain_residual_convolutions(vqgan), example_tokens(vqgan.config))
    return shrink(convolve_in_8_bits(multiply_in_blocks(model), ranges), "int8", keep=("decoder.",))
