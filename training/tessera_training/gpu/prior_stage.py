"""Stage 2: the prior, from tokens and embeddings that the frozen stages make of ever new scenes (stages/prior.py)."""

import copy

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
from tessera_training.models.load import embed_pictures, embed_texts
from tessera_training.models.prior import Prior, generate
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
def measure_gap(clip: Clip, shop: Shop) -> GapNoise:
    """How far, and in which directions, captions lie from their pictures: composed ones, in every language."""
    images, texts = [], []
    while sum(map(len, images)) < shop.plan.gap_rows:
        x, arrays = shop.compose(shop.plan.rows)
        images.append(clip.embed_pictures(x))
        texts.append(clip.embed_texts(*tokens_of(arrays["captions"], shop.device)))
    gap = (torch.cat(texts) - torch.cat(images)).float().cpu().numpy()
    return GapNoise({"mean": gap.mean(0), "covariance": np.cov(gap.T)}, shop.device)


@torch.no_grad()
def read_held_out(vqgan: Vqgan, clip: Clip, shop: Shop) -> dict[str, np.ndarray]:
    """Tokens and both embeddings of held-out pictures, as stages/tokens.py keeps them."""
    indices = shop.held_out("pair", "concept")
    tokens, embeddings = embed_pictures(shop.pictures.batches(indices), vqgan, clip, shop.device)
    records = [shop.pictures.records[i] for i in indices]
    captions = [canonical(shop.pictures.concepts, r["concept"], r["style"]) for r in records]
    words = embed_texts(clip.embed_texts, batch_tokenizer(shop), captions, shop.device)
    return {"indices": indices, "tokens": tokens, "embeddings": embeddings, "text_embeddings": words}


@torch.no_grad()
def draw_sheet(prior: Prior, vqgan: Vqgan, clip: Clip, held_out: dict[str, np.ndarray], shop: Shop) -> None:
    """sheet.png. Rows: held-out pictures; through the VQGAN;
    painted from their own embeddings; from their captions'; and `PROMPTS` painted."""
    prior.eval()
    rows = np.linspace(0, len(held_out["tokens"]) - 1, min(COLUMNS, len(held_out["tokens"]))).astype(int)
    tokens = torch.from_numpy(held_out["tokens"][rows].astype(np.int64)).to(shop.device)

    def paint(embeddings: np.ndarray) -> torch.Tensor:
        condition, generator = torch.from_numpy(embeddings).to(shop.device), torch.Generator(shop.device).manual_seed(1)
        return vqgan.decode(generate(prior, condition, generator, temperature=0.7, guidance=3.0))

    sheet = [
        shop.pictures.batch(held_out["indices"][rows]),
        vqgan.decode(tokens),
        paint(held_out["embeddings"][rows]),
        paint(held_out["text_embeddings"][rows]),
        paint(embed_texts(clip.embed_texts, batch_tokenizer(shop), list(PROMPTS), shop.device)),
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
    noise = measure_gap(clip, shop)
    held_out = read_held_out(vqgan, clip, shop)
    generator = torch.Generator().manual_seed(0)
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
        torch._foreach_lerp_(list(average.parameters()), [p.detach() for p in prior.parameters()], 1 - keep)  # pyright: ignore[reportPrivateImportUsage]
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
