"""A small builder for the two graphs that run once a position, where every node counts.

The heavy nodes are onnxruntime's own: block-quantised matrices (`MatMulNBits`) and the RMS norm with the residual added
(`SkipSimplifiedLayerNormalization`).
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tessera_training.common.quantise import quantise_blocks

OPSET = 21
CONTRIB = "com.microsoft"


def block_product(weight: np.ndarray, bits: int, block: int) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """[out, in] float -> codes, flat scales and attributes of the `MatMulNBits` that multiplies by it.

    accuracy_level 4: activations are quantised too, block by block of a row, so rows never mix.
    """
    codes, scales = quantise_blocks(weight, bits, block)
    sizes = {"K": weight.shape[1], "N": weight.shape[0], "bits": bits, "block_size": block, "accuracy_level": 4}
    return codes, scales.reshape(-1), sizes


@dataclass
class Graph:
    """Collects nodes and initialisers; each method adds one operation and returns the name of its output."""

    name: str
    bits: int = 32  # of the matrices: 32, 8 or 4
    block: int = 32
    nodes: list = field(default_factory=list)
    initialisers: dict = field(default_factory=dict)

    def constant(self, name: str, value: np.ndarray) -> str:
        self.initialisers[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def op(
        self, kind: str, inputs: list[str], outputs: str | list[str] | None = None, domain: str = "", **attributes
    ) -> str:
        outputs = [outputs] if isinstance(outputs, str) else outputs or [f"{kind.lower()}_{len(self.nodes)}"]
        self.nodes.append(
            helper.make_node(kind, inputs, outputs, name=f"{kind}_{len(self.nodes)}", domain=domain, **attributes)
        )
        return outputs[0]

    def half(self, name: str, value: np.ndarray) -> str:
        """Stored in 16 bits; onnxruntime folds the cast away when it loads the graph."""
        if self.bits == 32:
            return self.constant(name, value.astype(np.float32))
        stored = self.constant(f"{name}.f16", value.astype(np.float16))
        return self.op("Cast", [stored], name, to=TensorProto.FLOAT)

    def linear(self, x: str, name: str, weight: np.ndarray, output: str | None = None, bits: int | None = None) -> str:
        """x [..., in] times weight [out, in], as `torch.nn.Linear` without bias."""
        bits = bits or self.bits
        if bits == 32:
            return self.op("MatMul", [x, self.constant(name, weight.T.astype(np.float32))], output)
        codes, scales, sizes = block_product(weight, bits, self.block)
        stored = [self.constant(f"{name}.codes", codes), self.constant(f"{name}.scales", scales)]
        return self.op("MatMulNBits", [x, *stored], output, CONTRIB, **sizes)

    def add_rms(self, x: str, y: str, scale: str, output: str | None = None) -> tuple[str, str]:
        """-> (the norm of x + y, x + y)"""
        normed, total = output or f"normed_{len(self.nodes)}", f"sum_{len(self.nodes)}"
        self.op("SkipSimplifiedLayerNormalization", [x, y, scale], [normed, "", "", total], CONTRIB, epsilon=1e-6)
        return normed, total

    def gelu(self, x: str) -> str:
        return self.op("FastGelu", [x], domain=CONTRIB)

    def model(self, inputs: dict[str, tuple], outputs: dict[str, tuple]) -> onnx.ModelProto:
        """`inputs` and `outputs`: name -> (element type, shape)."""
        taken, given = (
            [helper.make_tensor_value_info(name, *spec) for name, spec in side.items()] for side in (inputs, outputs)
        )
        graph = helper.make_graph(self.nodes, self.name, taken, given, list(self.initialisers.values()))
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10, producer_name="tessera")
