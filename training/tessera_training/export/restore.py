"""The way back: checkpoints from a bundle, so that training goes on from a shipped one where nothing else is left.

    python -m tessera_training.export.restore --bundle ../models/emoji --out runs

Writes vqgan/, clip/ and prior/checkpoint.pt without optimisers, at step 0; a checkpoint that is there already stays.
What was stored in fewer bits comes back as it was rounded (measured on emoji 0.1.0: retrieval the same to four digits).

The towers' graphs come from torch's exporter, which renames and transposes weights as it likes. So the same modules are
exported once more with weights that are all different: where one of them turns up, the stored one belongs.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn as nn
from onnx import numpy_helper

from tessera_training.common.arguments import parser_of
from tessera_training.common.run import save_atomically
from tessera_training.export.tower_graphs import (
    build_condition,
    build_decoder,
    build_encoder,
    build_image_encoder,
    build_text_encoder,
)
from tessera_training.models.clip import Clip, ClipConfig
from tessera_training.models.prior import Prior, PriorConfig
from tessera_training.models.vqgan import Vqgan, VqganConfig

LOG_SCALE = 3.2  # CLIP's temperature is no part of a bundle; near where training leaves it


def stored(path: Path) -> dict[str, np.ndarray]:
    """A graph's weights by name, in float32 whatever they are stored as (export/storage.py, export/graph.py)."""
    raw = {i.name: numpy_helper.to_array(i) for i in onnx.load(path).graph.initializer}
    out = {}
    for name, value in raw.items():
        stem, _, kind = name.rpartition(".")
        if kind == "int8":
            out[stem] = value.astype(np.float32) * raw[f"{stem}.scale"]
        elif kind == "f16":
            out[stem] = value.astype(np.float32)
        elif kind == "codes" and value.dtype == np.uint8:  # blocks of eight bits, the zero at 128
            scales = raw[f"{stem}.scales"].reshape(*value.shape[:2], 1)
            out[stem] = ((value.astype(np.float32) - 128) * scales).reshape(len(value), -1)
        elif value.dtype == np.float32 and kind not in ("scale", "scales"):
            out[name] = value
    return out


def tensors_of(module: nn.Module) -> dict[str, torch.Tensor]:
    return {
        n: t.detach()
        for n, t in [*module.named_parameters(), *module.named_buffers()]
        if t.is_floating_point() and t.numel() > 1
    }


@torch.no_grad()
def tell_apart(module: nn.Module) -> None:
    """No two weights alike, so that each is recognised in an exported graph."""
    generator = torch.Generator().manual_seed(0)
    for tensor in tensors_of(module).values():
        tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)


def fingerprint(values: np.ndarray) -> tuple[int, bytes]:
    return values.size, values.reshape(-1)[:8].tobytes()


@torch.no_grad()
def fill(module: nn.Module, build: Callable, path: Path) -> set[str]:
    """Puts the weights of the graph at `path`, which `build` made of such a module, back into it -> their names.

    Raises ValueError where the graph is not this exporter's.
    """
    found, places = stored(path), {}
    for name, tensor in tensors_of(module).items():
        # The exporter folds what it can: a small codebook turns up as one transposed matrix a group.
        for part in (tensor, *(tensor if tensor.ndim == 3 else ())):
            values = part.numpy()
            places[fingerprint(values)] = name, part, False
            if values.ndim == 2:
                places[fingerprint(np.ascontiguousarray(values.T))] = name, part, True
    restored = []
    for example in build(module).graph.initializer:
        place = places.get(fingerprint(numpy_helper.to_array(example)))
        if place is None:
            continue
        name, part, is_transposed = place
        if example.name not in found or found[example.name].size != part.numel():
            received = list(found[example.name].shape) if example.name in found else "none"
            raise ValueError(
                f"expected {example.name} with {part.numel()} weights in {path.name} but received {received}"
            )
        values = torch.from_numpy(found[example.name].copy())
        restored.append(
            (name, part, values.reshape(part.shape[::-1]).T if is_transposed else values.reshape(part.shape))
        )
    for _, part, values in restored:
        part.copy_(values)
    return {name for name, _, _ in restored}


