"""One position of the published prior as a lean ONNX graph (docs/bundle-format.md names the tensors).

At this size a step is a matter of memory: it reads all weights and the whole cache once. So weights are kept in 8 or 4
bits, the cache is as long as the pipeline says (not as long as it may become), keys and values are read where they lie,
and only their new rows are given back. Measured with four rows at 4 bits: a step takes as long as copying its weights
takes, plus as long as reading its cache takes.
"""

import numpy as np
import onnx
from onnx import TensorProto

from tessera_training.convert.gpt import Gpt, GptConfig, Layer
from tessera_training.convert.graph import BiasGraph
from tessera_training.export.graph import CONTRIB
from tessera_training.export.prior_graphs import array

INT64, FLOAT = TensorProto.INT64, TensorProto.FLOAT


def build_step(gpt: Gpt, bits: int = 8, block: int = 64) -> onnx.ModelProto:
    """Position 0 reads the condition alone; a later one the token before it and the condition, which is zero there."""
    config = gpt.config
    g = BiasGraph("step", bits, block)
    inputs = {"image_tokens": (INT64, ["N", 1]), "condition": (FLOAT, ["N", config.width]), "position": (INT64, ["N"])}
    outputs = {"logits": (FLOAT, ["N", config.codebook_size])}
    cache_length = g.op("Shape", ["past_key_0"], "cache_length", start=2, end=3)
    mask = show_past(g, config, cache_length)
    past_and_self = g.op("Concat", [cache_length, g.constant("one", np.array([1]))], axis=0)

    (residual, change), change_bias = read_inputs(g, gpt), None
    for at, layer in enumerate(gpt.layers):
        past, new = ([f"{when}_{kind}_{at}" for kind in ("key", "value")] for when in ("past", "new"))
        inputs |= dict.fromkeys(past, (FLOAT, ["N", config.heads, "C", config.head_width]))
        outputs |= dict.fromkeys(new, (FLOAT, ["N", config.heads, config.head_width]))
        normed, residual = g.add_norm(
            residual, change, f"{at}.norm1", array(layer.norm1.weight), array(layer.norm1.bias), change_bias
        )
        mixed = attend(g, f"{at}", config, layer, normed, mask, past_and_self, past, new)
        change = g.affine(mixed, f"{at}.out_proj", array(layer.self_attn.out_proj.weight))
        change_bias = array(layer.self_attn.out_proj.bias)
        normed, residual = g.add_norm(
            residual, change, f"{at}.norm2", array(layer.norm2.weight), array(layer.norm2.bias), change_bias
        )
        wide = g.exact_gelu(g.affine(normed, f"{at}.linear1", array(layer.linear1.weight), array(layer.linear1.bias)))
        change, change_bias = g.affine(wide, f"{at}.linear2", array(layer.linear2.weight)), array(layer.linear2.bias)
    normed, _ = g.add_norm(residual, change, "norm", array(gpt.norm.weight), array(gpt.norm.bias), change_bias)
    g.affine(normed, "head", array(gpt.head.weight), array(gpt.head.bias), "logits")
    return g.model(inputs, outputs)


def read_inputs(g: BiasGraph, gpt: Gpt) -> tuple[str, str]:
    """-> two terms [N, W] that are added first thing"""
    axis = g.constant("axis_1", np.array([1]))
    embedded = g.rows_of("tok_emb", array(gpt.tok_emb.weight), g.op("Squeeze", ["image_tokens", axis]))
    is_first = g.op("Equal", [g.op("Unsqueeze", ["position", axis]), g.constant("zero", np.array(0))])
    x = g.op("Where", [is_first, g.constant("nothing", np.zeros(1, np.float32)), embedded])
    place = g.rows_of("pos_emb", array(gpt.pos_emb)[0], "position")
    return g.op("Add", [x, "condition"]), place


def show_past(g: BiasGraph, config: GptConfig, cache_length: str) -> str:
    """[N, 1, 1, C]: 0 where a row's cache is filled, so low elsewhere that the softmax gives exactly 0"""
    column = g.op("Unsqueeze", ["position", g.constant("axes_123", np.array([1, 2, 3]))])
    every = [
        g.constant("every_position", np.arange(config.positions)),
        g.constant("from_first", np.array([0])),
        cache_length,
    ]
    is_past = g.op("Less", [g.op("Slice", every), column])
    return g.op(
        "Where",
        [
            is_past,
            g.constant("shown", np.zeros(1, np.float32)),
            g.constant("hidden_from", np.full(1, -1e9, np.float32)),
        ],
    )


def attend(
    g: BiasGraph,
    name: str,
    config: GptConfig,
    layer: Layer,
    x: str,
    mask: str,
    past_and_self: str,
    past: list[str],
    new: list[str],
) -> str:
    """Attention of one new row to the `past` cache (as far as `mask` shows it) and to itself. [N, W] -> [N, W]"""
    heads, width, attention = config.heads, config.head_width, layer.self_attn
    weight, bias = array(attention.in_proj_weight).copy(), array(attention.in_proj_bias).copy()
    for part in (weight, bias):
        part[: config.width] *= width**-0.5  # the scores' scale rides in the queries
    split = g.op(
        "Reshape",
        [g.affine(x, f"{name}.in_proj", weight, bias), g.constant("to_heads", np.array([-1, 3 * heads, 1, width]))],
    )
    q, k, v = (f"{name}.{part}" for part in "qkv")
    g.op("Split", [split, g.constant("qkv_heads", np.array([heads] * 3))], [q, k, v], axis=1)
    for row, output in ((k, new[0]), (v, new[1])):
        g.op("Squeeze", [row, g.constant("axis_2", np.array([2]))], output)
    scores = [g.op("FusedMatMul", [q, keys], domain=CONTRIB, transB=1) for keys in (past[0], k)]
    shares = g.op("Softmax", [g.op("Concat", [g.op("Add", [scores[0], mask]), scores[1]], axis=3)], axis=-1)
    to_past, to_self = f"{name}.to_past", f"{name}.to_self"
    g.op("Split", [shares, past_and_self], [to_past, to_self], axis=3)
    mixed = g.op("Add", [g.op("MatMul", [to_past, past[1]]), g.op("Mul", [to_self, v])])
    return g.op("Reshape", [mixed, g.constant("from_heads", np.array([-1, config.width]))])
