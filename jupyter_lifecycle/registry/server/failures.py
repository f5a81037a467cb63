"""Every error in the one shape, ``{"error": {"code", "message", "detail"}}``, and nothing leaks."""

from __future__ import annotations

import logging
import math
import secrets
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from jupyter_lifecycle.errors import LifecycleError, RateLimitError

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

log = logging.getLogger("jupyter_lifecycle.registry")

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
    return answer


async def _unforeseen(request: Request, error: Exception) -> Response:
    # The number joins what the client sees to the traceback in the log, and says no more.
    number = secrets.token_hex(4)
    log.error("%s %s failed (%s)", request.method, request.url.path, number, exc_info=error)
    message = f"The registry failed; its log has the reason under {number}."
    return shaped(500, "registry", message, number=number)
