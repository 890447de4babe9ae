"""Trains stage 1.

    python -m tessera_training.stages.vqgan --data runs/data --out runs/vqgan --minutes 30
    python -m tessera_training.stages.vqgan --out runs/vqgan-probe --minutes 2 --codes-per-position 1
    python -m tessera_training.stages.vqgan --out runs/vqgan-residual --codes-per-position 4 --residual \\
        --code-width 32 --perceptual 0.3 --start runs/vqgan

Run the same command again and it goes on where it stopped. Pictures only: no word is read.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from tessera_training.common.arguments import parser_of
from tessera_training.common.optim import Optimisers, split_parameters
from tessera_training.common.pictures import Pictures, over, random_affine, shift_hue
from tessera_training.common.run import Run, autocast, cosine_schedule, load_checkpoint, pick_device
from tessera_training.common.sheets import save_sheet
from tessera_training.models.perceptual import PerceptualLoss
from tessera_training.models.vqgan import Vqgan, VqganConfig


def augment(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """What members will ask for: moved, mirrored, recoloured objects, now and then two in one picture."""
    moved = random_affine(x, generator, share=0.4, low=0.45, high=1.05, shift=0.05, rotate=0.25)
    moved = shift_hue(moved, generator, share=0.15)
    pairs = torch.rand(len(x), generator=generator) < 0.15
    if pairs.any():
        small = random_affine(moved.roll(1, 0), generator, share=1, low=0.3, high=0.6, shift=0.0)
        moved = torch.where(pairs.view(-1, 1, 1, 1).to(x.device), over(small, moved), moved)
    return moved


def pixel_loss(made: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """L1 + a little L2, and L1 of the differences between neighbours, which keeps edges sharp."""
    difference = made - real
    edges = (difference[..., 1:] - difference[..., :-1]).abs().mean() + (
        difference[..., 1:, :] - difference[..., :-1, :]
    ).abs().mean()
    return difference.abs().mean() + 2.0 * difference.pow(2).mean() + 0.5 * edges


def start_from(model: Vqgan, folder: Path) -> int:
    """Takes over what another VQGAN has in the same place and shape, whatever its codes are -> how many tensors."""
    theirs, ours = load_checkpoint(folder / "checkpoint.pt")["state"]["model"], model.state_dict()
    alike = {
        name: value
        for name, value in theirs.items()
        if not name.startswith("codebook.") and ours[name].shape == value.shape
    }
    model.load_state_dict(ours | alike)
    return len(alike)


@torch.no_grad()
def evaluate(model: Vqgan, pictures: Pictures, indices: np.ndarray, device: torch.device) -> dict[str, float]:
    """PSNR over premultiplied RGBA (mean of the pictures' own PSNRs), and the share of codes in use."""
    was_training = model.training
    model.eval()
    psnrs, used = [], torch.zeros(model.config.codes_per_position, model.config.codebook_size, dtype=torch.bool)
    for at in range(0, len(indices), 64):
        x = pictures.batch(indices[at : at + 64]).to(device)
        tokens = model.encode(x)
        error = (model.decode(tokens) - x).pow(2).flatten(1).mean(1)
        psnrs.append(-10 * error.clamp(min=1e-8).log10())
        for g in range(model.config.codes_per_position):
            used[g][tokens[..., g].flatten().cpu()] = True
    model.train(was_training)
    return {"psnr": torch.cat(psnrs).mean().item(), "codes_used": used.float().mean().item()}


def parse(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--data", type=Path, default=Path("runs/data"))
    parser.add_argument("--out", type=Path, default=Path("runs/vqgan"))
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--steps", type=int, default=10**9)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--muon-lr", type=float, default=0.02)
    parser.add_argument("--codes-per-position", "--groups", type=int, default=2)
    parser.add_argument("--codebook-size", type=int, default=1024)
    parser.add_argument("--code-width", type=int, default=VqganConfig.code_width)
    parser.add_argument("--residual", action="store_true", help="each code of a cell refines the codes before it")
    parser.add_argument(
        "--perceptual", type=float, default=0.0, help="weight of EfficientNet's distance (models/perceptual.py)"
    )
    parser.add_argument("--start", type=Path, help="a run whose layers are taken over where they fit")
    parser.add_argument(
        "--grid",
        type=int,
        default=VqganConfig().grid,
        choices=(8, 16),
        help="16 is the paper's: four times the positions for the prior",
    )
    return parser.parse_args(words)


def main() -> None:
    args = parse()

    torch.manual_seed(0)
    device = pick_device()
    config = VqganConfig(
        codes_per_position=args.codes_per_position,
        codebook_size=args.codebook_size,
        code_width=args.code_width,
        residual=args.residual,
    ).with_grid(args.grid)
    model = Vqgan(config).to(device).to(memory_format=torch.channels_last)
    if args.start and not (args.out / "checkpoint.pt").exists():
        print(f"{start_from(model, args.start)} of {len(model.state_dict())} tensors from {args.start}")
    perceptual = PerceptualLoss().to(device) if args.perceptual else None
    matrices, rest = split_parameters(model, lambda _, p: p.ndim == 4)
    optimiser = Optimisers(matrices, rest, muon_lr=args.muon_lr, adam_lr=args.lr)
    run = Run(args.out, {"model": model, "optimiser": optimiser}, asdict(config), args.minutes, args.steps)
    pictures = Pictures(args.data)
    train, (held_out, probe) = pictures.indices("train"), pictures.held_out()
    rng, generator = np.random.default_rng(run.step), torch.Generator().manual_seed(run.step)

    while run.go_on():
        optimiser.set_factor(cosine_schedule(run.progress))
        with torch.no_grad():
            x = augment(pictures.batch(rng.choice(train, args.batch)).to(device), generator)
        with autocast(device):
            made, _, commitment = model(x)
            loss = pixel_loss(made.float(), x) + 0.1 * commitment
            seen = perceptual(made.float().clamp(0, 1), x) if perceptual else torch.zeros((), device=device)
            loss = loss + args.perceptual * seen
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        run.log(loss=loss.item(), mse=F.mse_loss(made, x).item(), commitment=commitment.item(), perceptual=seen.item())
        if run.step % 200 == 0:
            run.record("held-out.csv", **evaluate(model, pictures, probe, device))
            with torch.no_grad():
                real = pictures.batch(probe[:12]).to(device)
                save_sheet([real, model.decode(model.eval().encode(real))], args.out / "sheet.png")
                model.train()
    final = evaluate(model, pictures, held_out, device)
    run.record("final.csv", **final)
    print(f"held out: PSNR {final['psnr']:.2f} dB, {final['codes_used']:.1%} of the codes used")


if __name__ == "__main__":
    main()
