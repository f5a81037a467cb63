"""Whether the server lives, whether it can serve, and its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from jupyter_lifecycle.registry.server.access import Reader  # noqa: TC001 - FastAPI reads it
from jupyter_lifecycle.registry.server.metrics import CONTENT_TYPE, RequestMetrics

if TYPE_CHECKING:
    from jupyter_lifecycle.registry.store import Store

router = APIRouter(tags=["health"])


@router.get("/health")
def health() -> dict[str, str]:
    """Say that this process answers; needs no token."""
    return {"status": "ok"}


@router.get("/ready")
def ready(request: Request) -> dict[str, str]:
    """Say whether the database answers and files can be written; needs no token. Else 503."""
    store: Store = request.app.state.store
    store.check()
    return {"status": "ok"}


@router.get("/metrics", response_class=Response)
def metrics(store: Reader, request: Request) -> Response:
    """Give the figures of this server, in Prometheus' text format."""
    found: RequestMetrics = request.app.state.metrics
    waiting = store.mailbox.waiting()
    text = found.text(
        events=store.newest_event(),
        deliveries_pending=waiting["pending"],
        deliveries_dead=waiting["dead"],
    )
    return Response(text, media_type=CONTENT_TYPE)
