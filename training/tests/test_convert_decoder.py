"""The published decoder as a graph: how its weights are kept, and what it computes."""

import numpy as np
import onnxruntime as ort
import pytest
import torch
import torch.nn as nn
from onnx import numpy_helper

from tessera_training.convert.decoder_graph import ProductConv, build_decoder, example_tokens, multiply_on_the_grid
from tessera_training.convert.int8_conv import Range, convolve_in_8_bits, measure_ranges
from tessera_training.convert.random_checkpoints import TINY, awaken
from tessera_training.convert.vqgan import Vqgan, VqganConfig
from tessera_training.export.tower_graphs import trace


@pytest.fixture(scope="module")
def vqgan() -> Vqgan:
    return awaken(Vqgan(TINY.vqgan), 1)


@pytest.mark.parametrize("side", [1, 3])
@torch.inference_mode()
def test_a_product_is_the_convolution(side):
    torch.manual_seed(0)
    conv, maps = nn.Conv2d(5, 7, side, padding=side // 2), torch.randn(2, 5, 4, 6)
    assert torch.allclose(ProductConv(conv)(maps), conv(maps), atol=1e-5)


@torch.inference_mode()
def test_only_the_copy_multiplies_and_only_on_the_grid(vqgan):
    copy = multiply_on_the_grid(vqgan)
    tokens = torch.randint(0, 96, (2, 16), generator=torch.Generator().manual_seed(0))
    assert torch.allclose(copy.decode(tokens), vqgan.decode(tokens), atol=1e-4)
    assert not any(isinstance(part, ProductConv) for part in vqgan.modules())
    first_up = next(at for at, part in enumerate(copy.decoder.up) if type(part).__name__ == "Up")
    grid = [copy.decoder.quant_conv_in, copy.decoder.conv_in, copy.decoder.mid, *copy.decoder.up[:first_up]]
    assert not any(isinstance(part, nn.Conv2d) for module in grid for part in module.modules())
    assert not any(
        isinstance(part, ProductConv)
        for module in (copy.decoder.up[first_up:], copy.decoder.final)
        for part in module.modules()
    )


@torch.inference_mode()
def test_in_8_bits_matrices_and_kernels_stay_in_8_bits_and_pixels_stay_close(vqgan):
    model = build_decoder(vqgan, "int8")
    shapes = {tensor.name: numpy_helper.to_array(tensor).shape for tensor in model.graph.initializer}
    products = [node for node in model.graph.node if node.op_type == "MatMulNBits"]
    # Two in each of the four residual blocks on the grid, 3 x 3 x 64 wide; attention and others come on top.
    assert sum(shapes[node.input[1]] == (64, 9, 64) for node in products) == 8
    # Two in each of the two blocks of the two levels behind it.
    assert sum(node.op_type == "QLinearConv" for node in model.graph.node) == 8
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    tokens = torch.randint(0, 96, (4, 16), generator=torch.Generator().manual_seed(1))
    made = np.concatenate([session.run(None, {"image_tokens": row[None, :, None].numpy()})[0] for row in tokens])
    deviation = 255 * np.abs(made - vqgan.decode(tokens).numpy())
    assert 0.01 < deviation.mean() < 2  # not the float32 graph, and within the bound


def test_examples_reach_from_noise_to_one_colour():
    pictures = [tokens.reshape(4, 4) for tokens in example_tokens(TINY.vqgan)]
    assert [len(picture.unique()) > 1 for picture in pictures] == [True, True, False]
    assert (pictures[1][:2, :2] == pictures[1][0, 0]).all()
    odd = VqganConfig(codebook_size=96, image_size=48, multipliers=(1, 1, 1, 1, 1))
    assert [tokens.shape for tokens in example_tokens(odd)] == [(1, 9, 1)] * 2


@pytest.mark.parametrize("low, high", [(-0.28, 6.0), (-5.0, 5.0), (0.0, 0.0)])
def test_a_range_covers_what_it_saw_and_keeps_zero(low, high):
    seen = Range()
    seen.see(torch.tensor([low, high]))
    scale, zero = seen.scale_and_zero()
    values = np.array([low, 0.0, high])
    codes = np.clip(np.round(values / scale) + zero, 0, 255)
    assert np.abs((codes - zero) * scale - values).max() <= scale
    assert (codes[1] - zero) * scale == 0


@torch.inference_mode()
def test_a_convolution_in_8_bits_is_the_convolution_within_a_few_steps():
    torch.manual_seed(0)
    maps = torch.randn(3, 8, 6, 6)
    conv = nn.Conv2d(8, 4, 3, padding=1)
    conv.weight.mul_(torch.tensor([1.0, 3, 0.1, 0])[:, None, None, None])  # a scale for each; one has nothing to scale
    conv.bias[3] = 2
    net = nn.Sequential(conv, nn.Sigmoid())
    model = trace(net, {"x": maps[:2]}, "y", [(0,)])
    ranges = measure_ranges(net, {"0": conv}, maps.split(1))
    wanted = net(maps).numpy()
    session = ort.InferenceSession(
        convolve_in_8_bits(model, ranges).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    made = session.run(None, {"x": maps.numpy()})[0]
    step = float(ranges["0.weight"][1].scale_and_zero()[0])
    # A sigmoid is nowhere steeper than a quarter.
    assert np.abs(made - wanted).max() < 2 * step / 4
    assert [node.op_type for node in model.graph.node].count("Conv") == 0
    assert not conv._forward_hooks
