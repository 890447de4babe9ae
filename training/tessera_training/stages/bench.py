"""The same work as `tessera imagine`, done by our own PyTorch training code on the same machine.

    python -m tessera_training.stages.bench --bundle ../models/emoji --prior runs/prior --count 4 --json

Text embedding given; `count` pictures with guidance and the bundle's sampling; decoded. Timed twice: stepping with a
key/value cache, and recomputing the whole prefix at every position, as the published implementation does.
Without checkpoints the weights are random, of the bundle's shapes: the speed is the same.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path

import torch

from tessera_training.common.arguments import parser_of
from tessera_training.models.load import config_from, load_prior, load_vqgan
from tessera_training.models.prior import Prior, PriorConfig, draw, generate
from tessera_training.models.vqgan import Vqgan, VqganConfig


@torch.no_grad()
def generate_recomputing(
    prior: Prior,
    embedding: torch.Tensor,
    generator: torch.Generator,
    temperature: float = 1.0,
    top_k: int = 256,
    top_p: float = 0.95,
    guidance: float = 1.0,
) -> torch.Tensor:
    """As `generate`, but position p runs the transformer over positions 0..p again. [B, D] -> tokens [B, P, G]"""
    config, guided = prior.config, guidance != 1.0
    condition = prior.condition(torch.cat([embedding, torch.zeros_like(embedding)]) if guided else embedding)
    tokens = torch.zeros(
        len(embedding), config.positions, config.codes_per_position, dtype=torch.long, device=embedding.device
    )
    repeat = (lambda t: torch.cat([t, t])) if guided else (lambda t: t)

    def choose(logits: torch.Tensor) -> torch.Tensor:
        if guided:
            conditional, null = logits.chunk(2)
            logits = null + guidance * (conditional - null)
        return draw(logits, generator, temperature, top_k, top_p)

    for p in range(config.positions):
        drawn = repeat(tokens[:, :p])
        x = (
            torch.cat([prior.start.expand(len(condition), 1, -1), prior.embed_tokens(drawn)], 1)
            + prior.places[: p + 1]
            + condition[:, : p + 1]
        )
        for block in prior.blocks:
            x = block(x)
        hidden = torch.nn.functional.rms_norm(x[:, -1], (config.width,), prior.norm, 1e-6)
        for g in range(config.codes_per_position):
            tokens[:, p, g] = choose(prior.logits_of(hidden, *repeat(tokens[:, p, :g]).unbind(-1)))
    return tokens


def models_of(bundle: dict, prior: Path, vqgan: Path) -> tuple[Prior, Vqgan, bool]:
    """The trained models, or random ones of the bundle's shapes; and whether they are trained."""
    if (prior / "checkpoint.pt").exists() and (vqgan / "checkpoint.pt").exists():
        return load_prior(prior), load_vqgan(vqgan), True
    b = bundle["prior"]
    renamed = {
        "positions": b["positions"],
        "codes_per_position": b["codesPerPosition"],
        "codebook_size": b["codebookSize"],
        "width": b["width"],
        "heads": b["heads"],
        "layers": b["layers"],
    }
    config = config_from(PriorConfig, renamed | {"embedding_width": bundle["embeddingWidth"]})
    picture = config_from(
        VqganConfig,
        {
            "codes_per_position": b["codesPerPosition"],
            "codebook_size": b["codebookSize"],
            "image_size": bundle["decoder"]["imageSize"],
            "channels": bundle["decoder"]["channels"],
        },
    )
    return Prior(config).eval(), Vqgan(picture).eval(), False


@torch.inference_mode()
def timed(paint: Callable[[], torch.Tensor], vqgan: Vqgan, repeats: int) -> dict[str, float]:
    """Best of `repeats`, in seconds: this is a shared machine, and the best run is the least disturbed one."""
    best = {"generateSeconds": float("inf"), "decodeSeconds": float("inf"), "totalSeconds": float("inf")}
    for _ in range(repeats):
        started = time.perf_counter()
        tokens = paint()
        generated = time.perf_counter()
        vqgan.decode(tokens)
        done = time.perf_counter()
        for name, seconds in zip(best, (generated - started, done - generated, done - started)):
            best[name] = min(best[name], seconds)
    return {name: round(seconds, 4) for name, seconds in best.items()}


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--bundle", type=Path, default=Path("../models/emoji"))
    parser.add_argument("--prior", type=Path, default=Path("runs/prior"))
    parser.add_argument("--vqgan", type=Path, default=Path("runs/vqgan"))
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0, help="0: PyTorch's own choice")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    bundle = json.loads((args.bundle / "bundle.json").read_text(encoding="utf-8"))
    prior, vqgan, trained = models_of(bundle, args.prior, args.vqgan)
    sampling = bundle["sampling"]
    settings = {
        "temperature": sampling["temperature"],
        "top_k": sampling["topK"],
        "top_p": sampling["topP"],
        "guidance": sampling["guidanceScale"],
    }
    embedding = torch.nn.functional.normalize(
        torch.randn(1, prior.config.embedding_width, generator=torch.Generator().manual_seed(0)), dim=-1
    ).expand(args.count, -1)
    paint = lambda how: lambda: how(prior, embedding, torch.Generator().manual_seed(1), **settings)  # noqa: E731
    result = {
        "count": args.count,
        "trained": trained,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "cached": timed(paint(generate), vqgan, args.repeats),
        "recomputed": timed(paint(generate_recomputing), vqgan, args.repeats),
    }
    if args.json:
        print(json.dumps(result))
    else:
        for how in ("cached", "recomputed"):
            total, generated = result[how]["totalSeconds"], result[how]["generateSeconds"]
            print(f"{how:>10}: {total:.2f} s for {args.count} pictures ({generated:.2f} s of it the prior)")


if __name__ == "__main__":
    main()
