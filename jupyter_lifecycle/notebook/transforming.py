"""What happens to a ``%%feature`` cell before it runs: help that stands alone, syntax errors."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from jupyter_lifecycle.notebook.options import split_line

if TYPE_CHECKING:
    from jupyter_lifecycle.notebook.definitions import Host

_MAGIC = "%%feature"


class FeatureLines:
    """An input transformer of IPython's.

    A syntax error is raised here, where IPython shows it as in any other cell, and not from inside
    the magic, where its own frames would stand above it. ``%%feature --help`` has no body, which
    IPython would refuse.

    Parameters
    ----------
    host : Host
        What runs the cells.
    """

    def __init__(self, host: Host) -> None:
        self._host = host

    def __call__(self, lines: list[str]) -> list[str]:
        """Check a cell's lines; answer them as they are, or the line that shows the help.

        Raises
        ------
        SyntaxError
            At the cell's own line.
        """
        first = lines[0].split(None, 1) if lines else []
        if first[:1] != [_MAGIC]:
            return lines
        body = "".join(lines[1:])
        if "--help" in split_line(lines[0]) and not body.strip():
            return ["%feature --help\n"]
        text = "\n" + self._host.transform(body)
        ast.parse(text, self._host.register(text))
        return lines
