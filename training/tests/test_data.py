"""Pictures and words: scenes are what their captions say, and the split holds."""

import json
import random

import numpy as np
import pytest
import torch

from common.pictures import over, random_affine, shift_hue
from data import prepare
from data.captions import Captioner, canonical, plural
from data.compose import PLAIN, Composer, Mix
from evaluate.measures import count_objects


def is_premultiplied(x: torch.Tensor) -> bool:
    return bool((x >= -1e-5).all() and (x <= 1 + 1e-5).all() and (x[:, :3] <= x[:, 3:4] + 1e-4).all())


@pytest.mark.parametrize("kind", ["count", "pair", "colour", "moved"])
def test_every_scene_is_a_valid_picture_that_differs_from_the_plain_one(pictures, kind):
    composer = Composer(pictures, pictures.indices("train"), seed=1, mix=Mix(**{"count": 0, "pair": 0, "colour": 0, "moved": 0, kind: 1.0}))
    x, scenes = composer.batch(6)
    assert x.shape == (6, 4, 32, 32) and is_premultiplied(x)
    train = {r["concept"] for r in pictures.records if r["split"] == "train"}
    assert all(s.concept in train and (s.other is None or s.other in train) for s in scenes), "nothing held out is composed"
    if kind == "colour":
        assert all(s.colour for s in scenes) and (x[:, 3] > 0.99).all()


def test_a_counted_scene_holds_that_many_objects(pictures):
    composer = Composer(pictures, pictures.indices("train"), seed=2, mix=Mix(count=1, pair=0, colour=0, moved=0))
    x, scenes = composer.batch(24)
    large = torch.nn.functional.interpolate(x, (64, 64), mode="bilinear")
    counted = [count_objects(picture[3].numpy()) for picture in large]
    # Jitter lets two neighbours touch now and then.
    assert np.mean([a == s.count for a, s in zip(counted, scenes)]) > 0.7
    assert {s.count for s in scenes} == {2, 3, 4, 5}


def test_a_seed_fixes_a_batch(pictures):
    batches = [Composer(pictures, pictures.indices("train"), seed=3).batch(4) for _ in range(2)]
    assert torch.equal(batches[0][0], batches[1][0]) and batches[0][1] == batches[1][1]


def test_captions_say_what_is_there(pictures):
    captioner = Captioner(pictures.concepts, random.Random(0))
    composer = Composer(pictures, pictures.indices("train"), seed=4, mix=Mix(count=0.4, pair=0.4, colour=0.3, moved=0))
    _, scenes = composer.batch(40)
    for scene in scenes:
        text = scene.caption(captioner, with_style=True)
        assert (scene.colour is None) or scene.colour in text
        if scene.kind == "count":
            assert plural(scene.concept) in text and any(word in text for word in {2: ("two", "2"), 3: ("three", "3"), 4: ("four", "4"), 5: ("five", "5")}[scene.count])
        if scene.kind == "pair":
            assert scene.concept in text and scene.other in text
        if scene.kind != "one":
            assert scene.style in text
    assert canonical(pictures.concepts, "apple", "flat") == "apple, flat style"


@pytest.mark.parametrize(("one", "many"), [("fox", "foxes"), ("berry", "berries"), ("day", "days"), ("watch", "watches"), ("apple", "apples")])
def test_plurals(one, many):
    assert plural(one) == many


def test_pixel_operations_keep_premultiplication():
    torch.manual_seed(0)
    alpha = torch.rand(4, 1, 32, 32)
    x = torch.cat([torch.rand(4, 3, 32, 32) * alpha, alpha], 1)
    generator = torch.Generator().manual_seed(0)
    for y in (random_affine(x, generator, 1.0, 0.5, 1.1, 0.1, rotate=0.3), shift_hue(x, generator, 1.0), over(x, x.flip(0))):
        assert is_premultiplied(y)
    unmoved = random_affine(x, generator, 0.0, 0.5, 1.0, 0.0, flip=0.0)
    assert torch.allclose(unmoved, x, atol=1e-5)
    assert Composer is not None and PLAIN.moved == 0


def write_raw(folder, concepts: int, rng: np.random.Generator, copies: bool) -> None:
    """Pictures of `concepts` things in five styles; with `copies`, every style of a thing is nearly the same picture."""
    records, pixels = [], []
    for concept in range(concepts):
        base = rng.integers(0, 255, (4, 4, 4), np.uint8)
        for style in ("noto", "twemoji", "3d", "flat", "classic"):
            small = base if copies else rng.integers(0, 255, (4, 4, 4), np.uint8)
            picture = np.kron(small, np.ones((8, 8, 1), np.uint8))
            pixels.append(np.clip(picture.astype(int) + rng.integers(-3, 4, picture.shape), 0, 255).astype(np.uint8))
            records.append({"set": style, "style": style, "name": f"Thing{chr(97 + concept // 26)}{chr(97 + concept % 26)}", "hexcode": "", "licence": "MIT", "author": "us"})
    folder.mkdir(exist_ok=True)
    (folder / "pictures.jsonl").write_text("\n".join(json.dumps(r) for r in records))
    np.stack(pixels).tofile(folder / "pictures.u8")


def split_of(folder, monkeypatch) -> dict[tuple[str, str], str]:
    monkeypatch.setattr(prepare, "load_emoji_words", lambda root: ({}, {}))
    monkeypatch.setattr("sys.argv", ["prepare", "--data", str(folder)])
    prepare.main()
    return {(r["concept"], r["style"]): r["split"] for r in json.loads((folder / "records.json").read_text())}


def test_the_split_never_moves_when_pictures_are_added(tmp_path, monkeypatch, capsys):
    write_raw(tmp_path / "few", 60, np.random.default_rng(0), copies=False)
    write_raw(tmp_path / "many", 90, np.random.default_rng(0), copies=False)
    few, many = split_of(tmp_path / "few", monkeypatch), split_of(tmp_path / "many", monkeypatch)
    assert {k: many[k] for k in few} == few
    kinds = set(few.values())
    assert "pair" in kinds and "train" in kinds
    for concept in {c for c, _ in few}:
        of_concept = [few[concept, s] for s in ("noto", "twemoji", "3d", "flat", "classic")]
        assert of_concept.count("pair") <= 1, "at most one style of a thing is given away"
        assert of_concept.count("concept") in (0, 5), "a held-out concept is held out whole"


def test_no_near_copy_of_a_held_out_picture_is_trained_on(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "copies"
    write_raw(folder, 60, np.random.default_rng(1), copies=True)
    split = split_of(folder, monkeypatch)
    assert "excluded" in split.values()
    pictures = np.load(folder / "pictures.npy").astype(np.float32)
    small = pictures.reshape(len(pictures), 16, 2, 16, 2, 4).mean((2, 4)).reshape(len(pictures), -1)
    names = np.array(list(split.values()))
    for held_out in np.flatnonzero((names == "pair") | (names == "concept")):
        distance = np.sqrt(((small[names == "train"] - small[held_out]) ** 2).mean(1))
        assert distance.min() > prepare.NEAR_DUPLICATE_RMS


@pytest.mark.parametrize(("name", "plain"), [("Dog-Face", "dog face"), ("smile 2", "smile"), ("Won’t_Stop", "wont stop")])
def test_names_of_all_sets_are_spelt_alike(name, plain):
    assert prepare.normalise(name) == plain
