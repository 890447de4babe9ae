"""The seven graphs of docs/bundle-format.md, built node by node for the random test bundles."""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tessera_training.export.tiny_shape import Shape

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


class Graph:
    """A list of nodes and constants; each call adds a node and returns its output's name."""

    def __init__(self, name: str) -> None:
        self.name, self.nodes, self.constants, self.inputs, self.outputs = name, [], {}, [], []

    def input(self, name: str, kind: int, dims: list) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, kind, dims))
        return name

    def output(self, name: str, source: str, kind: int, dims: list) -> None:
        """Renames the node output `source`; it must be written by this graph."""
        for node in self.nodes:
            for names in (node.input, node.output):
                for index, value in enumerate(names):
                    if value == source:
                        names[index] = name
        self.outputs.append(helper.make_tensor_value_info(name, kind, dims))

    def constant(self, value: np.ndarray) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = numpy_helper.from_array(np.array(value, order="C"), name)
        return name

    def ints(self, *values: int) -> str:
        return self.constant(np.array(values, dtype=np.int64))

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def scalar(self, value: float) -> str:
        return self.constant(np.array(value, dtype=np.float32))

    def reshape(self, value: str, *dims: int) -> str:
        return self.add("Reshape", value, self.ints(*dims))

    def norm(self, value: str, weights: dict, name: str) -> str:
        return self.add(
            "LayerNormalization",
            value,
            self.constant(weights[f"{name}.scale"]),
            self.constant(weights[f"{name}.bias"]),
            axis=-1,
            epsilon=1e-5,
        )

    def gelu(self, value: str) -> str:
        erf = self.add("Erf", self.add("Mul", value, self.scalar(2**-0.5)))
        return self.add("Mul", self.add("Mul", value, self.scalar(0.5)), self.add("Add", erf, self.scalar(1.0)))

    def unit(self, value: str) -> str:
        return self.add("LpNormalization", value, axis=-1, p=2)

    def model(self) -> onnx.ModelProto:
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, list(self.constants.values()))
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="tessera-tiny"
        )


def build_graphs(shape: Shape, weights: dict) -> dict[str, onnx.ModelProto]:
    graphs = {
        "text_encoder": text_encoder(shape, weights),
        "image_encoder": image_encoder(shape, weights),
        "condition": condition(shape, weights),
        "step": step(shape, weights),
        "decoder": decoder(shape, weights),
        "encoder": encoder(shape, weights),
    }
    if shape.codes_per_position > 1:
        graphs["depth"] = depth(shape, weights)
    return graphs


def text_encoder(shape: Shape, weights: dict) -> onnx.ModelProto:
    g = Graph("text_encoder")
    ids = g.input("input_ids", INT64, ["N", shape.context_length])
    mask = g.input("attention_mask", INT64, ["N", shape.context_length])
    rows = g.add("Gather", g.constant(weights["text.table"]), ids)
    weight = g.add("Unsqueeze", g.add("Cast", mask, to=FLOAT), g.ints(-1))
    total = g.add("ReduceSum", g.add("Mul", rows, weight), g.ints(1), keepdims=0)
    hidden = g.add("Tanh", g.add("MatMul", total, g.constant(weights["text.project"])))
    g.output("embedding", g.unit(hidden), FLOAT, ["N", shape.embedding_width])
    return g.model()


def image_encoder(shape: Shape, weights: dict) -> onnx.ModelProto:
    g = Graph("image_encoder")
    size = shape.image_size // 2
    pixels = g.input("pixels", FLOAT, ["N", 3, size, size])
    maps = g.add(
        "Tanh", g.add("Conv", pixels, g.constant(weights["image.kernel"]), strides=[4, 4], kernel_shape=[4, 4])
    )
    hidden = g.add("MatMul", g.add("Flatten", maps, axis=1), g.constant(weights["image.project"]))
    g.output("embedding", g.unit(hidden), FLOAT, ["N", shape.embedding_width])
    return g.model()


def condition(shape: Shape, weights: dict) -> onnx.ModelProto:
    g = Graph("condition")
    embedding = g.input("embedding", FLOAT, ["N", shape.embedding_width])
    mapped = g.gelu(g.add("MatMul", embedding, g.constant(weights["condition.map"])))
    spatial = g.add("MatMul", g.reshape(mapped, -1, shape.positions, 6), g.constant(weights["condition.out"]))
    result = g.add("Add", spatial, g.constant(weights["condition.position"]))
    g.output("condition", result, FLOAT, ["N", shape.positions, shape.width])
    return g.model()


