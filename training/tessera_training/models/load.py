"""The trained models, or ones of the same shape with random weights
(their speed is the same), and what they make of texts and pictures."""

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from tokenizers import Tokenizer
from tqdm import tqdm

from tessera_training.common.run import autocast, load_checkpoint
from tessera_training.models.clip import Clip, ClipConfig
from tessera_training.models.prior import Prior, PriorConfig
from tessera_training.models.text import tokenize
from tessera_training.models.vqgan import ResidualBlock, Vqgan, VqganConfig

RENAMED = {"groups": "codes_per_position"}  # what older checkpoints call it


Config = TypeVar("Config", VqganConfig, PriorConfig)


def config_from(kind: type[Config], values: dict[str, Any]) -> Config:
    """A flat config dataclass from a checkpoint's dict; lists come back as tuples, unknown keys are left out."""
    known = {f.name for f in fields(kind)}
    named = {RENAMED.get(name, name): tuple(v) if isinstance(v, list) else v for name, v in values.items()}
    taken: dict[str, Any] = {name: value for name, value in named.items() if name in known}
    return kind(**taken)


def wake(module: nn.Module) -> None:
    """Fills what starts at zero, so that a randomly initialised model computes something worth comparing."""
    for part in module.modules():
        for name in ("out", "down", "conv2"):
            layer = getattr(part, name, None)
            if isinstance(layer, (nn.Linear, nn.Conv2d)) and layer.weight.count_nonzero() == 0:
                nn.init.normal_(layer.weight, std=0.5 * layer.weight[0].numel() ** -0.5)
        if isinstance(part, Prior):
            nn.init.normal_(part.start, std=0.3)
            nn.init.normal_(part.head.weight, std=2.0 * part.config.width**-0.5)
        if isinstance(part, ResidualBlock):
            nn.init.normal_(part.norm1.weight, 1.0, 0.1)


# Of the way from the VQGAN's own decoder to a refined one: sharp without a grid (training/README.md, Runs).
DECODER_SHARE = 0.5


def load_vqgan(folder: Path, decoder: Path | None = None, share: float = DECODER_SHARE) -> Vqgan:
    """Frozen, as all that is loaded here, and laid out as convolutions want it.

    `decoder`: the run of a refined decoder (stages/refine.py), if there is one; tokens mean the same with either.

    `share`: how far to go from the VQGAN's own decoder (0) to the refined one (1). Both come from the same weights, so
    those between them work as well (Wortsman et al. 2022, arXiv 2109.01903), and better than either.
    """
    checkpoint = load_checkpoint(folder / "checkpoint.pt")
    model = Vqgan(config_from(VqganConfig, checkpoint["config"]))
    model.load_state_dict(checkpoint["state"]["model"])
    if decoder and (decoder / "checkpoint.pt").exists():
        refined = load_checkpoint(decoder / "checkpoint.pt")["state"]["decoder"]
        model.decoder.load_state_dict(
            {name: torch.lerp(own, refined[name], share) for name, own in model.decoder.state_dict().items()}
        )
    return model.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def load_clip(folder: Path) -> Clip:
    checkpoint = load_checkpoint(folder / "checkpoint.pt")
    model = Clip(ClipConfig.from_dict(checkpoint["config"]))
    model.load_state_dict(checkpoint["state"]["model"])
    return model.eval().requires_grad_(False)


def load_prior(folder: Path) -> Prior:
    checkpoint = load_checkpoint(folder / "checkpoint.pt")
    model = Prior(config_from(PriorConfig, checkpoint["config"]))
    model.load_state_dict(checkpoint["state"]["model"])
    return model.eval().requires_grad_(False)


def random_models(vqgan: VqganConfig, clip: ClipConfig, prior: PriorConfig, seed: int = 0) -> tuple[Vqgan, Clip, Prior]:
    torch.manual_seed(seed)
    models = Vqgan(vqgan).eval(), Clip(clip).eval(), Prior(prior).eval()
    for model in models:
        wake(model)
    return models


@torch.inference_mode()
def embed_texts(
    encoder: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    tokenizer: Tokenizer,
    texts: list[str],
    device: torch.device | str = "cpu",
    batch: int = 128,
) -> np.ndarray:
    """-> unit vectors float32 [texts, D]. Texts of like length share a batch: little padding.

    `encoder`: input_ids and attention_mask [B, L] -> vectors [B, D]; `Clip.embed_texts` or a sentence encoder.
    """
    order = np.argsort([len(text) for text in texts], kind="stable")
    parts = [order[at : at + batch] for at in range(0, len(order), batch)]
    made = []
    for part in tqdm(parts, desc="texts", mininterval=10, disable=len(texts) < 10_000):
        words = tokenize(tokenizer, [texts[i] for i in part])
        made.append(F.normalize(encoder(*(t.to(device) for t in words)), dim=-1).float().cpu().numpy())
    return np.concatenate(made)[np.argsort(order)]


@torch.inference_mode()
def embed_pictures(
    batches: Iterable[torch.Tensor], vqgan: Vqgan, clip: Clip, device: torch.device | str = "cpu", in_bf16: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Premultiplied pictures -> tokens uint16 [N, P, G], unit embeddings float32 [N, D].

    `in_bf16`: the embeddings, where that is faster. Never the tokens, a fifth of which it would move.
    """
    tokens, embeddings = [], []
    for x in batches:
        x = x.to(device)
        tokens.append(vqgan.encode(x).cpu().numpy().astype(np.uint16))
        with autocast(x.device) if in_bf16 else nullcontext():
            embeddings.append(clip.embed_pictures(x).float().cpu().numpy())
    return np.concatenate(tokens), np.concatenate(embeddings)
