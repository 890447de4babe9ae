"""Smaller files for the graphs that torch exports; they still compute in float32.

A matrix or kernel is stored as int8 with one scale per output channel (or as float16) and multiplied out by nodes that
onnxruntime folds once, when it loads the graph. A word table is never multiplied out: its rows are scaled as they are
looked up, so it stays small in memory too.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tessera_training.common.quantise import quantise

SMALLEST = 4096  # elements; below that there is nothing to save


def uses(graph: onnx.GraphProto) -> dict[str, list[tuple[onnx.NodeProto, int]]]:
    found = {}
    for node in graph.node:
        for at, name in enumerate(node.input):
            found.setdefault(name, []).append((node, at))
    return found


def output_axis(node: onnx.NodeProto, at: int) -> int | None:
    """The axis of a weight that has one scale an entry, or None if `node` does not use it as a weight."""
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    if node.op_type == "Conv" and at == 1:
        return 0
    if node.op_type == "MatMul" and at == 1:
        return 1
    if node.op_type == "Gemm" and at == 1:
        return 0 if attributes.get("transB", 0) else 1
    if node.op_type == "Gather" and at == 0 and attributes.get("axis", 0) == 0:
        return 0
    return None


def shrink(model: onnx.ModelProto, kind: str, keep: tuple[str, ...] = ()) -> onnx.ModelProto:
    """kind: "float32" (nothing is done), "float16" or "int8".
    Weights whose names contain one of `keep` go to float16."""
    if kind == "float32":
        return model
    graph, found = model.graph, uses(model.graph)
    before, kept = [], []
    for stored in graph.initializer:
        users = found.get(stored.name, [])
        axes = {output_axis(node, at) for node, at in users}
        axis = axes.pop() if len(axes) == 1 else None
        if stored.data_type != TensorProto.FLOAT or np.prod(stored.dims) < SMALLEST or axis is None:
            kept.append(stored)
            continue
        weight, name = numpy_helper.to_array(stored), stored.name
        if kind == "float16" or any(part in name for part in keep):
            kept.append(numpy_helper.from_array(weight.astype(np.float16), f"{name}.f16"))
            before.append(helper.make_node("Cast", [f"{name}.f16"], [name], to=TensorProto.FLOAT))
            continue
        codes, scale = quantise(weight, axis)
        kept += [numpy_helper.from_array(codes, f"{name}.int8"), numpy_helper.from_array(scale, f"{name}.scale")]
        if all(node.op_type == "Gather" for node, _ in users):
            for node, _ in users:
                at, rows = list(graph.node).index(node), node.input[1]
                out = node.output[0]
                scaled = [
                    helper.make_node("Gather", [f"{name}.int8", rows], [f"{out}.codes"], axis=0),
                    helper.make_node("Gather", [f"{name}.scale", rows], [f"{out}.scale"], axis=0),
                    helper.make_node("Cast", [f"{out}.codes"], [f"{out}.float"], to=TensorProto.FLOAT),
                    helper.make_node("Mul", [f"{out}.float", f"{out}.scale"], [out]),
                ]
                del graph.node[at]
                for offset, new in enumerate(scaled):
                    graph.node.insert(at + offset, new)
        else:
            before += [
                helper.make_node("Cast", [f"{name}.int8"], [f"{name}.float"], to=TensorProto.FLOAT),
                helper.make_node("Mul", [f"{name}.float", f"{name}.scale"], [name]),
            ]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    for new in reversed(before):
        graph.node.insert(0, new)
    return model
