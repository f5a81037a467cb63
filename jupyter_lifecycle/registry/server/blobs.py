"""Files by content: streamed both ways, checked, and visible only when whole."""

from __future__ import annotations

import asyncio
import time
from typing import IO, TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from jupyter_lifecycle.errors import ConflictError, TooLargeError
from jupyter_lifecycle.registry.artifacts import read_chunks
from jupyter_lifecycle.registry.server.access import Reader, Writer  # noqa: TC001 - FastAPI reads it
from jupyter_lifecycle.registry.server.bodies import Digests  # noqa: TC001 - FastAPI reads it

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from jupyter_lifecycle.registry.artifacts import Upload

router = APIRouter(prefix="/v1/blobs", tags=["blobs"])

Digest = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="SHA-256 in hex")]
Offset = Annotated[int, Query(ge=0, le=2**62, description="how many bytes are there already")]
_BATCH = 2**20
_PATIENCE_SECONDS = 5.0
_TICK_SECONDS = 0.02
_GONE = 499  # as nginx writes it; nobody reads this answer


@router.post("/missing")
def missing(store: Reader, body: Digests) -> dict[str, list[str]]:
    """Say which of these blobs have to be sent."""
    return {"items": list(store.missing(body.digests))}


@router.get("/{digest}/part")
async def part(store: Writer, digest: Digest) -> dict[str, int]:
    """Say how many bytes of a blob came before its upload was cut.

    Who was cut is quicker than the server sees it, so this waits until it did; 0 where somebody
    else is sending the same.
    """
    until = time.monotonic() + _PATIENCE_SECONDS
    while (size := await run_in_threadpool(store.artifacts.part, digest)) is None:
        if time.monotonic() > until:
            return {"size": 0}
        await asyncio.sleep(_TICK_SECONDS)
    return {"size": size}


@router.put("/{digest}", status_code=201, response_model=None)
async def put(
    store: Writer, digest: Digest, request: Request, offset: Offset = 0
) -> dict[str, Any] | Response:
    """Store a blob; its body is the bytes, or those that come after so many that are here."""
    limit: int = request.app.state.blob_limit
    declared = request.headers.get("content-length", "0")
    if offset + (int(declared) if declared.isdigit() else 0) > limit:
        raise _too_large(limit)
    here = await run_in_threadpool(store.artifacts.size, digest)
    if here is not None:
        return {"digest": digest, "size": here, "existed": True}
    upload = await run_in_threadpool(store.artifacts.begin, digest, offset)
    try:
        size = await _receive(request, upload, limit, offset)
        await run_in_threadpool(upload.commit)
    except ClientDisconnect:
        await run_in_threadpool(upload.suspend)
        return Response(status_code=_GONE)
    except asyncio.CancelledError:  # the server ends before the file did
        upload.suspend()
        raise
    except BaseException:
        upload.abort()
        raise
    return {"digest": digest, "size": size, "existed": False}


async def _receive(request: Request, upload: Upload, limit: int, size: int) -> int:
    """Write the body as it comes, a megabyte at a time, so that memory stays small."""
    batch = bytearray()
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            batch += chunk
            if len(batch) >= _BATCH:
                await run_in_threadpool(upload.write, bytes(batch))
                batch.clear()
    except ClientDisconnect:
        await run_in_threadpool(upload.write, bytes(batch))
        raise
    await run_in_threadpool(upload.write, bytes(batch))
    return size


@router.get("/{digest}", response_class=StreamingResponse)
def get(store: Reader, digest: Digest, offset: Offset = 0) -> StreamingResponse:
    """Send a blob, or what comes after so many bytes of it."""
    size = store.artifacts.size(digest) or 0
    if offset > size:
        raise ConflictError(f"File {digest[:10]} has {size:,} bytes, not {offset:,}.", size=size)
    stream = store.artifacts.open(digest)
    stream.seek(offset)
    return _FileResponse(
        stream, {"Content-Length": str(size - offset), "Content-Disposition": "attachment"}
    )


class _FileResponse(StreamingResponse):
    """Sends an open file and closes it, also where the client went away in the middle."""

    def __init__(self, stream: IO[bytes], headers: dict[str, str]) -> None:
        super().__init__(
            read_chunks(stream), media_type="application/octet-stream", headers=headers
        )
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._stream.close()


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(
        f"A file of an envelope has at most {limit:,} bytes in this registry.", limit=limit
    )
