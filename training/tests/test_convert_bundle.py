"""A tiny set of checkpoints in the published layouts, converted: the bundle computes what PyTorch computes."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tokenizers import Tokenizer

from tessera_training.convert import __main__ as cli
from tessera_training.convert.bundle import PRECISIONS, Networks, fit, save_graph
from tessera_training.convert.gpt import GptConfig
from tessera_training.convert.load import read_clip, read_gpt, read_vqgan
from tessera_training.convert.random_checkpoints import TINY, write
from tessera_training.convert.tokenizer import byte_letters, read_merges
from tessera_training.convert.tower_graphs import build_condition
from tessera_training.convert.verify import verify
from tests.conftest import greedy

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints")
    write(folder, TINY)
    return folder


def arguments(checkpoints: Path, out: Path, *more: str) -> list[str]:
    files = {
        "gpt": "gpt_coco.pt",
        "vqgan": "vqgan_coco.pt",
        "clip": "clip_vit_b32.pt",
        "bpe": "bpe_simple_vocab_16e6.txt.gz",
    }
    return [
        "convert",
        *(part for option, name in files.items() for part in (f"--{option}", str(checkpoints / name))),
        "--out",
        str(out),
        *more,
    ]


def run(monkeypatch: pytest.MonkeyPatch, argv: list[str]) -> int:
    monkeypatch.setattr(sys, "argv", argv)
    return cli.main()


@pytest.fixture(scope="module")
def bundle(checkpoints, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("bundles") / "coco"
    phrases = out.parent / "phrases.txt"
    phrases.write_text("a red dog\n\nthe fox\n")
    with pytest.MonkeyPatch.context() as patch:
        assert run(patch, arguments(checkpoints, out, "--precision", "fp32", "--phrases", str(phrases))) == 0
    return out


def test_every_number_agrees_with_pytorch_from_either_layout_of_clip(checkpoints, bundle):
    checks = verify(
        bundle, checkpoints / "gpt_coco.pt", checkpoints / "vqgan_coco.pt", checkpoints / "clip-hf", threads=1
    )
    assert len(checks) == 11
    assert all(check.holds for check in checks), [c for c in checks if not c.holds]
    assert next(c for c in checks if c.name.startswith("greedy")).value == TINY.gpt.positions


def test_greedy_tokens_are_those_of_the_published_loop(checkpoints, bundle):
    from tessera_training.convert.verify import BundleGraphs, draw_greedily

    gpt = read_gpt(checkpoints / "gpt_coco.pt")
    embedding = torch.nn.functional.normalize(
        torch.randn(3, TINY.gpt.embedding_width, generator=torch.Generator().manual_seed(5)), dim=-1
    )
    tokens, _ = draw_greedily(BundleGraphs(bundle, 1), embedding.numpy())
    assert (tokens == greedy(gpt, embedding).numpy()).all()
    assert len(np.unique(tokens)) > 10  # a loop of one token would prove little


def test_the_bundle_lists_its_files_and_says_how_it_samples(bundle):
    described = json.loads((bundle / "bundle.json").read_text())
    assert set(described["files"]) == {p.name for p in bundle.iterdir()} - {"bundle.json", "CARD.md"}
    assert (
        described["prior"] | {"depth": None, "codesPerPosition": 1, "positions": 16, "heads": 2, "headWidth": 64}
        == described["prior"]
    )
    assert described["sampling"] == {
        "temperature": 1.0,
        "topK": 96,
        "topP": 0.95,
        "guidanceScale": 1.0,
        "candidateCount": 8,
    }
    assert described["metrics"] == {"precision": "fp32", "priorBits": 32}
    assert json.loads((bundle / "phrases.json").read_text()) == ["a red dog", "the fox"]
    assert "SHA-256" in (bundle / "CARD.md").read_text()
    assert [p.name for p in bundle.parent.iterdir() if p.name.startswith(".")] == []


def test_a_failed_conversion_leaves_what_was_there(checkpoints, bundle, monkeypatch, capsys, tmp_path):
    before = (bundle / "bundle.json").read_text()
    broken = tmp_path / "checkpoints"
    shutil.copytree(checkpoints, broken)
    (broken / "vqgan_coco.pt").write_bytes((checkpoints / "vqgan_coco.pt").read_bytes()[:-5000])
    assert run(monkeypatch, arguments(broken, bundle)) == 2
    assert "vqgan_coco.pt: expected a whole checkpoint but received" in capsys.readouterr().err
    assert (bundle / "bundle.json").read_text() == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    assert run(monkeypatch, arguments(checkpoints, tmp_path / "mine")) == 2
    assert "expected a new folder, or a bundle to replace" in capsys.readouterr().err
    assert (tmp_path / "mine" / "letter.txt").exists()


def test_networks_that_do_not_belong_together_are_refused(checkpoints):
    gpt = read_gpt(checkpoints / "gpt_coco.pt")
    vqgan = read_vqgan(checkpoints / "vqgan_coco.pt", 4)
    clip = read_clip(checkpoints / "clip-hf")
    object.__setattr__(gpt, "config", GptConfig(codebook_size=97, positions=16, embedding_width=32))
    with pytest.raises(ValueError, match="as many codes as the VQGAN, that is 96, but received one with 97"):
        Networks(gpt, vqgan, clip)


def test_a_graph_beyond_protobufs_limit_keeps_its_weights_beside_it(checkpoints, tmp_path):
    import onnxruntime as ort

    gpt = read_gpt(checkpoints / "gpt_coco.pt")
    embedding = np.random.default_rng(0).standard_normal((2, 32)).astype(np.float32)
    made = []
    for folder, largest in (("one", 10**9), ("two", 1000)):
        (tmp_path / folder).mkdir()
        save_graph(build_condition(gpt), tmp_path / folder / "condition.onnx", largest)
        session = ort.InferenceSession(str(tmp_path / folder / "condition.onnx"), providers=["CPUExecutionProvider"])
        made.append(session.run(None, {"embedding": embedding})[0])
    assert (tmp_path / "two" / "condition.onnx.data").exists() and not (
        tmp_path / "one" / "condition.onnx.data"
    ).exists()
    weights, graph = tmp_path / "two" / "condition.onnx.data", tmp_path / "two" / "condition.onnx"
    assert weights.stat().st_mode == graph.stat().st_mode
    assert (made[0] == made[1]).all()
    assert np.abs(made[0][:, 0] - gpt.cond_proj(torch.tensor(embedding)).numpy()).max() < 1e-5
    assert (made[0][:, 1:] == 0).all()


def test_precisions_with_other_bits_for_the_prior():
    assert PRECISIONS["int8"].with_prior(4).prior_bits == 4
    assert PRECISIONS["int8"].with_prior(4).decoder == "int8"
    assert PRECISIONS["fp32"].with_prior(None) is PRECISIONS["fp32"]


def plain_bpe(text: str, merges: list[str]) -> list[int]:
    """Written for this test alone: ASCII, each word a list of
    letters whose best neighbours are joined until none are left."""
    letters = byte_letters()
    names = [*letters, *(letter + "</w>" for letter in letters), *(merge.replace(" ", "") for merge in merges)]
    numbers = {name: at for at, name in enumerate(names)}
    ranks = {tuple(merge.split()): at for at, merge in enumerate(merges)}
    ids = []
    for word in re.findall(r"'s|'t|'re|'ve|'m|'ll|'d|[a-z]+|[0-9]|[^\sa-z0-9]+", text.lower()):
        parts = [*word[:-1], word[-1] + "</w>"]
        while len(parts) > 1:
            best = min(range(len(parts) - 1), key=lambda at: (ranks.get((parts[at], parts[at + 1]), 10**9), at))
            if (parts[best], parts[best + 1]) not in ranks:
                break
            parts[best : best + 2] = [parts[best] + parts[best + 1]]
        ids += [numbers[part] for part in parts]
    return [len(names), *ids, len(names) + 1]


def test_the_tokenizer_cuts_as_an_independent_one_does(checkpoints, bundle):
    merges = read_merges(checkpoints / "bpe_simple_vocab_16e6.txt.gz", TINY.clip.vocabulary)
    assert merges == read_merges(checkpoints / "clip-hf", TINY.clip.vocabulary)
    tokenizer = Tokenizer.from_file(str(bundle / "tokenizer.json"))
    for text in (
        "a red dog",
        "  The   FOX\n and\tthe dog's 12 hats!! ",
        "in the morning, it's raining...",
        "x",
        "",
        "an <|endoftext|> inside",
    ):
        assert tokenizer.encode(text).ids == plain_bpe(text, merges), text
    assert tokenizer.encode("é").ids == tokenizer.encode("e\u0301").ids  # composed and decomposed
    long = fit(tokenizer.encode("dog " * 200).ids, TINY.clip.context_length)
    assert len(long) == TINY.clip.context_length and long[-1] == TINY.clip.vocabulary - 1


@pytest.mark.skipif(not shutil.which("node") or not (ROOT / "dist/cli").exists(), reason="needs node and `npm ci`")
def test_the_bot_paints_what_pytorch_paints(checkpoints, bundle, tmp_path):
    """From the words to the PNG through the TypeScript pipeline, the likeliest token at every place."""
    prompt = "A red   dog, 2 foxes!"
    bin_file = ROOT / json.loads((ROOT / "package.json").read_text())["bin"]["tessera"]
    command = [
        "node",
        str(bin_file),
        "imagine",
        prompt,
        "--bundle",
        str(bundle),
        "--count",
        "1",
        "--candidates",
        "1",
        "--temperature",
        "0",
        "--out",
        str(tmp_path),
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    painted = np.asarray(Image.open(json.loads(done.stdout)["images"][0]["path"]).convert("RGB")).astype(float)
    merges = read_merges(checkpoints / "bpe_simple_vocab_16e6.txt.gz", TINY.clip.vocabulary)
    embedding = read_clip(checkpoints / "clip_vit_b32.pt").embed_text(torch.tensor([plain_bpe(prompt, merges)]))
    tokens = greedy(read_gpt(checkpoints / "gpt_coco.pt"), embedding)
    wanted = read_vqgan(checkpoints / "vqgan_coco.pt", 4).decode(tokens)[0].permute(1, 2, 0).numpy() * 255
    assert np.abs(painted - wanted).max() <= 0.51
