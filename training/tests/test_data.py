"""Pictures and words: scenes are what their captions say, and the split holds."""

import json
import random

import numpy as np
import pytest
import torch

from tessera_training.common.pictures import over, random_affine, shift_hue
from tessera_training.data import compose, prepare
from tessera_training.data.captions import COLOUR_WORDS, COLOURS, Captioner, canonical, plural
from tessera_training.data.compose import Composer, Mix, is_kept_back, names_a_colour
from tessera_training.data.tint import tint
from tessera_training.evaluate.measures import count_objects, has_clear_corners, main_colour
from tests.conftest import PLAIN


def is_premultiplied(x: torch.Tensor) -> bool:
    return bool((x >= -1e-5).all() and (x <= 1 + 1e-5).all() and (x[:, :3] <= x[:, 3:4] + 1e-4).all())


def mix_of(**shares: float) -> Mix:
    return Mix(**(PLAIN.__dict__ | shares))


@pytest.mark.parametrize("kind", ["count", "pair", "tint", "colour", "moved"])
def test_every_scene_is_a_valid_picture_that_differs_from_the_plain_one(pictures, kind):
    composer = Composer(pictures, pictures.indices("train"), seed=1, mix=mix_of(**{kind: 1.0}))
    x, scenes = composer.batch(6)
    assert x.shape == (6, 4, 32, 32) and is_premultiplied(x)
    train = {r["concept"] for r in pictures.records if r["split"] == "train"}
    assert all(s.concept in train and (s.other is None or s.other in train) for s in scenes), (
        "nothing held out is composed"
    )
    if kind == "colour":
        assert all(s.colour for s in scenes) and (x[:, 3] > 0.99).all()


def test_a_counted_scene_holds_that_many_objects(pictures):
    composer = Composer(pictures, pictures.indices("train"), seed=2, mix=mix_of(count=1))
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
    composer = Composer(
        pictures, pictures.indices("train"), seed=4, mix=mix_of(count=0.4, pair=0.4, tint=0.5, colour=0.3)
    )
    _, scenes = composer.batch(40)
    for scene in scenes:
        text = scene.caption(captioner, with_style=True)
        assert (scene.colour is None) or scene.colour in text
        assert scene.tint is None or scene.kind == "one" or f"{scene.tint} {scene.concept}" in text
        if scene.kind == "count":
            assert plural(scene.concept) in text and any(
                word in text
                for word in {2: ("two", "2"), 3: ("three", "3"), 4: ("four", "4"), 5: ("five", "5")}[scene.count]
            )
        if scene.kind == "pair":
            assert scene.concept in text and scene.other in text
        if scene.kind != "one":
            assert scene.style in text
    assert canonical(pictures.concepts, "apple", "flat") == "apple, flat style"


@pytest.mark.parametrize("colour", COLOURS)
def test_a_tinted_thing_has_that_colour_and_keeps_its_shape(colour):
    y, x = np.mgrid[0:64, 0:64] / 63 - 0.5
    shaded = np.stack([0.8 - 0.2 * (x + y), 0.6 - 0.2 * (x + y), np.full_like(x, 0.2), np.ones_like(x)]).astype(
        np.float32
    )
    picture = torch.from_numpy(shaded * (np.hypot(x, y) < 0.4))
    picture[:3, 28:32, 28:32] = 0  # an eye
    made = tint(picture, COLOURS[colour])
    assert is_premultiplied(made[None]) and torch.equal(made[3], picture[3])
    assert main_colour(made.numpy()) == colour
    assert made[:3, 28:32, 28:32].max() < 1e-5, "what was black stays black"
    assert torch.allclose(tint(picture, COLOURS[colour], strength=0), picture, atol=1e-5)


def test_an_empty_picture_can_be_tinted():
    assert torch.equal(tint(torch.zeros(4, 8, 8), COLOURS["red"]), torch.zeros(4, 8, 8))
    assert main_colour(np.zeros((4, 8, 8), np.float32)) is None


