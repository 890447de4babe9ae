"""Turns rendered pictures and emoji word lists into what every training stage reads.

    python -m tessera_training.data.prepare --data runs/data

Reads   pictures.u8, pictures.jsonl   (render/render.mjs)
Writes  pictures.npy   uint8 [N, 128, 128, 4], RGBA with *premultiplied* alpha
        records.json   one record a picture: set, style, name, concept, licence, author, split
        concepts.json  concept -> {label, tags, names: {language: label}, words: {language: [tag]}}
        summary.json   counts, licences, near-duplicates

The split is a pure function of the names (a hash), so it never moves when pictures are added:
    train         seen by every stage
    pair          (concept, style) held out: the concept is trained on in other styles only
    concept       held out whole: no style of it is ever trained on
    excluded      a near-duplicate of a held-out picture; left out so that the split is honest
"""

import hashlib
import json
import re
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from tessera_training.common.arguments import parser_of
from tessera_training.common.paths import RENDER

LANGUAGES = [
    "en",
    "de",
    "fr",
    "es",
    "it",
    "pt",
    "nl",
    "pl",
    "sv",
    "da",
    "nb",
    "fi",
    "hu",
    "et",
    "lt",
    "ru",
    "uk",
    "ja",
    "ko",
    "zh",
]
# Held-out pairs come only from these large sets: a small set has too few pictures to give away.
PAIR_STYLES = {"noto", "twemoji", "3d", "flat", "classic"}
PAIR_SHARE, CONCEPT_SHARE = 0.40, 0.03
NEAR_DUPLICATE_RMS = 14.0  # of 255, on 16x16 RGBA thumbnails; judged by eye on the closest pairs


def normalise(name: str) -> str:
    """'Dog-Face' -> 'dog face': one spelling for the names of all sets."""
    name = re.sub(r"[^a-z0-9]+", " ", name.lower().replace("’", "").replace("'", "")).strip()
    return re.sub(r" (\d)$", "", name)


