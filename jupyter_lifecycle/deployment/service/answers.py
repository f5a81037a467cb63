"""Reading JSON requests and writing JSON answers, with every refusal in the one error shape."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

from starlette.responses import Response

from jupyter_lifecycle.errors import InputError, LifecycleError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

JSON_TYPE = "application/json"


class Refusal(Exception):  # noqa: N818 - a way out of a handler, not a fault
    """A request that is answered with an HTTP error.

    Parameters
    ----------
    status : int
        HTTP status.
    code : str
        The error's code, for programs.
    message : str
        What is wrong and what to do.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def error(
    status: int,
    code: str,
    message: str,
    detail: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Make a response in the one error shape."""
    payload = {"error": {"code": code, "message": message, "detail": dict(detail or {})}}
    return Response(json.dumps(payload), status, dict(headers or {}), JSON_TYPE)


def of_error(problem: LifecycleError) -> Response:
    """Make the response that says an error of ours."""
    return Response(json.dumps(problem.to_wire()), problem.status, media_type=JSON_TYPE)


def encode(value: Any) -> bytes:
    """Compact JSON, never with the words ``NaN`` or ``Infinity``, which are no JSON."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()


async def read_body(request: Request, max_bytes: int) -> bytes:
    """Read the body of a JSON request.

    Raises
    ------
    Refusal
        415 for another content type, 413 for more than `max_bytes`.
    """
    declared = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if declared != JSON_TYPE and not declared.endswith("+json"):
        what = f"not {declared[:60]}" if declared else "and says so in its Content-Type"
        raise Refusal(415, "content_type", f"The request must be {JSON_TYPE}, {what}.")
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > max_bytes:
        _too_large(max_bytes)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            _too_large(max_bytes)
    return bytes(body)


def _too_large(max_bytes: int) -> NoReturn:
    raise Refusal(
        413,
        "too_large",
        f"The request is larger than {max_bytes:,} bytes; send fewer rows at once.",
    )


def parse(body: bytes) -> Any:
    """Parse a JSON text.

    Raises
    ------
    InputError
        Where it is not JSON; ``NaN`` and ``Infinity`` are not.
    """
    try:
        return json.loads(body.decode(), parse_constant=_no_constant)
    except UnicodeDecodeError:
        reason = "the request is not UTF-8"
    except json.JSONDecodeError as problem:
        reason = f"not JSON: {problem.msg} at line {problem.lineno}, column {problem.colno}"
    except RecursionError:
        reason = "nested too deeply"
    except ValueError as problem:
        reason = f"not JSON: {problem}"
    raise InputError(
        f"The request cannot be read: {reason}.", problems=[{"path": "", "reason": reason}]
    )


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON value; send null for a missing value")
