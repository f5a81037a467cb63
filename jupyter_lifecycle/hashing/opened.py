"""What a call opened outside of its arguments, as it is kept beside the column that it gave."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from jupyter_lifecycle.errors import FingerprintError
from jupyter_lifecycle.hashing.digest import combine
from jupyter_lifecycle.hashing.files import file_digest

Way: TypeAlias = Literal["file", "names"]
"""``file``: what a file or folder holds; ``names``: which names a folder has."""

Trail: TypeAlias = tuple[tuple[Way, str], ...]
"""What one call opened, in order, by the paths that it gave."""


class Source(NamedTuple):
    """A file or folder that was read, with what it held then."""

    way: Way
    path: str
    digest: bytes


class Opening(NamedTuple):
    """What calls of the same code with the same arguments opened."""

    reasons: tuple[str, ...]
    """What makes their answers impure."""
    trails: tuple[Trail, ...]
    """The paths of the last calls, the newest first."""


def digest_of(way: Way, path: str) -> bytes:
    """Return the digest of what a path leads to now.

    Parameters
    ----------
    way : {"file", "names"}
        Whether content counts, or only the names in a folder.
    path : str
        As the call gave it.

    Returns
    -------
    bytes
        16 bytes; also where nothing is there.

    Raises
    ------
    FingerprintError
        For what can't be read.
    """
    if way == "file":
        return file_digest(Path(path))
    try:
        return combine("names", *sorted(map(os.fsencode, os.listdir(path))))  # noqa: PTH208
    except (FileNotFoundError, NotADirectoryError):
        return combine("missing")
    except OSError as error:
        raise FingerprintError(f"can't read {path} ({error.strerror})") from error


def sources_of(trail: Trail) -> tuple[Source, ...] | None:
    """Return what the paths of a trail hold now; None where one can't be read."""
    try:
        return tuple([Source(way, path, digest_of(way, path)) for way, path in trail])
    except FingerprintError:
        return None


def with_sources(key: bytes, sources: tuple[Source, ...]) -> bytes:
    """Return the key of a column that was made from these sources besides its arguments.

    The same code with the same arguments opens the same first path; where that holds the same, it
    opens the same second one, and so on. So a whole trail that holds what it held gives what it
    gave.

    Parameters
    ----------
    key : bytes
        Of code and arguments.
    sources : tuple of Source
        In the order in which they were opened.

    Returns
    -------
    bytes
        16 bytes.
    """
    parts = [
        piece
        for way, path, digest in sources
        for piece in (way.encode(), os.fsencode(path), digest)
    ]
    return combine("opened", key, *parts)
