"""Sends who saw which arm to the registry, until it has it; what it has is removed here."""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
from typing import TYPE_CHECKING

from jupyter_lifecycle.deployment.service.exposing import ENDING
from jupyter_lifecycle.errors import InvalidValueError
from jupyter_lifecycle.registry.trials import Exposures

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jupyter_lifecycle.registry import Registry

LOG = logging.getLogger("jupyter_lifecycle.deployer")
_CHUNK = 512 * 1024
_MOST = 10_000
_MARK = ".sent"


def send_exposures(registry: Registry, folder: Path) -> int:
    """Send what is new in a folder of folders of exposures.

    It may be killed at any moment, and several may do it at once: a stretch that is sent twice
    counts once.

    Parameters
    ----------
    registry : Registry
        Where they go.
    folder : pathlib.Path
        Has a folder for each endpoint.

    Returns
    -------
    int
        How many were new to the registry.

    Raises
    ------
    RegistryError
        Where the registry does not take them; they are sent again the next time.
    """
    sent = 0
    for path in sorted(folder.glob(f"*/*{ENDING}")):
        with contextlib.suppress(FileNotFoundError):  # somebody else sent and removed it
            sent += _send_file(registry, path)
    return sent


def _send_file(registry: Registry, path: Path) -> int:
    ended = _is_ended(path)  # looked at first: what is written afterwards is not removed
    mark = path.with_suffix(_MARK)
    place, sent = _read_mark(mark), 0
    while block := _read_lines(path, place):
        lines, after = block
        for stretch in _stretches(path.stem, place, lines):
            try:
                sent += registry.add_exposures([stretch])
            except InvalidValueError as problem:
                LOG.warning("exposures of %s were refused: %s", stretch.experiment, problem)
        _write_mark(mark, after)
        place = after
    if ended:
        path.unlink(missing_ok=True)
        mark.unlink(missing_ok=True)
    return sent


def _read_lines(path: Path, place: int) -> tuple[list[bytes], int] | None:
    """Give whole lines from a place on, and where they end; None where there are none."""
    with path.open("rb") as file:
        file.seek(place)
        block = file.read(_CHUNK)
    end = block.rfind(b"\n") + 1
    if not end:
        return None
    lines = block[:end].splitlines(keepends=True)[:_MOST]
    return lines, place + sum(map(len, lines))


def _stretches(source: str, place: int, lines: list[bytes]) -> Iterator[Exposures]:
    """Give one stretch for each experiment."""
    found: dict[str, list[tuple[str, str, int]]] = {}
    for line in lines:
        try:
            experiment, unit, arm, at = json.loads(line)
        except ValueError:  # torn by a killed process or a full disk: nobody saw that arm
            continue
        found.setdefault(str(experiment), []).append((str(unit), str(arm), int(at)))
    for experiment, rows in found.items():
        units, arms, at = zip(*rows, strict=True)
        yield Exposures(experiment, source, place, units, arms, at)


def _is_ended(path: Path) -> bool:
    """Whether the process that wrote a file lives no more: its lock is free."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def _read_mark(mark: Path) -> int:
    try:
        return int(mark.read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return 0


def _write_mark(mark: Path, place: int) -> None:
    temporary = mark.with_name(f".{mark.name}.{os.getpid()}")
    temporary.write_text(str(place), encoding="ascii")
    temporary.replace(mark)