@torch.no_grad()
def fill_prior(prior: Prior, step: dict, depth: dict) -> set[str]:
    """The two graphs that are written node by node (export/prior_graphs.py), which keep our names."""
    config, size = prior.config, prior.config.codebook_size
    unscale = torch.tensor([config.head_width**0.5, 1.0, 1.0]).repeat_interleave(
        config.width
    )  # the scores' scale rides in the queries
    values = {f"tokens.{g}.weight": step["tokens"][g * size : (g + 1) * size] for g in range(config.codes_per_position)}
    values |= {"start": step["start"], "places": step["places"], "norm": step["norm"], "head.weight": step["head"]}
    for layer in range(config.layers):
        values |= {f"blocks.{layer}.{n}": step[f"{layer}.{n}"] for n in ("norm1", "norm2")}
        values |= {f"blocks.{layer}.{n}.weight": step[f"{layer}.{n}"] for n in ("out", "up", "down")}
        values[f"blocks.{layer}.qkv.weight"] = step[f"{layer}.qkv"]
    if prior.depth:
        values |= {"depth.codes.weight": depth["codes"], "depth.norm": depth["norm"]}
        values |= {f"depth.{n}.weight": depth[n] for n in ("up", "down", "head")}
    # Matrices that are not quantised lie as the product wants them: [in, out].
    is_transposed = step["0.up"].shape[0] == config.width
    tables = ("tokens.", "places", "depth.codes")
    for name, parameter in prior.named_parameters():
        if name in values:
            value = torch.from_numpy(values[name].copy())
            parameter.copy_(value.T if is_transposed and value.ndim == 2 and not name.startswith(tables) else value)
    for block in prior.blocks:
        block.qkv.weight.mul_(unscale[:, None])
    return set(values)


def require_all(module: nn.Module, filled: set[str], but: str = "") -> None:
    missing = sorted(set(tensors_of(module)) - filled - {but})
    if missing:
        names = ", ".join(missing[:5])
        raise ValueError(
            f"expected every weight of {type(module).__name__} in the bundle but received none for {names}"
        )


def restore(bundle: Path, configs: tuple[VqganConfig, ClipConfig, PriorConfig]) -> tuple[Vqgan, Clip, Prior]:
    """The models of a bundle that `python -m tessera_training.export` wrote.

    Raises ValueError where its graphs have other shapes.
    """
    vqgan, clip, prior = Vqgan(configs[0]).eval(), Clip(configs[1]).eval(), Prior(configs[2]).eval()
    for module in (vqgan, clip, prior):
        tell_apart(module)
    filled = fill(vqgan, build_decoder, bundle / "decoder.onnx")
    tell_apart(vqgan.codebook)  # the encoder's graph has the codes in more bits: they come from there
    require_all(vqgan, filled | fill(vqgan, build_encoder, bundle / "encoder.onnx"), but="codebook.usage")
    vqgan.codebook.usage.fill_(1.0)
    filled = fill(clip, build_text_encoder, bundle / "text_encoder.onnx")
    require_all(clip, filled | fill(clip, build_image_encoder, bundle / "image_encoder.onnx"))
    clip.log_scale.data.fill_(LOG_SCALE)
    filled = fill(prior, build_condition, bundle / "condition.onnx")
    depth = stored(bundle / "depth.onnx") if prior.depth else {}
    require_all(prior, filled | fill_prior(prior, stored(bundle / "step.onnx"), depth))
    return vqgan, clip, prior


def configs_of(bundle: Path) -> tuple[VqganConfig, ClipConfig, PriorConfig]:
    """The shapes that bundle.json tells; the rest are the defaults that the shipped bundle has."""
    about = json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))
    p, d = about["prior"], about["decoder"]
    vqgan = VqganConfig(
        image_size=d["imageSize"],
        channels=d["channels"],
        codes_per_position=p["codesPerPosition"],
        codebook_size=p["codebookSize"],
    ).with_grid(d["grid"])
    prior = PriorConfig(
        p["positions"],
        p["codesPerPosition"],
        p["codebookSize"],
        about["embeddingWidth"],
        p["width"],
        p["heads"],
        p["layers"],
    )
    return vqgan, ClipConfig(), prior


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--bundle", type=Path, default=Path("../models/emoji"))
    parser.add_argument("--out", type=Path, default=Path("runs"))
    args = parser.parse_args()
    vqgan, clip, prior = restore(args.bundle, configs_of(args.bundle))
    for name, model, config in (
        ("vqgan", vqgan, asdict(vqgan.config)),
        ("clip", clip, clip.config.to_dict()),
        ("prior", prior, asdict(prior.config)),
    ):
        path = args.out / name / "checkpoint.pt"
        if path.exists():
            print(f"{path} is there already and stays")
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        save_atomically({"state": {"model": model.state_dict()}, "config": config, "step": 0, "seconds": 0.0}, path)
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
