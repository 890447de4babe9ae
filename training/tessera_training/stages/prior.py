"""Trains stage 2, language-free.

    python -m tessera_training.stages.prior --tokens runs/tokens --vqgan runs/vqgan --out runs/prior --minutes 60

Run the same command again (with more minutes) and it goes on where it stopped.

Loss = token likelihood + `--reconstruction` × the paper's embedding-reconstruction term: the likeliest tokens are
decoded with a straight-through estimator and the picture's CLIP embedding is compared with the condition. The condition
is dropped 10 % of the time (guidance), and moved by noise shaped like the text–image gap (gap.npz).
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from tessera_training.common.arguments import parser_of
from tessera_training.common.optim import Optimisers, split_parameters
from tessera_training.common.run import Run, autocast, cosine_schedule, pick_device
from tessera_training.common.sheets import save_sheet
from tessera_training.models.load import load_clip, load_vqgan
from tessera_training.models.prior import Prior, PriorConfig, generate


class GapNoise:
    """Makes an image embedding look like one that came from a text: e' = normalise(e + s * (mean + L n)), s in 0..1.

    A quarter of the embeddings stay as they are, so that a picture's own embedding (vary, reroll) works as well.
    """

    def __init__(self, gap: Mapping[str, np.ndarray], device: torch.device):
        """`gap`: mean [D] and covariance [D, D] of (text − image), as gap.npz has them"""
        eigenvalues, vectors = np.linalg.eigh(gap["covariance"])
        self.root = torch.from_numpy((vectors * np.sqrt(eigenvalues.clip(0))).astype(np.float32)).to(device)
        self.mean = torch.from_numpy(gap["mean"].astype(np.float32)).to(device)

    def __call__(self, embedding: torch.Tensor) -> torch.Tensor:
        strength = torch.rand(len(embedding), 1, device=embedding.device) * (
            torch.rand(len(embedding), 1, device=embedding.device) > 0.25
        )
        noise = self.mean + torch.randn_like(embedding) @ self.root.T
        return F.normalize(embedding + strength * noise, dim=-1)


class TokenBatches:
    """Random batches over all passes; the plain passes count double, since most prompts ask for one plain object."""

    def __init__(self, folder: Path, seed: int):
        files = sorted(folder.glob("pass-*.npz"))
        if not files:
            raise FileNotFoundError(
                f"expected pass-*.npz in {folder}: run python -m tessera_training.stages.tokens first"
            )
        loaded = [np.load(f) for f in files]
        self.tokens = np.concatenate([f["tokens"] for f in loaded])
        self.embeddings = np.concatenate([f["embeddings"] for f in loaded])
        sizes = [len(f["tokens"]) for f in loaded]
        weights = np.concatenate([np.full(n, 2.0 if i < 2 else 1.0) for i, n in enumerate(sizes)])
        self.cumulative, self.rng = np.cumsum(weights / weights.sum()), np.random.default_rng(seed)

    def draw(self, size: int, device) -> tuple[torch.Tensor, torch.Tensor]:
        rows = np.searchsorted(self.cumulative, self.rng.random(size)).clip(max=len(self.tokens) - 1)
        return torch.from_numpy(self.tokens[rows].astype(np.int64)).to(device), torch.from_numpy(
            self.embeddings[rows].astype(np.float32)
        ).to(device)


def reconstruction_loss(logits: list[torch.Tensor], embedding: torch.Tensor, vqgan, clip) -> torch.Tensor:
    """1 − cosine between the condition and the CLIP embedding of the decoded likeliest tokens (straight-through)."""
    codes = []
    for g, x in enumerate(logits):
        soft = x.float().softmax(-1)
        hard = F.one_hot(soft.argmax(-1), soft.shape[-1]).to(soft.dtype)
        codes.append((hard - soft.detach() + soft) @ vqgan.codebook.codes[g])
    picture = vqgan.decode_codes(torch.cat(codes, -1)).clamp(0, 1)
    return (1 - (clip.embed_pictures(picture) * embedding).sum(-1)).mean()


@torch.no_grad()
def evaluate(prior: Prior, held_out, device, limit: int = 384) -> dict[str, float]:
    """Held-out loss in nats a code, from the pictures' own embeddings and from texts'."""
    prior.eval()
    every = slice(None, None, max(1, len(held_out["tokens"]) // limit))
    tokens = torch.from_numpy(held_out["tokens"][every].astype(np.int64))
    out = {}
    for name, key in (("image", "embeddings"), ("text", "text_embeddings")):
        embedding = torch.from_numpy(held_out[key][every].astype(np.float32))
        losses = [
            prior.loss(prior(t.to(device), e.to(device)), t.to(device)) * len(t)
            for t, e in zip(tokens.split(96), embedding.split(96))
        ]
        codes = torch.stack(losses).sum(0) / len(tokens)
        out |= {f"{name}_{g}": v.item() for g, v in enumerate(codes)} | {name: codes.mean().item()}
    prior.train()
    return out


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--tokens", type=Path, default=Path("runs/tokens"))
    parser.add_argument("--vqgan", type=Path, default=Path("runs/vqgan"))
    parser.add_argument("--clip", type=Path, default=Path("runs/clip"))
    parser.add_argument("--out", type=Path, default=Path("runs/prior"))
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--steps", type=int, default=10**9)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--muon-lr", type=float, default=0.02)
    parser.add_argument("--layers", type=int, default=PriorConfig.layers)
    parser.add_argument("--width", type=int, default=PriorConfig.width)
    parser.add_argument("--token-dropout", type=float, default=PriorConfig.token_dropout)
    parser.add_argument("--reconstruction", type=float, default=0.0, help="weight of the embedding-reconstruction term")
    parser.add_argument("--reconstruction-batch", type=int, default=8)
    args = parser.parse_args()

    torch.manual_seed(0)
    device = pick_device()
    vqgan, clip = load_vqgan(args.vqgan).to(device), load_clip(args.clip).to(device)
    v = vqgan.config
    config = PriorConfig(
        v.positions,
        v.codes_per_position,
        v.codebook_size,
        clip.config.image.embedding_width,
        args.width,
        args.width // 64,
        args.layers,
        token_dropout=args.token_dropout,
    )
    prior = Prior(config).to(device)
    matrices, rest = split_parameters(
        prior,
        lambda name, p: (
            name.startswith("blocks.")
            and p.ndim == 2
            or name in ("depth.up.weight", "depth.down.weight", "condition.map_in.weight")
        ),
    )
    optimiser = Optimisers(matrices, rest, args.muon_lr, args.lr)
    run = Run(args.out, {"model": prior, "optimiser": optimiser}, asdict(config), args.minutes, args.steps)
    torch.manual_seed(run.step)
    batches, noise = TokenBatches(args.tokens, seed=run.step), GapNoise(np.load(args.tokens / "gap.npz"), device)
    held_out = dict(np.load(args.tokens / "held-out.npz"))
    print(f"{sum(p.numel() for p in prior.parameters()) / 1e6:.1f} M parameters, {len(batches.tokens)} token grids")

    while run.go_on():
        optimiser.set_factor(cosine_schedule(run.progress))
        tokens, embedding = batches.draw(args.batch, device)
        condition = noise(embedding) * (torch.rand(len(tokens), 1, device=device) > 0.1)
        with autocast(device):
            logits = prior(tokens, condition)
            losses = prior.loss(logits, tokens)
            loss = losses.mean()
            again = torch.zeros(())
            if args.reconstruction:
                few = slice(0, args.reconstruction_batch)
                again = reconstruction_loss([x[few] for x in logits], embedding[few], vqgan, clip)
                loss = loss + args.reconstruction * again
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        run.log(
            loss=losses.mean().item(),
            **{f"code_{g}": x.item() for g, x in enumerate(losses)},
            reconstruction=again.item(),
        )
        if run.step % 250 == 0:
            run.record("held-out.csv", **evaluate(prior, held_out, device))
            sheet(prior, vqgan, held_out, device, args.out / "sheet.png")
    run.record("final.csv", **evaluate(prior, held_out, device, limit=10**6))


@torch.no_grad()
def sheet(prior: Prior, vqgan, held_out, device, path: Path) -> None:
    """Held-out pictures decoded from their tokens, painted from their image embedding, and from their caption's."""
    prior.eval()
    rows = np.linspace(0, len(held_out["tokens"]) - 1, 12).astype(int)
    real = vqgan.decode(torch.from_numpy(held_out["tokens"][rows].astype(np.int64)).to(device))
    painted = []
    for key in ("embeddings", "text_embeddings"):
        embedding = torch.from_numpy(held_out[key][rows].astype(np.float32)).to(device)
        painted.append(
            vqgan.decode(generate(prior, embedding, torch.Generator(device).manual_seed(1), guidance=2.0, top_k=128))
        )
    save_sheet([real, *painted], path)
    prior.train()


if __name__ == "__main__":
    main()
