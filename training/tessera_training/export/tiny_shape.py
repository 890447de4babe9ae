"""The sizes of a random test bundle."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    name: str
    seed: int
    codes_per_position: int
    channels: int
    codebook_size: int = 64
    grid: int = 4
    width: int = 32
    layers: int = 2
    heads: int = 2
    embedding_width: int = 16
    context_length: int = 12
    image_size: int = 32
    # Whether the step returns the row it adds to each cache (new_*) or the whole cache (present_*).
    returns_rows: bool = False
    # Whether it remembers pictures (format version 2).
    remembers: bool = False

    @property
    def positions(self) -> int:
        return self.grid * self.grid

    @property
    def patch_size(self) -> int:
        return self.image_size // self.grid

    @property
    def head_width(self) -> int:
        return self.width // self.heads
