"""What was told about keys: a log that is read only when somebody asks."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Final

from jupyter_lifecycle.cache.log import Log, frame, payloads

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_lifecycle.cache.seal import Seal

_OFTEN: Final = 0.05


class Told:
    """Bytes by key, the last ones told.

    Parameters
    ----------
    path : Path, optional
        The log; None keeps all in memory.
    """

    def __init__(self, path: Path | None) -> None:
        self._log = None if path is None else Log(path)
        self._texts: dict[bytes, bytes] = {}
        self._waiting: dict[bytes, bytes] = {}
        self._read = 0
        self._inode = 0
        self._looked = 0.0
        self.seal: Seal | None = None

    @property
    def waits(self) -> bool:
        """Whether something is to be written."""
        return bool(self._waiting)

    def tell(self, key: bytes, text: bytes) -> None:
        """Keep the text of a key; :meth:`flush` writes it.

        Parameters
        ----------
        key : bytes
            16 bytes.
        text : bytes
            Anything.
        """
        self._texts[key] = text
        if self._log is not None:
            self._waiting[key] = text

    def flush(self) -> None:
        """Write what was told.

        Raises
        ------
        OSError
            Where the log can't be written.
        """
        waiting, self._waiting = self._waiting, {}
        if self._log is not None and self.seal is not None and waiting:
            seal = self.seal
            self._log.append(b"".join([frame(key + text, seal) for key, text in waiting.items()]))

    def get(self, key: bytes, *, batched: bool = False) -> bytes | None:
        """Return the text of a key, None where nothing was told.

        Within a batch, what others told is not looked at for each key.
        """
        if key not in self._texts:
            now = time.monotonic()
            if not batched or now - self._looked > _OFTEN:
                self._looked = now
                self._refresh()
        return self._texts.get(key)

    def _refresh(self) -> None:
        if self._log is None or self.seal is None:
            return
        with contextlib.suppress(OSError):
            seen: Any = self._log.path.stat()
            if seen.st_ino != self._inode or seen.st_size < self._read:
                self._inode, self._read = seen.st_ino, 0
            if seen.st_size == self._read:
                return
            with self._log.path.open("rb") as file:
                file.seek(self._read)
                data = file.read()
            read = self._read
            for end, payload in payloads(data, self.seal):
                if payload[:16] not in self._waiting:
                    self._texts[payload[:16]] = payload[16:]
                self._read = read + end

    def clear(self) -> None:
        """Forget everything, here and on disk."""
        self._texts.clear()
        self._waiting.clear()
        self._read = 0
        if self._log is not None:
            self._log.close()
            self._log.path.unlink(missing_ok=True)
