"""The index on disk: one log to which every process appends, and which each keeps in memory.

What is lost of it is a miss, never a wrong answer. Reading it costs well under a microsecond a row:
a row's seal is looked at when somebody asks for the row.
"""

# These calls are counted in microseconds, and a Path costs some.
# ruff: noqa: PTH105, PTH116
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from jupyter_lifecycle.cache import records
from jupyter_lifecycle.cache.log import HEAD, Log, frame, frames, opened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from jupyter_lifecycle.cache.seal import Seal

_KEY: Final = slice(HEAD + 1, HEAD + 17)
_CONTENT: Final = slice(HEAD + 17, HEAD + 33)
_OUTPUT: Final = slice(HEAD + 33, HEAD + 49)
_NOTHING: Final = bytes(16)


class Index:
    """What is in a folder, as far as this process has read it.

    Parameters
    ----------
    path : Path
        The file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = Log(path)
        self._inode = 0
        self._read = 0
        self._rows: dict[bytes, bytes] = {}
        self._outputs: dict[bytes, bytes] = {}
        self._unread: dict[bytes, bytes] = {}
        self._unread_outputs: dict[bytes, bytes] = {}
        self.seal: Seal | None = None
        """Of the folder; nothing is found without one."""
        self.length = 0
        """Rows in the file, as far as it was read; those that were replaced count."""
        self.losses = 0
        """How often something was forgotten: while it stays, what was found is still there."""

    def get(self, key: bytes) -> bytes | None:
        """Return the packed row of a key, by itself or by the content of the parents."""
        found = self._rows.get(key)
        if found is not None:
            return found
        framed = self._unread.pop(key, None)
        return None if framed is None else self._unsealed(framed, key)

    def of_output(self, output: bytes) -> bytes | None:
        """Return a packed row that leads to a value with this fingerprint."""
        found = self._outputs.get(output)
        if found is not None:
            return found
        framed = self._unread_outputs.pop(output, None)
        return None if framed is None else self._unsealed(framed, b"")

    def _unsealed(self, framed: bytes, key: bytes) -> bytes | None:
        packed = None if self.seal is None else opened(framed, self.seal)
        if packed is None or not records.is_row(packed):
            return None
        if key:
            self._rows[key] = packed
        self._outputs.setdefault(records.output_of(packed), packed)
        return packed

    def rows(self) -> Iterator[tuple[bytes, bytes]]:
        """Give each key with its packed row."""
        for key in [*self._unread]:
            self.get(key)
        return iter(list(self._rows.items()))

    def refresh(self) -> bool:
        """Read what was appended since, by any process.

        Returns
        -------
        bool
            Whether there was anything new.
        """
        try:
            seen = os.stat(self._path)
        except OSError:
            if self._inode:  # somebody cleared the cache
                self._start(0)
            return False
        if seen.st_ino != self._inode or seen.st_size < self._read:
            self._start(seen.st_ino)
        if seen.st_size <= self._read:
            return False
        try:
            with self._path.open("rb") as file:
                file.seek(self._read)
                data = file.read()
        except OSError:
            return False
        read = self._read
        for end, framed in frames(data, self.seal):
            self._take(framed)
            self._read = read + end
        return self._read > read

    def _start(self, inode: int) -> None:
        """Another file took the place of the one that was read, or none."""
        self._log.close()
        self._inode = inode
        self._read = 0
        self.length = 0
        self.losses += 1
        for each in (self._rows, self._outputs, self._unread, self._unread_outputs):
            each.clear()

    def _take(self, framed: bytes) -> None:
        self.length += 1
        key, content, output = framed[_KEY], framed[_CONTENT], framed[_OUTPUT]
        self._rows.pop(key, None)
        self._unread[key] = self._unread_outputs[output] = framed
        if content != _NOTHING:
            self._rows.pop(content, None)
            self._unread[content] = framed

    def add(self, packed: bytes) -> None:
        """Add a row here, and not yet on disk."""
        for key in (records.key_of(packed), records.content_of(packed)):
            if key:
                self._unread.pop(key, None)
                self._rows[key] = packed
        self._outputs[records.output_of(packed)] = packed

    def append(self, packed: Iterable[bytes], seal: Seal) -> None:
        """Write rows that were added; all at once.

        Raises
        ------
        OSError
            Where the file can't be written.
        """
        framed = [frame(each, seal) for each in packed]
        data = b"".join(framed)
        seen = self._log.append(data)
        self.length += len(framed)
        if seen is not None and self._inode in {0, seen.st_ino}:
            self._inode = seen.st_ino
            if seen.st_size == self._read + len(data):  # nobody else wrote: no need to read it back
                self._read = seen.st_size

    def drop(self, key: bytes) -> None:
        """Forget a key in this process, and by which other key its value is found."""
        packed = self.get(key)
        if packed is None:
            return
        self.losses += 1
        output = records.output_of(packed)
        self._unread_outputs.pop(output, None)
        self._outputs.pop(output, None)
        for each in (key, records.key_of(packed), records.content_of(packed)):
            self._rows.pop(each, None)

    def rewrite(self, temporary: Path, seal: Seal) -> None:
        """Put a file with only the rows that are here in place of the one on disk.

        Parameters
        ----------
        temporary : Path
            A name of one's own, on the same file system.
        seal : Seal
            Of the folder.
        """
        rows = dict.fromkeys([self._under(key, packed) for key, packed in self.rows()])
        temporary.write_bytes(b"".join([frame(packed, seal) for packed in rows]))
        temporary.chmod(0o600)
        os.replace(temporary, self._path)
        self._log.close()
        seen = os.stat(self._path)
        self._inode = seen.st_ino
        self._read = seen.st_size
        self.length = len(rows)

    def _under(self, key: bytes, packed: bytes) -> bytes:
        """Return a row that leads there from no key that leads elsewhere by now."""
        own = records.key_of(packed)
        return packed if self._rows.get(own) == packed else records.moved(packed, key)

    def sizes(self) -> int:
        """Return at most how many bytes the objects have that rows lead to."""
        unread = [records.size_of(framed[HEAD:]) for framed in self._unread.values()]
        return sum(unread) + sum(map(records.size_of, self._rows.values()))

    def clear(self) -> None:
        """Forget everything, here and on disk."""
        self._start(0)
        self._path.unlink(missing_ok=True)