def fraction(key: str) -> float:
    """A fixed number in [0, 1) for a key: the same on every machine and every day."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:6], "big") / 2**48


def load_emoji_words(root: Path, languages: list[str] = LANGUAGES[1:]) -> tuple[dict[str, dict], dict[str, str]]:
    """Emojibase in every language -> (concept -> words, code points -> concept)."""
    concepts, by_hexcode = {}, {}
    for entry in json.loads((root / "en" / "data.json").read_text()):
        concept = normalise(entry["label"])
        concepts[concept] = {
            "label": entry["label"].lower(),
            "tags": entry.get("tags", []),
            "names": {},
            "words": {},
            "hexcode": entry["hexcode"],
        }
        by_hexcode[plain(entry["hexcode"])] = concept
    for language in languages:
        for entry in json.loads((root / language / "data.json").read_text()):
            concept = by_hexcode.get(plain(entry["hexcode"]))
            if concept and entry.get("label"):
                concepts[concept]["names"][language] = entry["label"].lower()
                concepts[concept]["words"][language] = entry.get("tags", [])[:8]
    return concepts, by_hexcode


def plain(hexcode: str) -> str:
    """Code points without the presentation selector, which sets write or omit as they like."""
    return "-".join(part for part in hexcode.lower().split("-") if part != "fe0f")


def concept_of(record: dict, concepts: dict, by_hexcode: dict, squashed: dict) -> str:
    if record["hexcode"] and plain(record["hexcode"]) in by_hexcode:
        return by_hexcode[plain(record["hexcode"])]
    name = normalise(record["name"])
    for candidate in (name, name.removesuffix(" face"), name + " face", name.replace("smiling", "grinning")):
        if candidate in concepts:
            return candidate
    # Some sets write names without spaces: 'speakeronesoundwave'.
    return squashed.get(name.replace(" ", ""), name)


def near_duplicates(thumbnails: np.ndarray, queries: np.ndarray, pool: np.ndarray, rms: float) -> list[tuple[int, int]]:
    """Pairs (query, pool picture) whose 16x16 thumbnails [N, 16, 16, 4] differ by less than `rms` of 255, as they are
    or mirrored: training mirrors its pictures."""
    flat = thumbnails.reshape(len(thumbnails), -1).astype(np.float32)
    mirrored = thumbnails[:, :, ::-1].reshape(flat.shape).astype(np.float32)
    squares = (flat**2).sum(1)
    limit = rms**2 * flat.shape[1]
    pairs = set()
    for at in range(0, len(queries), 256):
        q = queries[at : at + 256]
        for asked in (flat[q], mirrored[q]):
            distance = squares[q][:, None] + squares[pool][None] - 2 * asked @ flat[pool].T
            rows, columns = np.nonzero(distance < limit)
            pairs |= {(int(q[r]), int(pool[c])) for r, c in zip(rows, columns) if q[r] != pool[c]}
    return sorted(pairs)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--data", type=Path, default=Path("runs/data"))
    folder = parser.parse_args().data

    records = [json.loads(line) for line in (folder / "pictures.jsonl").read_text().splitlines()]
    straight = np.fromfile(folder / "pictures.u8", np.uint8).reshape(len(records), -1, 4)
    edge = int(straight.shape[1] ** 0.5)
    alpha = straight[..., 3:].astype(np.uint16)
    pictures = straight.copy()
    pictures[..., :3] = ((straight[..., :3] * alpha + 127) // 255).astype(np.uint8)
    pictures = pictures.reshape(len(records), edge, edge, 4)
    np.save(folder / "pictures.npy", pictures)

    concepts, by_hexcode = load_emoji_words(RENDER / "node_modules" / "emojibase-data")
    squashed = {concept.replace(" ", ""): concept for concept in concepts}
    styles = defaultdict(set)
    for record in records:
        record["concept"] = concept_of(record, concepts, by_hexcode, squashed)
        styles[record["concept"]].add(record["style"])
    concepts = {c: concepts.get(c, {"label": c, "tags": [], "names": {}, "words": {}, "hexcode": None}) for c in styles}

    for record in records:
        concept, style = record["concept"], record["style"]
        candidates = sorted(styles[concept] & PAIR_STYLES)
        record["split"] = "train"
        if len(styles[concept]) >= 4:
            if fraction("concept/" + concept) < CONCEPT_SHARE:
                record["split"] = "concept"
            elif (
                candidates
                and fraction("pair/" + concept) < PAIR_SHARE
                and style == candidates[int(fraction("style/" + concept) * len(candidates))]
            ):
                record["split"] = "pair"

    thumbnails = pictures.reshape(len(records), 16, edge // 16, 16, edge // 16, 4).mean((2, 4))
    split = np.array([r["split"] for r in records])
    held_out, train = np.flatnonzero(split != "train"), np.flatnonzero(split == "train")
    duplicates = near_duplicates(thumbnails, held_out, train, NEAR_DUPLICATE_RMS)
    for _, copy in duplicates:
        records[copy]["split"] = "excluded"

    for index, record in enumerate(records):
        record["index"] = index
    (folder / "records.json").write_text(json.dumps(records))
    (folder / "concepts.json").write_text(json.dumps(concepts, ensure_ascii=False))
    summary = {
        "pictures": len(records),
        "concepts": len(concepts),
        "conceptsWithEmojiWords": sum(1 for c in concepts.values() if c["hexcode"]),
        "split": Counter(r["split"] for r in records),
        "sets": Counter(r["set"] for r in records),
        "licences": Counter(r["licence"] for r in records),
        "nearDuplicatesOfHeldOut": len(duplicates),
    }
    (folder / "summary.json").write_text(json.dumps(summary, indent=2))
    print(json.dumps(summary, indent=2))


if __name__ == "__main__":
    main()