def step(shape: Shape, weights: dict) -> onnx.ModelProto:
    g = Graph("step")
    heads, head_width, positions = shape.heads, shape.head_width, shape.positions
    tokens = g.input("image_tokens", INT64, ["N", shape.codes_per_position])
    given = g.input("condition", FLOAT, ["N", shape.width])
    position = g.input("position", INT64, ["N"])
    cache_dims = ["N", heads, positions, head_width]
    for layer in range(shape.layers):
        g.input(f"past_key_{layer}", FLOAT, cache_dims)
        g.input(f"past_value_{layer}", FLOAT, cache_dims)

    # The codes of the position before, added up; the start vector at position 0.
    table = g.constant(weights["codes"].reshape(-1, shape.width))
    offsets = g.constant(np.arange(shape.codes_per_position, dtype=np.int64) * shape.codebook_size)
    before = g.add("ReduceSum", g.add("Gather", table, g.add("Add", tokens, offsets)), g.ints(1), keepdims=0)
    column = g.add("Unsqueeze", position, g.ints(-1))
    is_first = g.add("Equal", column, g.ints(0))
    x = g.add("Where", is_first, g.constant(weights["start"]), before)
    x = g.add("Add", x, g.add("Gather", g.constant(weights["position"]), position))
    x = g.add("Add", x, given)

    row = g.reshape(position, -1, 1, 1, 1)
    for layer in range(shape.layers):
        normed = g.norm(x, weights, f"block{layer}.norm1")
        qkv = g.reshape(g.add("MatMul", normed, g.constant(weights[f"block{layer}.qkv"])), -1, 3, heads, 1, head_width)
        query, key, value = (
            g.add("Gather", qkv, g.constant(np.array(index, dtype=np.int64)), axis=1) for index in range(3)
        )
        query = g.add("Mul", query, g.scalar(head_width**-0.5))
        past = f"past_key_{layer}", f"past_value_{layer}"
        attend = attend_rows if shape.returns_rows else attend_cache
        mixed = attend(g, shape, layer, row, query, key, value, past)
        attended = g.add("MatMul", g.reshape(mixed, -1, shape.width), g.constant(weights[f"block{layer}.out"]))
        x = g.add("Add", x, attended)
        inner = g.gelu(
            g.add("MatMul", g.norm(x, weights, f"block{layer}.norm2"), g.constant(weights[f"block{layer}.up"]))
        )
        x = g.add("Add", x, g.add("MatMul", inner, g.constant(weights[f"block{layer}.down"])))

    hidden = g.norm(x, weights, "final")
    logits = g.add("MatMul", hidden, g.constant(weights["head"]))
    g.output("hidden", hidden, FLOAT, ["N", shape.width])
    g.output("logits", logits, FLOAT, ["N", shape.codebook_size])
    return g.model()


def attend_cache(g: Graph, shape: Shape, layer: int, row: str, query: str, key: str, value: str, past: tuple) -> str:
    """Writes row `position` of the cache, attends to rows 0..position and returns the whole cache."""
    heads, head_width, positions = shape.heads, shape.head_width, shape.positions
    every = g.constant(np.arange(positions, dtype=np.int64).reshape(1, 1, 1, positions))
    mask = g.add("Where", g.add("LessOrEqual", every, row), g.scalar(0.0), g.scalar(-1e9))
    count = g.add("Slice", g.add("Shape", row), g.ints(0), g.ints(1))
    target = g.add("Expand", row, g.add("Concat", count, g.ints(heads, 1, head_width), axis=0))
    keys = g.add("ScatterElements", past[0], target, key, axis=2)
    values = g.add("ScatterElements", past[1], target, value, axis=2)
    scores = g.add("Add", g.add("MatMul", query, g.add("Transpose", keys, perm=[0, 1, 3, 2])), mask)
    mixed = g.add("MatMul", g.add("Softmax", scores, axis=-1), values)
    for name, source in (("key", keys), ("value", values)):
        g.output(f"present_{name}_{layer}", source, FLOAT, ["N", heads, positions, head_width])
    return mixed


