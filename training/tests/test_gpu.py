"""What travels to a GPU: nothing is lost on the way but what is meant to be, and damage is noticed."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from clip.text import TextConfig, TextTransformer
from common.perceptual import PerceptualLoss
from gpu import perceptual, teacher, texts, webp
from gpu.manifest import check_manifest, write_manifest


def soft_pictures(count: int) -> np.ndarray:
    """Premultiplied uint8 [count, 64, 64, 4]: discs in front of nothing."""
    rows = np.random.default_rng(0)
    y, x = np.mgrid[:64, :64]
    out = np.zeros((count, 64, 64, 4), np.uint8)
    for at in range(count):
        alpha = np.clip(20 - np.hypot(x - 32, y - 28 - at), 0, 1)[..., None]
        out[at] = np.concatenate([alpha * rows.integers(0, 256, 3), alpha * 255], -1).astype(np.uint8)
    return out


def test_pictures_come_out_nearly_as_they_went_in(tmp_path):
    real = soft_pictures(5)
    notes = webp.write_pictures(real, tmp_path, quality=85)
    made = webp.read_pictures(tmp_path, workers=1)
    assert made.shape == real.shape and notes["pictures"] == 5
    assert webp.psnrs(made, real).min() > 30
    assert (made[..., :3] <= made[..., 3:]).all(), "premultiplied"
    assert made[..., 3][real[..., 3] == 0].max() < 8, "what was nothing stays nothing"


def test_straight_alpha_and_back_loses_nothing():
    rng = np.random.default_rng(1)
    alpha = rng.integers(0, 256, (4, 9, 9, 1))
    real = np.concatenate([rng.integers(0, 256, (4, 9, 9, 3)) * alpha // 255, alpha], -1).astype(np.uint8)
    assert (webp.premultiplied(webp.straight(real)) == real).all()


def test_a_pack_that_was_damaged_on_the_way_is_refused(tmp_path):
    (tmp_path / "one").write_bytes(b"1")
    write_manifest(tmp_path, {"psnr": 40})
    assert check_manifest(tmp_path)["notes"] == {"psnr": 40}
    (tmp_path / "one").write_bytes(b"2")
    with pytest.raises(ValueError, match="expected .*one with sha256"):
        check_manifest(tmp_path)
    (tmp_path / "one").unlink()
    with pytest.raises(ValueError, match="no file"):
        check_manifest(tmp_path)


def test_the_packed_perceptual_network_sees_the_same(tmp_path):
    perceptual.write_perceptual(tmp_path)
    packed, plain = perceptual.PackedPerceptualLoss(tmp_path), PerceptualLoss()
    picture = torch.rand(2, 3, 128, 128)
    with torch.inference_mode():
        for a, b in zip(packed.maps(picture), plain.maps(picture), strict=True):
            assert torch.allclose(a, b, atol=1e-4)


def test_the_teacher_in_eight_bits_says_nearly_the_same(tmp_path):
    torch.manual_seed(0)
    model = TextTransformer(TextConfig(vocabulary=50, width=32, heads=4, layers=6)).eval()
    teacher.write_teacher(model, 4, tmp_path)
    again = teacher.read_teacher(tmp_path)
    ids = torch.randint(1, 50, (3, 7))
    with torch.inference_mode():
        wanted, made = (F.normalize(m(ids, torch.ones_like(ids)), dim=-1) for m in (model, again))
    assert (wanted * made).sum(-1).min() > 0.999


def test_a_student_starts_from_layers_of_its_teacher():
    big, small = (TextTransformer(TextConfig(vocabulary=50, width=32, heads=4, layers=n)) for n in (6, 3))
    teacher.start_student(small, big)
    for ours, theirs in zip(small.layers, (big.layers[0], big.layers[2], big.layers[5])):
        assert torch.equal(ours.qkv.weight, theirs.qkv.weight)
    assert not small.words.weight.requires_grad


def test_texts_know_which_english_words_their_vector_stands_for(tmp_path):
    vectors = np.array([[1, 0], [1, 0], [0, 1], [1, 1], [1, 1]], np.float16)
    found = texts.sources_of(["renard", "fox", "some word", "a", "b"], vectors, {"fox": {"label": "fox"}})
    assert found == ["fox", "fox", "some word", None, None], "two of one vector without a name stay out"
    texts.write_texts([("renard", "fox")], tmp_path)
    assert texts.read_texts(tmp_path) == [("renard", "fox")]
