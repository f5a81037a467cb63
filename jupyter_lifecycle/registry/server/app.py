"""The application: routes, errors, limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

from jupyter_lifecycle.registry.server import (
    attachments,
    blobs,
    deployments,
    envelopes,
    failures,
    health,
    logs,
    observed,
    tokens,
    trash,
    trials,
    webhooks,
)
from jupyter_lifecycle.registry.server.metrics import RequestMetrics
from jupyter_lifecycle.registry.server.middleware import BodyLimit, ServerTiming
from jupyter_lifecycle.registry.server.rates import Buckets

if TYPE_CHECKING:
    from jupyter_lifecycle.registry.server.middleware import Observer
    from jupyter_lifecycle.registry.store import Store

BODY_LIMIT = 80 * 2**20
"""Bytes of a JSON body: a manifest of 64 MiB, quoted."""
BLOB_LIMIT = 20 * 2**30


def create_app(
    store: Store,
    *,
    body_limit: int = BODY_LIMIT,
    blob_limit: int = BLOB_LIMIT,
    private_webhooks: bool = False,
    log_requests: bool = False,
) -> FastAPI:
    """Make the registry over HTTP.

    Parameters
    ----------
    store : Store
        Where everything is. It's closed by whoever made it.
    body_limit : int
        Largest JSON body, in bytes.
    blob_limit : int
        Largest file of an envelope, in bytes.
    private_webhooks : bool
        Whether webhooks may be in private networks and on this machine.
    log_requests : bool
        Whether each request is a line of the log.
    """
    app = FastAPI(
        title="jupyter_lifecycle registry",
        version="1",
        # The interactive pages load scripts from another host; the document itself is at hand.
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
        responses=failures.RESPONSES,
    )
    app.state.store = store
    app.state.blob_limit = blob_limit
    app.state.private_webhooks = private_webhooks
    failures.install(app)
    for router in (
        envelopes.router,
        attachments.router,
        deployments.router,
        observed.router,
        trials.router,
        blobs.router,
        tokens.router,
        webhooks.router,
        trash.router,
    ):
        app.include_router(router)

    app.include_router(health.router)
    app.state.metrics = RequestMetrics()
    app.state.buckets = Buckets()
    app.state.is_ending = lambda: False
    observers: list[Observer] = [app.state.metrics.count]
    if log_requests:
        observers.append(logs.log_request)
    app.add_middleware(BodyLimit, limit=body_limit, except_for="/v1/blobs/")
    app.add_middleware(ServerTiming, observers=observers)
    return app
