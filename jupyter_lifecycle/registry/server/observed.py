"""What services see, over HTTP: windows, skew, outcomes, reactions."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, Field

from jupyter_lifecycle.registry import wire
from jupyter_lifecycle.registry.observations import Outcome, Reaction, SkewState, Window
from jupyter_lifecycle.registry.server.access import (  # noqa: TC001 - FastAPI reads it
    DeployerStore,
    Reader,
    Sender,
)
from jupyter_lifecycle.registry.server.bodies import Body

router = APIRouter(prefix="/v1", tags=["monitoring"])

Time = Annotated[AwareDatetime, Field(strict=False)]
"""In JSON a time is text."""
Moment = Annotated[AwareDatetime, Query()]


class WindowBody(Body):
    """What one process counted in one stretch of time."""

    endpoint: str
    envelope: str
    side: str
    start: Time
    seconds: int
    run: str
    flush: int
    rows: int
    profile: dict[str, Any]


class Windows(Body):
    """Windows; of one key the later flush counts."""

    items: list[WindowBody] = Field(max_length=1_000)


class SkewBody(Body):
    """How far an envelope is from its reference."""

    envelope: str
    max: float | None
    moved: list[str] = Field(default=[])
    rows: int = 0
    against: str = "training"
    since: Time | None = None
    report: dict[str, Any] = Field(default={})


class OutcomeBody(Body):
    """What came of one answered row."""

    endpoint: str
    request: str
    row: int
    envelope: str
    at: Time
    prediction: Any
    outcome: Any
    logged_at: Time | None = None


class Outcomes(Body):
    """Outcomes; one of the same request and row replaces the one before."""

    items: list[OutcomeBody] = Field(max_length=10_000)


class ReactionBody(Body):
    """What a rule has done because something moved."""

    envelope: str
    action: str
    state: str
    fact: str = ""


@router.post("/endpoints/{name}/windows")
def add_windows(store: Sender, name: str, body: Windows) -> dict[str, Any]:
    """Write windows that services counted; sending one twice does no harm."""
    windows = [Window(**{**dict(one), "endpoint": name}) for one in body.items]
    return {"count": store.add_windows(windows)}


@router.get("/endpoints/{name}/windows")
def windows(
    store: Reader,
    name: str,
    since: Moment,
    until: Moment,
    envelope: str | None = None,
    side: str | None = None,
) -> dict[str, Any]:
    """Give the windows that start in a stretch of time, oldest first; 5,000 at most."""
    return {"items": wire.encode(store.windows(name, since, until, envelope, side))}


@router.put("/endpoints/{name}/skew")
def set_skew(store: DeployerStore, name: str, body: SkewBody) -> dict[str, Any]:
    """Write how far an envelope is from its reference; rules follow in the same step."""
    state = SkewState(**{**dict(body), "endpoint": name, "moved": tuple(body.moved)})
    found: dict[str, Any] = wire.encode(store.set_skew(state))
    return found


@router.get("/skews")
def skews(store: Reader, endpoint: str | None = None) -> dict[str, Any]:
    """Give the skew states, of one endpoint or of all, the newest first."""
    return {"items": wire.encode(store.skews(endpoint))}


@router.post("/endpoints/{name}/outcomes")
def add_outcomes(store: Sender, name: str, body: Outcomes) -> dict[str, Any]:
    """Write what came of answered requests."""
    outcomes = [Outcome(**{**dict(one), "endpoint": name}) for one in body.items]
    return {"count": store.add_outcomes(outcomes)}


@router.get("/endpoints/{name}/outcomes")
def outcomes(store: Reader, name: str, since: Moment, until: Moment) -> dict[str, Any]:
    """Give the outcomes of what was answered in a stretch of time, oldest first."""
    return {"items": wire.encode(store.outcomes(name, since, until))}


@router.post("/endpoints/{name}/reactions")
def react(store: DeployerStore, name: str, body: ReactionBody) -> dict[str, Any]:
    """Write how a reaction goes; ``written`` is false where it was begun before."""
    return {"written": store.react(Reaction(endpoint=name, **dict(body)))}


@router.get("/endpoints/{name}/reactions")
def reactions(store: Reader, name: str) -> dict[str, Any]:
    """Give what was done for an endpoint, the newest first."""
    return {"items": wire.encode(store.reactions(name))}
