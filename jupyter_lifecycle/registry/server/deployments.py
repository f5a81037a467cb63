"""Rules, endpoints, deployments, leases and events over HTTP."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool

from jupyter_lifecycle.registry import wire
from jupyter_lifecycle.registry.records import Rule, Step
from jupyter_lifecycle.registry.server.access import (  # noqa: TC001 - FastAPI reads it
    DeployerStore,
    Reader,
)
from jupyter_lifecycle.registry.server.bodies import (  # noqa: TC001 - FastAPI reads it
    DeploymentBody,
    EndpointBody,
    LeaseBody,
    NewDeployment,
    PinBody,
    PinPreview,
    RuleBody,
)
from jupyter_lifecycle.registry.store.feed import TICK_SECONDS
from jupyter_lifecycle.registry.words import MAX_WAIT_SECONDS

Number = Annotated[int, Query(ge=0, lt=2**63)]
Wait = Annotated[float, Query(ge=0, le=MAX_WAIT_SECONDS, description="seconds")]

router = APIRouter(prefix="/v1", tags=["deployment"])


@router.get("/rules")
def rules(store: Reader) -> dict[str, Any]:
    """Give all rules."""
    return {"items": wire.encode(store.rules())}


@router.put("/rules/{endpoint}")
def set_rule(store: DeployerStore, endpoint: str, body: RuleBody) -> dict[str, Any]:
    """Write a rule; a rule for the same endpoint gets a new version."""
    found: dict[str, Any] = wire.encode(store.set_rule(_rule(endpoint, body)))
    return found


@router.delete("/rules/{endpoint}")
def remove_rule(store: DeployerStore, endpoint: str) -> dict[str, Any]:
    """Remove a rule."""
    store.remove_rule(endpoint)
    return {}


@router.post("/rules/{endpoint}/preview")
def preview_rule(store: Reader, endpoint: str, body: RuleBody) -> dict[str, Any]:
    """Say what writing a rule would move; nothing is written."""
    found: dict[str, Any] = wire.encode(store.preview_rule(_rule(endpoint, body)))
    return found


@router.get("/wants")
def wants(store: Reader) -> dict[str, Any]:
    """Say what each endpoint with a rule should serve."""
    return {"items": wire.encode(store.wants())}


@router.get("/endpoints")
def endpoints(store: Reader) -> dict[str, Any]:
    """Give all endpoints."""
    return {"items": wire.encode(store.endpoints())}


@router.get("/endpoints/{name}")
def endpoint(store: Reader, name: str) -> dict[str, Any]:
    """Give one endpoint."""
    found: dict[str, Any] = wire.encode(store.endpoint(name))
    return found


@router.patch("/endpoints/{name}")
def set_endpoint(store: DeployerStore, name: str, body: EndpointBody) -> dict[str, Any]:
    """Report how an endpoint stands."""
    values = body.model_dump(exclude_unset=True)
    found: dict[str, Any] = wire.encode(store.set_endpoint(name, values))
    return found


@router.put("/endpoints/{name}/pin")
def pin(store: DeployerStore, name: str, body: PinBody) -> dict[str, Any]:
    """Hold an endpoint at an envelope, whatever its rule says."""
    found: dict[str, Any] = wire.encode(store.set_pin(name, body.envelope))
    return found


@router.delete("/endpoints/{name}/pin")
def unpin(store: DeployerStore, name: str) -> dict[str, Any]:
    """Let the rule of an endpoint decide again."""
    found: dict[str, Any] = wire.encode(store.set_pin(name, None))
    return found


@router.post("/endpoints/{name}/pin/preview")
def preview_pin(store: Reader, name: str, body: PinPreview) -> dict[str, Any]:
    """Say what a pin would move; nothing is written."""
    found: dict[str, Any] = wire.encode(store.preview_pin(name, body.envelope))
    return found


@router.get("/deployments")
def deployments(store: Reader, endpoint: str, limit: int = 20) -> dict[str, Any]:
    """Give the attempts of an endpoint, newest first."""
    return {"items": wire.encode(store.deployments(endpoint, limit))}


@router.post("/deployments", status_code=201)
def start_deployment(store: DeployerStore, body: NewDeployment) -> dict[str, Any]:
    """Write a new attempt."""
    started = store.start_deployment(body.endpoint, body.envelope, body.rule_version, body.id)
    found: dict[str, Any] = wire.encode(started)
    return found


@router.patch("/deployments/{id}")
def update_deployment(
    store: DeployerStore,
    id: str,  # noqa: A002 - the word in the address
    body: DeploymentBody,
) -> dict[str, Any]:
    """Write how an attempt goes."""
    values = body.model_dump(exclude_none=True, exclude={"steps"})
    if body.steps is not None:
        values["steps"] = tuple(Step(**step.model_dump()) for step in body.steps)
    found: dict[str, Any] = wire.encode(store.update_deployment(id, values))
    return found


@router.get("/leases/{name}")
def lease_holder(store: Reader, name: str) -> dict[str, Any]:
    """Say who holds a lease."""
    return {"holder": store.lease_holder(name)}


@router.put("/leases/{name}")
def lease(store: DeployerStore, name: str, body: LeaseBody) -> dict[str, Any]:
    """Take or renew a lease."""
    return {"held": store.lease(name, body.holder, body.seconds)}


@router.delete("/leases/{name}")
def release(store: DeployerStore, name: str, holder: str) -> dict[str, Any]:
    """Give a lease back."""
    store.release(name, holder)
    return {}


@router.get("/events")
async def events(
    store: Reader, request: Request, after: Number = 0, limit: Number = 100, wait: Wait = 0.0
) -> dict[str, Any]:
    """Give what happened after a number, oldest first; wait so many seconds for the first."""
    until = time.monotonic() + wait
    while True:
        # Not in the store: there a waiting request would hold one of the few threads.
        found = await run_in_threadpool(store.events, after, limit)
        ending = request.app.state.is_ending() or time.monotonic() >= until
        if found or ending or await request.is_disconnected():
            return {"items": wire.encode(found)}
        await asyncio.sleep(TICK_SECONDS)


def _rule(endpoint: str, body: RuleBody) -> Rule:
    return Rule(endpoint=endpoint, **body.model_dump())
