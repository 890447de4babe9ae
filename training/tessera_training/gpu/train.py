"""All three stages in one process, by the clock.

    python -m tessera_training.gpu.train --pack gpu-pack --out DIR --seconds 570

Ends in time whatever the machine's speed: every stage has a share of the seconds and anneals towards its end. Without a
GPU it is a rehearsal in small batches (`--seconds 40`).
"""

import json
import lzma
import os
import time
from pathlib import Path

import torch

from tessera_training.common.arguments import parser_of
from tessera_training.common.run import pick_device
from tessera_training.gpu.clip_stage import train_clip
from tessera_training.gpu.clock import Log
from tessera_training.gpu.manifest import check_manifest
from tessera_training.gpu.plan import REHEARSAL, Plan
from tessera_training.gpu.prior_stage import train_prior
from tessera_training.gpu.render import Renderer
from tessera_training.gpu.shop import DevicePictures, Shop
from tessera_training.gpu.stream import Stream, chunks
from tessera_training.gpu.teacher import TOKENIZER
from tessera_training.gpu.texts import read_texts
from tessera_training.gpu.vqgan_stage import train_vqgan
from tessera_training.gpu.webp import read_pictures


def open_shop(pack: Path, out: Path, seconds: float, plan: Plan, workers: int, started: float) -> Shop:
    """Unpacks everything. Workers are forked before the device is touched."""
    check_manifest(pack)
    out.mkdir(parents=True, exist_ok=True)
    log = Log(out / "log.csv", started)
    records, concepts = (
        json.loads(lzma.decompress((pack / f"{name}.json.xz").read_bytes())) for name in ("records", "concepts")
    )
    pixels = read_pictures(pack, workers)
    stream = Stream(
        records, concepts, read_texts(pack), pack / TOKENIZER, plan.clip.text.context_length, plan.rows, plan.mix
    )
    source = chunks(stream, workers)
    next(source)  # the workers run now
    device = pick_device()
    renderer = Renderer(pixels, device)
    log.write("unpacked", 0, pictures=len(pixels), workers=workers)
    return Shop(plan, pack, out, seconds, device, log, renderer, DevicePictures(renderer, records, concepts), source)


def run(pack: Path, out: Path, seconds: float, plan: Plan, workers: int) -> None:
    shop = open_shop(pack, out, seconds, plan, workers, time.monotonic())
    torch.manual_seed(0)
    vqgan = train_vqgan(shop)
    clip = train_clip(shop)
    train_prior(shop, vqgan, clip)
    total = sum(path.stat().st_size for path in out.iterdir())
    shop.log.write("written", 0, files=len(list(out.iterdir())), mebibytes=total / 2**20)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--pack", type=Path, default=Path("gpu-pack"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=570)
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) - 2))
    args = parser.parse_args()
    torch.backends.cudnn.benchmark = True  # every stage keeps its shapes
    run(args.pack, args.out, args.seconds, Plan() if torch.cuda.is_available() else REHEARSAL, args.workers)


if __name__ == "__main__":
    main()
