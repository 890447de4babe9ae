"""Random checkpoints of exactly the published shapes and layouts: what the converter is proven on where the real ones
cannot be downloaded.

    python -m tessera_training.convert.random_checkpoints --out DIR            # the published sizes, 2.9 GB
    python -m tessera_training.convert.random_checkpoints --out DIR --tiny     # a few MB

writes gpt_coco.pt, vqgan_coco.pt, clip_vit_b32.pt, bpe_simple_vocab_16e6.txt.gz (made-up merges) and clip-hf/, the
same CLIP as Hugging Face stores it. Deterministic.
"""

import argparse
import gzip
import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
import torch.nn as nn
from safetensors.torch import save_file

from tessera_training.convert.attention import SelfAttention
from tessera_training.convert.checkpoints import Network
from tessera_training.convert.clip_layouts import to_hugging_face
from tessera_training.convert.clip_vit import ClipVit, ClipVitConfig
from tessera_training.convert.gpt import Gpt, GptConfig
from tessera_training.convert.vqgan import Vqgan, VqganConfig


@dataclass(frozen=True)
class Sizes:
    gpt: GptConfig = GptConfig()
    vqgan: VqganConfig = VqganConfig()
    clip: ClipVitConfig = ClipVitConfig()


TINY = Sizes(
    GptConfig(codebook_size=96, layers=2, width=128, heads=2, positions=16, embedding_width=32),
    VqganConfig(
        codebook_size=96, code_width=32, channels=32, multipliers=(1, 1, 2), blocks=1, attention_at=(4,), image_size=16
    ),
    ClipVitConfig(
        embedding_width=32,
        image_size=16,
        patch=4,
        image_width=128,
        image_layers=2,
        image_heads=2,
        vocabulary=640,
        context_length=20,
        text_width=64,
        text_layers=2,
        text_heads=1,
    ),
)


def linear_parts(module: nn.Module) -> list[tuple[torch.Tensor, float]]:
    """Every matrix and kernel, with the standard deviation it wants for each input: branches that are added to their
    input are quieter, queries and keys louder, so that attention prefers something."""
    quiet = ("out_proj", "linear2", "c_proj")
    parts: list[tuple[torch.Tensor, float]] = [
        (m.in_proj_weight, 1.5) for m in module.modules() if isinstance(m, SelfAttention)
    ]
    for name, m in module.named_modules():
        if isinstance(m, (nn.Linear, nn.Conv2d)):
            parts.append((m.weight, 0.4 if name.split(".")[-1] in quiet else 1.4))
    return parts


@torch.no_grad()
def awaken(module: Network, seed: int) -> Network:
    """Weights under which every part matters: biases and norms are not at rest, greedy choices are no toss-up and
    pictures have contrast. Freshly initialised transformers would compute next to nothing, and agree by that."""
    torch.manual_seed(seed)
    for part in module.modules():
        if isinstance(part, (nn.LayerNorm, nn.GroupNorm)):
            part.weight.normal_(1, 0.1)
    for name, parameter in module.named_parameters():
        if name.endswith("bias"):
            parameter.normal_(0, 0.1)
    for weight, gain in linear_parts(module):
        weight.normal_(0, gain * weight[0].numel() ** -0.5)
    if isinstance(module, Gpt):
        module.tok_emb.weight.normal_(0, 1)
        module.pos_emb.normal_(0, 0.5)
        module.cond_proj.weight.normal_(0, 2)  # a unit embedding's entries are small
        module.head.weight.normal_(0, 3 * module.config.width**-0.5)
    if isinstance(module, ClipVit):
        module.token_embedding.weight.normal_(0, 1)
        module.positional_embedding.normal_(0, 0.5)
    if isinstance(module, Vqgan):
        codes = module.quantizer.embedding.weight.normal_(0, 1)
        codes /= (
            codes.norm(dim=1, keepdim=True) / codes.shape[1] ** 0.5
        )  # else the shortest code would be nearest to all
        cast(nn.Conv2d, module.decoder.final[2]).weight.mul_(0.5)
    return module.eval()


