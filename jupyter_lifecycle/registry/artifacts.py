"""Files by content: written whole or not at all, each once."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from typing import IO, TYPE_CHECKING, Protocol, cast

from jupyter_lifecycle.errors import (
    ConflictError,
    IntegrityError,
    NotFoundError,
    RegistryError,
    RegistryUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

CHUNK = 2**20


class Upload(Protocol):
    """A file that is being written; it is nowhere to be seen before :meth:`commit`."""

    def write(self, chunk: bytes) -> None:
        """Add some bytes."""

    def commit(self) -> None:
        """Check the digest and make the file visible, whole."""

    def abort(self) -> None:
        """Forget it."""

    def suspend(self) -> None:
        """Stop, and keep what came where the store can; see :meth:`Artifacts.part`."""


class Artifacts(Protocol):
    """Where blobs are kept, by the SHA-256 of their content (64 hex digits)."""

    def size(self, digest: str) -> int | None:
        """Bytes of a blob; None where there is none."""

    def begin(self, digest: str, offset: int = 0) -> Upload:
        """Start to write a blob, or go on after so many bytes of the part that is there."""

    def part(self, digest: str) -> int | None:
        """Bytes of a blob that came before its upload was cut; None while somebody writes them."""

    def open(self, digest: str) -> IO[bytes]:
        """Read a blob; :class:`NotFoundError` where there is none."""

    def local(self, digest: str) -> Path | None:
        """Give the blob as a file on this machine, where it is one."""

    def check(self) -> None:
        """Raise :class:`RegistryUnavailableError` where nothing can be written now."""

    def listed(self) -> Iterator[tuple[str, float]]:
        """Give every blob with the time at which it was last written or asked for."""

    def keep(self, digest: str) -> None:
        """Make a blob as young as if it was written now; nothing where there is none."""

    def remove(self, digest: str) -> int:
        """Remove a blob; gives its bytes."""

    def sweep(self, before: float) -> None:
        """Remove what was begun before a time and never finished."""


class FolderArtifacts:
    """Blobs in a folder, ``ab/ab12…``; several processes may use it at once.

    Parameters
    ----------
    folder : Path
        Made at the first write.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def size(self, digest: str) -> int | None:
        """Bytes of a blob; None where there is none."""
        try:
            return self._path(digest).stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    def begin(self, digest: str, offset: int = 0) -> FolderUpload:
        """Start to write a blob, or go on after so many bytes of the part that is there.

        Raises
        ------
        ConflictError
            The part has fewer bytes, or somebody else goes on with it now.
        """
        return FolderUpload(self._path(digest), self._part(digest), offset)

    def part(self, digest: str) -> int | None:
        """Bytes of a blob that came before its upload was cut; None while somebody writes them."""
        part = self._part(digest)
        if not part.exists():
            return 0
        file = _locked(part, "rb")
        if file is None:
            return None
        with file:
            return os.fstat(file.fileno()).st_size

    def open(self, digest: str) -> IO[bytes]:
        """Read a blob.

        Raises
        ------
        NotFoundError
            There is none with this digest.
        """
        try:
            return self._path(digest).open("rb")
        except FileNotFoundError:
            raise NotFoundError(f"There is no file with the digest {digest}.") from None

    def local(self, digest: str) -> Path | None:
        """Give the blob's file; None where there is none."""
        path = self._path(digest)
        return path if path.exists() else None

    def check(self) -> None:
        """Try to write.

        Raises
        ------
        RegistryUnavailableError
            The folder cannot be written.
        """
        probe = self.folder / "incoming" / f"check.{os.getpid()}.{secrets.token_hex(4)}"
        try:
            probe.parent.mkdir(parents=True, exist_ok=True)
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise RegistryUnavailableError(
                f"The registry's files cannot be written now: {error.strerror or error}."
            ) from error

    def listed(self) -> Iterator[tuple[str, float]]:
        """Give every blob with the time at which it was last written or asked for."""
        for path in self.folder.glob("??/*"):
            with contextlib.suppress(FileNotFoundError):
                yield path.name, path.stat().st_mtime

    def keep(self, digest: str) -> None:
        """Make a blob as young as if it was written now; nothing where there is none."""
        with contextlib.suppress(OSError):  # a read-only folder loses nothing by it
            os.utime(self._path(digest))

    def remove(self, digest: str) -> int:
        """Remove a blob; gives its bytes."""
        path = self._path(digest)
        try:
            size = path.stat().st_size
            path.unlink()
        except FileNotFoundError:
            return 0
        return size

    def sweep(self, before: float) -> None:
        """Remove what was begun before a time and never finished."""
        for path in (self.folder / "incoming").glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()

    def _path(self, digest: str) -> Path:
        check_digest(digest)
        return self.folder / digest[:2] / digest

    def _part(self, digest: str) -> Path:
        return self.folder / "incoming" / f"{check_digest(digest)}.part"


