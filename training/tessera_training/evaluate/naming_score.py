"""Whether what a viewer said names what was asked for, and how sure the shares are."""

import json
import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tessera_training.evaluate.naming_prompts import Prompt

IGNORED = {"a", "an", "the"}
UNCHANGED = {"glasses", "sunglasses", "scissors", "fries", "shears", "chips", "bus", "cactus", "octopus", "zzz"}
IRREGULAR = {
    "mice": "mouse", "geese": "goose", "feet": "foot", "teeth": "tooth", "men": "man", "women": "woman",
    "children": "child", "people": "person", "wolves": "wolf", "leaves": "leaf", "knives": "knife", "loaves": "loaf",
    "puppies": "puppy", "cacti": "cactus", "octopi": "octopus", "ponies": "pony", "movies": "movie",
    "cookies": "cookie", "zombies": "zombie", "birdies": "birdie", "shoes": "shoe", "toes": "toe", "axes": "axe",
    "halves": "half", "lenses": "lens", "fungi": "fungus",
}  # fmt: skip
# A viewer says "a lemon" of one lemon: one needs no number, only that nothing speaks against it.
MANY = {
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "pair",
    "couple",
    "several",
    "many",
    "multiple",
    "some",
    "few",
    "bunch",
    "group",
    *map(str, range(2, 21)),
}


def singular(word: str) -> str:
    """A simple one: what it gets wrong, it gets wrong alike for the accepted words and for the answer."""
    if word in UNCHANGED or len(word) < 4 or word.endswith(("ss", "us", "is")):
        return word
    if word in IRREGULAR:
        return IRREGULAR[word]
    if word.endswith("ies"):
        return word[:-3] + "y"
    if re.search(r"(ch|sh|x|ss|zz|o)es$", word):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


def words_of(text: str) -> list[str]:
    """Lower case words without accents and articles, plurals as they are."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return [word for word in re.findall(r"[a-z0-9]+", plain.replace("'s", "")) if word not in IGNORED]


def find(option: str, words: list[str]) -> list[str] | None:
    """The words of the answer that say `option`, in its order and next to each other, plural or not."""
    wanted = [singular(word) for word in words_of(option)]
    for at in range(len(words) - len(wanted) + 1):
        if [singular(word) for word in words[at : at + len(wanted)]] == wanted:
            return words[at : at + len(wanted)]
    return None


def names(part: Iterable[str], words: list[str]) -> bool:
    return any(find(option, words) is not None for option in part)


def is_one(main: Iterable[str], words: list[str]) -> bool:
    """Whether the answer speaks of one thing without saying so: no number, no plural."""
    said = [found for option in main if (found := find(option, words))]
    return not MANY & set(words) and all(singular(word) == word for found in said for word in found)


@dataclass(frozen=True)
class Verdict:
    main: bool  # the main thing is named
    all: bool  # so is everything else


def judge(prompt: Prompt, answer: str) -> Verdict:
    """Of one alternative."""
    words, main = words_of(answer), prompt.answers[0]
    named = [names(part, words) or ("one" in part and is_one(main, words)) for part in prompt.answers]
    return Verdict(named[0], all(named))


def alternatives(answer: str) -> list[str]:
    """ "a tomato / an apple", "a tomato or an apple" -> both, in the viewer's order; at least one."""
    return [part.strip() for part in re.split(r"/|\bor\b", answer, flags=re.IGNORECASE) if part.strip()] or [""]


@dataclass(frozen=True)
class Judged:
    """What became of one number of the sheets."""

    number: str
    prompt: Prompt
    answer: str
    first: Verdict  # the viewer's first word is what counts
    any: Verdict  # the best of all alternatives


def score(prompts: dict[str, Prompt], answers: dict[str, str]) -> list[Judged]:
    """Every number of the key, in its order; a number without an answer is a miss."""
    strange = sorted(set(answers) - set(prompts), key=int)
    if strange:
        raise ValueError(
            f"Expected answers to the numbers of the key but received some to {', '.join(strange[:5])} too."
        )
    out = []
    for number in sorted(prompts, key=int):
        prompt, answer = prompts[number], answers.get(number, "")
        verdicts = [judge(prompt, alternative) for alternative in alternatives(answer)]
        best = Verdict(any(v.main for v in verdicts), any(v.all for v in verdicts))
        out.append(Judged(number, prompt, answer, verdicts[0], best))
    return out


