"""Finds the training picture that a painted one is nearest to: whether the bot paints or recites."""

import numpy as np
import torch
from tqdm import tqdm

from tessera_training.common.pictures import Pictures


def nearest(
    made: np.ndarray, pictures: Pictures, indices: np.ndarray, chunk: int = 256
) -> tuple[np.ndarray, np.ndarray]:
    """Root mean square over premultiplied RGBA in 0..1 to the nearest of `indices`, and which one that is.

    made: float32 [N, 4, H, W] at the stored pictures' size -> distances [N], indices [N]. Training also sees pictures
    mirrored, so both sides of each are compared.
    """
    expected = (4, *pictures.pixels.shape[1:3])
    if made.shape[1:] != expected:
        raise ValueError(f"Expected painted pictures of {expected} like the stored ones but received {made.shape[1:]}.")
    both = torch.from_numpy(np.concatenate([made, made[..., ::-1]]))
    rows = both.flatten(1)
    squares = rows.square().sum(1)
    best, which = torch.full((len(rows),), torch.inf), torch.zeros(len(rows), dtype=torch.long)
    for at in tqdm(range(0, len(indices), chunk), desc="nearest", mininterval=5):
        real = pictures.batch(indices[at : at + chunk]).flatten(1)
        # |a - b|² = |a|² + |b|² - 2ab: one product of matrices instead of every difference.
        found, position = (squares[:, None] + real.square().sum(1) - 2 * rows @ real.T).min(1)
        which = torch.where(found < best, torch.from_numpy(np.asarray(indices))[at + position], which)
        best = torch.minimum(best, found)
    # The winner's distance once more, exactly: between near copies the difference of large squares is inexact.
    exact = torch.stack(
        [(picture - pictures.batch([int(i)])[0]).square().mean().sqrt() for picture, i in zip(both, which)]
    )
    exact, side = exact.view(2, -1).min(0)
    return exact.numpy(), which.view(2, -1).gather(0, side[None])[0].numpy()
