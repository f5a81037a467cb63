"""Who asks, and whether the token may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from jupyter_lifecycle.errors import AuthenticationError, ForbiddenError
from jupyter_lifecycle.registry.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

_DOING = {
    "read": "be used, but not read",
    "write": "read but not tag",
    "deploy": "read but not deploy",
    "admin": "read but not administer",
}


def actor(scope: str, *or_else: str) -> Callable[[Request], Store]:
    """Make a dependency: the store, acting in the name of a token with this scope, or another.

    Raises
    ------
    AuthenticationError
        There is no token, or none that may be used now.
    ForbiddenError
        The token lacks the scope.
    RateLimitError
        It made more requests than it may.
    """

    def authenticate(request: Request) -> Store:
        store: Store = request.app.state.store
        token = store.keyring.find(_secret(request))
        if token is None:
            raise AuthenticationError(
                "The token is not known here: it was mistyped, has ended or was revoked."
                " Ask for a new one."
            )
        if not any(map(token.may, (scope, *or_else))):
            raise ForbiddenError(
                f"The token may {_DOING[scope]}. Ask for one with the scope {scope}.",
                scope=scope,
                scopes=list(token.scopes),
            )
        if token.rate is not None:
            request.app.state.buckets.take(token.id, token.rate)
        return store.by(token.name, token.only)

    return authenticate


def _secret(request: Request) -> str:
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not secret.strip():
        raise AuthenticationError(
            "This registry asks for a token: jl.Registry(url, token=…) or"
            " $JUPYTER_LIFECYCLE_TOKEN. Whoever runs it makes one with"
            " jupyter lifecycle token create."
        )
    return secret.strip()


Reader = Annotated[Store, Depends(actor("read"))]
Writer = Annotated[Store, Depends(actor("write"))]
DeployerStore = Annotated[Store, Depends(actor("deploy"))]
Sender = Annotated[Store, Depends(actor("write", "deploy"))]
"""A service that sends what it counted, or the deployer that does so for it."""
Administrator = Annotated[Store, Depends(actor("admin"))]
