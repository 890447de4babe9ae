"""A memory for the random test bundle: four things, two pictures each,
random tokens, and a sentence encoder of one table."""

from pathlib import Path

import numpy as np
import onnx

from tessera_training.export.files import write_json
from tessera_training.export.memory_format import phrase_rows, to_bytes
from tessera_training.export.tiny_graphs import FLOAT, INT64, Graph
from tessera_training.export.tiny_shape import Shape

SENTENCE_WIDTH = 24
STYLES = ("3d", "flat")
# English phrases are of words that the tiny tokenizer knows.
THINGS = [
    {"label": "fox", "emoji": "🦊", "phrases": {"en": ["fox", "ear"], "de": ["fuchs"], "ja": ["キツネ"]}},
    {
        "label": "red apple",
        "emoji": "🍎",
        "phrases": {"en": ["red apple", "apple", "pear"], "de": ["roter apfel", "apfel"]},
    },
    {"label": "hat", "emoji": "🎩", "phrases": {"en": ["hat", "king", "queen"], "de": ["hut"]}},
    {"label": "moon", "emoji": "🌙", "phrases": {"en": ["moon", "star"], "de": ["mond"]}},
]


def sentence_encoder(table: np.ndarray) -> onnx.ModelProto:
    """Mean of the words' vectors, of unit length."""
    g = Graph("sentence_encoder")
    ids, mask = (g.input(name, INT64, ["N", "L"]) for name in ("input_ids", "attention_mask"))
    weights = g.add("Unsqueeze", g.add("Cast", mask, to=FLOAT), g.ints(-1))
    words = g.add("Mul", g.add("Gather", g.constant(table), ids), weights)
    g.output("sentence", g.unit(g.add("ReduceSum", words, g.ints(1), keepdims=0)), FLOAT, ["N", SENTENCE_WIDTH])
    return g.model()


def write_memory(shape: Shape, folder: Path, vocabulary: dict[str, int], codes: np.ndarray) -> dict:
    """Writes the files and returns the part of bundle.json. `codes`: [G, K, C], as the decoder has them."""
    rng = np.random.default_rng(shape.seed + 100)
    table = rng.standard_normal((len(vocabulary), SENTENCE_WIDTH)).astype(np.float32)
    table[:5] *= 0.2  # what every sentence has says little about it
    graph = sentence_encoder(table)
    onnx.checker.check_model(graph, full_check=True)
    (folder / "sentence_encoder.onnx").write_bytes(graph.SerializeToString(deterministic=True))

    count = len(THINGS) * len(STYLES)
    things = [thing | {"pictures": [2 * at, 2 * at + 1]} for at, thing in enumerate(THINGS)]
    phrases = [phrase for thing in things for phrase in phrase_rows(thing)]
    # As the pipeline tokenises: [CLS] words [SEP], unknown ones as [UNK].
    ids = [
        [
            vocabulary["[CLS]"],
            *(vocabulary.get(word, vocabulary["[UNK]"]) for word in text.split()),
            vocabulary["[SEP]"],
        ]
        for text in phrases
    ]
    write_json(
        folder / "memory.json",
        {
            "sources": [{"set": "random-numbers", "licence": "CC0-1.0", "author": "numpy"}],
            "pictures": [
                [0, style, f"{thing['label'].replace(' ', '-')}-{style}"] for thing in THINGS for style in STYLES
            ],
            "things": things,
        },
        indent=1,
    )
    tokens = rng.integers(0, shape.codebook_size, (count, shape.positions, shape.codes_per_position)).astype("<u2")
    (folder / "memory-tokens.u16").write_bytes(tokens.tobytes())
    (folder / "memory-embeddings.i8").write_bytes(to_bytes(rng.standard_normal((count, shape.embedding_width))))
    (folder / "memory-phrases.i8").write_bytes(to_bytes(np.stack([table[row].sum(0) for row in ids])))
    (folder / "codes.f16").write_bytes(codes.astype("<f2").tobytes())
    return {
        "index": "memory.json",
        "tokens": "memory-tokens.u16",
        "embeddings": "memory-embeddings.i8",
        "phraseVectors": "memory-phrases.i8",
        "codes": {"file": "codes.f16", "width": codes.shape[-1], "isResidual": False},
        "sentenceEncoder": {
            "file": "sentence_encoder.onnx",
            "tokenizer": "tokenizer.json",
            "contextLength": shape.context_length,
            "padTokenId": 0,
            "width": SENTENCE_WIDTH,
        },
        "pictureCount": count,
        "thingCount": len(things),
        "phraseCount": len(phrases),
        "guidance": {
            "textShare": 0.25,
            "pull": 3.0,
            "collagePull": 4.0,
            "variationPull": {"subtle": 2.0, "strong": 1.0},
        },
    }
