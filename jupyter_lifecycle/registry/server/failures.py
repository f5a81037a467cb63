"""Every error in the one shape, ``{"error": {"code", "message", "detail"}}``, and nothing leaks."""

from __future__ import annotations

import logging
import math
import secrets
from typing import TYPE_CHECKING, Any, Final

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from jupyter_lifecycle.errors import LifecycleError, RateLimitError

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

log = logging.getLogger("jupyter_lifecycle.registry")

PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "detail"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "detail": {"type": "object"},
            },
        }
    },
}
_STATUSES: Final = {
    400: "A query that cannot be read",
    401: "No token, or one that is not known or has ended",
    403: "The token may not do this",
    404: "There is no such thing",
    409: "Somebody was quicker, or it is in use",
    413: "Larger than this registry takes",
    422: "The request is not understood, or has a value that cannot be",
    429: "The token makes too many requests; Retry-After says how long to wait",
    500: "The registry failed; its log has the reason",
    503: "The database or the files cannot be reached now",
}
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    status: {"description": words, "content": {"application/json": {"schema": PROBLEM}}}
    for status, words in _STATUSES.items()
}
"""What any route may answer, for the OpenAPI document."""

_WORDS = {
    404: ("not_found", "There is nothing at {path}."),
    405: ("method_not_allowed", "{path} does not take {method}."),
    413: ("too_large", "The request is larger than this registry takes."),
}


def shaped(status: int, code: str, message: str, **detail: Any) -> JSONResponse:
    """Write an error as a response."""
    return JSONResponse(
        {"error": {"code": code, "message": message, "detail": detail}}, status_code=status
    )


def install(app: FastAPI) -> None:
    """Have an application answer all errors so."""
    app.add_exception_handler(LifecycleError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unforeseen)


async def _ours(_: Request, error: Exception) -> Response:
    assert isinstance(error, LifecycleError)
    if error.status >= 500:
        log.error("%s", error.message)
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    if isinstance(error, RateLimitError):
        headers["Retry-After"] = str(math.ceil(error.detail["seconds"]) or 1)
    return JSONResponse(error.to_wire(), status_code=error.status, headers=headers)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = [
        {"path": "/" + "/".join(str(part) for part in found["loc"]), "reason": found["msg"]}
        for found in error.errors()[:20]
    ]
    first = problems[0]
    message = f"The request is not understood: {first['path']}: {first['reason']}."
    return shaped(422, "invalid_request", message, problems=problems)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, words = _WORDS.get(error.status_code, ("http", "The request cannot be answered."))
    message = words.format(path=request.url.path, method=request.method)
    answer = shaped(error.status_code, code, message)
    answer.headers.update(error.headers or {})
    if error.status_code == 405:
        answer.headers["Allow"] = ", ".join(_methods(request))
    return answer


def _methods(request: Request) -> list[str]:
    """All methods of an address: the router tells those of its first route alone."""
    scope = dict(request.scope)
    return [
        method
        for method in ("DELETE", "GET", "PATCH", "POST", "PUT")
        if any(
            route.matches({**scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]


async def _unforeseen(request: Request, error: Exception) -> Response:
    # The number joins what the client sees to the traceback in the log, and says no more.
    number = secrets.token_hex(4)
    log.error("%s %s failed (%s)", request.method, request.url.path, number, exc_info=error)
    message = f"The registry failed; its log has the reason under {number}."
    return shaped(500, "registry", message, number=number)
