"""The model card, and the metrics in bundle.json: both from what was measured, rewritten after every evaluation.

python -m tessera_training.export.card --bundle ../models/emoji --metrics runs/evaluation/metrics.json
"""

import json
from pathlib import Path

from PIL import Image

from tessera_training.common.arguments import parser_of

HEADLINES = {
    "named": ("naming", "in all", "main"),
    "namedSingle": ("naming", "single", "main"),
    "namedCompositions": ("naming", "compositions", "all"),
    "counted": ("compositions", "counted"),
    "coloured": ("compositions", "coloured"),
    "psnr": ("psnr",),
    "codesUsed": ("codes_used",),
    "rPrecisionPairs": ("pair", "from_text", "r_precision", "value"),
    "rPrecisionPairsReal": ("pair", "real", "r_precision", "value"),
    "rPrecisionConcepts": ("concept", "from_text", "r_precision", "value"),
    "rPrecisionConceptsReal": ("concept", "real", "r_precision", "value"),
    "rPrecisionFree": ("free", "from_text", "r_precision", "value"),
    "fid0": ("pair", "from_text", "fid", "0"),
    "fid0Real": ("pair", "real", "fid", "0"),
}


def headlines(metrics: dict) -> dict[str, float]:
    """The few numbers that go into bundle.json; the card has them all."""
    out = {}
    for name, path in HEADLINES.items():
        value = metrics
        for part in path:
            value = value.get(part, {}) if isinstance(value, dict) else {}
        if isinstance(value, (int, float)):
            out[name] = round(float(value), 4)
    return out


def interval(value: dict) -> str:
    return f"{value['value']:.3f} ({value['low']:.3f} to {value['high']:.3f})"


ROWS = {
    "random": "the same pictures put to other prompts (floor)",
    "from_text": "**painted from words**",
    "from_text_same_prompts": "painted from words, the prompts of the next row only",
    "from_image": "painted from the real picture's embedding",
    "reconstructed": "real pictures through the VQGAN",
    "real": "real pictures (ceiling)",
}


def as_members_get_it(metrics: dict) -> list[str]:
    """What evaluate.naming and evaluate.compositions measured of the bot's own PNG files."""
    lines = []
    if naming := metrics.get("naming"):
        lines += [
            "### Named by somebody who has not seen the prompts",
            "",
            "| prompts | main thing named | all parts named |",
            "|---|---|---|",
        ]
        lines += [f"| {kind} | {row['mainText']} | {row['allText']} |" for kind, row in naming.items()]
        lines.append("")
    if compositions := metrics.get("compositions"):
        lines += ["### Counts, colours, copies, variety", "", "| | painted | real pictures |", "|---|---|---|"]
        lines += [f"| {' | '.join(row)} |" for row in compositions["table"]]
        lines.append("")
    return lines


def measured(metrics: dict) -> list[str]:
    """Markdown tables of what is in metrics.json."""
    lines = as_members_get_it(metrics)
    for split, title in (
        ("pair", "held-out (concept, style) pairs"),
        ("concept", "held-out concepts"),
        ("free", "free prompts that no caption contains"),
    ):
        part = metrics.get(split)
        if not part:
            continue
        lines += [f"### {title[0].upper()}{title[1:]}: {part['prompts']} prompts", ""]
        rows = {
            name: part[name]
            for name in ("random", "from_text", "from_text_same_prompts", "from_image", "reconstructed", "real")
            if name in part
        }
        lines += [
            "| pictures | R-precision@1 of 100 (95 % interval) | FID-0 | FID-1 | FID-2 |",
            "|---|---|---|---|---|",
        ]
        for name, row in rows.items():
            fid = row.get("fid", {})
            cells = [f"{fid[k]:.1f}" if k in fid else "–" for k in ("0", "1", "2")]
            lines.append(f"| {ROWS[name]} | {interval(row['r_precision'])} | {' | '.join(cells)} |")
        lines.append("")
    if "counting" in metrics:
        counts = metrics["counting"]
        lines += [
            f"### Counting, {counts['prompts']} prompts from two to five",
            "",
            "| pictures | that many separate objects | the judge picks the number |",
            "|---|---|---|",
        ]
        for name, label in (
            ("without_number", "asked without a number (floor)"),
            ("painted", "**painted from words**"),
            ("composed", "composed of real art (ceiling)"),
        ):
            lines.append(f"| {label} | {interval(counts[name]['objects'])} | {interval(counts[name]['judge'])} |")
        lines.append("")
    if "colours" in metrics:
        colours = metrics["colours"]
        lines += [
            f"### Colours, {colours['prompts']} things in colours that training kept back",
            "",
            "| pictures | mainly in that colour | stands free, no background | both |",
            "|---|---|---|---|",
        ]
        for name, label in (
            ("without_colour", "asked without a colour (floor)"),
            ("painted", "**painted from words**"),
            ("tinted", "coloured real art (ceiling)"),
        ):
            lines.append(
                f"| {label} | " + " | ".join(interval(colours[name][key]) for key in ("colour", "free", "both")) + " |"
            )
        lines.append("")
    if "diversity" in metrics:
        lines += [
            "### Difference between four pictures",
            "",
            "| pictures | pixels (RMS) | judge (1 − cosine) |",
            "|---|---|---|",
        ]
        for name, label in (("painted", "four of one prompt"), ("real_styles", "one thing in four real styles")):
            row = metrics["diversity"][name]
            lines.append(f"| {label} | {row['pixels']:.3f} | {row['judge']:.3f} |")
        lines.append("")
    if "prior_loss" in metrics:
        lines += [
            "### The prior's held-out loss, nats a code",
            "",
            "| condition | " + " | ".join(metrics["prior_loss"]["image"]) + " |",
            "|---|" + "---|" * len(metrics["prior_loss"]["image"]),
        ]
        lines += [
            f"| {kind} embedding | " + " | ".join(f"{v:.3f}" for v in row.values()) + " |"
            for kind, row in metrics["prior_loss"].items()
        ]
        lines.append("")
    return lines


