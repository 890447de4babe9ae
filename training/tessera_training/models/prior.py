"""Stage 2 of CLIP-GEN (arXiv 2203.00386, section 3.3): a causal transformer from a CLIP embedding to image tokens.

Language-free: in training the condition is the picture's own CLIP *image* embedding; no word is read.
A position holds `codes_per_position` codes (G). The transformer runs once a position; the further codes of the position
come, one after the other, from a small network over its hidden state (the part of the depth transformer of Lee et al.
2022, arXiv 2203.01941).

The embedding enters twice at every position: as one vector for all, and through a low-rank *map*, a different vector
for each position, which lets the prior see at once what belongs where (measured: 0.4 nats a token after the same time).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import cast

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass(frozen=True)
class PriorConfig:
    positions: int = 64
    codes_per_position: int = 2
    codebook_size: int = 1024
    embedding_width: int = 256
    width: int = 384
    heads: int = 6
    layers: int = 6
    map_rank: int = 48
    token_dropout: float = 0.1  # share of earlier positions that are hidden in training

    @property
    def head_width(self) -> int:
        return self.width // self.heads


def rms_norm(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return F.rms_norm(x, (x.shape[-1],), weight, 1e-6)


def causal_attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """[B, heads, T, E] each -> [B, heads, T, E]

    Written out on the CPU: for tens of positions the fused kernel takes three times as long there, backwards above all.
    """
    if q.is_cuda:
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)
    later = torch.full((q.shape[-2], q.shape[-2]), -1e4, dtype=q.dtype, device=q.device).triu(1)
    return (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5 + later).softmax(-1).to(v.dtype) @ v


class Block(nn.Module):
    def __init__(self, config: PriorConfig):
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.norm1, self.norm2 = nn.Parameter(torch.ones(width)), nn.Parameter(torch.ones(width))
        self.qkv, self.out = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.up, self.down = nn.Linear(width, 4 * width, bias=False), nn.Linear(4 * width, width, bias=False)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.down.weight)

    def project(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """[B, T, W] -> queries, keys, values [B, heads, T, W / heads]"""
        b, t, _ = x.shape
        q, k, v = self.qkv(rms_norm(x, self.norm1)).view(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        return q, k, v

    def finish(self, x: torch.Tensor, mixed: torch.Tensor) -> torch.Tensor:
        """Attention's output [B, heads, T, W / heads] -> the block's output [B, T, W]"""
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        return x + self.down(F.gelu(self.up(rms_norm(x, self.norm2)), approximate="tanh"))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.project(x)
        return self.finish(x, causal_attention(q, k, v))


class Condition(nn.Module):
    """Unit embedding [B, D] -> one vector a position [B, P, W]. All zeros is the null condition of guidance."""

    def __init__(self, config: PriorConfig):
        super().__init__()
        self.config = config
        self.scale = config.embedding_width**0.5  # a unit vector's entries are tiny: bring them to about 1
        self.everywhere = nn.Linear(config.embedding_width, config.width)
        self.map_in = nn.Linear(config.embedding_width, config.positions * config.map_rank)
        self.map_out = nn.Linear(config.map_rank, config.width, bias=False)

    def forward(self, embedding: torch.Tensor) -> torch.Tensor:
        x = embedding * self.scale
        local = F.gelu(self.map_in(x), approximate="tanh").view(-1, self.config.positions, self.config.map_rank)
        return self.everywhere(x)[:, None] + self.map_out(local)


class DepthHead(nn.Module):
    """Logits of code g > 0 of a position, from its hidden state and the codes 0..g-1 drawn before it.

    Each code has an embedding table and an output matrix of its own, `codebook_size` rows of one tensor: the sum of the
    embeddings tells how many codes there are already. What lies between them is shared.
    """

    def __init__(self, config: PriorConfig):
        super().__init__()
        self.size = config.codebook_size
        rows = (config.codes_per_position - 1) * self.size
        self.codes = nn.Embedding(rows, config.width)
        self.norm = nn.Parameter(torch.ones(config.width))
        self.up = nn.Linear(config.width, 2 * config.width, bias=False)
        self.down = nn.Linear(2 * config.width, config.width, bias=False)
        self.head = nn.Linear(config.width, rows, bias=False)

    def forward(self, hidden: torch.Tensor, *previous: torch.Tensor) -> torch.Tensor:
        """hidden [..., W], the g codes before this one, each int64 [...] -> logits [..., K] of code g"""
        x = hidden + sum(self.codes(code + g * self.size) for g, code in enumerate(previous))
        x = x + self.down(F.gelu(self.up(rms_norm(x, self.norm)), approximate="tanh"))
        own = self.head.weight[(len(previous) - 1) * self.size : len(previous) * self.size]
        return F.linear(rms_norm(x, self.norm), own)


class Prior(nn.Module):
    def __init__(self, config: PriorConfig):
        super().__init__()
        self.config = config
        self.condition = Condition(config)
        tables = (nn.Embedding(config.codebook_size, config.width) for _ in range(config.codes_per_position))
        self.tokens = cast(Sequence[nn.Embedding], nn.ModuleList(tables))
        self.start = nn.Parameter(torch.zeros(config.width))
        self.places = nn.Parameter(torch.randn(config.positions, config.width) * 0.02)
        self.blocks = cast(Sequence[Block], nn.ModuleList(Block(config) for _ in range(config.layers)))
        self.norm = nn.Parameter(torch.ones(config.width))
        self.head = nn.Linear(config.width, config.codebook_size, bias=False)
        self.depth = DepthHead(config) if config.codes_per_position > 1 else None
        for table in (*self.tokens, *([self.depth.codes] if self.depth else [])):
            nn.init.normal_(table.weight, std=0.3)

    def embed_tokens(self, tokens: torch.Tensor) -> torch.Tensor:
        """[..., G] -> [..., W]"""
        return reduce(torch.add, (table(tokens[..., g]) for g, table in enumerate(self.tokens)))

    def hidden(self, tokens: torch.Tensor, embedding: torch.Tensor) -> torch.Tensor:
        """Teacher forcing: tokens [B, P, G], embedding [B, D] -> hidden [B, P, W]; row p has seen tokens 0..p-1."""
        before = self.embed_tokens(tokens[:, :-1])
        if self.training and self.config.token_dropout:
            # A few tokens give a training picture away, and the rest could be recited: the condition has to be read.
            before = before * (torch.rand(*before.shape[:2], 1, device=before.device) >= self.config.token_dropout)
        shifted = torch.cat([self.start.expand(len(tokens), 1, -1), before], 1)
        x = shifted + self.places + self.condition(embedding)
        for block in self.blocks:
            x = block(x)
        return rms_norm(x, self.norm)

    def logits_of(self, hidden: torch.Tensor, *drawn: torch.Tensor) -> torch.Tensor:
        """hidden [..., W], the codes of a position drawn already, each int64 [...] -> logits [..., K] of the next"""
        if self.depth is None or not drawn:
            return self.head(hidden)
        return self.depth(hidden, *drawn)

    def forward(self, tokens: torch.Tensor, embedding: torch.Tensor) -> list[torch.Tensor]:
        """-> logits [B, P, K] of each code, given all before it"""
        hidden = self.hidden(tokens, embedding)
        return [self.logits_of(hidden, *tokens[..., :g].unbind(-1)) for g in range(self.config.codes_per_position)]

    def loss(self, logits: list[torch.Tensor], tokens: torch.Tensor) -> torch.Tensor:
        """Mean nats a code, one value for each code of a position: [G]"""
        return torch.stack(
            [F.cross_entropy(x.float().flatten(0, 1), tokens[..., g].flatten()) for g, x in enumerate(logits)]
        )


class PriorStep(nn.Module):
    """One position with a key/value cache: what is exported and what runs in the bot.

    Tensors as in docs/bundle-format.md: the cache has its full length from the start and each row has its own position.
    """

    def __init__(self, prior: Prior):
        super().__init__()
        self.prior = prior

    def forward(
        self, image_tokens: torch.Tensor, condition: torch.Tensor, position: torch.Tensor, *cache: torch.Tensor
    ):
        """[N, G], [N, W], [N], past_key_0, past_value_0, ... each [N, H, P, E] -> hidden, logits, present_key_0, ..."""
        prior = self.prior
        first = (position == 0)[:, None]
        x = torch.where(first, prior.start.expand(len(position), -1), prior.embed_tokens(image_tokens))
        x = (x + prior.places[position] + condition)[:, None]
        places = torch.arange(prior.config.positions, device=x.device)
        here = (places[None] == position[:, None])[:, None, :, None]
        bias = torch.where(places[None] <= position[:, None], 0.0, -1e9)[:, None, None]
        present = []
        for layer, block in enumerate(prior.blocks):
            q, k, v = block.project(x)
            keys, values = torch.where(here, k, cache[2 * layer]), torch.where(here, v, cache[2 * layer + 1])
            scores = q @ keys.transpose(-1, -2) * prior.config.head_width**-0.5 + bias
            x = block.finish(x, scores.softmax(-1) @ values)
            present += [keys, values]
        hidden = rms_norm(x[:, 0], prior.norm)
        return hidden, prior.head(hidden), *present


@torch.no_grad()
def generate(
    prior: Prior,
    embedding: torch.Tensor,
    generator: torch.Generator,
    temperature: float = 1.0,
    top_k: int = 256,
    top_p: float = 0.95,
    guidance: float = 1.0,
) -> torch.Tensor:
    """embedding [B, D] -> tokens [B, P, G]. The plain reference that the exported graphs are compared with."""
    config, step = prior.config, PriorStep(prior)
    guided = guidance != 1.0
    conditions = prior.condition(torch.cat([embedding, torch.zeros_like(embedding)]) if guided else embedding)
    rows = len(conditions)
    cache = [
        torch.zeros(rows, config.heads, config.positions, config.head_width, device=embedding.device)
        for _ in range(2 * config.layers)
    ]
    tokens = torch.zeros(
        len(embedding), config.positions, config.codes_per_position, dtype=torch.long, device=embedding.device
    )
    repeat = (lambda t: torch.cat([t, t])) if guided else (lambda t: t)

    def mix(logits: torch.Tensor) -> torch.Tensor:
        if not guided:
            return logits
        conditional, null = logits.chunk(2)
        return null + guidance * (conditional - null)

    for p in range(config.positions):
        previous = tokens[:, max(p - 1, 0)]
        hidden, logits, *cache = step(
            repeat(previous), conditions[:, p], torch.full((rows,), p, device=embedding.device), *cache
        )
        tokens[:, p, 0] = draw(mix(logits), generator, temperature, top_k, top_p)
        for g in range(1, config.codes_per_position):
            logits = prior.logits_of(hidden, *repeat(tokens[:, p, :g]).unbind(-1))
            tokens[:, p, g] = draw(mix(logits), generator, temperature, top_k, top_p)
    return tokens


def draw(
    logits: torch.Tensor, generator: torch.Generator, temperature: float, top_k: int, top_p: float
) -> torch.Tensor:
    """logits [B, K] -> one token a row. Temperature, then top-k, then nucleus (Holtzman et al. 2019)."""
    if temperature == 0:
        return logits.argmax(-1)
    values, indices = (logits.float() / temperature).sort(-1, descending=True)
    probabilities = values.softmax(-1)
    ranks = torch.arange(values.shape[-1], device=values.device)
    outside = (probabilities.cumsum(-1) - probabilities >= top_p) | ((ranks >= top_k) if top_k > 0 else False)
    probabilities = probabilities.masked_fill(outside, 0.0)
    chosen = torch.multinomial(probabilities / probabilities.sum(-1, keepdim=True), 1, generator=generator)
    return indices.gather(-1, chosen)[:, 0]
