"""Who does something right now: the user's own code, a library, or an import."""

from __future__ import annotations

import dis
import linecache
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from jupyter_lifecycle.hashing.packages import is_installed, is_standard

if TYPE_CHECKING:
    from types import CodeType, FrameType

Who: TypeAlias = Literal["user", "library", "cores", "import", "ours"]

_METADATA: Final = str(Path(metadata.__file__).parent)
_OURS: Final = str(Path(__file__).resolve().parent.parent)
_COUNT_CORES: Final = ("loky/backend/context.py", "threadpoolctl.py", "pandas/compat/_cpu.py")
"""They ask the machine how many cores there are: that says how fast, not what."""


@cache
def _kind(path: str) -> Literal["user", "library", "cores", "standard", "import", "ours"]:
    if path.startswith(("<frozen importlib", _METADATA)) or path == linecache.__file__:
        return "import"  # what shows lines of code, or asks what is installed, reads no data
    if path.startswith("<frozen") or is_standard(path):
        return "standard"
    if path.startswith(_OURS):
        return "ours"
    if not is_installed(path):
        return "user"
    return "cores" if path.replace("\\", "/").endswith(_COUNT_CORES) else "library"


def who(frame: FrameType | None, root: CodeType | None) -> tuple[Who, str]:
    """Say who does what happens in a frame.

    Parameters
    ----------
    frame : FrameType or None
        The innermost one.
    root : CodeType or None
        Of the function that is looked at, to say lines by.

    Returns
    -------
    who : str
        The nearest that isn't the standard library; ``cores`` where a library counts cores,
        ``ours`` where this package keeps its cache.
    place : str
        Where the user's own code stands: ``line 3``, ``line 3 of clean``; empty where no code of
        theirs is on the way.
    """
    nearest: Who | None = None
    while frame is not None:
        kind = _kind(frame.f_code.co_filename)
        if kind == "import":
            return "import", ""
        if kind == "ours":
            return nearest or "ours", ""
        if kind == "user":
            return nearest or "user", place(frame.f_code, frame.f_lineno, root)
        if kind != "standard":
            nearest = nearest or kind
        frame = frame.f_back
    return nearest or "library", ""


def line_of(code: CodeType, name: str) -> int:
    """Find where code speaks of a name first, other than to import it.

    Parameters
    ----------
    code : CodeType
        Code nested in it is searched as well.
    name : str
        A variable, an attribute or a method.

    Returns
    -------
    int
        The line; that where the code begins if it's not found.
    """
    imported = 0
    todo = [code]
    while todo:
        current = todo.pop(0)
        line = current.co_firstlineno
        for step in dis.get_instructions(current):
            line = (step.positions.lineno if step.positions else None) or line
            if step.argval == name:
                if not step.opname.startswith("IMPORT"):
                    return line
                imported = imported or line
        todo += [each for each in current.co_consts if hasattr(each, "co_code")]
    return imported or code.co_firstlineno


def place(code: CodeType, line: int, root: CodeType | None) -> str:
    """Write a line of code as people read it.

    Parameters
    ----------
    code : CodeType
        Where the line is.
    line : int
        From 1.
    root : CodeType or None
        The code that is spoken of anyway.

    Returns
    -------
    str
        ``line 3``, or ``line 3 of clean`` in another function.
    """
    whole = root is None or code.co_qualname.startswith(f"{root.co_qualname}.<locals>.")
    if whole or code is root:
        return f"line {line}"
    return f"line {line} of {code.co_name}"