def read_answers(path: Path) -> dict[str, str]:
    """Number -> what was said, from a JSON object or from lines like "12: a fox". Other lines are read over."""
    text = path.read_text(encoding="utf-8-sig")
    if text.lstrip().startswith("{"):
        return {str(int(number)): str(said or "") for number, said in json.loads(text).items()}
    out: dict[str, str] = {}
    for line in text.splitlines():
        if found := re.match(r"[\s#*|]*(\d+)(?:\s*[.:)|=\t*-]+|\s)\s*(.*)", line):
            number = str(int(found[1]))
            if number in out:
                raise ValueError(f"Expected one answer a number but {path.name} has two for {number}.")
            out[number] = found[2].strip(" \t*|")
    if not out:
        raise ValueError(f'Expected lines like "12: a fox" in {path.name} but found none.')
    return out


def wilson(hits: int, count: int, z: float = 1.959964) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927, without correction for continuity)."""
    if count == 0:
        return 0.0, 1.0
    share, square = hits / count, z * z / count
    middle = (share + square / 2) / (1 + square)
    half = z * math.sqrt(share * (1 - share) / count + square / (4 * count)) / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)


def share(hits: Iterable[bool]) -> str:
    """ "3 of 4: 75 % (30 to 95)" """
    hits = list(hits)
    low, high = wilson(sum(hits), len(hits))
    return (
        f"{sum(hits)} of {len(hits)}: {100 * sum(hits) / max(1, len(hits)):.0f} % ({100 * low:.0f} to {100 * high:.0f})"
    )


def grouped(judged: list[Judged]) -> dict[str, list[Judged]]:
    """By kind, single things first; then all compositions together, and everything."""
    groups: dict[str, list[Judged]] = {}
    for j in judged:
        groups.setdefault(j.prompt.kind, []).append(j)
    if "single" in groups and len(groups) > 1:
        groups = {"single": groups.pop("single")} | groups
        groups["compositions"] = [j for j in judged if j.prompt.kind != "single"]
    return groups | {"in all": judged}


def metrics(judged: list[Judged]) -> dict[str, dict]:
    """Kind -> shares of the viewer's first word, as numbers and as the card says them (export/card.py)."""
    out = {}
    for kind, rows in grouped(judged).items():
        main, whole = [j.first.main for j in rows], [j.first.all for j in rows]
        out[kind] = {
            "main": sum(main) / len(rows),
            "all": sum(whole) / len(rows),
            "mainText": share(main),
            "allText": share(whole),
        }
    return out


def report(judged: list[Judged]) -> str:
    """A Markdown table by kind and in all, and the misses."""
    lines = [
        "| kind | main thing named | all parts named | main thing, any alternative | all parts, any alternative |",
        "|---|---|---|---|---|",
    ]
    for kind, rows in grouped(judged).items():
        columns = (
            [j.first.main for j in rows],
            [j.first.all for j in rows],
            [j.any.main for j in rows],
            [j.any.all for j in rows],
        )
        lines.append(f"| {kind} | {' | '.join(map(share, columns))} |")
    lines += [
        "",
        "95 % intervals after Wilson. Misses (what was said of the first alternative is what counts):",
        "",
        "| number | prompt | answer | missed |",
        "|---|---|---|---|",
    ]
    for j in judged:
        if not j.first.all:
            missed = "a part" if j.first.main else "the main thing"
            rescued = " (an alternative has it)" if j.any.all or (j.any.main and not j.first.main) else ""
            lines.append(
                f"| {j.number} | {j.prompt.prompt} | {j.answer.replace('|', '/') or '–'} | {missed}{rescued} |"
            )
    return "\n".join(lines) + "\n"
