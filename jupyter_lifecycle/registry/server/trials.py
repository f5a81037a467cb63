"""Layers, experiments and exposures over HTTP."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from jupyter_lifecycle.registry import wire
from jupyter_lifecycle.registry.server.access import (  # noqa: TC001 - FastAPI reads it
    DeployerStore,
    Reader,
    Sender,
)
from jupyter_lifecycle.registry.server.bodies import Body
from jupyter_lifecycle.registry.trials import Document, Exposures

router = APIRouter(prefix="/v1", tags=["experiments"])

Number = Annotated[int, Query(ge=0, lt=2**63)]
Some = Annotated[int, Query(ge=1, le=100)]


class DocumentBody(Body):
    """One layer, holdout, experiment or report; a body that is null removes it."""

    kind: str
    name: str
    body: dict[str, Any] | None


class BoardBody(Body):
    """Documents to write, all or none, upon the revision that was read."""

    expect: int
    documents: list[DocumentBody] = Field(max_length=1_000)


class ExposuresBody(Body):
    """Who saw which arm first: a stretch of what one process wrote."""

    source: str
    place: int = Field(ge=0, lt=2**63)
    units: list[str] = Field(max_length=20_000)
    arms: list[str] = Field(max_length=20_000)
    at: list[int] = Field(max_length=20_000, description="microseconds since 1970, UTC")


@router.get("/board")
def board(store: Reader, reports: bool = False) -> dict[str, Any]:
    """Give all layers, holdouts and experiments, and their common revision; reports if asked."""
    found: dict[str, Any] = wire.encode(store.board(reports))
    return found


@router.put("/board")
def write_board(store: DeployerStore, body: BoardBody) -> dict[str, Any]:
    """Write documents, all or none; 409 where something was written since the revision."""
    items = [Document(one.kind, one.name, one.body) for one in body.documents]
    found: dict[str, Any] = wire.encode(store.write_board(body.expect, items))
    return found


@router.get("/experiments/{name}/key")
def experiment_key(store: DeployerStore, name: str) -> dict[str, Any]:
    """Give the key that signs forced arms of an experiment."""
    return {"key": store.experiment_key(name)}


@router.post("/experiments/{name}/exposures")
def add_exposures(store: Sender, name: str, body: ExposuresBody) -> dict[str, Any]:
    """Write a stretch of exposures; of one source and place the longer counts."""
    seen = tuple(body.units), tuple(body.arms), tuple(body.at)
    one = Exposures(name, body.source, body.place, *seen)
    return {"count": store.add_exposures([one])}


@router.get("/experiments/{name}/exposures")
def exposures(store: Reader, name: str, after: Number = 0, limit: Some = 20) -> dict[str, Any]:
    """Give stretches of exposures after a number, in the order in which they came."""
    return {"items": wire.encode(store.exposures(name, after, limit))}
