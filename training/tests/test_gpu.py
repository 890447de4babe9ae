"""A run on a GPU, from the pack to the checkpoints:
nothing is lost on the way but what is meant to be, and damage is noticed."""

import lzma
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from tessera_training.common.pictures import Pictures
from tessera_training.common.quantise import quantise_blocks
from tessera_training.data.captions import COLOURS, NUMBERS, Captioner
from tessera_training.data.compose import WORN, Composer, Mix, Scene
from tessera_training.data.tint import tint
from tessera_training.evaluate.measures import count_objects, main_colour
from tessera_training.export.prior_graphs import build_depth
from tessera_training.gpu import merge, parts, perceptual, teacher, texts, webp
from tessera_training.gpu.clip_stage import false_negatives
from tessera_training.gpu.manifest import check_manifest, write_manifest
from tessera_training.gpu.plan import REHEARSAL, Plan
from tessera_training.gpu.recipes import Layer, Recipe, Recipes
from tessera_training.gpu.render import Renderer, layer_arrays, tint_batch
from tessera_training.gpu.shop import IN_BLOCKS, LEFT_OUT
from tessera_training.gpu.storage import pack_state, unpack_state
from tessera_training.gpu.stream import Stream, join, key_of
from tessera_training.gpu.train import run
from tessera_training.models.clip import Clip
from tessera_training.models.load import load_clip, load_prior, load_vqgan
from tessera_training.models.perceptual import PerceptualLoss
from tessera_training.models.prior import Prior, generate
from tessera_training.models.text import TextConfig, TextTransformer
from tessera_training.models.vqgan import Vqgan
from tests.conftest import CLIP, PLAIN, PRIOR, VQGAN


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


CPU = torch.device("cpu")


def drawn(pictures: Pictures, mix: Mix, count: int = 60) -> list:
    """Recipes from the training pictures of `conftest.pictures`."""
    recipes = Recipes(pictures.records, pictures.concepts, pictures.indices("train").tolist(), 0, mix)
    return [recipes.draw() for _ in range(count)]


@pytest.fixture
def renderer(pictures) -> Renderer:
    return Renderer(pictures.pixels, CPU)


def test_a_plain_recipe_is_the_picture_itself(pictures, renderer):
    recipes = drawn(pictures, PLAIN)
    made = renderer(layer_arrays(recipes))
    for recipe, picture in zip(recipes, made):
        real = pictures.batch([recipe.layers[0].picture])[0]
        wanted = real.flip(-1) if recipe.layers[0].mirror < 0 else real
        assert torch.allclose(picture, wanted, atol=1e-4)
        assert (
            recipe.scene.kind == "one" and recipe.scene.concept == pictures.records[recipe.layers[0].picture]["concept"]
        )


def test_as_many_things_are_there_as_the_caption_says(pictures):
    renderer = Renderer(soft_pictures(12), CPU)  # discs with room around them
    recipes = drawn(pictures, replace(PLAIN, count=1.0))
    captioner = Captioner(pictures.concepts, random.Random(0))
    for recipe, picture in zip(recipes, renderer(layer_arrays(recipes))):
        caption = recipe.scene.caption(captioner, with_style=False)
        assert caption.split()[0] in NUMBERS[recipe.scene.count]
        assert count_objects(picture[3].numpy(), smallest=0.005) == recipe.scene.count, caption


def test_the_colour_that_the_caption_says_is_the_things_own(pictures, renderer):
    recipes = [r for r in drawn(pictures, replace(PLAIN, tint=1.0), 200) if r.scene.tint]
    captioner, right = Captioner({k: v | {"names": {}} for k, v in pictures.concepts.items()}, random.Random(0)), 0
    assert len({r.scene.tint for r in recipes}) > 4
    assert not any(r.scene.concept == "red fox" for r in recipes), "what is called by a colour keeps it"
    for recipe, picture in zip(recipes, renderer(layer_arrays(recipes))):
        assert recipe.scene.tint in recipe.scene.caption(captioner, with_style=False)
        right += main_colour(picture.numpy()) == recipe.scene.tint
    assert right > 0.8 * len(recipes)


def test_a_background_is_behind_everything_and_of_its_colour(pictures, renderer):
    recipes = drawn(pictures, replace(PLAIN, colour=1.0, count=0.5))
    for recipe, picture in zip(recipes, renderer(layer_arrays(recipes))):
        assert (picture[3] > 0.999).all()
        assert (picture[:3, 0, 0] - torch.tensor(COLOURS[recipe.scene.colour])).abs().max() < 0.05


