"""The published decoder as a graph: how its weights are kept, and what it computes."""

import numpy as np
import onnxruntime as ort
import pytest
import torch
import torch.nn as nn
from onnx import numpy_helper

from convert.decoder_graph import ProductConv, build_decoder, multiply_on_the_grid
from convert.random_checkpoints import TINY, awaken
from convert.vqgan import Vqgan


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
    copy, tokens = multiply_on_the_grid(vqgan), torch.randint(0, 96, (2, 16), generator=torch.Generator().manual_seed(0))
    assert torch.allclose(copy.decode(tokens), vqgan.decode(tokens), atol=1e-4)
    assert not any(isinstance(part, ProductConv) for part in vqgan.modules())
    first_up = next(at for at, part in enumerate(copy.decoder.up) if type(part).__name__ == "Up")
    grid = [copy.decoder.quant_conv_in, copy.decoder.conv_in, copy.decoder.mid, *copy.decoder.up[:first_up]]
    assert not any(isinstance(part, nn.Conv2d) for module in grid for part in module.modules())
    assert not any(isinstance(part, ProductConv) for module in (copy.decoder.up[first_up:], copy.decoder.final) for part in module.modules())


@torch.inference_mode()
def test_in_8_bits_the_grids_matrices_stay_in_8_bits_and_pixels_stay_close(vqgan):
    model = build_decoder(vqgan, "int8")
    products = [node for node in model.graph.node if node.op_type == "MatMulNBits"]
    kernels = {tensor.name: numpy_helper.to_array(tensor).shape for tensor in model.graph.initializer}
    # Two in each of the four residual blocks on the grid, 3 x 3 x 64 wide; attention and others come on top.
    assert sum(kernels[node.input[1]] == (64, 9, 64) for node in products) == 8
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    tokens = torch.randint(0, 96, (4, 16), generator=torch.Generator().manual_seed(1))
    made = np.concatenate([session.run(None, {"image_tokens": row[None, :, None].numpy()})[0] for row in tokens])
    deviation = 255 * np.abs(made - vqgan.decode(tokens).numpy())
    assert 0.01 < deviation.mean() < 2  # not the float32 graph, and within the bound
