"""The benchmark's PyTorch loops draw what the published way draws, and its plots can be drawn. No clocks here."""

import json
import sys

import numpy as np
import onnxruntime as ort
import pytest
import torch

from tessera_training.convert import bench, plots
from tessera_training.convert.blocks import multiply_in_blocks
from tessera_training.convert.clip_vit import ClipVit, ClipVitConfig
from tessera_training.convert.gpt import Gpt
from tessera_training.convert.random_checkpoints import TINY, awaken
from tessera_training.convert.tower_graphs import build_text_encoder
from tests.conftest import greedy


@pytest.fixture
def likeliest(monkeypatch):
    monkeypatch.setattr(bench, "choose", lambda logits, generator: logits.argmax(-1))


@torch.inference_mode()
def test_steps_with_a_cache_draw_the_tokens_of_whole_prefixes(likeliest):
    gpt = awaken(Gpt(TINY.gpt), 1)
    embedding = torch.nn.functional.normalize(torch.randn(3, TINY.gpt.embedding_width), dim=-1)
    assert torch.equal(bench.generate_cached(gpt, embedding, torch.Generator()), greedy(gpt, embedding))


@torch.inference_mode()
@pytest.mark.parametrize("quick", [True, False])
def test_the_published_loop_reads_every_length_or_a_few(likeliest, quick, monkeypatch):
    gpt, lengths = Gpt(TINY.gpt).eval(), []
    gpt.register_forward_pre_hook(lambda module, inputs: lengths.append(inputs[0].shape[1] + 1))
    monkeypatch.setattr(bench, "QUICK_LENGTHS", (1, 5, 16, 32))
    bench.recomputing_seconds(gpt, torch.randn(2, TINY.gpt.embedding_width), torch.Generator(), quick)
    assert lengths == ([1, 5, 16] if quick else list(range(1, 17)))


def test_a_tower_in_blocks_keeps_its_matrices_small_and_its_embedding():
    clip = awaken(
        ClipVit(
            ClipVitConfig(
                embedding_width=64,
                text_width=128,
                text_layers=2,
                text_heads=2,
                vocabulary=640,
                context_length=20,
                image_layers=1,
            )
        ),
        3,
    )
    feeds = {"input_ids": np.random.default_rng(0).integers(1, 600, (3, 20))}
    run = lambda model: ort.InferenceSession(model.SerializeToString()).run(None, feeds)[0]  # noqa: E731
    exact = build_text_encoder(clip)
    wanted, before = run(exact), exact.ByteSize()
    small = multiply_in_blocks(exact)
    assert sum(node.op_type == "MatMulNBits" for node in small.graph.node) == 2 * 4 + 1
    assert small.ByteSize() < before / 2
    assert (run(small) * wanted).sum(-1).min() > 0.998


def test_plots(tmp_path, monkeypatch):
    torch_run = {"generateSeconds": 9.0, "decodeSeconds": 2.0}
    points = [{"count": n, "totalMs": 1000 * n} for n in (1, 2)]
    report = {
        "recomputed": torch_run,
        "cached": torch_run,
        "ours": [{"name": "int8", "timings": {"generateMs": 900, "decodeMs": 500}}],
        "curves": {"pictures": points, "requests": points},
        "widths": [{"width": w, "layers": 6, "stepMs": w / 100} for w in (512, 1024)],
    }
    (tmp_path / "paper.json").write_text(json.dumps(report))
    monkeypatch.setattr(sys, "argv", ["plots", str(tmp_path / "paper.json"), "--out", str(tmp_path)])
    plots.main()
    assert {p.name for p in tmp_path.glob("*.png")} == {"paper-seconds.png", "paper-growth.png"}