def test_pairs_lie_beside_or_above_each_other(pictures, renderer):
    recipes = drawn(pictures, replace(PLAIN, pair=1.0))
    assert {r.scene.relation for r in recipes} == {"beside", "above"}
    for recipe, picture in zip(recipes, renderer(layer_arrays(recipes))):
        alpha, (first, second) = picture[3], recipe.layers
        halves = (alpha[:15], alpha[17:]) if recipe.scene.relation == "above" else (alpha[:, :15], alpha[:, 17:])
        assert min(half.sum() for half in halves) > 0.2 * max(half.sum() for half in halves)
        names = [pictures.records[layer.picture]["concept"] for layer in (first, second)]
        assert names == [recipe.scene.concept, recipe.scene.other], "the caption names them in this order"


def test_worn_things_are_drawn_over_who_wears_them(pictures, renderer):
    hat = next(iter(WORN))
    pictures.concepts[hat] = pictures.concepts["apple"] | {"label": hat}
    for index in (6, 7, 8):  # the apples of every style
        pictures.records[index]["concept"] = hat
    recipes = [r for r in drawn(pictures, replace(PLAIN, worn=1.0), 200) if r.scene.kind == "worn"]
    assert recipes
    for recipe, picture in zip(recipes, renderer(layer_arrays(recipes))):
        assert recipe.scene.other == hat and pictures.records[recipe.layers[1].picture]["concept"] == hat
        middle = round(recipe.layers[1].x * 16 + 15.5), round(recipe.layers[1].y * 16 + 15.5)
        own = pictures.batch([recipe.layers[1].picture])[0][:, 16, 16]
        assert torch.allclose(picture[:, middle[1], middle[0]], own, atol=0.05)


def test_kinds_come_as_often_as_from_the_composer(pictures):
    """The same mix, and the same scenes that are kept back."""
    ours = [r.scene for r in drawn(pictures, Mix(count=0.3, pair=0.2), 3000)]
    theirs = Composer(pictures, pictures.indices("train"), 0, Mix(count=0.3, pair=0.2)).batch(1500)[1]
    share = lambda scenes, test: np.mean([test(s) for s in scenes])  # noqa: E731
    for test in (
        lambda s: s.kind == "count",
        lambda s: s.kind == "pair",
        lambda s: s.tint is not None,
        lambda s: s.colour is not None,
        lambda s: s.relation == "above",
    ):
        assert abs(share(ours, test) - share(theirs, test)) < 0.04
    assert {(s.concept, s.tint) for s in ours if s.tint} == {(s.concept, s.tint) for s in theirs if s.tint}


def test_colours_in_batches_are_those_of_single_pictures(pictures):
    x, strength = pictures.batch(range(4)), torch.tensor([1.0, 0.8, 0.0, 0.9])
    colours = torch.tensor(list(COLOURS.values())[:4])
    made = tint_batch(x, colours, strength)
    for at in range(4):
        wanted = tint(x[at], COLOURS[list(COLOURS)[at]], strength[at].item()) if strength[at] else x[at]
        assert torch.allclose(made[at], wanted, atol=1e-5)


def test_moved_layers_land_where_they_are_said_to(renderer):
    """A square of the middle half, scaled by a half and moved by half the half-width: its centre of mass tells."""
    square = np.zeros((1, 32, 32, 4), np.uint8)
    square[0, 8:24, 8:24] = 255
    scene = Scene("one", "x", "y", "z")
    made = Renderer(square, CPU)(layer_arrays([Recipe(scene, (Layer(0, -1.0, 0.5, 0.3, 0.5, -0.25),))]))[0, 3]
    y, x = np.mgrid[:32, :32] / 16 - 1 + 1 / 32
    weight = made.numpy() / made.sum().item()
    assert abs((weight * x).sum() - 0.5) < 0.02 and abs((weight * y).sum() + 0.25) < 0.02
    assert abs(made.sum().item() - 64) < 4


def test_a_text_is_no_negative_of_what_it_is_true_of():
    fox = Scene("one", "fox", "noto", "fox")
    scenes = [fox, replace(fox, style="flat"), replace(fox, tint="blue"), Scene("one", "apple", "noto", "apple")]
    arrays = {
        "key": np.array([key_of(s) for s in scenes]),
        "style": np.array([0, 1, 0, 0]),
        "styled": np.array([True, False, False, False]),
    }
    assert false_negatives(arrays, CPU).nonzero().tolist() == [[1, 0]], "without a style 'fox' is true of both foxes"


@pytest.fixture
def tokenizer_file(tmp_path) -> Path:
    tokenizer = Tokenizer(
        WordLevel({"[PAD]": 0, "[UNK]": 1, "fox": 2, "apple": 3, "red": 4, "two": 5}, unk_token="[UNK]")
    )
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(tmp_path / teacher.TOKENIZER))
    return tmp_path / teacher.TOKENIZER


