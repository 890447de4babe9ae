"""What the step of the published prior needs beyond `export.graph`:
biases, LayerNorm, the exact GELU, 16-bit storage."""

from dataclasses import dataclass

import numpy as np

from tessera_training.export.graph import CONTRIB, Graph, block_product


@dataclass
class BiasGraph(Graph):
    """`bits`: 32; 16 (stored in 16 bits, computed in 32); 8 or 4 (computed in 8 bits, block by block)."""

    def affine(
        self, x: str, name: str, weight: np.ndarray, bias: np.ndarray | None = None, output: str | None = None
    ) -> str:
        """x [N, in] times weight [out, in], plus bias [out]: `torch.nn.Linear`, in one node"""
        added = [] if bias is None else [self.constant(f"{name}.bias", bias)]
        if self.bits >= 16:
            return self.op("Gemm", [x, self.half(f"{name}.weight", weight), *added], output, transB=1)
        codes, scales, sizes = block_product(weight, self.bits, self.block)
        stored = [self.constant(f"{name}.codes", codes), self.constant(f"{name}.scales", scales)]
        # Between the scales and the bias: zero points and the order of groups, which we have none of.
        return self.op("MatMulNBits", [x, *stored, *(["", "", *added] if added else [])], output, CONTRIB, **sizes)

    def half(self, name: str, value: np.ndarray) -> str:
        return super().half(name, value) if self.bits == 16 else self.constant(name, value.astype(np.float32))

    def add_norm(
        self, x: str, y: str, name: str, weight: np.ndarray, bias: np.ndarray, y_bias: np.ndarray | None = None
    ) -> tuple[str, str]:
        """-> (LayerNorm of the sum, the sum x + y + y_bias). A bias is cheaper here than in a node of its own."""
        normed, total = f"normed_{len(self.nodes)}", f"sum_{len(self.nodes)}"
        parts = [self.constant(f"{name}.weight", weight), self.constant(f"{name}.bias", bias)]
        if y_bias is not None:
            parts.append(self.constant(f"{name}.before", y_bias))
        self.op("SkipLayerNormalization", [x, y, *parts], [normed, "", "", total], CONTRIB, epsilon=1e-5)
        return normed, total

    def rows_of(self, name: str, table: np.ndarray, rows: str) -> str:
        """Rows of a table that is kept in 16 bits in memory too
        (unless everything is in 32): few of them are ever read."""
        if self.bits == 32:
            return self.op("Gather", [self.constant(name, table.astype(np.float32)), rows])
        picked = self.op("Gather", [self.constant(f"{name}.f16", table.astype(np.float16)), rows])
        return self.op("Cast", [picked], to=1)

    def exact_gelu(self, x: str) -> str:
        return self.op("Gelu", [x], domain=CONTRIB)
