"""The memory of a bundle: what it was trained on, small enough to ship (docs/bundle-format.md, "memory").

    python -m tessera_training.export.memory --bundle ../models/emoji --splits train

Adds to a bundle, or renews, the files that let words find pictures and pictures condition the prior:

    memory.json            sources, one row a picture, one entry a thing with its phrases by language
    memory-tokens.u16      tokens of each picture [N, P, G]
    memory-embeddings.i8   CLIP image embedding of each picture [N, D], to be normalised
    memory-phrases.i8      sentence vector of each English phrase [M, S], to be normalised; rows as in `phrase_rows`
    codes.f16              the codebooks [G, K, C]: tokens are drawn towards a memory picture's by the likeness of codes
    sentence_encoder.onnx, sentence_tokenizer.json   words -> sentence vector (all-MiniLM-L6-v2, in 8 bits)

Words are only ever compared with words here: the prior stays language-free. Pictures held out of training may be shown
(`--splits`): the memory is a library and not a training set; a bundle that is to be measured leaves them out.
"""

import json
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F
from tokenizers import Tokenizer
from tqdm import tqdm

from tessera_training.common.arguments import parser_of
from tessera_training.common.paths import RENDER
from tessera_training.common.pictures import Pictures
from tessera_training.data.prepare import load_emoji_words
from tessera_training.export.bundle import WORD_SOURCES
from tessera_training.export.files import checksums, write_json
from tessera_training.export.memory_format import phrase_rows, to_bytes
from tessera_training.export.storage import shrink
from tessera_training.export.tower_graphs import trace
from tessera_training.models.clip import Clip
from tessera_training.models.load import embed_pictures, embed_texts, load_clip, load_vqgan
from tessera_training.models.text import TextTransformer, load_teacher, load_tokenizer, teacher_folder
from tessera_training.models.vqgan import Vqgan

CONTEXT_LENGTH = 32  # tokens of a prompt's part that the sentence encoder reads
MAX_WORDS = 8  # keywords a thing and language
# How pictures lean on the memory: chosen by eye and by naming (training/README.md, Runs).
GUIDANCE = {"textShare": 0.25, "pull": 14.0, "collagePull": 24.0, "variationPull": {"subtle": 8.0, "strong": 4.0}}


class SentenceEncoder(nn.Module):
    """input_ids, attention_mask [B, L] -> unit sentence vectors [B, S]"""

    def __init__(self, transformer: TextTransformer):
        super().__init__()
        self.transformer = transformer

    def forward(self, input_ids, attention_mask):
        return F.normalize(self.transformer(input_ids, attention_mask), dim=-1)


def build_sentence_encoder(teacher: TextTransformer) -> onnx.ModelProto:
    ids = torch.randint(1, 30_000, (2, 7))
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    return trace(SentenceEncoder(teacher), inputs, "sentence", [(0, 1), (0, 1)])


def things_of(pictures: Pictures, indices: np.ndarray) -> list[dict]:
    """One entry a thing that has a picture:
    {label, emoji, pictures: [row of memory.json], phrases: {language: [name, keyword, ...]}}"""
    folder = RENDER / "node_modules" / "emojibase-data"
    languages = sorted(p.name for p in folder.iterdir() if (p / "data.json").exists() and p.name != "en")
    words, _ = load_emoji_words(folder, languages)
    rows: dict[str, list[int]] = {}
    for row, index in enumerate(indices):
        rows.setdefault(pictures.records[index]["concept"], []).append(row)
    things = []
    for concept, found in rows.items():
        about = pictures.concepts[concept]
        # Icons without an emoji are known by the names that their sets give them.
        names = {" ".join(pictures.records[indices[row]]["name"].replace("-", " ").split()) for row in found}
        more = sorted(names - {about["label"]}) if not about["hexcode"] else []
        phrases = {"en": [about["label"], *about["tags"], *more]}
        for language, name in words.get(concept, {"names": {}})["names"].items():
            keywords = [w for w in words[concept]["words"].get(language, []) if w.lower() != name]
            phrases[language] = [name, *keywords[:MAX_WORDS]]
        emoji = "".join(chr(int(code, 16)) for code in about["hexcode"].split("-")) if about["hexcode"] else None
        things.append({"label": about["label"], "emoji": emoji, "pictures": found, "phrases": phrases})
    return things