def test_joined_chunks_keep_their_layers(pictures, renderer, tokenizer_file):
    stream = iter(Stream(pictures.records, pictures.concepts, [("renard", "fox")], tokenizer_file, 12, 6, Mix()))
    chunks = [next(stream) for _ in range(3)]
    together = renderer(join(chunks))
    assert torch.equal(together, torch.cat([renderer(chunk) for chunk in chunks]))
    assert chunks[0]["captions"].shape == (6, 12) and chunks[0]["read"].shape == (3, 12)


TINY = replace(
    REHEARSAL,
    vqgan=replace(VQGAN, codes_per_position=3, residual=True),
    clip=CLIP,
    prior=replace(PRIOR, codes_per_position=3),
    rows=4,
    vqgan_batch=4,
    clip_batch=8,
    prior_batch=4,
    gap_rows=32,
    write_every_s=0.5,
    log_every_s=0.1,
)


@pytest.fixture
def tiny_pack(pictures, tmp_path, tokenizer_file) -> Path:
    """What `gpu.pack` writes, of tiny pictures and a tiny teacher."""
    folder = tmp_path / "pack"
    folder.mkdir()
    webp.write_pictures(pictures.pixels, folder, quality=85)
    for name in ("records", "concepts"):
        (folder / f"{name}.json.xz").write_bytes(lzma.compress((tmp_path / f"{name}.json").read_bytes()))
    perceptual.write_perceptual(folder)
    tokenizer_file.rename(folder / teacher.TOKENIZER)
    teacher.write_teacher(TextTransformer(TextConfig(vocabulary=100, width=32, heads=4, layers=3)), 4, folder)
    texts.write_texts([("renard", "fox"), ("fox", "fox")], folder)
    write_manifest(folder, {})
    return folder


def test_from_the_pack_to_checkpoints_that_load_and_paint(tiny_pack, tmp_path):
    results, runs = tmp_path / "results", tmp_path / "runs"
    run(tiny_pack, results, seconds=4.0, plan=TINY, workers=0)
    assert {p.name for p in results.iterdir()} == {
        "vqgan.0.part",
        "clip.0.part",
        "prior.0.part",
        "log.csv",
        "sheet.png",
    }
    assert merge.merge(results, runs, tiny_pack) == ["vqgan", "clip", "prior"]
    vqgan, clip, prior = load_vqgan(runs / "vqgan"), load_clip(runs / "clip"), load_prior(runs / "prior")
    assert torch.equal(clip.text.transformer.words.weight, teacher.read_teacher(tiny_pack).words.weight)
    with torch.no_grad():
        picture = torch.from_numpy(webp.read_pictures(tiny_pack, 1)[:2]).permute(0, 3, 1, 2) / 255
        assert vqgan.decode(vqgan.encode(picture)).shape == picture.shape
        tokens = generate(prior, clip.embed_pictures(picture), torch.Generator().manual_seed(0))
    assert tokens.shape == (2, 64, 3)
    # A second merge keeps the first one's checkpoints, and what was made with another VQGAN goes aside.
    (runs / "tokens").mkdir()
    merge.merge(results, runs, tiny_pack)
    assert (
        (runs / "vqgan" / "checkpoint-before-gpu-0.pt").exists()
        and (runs / "tokens-before-gpu-0").exists()
        and not (runs / "tokens").exists()
    )


def results_of(folder: Path, monkeypatch, run_name: str = "a", is_finished: bool = True) -> Path:
    """A VQGAN's parts, in pieces of a few kilobytes."""
    monkeypatch.setattr(parts, "LARGEST", 2**16)
    folder.mkdir(exist_ok=True)
    state = pack_state(Vqgan(VQGAN).state_dict(), ())
    parts.write_parts(folder, "vqgan", {"state": state, "config": VQGAN.__dict__}, run_name, is_finished)
    return folder


def test_pieces_stay_within_their_limit_and_are_put_together_again(tmp_path, monkeypatch):
    folder = results_of(tmp_path / "parts", monkeypatch)
    files = sorted(folder.iterdir())
    assert len(files) > 2 and max(p.stat().st_size for p in files) <= 2**16
    assert merge.merge(folder, tmp_path / "runs", tmp_path) == ["vqgan"]
    # A smaller successor leaves none of the larger one's pieces behind.
    parts.write_parts(folder, "vqgan", {"state": {}, "config": {}}, "a", True)
    assert [p.name for p in folder.iterdir()] == ["vqgan.0.part"]


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda p: p.write_bytes(p.read_bytes()[:-9] + b"different"), "damaged or cut off"),
        (lambda p: p.write_bytes(p.read_bytes()[:999]), "damaged or cut off"),
        (lambda p: p.write_bytes(b"rubbish"), "begin with a header"),
        (lambda p: p.unlink(), r"expected \d+ parts of one vqgan but received numbers \[0, 2"),
    ],
)
def test_damaged_or_missing_parts_are_refused_and_nothing_is_written(tmp_path, monkeypatch, harm, message):
    folder = results_of(tmp_path / "parts", monkeypatch)
    harm(folder / "vqgan.1.part")
    with pytest.raises(ValueError, match=message):
        merge.merge(folder, tmp_path / "runs", tmp_path)
    assert not (tmp_path / "runs").exists()


