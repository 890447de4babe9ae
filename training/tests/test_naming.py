"""Naming: what counts as named, how sure it is, and that sheets, key and prompts agree. Nothing is painted."""

import json

import numpy as np
import pytest
from PIL import Image

from tessera_training.common.pictures import Pictures
from tessera_training.evaluate.blind_sheets import EDGE, shuffled, write_sheets
from tessera_training.evaluate.cli_painter import CliPainter, read_picture
from tessera_training.evaluate.compositions import NUMBERS, Counted, colour_rows, count_rows, rendered
from tessera_training.evaluate.naming import main
from tessera_training.evaluate.naming_prompts import Prompt, captions_among, load_prompts, prompts_of
from tessera_training.evaluate.naming_score import alternatives, judge, read_answers, report, score, singular, wilson
from tessera_training.evaluate.nearest import nearest

CAR = Prompt("a green car", "colour", (("car", "automobile"), ("green",)))
ONE = Prompt("just one lemon", "count", (("lemon",), ("one", "1")))
THREE = Prompt("three cookies", "count", (("cookie",), ("three", "3")))

KINDS = {"single", "count", "colour", "worn", "pair", "face", "background"}


def verdict(prompt: Prompt, answer: str) -> tuple[bool, bool]:
    return (found := judge(prompt, answer)).main, found.all


def test_words_count_whole_and_with_their_synonyms():
    assert verdict(CAR, "A GREEN automobile!") == (True, True)
    assert verdict(CAR, "a car") == (True, False)
    assert verdict(CAR, "something green") == (False, False)
    assert verdict(CAR, "a green carpet") == (False, False), "part of a word is no word"
    assert verdict(CAR, "") == (False, False)
    sky = Prompt("a cat on a blue background", "background", (("cat",), ("blue background", "on blue")))
    assert verdict(sky, "cat on a blue wall") == (True, True), "articles do not stand between words"
    assert verdict(sky, "a blue cat") == (True, False)


def test_plurals_are_words_too():
    pairs = {
        "apples": "apple",
        "cherries": "cherry",
        "foxes": "fox",
        "tomatoes": "tomato",
        "mice": "mouse",
        "cookies": "cookie",
        "bus": "bus",
        "glass": "glass",
        "glasses": "glasses",
    }
    assert {word: singular(word) for word in pairs} == pairs
    assert verdict(THREE, "3 cookies") == (True, True)
    assert verdict(THREE, "cookies") == (True, False)
    assert verdict(CAR, "green cars") == (True, True)


def test_one_needs_no_number_but_bears_no_other():
    assert verdict(ONE, "a lemon") == verdict(ONE, "one lemon") == (True, True)
    assert verdict(ONE, "lemons") == verdict(ONE, "two lemons") == verdict(ONE, "a few lemons") == (True, False)


def test_only_the_first_alternative_counts():
    assert alternatives("a fox / a dog or a cat") == ["a fox", "a dog", "a cat"]
    assert alternatives("an orange") == ["an orange"] and alternatives(" / ") == [""]
    judged = score({"1": CAR, "2": CAR}, {"1": "a bus / a green car", "2": "green car or bus"})
    assert [(j.first.main, j.first.all, j.any.main, j.any.all) for j in judged] == [
        (False, False, True, True),
        (True, True, True, True),
    ]


def test_intervals_are_those_of_wilson():
    # Newcombe 1998, table I, method 3.
    known = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }
    for (hits, count), interval in known.items():
        assert wilson(hits, count) == pytest.approx(interval, abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0) and wilson(9, 9)[1] == pytest.approx(1)


def test_the_report_has_every_kind_and_the_misses():
    judged = score({"1": CAR, "2": ONE, "10": THREE}, {"1": "a car", "10": "three cookies"})
    assert [j.number for j in judged] == ["1", "2", "10"]
    text = report(judged)
    assert (
        "| colour | 1 of 1: 100 % (21 to 100) | 0 of 1: 0 % (0 to 79) |" in text
        and "| in all | 2 of 3: 67 % (21 to 94) | 1 of 3: 33 % (6 to 79) |" in text
    )
    assert (
        "| 1 | a green car | a car | a part |" in text
        and "| 2 | just one lemon | – | the main thing |" in text
        and "| 10 |" not in text
    )
    with pytest.raises(ValueError, match="numbers of the key"):
        score({"1": CAR}, {"7": "a car"})


