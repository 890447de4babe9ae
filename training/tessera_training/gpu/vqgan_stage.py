"""Stage 1: the VQGAN, with an adversary in its last third (stages/vqgan.py and stages/refine.py in one)."""

import numpy as np
import torch
import torch.nn.functional as F

from tessera_training.common.optim import Optimisers, split_parameters
from tessera_training.common.pictures import shift_hue
from tessera_training.common.run import autocast, cosine_schedule
from tessera_training.common.sheets import save_sheet
from tessera_training.gpu.perceptual import PackedPerceptualLoss
from tessera_training.gpu.shop import Shop, config_of
from tessera_training.models.vqgan import Vqgan
from tessera_training.stages.refine import Discriminator
from tessera_training.stages.vqgan import augment, evaluate, pixel_loss


def train_vqgan(shop: Shop) -> Vqgan:
    plan, device = shop.plan, shop.device
    model = Vqgan(plan.vqgan).to(device).to(memory_format=torch.channels_last)
    adversary = Discriminator(plan.vqgan.channels).to(device).to(memory_format=torch.channels_last)
    perceptual = PackedPerceptualLoss(shop.pack).to(device)
    matrices, rest = split_parameters(model, lambda _, p: p.ndim == 4)
    optimiser = Optimisers(matrices, rest, muon_lr=0.02, adam_lr=1e-3)
    judge = torch.optim.AdamW(adversary.parameters(), 4e-4, betas=(0.5, 0.9))
    train, rng, generator = shop.pictures.indices("train"), np.random.default_rng(0), torch.Generator().manual_seed(0)
    stage = shop.stage("vqgan", 0, model, config_of(plan.vqgan))

    while stage.go_on():
        optimiser.set_factor(cosine_schedule(stage.progress))
        with torch.no_grad():
            alone = augment(shop.pictures.batch(rng.choice(train, plan.vqgan_batch // 2)), generator)
            composed = shift_hue(shop.compose(plan.vqgan_batch // 2)[0][: plan.vqgan_batch // 2], generator, share=0.15)
            x = torch.cat([alone, composed]).contiguous(memory_format=torch.channels_last)
        with autocast(device):
            made, _, commitment = model(x)
            made = made.float()
            pixels, seen = pixel_loss(made, x), perceptual(made.clamp(0, 1), x)
            loss = pixels + 0.1 * commitment + plan.perceptual * seen
            # The adversary learns for a while before it is listened to.
            is_judged = stage.progress > plan.adversary_from - 0.05
            weight = plan.adversarial * min(1.0, max(0.0, stage.progress - plan.adversary_from) / 0.05)
            fooled = -adversary(made).mean() if weight else torch.zeros((), device=device)
            loss = loss + weight * fooled
        optimiser.zero_grad()
        loss.backward()
        norm = optimiser.step()
        doubt = torch.zeros((), device=device)
        if is_judged:
            with autocast(device):  # hinge loss
                doubt = F.relu(1 - adversary(x)).mean() + F.relu(1 + adversary(made.detach())).mean()
            judge.zero_grad(set_to_none=True)
            doubt.backward()
            judge.step()
        stage.note(
            loss=loss, pixels=pixels, perceptual=seen, commitment=commitment, fooled=fooled, judge=doubt, norm=norm
        )
    shop.finish("vqgan", model, config_of(plan.vqgan))
    held_out = shop.held_out("pair", "concept")
    with torch.no_grad():
        real = shop.pictures.batch(held_out[:: max(1, len(held_out) // 12)][:12])
        save_sheet([real, model.decode(model.encode(real))], shop.out / "sheet.png")
    shop.log.write(
        "vqgan", stage.step, **evaluate(model, shop.pictures, held_out, device), pictures=stage.step * plan.vqgan_batch
    )
    return model
