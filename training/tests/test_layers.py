"""What may import what: each part of the package knows those below it and nothing of those above."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "tessera_training"
LAYERS = ("common", "data", "models", "stages", "export", "convert", "evaluate", "gpu")  # from below
FILES = sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> set[str]:
    """The full names of what a file imports, wherever in it; relative imports are not allowed."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def ours(path: Path) -> set[str]:
    """The modules of the package that a file imports."""
    modules = {name_of(file) for file in FILES}
    found = {name for name in imported(path) if name.split(".")[0] == PACKAGE.name}
    return {name if name in modules else name.rpartition(".")[0] for name in found}


def test_every_part_has_its_place():
    assert {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"} == set(LAYERS)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_only_what_is_below_it(layer):
    allowed = LAYERS[: LAYERS.index(layer) + 1]
    for path in (PACKAGE / layer).rglob("*.py"):
        for name in ours(path):
            assert name.split(".")[1] in allowed, f"{name_of(path)} imports {name}"


def test_no_modules_import_each_other_in_a_circle():
    TopologicalSorter({name_of(path): ours(path) for path in FILES}).prepare()  # raises CycleError


def test_nothing_beside_the_package_is_imported():
    beside = {path.stem for path in PACKAGE.parent.iterdir() if path.suffix == ".py" or path.is_dir()} - {PACKAGE.name}
    for path in FILES:
        assert not {name.split(".")[0] for name in imported(path)} & beside, name_of(path)
