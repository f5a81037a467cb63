"""The columns that features start from, and a sample of their first rows for previews."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import GraphError
from jupyter_lifecycle.widgets.words import count

if TYPE_CHECKING:
    from collections.abc import Mapping

SAMPLE_ROWS = 1_000


class Inputs:
    """What ``%inputs`` gave; the one place of the session where it changes."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._sources: dict[str, tuple[str, ...]] = {}
        self._columns: dict[str, int] = {}
        self._sample: dict[str, Any] | None = None

    @property
    def values(self) -> Mapping[str, Any]:
        """Name to value; read-only."""
        return MappingProxyType(self._values)

    def add_frame(self, frame: Any, source: str) -> str:
        """Take each column of a frame as an input.

        Parameters
        ----------
        frame : DataFrame, (n_rows, n_columns)
            Of the same source as before: its columns take the place of those.
        source : str
            What people call it, such as the variable's name.

        Returns
        -------
        str
            What was taken, in words.

        Raises
        ------
        GraphError
            For columns that are not named by text, or that have one name.
        """
        columns = list(frame.columns)
        wrong = [column for column in columns if not isinstance(column, str)]
        if wrong:
            raise GraphError(
                f"{source} has a column {wrong[0]!r}, which is a {type(wrong[0]).__name__}, not a "
                "text. Inputs are known by name: rename the columns first."
            )
        if len(set(columns)) < len(columns):
            twice = next(one for one in columns if columns.count(one) > 1)
            raise GraphError(f"{source} has two columns {twice}. Rename or remove one of them.")
        self._forget(source)
        for column in columns:
            self._put(column, frame[column], source)
            self._columns[column] = len(frame)
        self._sources[source] = tuple(columns)
        return f"{count(len(columns), 'input')} from {source}, {count(len(frame), 'row')}"

    def add(self, name: str, value: Any) -> None:
        """Take one value under one name.

        Raises
        ------
        GraphError
            If the name is no Python name, so that no parameter could read it.
        """
        if not name.isidentifier():
            raise GraphError(f"{name!r} is no Python name, so that no parameter could read it.")
        self._forget(name)
        self._put(name, value, name)
        self._columns.pop(name, None)
        self._sources[name] = (name,)

    def remove(self, name: str) -> None:
        """Forget one input."""
        self._values.pop(name, None)
        self._columns.pop(name, None)
        self._sample = None

    def unreadable(self) -> tuple[str, ...]:
        """Columns whose name is no Python name: no parameter can read them."""
        return tuple(name for name in self._values if not name.isidentifier())

    def sample(self) -> Mapping[str, Any]:
        """Return the same inputs with the first 1,000 rows of each column; other values whole."""
        if self._sample is None:
            self._sample = {
                name: value.iloc[:SAMPLE_ROWS] if name in self._columns else value
                for name, value in self._values.items()
            }
        return self._sample

    @property
    def sample_is_whole(self) -> bool:
        """Whether no column has more rows than the sample."""
        return all(rows <= SAMPLE_ROWS for rows in self._columns.values())

    def _put(self, name: str, value: Any, source: str) -> None:
        for other, names in self._sources.items():
            if other != source and name in names:
                self._sources[other] = tuple(one for one in names if one != name)
        self._values[name] = value
        self._sample = None

    def _forget(self, source: str) -> None:
        for name in self._sources.pop(source, ()):
            self.remove(name)
