"""The measures measure: known answers for each."""

import numpy as np
import pytest
import torch

from tessera_training.data.compose import is_kept_back
from tessera_training.evaluate.evaluator import Evaluator, EvaluatorConfig, features_of, r_precision
from tessera_training.evaluate.features import blur, frechet, from_javascript
from tessera_training.evaluate.measures import bootstrap, count_objects, pairwise, pixel_distance, psnr
from tessera_training.evaluate.prompts import coloured, demo_prompts, free_prompts, held_out, tinted
from tessera_training.export.card import card, headlines


def test_r_precision_is_one_for_matches_and_chance_for_noise():
    torch.manual_seed(0)
    texts = torch.nn.functional.normalize(torch.randn(200, 32), dim=-1)
    assert r_precision(texts, texts).mean() == 1
    strangers = torch.nn.functional.normalize(torch.randn(200, 32), dim=-1)
    assert r_precision(texts, strangers).mean() < 0.06


def test_bootstrap_covers_the_mean():
    interval = bootstrap(np.array([0.0, 1.0] * 50))
    assert interval["value"] == 0.5 and 0.38 < interval["low"] < 0.45 and 0.55 < interval["high"] < 0.62


def test_frechet_distance_of_known_gaussians():
    rng = np.random.default_rng(0)
    a = rng.standard_normal((4000, 3))
    assert frechet(a, a) == pytest.approx(0, abs=1e-6)
    shifted = frechet(a, rng.standard_normal((4000, 3)) + [2, 0, 0])
    assert shifted == pytest.approx(4, rel=0.05)
    wider = frechet(a, 3 * rng.standard_normal((4000, 3)))
    assert wider == pytest.approx(3 * (3 - 1) ** 2, rel=0.05)


def test_blur_keeps_the_mean_and_removes_detail():
    x = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert torch.equal(blur(x, 0), x)
    assert blur(x, 2).std() < blur(x, 1).std() < x.std()
    assert abs(blur(x, 2).mean() - x.mean()) < 0.01


def test_psnr_diversity_and_objects():
    real = np.zeros((2, 4, 64, 64), np.float32)
    assert psnr(real + 0.1, real) == pytest.approx(20, abs=1e-3)
    assert pairwise([np.stack([real[0], real[0] + 0.5])], pixel_distance) == pytest.approx(0.5)
    alpha = np.zeros((64, 64), np.float32)
    alpha[5:20, 5:20] = alpha[30:50, 30:50] = 1
    alpha[60, 60] = 1  # a speck is no object
    assert count_objects(alpha) == 2


def test_the_judge_reads_words_in_any_order_of_letters_it_knows():
    assert features_of("Red FOX", 1000) == features_of("red fox", 1000)
    assert features_of("red fox", 10**6) != features_of("fox red", 10**6)
    assert features_of("", 10) == [0]
    judge = Evaluator(EvaluatorConfig(stem_width=16, width=32, heads=2, layers=1, buckets=64, embedding_width=8)).eval()
    assert (
        judge.embed_pictures(torch.rand(2, 4, 96, 96)).shape
        == judge.embed_texts(["a fox", "ein Fuchs"]).shape
        == (2, 8)
    )


def test_prompts_are_fixed_and_held_out(pictures):
    indices, captions = held_out(pictures, "pair", 5)
    assert list(indices) == [4] and captions == ["blue whale, flat style"]
    assert free_prompts(pictures, 10) == free_prompts(pictures, 10)
    asked = coloured(pictures, 50)
    assert asked == coloured(pictures, 50) and asked and {a.label for a in asked} == {"apple"}
    assert all(is_kept_back(a.label, a.colour) for a in asked), (
        "only colours that no training picture shows the thing in"
    )
    assert tinted(pictures, asked).shape == (len(asked), 4, 32, 32)
    assert len(demo_prompts()) == 24


def test_a_javascript_literal_is_read():
    source = '!function(){n.exports={a:!0,b_1:[-.5,1e-3,.25],"c:d":"x,{y:!1"}},{}]}'
    assert from_javascript(source) == {"a": True, "b_1": [-0.5, 1e-3, 0.25], "c:d": "x,{y:!1"}


def test_the_card_shows_what_was_measured():
    bundle = {
        "name": "x", "version": "1", "licence": "MIT", "files": {}, "styles": [{"name": "flat"}], "provenance": [],
        "prior": {"positions": 64, "codesPerPosition": 2, "codebookSize": 64, "layers": 1, "width": 64},
        "decoder": {"imageSize": 32, "channels": 4},
    }  # fmt: skip
    metrics = {
        "psnr": 23.5,
        "pair": {
            "prompts": 9,
            "from_text": {"r_precision": {"value": 0.5, "low": 0.4, "high": 0.6}, "fid": {"0": 12.3, "1": 2, "2": 1}},
        },
    }
    text = card(bundle, metrics, ["card/demo.png"])
    assert "| psnr | 23.5 |" in text and "0.500 (0.400 to 0.600) | 12.3 |" in text and "card/demo.png" in text
    assert headlines(metrics) == {"psnr": 23.5, "rPrecisionPairs": 0.5, "fid0": 12.3}
