"""Errors on one screen: the user's own lines of a traceback, and how IPython shows them."""

from __future__ import annotations

import linecache
import site
import sysconfig
import traceback
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_CONTEXT = 2
_RED, _PLAIN = "\x1b[31m", "\x1b[39m"
_OWN = str(Path(__file__).resolve().parent.parent)


@dataclass(frozen=True, slots=True)
class Line:
    """One frame of the user's own code."""

    filename: str
    number: int
    function: str

    def code(self) -> tuple[tuple[int, str], ...]:
        """Return the line and two before it, with their numbers, without the common indent."""
        first = max(self.number - _CONTEXT, 1)
        known = [
            (number, linecache.getline(self.filename, number).rstrip())
            for number in range(first, self.number + 1)
        ]
        while known and not known[0][1].strip() and known[0][0] != self.number:
            known = known[1:]
        return tuple(known) if known and known[-1][1] else ()


def own_lines(error: BaseException) -> tuple[Line, ...]:
    """Return the frames that are the user's: no library's, none of ours."""
    return _users(traceback.extract_tb(error.__traceback__, limit=None))


def called_lines(error: BaseException) -> tuple[Line, ...]:
    """Return the user's frames that this package called: those behind the last of its own."""
    frames = traceback.extract_tb(error.__traceback__, limit=None)
    ours = [at for at, frame in enumerate(frames) if frame.filename.startswith(_OWN)]
    return _users(frames[ours[-1] + 1 :] if ours else frames)


def _users(frames: Iterable[traceback.FrameSummary]) -> tuple[Line, ...]:
    return tuple(
        Line(frame.filename, frame.lineno, frame.name)
        for frame in frames
        if frame.lineno is not None and _is_users(frame.filename)
    )


def headline(error: BaseException) -> str:
    """``TypeError: message``, or the class alone where there is no message."""
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def show_short(error: BaseException, lines: Sequence[str]) -> None:
    """Have IPython show this exception as these lines and no frames.

    The exception, its notes and its traceback stay as they are for ``except`` and ``%debug``.
    """
    name, _, rest = lines[0].partition(":")
    coloured = [f"{_RED}{name}{_PLAIN}{':' if rest else ''}{rest}", *lines[1:]]
    try:
        error._render_traceback_ = lambda: coloured  # type: ignore[attr-defined]
    except AttributeError:
        # An exception class with __slots__ takes none; it is then shown in full.
        return


def short_lines(
    error: BaseException, place: Callable[[str], str], *, inside: str = ""
) -> tuple[str, ...]:
    """Return the headline and the user's own frames, innermost last.

    Parameters
    ----------
    error : BaseException
        With its traceback.
    place : callable
        File name to what people read, such as ``cell [4]``.
    inside : str
        Leave out the frames before the first of this file.
    """
    lines = [headline(error)]
    frames = own_lines(error)
    start = next((at for at, frame in enumerate(frames) if frame.filename == inside), 0)
    for frame in frames[start:]:
        lines.append(f"  {place(frame.filename)}, line {frame.number}, in {frame.function}")
        lines += [
            f"  {'>' if number == frame.number else ' '}{number:>4} | {text}"
            for number, text in frame.code()
        ]
    return (*lines, *getattr(error, "__notes__", ()))


def _is_users(filename: str) -> bool:
    if filename.startswith(("<frozen ", "<string>", "<__array")):
        return False
    return not filename.startswith(_library_folders())


@cache
def _library_folders() -> tuple[str, ...]:
    known = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    known |= {*site.getsitepackages(), site.getusersitepackages(), _OWN}
    return tuple(f"{folder}/" for folder in known if folder) + tuple(
        f"{folder}\\" for folder in known if folder
    )
