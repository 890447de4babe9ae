"""The second half of stage 1: sharpens the decoder with a perceptual and an adversarial loss (VQGAN, arXiv 2012.09841).

    python -m tessera_training.stages.refine --vqgan runs/vqgan --clip runs/clip --out runs/decoder --minutes 15

Encoder and codebook stay frozen, so tokens keep their meaning: a prior that is trained already gets sharper pictures
for nothing, and a decoder can be refined again at any time. The perceptual features are our own CLIP image tower's.
"""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from tessera_training.common.arguments import parser_of
from tessera_training.common.optim import Optimisers, split_parameters
from tessera_training.common.pictures import Pictures
from tessera_training.common.run import Run, autocast, cosine_schedule, pick_device
from tessera_training.common.sheets import save_sheet
from tessera_training.models.clip import to_pixels
from tessera_training.models.load import load_clip, load_vqgan
from tessera_training.stages.vqgan import augment, evaluate, pixel_loss


class Discriminator(nn.Sequential):
    """Patch discriminator (pix2pix): [B, 4, H, W] -> [B, 1, H / 16, W / 16]; each score sees part of the picture."""

    def __init__(self, channels: int = 4, width: int = 64):
        def conv(a: int, b: int, stride: int) -> nn.Module:
            return nn.utils.parametrizations.spectral_norm(nn.Conv2d(a, b, 3, stride, 1))

        super().__init__(
            nn.PixelUnshuffle(2),
            conv(channels * 4, width, 1),
            nn.LeakyReLU(0.2),
            conv(width, width, 2),
            nn.LeakyReLU(0.2),
            conv(width, width * 2, 2),
            nn.LeakyReLU(0.2),
            conv(width * 2, width * 2, 2),
            nn.LeakyReLU(0.2),
            conv(width * 2, 1, 1),
        )


def perceptual_loss(made: torch.Tensor, real: torch.Tensor, clip) -> torch.Tensor:
    """Distance of the image tower's maps, each normalised along its
    channels (as LPIPS, arXiv 1801.03924, without its weights)."""
    size = clip.config.image.image_size
    maps = zip(clip.image.features(to_pixels(made, size))[:3], clip.image.features(to_pixels(real, size))[:3])
    return torch.stack([(F.normalize(a, dim=1) - F.normalize(b, dim=1)).pow(2).sum(1).mean() for a, b in maps]).sum()


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--data", type=Path, default=Path("runs/data"))
    parser.add_argument("--vqgan", type=Path, default=Path("runs/vqgan"))
    parser.add_argument("--clip", type=Path, default=Path("runs/clip"))
    parser.add_argument("--out", type=Path, default=Path("runs/decoder"))
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--steps", type=int, default=10**9)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--perceptual", type=float, default=0.1)
    parser.add_argument("--adversarial", type=float, default=0.02)
    parser.add_argument(
        "--adversary-from", type=float, default=0.2, help="share of the run before the adversary counts"
    )
    args = parser.parse_args()

    torch.manual_seed(0)
    device = pick_device()
    model, clip = load_vqgan(args.vqgan).to(device), load_clip(args.clip).to(device)
    model.decoder.requires_grad_(True)
    adversary = Discriminator(model.config.channels).to(device).to(memory_format=torch.channels_last)
    matrices, rest = split_parameters(model.decoder, lambda _, p: p.ndim == 4)
    optimiser = Optimisers(matrices, rest, muon_lr=0.004, adam_lr=2e-4)
    judge = torch.optim.AdamW(adversary.parameters(), 4e-4, betas=(0.5, 0.9))
    run = Run(
        args.out,
        {"decoder": model.decoder, "adversary": adversary, "optimiser": optimiser, "judge": judge},
        asdict(model.config),
        args.minutes,
        args.steps,
    )
    pictures = Pictures(args.data)
    train, (held_out, probe) = pictures.indices("train"), pictures.held_out()
    rng, generator = np.random.default_rng(run.step), torch.Generator().manual_seed(run.step)

    while run.go_on():
        optimiser.set_factor(cosine_schedule(run.progress))
        with torch.no_grad():
            x = augment(pictures.batch(rng.choice(train, args.batch)).to(device), generator)
            tokens = model.encode(x)
        with autocast(device):
            made = model.decode_codes(model.codebook.embed(tokens)).float()
            pixels, seen = pixel_loss(made, x), perceptual_loss(made.clamp(0, 1), x, clip)
            weight = args.adversarial if run.progress > args.adversary_from else 0.0
            fooled = -adversary(made).mean() if weight else torch.zeros((), device=device)
            loss = pixels + args.perceptual * seen + weight * fooled
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        with autocast(device):  # hinge loss
            doubt = F.relu(1 - adversary(x)).mean() + F.relu(1 + adversary(made.detach())).mean()
        judge.zero_grad(set_to_none=True)
        doubt.backward()
        judge.step()
        run.log(pixels=pixels.item(), perceptual=seen.item(), fooled=fooled.item(), judge=doubt.item())
        if run.step % 100 == 0:
            run.record("held-out.csv", **evaluate(model, pictures, probe, device))
            with torch.no_grad():
                real = pictures.batch(probe[:12]).to(device)
                save_sheet([real, model.decode(model.encode(real))], args.out / "sheet.png")
    final = evaluate(model, pictures, held_out, device)
    run.record("final.csv", **final)
    print(f"held out: PSNR {final['psnr']:.2f} dB")


if __name__ == "__main__":
    main()
