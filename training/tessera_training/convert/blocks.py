"""Products with a fixed matrix, computed in 8 bits: the matrix stays as small in memory as it is in the file."""

import numpy as np
import onnx
from onnx import helper, numpy_helper

from tessera_training.export.graph import CONTRIB, block_product
from tessera_training.export.storage import SMALLEST

BLOCK = 64


def matrix_of(node: onnx.NodeProto, stored: dict[str, onnx.TensorProto]) -> np.ndarray | None:
    """The matrix [out, in] that `node` multiplies its first input by, or None if this is no such node."""
    if node.op_type not in ("MatMul", "Gemm") or node.input[1] not in stored:
        return None
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    if attributes.get("transA", 0) or attributes.get("alpha", 1) != 1 or attributes.get("beta", 1) != 1:
        return None
    weight = numpy_helper.to_array(stored[node.input[1]])
    if weight.ndim != 2 or weight.size < SMALLEST:
        return None
    weight = weight if attributes.get("transB", 0) else weight.T
    return weight if weight.shape[1] % BLOCK == 0 else None


def drop_unused_weights(graph: onnx.GraphProto) -> None:
    """After nodes were replaced: what only the old ones read goes."""
    used = {name for node in graph.node for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def multiply_in_blocks(model: onnx.ModelProto) -> onnx.ModelProto:
    """Replaces each product by onnxruntime's `MatMulNBits` with 8 bits; inputs are quantised block by block, too, each
    row by itself. export.storage.shrink afterwards takes what is left: kernels and word tables."""
    graph = model.graph
    stored = {tensor.name: tensor for tensor in graph.initializer}
    for at, node in enumerate(list(graph.node)):
        weight = matrix_of(node, stored)
        if weight is None:
            continue
        codes, scales, sizes = block_product(weight, 8, BLOCK)
        names = [f"{node.output[0]}.codes", f"{node.output[0]}.scales"]
        graph.initializer.extend(numpy_helper.from_array(value, name) for value, name in zip((codes, scales), names))
        bias = ["", "", node.input[2]] if len(node.input) > 2 else []
        new = helper.make_node(
            "MatMulNBits", [node.input[0], *names, *bias], list(node.output), node.name, domain=CONTRIB, **sizes
        )
        graph.node[at].CopyFrom(new)
    drop_unused_weights(graph)
    if all(entry.domain != CONTRIB for entry in model.opset_import):
        model.opset_import.append(helper.make_opsetid(CONTRIB, 1))
    return model
