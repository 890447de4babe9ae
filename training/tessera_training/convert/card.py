"""CARD.md and the provenance of a converted bundle."""

import hashlib
from pathlib import Path

PUBLISHED = "https://github.com/HFAiLab/clip-gen"


def provenance() -> list[dict]:
    """What the weights come from, not how many pictures they saw: that is not published with them."""
    return [
        {
            "name": f"CLIP-GEN: GPT and VQGAN trained on MS-COCO ({PUBLISHED})",
            "licence": "MIT",
            "pictures": 0,
            "authors": "HFAiLab",
        },
        {
            "name": "CLIP ViT-B/32 and its tokenizer (https://github.com/openai/CLIP)",
            "licence": "MIT",
            "pictures": 0,
            "authors": "OpenAI",
        },
    ]


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def card(bundle: dict, sources: dict[str, Path]) -> str:
    """`sources`: option -> the file it was given; of a folder, its larger files."""
    prior, decoder, sampling, metrics = bundle["prior"], bundle["decoder"], bundle["sampling"], bundle["metrics"]
    size = sum(file["bytes"] for file in bundle["files"].values()) / 1e6
    lines = [
        f"# {bundle['name']} {bundle['version']}",
        "",
        "Converted from published checkpoints by `python -m tessera_training.convert` (docs/full-size.md);",
        f"{size:,.0f} MB, licence {bundle['licence']}. Nothing was trained here.",
        "",
        "| part | |",
        "|---|---|",
        f"| prior | {prior['layers']} layers × {prior['width']}, {prior['heads']} heads, "
        f"{prior['positions']} tokens of {prior['codebookSize']} codes |",
        f"| pictures | {decoder['imageSize']} × {decoder['imageSize']}, RGB |",
        f"| weights | {metrics['precision']}; the prior's in {metrics['priorBits']} bits |",
        f"| sampling | temperature {sampling['temperature']}, top-k {sampling['topK']}, top-p {sampling['topP']}, "
        f"guidance {sampling['guidanceScale']}, {sampling['candidateCount']} candidates |",
        "",
        "## Made from",
        "",
        *(f"- {entry['name']}, {entry['licence']}, {entry['authors']}" for entry in bundle["provenance"]),
        "",
    ]
    files = [
        (option, path)
        for option, given in sources.items()
        for path in (sorted(given.glob("*.safetensors")) if given.is_dir() else [given])
    ]
    if files:
        lines += [
            "| option | file | SHA-256 |",
            "|---|---|---|",
            *(f"| `--{option}` | {path.name} | `{sha256(path)}` |" for option, path in files),
            "",
        ]
    lines += [
        "## Know before use",
        "",
        "The prior learned from photographs of MS-COCO without captions, so pictures show what such photographs show,",
        "people among it. CLIP's picture of the world has the biases of the web. Guidance was not trained:",
        "leave it at 1.",
        "",
    ]
    return "\n".join(lines)
