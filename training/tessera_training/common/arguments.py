"""Command lines that say of themselves what their module says."""

import argparse


def parser_of(doc: str | None) -> argparse.ArgumentParser:
    """A parser described by the first line of a module's docstring."""
    return argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
