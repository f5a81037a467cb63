"""Around every request: its size is limited, its time is told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from jupyter_lifecycle.registry.server.failures import shaped

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class ServerTiming:
    """Says in ``Server-Timing`` how long the server itself took, in milliseconds."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and add the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()

        async def timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                took = (time.perf_counter() - started) * 1000
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"server-timing", f"total;dur={took:.2f}".encode()),
                    (b"x-content-type-options", b"nosniff"),
                    (b"cache-control", b"no-store"),
                ]
            await send(message)

        await self._app(scope, receive, timed)


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
