"""Writes the bundle (docs/bundle-format.md) of the three published networks: whole, or not at all."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import torch
from tokenizers import Tokenizer

from tessera_training.convert.blocks import multiply_in_blocks
from tessera_training.convert.card import card, provenance
from tessera_training.convert.clip_vit import CLIP_MEAN, CLIP_STD, ClipVit
from tessera_training.convert.decoder_graph import build_decoder
from tessera_training.convert.errors import CheckpointError
from tessera_training.convert.gpt import Gpt
from tessera_training.convert.step_graph import build_step
from tessera_training.convert.tower_graphs import (
    build_condition,
    build_encoder,
    build_image_encoder,
    build_text_encoder,
)
from tessera_training.convert.vqgan import Vqgan
from tessera_training.export.bundle import VARIATION, describe_prior
from tessera_training.export.files import checksums, write_json
from tessera_training.export.storage import shrink

# As published, but for the candidates: demo.py paints 64 and shows the best 8, on a GPU; on two CPU cores a
# candidate costs one to two seconds.
SAMPLING = {"temperature": 1.0, "topK": 500, "topP": 0.95, "guidanceScale": 1.0, "candidateCount": 8}
# Larger graphs keep their weights in a file beside them. onnxruntime maps it, where it would read a protobuf of any
# size twice; and a protobuf ends at 2 GiB.
LARGEST_PROTOBUF = 16_000_000


@dataclass(frozen=True)
class Precision:
    """`prior_bits`: 32, 16 (stored in 16, computed in 32), 8 or 4 (computed in 8). Others: how weights are stored."""

    name: str
    prior_bits: int
    block: int = 64
    towers: str = "float32"
    decoder: str = "float32"
    encoder: str = "float32"

    def with_prior(self, bits: int | None) -> "Precision":
        """The same with other bits for the prior; four need smaller blocks to stay close."""
        return replace(self, prior_bits=bits, block=32 if bits == 4 else 64) if bits else self


PRECISIONS = {
    "fp32": Precision("fp32", 32),
    "fp16": Precision("fp16", 16, towers="float16", decoder="float16", encoder="float16"),
    # int8 would move many of the picture encoder's tokens.
    "int8": Precision("int8", 8, towers="int8", decoder="int8", encoder="float16"),
}


@dataclass(frozen=True)
class Networks:
    gpt: Gpt
    vqgan: Vqgan
    clip: ClipVit

    def __post_init__(self):
        """Checkpoints of different trainings may not belong together: say so at once."""
        gpt, vqgan, clip = self.gpt.config, self.vqgan.config, self.clip.config
        for what, theirs, ours in (
            ("a position for each of the VQGAN's tokens, that is", vqgan.positions, gpt.positions),
            ("as many codes as the VQGAN, that is", vqgan.codebook_size, gpt.codebook_size),
            ("a condition as wide as CLIP's embedding, that is", clip.embedding_width, gpt.embedding_width),
        ):
            if theirs != ours:
                raise ValueError(f"expected a GPT with {what} {theirs}, but received one with {ours}")


@dataclass(frozen=True)
class Labels:
    name: str
    version: str = "1.0.0"
    licence: str = "MIT"
    candidates: int = SAMPLING["candidateCount"]


def builders(nets: Networks, precision: Precision) -> dict[str, Callable[[], onnx.ModelProto]]:
    """One graph is built at a time: each may be gigabytes."""
    return {
        "text_encoder": lambda: shrink_tower(build_text_encoder(nets.clip), precision.towers),
        "image_encoder": lambda: shrink_tower(build_image_encoder(nets.clip), precision.towers),
        "condition": lambda: build_condition(nets.gpt),
        "step": lambda: build_step(nets.gpt, precision.prior_bits, precision.block),
        "decoder": lambda: build_decoder(nets.vqgan, precision.decoder),
        "encoder": lambda: shrink(build_encoder(nets.vqgan), precision.encoder),
    }


def shrink_tower(model: onnx.ModelProto, kind: str) -> onnx.ModelProto:
    """In 8 bits a tower also computes in 8 bits: it would else be four times larger in memory than in its file."""
    return shrink(multiply_in_blocks(model) if kind == "int8" else model, kind)


def save_graph(model: onnx.ModelProto, path: Path, largest: int = LARGEST_PROTOBUF) -> None:
    """One file, or with the weights in `<name>.onnx.data`, which onnxruntime finds beside it."""
    if sum(len(weight.raw_data) for weight in model.graph.initializer) > largest:
        onnx.save_model(model, path, save_as_external_data=True, location=f"{path.name}.data", size_threshold=1024)
        # onnx lets nobody but the owner read it; a bot often runs as somebody else.
        path.with_name(f"{path.name}.data").chmod(path.stat().st_mode)
    else:
        path.write_bytes(model.SerializeToString(deterministic=True))
    onnx.checker.check_model(str(path))


@torch.inference_mode()
def embed_phrases(clip: ClipVit, tokenizer: Tokenizer, phrases: list[str]) -> np.ndarray:
    """float32 [phrases, D]"""
    rows = [
        clip.embed_text(torch.tensor([fit(tokenizer.encode(text).ids, clip.config.context_length)])) for text in phrases
    ]
    return torch.cat(rows).numpy()


def fit(ids: list[int], length: int) -> list[int]:
    """At most `length` ids, the end token kept: the embedding is read there."""
    return ids if len(ids) <= length else [*ids[: length - 1], ids[-1]]


def describe(nets: Networks, precision: Precision, labels: Labels, files: dict, phrases: dict | None) -> dict:
    """bundle.json"""
    gpt, vqgan, clip = nets.gpt.config, nets.vqgan.config, nets.clip.config
    picture = {"imageSize": vqgan.image_size, "channels": 3, "grid": vqgan.grid}
    return {
        "formatVersion": 1,
        "name": labels.name,
        "version": labels.version,
        "licence": labels.licence,
        "files": files,
        "embeddingWidth": clip.embedding_width,
        "textEncoder": {
            "file": "text_encoder.onnx",
            "tokenizer": "tokenizer.json",
            "contextLength": clip.context_length,
            "padTokenId": 0,
        },
        # White behind an upload with alpha: CLIP saw photographs, which have none.
        "imageEncoder": {
            "file": "image_encoder.onnx",
            "imageSize": clip.image_size,
            "mean": list(CLIP_MEAN),
            "std": list(CLIP_STD),
            "background": [1, 1, 1],
        },
        "prior": describe_prior(gpt, 1),
        "decoder": {"file": "decoder.onnx", **picture},
        "encoder": {"file": "encoder.onnx", **picture},
        "sampling": SAMPLING | {"topK": min(SAMPLING["topK"], gpt.codebook_size), "candidateCount": labels.candidates},
        "styles": [],
        "phrases": phrases,
        "calibration": {
            "textMean": None,  # as published: a text's embedding conditions the prior as it is
            "imageMean": None,
            **VARIATION,
        },
        "provenance": provenance(),
        "metrics": {"precision": precision.name, "priorBits": precision.prior_bits},
    }


def write_bundle(
    folder: Path, nets: Networks, tokenizer: dict, precision: Precision, labels: Labels,
    phrases: list[str] | None = None, sources: dict[str, Path] | None = None,
    on_part: Callable[[str], None] = lambda part: None,
) -> dict:  # fmt: skip
    """Writes beside `folder` and renames when all is there; a bundle that was there before is replaced only then.

    `sources`: the files it was made of, for the card. -> bundle.json. @raises CheckpointError when `folder` holds
    something that is not a bundle.
    """
    folder = folder.absolute()
    if folder.exists() and not (folder / "bundle.json").exists() and (folder.is_file() or any(folder.iterdir())):
        raise CheckpointError(folder, "expected a new folder, or a bundle to replace, but received something else")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        made = Path(scratch) / "bundle"
        made.mkdir()
        for name, build in builders(nets, precision).items():
            on_part(name)
            save_graph(build(), made / f"{name}.onnx")
        on_part("checksums")
        write_json(made / "tokenizer.json", tokenizer)
        named = None
        if phrases:
            write_json(made / "phrases.json", phrases)
            vectors = embed_phrases(nets.clip, Tokenizer.from_file(str(made / "tokenizer.json")), phrases)
            (made / "phrases.f16").write_bytes(vectors.astype("<f2").tobytes())
            named = {"texts": "phrases.json", "embeddings": "phrases.f16"}
        bundle = describe(nets, precision, labels, checksums(made), named)
        (made / "CARD.md").write_text(card(bundle, sources or {}), encoding="utf-8")
        write_json(made / "bundle.json", bundle, indent=1)
        if folder.exists():
            folder.rename(Path(scratch) / "replaced")
        shutil.move(made, folder)
    return bundle
