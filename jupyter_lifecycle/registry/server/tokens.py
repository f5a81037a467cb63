"""Tokens over HTTP; only with the scope admin."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from jupyter_lifecycle.registry import wire
from jupyter_lifecycle.registry.server.access import Administrator  # noqa: TC001 - FastAPI reads it
from jupyter_lifecycle.registry.server.bodies import NewToken  # noqa: TC001 - FastAPI reads it

router = APIRouter(prefix="/v1/tokens", tags=["tokens"])


@router.get("")
def tokens(store: Administrator) -> dict[str, Any]:
    """Give all tokens, oldest first; never their text."""
    return {"items": wire.encode(store.keyring.tokens())}


@router.post("", status_code=201)
def create_token(store: Administrator, body: NewToken) -> dict[str, Any]:
    """Make a token; its text is in this answer and nowhere else."""
    record, secret = store.keyring.create(
        body.name, body.scopes, body.seconds, only=body.only, rate=body.rate
    )
    return {**wire.encode(record), "token": secret}


@router.delete("/{id}")
def revoke_token(store: Administrator, id: str) -> dict[str, Any]:  # noqa: A002
    """End a token now."""
    found: dict[str, Any] = wire.encode(store.keyring.revoke(id))
    return found
