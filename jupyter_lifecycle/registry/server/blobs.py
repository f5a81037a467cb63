"""Files by content: streamed both ways, checked, and visible only when whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from jupyter_lifecycle.errors import TooLargeError
from jupyter_lifecycle.registry.artifacts import read_chunks
from jupyter_lifecycle.registry.server.access import Reader, Writer  # noqa: TC001 - FastAPI reads it
from jupyter_lifecycle.registry.server.bodies import Digests  # noqa: TC001 - FastAPI reads it

if TYPE_CHECKING:
    from jupyter_lifecycle.registry.artifacts import Upload

router = APIRouter(prefix="/v1/blobs", tags=["blobs"])

Digest = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="SHA-256 in hex")]
_BATCH = 2**20


@router.post("/missing")
def missing(store: Reader, body: Digests) -> dict[str, list[str]]:
    """Say which of these blobs have to be sent."""
    return {"items": list(store.missing(body.digests))}


@router.put("/{digest}", status_code=201)
async def put(store: Writer, digest: Digest, request: Request) -> dict[str, Any]:
    """Store a blob; its body is the bytes."""
    limit: int = request.app.state.blob_limit
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    here = await run_in_threadpool(store.artifacts.size, digest)
    if here is not None:
        return {"digest": digest, "size": here, "existed": True}
    upload = await run_in_threadpool(store.artifacts.begin, digest)
    try:
        size = await _receive(request, upload, limit)
        await run_in_threadpool(upload.commit)
    except BaseException:
        upload.abort()
        raise
    return {"digest": digest, "size": size, "existed": False}


async def _receive(request: Request, upload: Upload, limit: int) -> int:
    """Write the body as it comes, a megabyte at a time, so that memory stays small."""
    size, batch = 0, bytearray()
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        batch += chunk
        if len(batch) >= _BATCH:
            await run_in_threadpool(upload.write, bytes(batch))
            batch.clear()
    await run_in_threadpool(upload.write, bytes(batch))
    return size


@router.get("/{digest}")
def get(store: Reader, digest: Digest) -> StreamingResponse:
    """Send a blob."""
    stream = store.artifacts.open(digest)
    size = store.artifacts.size(digest)
    return StreamingResponse(
        _closing(stream),
        media_type="application/octet-stream",
        headers={"Content-Length": str(size), "Content-Disposition": "attachment"},
    )


def _closing(stream: Any) -> Any:
    with stream:
        yield from read_chunks(stream)


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(
        f"A file of an envelope has at most {limit:,} bytes in this registry.", limit=limit
    )