def test_answers_are_read_from_text_and_json(tmp_path):
    file = tmp_path / "answers"
    file.write_text(
        "Sheet one\n1: a fox\n 2. 3 apples / tomatoes\n3)\n04\ta dog\n5 - cat\n**6:** an owl\n", encoding="utf-8"
    )
    assert read_answers(file) == {
        "1": "a fox",
        "2": "3 apples / tomatoes",
        "3": "",
        "4": "a dog",
        "5": "cat",
        "6": "an owl",
    }
    file.write_text('{"1": "a fox", "02": null}')
    assert read_answers(file) == {"1": "a fox", "2": ""}
    for text, message in (("1: a\n1: b\n", "one answer a number"), ("nothing", "lines like")):
        file.write_text(text)
        with pytest.raises(ValueError, match=message):
            read_answers(file)


def test_the_prompts_are_what_they_should_be():
    prompts = load_prompts("main")
    assert len(prompts) == 120 and sum(p.kind != "single" for p in prompts) == 40 and {p.kind for p in prompts} == KINDS
    languages, emoji = load_prompts("languages"), load_prompts("emoji")
    assert (
        len(languages) == 200
        and {p.kind for p in languages} == set("en de fr es it pt nl pl ru ja".split())
        and len(emoji) == 20
    )
    singles = {p.prompt for p in prompts if p.kind == "single"}
    assert {p.prompt for p in languages if p.kind == "en"} <= singles
    for name, found in (("main", prompts), ("languages", languages), ("emoji", emoji)):
        assert len({p.prompt.lower() for p in found}) == len(found), name
        for p in found:
            assert p.answers and all(
                part and all(word == word.strip().lower() != "" for word in part) for part in p.answers
            ), p
    # Each composition has more than one part, and an English prompt in its own words is always right.
    assert all(len(p.answers) > 1 for p in prompts if p.kind != "single")
    assert [p.prompt for p in prompts if not judge(p, p.prompt).all] == []
    assert not any("or" in p.prompt.split() or "/" in p.prompt for p in prompts)


def test_captions_of_training_are_found(pictures):
    ask = [
        Prompt("Moon", "single", ()),
        Prompt("a moon", "single", ()),
        Prompt("the red fox", "colour", ()),
        Prompt("apple, flat style", "single", ()),
        Prompt("two apples", "count", ()),
    ]
    assert captions_among(ask, pictures.concepts) == ["Moon", "the red fox", "apple, flat style"]


class FakeImagine:
    """Writes what imagine would, and notes what it was asked for."""

    def __init__(self):
        self.asked: list[str] = []

    def __call__(self, arguments):
        flags = dict(zip(arguments[1::2], arguments[2::2]))
        self.asked.append(arguments[0])
        paths = [f"{flags['--out']}/picture-{i}.png" for i in range(int(flags["--count"]))]
        for path in paths:
            Image.new("RGBA", (8, 8), (255, 0, 0, 128)).save(path)
        return {"images": [{"path": path} for path in paths]}


@pytest.fixture
def painter(tmp_path) -> CliPainter:
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "bundle.json").write_text("{}")
    return CliPainter(bundle, tmp_path / "pictures", seed=3, count=2, run=FakeImagine())


def test_painting_goes_on_where_it_stopped(painter):
    painter.paint("🐱")
    first = painter.paint_all(["🐱", "a fox"])
    assert painter.run.asked == ["🐱", "a fox"] and [len(files) for files in first] == [2, 2]
    assert painter.paint_all(["a fox", "🐱"]) == first[::-1] and len(painter.run.asked) == 2
    first[0][1].unlink()  # half a prompt is none
    painter.paint_all(["🐱", "a fox"])
    assert painter.run.asked[2:] == ["🐱"]
    (painter.bundle / "bundle.json").write_text('{"version": "2"}')
    painter.paint_all(["🐱", "a fox"])
    assert painter.run.asked[3:] == ["🐱", "a fox"], "another bundle paints anew"
    picture = read_picture(painter.paint("🐱")[0])
    assert picture.shape == (4, 8, 8) and np.allclose(picture[0], 128 / 255, atol=1e-3), "premultiplied"


