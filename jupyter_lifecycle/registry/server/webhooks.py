"""Webhooks over HTTP; only with the scope admin."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request

from jupyter_lifecycle.registry import wire
from jupyter_lifecycle.registry.server.access import Administrator  # noqa: TC001 - FastAPI reads it
from jupyter_lifecycle.registry.server.bodies import NewWebhook  # noqa: TC001 - FastAPI reads it
from jupyter_lifecycle.registry.server.courier import connect
from jupyter_lifecycle.registry.store.webhooks import check_address

router = APIRouter(prefix="/v1", tags=["webhooks"])
Number = Annotated[int, Path(ge=0, lt=2**63)]


@router.get("/webhooks")
def webhooks(store: Administrator) -> dict[str, Any]:
    """Give all webhooks, oldest first; never their secrets."""
    return {"items": wire.encode(store.mailbox.webhooks())}


@router.post("/webhooks", status_code=201)
def create_webhook(store: Administrator, body: NewWebhook, request: Request) -> dict[str, Any]:
    """Make a webhook; the secret that signs what it's sent is in this answer and nowhere else."""
    connect(check_address(body.url), private=request.app.state.private_webhooks)
    made, secret = store.mailbox.create(body.url, body.kinds, body.query)
    return {**wire.encode(made), "secret": secret}


@router.delete("/webhooks/{id}")
def remove_webhook(store: Administrator, id: str) -> dict[str, Any]:  # noqa: A002
    """Remove a webhook and what is on its way to it."""
    store.mailbox.remove(id)
    return {}


@router.get("/webhooks/{id}/deliveries")
def deliveries(
    store: Administrator,
    id: str,  # noqa: A002 - the word in the address
    state: str | None = None,
    limit: int = 100,
) -> dict[str, Any]:
    """Give what was and is on its way to a webhook, newest first."""
    return {"items": wire.encode(store.mailbox.deliveries(id, state, limit))}


@router.post("/deliveries/{id}/resend")
def resend(store: Administrator, id: Number) -> dict[str, Any]:  # noqa: A002
    """Send again, now and with all tries."""
    found: dict[str, Any] = wire.encode(store.mailbox.resend(id))
    return found
