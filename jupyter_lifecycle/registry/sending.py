"""Files on their way to and from a server: after a cut they go on where it was."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING, Final

from jupyter_lifecycle.errors import ConflictError, IntegrityError, RegistryUnavailableError
from jupyter_lifecycle.registry.artifacts import read_chunks
from jupyter_lifecycle.registry.transport import TRIES, Call

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jupyter_lifecycle.registry.backend import Progress
    from jupyter_lifecycle.registry.transport import Transport

_CHUNK: Final = 2**20
_PAUSE_SECONDS: Final = 0.2


def send(transport: Transport, digest: str, path: Path, progress: Progress | None) -> None:
    """Store a file under its digest; nothing is seen of it before it's whole.

    A cut costs what was on its way. Only cuts without a byte between them are counted as tries.

    Raises
    ------
    RegistryUnavailableError
        The connection was cut three times, and nothing got through between.
    IntegrityError
        What arrived is not what the digest says, also when sent from its beginning.
    """
    address, size = f"/v1/blobs/{digest}", path.stat().st_size
    offset = failures = 0
    while True:
        rest = _Rest(path, offset, size, progress)
        params = {"offset": offset} if offset else None
        try:
            transport.json(Call("PUT", address, params=params, data=rest, tries=1))
            return
        except IntegrityError:
            if not offset:
                raise
            offset, failures = 0, failures + 1  # what was kept of it is wrong
        except (RegistryUnavailableError, ConflictError) as error:
            # After a conflict somebody else sends it, or this server keeps no part: begin anew.
            cut = isinstance(error, RegistryUnavailableError)
            here = int(transport.json(Call("GET", f"{address}/part"))["size"]) if cut else 0
            failures = 0 if offset < here <= size else failures + 1
            if failures == TRIES:
                raise RegistryUnavailableError(
                    f"{transport.url} was cut off {TRIES} times while file {digest[:10]} was sent:"
                    f" {here:,} of {size:,} bytes are there. Save again: what is there stays.",
                    location=transport.url,
                ) from error
            offset = here if here <= size else 0
            threading.Event().wait(_PAUSE_SECONDS * failures)


def fetch(transport: Transport, digest: str, target: Path, progress: Progress | None) -> None:
    """Have a blob as a file at ``target``, checked.

    Raises
    ------
    RegistryUnavailableError
        The connection was cut three times, and nothing got through between.
    IntegrityError
        What came is not what the digest says.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    seen, done, failures = hashlib.sha256(), 0, 0
    with target.open("wb") as writing:
        while True:
            params = {"offset": done} if done else None
            before = done
            try:
                with transport.stream(Call("GET", f"/v1/blobs/{digest}", params=params)) as answer:
                    total = done + int(answer.headers.get("content-length", 0))
                    for chunk in answer.iter_content(_CHUNK):
                        seen.update(chunk)
                        writing.write(chunk)
                        done += len(chunk)
                        if progress is not None:
                            progress(done, total)
                break
            except RegistryUnavailableError:
                failures = 0 if done > before else failures + 1
                if failures == TRIES or not done:
                    raise
    if seen.hexdigest() != digest:
        target.unlink()
        raise IntegrityError(
            f"{transport.url} sent something else than file {digest[:10]}."
            " Try again; if it stays so, tell whoever runs the registry.",
            digest=digest,
        )


class _Rest:
    """What of a file is to be sent still, in large pieces; tells how far it is.

    Without ``read``, which http.client would call for 16 KiB at a time.
    """

    def __init__(self, path: Path, offset: int, size: int, progress: Progress | None) -> None:
        self._path = path
        self._offset = offset
        self._size = size
        self._progress = progress

    def __len__(self) -> int:
        return self._size - self._offset

    def __iter__(self) -> Iterator[bytes]:
        done = self._offset
        with self._path.open("rb") as stream:
            stream.seek(self._offset)
            for chunk in read_chunks(stream, _CHUNK):
                yield chunk
                done += len(chunk)
                if self._progress is not None:
                    self._progress(done, self._size)
