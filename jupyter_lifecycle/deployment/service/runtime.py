"""What every generated service shares, as one object that its routes call."""

from __future__ import annotations

import asyncio
import logging
import re
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from starlette.exceptions import HTTPException
from starlette.responses import Response

from jupyter_lifecycle.deployment.service import answers
from jupyter_lifecycle.deployment.service.attributes import CHOICE, HEADER, attributes_of
from jupyter_lifecycle.deployment.service.exposing import ExposureLog
from jupyter_lifecycle.deployment.service.logs import LOGGER
from jupyter_lifecycle.deployment.service.metrics import CONTENT_TYPE, Metrics
from jupyter_lifecycle.deployment.service.routes import Routes
from jupyter_lifecycle.deployment.service.shadowing import Shadowing
from jupyter_lifecycle.deployment.service.trials import FORCED, Trials
from jupyter_lifecycle.deployment.service.versions import Question, Unavailable, load_versions
from jupyter_lifecycle.errors import LifecycleError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from jupyter_lifecycle.deployment.service.settings import Settings
    from jupyter_lifecycle.deployment.service.versions import Answer, Forwarded, Version
    from jupyter_lifecycle.experiments.deciding import Decision

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
        self.versions = load_versions(model, settings)
        self._main = self.versions[settings.envelope]
        self._folder = Path(sys.argv[0]).absolute().parent
        folder = settings.exposure_folder
        self._exposures = ExposureLog(Path(folder)) if folder else None
        self.follow(Routes.read(self._folder))
        self._shadowing = Shadowing(self.metrics)
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
        answer = await loop.run_in_executor(self._threads, self._answer, request, body)
        return Response(answer.body, answer.status, media_type=answers.JSON_TYPE)

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

    def schema(self, envelope: str) -> Response:
        """Give what an envelope here takes and gives; the main one where none is named.

        Raises
        ------
        NotFoundError
            Where no such envelope answers here.
        """
        version = self._named(envelope) if envelope else self._main
        if version is None:
            raise NotFoundError(f"No envelope {envelope[:40]!r} answers here.")
        return self.reply({"envelope": version.id, "schema": version.schema.to_json()})

    def follow(self, routes: Routes) -> None:
        """Spread requests as these routes say, from the next one on."""
        told = routes.experiments if self._exposures is not None else {}
        trials = Trials(told, self.versions)
        self._routes = routes, trials if trials.running else None

    def read_routes(self) -> None:
        """Follow what ``routes.json`` says now."""
        self.follow(Routes.read(self._folder))

    def outcomes(self) -> tuple[int, int]:
        """Answers of ``/predict``, and how many of them say that the service failed."""
        return self.metrics.outcomes()

    def by_envelope(self) -> dict[str, Any]:
        """Give answers, failures and latencies of each envelope, by the digits that are shown."""
        return self.metrics.by_envelope()

    def close(self) -> None:
        """Finish what runs in threads and close the capture."""
        self._threads.shutdown()
        self._shadowing.close()
        if self._exposures is not None:
            self._exposures.close()
        for version in self.versions.values():
            version.close()

    def run(self) -> None:
        """Serve, as the command line says; ends on SIGTERM, SIGINT or when told to drain."""
        from jupyter_lifecycle.deployment.service.server import main

        main(self.app, self.settings, self)

    def _answer(self, request: Request, body: bytes) -> Answer:
        payload = answers.parse(body)
        routes, trials = self._routes
        version = self._choose(request, payload, routes, trials)
        question = Question(payload, body, request.scope["request_id"], tried=not self.public)
        try:
            try:
                answer = version.answer(question)
            except Unavailable:
                self.metrics.mark("fallback_total", envelope=version.short)
                version = self._main
                request.scope.pop("arm", None)
                answer = version.answer(question)
        except LifecycleError as problem:
            if problem.status < 500:
                raise
            raise self._failed(request, problem) from problem
        except Exception as problem:
            raise self._failed(request, problem) from problem
        finally:
            request.scope["envelope"] = version.short
        if answer.status == 200:
            self.metrics.count_rows(_rows(answer.value), version.short)
            if self._is_kept(request):
                version.keep(question, answer)
                for shadow in routes.shadows:
                    if (other := self.versions.get(shadow.envelope)) is not None:
                        self._shadowing.ask(shadow, other, question, answer)
        return answer

    def _choose(
        self, request: Request, payload: Any, routes: Routes, trials: Trials | None
    ) -> Version | Forwarded:
        """Give the version that answers a request."""
        if not self.public and (asked := request.headers.get(CHOICE)) is not None:
            found = self._named(asked)  # a deployer tries what it has just started
            if found is None:
                raise answers.Refusal(404, "not_found", f"No envelope {asked[:40]} answers here.")
            return found
        if trials is None and not routes.splits:
            return self._main
        header, forced = _said(request)
        if trials is not None:
            decision = trials.choose_for(payload, header, forced)
            if decision is not None and self._is_exposed(decision):
                request.scope["arm"] = trials.words[decision.experiment, decision.arm]
                return self.versions[str(decision.envelope)]
        if not routes.splits:
            return self._main
        return self.versions.get(routes.draw(attributes_of(payload, header)), self._main)

    def _is_exposed(self, decision: Decision) -> bool:
        """Write down that a unit sees its arm, before it does; what cannot be is not shown."""
        if decision.forced or not self.public:
            return True
        assert self._exposures is not None
        new = self._exposures.add(decision.experiment, decision.unit, decision.arm)
        if new is None:
            self.metrics.mark("exposures_full_total", experiment=decision.experiment)
        elif new:
            self.metrics.mark("exposures_total", experiment=decision.experiment, arm=decision.arm)
        return new is not None

    def _is_kept(self, request: Request) -> bool:
        """Whether a request is captured and counted: what a deployer tries is no use of it."""
        tried = self.settings.inner and CHOICE in request.headers
        return self.public and not tried

    def _named(self, envelope: str) -> Version | Forwarded | None:
        return next((one for id_, one in self.versions.items() if id_.startswith(envelope)), None)

    def _failed(self, request: Request, problem: Exception) -> answers.Refusal:
        asked = request.scope["request_id"]
        self.log.error("the model failed", exc_info=problem, extra={"fields": {"request": asked}})
        return answers.Refusal(
            500,
            "model",
            f"The model failed on this request with {type(problem).__name__}. "
            f"The service's log has the whole story under request {asked}.",
        )


def _said(request: Request) -> tuple[bytes | None, bytes | None]:
    """Give what a request says of who asks, and the arm that it is forced into."""
    header = forced = None
    for key, value in request.scope["headers"]:
        if key == HEADER:
            header = value
        elif key == FORCED:
            forced = value
    return header, forced


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
        self._envelope = runtime.settings.envelope[:10]

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
            took = time.perf_counter() - started
            metrics.count(path, scope.get("status", 0), took, scope.get("envelope", ""))

    def _sender(self, scope: Scope, send: Send) -> Callable[[Message], Any]:
        async def sender(message: Message) -> None:
            if message["type"] == "http.response.start":
                scope["status"] = message["status"]
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", scope["request_id"].encode()),
                    (b"x-envelope", scope.get("envelope", self._envelope).encode()),
                ]
                if (arm := scope.get("arm")) is not None:
                    message["headers"].append((b"x-experiment", arm))
                if self._runtime.draining:
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        return sender


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value.decode("latin-1")):
            return str(value.decode("latin-1"))
    return uuid.uuid4().hex
