"""What a call opens, seen by an audit hook that looks only while a feature runs.

Files that are read become sources of the answer; sockets, other programs and files that are written
make it impure, as do the global generators of random numbers where somebody draws from them. What
imports read is code, which counts elsewhere. Threads that the call starts are watched too; what the
threads of an earlier call do counts for every call that runs.
"""

from __future__ import annotations

import sys
import threading
import time
from contextvars import ContextVar, Token
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from jupyter_lifecycle.errors import FingerprintError
from jupyter_lifecycle.hashing import generators, impurity
from jupyter_lifecycle.hashing.events import MEANINGS
from jupyter_lifecycle.hashing.faces import read_by
from jupyter_lifecycle.hashing.opened import Source, Way, digest_of
from jupyter_lifecycle.hashing.packages import is_installed, is_standard
from jupyter_lifecycle.hashing.stacks import who

if TYPE_CHECKING:
    from types import CodeType, FrameType, TracebackType

    from jupyter_lifecycle.hashing.events import Meaning

_RECENT: Final = 2_000_000_000
"""A file that changed this short a time ago, ns, may change again unseen by its clock."""

_current: ContextVar[Watch | None] = ContextVar("watch", default=None)
_running: dict[int, Watch] = {}
_busy: Final = threading.local()
_state: dict[str, Any] = {"installed": False, "profiler": None}
_lock: Final = threading.Lock()
_OWNERS: Final = "_jupyter_lifecycle_watches"


class Watch:
    """Looks at one call; used once, as a context.

    Parameters
    ----------
    code : CodeType, optional
        Of the function that is called, to say lines by.
    follow : bool
        Whether to look for readers that open their files out of Python's sight as well.
    """

    def __init__(self, code: CodeType | None = None, *, follow: bool = False) -> None:
        self._code = code
        self.follows = follow
        """Whether it looks at the calls of readers."""
        self._mark: generators.Mark | None = None
        self._token: Token[Watch | None] | None = None
        self._seen: dict[tuple[Way, str], tuple[Any, bytes | None]] = {}
        self._outer: Watch | None = None
        self._modules = 0
        self._unsure = ""
        self.reasons: dict[str, None] = {}
        """Why the answer is impure."""

    def __enter__(self) -> Self:
        self._outer = _current.get()
        self._token = _current.set(self)
        with _lock:
            if not _running:
                _install()
            _running[id(self)] = self
        self._mark = generators.mark()
        self._modules = len(sys.modules)
        if self.follows:
            self._begin_to_follow()
        return self

    def _begin_to_follow(self) -> None:
        profiler = sys.getprofile()
        self.follows = profiler is None
        if profiler is None:
            sys.setprofile(self.called)
        elif not isinstance(getattr(profiler, "__self__", None), Watch):
            self._impure(f"{impurity.READS}, and a profiler is in the way of seeing which", "")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.follows:
            sys.setprofile(None)
        if generators.mark() != self._mark:
            self._drawn()
        with _lock:
            del _running[id(self)]
            if not _running:
                threading.setprofile(_other_profiler())
        if self._token is not None:
            _current.reset(self._token)

    def _drawn(self) -> None:
        """Take in that somebody drew; a library that is imported may do so, once a process."""
        if len(sys.modules) == self._modules:
            self._impure(impurity.CHANCE, "")
        for watch in self._all():
            watch._unsure = f"{impurity.CHANCE}, or what it imports does"  # noqa: SLF001

    @property
    def is_quiet(self) -> bool:
        """Whether nothing was opened at all."""
        return not (self._seen or self.reasons or self._unsure)

    def sources(self) -> tuple[tuple[Source, ...], str]:
        """Say what was read, and what it held.

        Returns
        -------
        tuple of Source
            In the order in which it was opened first.
        str
            Why that can't be relied on, this time; empty where it can.
        """
        if self._unsure and not self.reasons:
            return (), self._unsure
        found = []
        for (way, path), (before, early) in list(self._seen.items()):
            try:
                digest = digest_of(way, path)
            except FingerprintError as error:
                return (), f"reads {path}, which can't be read again ({error.message})"
            if (early is not None and early != digest) or before != _signature(path):
                return (), f"reads {path}, which changed meanwhile"
            found.append(Source(way, path, digest))
        return tuple(found), ""

    def see(self, meaning: Meaning, frame: FrameType | None) -> None:
        """Take in what happens in a frame.

        Parameters
        ----------
        meaning : Meaning
            Of an event or a call.
        frame : FrameType or None
            Where it happens.
        """
        kind, text = meaning
        if kind in {"file", "names"} and (is_installed(text) or is_standard(text)):
            return
        by, place = who(frame, self._code)
        if by in {"import", "ours"} or (by == "cores" and kind == "cores"):
            return
        if kind in {"file", "names"}:
            self._read(kind, text)
        elif kind != "machine" or by == "user":
            self._impure(text, place)

    def _impure(self, why: str, place: str) -> None:
        for watch in self._all():
            watch.reasons.setdefault(f"{why} ({place})" if place else why)

    def _read(self, way: Way, path: str) -> None:
        signature = _signature(path)
        early = None
        if signature is not None and time.time_ns() - max(signature[-2:]) < _RECENT:
            early = digest_of(way, path)
        for watch in self._all():
            watch._seen.setdefault((way, path), (signature, early))  # noqa: SLF001

    def _all(self) -> list[Watch]:
        """Give this call and those around it: what an inner one opens, all of them open."""
        found = [self]
        while found[-1]._outer is not None:  # noqa: SLF001
            found.append(found[-1]._outer)  # noqa: SLF001
        return found

    def called(self, frame: FrameType, event: str, _: Any) -> None:
        """Look at one step of the program, as a profile function."""
        if event == "call":
            for meaning in read_by(frame):
                _guarded(_current.get() or self, meaning, frame.f_back)


