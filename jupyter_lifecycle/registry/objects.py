"""Files by content in an object store (S3, GCS) by fsspec: written whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import time
from typing import IO, TYPE_CHECKING, Any, Final

from jupyter_lifecycle.errors import (
    ConflictError,
    IntegrityError,
    MissingExtraError,
    NotFoundError,
    RegistryError,
    RegistryUnavailableError,
)
from jupyter_lifecycle.registry.artifacts import changed_on_the_way, check_digest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

BLOCK: Final = 8 * 2**20
"""Bytes of a part of an upload: what is held in memory, and S3 takes 10,000 of them."""
_KINDS: Final = ("s3", "s3a", "gs", "gcs", "file")
"""Those whose drivers show nothing of a file before it's committed."""
_TIMES: Final = ("LastModified", "last_modified", "mtime", "created", "updated")


class ObjectArtifacts:
    """Blobs in an object store, ``ab/ab12…`` under a prefix; many servers may use it at once.

    Parameters
    ----------
    url : str
        ``s3://bucket/prefix`` or ``gs://…``; credentials and endpoints come from where
        the store's own library takes them (for S3: ``AWS_ACCESS_KEY_ID``, ``AWS_ENDPOINT_URL``, …).

    Raises
    ------
    MissingExtraError
        The library for this kind of address is not installed.
    RegistryError
        There is no such kind of address.
    """

    def __init__(self, url: str) -> None:
        self._fs, self._root = _open(url)
        self._root = self._root.rstrip("/")
        self.url = url

    def size(self, digest: str) -> int | None:
        """Bytes of a blob; None where there is none."""
        try:
            with _spoken(self.url):
                return int(self._fs.info(self._path(digest))["size"])
        except FileNotFoundError:
            return None

    def begin(self, digest: str, offset: int = 0) -> ObjectUpload:
        """Start to write a blob.

        Raises
        ------
        ConflictError
            It's to be gone on with, and here an upload that was cut begins anew.
        """
        if offset:
            raise ConflictError(
                f"{self.url} keeps no part of a file. Send it from its beginning.", offset=0
            )
        with _spoken(self.url):
            # Nothing is to be seen before commit: an upload in parts, or an object put at once.
            self._make_parent(self._path(digest))
            stream = self._fs.open(self._path(digest), "wb", block_size=BLOCK, autocommit=False)
        return ObjectUpload(stream, digest, self.url)

    def part(self, digest: str) -> int:
        """0: an object store keeps no part that another server could go on with."""
        check_digest(digest)
        return 0

    def open(self, digest: str) -> IO[bytes]:
        """Read a blob.

        Raises
        ------
        NotFoundError
            There is none with this digest.
        """
        try:
            with _spoken(self.url):
                found: IO[bytes] = self._fs.open(self._path(digest), "rb", block_size=BLOCK)
                return found
        except FileNotFoundError:
            raise NotFoundError(f"There is no file with the digest {digest}.") from None

    def local(self, digest: str) -> Path | None:
        """None: an object is no file of this machine."""
        check_digest(digest)
        return None

    def check(self) -> None:
        """Try to write.

        Raises
        ------
        RegistryUnavailableError
            The store does not answer, or does not take anything.
        """
        probe = f"{self._root}/incoming/check.{os.getpid()}.{secrets.token_hex(4)}"
        try:
            with _spoken(self.url):
                self._make_parent(probe)
                self._fs.pipe_file(probe, b"")
                self._fs.rm_file(probe)
        except FileNotFoundError as error:
            raise RegistryUnavailableError(
                f"The registry's files in {self.url} cannot be used now: {error}.",
                location=self.url,
            ) from error

    def listed(self) -> Iterator[tuple[str, float]]:
        """Give every blob with the time at which it was written."""
        with _spoken(self.url):
            found = self._fs.find(self._root, detail=True)
        for path, info in sorted(found.items()):
            *_, folder, name = path.split("/")
            if len(name) == 64 and name.startswith(folder):
                yield name, _written(info)

    def keep(self, digest: str) -> None:
        """Do nothing: an object's time is its own. The client sends again what was collected."""

    def remove(self, digest: str) -> int:
        """Remove a blob; gives its bytes."""
        size = self.size(digest)
        if size is None:
            return 0
        with _spoken(self.url):
            self._fs.rm_file(self._path(digest))
        return size

    def sweep(self, before: float) -> None:
        """Do nothing: the store itself ends uploads that were begun and never finished."""

    def _make_parent(self, path: str) -> None:
        if self.url.startswith("file:"):  # elsewhere it would make a bucket that nobody asked for
            self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)

    def _path(self, digest: str) -> str:
        check_digest(digest)
        return f"{self._root}/{digest[:2]}/{digest}"


class ObjectUpload:
    """An object on its way into a store."""

    def __init__(self, stream: Any, digest: str, url: str) -> None:
        self._stream = stream
        self._digest = digest
        self._url = url
        self._hash = hashlib.sha256()
        self._open = True

    def write(self, chunk: bytes) -> None:
        """Add some bytes."""
        self._hash.update(chunk)
        with _spoken(self._url):
            self._stream.write(chunk)

    def commit(self) -> None:
        """Check the digest and make the object visible, whole.

        Raises
        ------
        IntegrityError
            What was written is not what the digest says; nothing is kept.
        """
        found = self._hash.hexdigest()
        if found != self._digest:
            self.abort()
            raise changed_on_the_way(self._digest, found)
        with _spoken(self._url):
            self._stream.close()
            self._stream.commit()
        self._open = False

    def abort(self) -> None:
        """Forget it."""
        if not self._open:
            return
        self._open = False
        # What was wrong first is told; the store ends by itself what could not be taken back.
        with contextlib.suppress(Exception):
            self._stream.close()
            self._stream.discard()

    def suspend(self) -> None:
        """Forget it: nothing could go on with it."""
        self.abort()


def _open(url: str) -> tuple[Any, str]:
    try:
        import fsspec
    except ImportError:
        raise MissingExtraError(
            "Artifacts in an object store need fsspec. Run: pip install 'jupyter_lifecycle[s3]'"
        ) from None
    kind = url.partition("://")[0]
    if kind not in _KINDS:
        raise RegistryError(
            f"{url!r} is no object store that files can be kept in: write s3://… or gs://…"
        )
    try:
        fs, root = fsspec.core.url_to_fs(url, use_listings_cache=False, skip_instance_cache=True)
    except ImportError as error:
        raise MissingExtraError(f"{kind}:// cannot be used: {error}") from None
    return fs, str(root)


def _written(info: dict[str, Any]) -> float:
    found: datetime | float | None = next((info[key] for key in _TIMES if info.get(key)), None)
    if found is None:
        return time.time()  # one whose age nobody knows is never collected
    return found if isinstance(found, (int, float)) else found.timestamp()


@contextlib.contextmanager
def _spoken(url: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, IntegrityError):
        raise
    except Exception as error:  # each store's library has exceptions of its own
        reason = str(error).strip().rstrip(".") or type(error).__name__
        raise RegistryUnavailableError(
            f"The registry's files in {url} cannot be used now: {reason}.", location=url
        ) from error
