"""The prior's step and depth head as lean ONNX graphs (docs/bundle-format.md names the tensors)."""

import numpy as np
import onnx
import torch
from onnx import TensorProto

from export.graph import CONTRIB, Graph
from prior.model import Prior

INT64, FLOAT = TensorProto.INT64, TensorProto.FLOAT


def array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().float().numpy()


def build_step(prior: Prior, bits: int = 8, block: int = 32) -> onnx.ModelProto:
    """One position of all rows. Each row has its own position; the cache is written at that place and read up to it.

    `GroupQueryAttention` copies past to present unless both are the same buffer; then it writes one row only.
    """
    config = prior.config
    g = Graph("step", bits, block)
    axis = g.constant("axis_1", np.array([1]))
    cache_shape = (FLOAT, ["N", config.heads, config.positions, config.head_width])
    inputs = {"image_tokens": (INT64, ["N", config.groups]), "condition": (FLOAT, ["N", config.width]), "position": (INT64, ["N"])}
    outputs = {"hidden": (FLOAT, ["N", config.width]), "logits": (FLOAT, ["N", config.codebook_size])}

    # Token k of group g is row g * K + k of one table; its sum over the groups is the embedding.
    tables = [array(t.weight) for t in prior.tokens]
    offsets = np.arange(config.groups) * config.codebook_size
    rows = g.op("Add", ["image_tokens", g.constant("offsets", offsets)]) if config.groups > 1 else "image_tokens"
    picked = g.op("Gather", [g.half("tokens", np.concatenate(tables)), rows])
    embedded = g.op("ReduceSum", [picked, axis], keepdims=1)
    is_first = g.op("Equal", ["position", g.constant("zero", np.array(0))])
    is_first = g.op("Unsqueeze", [is_first, g.constant("axes_12", np.array([1, 2]))])
    residual = g.op("Where", [is_first, g.constant("start", array(prior.start)), embedded])
    here = g.op("Add", [g.op("Gather", [g.half("places", array(prior.places)), "position"]), "condition"])
    change = g.op("Unsqueeze", [here, axis])

    last_row = g.op("Cast", ["position"], to=TensorProto.INT32)
    total = g.constant("cache_length", np.array(config.positions, np.int32))
    for at, block_ in enumerate(prior.blocks):
        norm1, norm2 = (g.constant(f"{at}.{n}", array(getattr(block_, n))) for n in ("norm1", "norm2"))
        normed, residual = g.add_rms(residual, change, norm1)
        qkv = g.linear(normed, f"{at}.qkv", array(block_.qkv.weight))
        past, present = ([f"{when}_{kind}_{at}" for kind in ("key", "value")] for when in ("past", "present"))
        inputs |= dict.fromkeys(past, cache_shape)
        outputs |= dict.fromkeys(present, cache_shape)
        mixed = g.op(
            "GroupQueryAttention", [qkv, "", "", *past, last_row, total], [f"{at}.mixed", *present], CONTRIB,
            num_heads=config.heads, kv_num_heads=config.heads, scale=config.head_width**-0.5,
        )  # fmt: skip
        normed, residual = g.add_rms(residual, g.linear(mixed, f"{at}.out", array(block_.out.weight)), norm2)
        change = g.linear(g.gelu(g.linear(normed, f"{at}.up", array(block_.up.weight))), f"{at}.down", array(block_.down.weight))
    normed, _ = g.add_rms(residual, change, g.constant("norm", array(prior.norm)))
    g.op("Squeeze", [normed, axis], "hidden")
    g.linear("hidden", "head", array(prior.head.weight), "logits")
    return g.model(inputs, outputs)


def build_depth(prior: Prior, bits: int = 8, block: int = 32) -> onnx.ModelProto:
    """The second code of a position. image_tokens is [N, 1]: with two codes there is one drawn before."""
    config, depth = prior.config, prior.depth
    g = Graph("depth", bits, block)
    first = g.op("Squeeze", ["image_tokens", g.constant("axis_1", np.array([1]))])
    drawn = g.op("Gather", [g.half("codes", array(depth.codes.weight)), first])
    norm = g.constant("norm", array(depth.norm))
    normed, residual = g.add_rms("hidden", drawn, norm)
    change = g.linear(g.gelu(g.linear(normed, "up", array(depth.up.weight))), "down", array(depth.down.weight))
    normed, _ = g.add_rms(residual, change, norm)
    g.linear(normed, "head", array(depth.head.weight), "logits")
    inputs = {"hidden": (FLOAT, ["N", config.width]), "image_tokens": (INT64, ["N", 1])}
    return g.model(inputs, {"logits": (FLOAT, ["N", config.codebook_size])})
