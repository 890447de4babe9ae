"""CLIP's tokenizer as a Hugging Face tokenizer.json, from the merges that OpenAI publishes.

Text is brought to NFC (the published training repaired it with ftfy, which does that), runs of white space become one
space, letters become small; then words, single digits and runs of other signs are cut into pieces of bytes, the last
one marked with </w>. HTML entities are left as they are.
"""

import gzip
import json
import zlib
from pathlib import Path

from tessera_training.convert.errors import CheckpointError

START, END = "<|startoftext|>", "<|endoftext|>"
WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
PIECES_BEFORE_MERGES = 2 * 256  # each byte, and each byte that ends a word


def byte_letters() -> list[str]:
    """The 256 letters that stand for bytes, in the order of the vocabulary: first the bytes that are visible in
    Latin-1 and stand for themselves, then the others, which borrow the letters from 256 on (as in GPT-2)."""
    visible = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = 256 - len(visible)
    return [chr(code) for code in visible] + [chr(256 + at) for at in range(hidden)]


def read_merges(path: Path, vocabulary: int) -> list[str]:
    """The first merges of the file, as many as fill `vocabulary`: the published file has more than CLIP uses.

    `path`: bpe_simple_vocab_16e6.txt, plain or .gz; merges.txt; or a Hugging Face folder with merges.txt or
    tokenizer.json. @raises CheckpointError
    """
    if path.is_dir():
        path = next(
            (path / name for name in ("merges.txt", "tokenizer.json") if (path / name).exists()), path / "merges.txt"
        )
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8")
        lines = text.rstrip("\n").split("\n")[1:] if path.suffix != ".json" else json.loads(text)["model"]["merges"]
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as cause:
        raise CheckpointError(
            path, f"expected CLIP's merges (bpe_simple_vocab_16e6.txt.gz) but received {cause}"
        ) from cause
    count = vocabulary - PIECES_BEFORE_MERGES - 2
    merges = [line if isinstance(line, str) else " ".join(line) for line in lines[:count]]
    for number, merge in enumerate(merges, 2):
        if len(merge.split(" ")) != 2 or not all(merge.split(" ")):
            raise CheckpointError(path, f"expected two pieces in line {number} but received {merge[:80]!r}")
    if len(merges) < count:
        raise CheckpointError(
            path, f"expected {count} merges for a vocabulary of {vocabulary} but received {len(merges)}"
        )
    return merges


def tokenizer_json(merges: list[str], path: Path) -> dict:
    """`path` is for the error. No added tokens:
    a prompt that spells one of the special tokens is text like any other."""
    letters = byte_letters()
    pieces = [
        *letters,
        *(f"{letter}</w>" for letter in letters),
        *(merge.replace(" ", "") for merge in merges),
        START,
        END,
    ]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    if len(vocabulary) != len(pieces):
        raise CheckpointError(path, f"expected {len(pieces)} different pieces but received {len(vocabulary)}")
    special = {token: {"id": token, "ids": [vocabulary[token]], "tokens": [token]} for token in (START, END)}
    edge = lambda token: {"SpecialToken": {"id": token, "type_id": 0}}  # noqa: E731
    text = lambda name: {"Sequence": {"id": name, "type_id": 0}}  # noqa: E731
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "NFC"},
                {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "},
                {"type": "Lowercase"},
            ],
        },
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": WORDS}, "behavior": "Removed", "invert": True},
                {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
            ],
        },
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [edge(START), text("A"), edge(END)],
            "pair": [edge(START), text("A"), edge(END), text("B"), edge(END)],
            "special_tokens": special,
        },
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE", "dropout": None, "unk_token": END, "continuing_subword_prefix": "",
            "end_of_word_suffix": "</w>", "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
            "vocab": vocabulary, "merges": merges,
        },
    }  # fmt: skip
