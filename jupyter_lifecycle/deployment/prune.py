"""Old environments, captures and logs of a deployer's folder: what goes, and what must stay.

What a process of an endpoint uses, or that was used a moment ago, never goes. A folder is renamed
before it is removed, so that nobody finds half of one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from jupyter_lifecycle.deployment.memory import MemoryFile, Placed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from jupyter_lifecycle.deployment.place import Place

_GIB = 1024**3
_MIB = 1024**2
_DAY = 86_400.0
_YOUNG_SECONDS = 3600.0
USED = ".used"
INTERPRETER = "interpreter"
_REMOVING = ".removing-"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of what is not in use a deployer keeps.

    Parameters
    ----------
    environment_days, capture_days : float
        An environment that was not used, captures that were not written for so long go.
    environment_bytes, capture_bytes : int
        Above it all together, those that were not used for longest go.
    log_bytes : int
        A longer log keeps its last tenth.
    """

    environment_days: float = 30.0
    environment_bytes: int = 20 * _GIB
    capture_days: float = 90.0
    capture_bytes: int = 2 * _GIB
    log_bytes: int = 10 * _MIB


@dataclass(frozen=True, slots=True)
class Pruned:
    """One thing that went, or would go.

    ``bytes`` is what that frees, ``because`` says why in a few words.
    """

    kind: Literal["environment", "captures", "log", "service"]
    path: Path
    bytes: int
    because: str


@dataclass(frozen=True, slots=True)
class _Kept:
    path: Path
    used: float
    bytes: int


def prune(
    place: Place, limits: Limits | None = None, *, preview: bool = False
) -> tuple[Pruned, ...]:
    """Remove what is old and not in use.

    Parameters
    ----------
    place : Place
        The deployer's folder.
    limits : Limits, optional
        The defaults where not given.
    preview : bool
        Say only what would go.

    Returns
    -------
    tuple of Pruned
        What went, or would.
    """
    limits = limits or Limits()
    memories = {name: _in_use(place, name) for name in place.endpoint_names()}
    found = [
        *_environments(place, limits, memories),
        *_captures(place, limits, memories),
        *_services(place, memories),
    ]
    gone = [one for one in found if preview or _remove(one)]
    for log in _long_logs(place, limits):
        gone.append(log)
        if not preview:
            _shorten(log.path, limits.log_bytes // 10)
    return tuple(gone)


def mark_used(environment: Path) -> None:
    """Note that an environment is used now, so that it is not pruned for a while."""
    with contextlib.suppress(FileNotFoundError), (environment / USED).open("a") as mark:
        fcntl.flock(mark, fcntl.LOCK_SH)  # who removes it looks at the time and renames in one lock
        os.utime(mark.fileno())


@contextlib.contextmanager
def in_use(environment: Path | None) -> Iterator[None]:
    """Keep an environment from being pruned as long as this lasts; None is no environment."""
    if environment is None:
        yield
        return
    with (environment / USED).open("a") as mark:
        fcntl.flock(mark, fcntl.LOCK_SH)
        os.utime(mark.fileno())
        yield


def sweep(folder: Path) -> None:
    """Finish what a killed process began to remove."""
    for half in folder.glob(f"{_REMOVING}*"):
        shutil.rmtree(half, ignore_errors=True)


def _in_use(place: Place, endpoint: str) -> tuple[Placed, ...]:
    memory = MemoryFile(place.memory_of(endpoint)).memory
    named = (memory.serving, memory.model, *memory.starting, *memory.leaving)
    return tuple(one for one in named if one is not None)


def _environments(
    place: Place, limits: Limits, memories: dict[str, tuple[Placed, ...]]
) -> Iterable[Pruned]:
    sweep(place.environments)
    used = set()
    for placed in (one for many in memories.values() for one in many if one.envelope):
        note = place.folder / placed.folder / INTERPRETER
        if not note.exists():  # by an earlier version: it may use any of them
            return ()
        used.add(note.read_text(encoding="utf-8"))
        # Envelopes beside it that run in services of their own.
        used.update(one.read_text(encoding="utf-8") for one in note.parent.glob(f"*/{INTERPRETER}"))
    kept = []
    for path in _folders(place.environments):
        if str(path / "bin" / "python") not in used and not path.name.startswith("."):
            mark = path / USED
            kept.append(_Kept(path, (mark if mark.exists() else path).stat().st_mtime, _size(path)))
    return _too_much("environment", kept, limits.environment_days, limits.environment_bytes)


def _captures(
    place: Place, limits: Limits, memories: dict[str, tuple[Placed, ...]]
) -> Iterable[Pruned]:
    kept = []
    for endpoint in _folders(place.captures):
        sweep(endpoint)
        mine = memories.get(endpoint.name, ())
        used = {id_[:10] for placed in mine for id_ in (placed.envelope, *placed.beside)}
        for path in _folders(endpoint):
            if path.name not in used:
                times = [file.stat().st_mtime for file in path.iterdir()]
                written = max(times, default=path.stat().st_mtime)
                kept.append(_Kept(path, written, _size(path)))
    return _too_much("captures", kept, limits.capture_days, limits.capture_bytes)


def _services(place: Place, memories: dict[str, tuple[Placed, ...]]) -> Iterable[Pruned]:
    for endpoint, placed in memories.items():
        sweep(place.memory_of(endpoint).parent)
        used = {one.folder for one in placed}
        for path in place.old_services(endpoint, used):
            yield Pruned("service", path, _size(path), "a newer one has run since")


def _too_much(
    kind: Literal["environment", "captures"], kept: list[_Kept], days: float, most: int
) -> Iterable[Pruned]:
    now, total = time.time(), sum(one.bytes for one in kept)
    for one in sorted(kept, key=lambda one: one.used):
        age = now - one.used
        if age < _YOUNG_SECONDS:
            continue
        if age > days * _DAY:
            because = f"not used for {age / _DAY:.0f} days"
        elif total > most:
            because = f"more than {most / _GIB:g} GiB are kept"
        else:
            continue
        total -= one.bytes
        yield Pruned(kind, one.path, one.bytes, because)


def _long_logs(place: Place, limits: Limits) -> Iterable[Pruned]:
    logs = [place.log, *place.folder.glob("endpoints/*/*/service.log")]
    for log in logs:
        with contextlib.suppress(FileNotFoundError):
            size = log.stat().st_size
            if size > limits.log_bytes:
                freed = size - limits.log_bytes // 10
                yield Pruned("log", log, freed, f"longer than {limits.log_bytes / _MIB:g} MiB")


def _shorten(log: Path, keep: int) -> None:
    """Keep the end of a log in place: its writer appends and has it open."""
    with log.open("rb+") as file:
        file.seek(-keep, os.SEEK_END)
        _, _, end = file.read().partition(b"\n")
        file.truncate(0)
    with log.open("ab") as file:
        file.write(end)


def _remove(one: Pruned) -> bool:
    """Rename it out of the way, then remove it; False where somebody uses it by now."""
    with contextlib.ExitStack() as held:
        mark = one.path / USED
        if one.kind == "environment" and mark.exists():
            lock = held.enter_context(mark.open("a"))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return False
            if time.time() - os.fstat(lock.fileno()).st_mtime < _YOUNG_SECONDS:
                return False
        half = one.path.with_name(f"{_REMOVING}{secrets.token_hex(6)}")
        try:
            one.path.rename(half)
        except FileNotFoundError:  # somebody else prunes here too
            return False
    shutil.rmtree(half, ignore_errors=True)
    return True


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_dir() and not path.is_symlink())


def _size(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(root, name)).st_size  # noqa: PTH118 - many files
    return total
