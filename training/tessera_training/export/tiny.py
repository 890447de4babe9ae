"""Random bundles of a few kilobytes in the real format, so that the TypeScript tests need neither Python nor training.

    python -m tessera_training.export.tiny ../test/fixtures

writes tiny-bundle/ (grid 4x4, two codes per position, alpha), tiny-bundle-memory/ (the same with a memory) and
tiny-bundle-rgb/ (one code per position, no alpha), the first two with a step that returns the whole cache and the last
with one that returns new rows, each with golden.json: what an independent float64 numpy implementation, which
recomputes the whole prefix at every step, makes of the same weights. Deterministic: a second run writes the same bytes.
"""

import sys
from pathlib import Path

import numpy as np
import onnx

from tessera_training.export.files import checksums, write_json
from tessera_training.export.tiny_graphs import build_graphs
from tessera_training.export.tiny_memory import write_memory
from tessera_training.export.tiny_reference import Reference
from tessera_training.export.tiny_shape import Shape

WORDS = (
    "a an the with and of on in at no very happy sad angry sleepy red blue green yellow orange purple pink white black "
    "brown big small fox cat dog bird fish tree house car boat rocket moon sun star cloud rain snow fire water heart "
    "hand eye ear hat shoe shirt glasses sunglasses book pen ball cake apple pear banana grape cherry bread cheese egg "
    "cup bottle key lock door window chair table bed lamp clock bell drum guitar camera phone robot ghost alien king "
    "queen baby man woman face smile tear nose mouth 3d style flat one two three four"
).split()


def tokenizer_json() -> dict:
    """Whole words, lower-cased, [CLS] words [SEP]; id 0 pads and 1 stands for a word that is not known."""
    vocabulary = {token: index for index, token in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", ",", *WORDS])}
    special = [
        {
            "id": vocabulary[token],
            "content": token,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for token in ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
    ]
    piece = lambda token: {"SpecialToken": {"id": token, "type_id": 0}}  # noqa: E731
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": special,
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [piece("[CLS]"), {"Sequence": {"id": "A", "type_id": 0}}, piece("[SEP]")],
            "pair": [
                piece("[CLS]"),
                {"Sequence": {"id": "A", "type_id": 0}},
                piece("[SEP]"),
                {"Sequence": {"id": "B", "type_id": 1}},
                piece("[SEP]"),
            ],
            "special_tokens": {
                token: {"id": token, "ids": [vocabulary[token]], "tokens": [token]} for token in ("[CLS]", "[SEP]")
            },
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": vocabulary,
        },
    }