def test_combinations_that_are_kept_back_are_never_composed(pictures, monkeypatch):
    monkeypatch.setattr(compose, "WORN", {"apple": (0.5, 0.2, 0.4)})
    monkeypatch.setattr(
        compose, "is_kept_back", lambda concept, extra: extra in ("blue", "apple") and concept == "apple"
    )
    composer = Composer(pictures, pictures.indices("train"), seed=6, mix=mix_of(tint=0.5, worn=1.0))
    scenes = [scene for _ in range(20) for scene in composer.batch(12)[1]]
    tinted, worn = [s for s in scenes if s.tint], [s for s in scenes if s.kind == "worn"]
    assert {s.tint for s in tinted} == set(COLOURS) - {"blue"} and {s.other for s in worn} == {"apple"}
    assert {s.concept for s in tinted} == {"apple"}, "a red fox and a blue whale are called by a colour"
    assert {s.concept for s in worn} == {"red fox", "blue whale"}


def test_a_quarter_is_kept_back_for_the_evaluation():
    combinations = [(f"thing {n}", colour) for n in range(200) for colour in COLOURS]
    assert np.mean([is_kept_back(*c) for c in combinations]) == pytest.approx(0.25, abs=0.03)
    assert names_a_colour("red apple") and not names_a_colour("bored apple")


def test_colours_are_named_in_every_language_that_has_a_name():
    assert all(len(words.split()) == len(COLOURS) for words in COLOUR_WORDS.values())
    concepts = {"fox": {"label": "fox", "tags": [], "names": {"de": "fuchs", "fr": "renard"}, "words": {}}}
    captioner = Captioner(concepts, random.Random(0))
    said = {captioner.tinted("fox", "black") for _ in range(200)}
    assert {"black fox", "a black fox", "ein schwarzer fuchs", "un renard noir"} <= said


def test_a_background_is_seen_in_the_corners():
    thing = np.zeros((64, 64), np.float32)
    thing[10:50, 10:50] = 1
    assert has_clear_corners(thing) and not has_clear_corners(np.ones_like(thing))


@pytest.mark.parametrize(
    ("one", "many"),
    [("fox", "foxes"), ("berry", "berries"), ("day", "days"), ("watch", "watches"), ("apple", "apples")],
)
def test_plurals(one, many):
    assert plural(one) == many


def test_pixel_operations_keep_premultiplication():
    torch.manual_seed(0)
    alpha = torch.rand(4, 1, 32, 32)
    x = torch.cat([torch.rand(4, 3, 32, 32) * alpha, alpha], 1)
    generator = torch.Generator().manual_seed(0)
    for y in (
        random_affine(x, generator, 1.0, 0.5, 1.1, 0.1, rotate=0.3),
        shift_hue(x, generator, 1.0),
        over(x, x.flip(0)),
    ):
        assert is_premultiplied(y)
    unmoved = random_affine(x, generator, 0.0, 0.5, 1.0, 0.0, flip=0.0)
    assert torch.allclose(unmoved, x, atol=1e-5)
    assert Composer is not None and PLAIN.moved == 0


def write_raw(folder, concepts: int, rng: np.random.Generator, copies: bool) -> None:
    """Pictures of `concepts` things in five styles;
    with `copies`, every style of a thing is nearly the same picture."""
    records, pixels = [], []
    for concept in range(concepts):
        base = rng.integers(0, 255, (4, 4, 4), np.uint8)
        for style in ("noto", "twemoji", "3d", "flat", "classic"):
            small = base if copies else rng.integers(0, 255, (4, 4, 4), np.uint8)
            picture = np.kron(small, np.ones((8, 8, 1), np.uint8))
            pixels.append(np.clip(picture.astype(int) + rng.integers(-3, 4, picture.shape), 0, 255).astype(np.uint8))
            records.append(
                {
                    "set": style,
                    "style": style,
                    "name": f"Thing{chr(97 + concept // 26)}{chr(97 + concept % 26)}",
                    "hexcode": "",
                    "licence": "MIT",
                    "author": "us",
                }
            )
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


@pytest.mark.parametrize(
    ("name", "plain"), [("Dog-Face", "dog face"), ("smile 2", "smile"), ("Won’t_Stop", "wont stop")]
)
def test_names_of_all_sets_are_spelt_alike(name, plain):
    assert prepare.normalise(name) == plain


def test_copies_are_found_as_they_are_and_mirrored():
    rng = np.random.default_rng(0)
    thumbnails = rng.integers(0, 256, (4, 16, 16, 4)).astype(np.float64)
    thumbnails[1] = thumbnails[0] + 3
    thumbnails[2] = thumbnails[0][:, ::-1]
    found = prepare.near_duplicates(thumbnails, np.array([0]), np.arange(4), rms=14)
    assert found == [(0, 1), (0, 2)]
