"""Turns the published CLIP-GEN checkpoints into a bundle that the bot runs (docs/full-size.md).

    python -m tessera_training.convert --gpt gpt_coco.pt --vqgan vqgan_coco.pt --clip clip_vit_b32.pt \\
        --bpe bpe_simple_vocab_16e6.txt.gz --out ../models/coco --precision int8
"""

import argparse
import sys
from math import isqrt
from pathlib import Path

import torch
from tqdm import tqdm

from tessera_training.convert.bundle import PRECISIONS, SAMPLING, Labels, Networks, write_bundle
from tessera_training.convert.load import read_clip, read_gpt, read_vqgan
from tessera_training.convert.tokenizer import read_merges, tokenizer_json

PARTS = 3 + 6 + 1  # checkpoints read, graphs written, checksums


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tessera_training.convert",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--gpt", type=Path, required=True, help="gpt_coco.pt")
    parser.add_argument("--vqgan", type=Path, required=True, help="vqgan_coco.pt")
    parser.add_argument(
        "--clip",
        type=Path,
        required=True,
        help="clip_vit_b32.pt, OpenAI's ViT-B-32.pt, or a Hugging Face folder with config.json and model.safetensors",
    )
    parser.add_argument(
        "--bpe",
        type=Path,
        help="bpe_simple_vocab_16e6.txt.gz; not needed where the Hugging Face folder has merges.txt or tokenizer.json",
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="the bundle's folder; a bundle that is there is replaced"
    )
    parser.add_argument("--precision", choices=PRECISIONS, default="int8")
    parser.add_argument(
        "--prior-bits",
        type=int,
        choices=(32, 16, 8, 4),
        help="other bits for the prior than the precision's; 4 is the smallest and fastest, and moves pictures most",
    )
    parser.add_argument("--heads", type=int, help="heads of the GPT where they are not 64 wide")
    parser.add_argument(
        "--candidates",
        type=int,
        default=SAMPLING["candidateCount"],
        help="pictures painted a request, of which the best are shown (published: 64)",
    )
    parser.add_argument("--phrases", type=Path, help="a text file with a phrase a line, for `describe`")
    parser.add_argument("--name", help="default: the folder's name")
    parser.add_argument("--bundle-version", default="1.0.0")
    args = parser.parse_args()
    if args.bpe is None and not args.clip.is_dir():
        parser.error("expected --bpe bpe_simple_vocab_16e6.txt.gz beside a --clip that is a file")
    if not 1 <= args.candidates <= 128:
        parser.error(f"expected --candidates from 1 to 128 but received {args.candidates}")
    return args


def convert(args: argparse.Namespace) -> dict:
    # The quick refusals first; the progress bar counts the files that are read and those that are written.
    phrases = (
        [line.strip() for line in args.phrases.read_text(encoding="utf-8").splitlines() if line.strip()]
        if args.phrases
        else None
    )
    with tqdm(total=PARTS, unit="part", bar_format="{desc:>24} {bar} {n}/{total} [{elapsed}]") as bar:

        def on_part(part: str) -> None:
            bar.update(bool(bar.desc))  # the part before this one is done
            bar.set_description_str(part)

        on_part("read CLIP")
        clip = read_clip(args.clip)
        bpe = args.bpe or args.clip
        tokenizer = tokenizer_json(read_merges(bpe, clip.config.vocabulary), bpe)
        on_part("read GPT")
        gpt = read_gpt(args.gpt, args.heads)
        on_part("read VQGAN")
        nets = Networks(gpt, read_vqgan(args.vqgan, isqrt(gpt.config.positions)), clip)
        precision = PRECISIONS[args.precision].with_prior(args.prior_bits)
        labels = Labels(args.name or args.out.absolute().name, args.bundle_version, candidates=args.candidates)
        sources = {"gpt": args.gpt, "vqgan": args.vqgan, "clip": args.clip} | ({"bpe": args.bpe} if args.bpe else {})
        bundle = write_bundle(args.out, nets, tokenizer, precision, labels, phrases, sources, on_part)
        bar.update()
    return bundle


@torch.no_grad()
def main() -> int:
    args = parse()
    try:
        bundle = convert(args)
    except (ValueError, OSError) as error:  # a CheckpointError is a ValueError
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, ValueError) else 1
    for name, file in bundle["files"].items():
        print(f"{file['bytes'] / 1e6:9.2f} MB  {name}")
    print(f"{sum(file['bytes'] for file in bundle['files'].values()) / 1e6:9.2f} MB  in all: {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
