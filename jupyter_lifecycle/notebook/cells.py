"""Which cell a definition belongs to: its identity, its label, and the heading above."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Cell:
    """The cell that runs now, as far as the host says."""

    id: str | None = None
    """``cellId`` of the execute request; None where the host sends none."""
    number: int | None = None
    """Execution count: the number beside the cell."""
    title: str = ""
    count: int = 0
    """How many feature cells ran before it, for hosts that count no cells."""

    @property
    def label(self) -> str:
        """What people read: ``cell [4]``, or ``feature cell 3`` where cells have no numbers."""
        return f"feature cell {self.count + 1}" if self.number is None else f"cell [{self.number}]"


class CellOwners:
    """Remembers which cell defined what where the host sends no id.

    Voila, nbclient and papermill send none. There a cell is known by its text, else by the names
    that it defines: one that shares half of them, or has them all, is the same cell, edited.
    """

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._names: dict[str, frozenset[str]] = {}
        self._count = 0

    def key(self, cell: Cell, text: str, names: Iterable[str]) -> str:
        """Find the owner's key for a cell.

        Parameters
        ----------
        cell : Cell
            Its id is the key where it has one.
        text : str
            The cell's text.
        names : iterable of str
            What it defines.
        """
        if cell.id is not None:
            return f"cell:{cell.id}"
        digest = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
        defined = frozenset(names)
        return self._texts.get(digest) or self._same_names(defined) or self._next()

    def remember(self, key: str, text: str, names: Iterable[str]) -> None:
        """Keep what the cell was, once its features were taken."""
        if key.startswith("cell:"):
            return
        self._texts = {digest: owner for digest, owner in self._texts.items() if owner != key}
        self._texts[hashlib.blake2b(text.encode(), digest_size=8).hexdigest()] = key
        self._names[key] = frozenset(names)

    def _same_names(self, defined: frozenset[str]) -> str | None:
        best, most = None, 0
        for key, known in self._names.items():
            shared = len(defined & known)
            smaller, larger = sorted((len(defined), len(known)))
            if shared > most and (shared == smaller or 2 * shared >= larger):
                best, most = key, shared
        return best

    def _next(self) -> str:
        self._count += 1
        return f"text:{self._count}"


class NotebookFile:
    """The notebook as it was saved last: the only place that knows the headings above cells.

    The server tells the kernel its file by ``JPY_SESSION_NAME``; the frontend sends no heading.
    What is not in the file, or cannot be read, is simply not known.
    """

    def __init__(self, path: str | None = None) -> None:
        self._path = path if path is not None else os.environ.get("JPY_SESSION_NAME", "")
        self._seen: tuple[int, int] | None = None
        self._titles: dict[str, str] = {}

    @property
    def name(self) -> str:
        """Its file's name, without the folders; empty where the server tells none."""
        return Path(self._path).name if self._path.endswith(".ipynb") else ""

    def title(self, cell_id: str | None) -> str:
        """Find the nearest markdown heading above the cell; empty where none is known."""
        if cell_id is None or not self._path.endswith(".ipynb"):
            return ""
        try:
            state = Path(self._path).stat()
            if self._seen != (state.st_mtime_ns, state.st_size):
                content = json.loads(Path(self._path).read_text(encoding="utf-8"))
                self._titles = titles_above(content)
                self._seen = (state.st_mtime_ns, state.st_size)
        except (OSError, ValueError, RecursionError):
            return self._titles.get(cell_id, "")
        return self._titles.get(cell_id, "")


def titles_above(notebook: Mapping[str, Any]) -> dict[str, str]:
    """Map each code cell's id to the markdown heading that stands above it.

    >>> titles_above({"cells": [{"cell_type": "markdown", "source": "## Rolling delays"},
    ...                         {"cell_type": "code", "id": "a", "source": ""}]})
    {'a': 'Rolling delays'}
    """
    titles: dict[str, str] = {}
    heading = ""
    for cell in notebook.get("cells", []):
        source = cell.get("source", "")
        text = source if isinstance(source, str) else "".join(source)
        if cell.get("cell_type") == "markdown":
            heading = _last_heading(text) or heading
        elif heading and cell.get("id"):
            titles[cell["id"]] = heading
    return titles


def _last_heading(text: str) -> str:
    heading, fenced = "", False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and line.startswith("#"):
            words = line.lstrip("#")
            if words.startswith(" ") and len(line) - len(words) <= 6:
                heading = words.strip().rstrip("#").strip()
    return heading
