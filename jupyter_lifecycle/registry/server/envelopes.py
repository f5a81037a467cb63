"""Envelopes, tags and metrics over HTTP."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response

from jupyter_lifecycle.registry import wire
from jupyter_lifecycle.registry.records import NewArtifact
from jupyter_lifecycle.registry.server.access import Reader, Writer  # noqa: TC001 - FastAPI reads it
from jupyter_lifecycle.registry.server.attachments import points_of
from jupyter_lifecycle.registry.server.bodies import (  # noqa: TC001 - FastAPI reads it
    Metrics,
    NewEnvelope,
    TagChange,
    TagPreview,
)

router = APIRouter(prefix="/v1", tags=["envelopes"])

Key = Annotated[
    str | None, Header(max_length=200, description="a request with the same key counts once")
]
Text = Annotated[str, Query(max_length=20_000, description="see docs/registry.md")]


@router.get("/envelopes")
def search(
    store: Reader, query: Text = "", limit: int = 20, cursor: Text | None = None, skip: int = 0
) -> dict[str, Any]:
    """Give one page of the envelopes that match, without their manifests."""
    page = store.search(query, limit, cursor, skip)
    return {"items": [wire.envelope_json(item) for item in page], "cursor": page.cursor}


@router.get("/envelopes/latest")
def latest(store: Reader, query: Text = "") -> dict[str, Any]:
    """Give the first match."""
    return wire.envelope_json(store.latest(query))


@router.get("/envelopes/count")
def count(store: Reader, query: Text = "") -> dict[str, int]:
    """Count the envelopes that match."""
    return {"count": store.count(query)}


@router.post("/envelopes", status_code=201)
def add(store: Writer, body: NewEnvelope, response: Response) -> dict[str, Any]:
    """Add an envelope whose files are there; 200 where it was there already."""
    manifest = body.manifest.encode(errors="surrogatepass")
    artifacts = [NewArtifact(**one.model_dump()) for one in body.artifacts]
    series = points_of(body.series)
    record, existed = store.add(manifest, body.tags, body.metrics, body.author, artifacts, series)
    response.status_code = 200 if existed else 201
    return {"envelope": wire.envelope_json(record), "existed": existed}


@router.get("/envelopes/{id}")
def get(store: Reader, id: str) -> dict[str, Any]:  # noqa: A002 - the word in the address
    """Give the envelope whose id starts so."""
    return wire.envelope_json(store.get(id))


@router.get("/envelopes/{id}/manifest", response_class=Response)
def manifest(store: Reader, id: str) -> Response:  # noqa: A002 - the word in the address
    """Give the manifest, byte for byte."""
    return Response(store.manifest(id), media_type="application/json")


@router.patch("/envelopes/{id}/tags")
def tag(
    store: Writer,
    id: str,  # noqa: A002 - the word in the address
    body: TagChange,
    idempotency_key: Key = None,
) -> dict[str, Any]:
    """Set and remove tags, all or none; 409 where one is not as expected."""
    found = store.once(idempotency_key).tag(id, body.set, body.unset, body.expect)
    return wire.envelope_json(found)


@router.get("/envelopes/{id}/tags/history")
def tag_history(store: Reader, id: str) -> dict[str, Any]:  # noqa: A002
    """Give every change of every tag, oldest first."""
    return {"items": wire.encode(store.tag_history(id))}


@router.post("/envelopes/{id}/metrics")
def log_metrics(
    store: Writer,
    id: str,  # noqa: A002 - the word in the address
    body: Metrics,
    idempotency_key: Key = None,
) -> dict[str, Any]:
    """Log metrics."""
    found = store.once(idempotency_key).log_metrics(id, body.values, body.step)
    return wire.envelope_json(found)


@router.get("/envelopes/{id}/metrics/history")
def metric_history(store: Reader, id: str, key: Text) -> dict[str, Any]:  # noqa: A002
    """Give every logged value of a metric."""
    return {"items": wire.encode(store.metric_history(id, key))}


@router.post("/envelopes/{id}/preview")
def preview(store: Reader, id: str, body: TagPreview) -> dict[str, Any]:  # noqa: A002
    """Say what changing tags would move; nothing is written."""
    found: dict[str, Any] = wire.encode(store.preview(id, body.set, body.unset))
    return found


@router.get("/facets")
def facet(store: Reader, field: Text, prefix: Text = "", limit: int = 20) -> dict[str, Any]:
    """Describe a field by what it holds: its commonest values, or its range."""
    found: dict[str, Any] = wire.encode(store.facet(field, prefix, limit))
    return found


@router.get("/names")
def names(store: Reader) -> dict[str, Any]:
    """Give the names in use."""
    return {"items": list(store.names())}


@router.get("/keys/{family}")
def keys(store: Reader, family: str) -> dict[str, Any]:
    """Give the keys of ``tags`` or ``metrics`` in use."""
    return {"items": list(store.keys(family))}
