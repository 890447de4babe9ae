"""The perceptual loss's network without its packages: EfficientNet-Lite0 up to the last map that is used, as plain
convolutions.

The batch norms never learn, so they are folded into the convolutions when the pack is made.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from tessera_training.models.perceptual import PerceptualLoss

FILE = "perceptual.npz"


class Convolution(nn.Module):
    """With TensorFlow's "same" padding for even sides: what is odd goes to the right and below."""

    weight: torch.Tensor
    bias: torch.Tensor

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor, stride: int, bends: bool):
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)
        self.stride, self.bends = stride, bends

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        around = self.weight.shape[-1] - self.stride
        x = F.pad(x, (around // 2, around - around // 2) * 2) if around > 0 else x
        x = F.conv2d(x, self.weight, self.bias, self.stride, groups=x.shape[1] // self.weight.shape[1])
        return F.relu6(x) if self.bends else x


class Bottleneck(nn.Sequential):
    """Expand (but for the first block), a kernel a channel, project; added to the input where the shapes allow."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = super().forward(x)
        return x + y if y.shape == x.shape else y


class PackedPerceptualLoss(PerceptualLoss):
    """The same maps and the same distance as `PerceptualLoss`, from the pack."""

    def __init__(self, folder: Path):
        nn.Module.__init__(self)
        stored = np.load(folder / FILE)
        blocks: dict[int, list[Convolution]] = {}
        for block, stride, bends, at in stored["layers"].tolist():
            blocks.setdefault(block, []).append(
                Convolution(
                    torch.from_numpy(stored[f"{at}.weight"]),
                    torch.from_numpy(stored[f"{at}.bias"]),
                    stride,
                    bool(bends),
                )
            )
        self.stem = nn.Sequential(*blocks.pop(-1))
        self.blocks = nn.ModuleList(Bottleneck(*layers) for layers in blocks.values())
        self.eval().to(memory_format=torch.channels_last)


def fold(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[np.ndarray, np.ndarray]:
    """-> weight and bias of the convolution and the norm after it as one"""
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None and variance is not None  # it has been trained
    scale = norm.weight / (variance + norm.eps).sqrt()
    weight, bias = convolution.weight * scale.view(-1, 1, 1, 1), norm.bias - mean * scale
    return weight.detach().contiguous().numpy(), bias.detach().numpy()


def write_perceptual(folder: Path) -> None:
    """From the packages that models/perceptual.py reads;
    `layers` lists (block or -1, stride, whether ReLU6 follows, number)."""
    network = PerceptualLoss()
    found: list[tuple[int, Any, Any, bool]] = [(-1, network.stem[0], network.stem[1], True)]
    for at, block in enumerate(cast(Sequence[Any], network.blocks)):
        if hasattr(block, "_expand_conv"):
            found.append((at, block._expand_conv, block._bn0, True))
        found += [(at, block._depthwise_conv, block._bn1, True), (at, block._project_conv, block._bn2, False)]
    arrays = {
        "layers": np.array(
            [(block, convolution.stride[0], bends, at) for at, (block, convolution, _, bends) in enumerate(found)]
        )
    }
    for at, (_, convolution, norm, _) in enumerate(found):
        arrays[f"{at}.weight"], arrays[f"{at}.bias"] = fold(convolution, norm)
    np.savez(folder / FILE, allow_pickle=False, **arrays)