def discriminator(channels: int = 64) -> dict[str, torch.Tensor]:
    """What the VQGAN's checkpoint holds beside the VQGAN: names and shapes of the published discriminator."""
    widths = [channels * 2**at for at in range(4)]
    state = {"features.0.weight": torch.randn(channels, 3, 4, 4), "features.0.bias": torch.randn(channels)}
    for at in range(1, 4):
        conv, norm = 3 * at - 1, 3 * at
        state[f"features.{conv}.weight"] = torch.randn(widths[at], widths[at - 1], 4, 4)
        state |= {
            f"features.{norm}.{name}": torch.ones(widths[at])
            for name in ("weight", "bias", "running_mean", "running_var")
        }
        state[f"features.{norm}.num_batches_tracked"] = torch.tensor(1)
    state |= {"head.weight": torch.randn(1, widths[3], 4, 4), "head.bias": torch.randn(1)}
    return {f"discriminator.{name}": tensor for name, tensor in state.items()}


def merges_file(vocabulary: int) -> str:
    """Made-up merges in the format of OpenAI's bpe_simple_vocab_16e6.txt: a header, then a pair of pieces a line."""
    count = vocabulary - 2 * 256 - 2
    words = "in th an re ar er at on or en st it he al ed is ing the and ow red dog ran fox cat".split()
    pairs = [(w[:-1], w[-1] + ending) for w in words for ending in ("", "</w>") if len(w) == 2]
    pairs += [
        ("i", "n"),
        ("in", "g</w>"),
        ("th", "e</w>"),
        ("an", "d</w>"),
        ("re", "d</w>"),
        ("d", "o"),
        ("do", "g</w>"),
    ]
    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = [*letters, *("".join(p) for p in itertools.product(letters, repeat=2))]
    every = dict.fromkeys(
        itertools.chain(pairs, ((a, b + end) for a in pieces for b in pieces for end in ("", "</w>")))
    )
    made = set()
    lines = []
    for first, second in every:
        if first + second not in made and len(lines) < count:
            made.add(first + second)
            lines.append(f"{first} {second}")
    return "\n".join(["#version: 0.2", *lines]) + "\n"


def save_hugging_face(folder: Path, clip: ClipVit, merges: str) -> None:
    """config.json, model.safetensors and the tokenizer's merges.txt, as `CLIPModel.save_pretrained` lays them out."""
    config = clip.config
    folder.mkdir(parents=True, exist_ok=True)
    shared = {"hidden_act": "quick_gelu", "layer_norm_eps": 1e-5}
    described = {
        "architectures": ["CLIPModel"],
        "model_type": "clip",
        "projection_dim": config.embedding_width,
        "text_config": shared
        | {
            "hidden_size": config.text_width,
            "num_hidden_layers": config.text_layers,
            "num_attention_heads": config.text_heads,
            "intermediate_size": 4 * config.text_width,
            "max_position_embeddings": config.context_length,
            "vocab_size": config.vocabulary,
            "bos_token_id": config.vocabulary - 2,
            "eos_token_id": config.vocabulary - 1,
        },
        "vision_config": shared
        | {
            "hidden_size": config.image_width,
            "num_hidden_layers": config.image_layers,
            "num_attention_heads": config.image_heads,
            "intermediate_size": 4 * config.image_width,
            "image_size": config.image_size,
            "patch_size": config.patch,
        },
    }
    (folder / "config.json").write_text(json.dumps(described, indent=1))
    (folder / "merges.txt").write_text(merges)
    save_file(to_hugging_face(clip.state_dict()), folder / "model.safetensors", {"format": "pt"})


def write(folder: Path, sizes: Sizes = Sizes()) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    torch.save({"model": awaken(Gpt(sizes.gpt), 1).state_dict(), "epoch": 1}, folder / "gpt_coco.pt")
    torch.save(
        {"model": awaken(Vqgan(sizes.vqgan), 2).state_dict() | discriminator(), "epoch": 1}, folder / "vqgan_coco.pt"
    )
    clip = awaken(ClipVit(sizes.clip), 3)
    torch.save(clip.state_dict(), folder / "clip_vit_b32.pt")
    merges = merges_file(sizes.clip.vocabulary)
    # No time of day in the header: the same bytes every time.
    (folder / "bpe_simple_vocab_16e6.txt.gz").write_bytes(gzip.compress(merges.encode(), mtime=0))
    save_hugging_face(folder / "clip-hf", clip, merges)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tiny", action="store_true")
    args = parser.parse_args()
    write(args.out, TINY if args.tiny else Sizes())
    for path in sorted(p for p in args.out.rglob("*") if p.is_file()):
        print(f"{path.stat().st_size / 1e6:9.2f} MB  {path.relative_to(args.out)}")


if __name__ == "__main__":
    main()
