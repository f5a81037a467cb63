"""How keys came to be, as it was told when values were stored: read only when somebody asks."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.cache.log import Log, frames

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Reasons:
    """JSON-ready facts by key, in memory and in a log.

    Parameters
    ----------
    path : Path, optional
        The log; None keeps all in memory.
    """

    def __init__(self, path: Path | None) -> None:
        self._log = None if path is None else Log(path)
        self._texts: dict[bytes, bytes] = {}
        self._read = 0

    def tell(self, key: bytes, why: Mapping[str, Any], *, on_disk: bool) -> None:
        """Keep the facts of a key.

        Parameters
        ----------
        key : bytes
            16 bytes.
        why : Mapping
            JSON-ready; what isn't is kept as its text.
        on_disk : bool
            Whether other processes shall know.

        Raises
        ------
        OSError
            Where the log can't be written.
        """
        text = json.dumps(why, default=str).encode()
        self._texts[key] = text
        if on_disk and self._log is not None:
            self._log.append(key + text)

    def get(self, key: bytes) -> Mapping[str, Any] | None:
        """Return the facts of a key, None where nothing was told."""
        if key not in self._texts:
            self._refresh()
        text = self._texts.get(key)
        if text is None:
            return None
        found: Mapping[str, Any] = json.loads(text)
        return found

    def _refresh(self) -> None:
        if self._log is None:
            return
        with contextlib.suppress(OSError), self._log.path.open("rb") as file:
            file.seek(self._read)
            read = self._read
            for end, payload in frames(file.read()):
                self._texts[payload[:16]] = payload[16:]
                self._read = read + end

    def clear(self) -> None:
        """Forget everything, here and on disk."""
        self._texts.clear()
        self._read = 0
        if self._log is not None:
            self._log.close()
            self._log.path.unlink(missing_ok=True)
