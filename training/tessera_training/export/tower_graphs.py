"""The graphs that run once a request, through torch's exporter: towers, condition, decoder, encoder."""

import logging
import warnings
from collections.abc import Sequence

import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F

from tessera_training.models.clip import Clip
from tessera_training.models.prior import Prior
from tessera_training.models.vqgan import Vqgan

OPSET = 20
logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it reports that torchvision's operators are missing


class TextEncoder(nn.Module):
    def __init__(self, clip: Clip):
        super().__init__()
        self.text = clip.text

    def forward(self, input_ids, attention_mask):
        return self.text(input_ids, attention_mask)[0]


class Decoder(nn.Module):
    """Tokens to pixels. The codebooks are one table, so that the look-up is one node."""

    table: torch.Tensor
    offsets: torch.Tensor

    def __init__(self, vqgan: Vqgan):
        super().__init__()
        self.vqgan, config = vqgan, vqgan.config
        self.register_buffer("table", vqgan.codebook.codes.flatten(0, 1).clone())
        self.register_buffer("offsets", torch.arange(config.codes_per_position) * config.codebook_size)

    def forward(self, image_tokens):
        codes = F.embedding(image_tokens + self.offsets, self.table)
        codes = codes.sum(2) if self.vqgan.config.residual else codes.flatten(2)
        x = self.vqgan.decode_codes(codes).clamp(0, 1)
        if self.vqgan.config.channels < 4:
            return x
        return torch.cat([torch.minimum(x[:, :3], x[:, 3:4]), x[:, 3:4]], 1)


class Encoder(nn.Module):
    def __init__(self, vqgan: Vqgan):
        super().__init__()
        self.vqgan = vqgan

    def forward(self, pixels):
        return self.vqgan.encode(pixels)


def trace(
    module: nn.Module, inputs: dict[str, torch.Tensor], output: str, free: Sequence[tuple[int, ...]]
) -> onnx.ModelProto:
    """`free`: for each input, the axes that may have any length."""
    dynamic = tuple({axis: torch.export.Dim.DYNAMIC for axis in axes} for axes in free)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module.eval(), tuple(inputs.values()), dynamo=True, opset_version=OPSET, verbose=False, external_data=False,
            dynamic_shapes=dynamic, input_names=list(inputs), output_names=["the_output"],
        )  # fmt: skip
    assert program is not None  # with dynamo there always is one
    model = program.model_proto
    # The exporter names values after functions ("embedding"), which may be what the output is to be called.
    rename(model.graph, output, f"{output}_inside")
    rename(model.graph, "the_output", output)
    for node in model.graph.node:  # the exporter's notes on where each node came from are larger than the graph
        del node.metadata_props[:]
        node.doc_string = ""
    del model.graph.value_info[:], model.metadata_props[:], model.graph.metadata_props[:]
    return model


def rename(graph: onnx.GraphProto, old: str, new: str) -> None:
    for node in graph.node:
        for names in (node.input, node.output):
            for at, name in enumerate(names):
                if name == old:
                    names[at] = new
    for info in graph.output:
        if info.name == old:
            info.name = new


def build_text_encoder(clip: Clip) -> onnx.ModelProto:
    ids = torch.randint(1, clip.config.text.vocabulary, (2, 7))
    axes = (0, 1)
    return trace(
        TextEncoder(clip), {"input_ids": ids, "attention_mask": torch.ones_like(ids)}, "embedding", [axes, axes]
    )


def build_image_encoder(clip: Clip) -> onnx.ModelProto:
    size = clip.config.image.image_size
    return trace(clip.image, {"pixels": torch.rand(2, 3, size, size)}, "embedding", [(0,)])


def build_condition(prior: Prior) -> onnx.ModelProto:
    return trace(prior.condition, {"embedding": torch.randn(2, prior.config.embedding_width)}, "condition", [(0,)])


def build_decoder(vqgan: Vqgan) -> onnx.ModelProto:
    config = vqgan.config
    tokens = torch.randint(0, config.codebook_size, (2, config.positions, config.codes_per_position))
    return trace(Decoder(vqgan), {"image_tokens": tokens}, "pixels", [(0,)])


def build_encoder(vqgan: Vqgan) -> onnx.ModelProto:
    config = vqgan.config
    pixels = torch.rand(2, config.channels, config.image_size, config.image_size)
    return trace(Encoder(vqgan), {"pixels": pixels}, "image_tokens", [(0,)])
