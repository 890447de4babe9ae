"""Puts what a run on a GPU needs into one folder that travels.

    python -m tessera_training.gpu.pack --data runs/data --out gpu-pack

Nothing that is installed on this machine only is needed there: the text teacher and the perceptual network travel too.
"""

import json
import lzma
import shutil
from pathlib import Path

import numpy as np

from tessera_training.common.arguments import parser_of
from tessera_training.common.pictures import Pictures
from tessera_training.gpu.manifest import write_manifest
from tessera_training.gpu.perceptual import write_perceptual
from tessera_training.gpu.teacher import TOKENIZER, read_teacher, write_teacher
from tessera_training.gpu.texts import sources_of, write_texts
from tessera_training.gpu.webp import write_pictures
from tessera_training.models.load import embed_texts
from tessera_training.models.text import TEACHER_LENGTH, TextConfig, load_teacher, load_tokenizer, teacher_folder

LISTS = ("records.json", "concepts.json")
LARGEST = 55e6  # bytes: what may travel, less the repository itself


def check_teacher(
    folder: Path, pairs: list[tuple[str, str]], vectors: dict[str, np.ndarray], count: int = 512
) -> dict[str, float]:
    """Cosine between the packed teacher's vectors and those that stages/texts.py has kept, for a sample of the texts.

    The median tells what eight bits cost, the share below 0.99 how often `sources_of` guessed other words.
    """
    asked = [pairs[row] for row in np.random.default_rng(0).permutation(len(pairs))[:count]]
    made = embed_texts(read_teacher(folder), load_tokenizer(TEACHER_LENGTH), [source for _, source in asked])
    wanted = np.stack([vectors[text] for text, _ in asked]).astype(np.float32)
    found = (made * wanted).sum(-1) / np.linalg.norm(wanted, axis=-1)
    return {
        "cosine_median": round(float(np.median(found)), 5),
        "share_below_0.99": round(float((found < 0.99).mean()), 4),
    }


def pack(data: Path, out: Path, quality: int) -> dict:
    """-> the manifest"""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    pictures = Pictures(data)
    notes = {"pictures": write_pictures(pictures.pixels, out, quality)}
    for name in LISTS:
        (out / f"{name}.xz").write_bytes(lzma.compress((data / name).read_bytes()))
    write_perceptual(out)
    shutil.copy(teacher_folder() / "tokenizer.json", out / TOKENIZER)
    write_teacher(load_teacher(), TextConfig.heads, out)
    texts, vectors = json.loads((data / "texts.json").read_text()), np.load(data / "texts.f16.npy", mmap_mode="r")
    sources = sources_of(texts, vectors, pictures.concepts)
    pairs = [(text, source) for text, source in zip(texts, sources) if source is not None]
    write_texts(pairs, out)
    notes["texts"] = {"all": len(texts), "packed": len(pairs)}
    notes["teacher"] = check_teacher(out, pairs, dict(zip(texts, vectors)))
    return write_manifest(out, notes)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--data", type=Path, default=Path("runs/data"))
    parser.add_argument("--out", type=Path, default=Path("gpu-pack"))
    parser.add_argument("--quality", type=int, default=85)
    args = parser.parse_args()
    if not (args.data / "texts.f16.npy").exists():
        raise SystemExit(f"expected texts.f16.npy in {args.data}: run python -m tessera_training.stages.texts")
    manifest = pack(args.data, args.out, args.quality)
    for name, file in manifest["files"].items():
        print(f"{file['bytes'] / 1e6:8.2f} MB  {name}")
    total = sum(file["bytes"] for file in manifest["files"].values())
    print(f"{total / 1e6:8.2f} MB  in all\n{json.dumps(manifest['notes'])}")
    if total > LARGEST:
        raise SystemExit(
            f"expected a pack of at most {LARGEST / 1e6:.0f} MB but made {total / 1e6:.1f} MB: lower --quality"
        )


if __name__ == "__main__":
    main()
