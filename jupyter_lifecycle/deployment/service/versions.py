"""The envelopes that answer at one address: in this process, or in services of their own.

One process holds the envelopes that its interpreter satisfies. One that needs another environment
runs as a child on a port of its own, which ends with this process; a child that died is started
again, and until it answers nobody is sent there.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.deployment.service import answers
from jupyter_lifecycle.deployment.service.attributes import CHOICE
from jupyter_lifecycle.deployment.service.capture import Capture
from jupyter_lifecycle.deployment.service.child import Child
from jupyter_lifecycle.deployment.service.counting import Counting
from jupyter_lifecycle.deployment.service.logs import LOGGER
from jupyter_lifecycle.envelope.serving import load_service

if TYPE_CHECKING:
    from jupyter_lifecycle.deployment.service.runtime import Model
    from jupyter_lifecycle.deployment.service.settings import Beside, Settings

LOG = logging.getLogger(LOGGER)
_FORWARD_SECONDS = 300.0
_PAUSE = 1.0


class Unavailable(Exception):  # noqa: N818 - a way to the next choice, not a fault
    """A version that cannot be asked now."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent, and for counting the value that it says."""

    status: int
    body: bytes
    value: Any = None


@dataclass(frozen=True, slots=True)
class Question:
    """One request: what it says, as it came, its id, and whether a deployer only tries."""

    payload: Any
    body: bytes
    request: str
    tried: bool = False


class Version:
    """One envelope that is loaded in this process.

    Parameters
    ----------
    model : Model
        What was loaded.
    settings : Settings
        Its id, and where what it sees is kept.
    """

    def __init__(self, model: Model, settings: Settings) -> None:
        self.id = settings.envelope
        self.short = settings.envelope[:10]
        self.model = model
        self._capture = _capture(settings)
        self._counting = Counting.of(model, settings)

    @property
    def schema(self) -> Any:
        """What it takes and gives."""
        return self.model.schema

    def answer(self, question: Question) -> Answer:
        """Answer a decoded request; what the model raises goes through."""
        value = self.model.predict_json(question.payload)
        return Answer(200, answers.encode(value), value)

    def keep(self, question: Question, answer: Answer) -> None:
        """Capture and count what was answered."""
        if self._capture is not None:
            try:
                self._capture.add(question.request, self.id, question.body, answer.body)
            except OSError as problem:
                LOG.warning("a request was answered but not captured: %s", problem.strerror)
        if self._counting is not None:
            self._counting.add(question.payload, answer.value, len(question.body))

    def close(self) -> None:
        """Write what was counted, and close the files."""
        if self._capture is not None:
            self._capture.close()
        if self._counting is not None:
            self._counting.close()


class Forwarded:
    """One envelope whose own service answers, and keeps what it sees, in an environment of its own.

    Parameters
    ----------
    beside : Beside
        Its program and directory.
    """

    def __init__(self, beside: Beside) -> None:
        self.id = beside.envelope
        self.short = beside.envelope[:10]
        self._directory = beside.directory
        self._child = Child(beside.command)
        self._lines = threading.local()
        self._starting = threading.Lock()
        self._not_before = 0.0

    @property
    def schema(self) -> Any:
        """What it takes and gives, read without loading it."""
        from jupyter_lifecycle.envelope.bundle import Bundle

        return Bundle(Path(self._directory), trust=False).schema

    def answer(self, question: Question) -> Answer:
        """Have its service answer.

        Raises
        ------
        Unavailable
            Where it does not; it is started again meanwhile.
        """
        for last in (False, True):
            line = self._line(fresh=last)
            headers = {"Content-Type": answers.JSON_TYPE, "X-Request-Id": question.request}
            if question.tried:
                headers[CHOICE] = self.id
            try:
                line.request("POST", "/predict", question.body, headers)
                found = line.getresponse()
                said = found.read()
            except (OSError, http.client.HTTPException):
                line.close()
                continue
            if found.status != 503:
                return Answer(found.status, said, _value(said) if found.status == 200 else None)
        self._start_again()
        raise Unavailable

    def keep(self, _question: Question, _answer: Answer) -> None:
        """Keep nothing: its service does."""

    def close(self) -> None:
        """End its service."""
        self._child.close()

    def _line(self, *, fresh: bool) -> http.client.HTTPConnection:
        held = getattr(self._lines, "held", None)
        port = self._child.port
        if fresh or held is None or held.port != port:
            held = http.client.HTTPConnection("127.0.0.1", port, timeout=_FORWARD_SECONDS)
            self._lines.held = held
        return held

    def _start_again(self) -> None:
        """Start its service again where it died, beside what goes on here."""
        if self._child.alive() or time.monotonic() < self._not_before:
            return
        if self._starting.acquire(blocking=False):
            self._not_before = time.monotonic() + _PAUSE

            def start() -> None:
                with contextlib.suppress(OSError):  # tried again at the next request
                    self._child.start()
                self._starting.release()

            threading.Thread(target=start, name=f"start-{self.short}", daemon=True).start()


def load_versions(model: Model, settings: Settings) -> dict[str, Version | Forwarded]:
    """Load what answers at one address, by id; the service's own envelope is the first.

    Parameters
    ----------
    model : Model
        The service's own envelope.
    settings : Settings
        Says what else answers.

    Returns
    -------
    dict
        Without those that cannot be loaded or started: the log says why.
    """
    found: dict[str, Version | Forwarded] = {settings.envelope: Version(model, settings)}
    for one in settings.beside:
        try:
            found[one.envelope] = _load(one, settings)
        except Exception as problem:  # whatever it raises, the service's own envelope serves
            LOG.exception("%s does not answer beside", one.envelope[:10], exc_info=problem)
    return found


def _load(one: Beside, settings: Settings) -> Version | Forwarded:
    if one.command:
        return Forwarded(one)
    mine = replace(
        settings,
        envelope=one.envelope,
        capture_folder=one.capture_folder,
        window_folder=one.window_folder,
    )
    return Version(load_service(one.directory), mine)


def _capture(settings: Settings) -> Capture | None:
    if not settings.capture_folder or settings.capture <= 0:
        return None
    folder = Path(settings.capture_folder)
    return Capture(folder, share=settings.capture, max_bytes=settings.capture_bytes)


def _value(body: bytes) -> Any:
    return json.loads(body)
