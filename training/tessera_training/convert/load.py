"""The three published networks from their checkpoints; every size is read off the tensors."""

import json
from pathlib import Path

import torch

from tessera_training.convert.checkpoints import State, fill, read_state, tensor_of
from tessera_training.convert.clip_layouts import count_blocks, from_hugging_face
from tessera_training.convert.clip_vit import ClipVit, ClipVitConfig
from tessera_training.convert.errors import CheckpointError
from tessera_training.convert.gpt import Gpt, GptConfig
from tessera_training.convert.vqgan import Vqgan, VqganConfig

HEAD_WIDTH = 64  # of gpt2_medium, gpt2_large and CLIP; a matrix does not show where its heads end
# Numbers that OpenAI's archive keeps beside the weights.
CLIP_NUMBERS = ("input_resolution", "context_length", "vocab_size")


def heads_of(width: int, path: Path, heads: int | None = None) -> int:
    if heads is None and width % HEAD_WIDTH:
        raise CheckpointError(
            path, f"expected a width that is a multiple of {HEAD_WIDTH}, the width of a head, but received {width}"
        )
    return heads or width // HEAD_WIDTH


def read_gpt(path: Path, heads: int | None = None) -> Gpt:
    """`heads`: where a head is not 64 wide. @raises CheckpointError"""
    state = read_state(path)
    codes, width = tensor_of(state, path, "tok_emb.weight", "[codes, width]").shape
    positions = tensor_of(state, path, "pos_emb", "[1, positions, width]").shape[1]
    embedding_width = tensor_of(state, path, "cond_proj.weight", "[width, embedding width]").shape[1]
    layers = count_blocks(set(state), "blocks")
    if layers == 0:
        raise CheckpointError(path, "expected tensors blocks.0.…, blocks.1.… but received none")
    config = GptConfig(codes, layers, width, heads_of(width, path, heads), positions, embedding_width)
    with torch.device("meta"):
        gpt = Gpt(config)
    return fill(gpt, state, path)


def vqgan_config(state: State, path: Path, grid: int) -> VqganConfig:
    """A picture's size is in no tensor: it is the grid, doubled as often as the encoder halves."""
    codes, code_width = tensor_of(state, path, "quantizer.embedding.weight", "[codes, width]").shape
    channels = tensor_of(state, path, "encoder.conv_in.weight", "[channels, 3, 3, 3]").shape[0]
    widths, blocks, attends = [0], [0], [False]  # one entry a level
    for at in range(count_blocks(set(state), "encoder.down")):
        part = f"encoder.down.{at}"
        if f"{part}.conv.weight" in state:
            widths, blocks, attends = [*widths, 0], [*blocks, 0], [*attends, False]
        elif f"{part}.attn.in_proj_weight" in state:
            attends[-1] = True
        else:
            widths[-1] = tensor_of(state, path, f"{part}.block.2.weight", "[out, in, 3, 3]").shape[0]
            blocks[-1] += 1
    if len(set(blocks)) > 1 or any(width % channels or not width for width in widths):
        raise CheckpointError(
            path,
            f"expected encoder.down with as many blocks a level and widths that are multiples of {channels}"
            f" but received {blocks} blocks of widths {widths}",
        )
    size = grid * 2 ** (len(widths) - 1)
    attention = tuple(size // 2**at for at, attending in enumerate(attends) if attending)
    return VqganConfig(
        codes, code_width, channels, tuple(width // channels for width in widths), blocks[0], attention, size
    )


def read_vqgan(path: Path, grid: int = 16) -> Vqgan:
    """`grid`: tokens along a side. The discriminator is left aside. @raises CheckpointError"""
    state = {name: tensor for name, tensor in read_state(path).items() if not name.startswith("discriminator.")}
    config = vqgan_config(state, path, grid)
    with torch.device("meta"):
        vqgan = Vqgan(config)
    return fill(vqgan, state, path)


def read_clip(path: Path) -> ClipVit:
    """From OpenAI's state dict or archive, or from a Hugging Face folder. @raises CheckpointError"""
    if path.is_dir():
        require_known_settings(path / "config.json")
        path = next(
            (path / name for name in ("model.safetensors", "pytorch_model.bin") if (path / name).exists()),
            path / "model.safetensors",
        )
    state = read_state(path)
    if any(name.startswith("vision_model.") for name in state):
        state = from_hugging_face(state)
    state = {name: tensor for name, tensor in state.items() if name not in CLIP_NUMBERS}
    config = clip_config(state, path)
    with torch.device("meta"):
        clip = ClipVit(config)
    return fill(clip, state, path)


def clip_config(state: State, path: Path) -> ClipVitConfig:
    image_width, _, patch, _ = tensor_of(state, path, "visual.conv1.weight", "[width, 3, patch, patch]").shape
    places = tensor_of(state, path, "visual.positional_embedding", "[places, width]").shape[0]
    side = round((places - 1) ** 0.5)
    if side**2 + 1 != places:
        raise CheckpointError(
            path, f"expected visual.positional_embedding with a square of places and one more but received {places}"
        )
    vocabulary, text_width = tensor_of(state, path, "token_embedding.weight", "[vocabulary, width]").shape
    context_length = tensor_of(state, path, "positional_embedding", "[context length, width]").shape[0]
    embedding_width = tensor_of(state, path, "text_projection", "[width, embedding width]").shape[1]
    image_layers, text_layers = (
        count_blocks(set(state), tower) for tower in ("visual.transformer.resblocks", "transformer.resblocks")
    )
    return ClipVitConfig(
        embedding_width, side * patch, patch, image_width, image_layers, heads_of(image_width, path),
        vocabulary, context_length, text_width, text_layers, heads_of(text_width, path),
    )  # fmt: skip


def require_known_settings(path: Path) -> None:
    """What a Hugging Face configuration says that no tensor shows."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as cause:
        raise CheckpointError(path, f"expected the configuration of a CLIPModel but received {cause}") from cause
    known = {"model_type": "clip"}
    for name, value in known.items():
        if config.get(name) != value:
            raise CheckpointError(path, f"expected {name} {value!r} but received {config.get(name)!r}")
    # Files of older versions name only what differs from the defaults, which are these.
    for tower, width in (("text_config", 512), ("vision_config", 768)):
        settings = config.get(tower) or {}
        size = settings.get("hidden_size", width)
        for name, value in {
            "hidden_act": "quick_gelu",
            "layer_norm_eps": 1e-5,
            "num_attention_heads": size // HEAD_WIDTH,
        }.items():
            received = settings.get(name, value)
            if received != value:
                raise CheckpointError(path, f"expected {tower}.{name} {value!r} but received {received!r}")
