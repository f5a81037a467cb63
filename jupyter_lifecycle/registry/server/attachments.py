"""Artifacts and metrics by step over HTTP; their content goes by /v1/blobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Header

from jupyter_lifecycle.registry import wire
from jupyter_lifecycle.registry.records import NewArtifact
from jupyter_lifecycle.registry.server.access import Reader, Writer  # noqa: TC001 - FastAPI reads it
from jupyter_lifecycle.registry.server.bodies import (  # noqa: TC001 - FastAPI reads it
    NewArtifacts,
    SeriesBody,
)

if TYPE_CHECKING:
    from jupyter_lifecycle.registry.records import Series

router = APIRouter(prefix="/v1/envelopes/{id}", tags=["artifacts"])

Key = Annotated[
    str | None, Header(max_length=200, description="a request with the same key counts once")
]


@router.get("/artifacts")
def attached(store: Reader, id: str) -> dict[str, Any]:  # noqa: A002 - the word in the address
    """Give all artifacts of an envelope, in the order in which they came."""
    return {"items": wire.encode(store.attached(id))}


@router.post("/artifacts")
def attach(store: Writer, id: str, body: NewArtifacts) -> dict[str, Any]:  # noqa: A002
    """Add artifacts whose content is there, all or none; 409 where a name has another content."""
    new = [NewArtifact(**one.model_dump()) for one in body.items]
    return {"items": wire.encode(store.attach(id, new))}


@router.post("/metrics/series")
def log_series(
    store: Writer,
    id: str,  # noqa: A002 - the word in the address
    body: SeriesBody,
    idempotency_key: Key = None,
) -> dict[str, Any]:
    """Log metrics by step, all or none."""
    found = store.once(idempotency_key).log_series(id, points_of(body.series))
    return wire.envelope_json(found)


def points_of(found: dict[str, list[list[Any]]]) -> Series:
    """Pairs of step and value, as JSON has them."""
    return {key: [(step, value) for step, value in points] for key, points in found.items()}
