"""A bundle gives back what it was made of."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from tessera_training.export.bundle import FULL, Precision, write_bundle
from tessera_training.export.restore import restore
from tests.conftest import CLIP, PRIOR, VQGAN


@pytest.fixture(scope="module")
def trained(models):
    """As after a training: no two tensors alike (the exporter stores equal ones once)."""
    generator = torch.Generator().manual_seed(1)
    copies = copy.deepcopy(models)
    for model in copies:
        for p in model.parameters():
            p.data += 0.02 * torch.randn(p.shape, generator=generator)
    return copies


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer(WordLevel({"[PAD]": 0, "[UNK]": 1, "fox": 2}, unk_token="[UNK]"))


@pytest.fixture(scope="module")
def full(trained, tokenizer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("full")
    write_bundle(folder, "tiny", trained, tokenizer, None, FULL)
    return folder


def test_full_precision_comes_back_bit_by_bit_but_for_the_queries_scale(trained, full):
    for original, restored in zip(trained, restore(full, (VQGAN, CLIP, PRIOR))):
        for (name, wanted), (_, got) in zip(original.state_dict().items(), restored.state_dict().items()):
            if name not in ("codebook.usage", "log_scale"):
                assert torch.allclose(wanted, got, rtol=1e-6, atol=0), name


@torch.no_grad()
def test_fewer_bits_come_back_as_they_were_rounded(trained, tokenizer, tmp_path):
    write_bundle(tmp_path, "tiny", trained, tokenizer, None, Precision(block=32))
    vqgan, clip, prior = restore(tmp_path, (VQGAN, CLIP, PRIOR))
    x = torch.rand(4, 4, 32, 32)
    assert (vqgan.encode(x) == trained[0].encode(x)).float().mean() > 0.95
    assert (clip.embed_pictures(x) * trained[1].embed_pictures(x)).sum(-1).min() > 0.99
    tokens, embedding = torch.randint(0, 64, (4, 64, 2)), torch.nn.functional.normalize(torch.randn(4, 16), dim=-1)
    losses = [p.loss(p(tokens, embedding), tokens).mean().item() for p in (trained[2], prior)]
    assert np.isclose(*losses, rtol=0.02)


def test_another_shape_is_refused_by_name(full):
    with pytest.raises(ValueError, match=r"expected \S+ with \d+ weights in condition.onnx but received \["):
        restore(full, (VQGAN, CLIP, replace(PRIOR, map_rank=16)))
