"""Gives a thing another colour, so that captions can name one: "a blue fox"."""

import torch

LUMINANCE = (0.299, 0.587, 0.114)
GLOSS = 1.5  # above 1: what is only a little lighter than the whole keeps the colour, real highlights stay white


def tint(picture: torch.Tensor, colour: tuple[float, float, float], strength: float = 1.0) -> torch.Tensor:
    """Premultiplied [4, H, W] -> the same thing in `colour` (RGB in 0..1), as a ramp from black over the colour to
    white.

    The picture's mean luminance becomes the colour itself: outlines stay dark, eyes and highlights light. `strength`
    below 1 leaves some of its own colours.
    """
    alpha = picture[3:4]
    rgb = picture[:3] / alpha.clamp(min=1e-3)
    light = (rgb * rgb.new_tensor(LUMINANCE).view(3, 1, 1)).sum(0, keepdim=True).clamp(0, 1)
    middle = ((light * alpha).sum() / alpha.sum().clamp(min=1e-3)).clamp(0.2, 0.85)
    target = rgb.new_tensor(colour).view(3, 1, 1)
    shade = (light / middle).clamp(max=1)
    gloss = ((light - middle) / (1 - middle)).clamp(min=0) ** GLOSS
    ramp = target * shade + (1 - target) * gloss
    return torch.cat([torch.lerp(rgb, ramp, strength).clamp(0, 1) * alpha, alpha])
