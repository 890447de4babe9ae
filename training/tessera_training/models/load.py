"""The trained models, or ones of the same shape with random weights (their speed is the same)."""

from dataclasses import fields
from pathlib import Path

import torch
import torch.nn as nn

from tessera_training.common.run import load_checkpoint
from tessera_training.models.clip import Clip, ClipConfig
from tessera_training.models.prior import Prior, PriorConfig
from tessera_training.models.vqgan import ResidualBlock, Vqgan, VqganConfig


def config_from(kind: type, values: dict):
    """A flat config dataclass from a checkpoint's dict; lists come back as tuples, unknown keys are left out."""
    known = {f.name for f in fields(kind)}
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k in known})


def weights_of(checkpoint: dict) -> dict:
    """The averaged weights where the run kept them, else the last ones."""
    state = checkpoint["state"]
    return state["ema"] if "ema" in state else state["model"]


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
    """`decoder`: the run of a refined decoder (stages/refine.py), if there is one; tokens mean the same with either.

    `share`: how far to go from the VQGAN's own decoder (0) to the refined one (1). Both come from the same weights, so those
    between them work as well (Wortsman et al. 2022, arXiv 2109.01903), and better than either.
    """
    checkpoint = load_checkpoint(folder / "checkpoint.pt")
    model = Vqgan(config_from(VqganConfig, checkpoint["config"]))
    model.load_state_dict(weights_of(checkpoint))
    if decoder and (decoder / "checkpoint.pt").exists():
        refined = load_checkpoint(decoder / "checkpoint.pt")["state"]["decoder"]
        model.decoder.load_state_dict(
            {name: torch.lerp(own, refined[name], share) for name, own in model.decoder.state_dict().items()}
        )
    return model.eval()


def load_clip(folder: Path) -> Clip:
    checkpoint = load_checkpoint(folder / "checkpoint.pt")
    model = Clip(ClipConfig.from_dict(checkpoint["config"]))
    model.load_state_dict(weights_of(checkpoint))
    return model.eval()


def load_prior(folder: Path) -> Prior:
    checkpoint = load_checkpoint(folder / "checkpoint.pt")
    model = Prior(config_from(PriorConfig, checkpoint["config"].get("prior", checkpoint["config"])))
    model.load_state_dict(weights_of(checkpoint))
    return model.eval()


def random_models(vqgan: VqganConfig, clip: ClipConfig, prior: PriorConfig, seed: int = 0) -> tuple[Vqgan, Clip, Prior]:
    torch.manual_seed(seed)
    models = Vqgan(vqgan).eval(), Clip(clip).eval(), Prior(prior).eval()
    for model in models:
        wake(model)
    return models
