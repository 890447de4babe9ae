"""The prior's step and depth head as lean ONNX graphs (docs/bundle-format.md names the tensors)."""

import numpy as np
import onnx
import torch
from onnx import TensorProto

from tessera_training.export.graph import Graph
from tessera_training.models.prior import Block, Prior, PriorConfig

INT64, FLOAT = TensorProto.INT64, TensorProto.FLOAT


def array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().float().numpy()


def build_step(prior: Prior, bits: int = 8, block: int = 64) -> onnx.ModelProto:
    """One position of all rows; each row has its own position. Returns the new rows of the caches, not the caches.

    onnxruntime-node copies every output, so handing whole caches back costs more than the transformer: of three ways
    (attention kernel over one shared buffer, the same with rows returned, plain nodes with rows returned) this is the
    fastest there. What lies beyond a row's position gets a weight of exactly zero.
    """
    config = prior.config
    g = Graph("step", bits, block)
    axis = g.constant("axis_1", np.array([1]))
    inputs = {
        "image_tokens": (INT64, ["N", config.codes_per_position]),
        "condition": (FLOAT, ["N", config.width]),
        "position": (INT64, ["N"]),
    }
    outputs = {"hidden": (FLOAT, ["N", config.width]), "logits": (FLOAT, ["N", config.codebook_size])}

    # Token k of code g is row g * K + k of one table; the sum over the codes is the embedding.
    tables = [array(t.weight) for t in prior.tokens]
    offsets = g.constant("offsets", np.arange(config.codes_per_position) * config.codebook_size)
    picked = g.op("Gather", [g.half("tokens", np.concatenate(tables)), g.op("Add", ["image_tokens", offsets])])
    embedded = g.op("ReduceSum", [picked, axis], keepdims=0)
    is_first = g.op("Equal", [g.op("Unsqueeze", ["position", axis]), g.constant("zero", np.array(0))])
    residual = g.op("Where", [is_first, g.constant("start", array(prior.start)), embedded])
    change = g.op("Add", [g.op("Gather", [g.half("places", array(prior.places)), "position"]), "condition"])

    column = g.op("Unsqueeze", ["position", g.constant("axes_123", np.array([1, 2, 3]))])
    is_past = g.op("Less", [g.constant("every_position", np.arange(config.positions)), column])
    mask = g.op(
        "Where",
        [
            is_past,
            g.constant("shown", np.zeros(1, np.float32)),
            g.constant("hidden_from", np.full(1, -1e9, np.float32)),
        ],
    )

    for at, layer in enumerate(prior.blocks):
        past, new = ([f"{when}_{kind}_{at}" for kind in ("key", "value")] for when in ("past", "new"))
        inputs |= dict.fromkeys(past, (FLOAT, ["N", config.heads, config.positions, config.head_width]))
        outputs |= dict.fromkeys(new, (FLOAT, ["N", config.heads, config.head_width]))
        norm1, norm2 = (g.constant(f"{at}.{n}", array(getattr(layer, n))) for n in ("norm1", "norm2"))
        normed, residual = g.add_rms(residual, change, norm1)
        mixed = attend(g, f"{at}", config, layer, normed, mask, past, new)
        normed, residual = g.add_rms(residual, g.linear(mixed, f"{at}.out", array(layer.out.weight)), norm2)
        change = g.linear(
            g.gelu(g.linear(normed, f"{at}.up", array(layer.up.weight))), f"{at}.down", array(layer.down.weight)
        )
    hidden, _ = g.add_rms(residual, change, g.constant("norm", array(prior.norm)), "hidden")
    g.linear(hidden, "head", array(prior.head.weight), "logits")
    return g.model(inputs, outputs)


def attend(
    g: Graph, name: str, config: PriorConfig, layer: Block, x: str, mask: str, past: list[str], new: list[str]
) -> str:
    """Attention of one new row to the `past` cache (as far as `mask` shows it) and to itself. [N, W] -> [N, W]"""
    heads, width = config.heads, config.head_width
    qkv = array(layer.qkv.weight)
    qkv = np.concatenate(
        [qkv[: config.width] * width**-0.5, qkv[config.width :]]
    )  # the scores' scale rides in the queries
    split = g.op(
        "Reshape", [g.linear(x, f"{name}.qkv", qkv), g.constant("to_heads", np.array([-1, 3 * heads, 1, width]))]
    )
    q, k, v = (f"{name}.{part}" for part in "qkv")
    g.op("Split", [split, g.constant("qkv_heads", np.array([heads] * 3))], [q, k, v], axis=1)
    for row, output in ((k, new[0]), (v, new[1])):
        g.op("Squeeze", [row, g.constant("axis_2", np.array([2]))], output)
    # onnxruntime turns each transpose and product into one node that reads the cache as it lies.
    scores = [g.op("MatMul", [q, g.op("Transpose", [keys], perm=[0, 1, 3, 2])]) for keys in (past[0], k)]
    shares = g.op("Softmax", [g.op("Concat", [g.op("Add", [scores[0], mask]), scores[1]], axis=3)], axis=-1)
    to_past, to_self = f"{name}.to_past", f"{name}.to_self"
    g.op("Split", [shares, g.constant("past_self", np.array([config.positions, 1]))], [to_past, to_self], axis=3)
    mixed = g.op("Add", [g.op("MatMul", [to_past, past[1]]), g.op("Mul", [to_self, v])])
    return g.op("Reshape", [mixed, g.constant("from_heads", np.array([-1, config.width]))])


def build_depth(prior: Prior, bits: int = 8, block: int = 64) -> onnx.ModelProto:
    """The second code of a position. image_tokens is [N, 1]: with two codes there is one drawn before."""
    config, depth = prior.config, prior.depth
    if depth is None or config.codes_per_position != 2:
        raise ValueError(
            "expected a prior with 2 codes a position for the depth graph but received"
            f" {config.codes_per_position}: export of more is not written yet"
        )
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