def test_unfinished_stages_wait_until_they_are_asked_for(tmp_path, monkeypatch):
    folder = results_of(tmp_path / "parts", monkeypatch, is_finished=False)
    with pytest.raises(ValueError, match="expected a finished stage"):
        merge.merge(folder, tmp_path / "runs", tmp_path)
    assert merge.merge(folder, tmp_path / "runs", tmp_path, with_unfinished=True) == ["vqgan"]


def test_parts_of_two_runs_are_refused(tmp_path, monkeypatch):
    folder = results_of(tmp_path / "parts", monkeypatch)
    parts.write_parts(folder, "clip", {"state": {}, "config": {}}, "another", True)
    with pytest.raises(ValueError, match="expected the parts of one run"):
        merge.merge(folder, tmp_path / "runs", tmp_path)


def test_weights_that_were_packed_once_are_exported_as_they_are():
    weight = torch.randn(6, 8, 4, 4, generator=torch.Generator().manual_seed(0)).repeat(20, 1, 1, 1)
    once = unpack_state(pack_state({"w": weight}, ("w",)))["w"]
    assert (once - weight).abs().max() < 0.02 * weight.abs().max()
    twice = unpack_state(pack_state({"w": once}, ("w",)))["w"]
    assert torch.equal(once, twice)
    codes = [quantise_blocks(w.reshape(120, 128).numpy(), 8, 64)[0] for w in (once, twice)]
    assert np.array_equal(*codes)


def test_the_whole_run_fits_into_what_comes_back(tmp_path):
    """Eight files of 16 MiB, 64 MiB together: the weights, with room for a sheet and a log."""
    plan = Plan()
    with torch.device("meta"):
        models = {"vqgan": Vqgan(plan.vqgan), "clip": Clip(plan.clip), "prior": Prior(plan.prior)}
    sizes = {}
    for stage, model in models.items():
        state = {k: torch.empty(v.shape, dtype=v.dtype) for k, v in model.state_dict().items() if k not in LEFT_OUT}
        eight = sum(
            v.numel()
            for k, v in state.items()
            if k.startswith(IN_BLOCKS[stage]) and v.ndim > 1 and v.numel() >= 4096 and v.numel() // len(v) % 64 == 0
        )
        sizes[stage] = eight * (1 + 2 / 64) + 2 * (sum(v.numel() for v in state.values()) - eight)
    assert sum(-(-size // (parts.LARGEST - 2**16)) for size in sizes.values()) <= 6
    assert sum(sizes.values()) < 61.5 * 2**20
    assert 30e6 < sum(p.numel() for p in models["prior"].parameters()) < 60e6


@torch.no_grad()
def test_more_codes_a_position_each_know_those_before_them():
    torch.manual_seed(0)
    prior = Prior(replace(PRIOR, codes_per_position=4)).eval()
    tokens, embedding = torch.randint(0, 64, (2, 64, 4)), torch.randn(2, 16)
    before = prior(tokens, embedding)
    assert [x.shape for x in before] == [(2, 64, 64)] * 4
    for g in range(4):
        changed = tokens.clone()
        changed[:, 63, g] = (changed[:, 63, g] + 1) % 64  # the last position: no other one can see it
        after = prior(changed, embedding)
        for h in range(4):
            assert torch.equal(before[h], after[h]) == (h <= g), f"code {h} knows code {g}"
    assert generate(prior, embedding, torch.Generator().manual_seed(0)).shape == (2, 64, 4)


@torch.no_grad()
def test_two_codes_are_what_they_were(models):
    """The depth head as it was before it took more codes: one table, one matrix."""
    depth, hidden, first = models[2].depth, torch.randn(5, 64), torch.randint(0, 64, (5,))
    assert depth.codes.weight.shape == depth.head.weight.shape == (64, 64)
    x = hidden + F.embedding(first, depth.codes.weight)
    x = x + depth.down(F.gelu(depth.up(F.rms_norm(x, (64,), depth.norm, 1e-6)), approximate="tanh"))
    assert torch.equal(depth(hidden, first), F.rms_norm(x, (64,), depth.norm, 1e-6) @ depth.head.weight.T)


def test_more_than_two_codes_are_not_exported_yet():
    with pytest.raises(ValueError, match="expected a prior with 2 codes a position for the depth graph but received 3"):
        build_depth(Prior(replace(PRIOR, codes_per_position=3)))
