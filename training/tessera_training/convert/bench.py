"""The published networks in PyTorch, timed as `npm run bench:paper` wants them; prints one line of JSON.

    python -m tessera_training.convert.bench cached           # with a key/value cache
    python -m tessera_training.convert.bench recomputed       # as published: the whole prefix again for every token
    python -m tessera_training.convert.bench floors           # FLOPs of the decoder and the GEMM rate of this machine
    python -m tessera_training.convert.bench widths           # our step graph at half and at twice the width

Everything in float32, without guidance; random weights of the published sizes, which take the same time as trained
ones.
"""

import argparse
import json
import re
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper
from torch.utils.flop_counter import FlopCounterMode

from tessera_training.convert.gpt import Gpt, GptConfig
from tessera_training.convert.step_graph import build_step
from tessera_training.convert.vqgan import Vqgan
from tessera_training.models.prior import draw

TOP_K, TOP_P = 500, 0.95  # as published
QUICK_LENGTHS = (1, 32, 64, 128, 192, 256)


def choose(logits: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """logits [B, K] -> one token a row"""
    return draw(logits, generator, 1.0, TOP_K, TOP_P)


class CachedSteps:
    """One position after the other, keys and values of the earlier ones kept in buffers of the full length."""

    def __init__(self, gpt: Gpt, rows: int):
        config = gpt.config
        shape = (config.layers, 2, rows, config.heads, config.positions, config.head_width)
        self.gpt, self.cache, self.position = gpt, torch.zeros(shape), 0

    def step(self, x: torch.Tensor) -> torch.Tensor:
        """x [B, W], the place not yet added -> logits [B, K]"""
        at = self.position
        x = (x + self.gpt.pos_emb[0, at])[:, None]
        for layer, (keys, values) in zip(self.gpt.layers, self.cache):
            q, keys[:, :, at : at + 1], values[:, :, at : at + 1] = layer.self_attn.project(layer.norm1(x))
            mixed = F.scaled_dot_product_attention(q, keys[:, :, : at + 1], values[:, :, : at + 1])
            x = layer.feed(x + layer.self_attn.finish(mixed))
        self.position += 1
        return self.gpt.head(self.gpt.norm(x[:, 0]))


def generate_cached(gpt: Gpt, embedding: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Embeddings [B, D] -> tokens [B, P]"""
    steps, drawn = CachedSteps(gpt, len(embedding)), []
    for position in range(gpt.config.positions):
        drawn.append(choose(steps.step(gpt.tok_emb(drawn[-1]) if position else gpt.cond_proj(embedding)), generator))
    return torch.stack(drawn, 1)


def recomputing_seconds(gpt: Gpt, embedding: torch.Tensor, generator: torch.Generator, quick: bool) -> float:
    """Time to draw all tokens, every one from the whole prefix; `quick`: a few lengths, and lines between them."""
    positions = gpt.config.positions
    lengths = [n for n in QUICK_LENGTHS if n <= positions] if quick else range(1, positions + 1)
    tokens, taken = torch.zeros(len(embedding), 0, dtype=torch.long), []
    for length in lengths:
        if quick:
            tokens = torch.randint(0, gpt.config.codebook_size, (len(embedding), length - 1))
        started = time.perf_counter()
        token = choose(gpt(tokens, embedding)[:, -1], generator)
        tokens = torch.cat([tokens, token[:, None]], 1)
        taken.append(time.perf_counter() - started)
        print(f"length {length}: {taken[-1]:.2f} s", end="\r", flush=True, file=sys.stderr)
    return float(np.interp(np.arange(1, positions + 1), list(lengths), taken).sum())


def paint(how: str, count: int, quick: bool) -> dict[str, float]:
    gpt, vqgan = Gpt().eval(), Vqgan().eval()
    embedding = F.normalize(torch.randn(1, gpt.config.embedding_width), dim=-1).expand(count, -1)
    generator = torch.Generator().manual_seed(1)
    gpt(torch.zeros(1, 1, dtype=torch.long), embedding[:1])  # warm
    started = time.perf_counter()
    tokens = torch.randint(0, gpt.config.codebook_size, (count, gpt.config.positions))
    if how == "cached":
        tokens = generate_cached(gpt, embedding, generator)
        generated = time.perf_counter() - started
    else:
        generated = recomputing_seconds(gpt, embedding, generator, quick)
    started = time.perf_counter()
    vqgan.decode(tokens)
    decoded = time.perf_counter() - started
    return {
        "generateSeconds": generated,
        "decodeSeconds": decoded,
        "totalSeconds": generated + decoded,
        "peakBytes": peak_bytes(),
        "extrapolated": quick and how == "recomputed",
    }


def peak_bytes() -> int:
    """Most memory this process has ever held; Linux only, 0 elsewhere."""
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+)", status.read_text()) if status.exists() else None
    return int(found[1]) * 1024 if found else 0


def best(run: Callable[[], object], repeats: int) -> float:
    """Seconds of the least disturbed run"""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return min(times)


def session(model: onnx.ModelProto, threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def floors(threads: int, size: int = 2048) -> dict[str, float]:
    """FLOPs of one decoded picture, and the rate of a large float32 product,
    the faster of onnxruntime's and PyTorch's."""
    vqgan = Vqgan().eval()
    with FlopCounterMode(display=False) as counter:
        vqgan.decode(torch.zeros(1, vqgan.config.positions, dtype=torch.long))
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [size, size]) for name in "abc"]
    graph = helper.make_graph([helper.make_node("MatMul", ["a", "b"], ["c"])], "gemm", infos[:2], infos[2:])
    product = session(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), threads)
    a, b = (np.random.default_rng(seed).random((size, size), np.float32) for seed in (0, 1))
    x, y = torch.from_numpy(a), torch.from_numpy(b)
    seconds = min(best(lambda: product.run(None, {"a": a, "b": b}), 7), best(lambda: x @ y, 7))
    return {"decoderFlops": counter.get_total_flops(), "gemmFlopsPerSecond": 2 * size**3 / seconds}


def widths(threads: int, rows: int = 4, layers: int = 6, bits: int = 8) -> list[dict[str, float]]:
    """One position of `rows` rows, half of their caches filled, at three widths.
    Fewer layers: time grows with them evenly."""
    found = []
    for width in (512, 1024, 2048):
        config = GptConfig(layers=layers, width=width, heads=width // 64)
        model = build_step(Gpt(config), bits)
        step, length = session(model, threads), config.positions // 2
        feeds = {
            "image_tokens": np.zeros((rows, 1), np.int64),
            "condition": np.zeros((rows, width), np.float32),
            "position": np.full(rows, length),
        }
        feeds |= {
            i.name: np.zeros((rows, config.heads, length, 64), np.float32)
            for i in step.get_inputs()
            if i.name.startswith("past_")
        }
        found.append(
            {
                "width": width,
                "layers": layers,
                "bytes": model.ByteSize(),
                "stepMs": 1000 * best(partial(step.run, None, feeds), 25),
            }
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("cached", "recomputed", "floors", "widths"))
    parser.add_argument("--count", type=int, default=4, help="pictures")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--quick", action="store_true", help="recomputed: measure six prefix lengths and fill in the others"
    )
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    with torch.inference_mode():
        if args.what == "floors":
            result = floors(args.threads)
        elif args.what == "widths":
            result = widths(args.threads)
        else:
            result = paint(args.what, args.count, args.quick)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
