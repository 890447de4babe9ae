"""Stage 2: the prior, from tokens and embeddings that the frozen stages make of ever new scenes (stages/prior.py)."""

import copy
import tempfile
from pathlib import Path

import numpy as np
import torch

from tessera_training.common.optim import Optimisers, split_parameters
from tessera_training.common.pictures import shift_hue
from tessera_training.common.run import autocast, cosine_schedule
from tessera_training.common.sheets import save_sheet
from tessera_training.data.captions import canonical
from tessera_training.gpu.clip_stage import batch_tokenizer, tokens_of
from tessera_training.gpu.shop import Shop, config_of
from tessera_training.models.clip import Clip
from tessera_training.models.prior import Prior, generate
from tessera_training.models.text import tokenize
from tessera_training.models.vqgan import Vqgan
from tessera_training.stages.prior import GapNoise, evaluate

COLUMNS = 12  # pictures in a row of the sheet
PROMPTS = (
    "a fox",
    "a red apple",
    "three cats",
    "a blue car",
    "a robot",
    "a dog with sunglasses",
    "a tree",
    "two stars",
    "a pizza",
    "a purple dragon",
    "a sad face",
    "a rocket",
)


@torch.no_grad()
def embed_texts(clip: Clip, shop: Shop, texts: list[str]) -> torch.Tensor:
    """-> [N, D]"""
    tokenizer = batch_tokenizer(shop)
    parts = [tokenize(tokenizer, texts[at : at + 256]) for at in range(0, len(texts), 256)]
    return torch.cat([clip.text(*(t.to(shop.device) for t in part))[0] for part in parts])


@torch.no_grad()
def measure_gap(clip: Clip, shop: Shop) -> GapNoise:
    """How far, and in which directions, captions lie from their pictures: composed ones, in every language."""
    images, texts = [], []
    while sum(map(len, images)) < shop.plan.gap_rows:
        x, arrays = shop.compose(shop.plan.rows)
        images.append(clip.embed_pictures(x))
        texts.append(clip.text(*tokens_of(arrays["captions"], shop.device))[0])
    gap = (torch.cat(texts) - torch.cat(images)).float().cpu().numpy()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gap.npz"
        np.savez(path, mean=gap.mean(0), covariance=np.cov(gap.T))
        return GapNoise(path, shop.device)


@torch.no_grad()
def read_held_out(vqgan: Vqgan, clip: Clip, shop: Shop) -> dict[str, np.ndarray]:
    """Tokens and both embeddings of held-out pictures, as stages/tokens.py keeps them."""
    indices = shop.held_out("pair", "concept")
    records, batches = (
        [shop.pictures.records[i] for i in indices],
        [indices[at : at + 64] for at in range(0, len(indices), 64)],
    )
    tokens = torch.cat([vqgan.encode(shop.pictures.batch(part)) for part in batches])
    embeddings = torch.cat([clip.embed_pictures(shop.pictures.batch(part)) for part in batches])
    words = embed_texts(clip, shop, [canonical(shop.pictures.concepts, r["concept"], r["style"]) for r in records])
    return {
        "indices": indices,
        **{
            name: value.cpu().numpy()
            for name, value in (("tokens", tokens), ("embeddings", embeddings), ("text_embeddings", words))
        },
    }


@torch.no_grad()
def draw_sheet(prior: Prior, vqgan: Vqgan, clip: Clip, held_out: dict[str, np.ndarray], shop: Shop) -> None:
    """sheet.png. Rows: held-out pictures; through the VQGAN; painted from their own embeddings; from their captions'; and
    `PROMPTS` painted."""
    prior.eval()
    rows = np.linspace(0, len(held_out["tokens"]) - 1, min(COLUMNS, len(held_out["tokens"]))).astype(int)
    pick = lambda name: torch.from_numpy(held_out[name][rows]).to(shop.device)  # noqa: E731
    paint = lambda e: vqgan.decode(
        generate(prior, e.float(), torch.Generator(shop.device).manual_seed(1), temperature=0.7, guidance=3.0)
    )  # noqa: E731
    sheet = [
        shop.pictures.batch(held_out["indices"][rows]),
        vqgan.decode(pick("tokens")),
        paint(pick("embeddings")),
        paint(pick("text_embeddings")),
        paint(embed_texts(clip, shop, list(PROMPTS))),
    ]
    save_sheet(sheet, shop.out / "sheet.png")


def train_prior(shop: Shop, vqgan: Vqgan, clip: Clip) -> Prior:
    plan, device = shop.plan, shop.device
    prior = Prior(plan.prior).to(device)
    average = copy.deepcopy(prior).requires_grad_(False)
    names = ("depth.up.weight", "depth.down.weight", "condition.map_in.weight")
    matrices, rest = split_parameters(
        prior, lambda name, p: name.startswith("blocks.") and p.ndim == 2 or name in names
    )
    optimiser = Optimisers(matrices, rest, muon_lr=0.02, adam_lr=2e-3)
    noise, held_out, generator = (
        measure_gap(clip, shop),
        read_held_out(vqgan, clip, shop),
        torch.Generator().manual_seed(0),
    )
    stage = shop.stage("prior", 2, average, config_of(plan.prior))

    while stage.go_on():
        optimiser.set_factor(cosine_schedule(stage.progress))
        with torch.no_grad():
            x = shop.compose(plan.prior_batch)[0]
            x = shift_hue(x, generator, share=0.2).contiguous(memory_format=torch.channels_last)
            tokens = vqgan.encode(x)  # not in bf16, which would move a fifth of them
            with autocast(device):
                embedding = clip.embed_pictures(x)
            condition = noise(embedding.float()) * (torch.rand(len(tokens), 1, device=device) > 0.1)
        with autocast(device):
            losses = prior.loss(prior(tokens, condition), tokens)
        optimiser.zero_grad()
        losses.mean().backward()
        norm = optimiser.step()
        # While little has been learnt, the average forgets fast.
        keep = min(plan.average, (1 + stage.step) / (10 + stage.step))
        torch._foreach_lerp_(list(average.parameters()), [p.detach() for p in prior.parameters()], 1 - keep)
        stage.note(loss=losses.mean(), norm=norm, **{f"code_{g}": loss for g, loss in enumerate(losses)})
    shop.finish("prior", average, config_of(plan.prior))
    draw_sheet(average, vqgan, clip, held_out, shop)
    shop.log.write(
        "prior",
        stage.step,
        **evaluate(average, held_out, device, limit=plan.probe),
        pictures=stage.step * plan.prior_batch,
    )
    return average.eval()