def card(bundle: dict, metrics: dict, pictures: list[str]) -> str:
    art = "\n".join(
        f"| {p['name']} | {p['licence']} | {p['pictures'] or '(words)'} | {p['authors']} |"
        for p in bundle["provenance"]
    )
    prior, decoder = bundle["prior"], bundle["decoder"]
    size = sum(f["bytes"] for f in bundle["files"].values()) / 1e6
    numbers = {k: v for k, v in metrics.items() if isinstance(v, (int, float, str)) and k != "note"}
    lines = [
        f"# {bundle['name']} {bundle['version']}",
        "",
        f"Pictures of {decoder['imageSize']}×{decoder['imageSize']} pixels"
        + (" with transparency" if decoder["channels"] == 4 else "")
        + ", painted from words or from another picture, after CLIP-GEN (arXiv 2203.00386): the prior was trained on"
        " pictures and their CLIP embeddings alone and never saw a word.",
        "",
        f"- {prior['positions']} positions × {prior['codesPerPosition']} codes of {prior['codebookSize']};"
        f" transformer of {prior['layers']} layers, {prior['width']} wide",
        f"- {size:.1f} MB in all; licence of the weights: {bundle['licence']}",
        "- Good for: single emoji-like objects in the styles below, faces, food, animals, small numbers of a thing.",
        "- Not for: photographs, text in pictures, likenesses of people."
        " What it has not seen it paints as the nearest thing it has.",
        f"- Styles: {', '.join(s['name'] for s in bundle['styles'])}",
        "",
    ]
    if metrics:
        lines += ["## Measured", "", metrics.get("note", ""), ""]
        lines += [
            "| what | value |",
            "|---|---|",
            *(f"| {k.replace('_', ' ')} | {v if isinstance(v, str) else f'{v:.4g}'} |" for k, v in numbers.items()),
            "",
        ]
        lines += measured(metrics)
    for name in pictures:
        lines += [f"![{Path(name).stem}]({name})", ""]
    lines += [
        "## Where it comes from",
        "",
        "| source | licence | pictures trained on | authors |",
        "|---|---|---|---|",
        art,
        "",
    ]
    return "\n".join(lines)


def rewrite(
    folder: Path, metrics_path: Path | None, naming: Path | None = None, compositions: Path | None = None
) -> None:
    """Puts the metrics of an evaluation into bundle.json and CARD.md; its sheets go into card/.

    `naming`: what evaluate.naming score --metrics wrote; `compositions`: measures.json of evaluate.compositions.
    """
    bundle = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    metrics = json.loads(metrics_path.read_text()) if metrics_path and metrics_path.exists() else {}
    for name, path in (("naming", naming), ("compositions", compositions)):
        if path and path.exists():
            metrics[name] = json.loads(path.read_text(encoding="utf-8"))
    pictures = []
    if metrics:
        (folder / "card").mkdir(exist_ok=True)
        for sheet in sorted(metrics_path.parent.glob("*.png")) if metrics_path else []:
            Image.open(sheet).convert("RGB").save(folder / "card" / f"{sheet.stem}.jpg", quality=88)
            pictures.append(f"card/{sheet.stem}.jpg")
        bundle["metrics"] = headlines(metrics)
        (folder / "bundle.json").write_text(json.dumps(bundle, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (folder / "CARD.md").write_text(card(bundle, metrics, pictures), encoding="utf-8")


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--bundle", type=Path, default=Path("../models/emoji"))
    parser.add_argument("--metrics", type=Path, default=Path("runs/evaluation/metrics.json"))
    parser.add_argument("--naming", type=Path, default=Path("runs/naming/metrics.json"))
    parser.add_argument("--compositions", type=Path, default=Path("runs/compositions/measures.json"))
    args = parser.parse_args()
    rewrite(args.bundle, args.metrics, args.naming, args.compositions)


if __name__ == "__main__":
    main()
