"""Columns that an eviction leaves alone, by the names that people gave."""

from __future__ import annotations

import contextlib
import json
import os
from secrets import token_hex
from typing import TYPE_CHECKING

from jupyter_lifecycle.errors import CacheError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


class Pins:
    """Keys by label, in a file that is written whole or not at all.

    Parameters
    ----------
    path : Path
        The file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Mapping[str, tuple[bytes, ...]]:
        """Return the keys of each label; nothing where the file is damaged."""
        found: dict[str, tuple[bytes, ...]] = {}
        with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
            for label, keys in json.loads(self._path.read_bytes()).items():
                found[label] = tuple([bytes.fromhex(key) for key in keys])
        return found

    def pinned(self) -> set[bytes]:
        """Return all keys that are pinned."""
        return {key for keys in self.read().values() for key in keys}

    def put(self, label: str, keys: Iterable[bytes] | None) -> None:
        """Pin keys under a label, in place of those that it had; None unpins it.

        Raises
        ------
        CacheError
            Where the file can't be written.
        """
        pins = {name: [key.hex() for key in found] for name, found in self.read().items()}
        pins.pop(label, None)
        if keys is not None:
            pins[label] = [key.hex() for key in keys]
        try:
            self._write(json.dumps(pins))
        except OSError as error:
            raise CacheError(f"{label} can't be pinned in {self._path}: {error}.") from error

    def _write(self, text: str) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = self._path.with_name(f"pins.{os.getpid()}-{token_hex(4)}.tmp")
        try:
            temporary.write_text(text)
            temporary.chmod(0o600)
            temporary.replace(self._path)
        finally:
            temporary.unlink(missing_ok=True)

    def clear(self) -> None:
        """Pin nothing any more."""
        self._path.unlink(missing_ok=True)
