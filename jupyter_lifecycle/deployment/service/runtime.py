"""What every generated service shares, as one object that its routes call."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from starlette.exceptions import HTTPException
from starlette.responses import Response

from jupyter_lifecycle.deployment.service import answers
from jupyter_lifecycle.deployment.service.capture import Capture
from jupyter_lifecycle.deployment.service.counting import Counting
from jupyter_lifecycle.deployment.service.logs import LOGGER
from jupyter_lifecycle.deployment.service.metrics import CONTENT_TYPE, Metrics
from jupyter_lifecycle.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from jupyter_lifecycle.deployment.service.settings import Settings

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_WORDS = {404: "not_found", 405: "method_not_allowed", 400: "bad_request"}


class Model(Protocol):
    """What a service asks of a loaded envelope."""

    @property
    def schema(self) -> Any:
        """Its input and output schema."""

    def predict_json(self, payload: Any) -> Any:
        """Answer a decoded JSON request with a JSON-ready value."""


class Runtime:
    """Errors in one shape, limits, counters, logs and capture around a FastAPI application.

    Parameters
    ----------
    app : fastapi.FastAPI
        The application; its error handlers and middleware are set here.
    model : Model
        The loaded envelope.
    settings : Settings
        Facts and limits.
    """

    def __init__(self, app: FastAPI, model: Model, settings: Settings) -> None:
        self.app = app
        self.model = model
        self.settings = settings
        self.metrics = Metrics(endpoint=settings.endpoint, envelope=settings.envelope[:10])
        self.draining = False
        self.public = False
        self.log = logging.getLogger(LOGGER)
        self._threads = ThreadPoolExecutor(settings.threads, thread_name_prefix="predict")
        self._capture = (
            Capture(
                Path(settings.capture_folder),
                share=settings.capture,
                max_bytes=settings.capture_bytes,
            )
            if settings.capture_folder and settings.capture > 0
            else None
        )
        self._counting = Counting.of(model, settings)
        app.add_exception_handler(LifecycleError, _on_lifecycle_error)
        app.add_exception_handler(answers.Refusal, _on_refusal)
        app.add_exception_handler(HTTPException, _on_http_error)
        app.add_middleware(_Frame, runtime=self)

    async def predict(self, request: Request) -> Response:
        """Read the request, answer it in a thread, count it and capture it.

        Raises
        ------
        Refusal
            415, 413, or 500 where the model itself fails.
        InputError
            Where the schema refuses the rows.
        """
        body = await answers.read_body(request, self.settings.max_bytes)
        loop = asyncio.get_running_loop()
        answer, rows = await loop.run_in_executor(self._threads, self._answer, request, body)
        self.metrics.count_rows(rows)
        return Response(answer, media_type=answers.JSON_TYPE)

    def reply(self, value: Any) -> Response:
        """Make a JSON answer."""
        return Response(answers.encode(value), media_type=answers.JSON_TYPE)

    def health(self) -> Response:
        """Say that the process lives."""
        return self.reply({"status": "ok"})

    def ready(self) -> Response:
        """200 while it takes requests, 503 once another version has taken over."""
        if self.draining:
            return answers.error(503, "endpoint", "This version is being replaced.")
        return self.reply({"status": "ready", "envelope": self.settings.envelope})

    def counters(self) -> Response:
        """Give the counters as Prometheus reads them."""
        return Response(self.metrics.text(), headers={"content-type": CONTENT_TYPE})

    def outcomes(self) -> tuple[int, int]:
        """Answers of ``/predict``, and how many of them say that the service failed."""
        return self.metrics.outcomes()

    def close(self) -> None:
        """Finish what runs in threads and close the capture."""
        self._threads.shutdown()
        if self._capture is not None:
            self._capture.close()
        if self._counting is not None:
            self._counting.close()

    def run(self) -> None:
        """Serve, as the command line says; ends on SIGTERM, SIGINT or when told to drain."""
        from jupyter_lifecycle.deployment.service.server import main

        main(self.app, self.settings, self)

    def _answer(self, request: Request, body: bytes) -> tuple[bytes, int]:
        payload = answers.parse(body)
        try:
            result = self.model.predict_json(payload)
            answer = answers.encode(result)
        except LifecycleError as problem:
            if problem.status < 500:
                raise
            raise self._failed(request, problem) from problem
        except Exception as problem:
            raise self._failed(request, problem) from problem
        if self._capture is not None and self.public:  # what a deployer tries is no use of it
            self._keep(request, body, answer)
        if self._counting is not None and self.public:
            self._counting.add(payload, result, len(body))
        return answer, _rows(result)

    def _failed(self, request: Request, problem: Exception) -> answers.Refusal:
        asked = request.scope["request_id"]
        self.log.error("the model failed", exc_info=problem, extra={"fields": {"request": asked}})
        return answers.Refusal(
            500,
            "model",
            f"The model failed on this request with {type(problem).__name__}. "
            f"The service's log has the whole story under request {asked}.",
        )

    def _keep(self, request: Request, body: bytes, answer: bytes) -> None:
        assert self._capture is not None
        try:
            self._capture.add(request.scope["request_id"], self.settings.envelope, body, answer)
        except OSError as problem:
            self.log.warning("a request was answered but not captured: %s", problem.strerror)


def _rows(result: Any) -> int:
    if isinstance(result, dict):
        result = next(iter(result.values()), None)
    return len(result) if isinstance(result, list) else 1


async def _on_lifecycle_error(_request: Request, problem: Exception) -> Response:
    assert isinstance(problem, LifecycleError)
    return answers.of_error(problem)


async def _on_refusal(_request: Request, problem: Exception) -> Response:
    assert isinstance(problem, answers.Refusal)
    return answers.error(problem.status, problem.code, problem.message)


async def _on_http_error(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    code = _WORDS.get(problem.status_code, "http")
    message = {
        404: "There is no such path here; /openapi.json lists what there is.",
        405: f"{request.method} is not what this path takes.",
    }.get(problem.status_code, str(problem.detail))
    return answers.error(problem.status_code, code, message, headers=problem.headers)


class _Frame:
    """Around every request: its id, its count, its failure, the end of its connection on drain."""

    def __init__(self, app: ASGIApp, runtime: Runtime) -> None:
        self._app = app
        self._runtime = runtime
        self._envelope = runtime.settings.envelope[:10].encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["request_id"] = _request_id(scope)
        started = time.perf_counter()
        sender = self._sender(scope, send)
        metrics = self._runtime.metrics
        metrics.running += 1
        try:
            await self._app(scope, receive, sender)
        except Exception:
            self._runtime.log.exception("a request failed")
            if "status" not in scope:
                failed = answers.error(500, "service", "The service failed; its log says why.")
                await failed(scope, receive, sender)
        finally:
            metrics.running -= 1
            path = scope["path"] if scope.get("endpoint") is not None else "other"
            metrics.count(path, scope.get("status", 0), time.perf_counter() - started)

    def _sender(self, scope: Scope, send: Send) -> Callable[[Message], Any]:
        async def sender(message: Message) -> None:
            if message["type"] == "http.response.start":
                scope["status"] = message["status"]
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", scope["request_id"].encode()),
                    (b"x-envelope", self._envelope),
                ]
                if self._runtime.draining:
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        return sender


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value.decode("latin-1")):
            return str(value.decode("latin-1"))
    return uuid.uuid4().hex
