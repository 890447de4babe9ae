"""What the step of the published prior needs beyond `export.graph`: biases, LayerNorm, the exact GELU, 16-bit storage."""

from dataclasses import dataclass

import numpy as np

from export.graph import Graph


@dataclass
class BiasGraph(Graph):
    """`bits`: 32; 16 (stored in 16 bits, computed in 32); 8 or 4 (computed in 8 bits, block by block)."""

    def affine(self, x: str, name: str, weight: np.ndarray, bias: np.ndarray, output: str | None = None) -> str:
        """x [..., in] times weight [out, in], plus bias [out]: `torch.nn.Linear`"""
        if self.bits == 16:
            product = self.op("MatMul", [x, self.half(f"{name}.weight", weight.T)])
        else:
            product = self.linear(x, f"{name}.weight", weight)
        return self.op("Add", [product, self.constant(f"{name}.bias", bias)], output)

    def layer_norm(self, x: str, name: str, weight: np.ndarray, bias: np.ndarray) -> str:
        parts = [self.constant(f"{name}.weight", weight), self.constant(f"{name}.bias", bias)]
        return self.op("LayerNormalization", [x, *parts], axis=-1, epsilon=1e-5)

    def exact_gelu(self, x: str) -> str:
        return self.op("Gelu", [x], approximate="none")
