"""What answers at an endpoint's address where no version serves: 503 in the one error shape.

``python -m jupyter_lifecycle.deployment.service.closed NAME REASON …``
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.deployment.service.settings import Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class Gate:
    """Has the flag that the server sets when another version takes over."""

    draining = False
    public = False

    def outcomes(self) -> tuple[int, int]:
        """Nothing is answered here."""
        return 0, 0

    def by_envelope(self) -> dict[str, Any]:
        """Nothing answers."""
        return {}

    def read_routes(self) -> None:
        """There is nothing to spread."""

    def close(self) -> None:
        """Nothing to finish."""


def closed_app(endpoint: str, reason: str, gate: Gate) -> ASGIApp:
    """Make an ASGI application that answers every request with 503 and the reason."""
    error = {"code": "endpoint", "message": reason, "detail": {"endpoint": endpoint}}
    body = json.dumps({"error": error}).encode()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        while (await receive()).get("more_body"):
            pass
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"retry-after", b"5"),
        ]
        if gate.draining:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def _main() -> None:
    from jupyter_lifecycle.deployment.service.server import main

    endpoint, reason = sys.argv[1:3]
    del sys.argv[1:3]
    gate = Gate()
    main(closed_app(endpoint, reason, gate), Settings(endpoint=endpoint, envelope=""), gate)


if __name__ == "__main__":
    _main()
