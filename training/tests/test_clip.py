"""CLIP: padding is invisible, backgrounds matter only where a
picture is transparent, and which pairs are not contrasted."""

import torch

from tessera_training.data.compose import Scene
from tessera_training.models.clip import Clip, ClipConfig, to_pixels
from tessera_training.stages.clip import contrastive, false_negatives
from tests.conftest import CLIP


def test_padding_does_not_change_an_embedding(models):
    clip = models[1]
    ids = torch.tensor([[2, 3, 4]])
    padded = torch.tensor([[2, 3, 4, 0, 0, 9]])
    with torch.no_grad():
        alone = clip.text(ids, torch.ones_like(ids))[0]
        beside = clip.text(padded, torch.tensor([[1, 1, 1, 0, 0, 0]]))[0]
        other = clip.text(padded, torch.ones_like(padded))[0]
    assert torch.allclose(alone, beside, atol=1e-5)
    assert not torch.allclose(alone, other, atol=1e-3)


def test_embeddings_are_unit_vectors_of_one_width(models):
    clip = models[1]
    with torch.no_grad():
        image = clip.embed_pictures(torch.rand(2, 4, 32, 32))
    assert image.shape == (2, 16)
    assert torch.allclose(image.norm(dim=-1), torch.ones(2), atol=1e-5)


def test_the_background_shows_only_through_transparency():
    solid, empty = torch.ones(1, 4, 32, 32), torch.zeros(1, 4, 32, 32)
    white, black = torch.ones(3), torch.zeros(3)
    assert torch.equal(to_pixels(solid, 16, white), to_pixels(solid, 16, black))
    assert to_pixels(empty, 16, white).mean() == 1 and to_pixels(empty, 16, black).mean() == -1


def test_config_survives_a_checkpoint():
    assert ClipConfig.from_dict(CLIP.to_dict()) == CLIP
    Clip(ClipConfig.from_dict(CLIP.to_dict()))


def test_a_text_without_a_style_is_true_of_every_style():
    scenes = [
        Scene("one", "fox", "noto", "fox"),
        Scene("one", "fox", "flat", "fox"),
        Scene("one", "whale", "flat", "whale"),
    ]
    ignored = false_negatives(scenes, [False, True, True])
    assert ignored[0, 1], "'fox' is true of the flat fox"
    assert not ignored[1, 0], "'fox, flat style' is not true of the noto fox"
    assert not ignored.diagonal().any() and not ignored[:, 2].any() and not ignored[2].any()


def test_counts_of_one_thing_are_contrasted():
    scenes = [Scene("count", "fox", "noto", "fox", count=2), Scene("count", "fox", "noto", "fox", count=3)]
    assert not false_negatives(scenes, [False, False]).any()


def test_ignored_pairs_cost_nothing():
    same = torch.nn.functional.normalize(torch.ones(2, 4), dim=-1)
    none, off_diagonal = torch.zeros(2, 2, dtype=torch.bool), ~torch.eye(2, dtype=torch.bool)
    assert contrastive(same, same, torch.tensor(10.0), none) > 0.6
    assert contrastive(same, same, torch.tensor(10.0), off_diagonal) < 1e-4
