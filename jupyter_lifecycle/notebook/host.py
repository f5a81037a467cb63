"""IPython as the host of the cells."""

from __future__ import annotations

import inspect
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.notebook.cells import Cell, NotebookFile

if TYPE_CHECKING:
    import ast
    from collections.abc import Mapping
    from types import CodeType

    from IPython.core.interactiveshell import InteractiveShell


class ShellHost:
    """Runs ``%%feature`` cells in a shell's namespace, with its syntax and its compiler.

    Parameters
    ----------
    shell : InteractiveShell
        The kernel's.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._file = NotebookFile()
        self._count = 0

    @property
    def namespace(self) -> dict[str, Any]:
        """The user's own."""
        namespace: dict[str, Any] = self._shell.user_ns
        return namespace

    def cell(self) -> Cell:
        """Read the cell that runs now from the execute request."""
        request = self._request()
        if request.get("content", {}).get("store_history") is False:  # as in Voila
            self._count += 1
            return Cell(count=self._count - 1)
        known = self.cell_id()
        return Cell(known, self._number(), self._file.title(known))

    def cell_id(self) -> str | None:
        """Read the id of the cell that runs now from the execute request."""
        known = self._request().get("metadata", {}).get("cellId")
        return known if isinstance(known, str) and known else None

    def origin(self) -> dict[str, str]:
        """Say where a save is made: the notebook's file, the cell and the heading above it."""
        cell = self.cell_id() or ""
        heading = self._file.title(cell or None)
        return {"notebook": self._file.name, "cell": cell, "heading": heading}

    def _number(self) -> int:
        """Find the number beside the running cell: IPython counts it up before or after the run."""
        frame = inspect.currentframe()
        while frame is not None:
            known = self._number_of(frame.f_code.co_filename)
            if known is not None:
                return known
            frame = frame.f_back
        return self._shell.execution_count

    def _number_of(self, filename: str) -> int | None:
        known = self._shell.compile.format_code_name(filename)
        digits = "" if known is None else str(known[1]).removeprefix("In[").removesuffix("]")
        return int(digits) if digits.isdigit() else None

    def _request(self) -> Mapping[str, Any]:
        get_parent = getattr(self._shell, "get_parent", None)
        return (get_parent() or {}) if get_parent is not None else {}

    def transform(self, source: str) -> str:
        """Turn magics and shell commands into Python."""
        text: str = self._shell.transform_cell(source)  # type: ignore[no-untyped-call]
        return text

    def register(self, source: str) -> str:
        """Keep the source as IPython keeps those of its own cells."""
        name: str = self._shell.compile.cache(source, self._number())
        return name

    def compile(self, tree: ast.Module, filename: str) -> CodeType:
        """Compile with the notebook's ``__future__`` imports."""
        code: CodeType = self._shell.compile(tree, filename, "exec")  # type: ignore[arg-type]
        return code

    def label(self, filename: str) -> str:
        """Say ``cell [4]`` for a cell that IPython ran, the file's name for any other."""
        number = self._number_of(filename)
        return PurePath(filename).name if number is None else Cell(number=number).label
