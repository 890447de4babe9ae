"""How a bundle's memory lies in its files: what the writers of real and of random memories share."""

import numpy as np


def to_bytes(vectors: np.ndarray) -> bytes:
    """int8, each row scaled to its own largest entry: whoever reads it normalises the rows, so no scale is kept."""
    return np.round(vectors / np.abs(vectors).max(1, keepdims=True) * 127).astype(np.int8).tobytes()


def phrase_rows(thing: dict) -> list[str]:
    """The English phrases of a thing in the order of their vectors:
    its label, its keywords, the label with each keyword."""
    label, keywords = thing["phrases"]["en"][0], thing["phrases"]["en"][1:]
    return [label, *keywords, *(f"{label} {keyword}" for keyword in keywords)]