class FolderUpload:
    """A file on its way into a :class:`FolderArtifacts`.

    The part of a digest has one writer at a time, who holds its lock. Who comes meanwhile
    writes a file of their own, which nobody goes on with.

    Parameters
    ----------
    target, part : Path
        What it will be called, and what it is called until then; the name of the first is
        its digest.
    offset : int
        How many bytes of the part stay.
    """

    def __init__(self, target: Path, part: Path, offset: int) -> None:
        self._target = target
        self._hash = hashlib.sha256()
        with _spoken_errors():
            part.parent.mkdir(parents=True, exist_ok=True)
            mine = _locked(part)
            self._kept = mine is not None
            if mine is None:
                own = f"{target.name[:16]}.{os.getpid()}.{secrets.token_hex(8)}"
                part = part.with_name(own)
                mine = part.open("xb")
        self._temporary = part
        self._file = mine
        self._go_on(offset)

    def _go_on(self, offset: int) -> None:
        here = os.fstat(self._file.fileno()).st_size
        if here < offset:
            if here:
                self.suspend()
            else:
                self.abort()
            raise ConflictError(
                f"File {self._target.name[:10]} has {here:,} bytes here that can be gone on with,"
                f" not {offset:,}. Ask again how many there are, or send it from its beginning.",
                offset=here,
            )
        if offset:
            self._file.seek(0)
            left = offset
            while left and (chunk := self._file.read(min(CHUNK, left))):
                self._hash.update(chunk)
                left -= len(chunk)
        self._file.truncate(offset)

    def write(self, chunk: bytes) -> None:
        """Add some bytes."""
        self._hash.update(chunk)
        with _spoken_errors():
            self._file.write(chunk)

    def commit(self) -> None:
        """Check the digest, put it on the disk for good, then give it its name.

        Raises
        ------
        IntegrityError
            What was written is not what the digest says; nothing is kept.
        """
        found = self._hash.hexdigest()
        if found != self._target.name:
            self.abort()
            raise changed_on_the_way(self._target.name, found)
        with _spoken_errors():
            self._file.flush()
            os.fsync(self._file.fileno())
            if not self._kept:
                self._file.close()
            self._temporary.chmod(0o444)
            self._target.parent.mkdir(exist_ok=True)
            # A part is renamed under its lock: else its next writer would empty what is named.
            self._temporary.replace(self._target)
            self._file.close()
            _sync_folder(self._target.parent)

    def abort(self) -> None:
        """Forget it."""
        if self._kept and self._file.closed:
            return  # by now the part may be somebody else's
        if self._kept:
            self._temporary.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # a full disk must not hide what was wrong first
            self._file.close()
        if not self._kept:
            self._temporary.unlink(missing_ok=True)

    def suspend(self) -> None:
        """Stop, and keep what came, to be gone on with."""
        if not self._kept:
            self.abort()
            return
        with _spoken_errors():
            self._file.close()


def _locked(part: Path, mode: str = "a+b") -> IO[bytes] | None:
    """Open a part with its lock; None where somebody else has it, or locks are not known here."""
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    try:
        file = cast("IO[bytes]", part.open(mode))
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(file.fileno()).st_ino == part.stat().st_ino:
            return file
    except OSError:  # locked, or finished or forgotten since it was opened
        pass
    file.close()
    return None


def check_digest(digest: str) -> str:
    """Check that a text is a SHA-256 in hex.

    Raises
    ------
    IntegrityError
        It's none.
    """
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise IntegrityError(f"{digest[:80]!r} is no SHA-256 in 64 lower case hex digits.")
    return digest


def changed_on_the_way(expected: str, found: str) -> IntegrityError:
    """Say that a file is not what its digest says."""
    return IntegrityError(
        f"The file that came has the digest {found}, not {expected}:"
        " it was changed or cut on the way. Send it again.",
        expected=expected,
        found=found,
    )


def put(artifacts: Artifacts, digest: str, chunks: Iterable[bytes]) -> bool:
    """Write a blob from chunks; False where it was there already.

    Raises
    ------
    IntegrityError
        The chunks are not what the digest says.
    RegistryError
        The disk does not take it.
    """
    if artifacts.size(digest) is not None:
        return False
    upload = artifacts.begin(digest)
    try:
        for chunk in chunks:
            upload.write(chunk)
        upload.commit()
    except BaseException:
        upload.abort()
        raise
    return True


def read_chunks(stream: IO[bytes], size: int = CHUNK) -> Iterator[bytes]:
    """Give the rest of a stream, in pieces of at most ``size`` bytes."""
    while chunk := stream.read(size):
        yield chunk


def place(source: Path, target: Path) -> None:
    """Have ``source`` under a second name: a link where the disk allows it, else a copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError):
        os.link(source, target)
        return
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    with source.open("rb") as reading, temporary.open("xb") as writing:
        for chunk in read_chunks(reading):
            writing.write(chunk)
    temporary.replace(target)


def copy_out(artifacts: Artifacts, digest: str, target: Path) -> None:
    """Have a blob that is no file here as one: whole, checked, or not at all.

    Raises
    ------
    IntegrityError
        What is kept is not what the digest says.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    seen = hashlib.sha256()
    try:
        with artifacts.open(digest) as reading, temporary.open("xb") as writing:
            for chunk in read_chunks(reading):
                seen.update(chunk)
                writing.write(chunk)
        if seen.hexdigest() != digest:
            raise changed_on_the_way(digest, seen.hexdigest())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def _spoken_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RegistryError(
            f"The registry could not write a file: {error.strerror or error}."
            " Look at the space and the permissions of its folder."
        ) from error


def _sync_folder(folder: Path) -> None:
    # Not every system lets a folder be opened; where it doesn't, rename alone must do.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
