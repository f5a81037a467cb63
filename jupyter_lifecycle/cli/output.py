"""What commands share: which registry, and how answers are printed."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.registry import wire
from jupyter_lifecycle.registry.handle import figure

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping, Sequence

    from jupyter_lifecycle.registry import Envelope, Registry


def add_registry(parser: argparse.ArgumentParser) -> None:
    """Add ``--registry``."""
    parser.add_argument(
        "--registry",
        metavar="WHERE",
        help="a folder, or a server's address; your own where not given",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def registry_of(arguments: argparse.Namespace) -> Registry:
    """Give the registry that the command is about."""
    from jupyter_lifecycle.registry import Registry

    return Registry(arguments.registry)


def print_json(value: Any) -> None:
    """Print records as JSON."""
    json.dump(wire.encode(value), sys.stdout, indent=2, ensure_ascii=False)
    print()


def print_json_line(value: Any) -> None:
    """Print one record on one line, at once."""
    print(json.dumps(wire.encode(value), ensure_ascii=False), flush=True)


def print_line(text: str) -> None:
    """Print a line at once."""
    print(_plain(text), flush=True)


def envelope_json(envelope: Envelope) -> dict[str, Any]:
    """Give an envelope for programs: all but its manifest."""
    return wire.envelope_json(envelope.record)


def print_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print aligned columns; the last one may be of any width."""
    lines = [list(heads), *[[_plain(cell) for cell in row] for row in rows]]
    widths = [max(len(line[index]) for line in lines) for index in range(len(heads) - 1)]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
        print("  ".join([*cells, line[-1]]).rstrip())


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Print names and values under each other."""
    listed = [(name, _plain(value)) for name, value in facts]
    width = max(len(name) for name, _ in listed)
    for name, value in listed:
        print(f"{name.ljust(width)}  {value}".rstrip())


def labels_text(labels: Mapping[str, str]) -> str:
    """Tags on one line."""
    return " ".join(f"{key}={value}" for key, value in labels.items())


def figures_text(figures: Mapping[str, float]) -> str:
    """Metrics on one line."""
    return " ".join(f"{key}={figure(value)}" for key, value in figures.items())


def _plain(text: str) -> str:
    # Data from elsewhere must not move the cursor or colour the terminal.
    return "".join(character if character.isprintable() else "�" for character in text)
