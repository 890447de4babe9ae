"""Turns the three trained stages into a bundle that the bot runs.

python -m tessera_training.export --out ../models/emoji
python -m tessera_training.export --random-weights --out ../models/random   # of the same shapes and speed
"""

from pathlib import Path

from tessera_training.common.arguments import parser_of
from tessera_training.common.pictures import Pictures
from tessera_training.export.bundle import FULL, Precision, write_bundle
from tessera_training.export.card import rewrite
from tessera_training.models.clip import ClipConfig
from tessera_training.models.load import DECODER_SHARE, load_clip, load_prior, load_vqgan, random_models
from tessera_training.models.prior import PriorConfig
from tessera_training.models.text import load_tokenizer
from tessera_training.models.vqgan import VqganConfig


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--vqgan", type=Path, default=Path("runs/vqgan"))
    parser.add_argument(
        "--decoder",
        type=Path,
        default=Path("runs/decoder"),
        help="a refined decoder; the VQGAN's own where there is none",
    )
    parser.add_argument(
        "--decoder-share",
        type=float,
        default=DECODER_SHARE,
        help="0: the VQGAN's own decoder, 1: the refined one, between: a mean of their weights",
    )
    parser.add_argument("--clip", type=Path, default=Path("runs/clip"))
    parser.add_argument("--prior", type=Path, default=Path("runs/prior"))
    parser.add_argument("--data", type=Path, default=Path("runs/data"))
    parser.add_argument("--metrics", type=Path, default=Path("runs/evaluation/metrics.json"))
    parser.add_argument("--out", type=Path, default=Path("../models/emoji"))
    parser.add_argument("--name", default="emoji")
    parser.add_argument(
        "--bundle-version",
        default="0.1.0",
        help="raise it with every retraining: stored tokens mean something to these weights only",
    )
    parser.add_argument("--full-precision", action="store_true", help="float32 everywhere")
    parser.add_argument("--random-weights", action="store_true")
    args = parser.parse_args()

    if args.random_weights:
        models, metrics = random_models(VqganConfig(), ClipConfig(), PriorConfig()), None
    else:
        models = (
            load_vqgan(args.vqgan, args.decoder, args.decoder_share),
            load_clip(args.clip),
            load_prior(args.prior),
        )
        metrics = args.metrics
    pictures = Pictures(args.data) if (args.data / "records.json").exists() else None
    tokenizer = load_tokenizer(models[1].config.text.context_length)
    bundle = write_bundle(
        args.out,
        args.name,
        models,
        tokenizer,
        pictures,
        FULL if args.full_precision else Precision(),
        args.bundle_version,
    )
    rewrite(args.out, metrics)
    for name, file in bundle["files"].items():
        print(f"{file['bytes'] / 1e6:8.2f} MB  {name}")
    print(f"{sum(f['bytes'] for f in bundle['files'].values()) / 1e6:8.2f} MB  in all")


if __name__ == "__main__":
    main()
