"""The trash over HTTP: whoever reads may look, an administrator may delete and restore."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from jupyter_lifecycle.registry import wire
from jupyter_lifecycle.registry.server.access import (  # noqa: TC001 - FastAPI reads it
    Administrator,
    Reader,
)
from jupyter_lifecycle.registry.server.bodies import Collect  # noqa: TC001 - FastAPI reads it

router = APIRouter(prefix="/v1", tags=["trash"])


@router.delete("/envelopes/{id}")
def delete(store: Administrator, id: str) -> dict[str, Any]:  # noqa: A002
    """Move an envelope into the trash; 409 where an endpoint serves it, or should."""
    found: dict[str, Any] = wire.encode(store.bin.delete(id))
    return found


@router.get("/trash")
def deleted(store: Reader) -> dict[str, Any]:
    """Give all that is in the trash, the newest first."""
    return {"items": wire.encode(store.bin.deleted())}


@router.post("/trash/collect")
def collect(store: Administrator, body: Collect) -> dict[str, Any]:
    """Remove for good what has been in the trash for so long, and files without an envelope."""
    found: dict[str, Any] = wire.encode(store.bin.collect(body.seconds))
    return found


@router.post("/trash/{id}/restore")
def restore(store: Administrator, id: str) -> dict[str, str]:  # noqa: A002
    """Take an envelope out of the trash, with all that it had."""
    return {"id": store.bin.restore(id)}