def random_weights(shape: Shape) -> dict:
    """Every weight by name.
    Scales are chosen so that logits differ by several nats and greedy choices are no toss-up."""
    rng = np.random.default_rng(shape.seed)
    d = shape.embedding_width
    w = shape.width
    k = shape.codebook_size
    p = shape.positions
    g = shape.codes_per_position
    c = shape.channels
    vocabulary = len(WORDS) + 5

    def normal(*size: int, scale: float) -> np.ndarray:
        return (rng.standard_normal(size) * scale).astype(np.float32)

    weights = {
        "text.table": normal(vocabulary, d, scale=1.0),
        "text.project": normal(d, d, scale=d**-0.5),
        "image.kernel": normal(12, 3, 4, 4, scale=0.4),
        "image.project": normal(12 * (shape.image_size // 8) ** 2, d, scale=0.3),
        "condition.map": normal(d, p * 6, scale=1.5 * d**-0.5),
        "condition.out": normal(6, w, scale=1.0 * 6**-0.5),
        "condition.position": normal(p, w, scale=0.3),
        "start": normal(w, scale=1.0),
        "position": normal(p, w, scale=0.5),
        "head": normal(w, k, scale=3.0 * w**-0.5),
        "codes": normal(g, k, w, scale=1.0),
        "decoder.codes": normal(g, k, 12, scale=1.0),
        "decoder.kernel": normal(c, 12, 3, 3, scale=0.5),
        "encoder.kernel": normal(8, c, shape.patch_size, shape.patch_size, scale=0.15),
        "encoder.codes": normal(g, k, 8, scale=0.6),
    }
    for name in ["final", *(f"block{layer}.{norm}" for layer in range(shape.layers) for norm in ("norm1", "norm2"))]:
        weights[f"{name}.scale"] = 1 + normal(w, scale=0.1)
        weights[f"{name}.bias"] = normal(w, scale=0.1)
    for layer in range(shape.layers):
        weights[f"block{layer}.qkv"] = normal(w, 3 * w, scale=1.5 * w**-0.5)
        weights[f"block{layer}.out"] = normal(w, w, scale=w**-0.5)
        weights[f"block{layer}.up"] = normal(w, 2 * w, scale=w**-0.5)
        weights[f"block{layer}.down"] = normal(2 * w, w, scale=(2 * w) ** -0.5)
    if g > 1:
        weights["depth.codes"] = normal(g * k, w, scale=1.0)
        weights["depth.hidden"] = normal(w, w, scale=1.5 * w**-0.5)
        weights["depth.out"] = normal(w, k, scale=3.0 * w**-0.5)
    return weights


def phrases_of(reference: Reference) -> tuple[list[str], np.ndarray]:
    texts = [f"a {colour} {thing}" for colour in ("red", "blue", "green") for thing in ("fox", "cat", "house", "moon")]
    return texts, np.stack([reference.embed_text(reference.token_ids(text)) for text in texts]).astype(np.float16)


def write_bundle(shape: Shape, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    weights = random_weights(shape)
    tokenizer = tokenizer_json()
    reference = Reference(shape, weights, tokenizer["model"]["vocab"])

    for name, graph in build_graphs(shape, weights).items():
        onnx.checker.check_model(graph, full_check=True)
        (folder / f"{name}.onnx").write_bytes(graph.SerializeToString(deterministic=True))
    write_json(folder / "tokenizer.json", tokenizer, indent=1)
    texts, vectors = phrases_of(reference)
    write_json(folder / "phrases.json", texts, indent=1)
    (folder / "phrases.f16").write_bytes(vectors.astype("<f2").tobytes())
    memory = (
        write_memory(shape, folder, tokenizer["model"]["vocab"], weights["decoder.codes"]) if shape.remembers else None
    )
    write_json(folder / "bundle.json", describe(shape, folder, memory), indent=1)
    if memory is None:  # the graphs of a bundle with a memory are those of the bundle without
        write_json(folder / "golden.json", reference.golden(), indent=1)


def describe(shape: Shape, folder: Path, memory: dict | None) -> dict:
    picture = {"imageSize": shape.image_size, "channels": shape.channels, "grid": shape.grid}
    shifted = shape.channels == 4
    return {
        "formatVersion": 2 if memory else 1,
        "name": shape.name,
        "version": "1.0.0",
        "licence": "CC0-1.0",
        "files": checksums(folder),
        "embeddingWidth": shape.embedding_width,
        "textEncoder": {
            "file": "text_encoder.onnx",
            "tokenizer": "tokenizer.json",
            "contextLength": shape.context_length,
            "padTokenId": 0,
        },
        "imageEncoder": {
            "file": "image_encoder.onnx",
            "imageSize": shape.image_size // 2,
            "mean": [0.5, 0.45, 0.4],
            "std": [0.25, 0.3, 0.35],
            "background": [0.6, 0.6, 0.6],
        },
        "prior": {
            "condition": "condition.onnx",
            "step": "step.onnx",
            "depth": "depth.onnx" if shape.codes_per_position > 1 else None,
            "layers": shape.layers,
            "heads": shape.heads,
            "width": shape.width,
            "headWidth": shape.head_width,
            "positions": shape.positions,
            "codesPerPosition": shape.codes_per_position,
            "codebookSize": shape.codebook_size,
        },
        "decoder": {"file": "decoder.onnx", **picture},
        "encoder": {"file": "encoder.onnx", **picture},
        "sampling": {"temperature": 1.0, "topK": 32, "topP": 0.95, "guidanceScale": 2.0, "candidateCount": 6},
        "styles": [{"name": "3d", "suffix": ", 3d style"}] if shifted else [],
        "phrases": {"texts": "phrases.json", "embeddings": "phrases.f16"} if shifted else None,
        "calibration": {
            "textMean": [round(0.01 * i, 4) for i in range(shape.embedding_width)] if shifted else None,
            "imageMean": [round(0.05 - 0.01 * i, 4) for i in range(shape.embedding_width)] if shifted else None,
            "variationNoise": {"subtle": 0.15, "strong": 0.35},
            "variationPull": {"subtle": 0.5, "strong": 0.25},
        },
        "provenance": [{"name": "random numbers", "licence": "CC0-1.0", "pictures": 0, "authors": "numpy"}],
        "metrics": {"psnr": 0.0},
        **({"memory": memory} if memory else {}),
    }


def main() -> None:
    root = Path(sys.argv[1] if len(sys.argv) > 1 else "../test/fixtures")
    if "--full-size" in sys.argv:
        # The default bundle's prior with random weights: for measuring speed before there is a trained one.
        full = Shape(
            "full-size",
            seed=3,
            codes_per_position=2,
            channels=4,
            codebook_size=1024,
            grid=8,
            width=384,
            layers=6,
            heads=6,
            embedding_width=256,
            context_length=32,
            image_size=128,
            returns_rows="--whole-cache" not in sys.argv,
        )
        return write_bundle(full, root / "full-size")
    write_bundle(Shape("tiny", seed=1, codes_per_position=2, channels=4), root / "tiny-bundle")
    write_bundle(
        Shape("tiny-memory", seed=1, codes_per_position=2, channels=4, remembers=True), root / "tiny-bundle-memory"
    )
    write_bundle(
        Shape("tiny-rgb", seed=2, codes_per_position=1, channels=3, returns_rows=True), root / "tiny-bundle-rgb"
    )


if __name__ == "__main__":
    main()
