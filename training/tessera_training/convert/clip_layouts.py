"""OpenAI's names of CLIP's tensors and Hugging Face's (`CLIPModel`), and the way between them.

Hugging Face keeps queries, keys and values apart and the projections transposed; nothing else differs but the names.
"""

import torch

PLAIN = {
    "logit_scale": "logit_scale",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "ln_final.weight": "text_model.final_layer_norm.weight",
    "ln_final.bias": "text_model.final_layer_norm.bias",
    "visual.class_embedding": "vision_model.embeddings.class_embedding",
    "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "visual.ln_pre.weight": "vision_model.pre_layrnorm.weight",  # their spelling
    "visual.ln_pre.bias": "vision_model.pre_layrnorm.bias",
    "visual.ln_post.weight": "vision_model.post_layernorm.weight",
    "visual.ln_post.bias": "vision_model.post_layernorm.bias",
}
TRANSPOSED = {"text_projection": "text_projection.weight", "visual.proj": "visual_projection.weight"}
TOWERS = {
    "transformer.resblocks": "text_model.encoder.layers",
    "visual.transformer.resblocks": "vision_model.encoder.layers",
}
IN_BLOCK = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
    "attn.out_proj": "self_attn.out_proj",
}
# Buffers with nothing learned in them, which some versions of the library saved.
IGNORED = ("text_model.embeddings.position_ids", "vision_model.embeddings.position_ids")


def block_names(layers: dict[str, int]) -> dict[str, str]:
    """OpenAI's name -> Hugging Face's, for what is stored alike in all blocks.
    `layers`: our tower -> number of blocks."""
    return {
        f"{ours}.{at}.{inner}.{kind}": f"{TOWERS[ours]}.{at}.{theirs}.{kind}"
        for ours, count in layers.items()
        for at in range(count)
        for inner, theirs in IN_BLOCK.items()
        for kind in ("weight", "bias")
    }


def packed_names(layers: dict[str, int]) -> dict[str, list[str]]:
    """OpenAI's `in_proj` -> Hugging Face's three, in the order in which they are stacked."""
    return {
        f"{ours}.{at}.attn.in_proj_{kind}": [f"{TOWERS[ours]}.{at}.self_attn.{part}_proj.{kind}" for part in "qkv"]
        for ours, count in layers.items() for at in range(count) for kind in ("weight", "bias")
    }  # fmt: skip


def count_blocks(names: list[str] | set[str], prefix: str) -> int:
    """How many numbered blocks there are under `prefix`, found by the highest number."""
    numbers = [name[len(prefix) + 1 :].split(".")[0] for name in names if name.startswith(f"{prefix}.")]
    return 1 + max((int(n) for n in numbers if n.isdigit()), default=-1)


def to_hugging_face(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    layers = {tower: count_blocks(set(state), tower) for tower in TOWERS}
    out = {theirs: state[ours] for ours, theirs in (PLAIN | block_names(layers)).items()}
    out |= {theirs: state[ours].T.contiguous() for ours, theirs in TRANSPOSED.items()}
    for ours, theirs in packed_names(layers).items():
        out |= {name: part.contiguous() for name, part in zip(theirs, state[ours].chunk(3))}
    return out


def from_hugging_face(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Tensors that have no counterpart keep their names, and missing ones stay missing: the check of names and shapes
    that every checkpoint goes through names them."""
    layers = {ours: count_blocks(set(state), theirs) for ours, theirs in TOWERS.items()}
    rest, out = {name: tensor for name, tensor in state.items() if name not in IGNORED}, {}
    for ours, theirs in (PLAIN | block_names(layers)).items():
        if theirs in rest:
            out[ours] = rest.pop(theirs)
    for ours, theirs in TRANSPOSED.items():
        if theirs in rest:
            out[ours] = rest.pop(theirs).T.contiguous()
    for ours, theirs in packed_names(layers).items():
        if all(name in rest for name in theirs):
            out[ours] = torch.cat([rest.pop(name) for name in theirs])
    return out | rest