def attend_rows(g: Graph, shape: Shape, layer: int, row: str, query: str, key: str, value: str, past: tuple) -> str:
    """Attends to rows 0..position - 1 of the cache and to the new row, and returns the new row alone."""
    positions = shape.positions
    every = g.constant(np.arange(positions, dtype=np.int64).reshape(1, 1, 1, positions))
    mask = g.add("Where", g.add("Less", every, row), g.scalar(0.0), g.scalar(-1e9))
    before = g.add("Add", g.add("MatMul", query, g.add("Transpose", past[0], perm=[0, 1, 3, 2])), mask)
    own = g.add("ReduceSum", g.add("Mul", query, key), g.ints(3), keepdims=1)
    share = g.add("Softmax", g.add("Concat", before, own, axis=3), axis=-1)
    share_before = g.add("Slice", share, g.ints(0), g.ints(positions), g.ints(3))
    share_own = g.add("Slice", share, g.ints(positions), g.ints(positions + 1), g.ints(3))
    mixed = g.add("Add", g.add("MatMul", share_before, past[1]), g.add("Mul", share_own, value))
    for name, source in (("key", key), ("value", value)):
        flat = g.add("Squeeze", source, g.ints(2))
        g.output(f"new_{name}_{layer}", flat, FLOAT, ["N", shape.heads, shape.head_width])
    return mixed


def depth(shape: Shape, weights: dict) -> onnx.ModelProto:
    g = Graph("depth")
    hidden = g.input("hidden", FLOAT, ["N", shape.width])
    tokens = g.input("image_tokens", INT64, ["N", "g"])
    drawn = g.add("Gather", g.add("Shape", tokens), g.constant(np.array(1, dtype=np.int64)))
    order = g.add("Range", g.constant(np.array(0, dtype=np.int64)), drawn, g.constant(np.array(1, dtype=np.int64)))
    index = g.add("Add", tokens, g.add("Mul", order, g.constant(np.array(shape.codebook_size, dtype=np.int64))))
    codes = g.add("ReduceSum", g.add("Gather", g.constant(weights["depth.codes"]), index), g.ints(1), keepdims=0)
    mixed = g.gelu(g.add("MatMul", g.add("Add", hidden, codes), g.constant(weights["depth.hidden"])))
    logits = g.add("MatMul", mixed, g.constant(weights["depth.out"]))
    g.output("logits", logits, FLOAT, ["N", shape.codebook_size])
    return g.model()


def decoder(shape: Shape, weights: dict) -> onnx.ModelProto:
    g = Graph("decoder")
    tokens = g.input("image_tokens", INT64, ["N", shape.positions, shape.codes_per_position])
    table = g.constant(weights["decoder.codes"].reshape(-1, 12))
    offsets = g.constant(np.arange(shape.codes_per_position, dtype=np.int64) * shape.codebook_size)
    codes = g.add("ReduceSum", g.add("Gather", table, g.add("Add", tokens, offsets)), g.ints(2), keepdims=0)
    maps = g.add("Transpose", g.reshape(codes, -1, shape.grid, shape.grid, 12), perm=[0, 3, 1, 2])
    factor = shape.image_size // shape.grid
    scales = g.constant(np.array([1, 1, factor, factor], dtype=np.float32))
    large = g.add(
        "Resize", maps, "", scales, mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"
    )
    raw = g.add("Conv", large, g.constant(weights["decoder.kernel"]), pads=[1, 1, 1, 1], kernel_shape=[3, 3])
    pixels = g.add("Sigmoid", raw)
    if shape.channels == 4:
        colour = g.add("Slice", pixels, g.ints(0), g.ints(3), g.ints(1))
        alpha = g.add("Slice", pixels, g.ints(3), g.ints(4), g.ints(1))
        pixels = g.add("Concat", g.add("Mul", colour, alpha), alpha, axis=1)
    g.output("pixels", pixels, FLOAT, ["N", shape.channels, shape.image_size, shape.image_size])
    return g.model()


def encoder(shape: Shape, weights: dict) -> onnx.ModelProto:
    """Residual quantisation: each code is the nearest to what the codes before it left over."""
    g = Graph("encoder")
    size, patch = shape.image_size, shape.patch_size
    pixels = g.input("pixels", FLOAT, ["N", shape.channels, size, size])
    maps = g.add("Conv", pixels, g.constant(weights["encoder.kernel"]), strides=[patch] * 2, kernel_shape=[patch] * 2)
    rest = g.add("Transpose", g.reshape(maps, -1, 8, shape.positions), perm=[0, 2, 1])
    found = []
    for code in range(shape.codes_per_position):
        book = weights["encoder.codes"][code]
        score = g.add("Sub", g.add("MatMul", rest, g.constant(book.T)), g.constant((book**2).sum(1) / 2))
        best = g.add("ArgMax", score, axis=-1, keepdims=0)
        rest = g.add("Sub", rest, g.add("Gather", g.constant(book), best))
        found.append(g.add("Unsqueeze", best, g.ints(-1)))
    g.output("image_tokens", g.add("Concat", *found, axis=-1), INT64, ["N", shape.positions, shape.codes_per_position])
    return g.model()
