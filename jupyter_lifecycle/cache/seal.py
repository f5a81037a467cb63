"""Seals: what tells the records that this user wrote from those of anybody else.

Reading a pickle runs code, so a pickle is read only where its digest stands in a record that was
sealed with the folder's secret: 32 random bytes in a file that its owner alone can read. Whoever
can write into the folder, but can't read the secret, can take columns away and can't put any in.
The seal is BLAKE2b with a key (RFC 7693), 16 bytes.
"""

from __future__ import annotations

import contextlib
import os
import stat
from hashlib import blake2b
from secrets import token_bytes, token_hex
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

SIZE: Final = 16
_SECRET: Final = 32


class ForeignError(OSError):
    """A folder whose secret belongs to somebody else."""


class Seal:
    """Seals records with the secret of a folder.

    Parameters
    ----------
    secret : bytes
        Up to 64 bytes.
    """

    def __init__(self, secret: bytes) -> None:
        self._keyed = blake2b(key=secret, digest_size=SIZE)

    def of(self, *parts: Any) -> bytes:
        """Return the seal of some bytes.

        Parameters
        ----------
        *parts : buffer
            Taken as one, in their order.

        Returns
        -------
        bytes
            16 bytes.
        """
        state = self._keyed.copy()
        for part in parts:
            state.update(part)
        return state.digest()


class Secret:
    """The secret of a folder: made once, by whoever writes first.

    Parameters
    ----------
    path : Path
        Its file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seal: Seal | None = None

    def seal(self) -> Seal | None:
        """Return the folder's seal, None where it has none that can be relied upon.

        A secret that others could read, or that isn't whole, is none: another one will be made,
        and what was sealed with it is not found any more.

        Raises
        ------
        ForeignError
            If the secret isn't this user's.
        OSError
            If it can't be read.
        """
        if self._seal is None:
            try:
                descriptor = os.open(self._path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            except (FileNotFoundError, NotADirectoryError):
                return None
            with os.fdopen(descriptor, "rb") as file:
                alone = _is_mine_alone(os.fstat(file.fileno()))
                secret = file.read(_SECRET)
            if not alone or len(secret) < _SECRET:
                return None
            self._seal = Seal(secret)
        return self._seal

    def made(self) -> Seal:
        """Return the folder's seal; makes the secret where there is none.

        Raises
        ------
        OSError
            If it can be neither read nor written.
        """
        found = self.seal()
        while found is None:
            self._make()
            found = self.seal()
        return found

    def _make(self) -> None:
        """Put a whole file in place unless another process was faster."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = f"{self._path}.{os.getpid()}-{token_hex(4)}.tmp"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(token_bytes(_SECRET))
            try:
                os.link(temporary, self._path)
            except FileExistsError:
                if self.seal() is None:
                    os.replace(temporary, self._path)  # noqa: PTH105 - beside its creation
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)  # noqa: PTH108 - beside its creation

    def forget(self) -> None:
        """Read it anew at the next use: somebody may have removed the folder."""
        self._seal = None


def _is_mine_alone(seen: os.stat_result) -> bool:
    if not hasattr(os, "geteuid"):  # Windows: the folder's own rights decide
        return True
    if seen.st_uid != os.geteuid():
        raise ForeignError(f"it belongs to another user, number {seen.st_uid}")
    return not stat.S_IMODE(seen.st_mode) & 0o077
