"""Renders batches of recipes from pictures that lie in the device's memory."""

import numpy as np
import torch
import torch.nn.functional as F

from tessera_training.common.pictures import over
from tessera_training.data.tint import GLOSS, LUMINANCE
from tessera_training.gpu.recipes import Recipe

HALF_BELOW = 0.7  # of its size: such pictures are taken from the half-size copy, or fine lines would flicker away


def layer_arrays(recipes: list[Recipe]) -> dict[str, np.ndarray]:
    """The layers of all recipes, one after the other: `row` [N] and `slot` [N] (its place from the back), `picture`
    [N], `numbers` [N, 9] (`Layer.numbers`); and for each recipe `background` [B, 4] (alpha 0 where it has none)."""
    flat = [(row, slot, layer) for row, recipe in enumerate(recipes) for slot, layer in enumerate(recipe.layers)]
    return {
        "row": np.array([row for row, _, _ in flat], np.int64),
        "slot": np.array([slot for _, slot, _ in flat], np.int64),
        "picture": np.array([layer.picture for _, _, layer in flat], np.int64),
        "numbers": np.array([layer.numbers() for _, _, layer in flat], np.float32),
        "background": np.array([(*r.background, 1.0) if r.background else (0.0,) * 4 for r in recipes], np.float32),
    }


def tint_batch(x: torch.Tensor, colour: torch.Tensor, strength: torch.Tensor) -> torch.Tensor:
    """`data.tint.tint` for a batch: x [B, 4, H, W], colour [B, 3],
    strength [B]; strength 0 leaves a picture as it is."""
    alpha = x[:, 3:4]
    rgb = x[:, :3] / alpha.clamp(min=1e-3)
    light = (rgb * rgb.new_tensor(LUMINANCE).view(1, 3, 1, 1)).sum(1, keepdim=True).clamp(0, 1)
    middle = ((light * alpha).sum((1, 2, 3), keepdim=True) / alpha.sum((1, 2, 3), keepdim=True).clamp(min=1e-3)).clamp(
        0.2, 0.85
    )
    target = colour[:, :, None, None]
    shade = (light / middle).clamp(max=1)
    gloss = ((light - middle) / (1 - middle)).clamp(min=0) ** GLOSS
    mixed = torch.lerp(rgb, target * shade + (1 - target) * gloss, strength[:, None, None, None])
    return torch.cat([mixed.clamp(0, 1) * alpha, alpha], 1)


def place(x: torch.Tensor, numbers: torch.Tensor, edge: int) -> torch.Tensor:
    """Pictures [B, 4, h, w] -> on canvases [B, 4, edge, edge], mirrored, scaled, turned and moved as `Layer` says."""
    mirror, size, angle, at_x, at_y = numbers[:, :5].unbind(1)
    cos, sin = torch.cos(angle) / size, torch.sin(angle) / size
    # From a place on the canvas back to the place in the picture.
    inverse = torch.stack([torch.stack([cos * mirror, -sin * mirror], 1), torch.stack([sin, cos], 1)], 1)
    theta = torch.cat([inverse, -inverse @ torch.stack([at_x, at_y], 1)[..., None]], 2)
    grid = F.affine_grid(theta, [len(x), 4, edge, edge], align_corners=False)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


class Renderer:
    """`pixels`: premultiplied uint8 [N, H, W, 4]; held whole on the device, with a copy of half the size."""

    def __init__(self, pixels: np.ndarray, device: torch.device):
        self.device, self.edge = device, pixels.shape[1]
        self.full = torch.from_numpy(np.array(pixels)).to(device).permute(0, 3, 1, 2).contiguous()
        self.half = torch.cat([(F.avg_pool2d(part.float(), 2) + 0.5).to(torch.uint8) for part in self.full.split(512)])

    def pictures(self, indices: torch.Tensor | np.ndarray) -> torch.Tensor:
        """float32 [B, 4, H, W] in 0..1, as they are"""
        return self.full[torch.as_tensor(indices, device=self.device)].float().div_(255)

    @torch.no_grad()
    def __call__(self, arrays: dict[str, np.ndarray]) -> torch.Tensor:
        """`layer_arrays` -> premultiplied float32 [B, 4, H, W] in 0..1"""
        slot, size = arrays["slot"], arrays["numbers"][:, 1]
        picture, numbers, row = (
            torch.from_numpy(arrays[name]).to(self.device) for name in ("picture", "numbers", "row")
        )
        placed = torch.empty(len(slot), 4, self.edge, self.edge, device=self.device)
        for source, chosen in ((self.half, size < HALF_BELOW), (self.full, size >= HALF_BELOW)):
            if chosen.any():
                of = torch.from_numpy(np.flatnonzero(chosen)).to(self.device)
                placed[of] = place(self._tinted(source, picture[of], numbers[of]), numbers[of], self.edge)
        background = torch.from_numpy(arrays["background"]).to(self.device)
        canvas = background[:, :, None, None].repeat(1, 1, self.edge, self.edge)
        for at in range(int(slot.max()) + 1):
            of = torch.from_numpy(np.flatnonzero(slot == at)).to(self.device)
            canvas[row[of]] = over(placed[of], canvas[row[of]])
        return canvas

    def _tinted(self, source: torch.Tensor, picture: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
        x = source[picture].float().div_(255)
        if self.device.type == "cuda":  # every picture: cheaper than asking which, which would wait for the device
            return tint_batch(x, numbers[:, 5:8], numbers[:, 8])
        of = numbers[:, 8].nonzero()[:, 0]
        x[of] = tint_batch(x[of], numbers[of, 5:8], numbers[of, 8])
        return x
