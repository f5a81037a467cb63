"""Around every request: its size is limited, its time is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from jupyter_lifecycle.registry.server.failures import shaped

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_GONE = 499  # as nginx writes it: the client went away before an answer began
Observer: TypeAlias = Callable[[str, str, int, float], None]
"""Takes an answered request: its method, route, status and seconds."""


class ServerTiming:
    """Says in ``Server-Timing`` how long the server itself took, in milliseconds.

    Parameters
    ----------
    app : ASGIApp
        What answers.
    observers : sequence of callable
        Told of each request once it's answered.
    """

    def __init__(self, app: ASGIApp, *, observers: Sequence[Observer] = ()) -> None:
        self._app = app
        self._observers = observers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and add the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def timed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                took = (time.perf_counter() - started) * 1000
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"server-timing", f"total;dur={took:.2f}".encode()),
                    (b"x-content-type-options", b"nosniff"),
                    (b"cache-control", b"no-store"),
                ]
            await send(message)

        try:
            await self._app(scope, receive, timed)
        finally:
            seconds = time.perf_counter() - started
            # Only a route that is there is named: what else was asked for has no end.
            route = getattr(scope.get("route"), "path", "other")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            for observer in self._observers:
                observer(method, route, status or _GONE, seconds)


class BodyLimit:
    """Answers 413 where a body is too large; files have a limit of their own."""

    def __init__(self, app: ASGIApp, *, limit: int, except_for: str) -> None:
        self._app = app
        self._limit = limit
        self._except_for = except_for

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, unless the body is too large."""
        if scope["type"] != "http" or scope["path"].startswith(self._except_for):
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > self._limit:
            await self._refuse(scope, receive, send)
            return
        seen = 0
        exceeded = started = False

        async def counted() -> Message:
            nonlocal seen, exceeded
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._limit:
                exceeded = True
                return {"type": "http.disconnect"}  # the application gives up reading
            return message

        async def noticed(message: Message) -> None:
            nonlocal started
            if exceeded and not started:
                return  # its answer to the disconnect; ours comes instead
            started = True
            await send(message)

        await self._app(scope, counted, noticed)
        if exceeded and not started:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = f"The request is larger than the {self._limit:,} bytes that this registry takes."
        await shaped(413, "too_large", message, limit=self._limit)(scope, receive, send)