def _signature(path: str) -> tuple[int, ...] | None:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _install() -> None:
    """Look at threads from now on; the audit hook comes once a process, it can't be taken away."""
    if not _state["installed"]:
        _state["installed"] = True
        sys.addaudithook(_hook)
    _state["profiler"] = threading.getprofile()
    threading.setprofile(_begun)


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if not _running:
        return
    mean = MEANINGS.get(event)
    if mean is None:
        return
    watches = _watches()
    if not watches:
        return
    try:
        meaning = mean(*args)
    except Exception:  # noqa: BLE001 - what is raised here would be raised by the user's call
        meaning = ("why", impurity.FILES)
    if meaning is not None:
        for watch in watches:
            _guarded(watch, meaning, sys._getframe(1))  # noqa: SLF001


def _guarded(watch: Watch, meaning: Meaning, frame: FrameType | None) -> None:
    if getattr(_busy, "looks", False):  # it opens files itself
        return
    _busy.looks = True
    try:
        watch.see(meaning, frame)
    except Exception:  # noqa: BLE001 - what is raised here would be raised by the user's call
        watch.reasons.setdefault(impurity.FILES)
    finally:
        _busy.looks = False


def noticed(sources: tuple[Source, ...]) -> None:
    """Tell the call that runs, if any, what the column of an inner call was made from.

    Parameters
    ----------
    sources : tuple of Source
        Of a column that was read from a cache, or looked for there.
    """
    here = _current.get()
    if here is not None:
        for each in sources:
            here._read(each.way, each.path)  # noqa: SLF001


def _watches() -> list[Watch]:
    """Find whose call this thread works for."""
    here = _current.get()
    if here is not None:
        return [here]
    owners = threading.current_thread().__dict__.get(_OWNERS)
    if owners is None:
        return []
    return [each for each in owners if id(each) in _running] or list(_running.values())


def _begun(frame: FrameType, event: str, arg: Any) -> None:
    """Let a thread belong to the calls that run when it begins: one of them has started it.

    Threads run the profile function that is set when they begin, and no other word of it comes.
    """
    watches = list(_running.values())
    threading.current_thread().__dict__[_OWNERS] = watches
    following = next((each for each in watches if each.follows), None)
    sys.setprofile(following.called if following is not None else _other_profiler())
    if following is not None:
        following.called(frame, event, arg)


def _other_profiler() -> Any:
    return _state["profiler"]
