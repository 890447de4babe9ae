"""The graphs that run once a request or less, computed in float32:
CLIP's towers, the condition, the picture encoder."""

import numpy as np
import onnx
import torch
import torch.nn as nn
from onnx import TensorProto

from tessera_training.convert.clip_vit import ClipVit
from tessera_training.convert.gpt import Gpt
from tessera_training.convert.graph import BiasGraph
from tessera_training.convert.vqgan import Vqgan
from tessera_training.export.prior_graphs import array
from tessera_training.export.tower_graphs import trace

FLOAT = TensorProto.FLOAT


class Method(nn.Module):
    """A module's method as a module, which is what the exporter takes."""

    def __init__(self, owner: nn.Module, name: str):
        super().__init__()
        self.owner, self.name = owner, name

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return getattr(self.owner, self.name)(x)


class PictureEncoder(nn.Module):
    def __init__(self, vqgan: Vqgan):
        super().__init__()
        self.vqgan = vqgan

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.vqgan.encode(pixels)[..., None]


def build_text_encoder(clip: ClipVit) -> onnx.ModelProto:
    """input_ids [N, L] -> embedding [N, D]. There is no attention_mask: nothing looks at what follows the end token."""
    ids = torch.randint(1, clip.config.vocabulary, (2, 7))
    return trace(Method(clip, "embed_text"), {"input_ids": ids}, "embedding", [(0, 1)])


def build_image_encoder(clip: ClipVit) -> onnx.ModelProto:
    size = clip.config.image_size
    return trace(Method(clip, "embed_image"), {"pixels": torch.rand(2, 3, size, size)}, "embedding", [(0,)])


def build_encoder(vqgan: Vqgan) -> onnx.ModelProto:
    """Pixels in 0..1 -> image_tokens [N, P, 1]"""
    size = vqgan.config.image_size
    return trace(PictureEncoder(vqgan), {"pixels": torch.rand(2, 3, size, size)}, "image_tokens", [(0,)])


def build_condition(gpt: Gpt) -> onnx.ModelProto:
    """The projected embedding at position 0 and zeros behind it:
    later positions read tokens alone. [N, D] -> [N, P, W]"""
    config, g = gpt.config, BiasGraph("condition")
    weight, bias = map(array, (gpt.cond_proj.weight, gpt.cond_proj.bias))
    row = g.op("Unsqueeze", [g.affine("embedding", "cond_proj", weight, bias), g.constant("axis_1", np.array([1]))])
    g.op("Pad", [row, g.constant("zeros_behind", np.array([0, 0, 0, 0, config.positions - 1, 0]))], "condition")
    return g.model(
        {"embedding": (FLOAT, ["N", config.embedding_width])},
        {"condition": (FLOAT, ["N", config.positions, config.width])},
    )
