"""The prompts of the naming test and what a viewer may call the pictures: naming_prompts.json, checked.

A prompt's answers are a list of parts, the main thing first; each part lists the words that name it. The file holds 120
prompts as people type them ("main"), twenty of the single ones in ten languages, and twenty of emoji characters only.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("naming_prompts.json")
SETS = ("main", "languages", "emoji")
ARTICLE = re.compile(r"\b(a|an|the|some)\b")


@dataclass(frozen=True)
class Prompt:
    prompt: str
    # single, count, colour, worn, pair, face or background; in the other sets the language, or "one emoji", "two emoji"
    kind: str
    answers: tuple[tuple[str, ...], ...]  # one tuple of accepted words for each part, the main thing first


def load_prompts(name: str, file: Path = FILE) -> list[Prompt]:
    """The prompts of a set, in the order of the file."""
    sets = json.loads(file.read_text(encoding="utf-8"))

    def read(entry: dict) -> Prompt:
        return Prompt(entry["prompt"], entry["kind"], tuple(tuple(words) for words in entry["answers"]))

    if name != "languages":
        return [read(entry) for entry in sets[name]]
    # Whatever the language, the viewer answers in English: the answers are those of the English prompt.
    english = {entry["prompt"]: read(entry) for entry in sets["main"]}
    return [
        Prompt(words, language, english[entry["en"]].answers)
        for entry in sets["languages"]
        for language, words in entry.items()
    ]


def prompts_of(key: dict[str, str], file: Path = FILE) -> dict[str, Prompt]:
    """Number -> prompt with its answers, for the numbers of a key. The set is the first one that has all of them."""
    for name in SETS:
        known = {p.prompt: p for p in load_prompts(name, file)}
        if all(text in known for text in key.values()):
            return {number: known[text] for number, text in key.items()}
    strange = sorted(set(key.values()) - {p.prompt for name in SETS for p in load_prompts(name, file)})
    raise ValueError(f"Expected a key with the prompts of one set ({', '.join(SETS)}) but it also holds {strange[:3]}.")


def bare(text: str) -> str:
    """Lower case, without articles."""
    return " ".join(ARTICLE.sub(" ", text.lower()).split())


def captions_among(prompts: list[Prompt], concepts: dict) -> list[str]:
    """Prompts that say what a caption of training says: a label without an article, or a composition that is one label.

    A single thing with an article before it may be a label: people do type "a sword".
    """
    labels = {bare(concept["label"]) for concept in concepts.values()}
    found = []
    for p in prompts:
        is_plain = p.kind == "single" and bare(p.prompt) != p.prompt.lower()
        in_style = re.search(r",\s|\bstyle\b", p.prompt)
        if in_style or (bare(p.prompt) in labels and not is_plain):
            found.append(p.prompt)
    return found