def test_sheets_and_key_agree(painter, tmp_path):
    prompts = [p.prompt for p in load_prompts("main")][:32]
    order = shuffled(prompts, 1)
    assert order == shuffled(prompts, 1) != shuffled(prompts, 2) and sorted(order) == sorted(prompts)
    files = painter.paint_all(order)
    Image.new("RGBA", (EDGE, EDGE), (0, 0, 255, 255)).save(files[30][0])
    made = write_sheets(order, files, tmp_path)
    key = json.loads((tmp_path / "key.json").read_text())
    assert list(key.values()) == order and list(key) == [str(n) for n in range(1, 33)]
    assert [p.prompt for p in prompts_of(key).values()] == order
    assert [path.name for path in made] == ["1.png", "2.png"]
    # 31 is the first of the second sheet; nothing else there is blue.
    pixels = np.asarray(Image.open(made[1]))
    blue = np.argwhere((pixels == (0, 0, 255)).all(-1))
    assert len(blue) == EDGE * EDGE and blue[:, 1].max() < pixels.shape[1] / 5
    assert len(write_sheets(order[:3], files[:3], tmp_path)) == 1 and len(list((tmp_path / "sheets").iterdir())) == 1
    with pytest.raises(ValueError, match="one set"):
        prompts_of({"1": "never asked for"})


def test_the_command_scores_what_it_is_given(tmp_path, capsys):
    (tmp_path / "key.json").write_text(json.dumps({"1": "ein Hund", "2": "猫"}))
    (tmp_path / "answers.txt").write_text("1: dog\n2: a bear / a cat\n")
    main(
        [
            "score",
            "--key",
            str(tmp_path / "key.json"),
            "--answers",
            str(tmp_path / "answers.txt"),
            "--out",
            str(tmp_path / "report.md"),
        ]
    )
    text = capsys.readouterr().out
    assert "| de | 1 of 1" in text and "| ja | 0 of 1" in text and (tmp_path / "report.md").read_text() == text


def test_real_renderings_are_counted_right(tmp_path):
    solid = np.zeros((1, 128, 128, 4), np.uint8)
    solid[0, 24:104, 24:104] = 255
    np.save(tmp_path / "pictures.npy", solid)
    (tmp_path / "records.json").write_text("[]")
    (tmp_path / "concepts.json").write_text("{}")
    pictures = Pictures(tmp_path)
    asked = [Counted(number, "box", 0) for number in range(1, 7)]
    assert [a.prompt for a in asked] == ["one box", *(f"{number} boxes" for number in NUMBERS[1:])]
    rows = count_rows(asked, [rendered(pictures, asked[1])] * 6, pictures)
    assert [row[2] for row in rows[:6]] == ["1 of 1: 100 % (21 to 100)"] * 6 and rows[6][1].startswith("1 of 6")


def test_a_colour_belongs_on_the_thing():
    thing = np.zeros((4, 64, 64), np.float32)
    thing[:, 20:40, 20:40] = np.reshape([0.86, 0.2, 0.18, 1], (4, 1, 1))
    behind = np.ones((4, 64, 64), np.float32) * np.float32([0.86, 0.2, 0.18, 1]).reshape(4, 1, 1)
    shares = [
        [value.split(":")[0] for value in row[1:]]
        for row in colour_rows(["red", "red"], [thing, behind], [thing, thing])
    ]
    assert shares == [["2 of 2", "2 of 2"], ["1 of 2", "2 of 2"], ["1 of 2", "2 of 2"]]


def test_a_copy_is_found_mirrored_too(pictures):
    training = pictures.indices("train")
    copy = pictures.batch([training[2]]).numpy()
    distances, indices = nearest(
        np.concatenate([copy, copy[..., ::-1], np.clip(copy + 0.1, None, 2)]), pictures, training, chunk=4
    )
    assert list(indices) == [training[2]] * 3 and distances == pytest.approx([0, 0, 0.1], abs=1e-5)
    with pytest.raises(ValueError, match="like the stored ones"):
        nearest(copy[..., :8], pictures, training)
