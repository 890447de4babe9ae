"""What the converter says when a file is not what it should be."""

from pathlib import Path


class CheckpointError(ValueError):
    """A file that cannot be converted: which one, what was expected and what came."""

    def __init__(self, path: Path, problem: str):
        super().__init__(f"{path}: {problem}")
        self.path = path


def shape(dims) -> str:
    return f"[{', '.join(str(size) for size in dims)}]"
