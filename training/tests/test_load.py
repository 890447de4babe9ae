"""Checkpoints of every age load, frozen; and texts and pictures are embedded in the order that they were given in."""

from dataclasses import asdict

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from tessera_training.common.compact import CHECKPOINTS, unpack
from tessera_training.common.pictures import Pictures
from tessera_training.common.run import save_atomically
from tessera_training.models.load import embed_pictures, embed_texts, load_clip, load_prior, load_vqgan
from tessera_training.stages.vqgan import parse


def older(config: dict) -> dict:
    """A config as it was written before `groups` was called `codes_per_position`."""
    renamed = {{"codes_per_position": "groups"}.get(name, name): value for name, value in config.items()}
    assert "groups" in renamed and len(renamed) == len(config)
    return renamed


@pytest.mark.parametrize("written", [dict, older])
def test_a_checkpoint_loads_by_the_new_and_the_old_name_of_its_codes(models, tmp_path, written):
    vqgan, _, prior = models
    for name, model in (("vqgan", vqgan), ("prior", prior)):
        (tmp_path / name).mkdir()
        payload = {"state": {"model": model.state_dict()}, "config": written(asdict(model.config)), "step": 7}
        save_atomically(payload | {"seconds": 1.0}, tmp_path / name / "checkpoint.pt")
    for loaded, model in ((load_vqgan(tmp_path / "vqgan"), vqgan), (load_prior(tmp_path / "prior"), prior)):
        assert loaded.config == model.config
        assert not loaded.training and not any(p.requires_grad for p in loaded.parameters())
        for name, value in loaded.state_dict().items():
            assert torch.equal(value, model.state_dict()[name]), name


def test_a_clip_loads_frozen(models, tmp_path):
    clip = models[1]
    payload = {"state": {"model": clip.state_dict()}, "config": clip.config.to_dict(), "step": 0, "seconds": 0.0}
    save_atomically(payload, tmp_path / "checkpoint.pt")
    loaded = load_clip(tmp_path)
    assert loaded.config == clip.config and not any(p.requires_grad for p in loaded.parameters())


@pytest.mark.skipif(not (CHECKPOINTS / "vqgan-residual.pt").exists(), reason="left out where the repository travels")
def test_the_packed_checkpoint_of_the_repository_loads(tmp_path):
    unpack(tmp_path)
    config = load_vqgan(tmp_path / "vqgan-residual").config
    assert config.codes_per_position == 4 and config.residual


@pytest.mark.parametrize("flag", ["--codes-per-position", "--groups"])
def test_the_vqgan_stage_takes_the_old_flag_too(flag):
    assert parse([flag, "3"]).codes_per_position == 3


def test_texts_come_back_in_their_order_whatever_their_lengths(models):
    clip = models[1]
    tokenizer = Tokenizer(WordLevel({"[PAD]": 0, "a": 1, "fox": 2, "red": 3}, unk_token="a"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.enable_padding(pad_id=0, pad_token="[PAD]")
    texts = ["a red red fox", "fox", "a fox", "red"]
    together = embed_texts(clip.embed_texts, tokenizer, texts, batch=2)
    alone = np.concatenate([embed_texts(clip.embed_texts, tokenizer, [text]) for text in texts])
    assert together.dtype == np.float32 and np.allclose(together, alone, atol=1e-5)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_pictures_become_tokens_and_embeddings(models, pictures: Pictures):
    vqgan, clip, _ = models
    rows = np.array([3, 0, 5])
    tokens, embeddings = embed_pictures(pictures.batches(rows, 2), vqgan, clip)
    with torch.no_grad():
        assert np.array_equal(tokens, vqgan.encode(pictures.batch(rows)).numpy())
        assert np.allclose(embeddings, clip.embed_pictures(pictures.batch(rows)).numpy(), atol=1e-5)
    assert tokens.dtype == np.uint16 and embeddings.dtype == np.float32