def write_memory(folder: Path, pictures: Pictures, indices: np.ndarray, vqgan: Vqgan, clip: Clip) -> dict:
    """Writes the files into a bundle's folder and returns the part of bundle.json that describes them."""
    records = [pictures.records[i] for i in indices]
    sources = sorted({(r["set"], r["licence"], r["author"]) for r in records})
    batches = tqdm(pictures.batches(indices), desc="batches of pictures", mininterval=10)
    tokens, embeddings = embed_pictures(batches, vqgan, clip)
    things = things_of(pictures, indices)
    write_json(
        folder / "memory.json",
        {
            "sources": [{"set": s, "licence": licence, "author": author} for s, licence, author in sources],
            "pictures": [
                [sources.index((r["set"], r["licence"], r["author"])), r["style"], r["name"]] for r in records
            ],
            "things": things,
        },
    )
    (folder / "memory-tokens.u16").write_bytes(tokens.astype("<u2").tobytes())
    (folder / "memory-embeddings.i8").write_bytes(to_bytes(embeddings))
    teacher, texts = load_teacher(), [phrase for thing in things for phrase in phrase_rows(thing)]
    phrases = embed_texts(teacher, load_tokenizer(CONTEXT_LENGTH), texts)
    (folder / "memory-phrases.i8").write_bytes(to_bytes(phrases))
    codes = vqgan.codebook.codes.numpy()
    (folder / "codes.f16").write_bytes(codes.astype("<f2").tobytes())
    (folder / "sentence_encoder.onnx").write_bytes(
        shrink(build_sentence_encoder(teacher), "int8").SerializeToString(deterministic=True)
    )
    plain = Tokenizer.from_file(str(teacher_folder() / "tokenizer.json"))
    plain.no_padding()
    plain.no_truncation()
    (folder / "sentence_tokenizer.json").write_text(plain.to_str(), encoding="utf-8")
    return {
        "index": "memory.json",
        "tokens": "memory-tokens.u16",
        "embeddings": "memory-embeddings.i8",
        "phraseVectors": "memory-phrases.i8",
        "codes": {"file": "codes.f16", "width": codes.shape[-1], "isResidual": vqgan.config.residual},
        "sentenceEncoder": {
            "file": "sentence_encoder.onnx",
            "tokenizer": "sentence_tokenizer.json",
            "contextLength": CONTEXT_LENGTH,
            "padTokenId": 0,
            "width": phrases.shape[1],
        },
        "pictureCount": len(records),
        "thingCount": len(things),
        "phraseCount": len(phrases),
        "guidance": GUIDANCE,
    }


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--bundle", type=Path, default=Path("../models/emoji"))
    parser.add_argument("--data", type=Path, default=Path("runs/data"))
    parser.add_argument("--vqgan", type=Path, default=Path("runs/vqgan"))
    parser.add_argument("--clip", type=Path, default=Path("runs/clip"))
    parser.add_argument(
        "--splits", nargs="+", default=["train", "pair", "concept", "excluded"], help="which pictures are remembered"
    )
    parser.add_argument("--bundle-version", help="a new version of the bundle; without it the version stays")
    args = parser.parse_args()
    pictures = Pictures(args.data)
    about = json.loads((args.bundle / "bundle.json").read_text(encoding="utf-8"))
    memory = write_memory(
        args.bundle, pictures, pictures.indices(*args.splits), load_vqgan(args.vqgan), load_clip(args.clip)
    )
    about |= {
        "formatVersion": 2,
        "memory": memory,
        "files": checksums(args.bundle),
        "version": args.bundle_version or about["version"],
    }
    about["provenance"] = [
        p for p in about["provenance"] if p["name"] not in {w["name"] for w in WORD_SOURCES}
    ] + WORD_SOURCES
    write_json(args.bundle / "bundle.json", about, indent=1)
    for name, file in about["files"].items():
        print(f"{file['bytes'] / 1e6:8.2f} MB  {name}")
    counts = f"{memory['pictureCount']} pictures of {memory['thingCount']} things, {memory['phraseCount']} phrases"
    print(f"{sum(f['bytes'] for f in about['files'].values()) / 1e6:8.2f} MB  in all; {counts}")


if __name__ == "__main__":
    main()
