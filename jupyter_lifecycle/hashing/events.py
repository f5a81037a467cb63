"""What Python's audit events mean for the answer of a feature.

The table of events: https://docs.python.org/3/library/audit_events.html
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from jupyter_lifecycle.hashing import impurity

Meaning: TypeAlias = tuple[Literal["file", "names", "why", "cores", "machine"], str]
"""``file`` and ``names`` with a path that is read; ``why`` with a reason of impurity; ``cores`` is
a reason unless a library counts cores, ``machine`` one only for the user's own code."""

_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANCE: Final = frozenset({"/dev/random", "/dev/urandom"})


def _open(path: Any, mode: Any, flags: Any, *_: Any) -> Meaning | None:
    if isinstance(path, int):
        return "machine", impurity.FILES
    text = os.fsdecode(path)
    meaning: Meaning | None = ("file", text)
    if text == os.devnull:
        meaning = None
    elif flags & _WRITING:
        meaning = ("why", impurity.WRITES)
    elif text in _CHANCE:
        meaning = ("why", impurity.CHANCE)
    elif text.startswith(("/proc/", "/sys/")):
        meaning = ("machine", impurity.ENVIRONMENT)
    elif mode is None and not Path(text).is_absolute():  # may be relative to an open folder
        meaning = ("why", impurity.FILES)
    return meaning


def _names(path: Any = None, *_: Any) -> Meaning | None:
    if isinstance(path, int):
        return "why", impurity.FILES
    return "names", os.fsdecode(path or ".")


def _glob(pattern: Any, *_: Any) -> Meaning | None:
    """Without wildcards it asks whether a file is there, which raises no event of its own."""
    text = os.fsdecode(pattern)
    return None if any(sign in text for sign in "*?[") else ("file", text)


def _database(path: Any, *_: Any) -> Meaning | None:
    return None if path in {"", ":memory:", b":memory:"} else ("why", impurity.DATABASE)


def _always(why: str, *, kind: Literal["why", "cores"] = "why") -> Any:
    found: Meaning = (kind, why)
    return lambda *_: found


_WRITES: Final = (
    "os.remove os.rename os.rmdir os.mkdir os.truncate os.chmod os.chown os.link os.symlink "
    "os.utime shutil.rmtree shutil.copyfile shutil.move tempfile.mkstemp tempfile.mkdtemp"
)
_NETWORK: Final = (
    "socket.connect socket.bind socket.sendto socket.sendmsg socket.getaddrinfo "
    "socket.gethostbyname socket.gethostbyaddr socket.getnameinfo urllib.Request"
)
_PROGRAMS: Final = (
    "subprocess.Popen os.system os.exec os.fork os.forkpty os.posix_spawn os.spawn pty.spawn "
    "os.startfile webbrowser.open"
)
_ENVIRONMENT: Final = "os.putenv os.unsetenv os.chdir socket.gethostname locale.setlocale"

MEANINGS: Final[dict[str, Any]] = {
    "open": _open,
    "os.listdir": _names,
    "os.scandir": _names,
    "glob.glob": _glob,
    "sqlite3.connect": _database,
    "builtins.input": _always(impurity.PEOPLE),
    **dict.fromkeys(_WRITES.split(), _always(impurity.WRITES)),
    **dict.fromkeys(_NETWORK.split(), _always(impurity.NETWORK)),
    **dict.fromkeys(_PROGRAMS.split(), _always(impurity.PROGRAMS, kind="cores")),
    **dict.fromkeys(_ENVIRONMENT.split(), _always(impurity.ENVIRONMENT)),
}
"""By the event's name, what makes a meaning of its arguments; None where it says nothing."""
