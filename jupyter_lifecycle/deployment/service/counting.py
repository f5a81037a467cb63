"""Counts what a service sees, in a thread of its own, into windows that are files.

A request only puts what it had into a queue. What is counted is in memory until the next flush,
some seconds at most, so that is what a killed process loses; a window is written with all that is
in it each time, so nothing counts twice.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections import deque
from pathlib import Path
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.deployment.service.logs import LOGGER
from jupyter_lifecycle.deployment.service.sending import Sender
from jupyter_lifecycle.deployment.service.sides import (
    InputRows,
    counted_outputs,
    output_rows,
    plans_of,
    units_of,
)
from jupyter_lifecycle.deployment.service.windows import WindowFile, make_room
from jupyter_lifecycle.monitoring import Counter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jupyter_lifecycle.deployment.service.settings import Settings
    from jupyter_lifecycle.envelope.schema import Schema
    from jupyter_lifecycle.monitoring import Plan

_LOG = logging.getLogger(LOGGER)
FLUSH_SECONDS = 5.0
_REST = 100.0
"""A flush takes at most one part in so many of the time between two."""
_GATHER_SECONDS = 0.1
_AT_ONCE = 256
"""Requests whose rows are counted together."""
_MOST_WAITING = 4 * 1024 * 1024
"""Bytes of requests in the queue; beyond that the request itself counts."""


class Counting:
    """Counts requests and answers of one envelope.

    Parameters
    ----------
    settings : Settings
        Endpoint, envelope, ``window_seconds`` and ``window_folder``.
    schema : Schema
        Says how requests hold rows.
    plans : Mapping
        ``inputs`` or ``raw``, and ``outputs``: what is counted of each.
    clock : callable
        Unix time; it may jump.
    sender : Sender, optional
        Sends what is written, where no deployer fetches it.
    """

    def __init__(
        self,
        settings: Settings,
        schema: Schema,
        plans: Mapping[str, Plan],
        clock: Callable[[], float] = time.time,
        sender: Sender | None = None,
    ) -> None:
        self._settings = settings
        self._schema = schema
        self._clock = clock
        self._sender = sender
        if sender is not None:
            sender.start()
        self._folder = Path(settings.window_folder)
        self._counters = {side: Counter(plan) for side, plan in plans.items()}
        self._outputs = counted_outputs(schema)
        self._readers = {
            side: InputRows(plan, schema) for side, plan in plans.items() if side != "outputs"
        }
        self._waiting: deque[tuple[Any, Any, int]] = deque()
        self._bytes = 0
        self._queue_lock, self._lock = Lock(), Lock()
        self._news, self._end = Event(), Event()
        self._start = self._window(clock())
        self._run = secrets.token_hex(8)
        self._flush, self._written = 0, 0
        self._thread: Thread | None = None

    @classmethod
    def of(cls, model: Any, settings: Settings) -> Counting | None:
        """Make the counting of a loaded envelope; None where nothing is counted."""
        if not settings.window_folder or settings.window_seconds <= 0:
            return None
        plans = plans_of(model.manifest, model.answers)
        sender = None
        if settings.window_sends:
            sender = Sender.of_environment(Path(settings.window_folder))
            if sender is None:
                return None
        return cls(settings, model.schema, plans, sender=sender) if plans else None

    def add(self, payload: Any, answer: Any, size: int) -> None:
        """Have one answered request counted, soon.

        Parameters
        ----------
        payload, answer
            Decoded JSON of both; not to be changed afterwards.
        size : int
            Bytes of the request.
        """
        with self._queue_lock:
            self._waiting.append((payload, answer, size))
            self._bytes += size
            full = self._bytes > _MOST_WAITING
            if self._thread is None:
                self._thread = Thread(target=self._work, name="counting", daemon=True)
                self._thread.start()
        if full:
            with self._lock:
                self._drain()
        elif not self._news.is_set():
            self._news.set()

    def count(self) -> None:
        """Count what waits."""
        with self._lock:
            self._turn_window()
            self._drain()

    def flush(self) -> Path | None:
        """Count what waits and write the window; None where nothing came since the last time."""
        with self._lock:
            self._turn_window()
            self._drain()
            window = self._taken()
        return None if window is None else self._write(window)

    def close(self) -> None:
        """Write what there is and end the thread."""
        self._end.set()
        self._news.set()
        if self._thread is not None:
            self._thread.join()
        self.flush()
        if self._sender is not None:
            self._sender.close()

    # -- the thread

    def _work(self) -> None:
        due = time.monotonic() + FLUSH_SECONDS
        while not self._end.is_set():
            self._news.wait(max(0.0, due - time.monotonic()) if self._is_behind() else None)
            self._news.clear()
            self._end.wait(_GATHER_SECONDS)
            self.count()
            if time.monotonic() >= due:
                begun = time.monotonic()
                self.flush()
                took = time.monotonic() - begun
                due = time.monotonic() + max(FLUSH_SECONDS, _REST * took)

    def _is_behind(self) -> bool:
        return any(one.rows for one in self._counters.values()) and self._rows() != self._written

    # -- under the lock

    def _window(self, now: float) -> int:
        return int(now // self._settings.window_seconds * self._settings.window_seconds)

    def _turn_window(self) -> None:
        start = self._window(self._clock())
        if start == self._start:
            return
        window = self._taken()
        if window is not None:
            self._write(window)
        for counter in self._counters.values():
            counter.clear()
        if start < self._start:  # the clock went back: that window may be on its way already
            self._run = secrets.token_hex(8)
        self._start, self._flush, self._written = start, 0, 0
        removed = make_room(self._folder)
        if removed:
            _LOG.warning("%d windows that nobody fetched were removed: too many wait", removed)

    def _drain(self) -> None:
        """Count what waits: rows of many requests at once, which costs a fraction of one by one."""
        while self._waiting:
            gathered: dict[str, list[Any]] = {side: [] for side in self._counters}
            freed = 0
            for _ in range(min(len(self._waiting), _AT_ONCE)):
                payload, answer, size = self._waiting.popleft()
                freed += size
                try:
                    self._gather(payload, answer, gathered)
                except (TypeError, ValueError, LookupError, AttributeError):  # the thread goes on
                    _LOG.exception("a request was answered and not counted")
            for side, rows in gathered.items():
                self._counters[side].add_rows(rows)
            with self._queue_lock:
                self._bytes -= freed

    def _count_units(self, payload: Any, answer: Any) -> None:
        """Count each unit once a window."""
        units = units_of(self._schema, self._settings.window_unit, payload)
        for side, reader in self._readers.items():
            self._counters[side].add_rows(reader.rows(payload), units)
        if "outputs" in self._counters:
            rows = output_rows(self._schema, self._outputs, answer)
            self._counters["outputs"].add_rows(rows, units)

    def _gather(self, payload: Any, answer: Any, gathered: dict[str, list[Any]]) -> None:
        if self._settings.window_unit:
            self._count_units(payload, answer)
            return
        for side, reader in self._readers.items():
            found = reader.of(payload)
            if isinstance(found, dict):
                self._counters[side].add_columns(found)
            else:
                gathered[side].extend(found)
        if "outputs" in gathered:
            gathered["outputs"].extend(output_rows(self._schema, self._outputs, answer))

    def _rows(self) -> int:
        return sum(counter.rows for counter in self._counters.values())

    def _taken(self) -> WindowFile | None:
        rows = self._rows()
        if rows == self._written:
            return None
        self._written = rows
        self._flush += 1
        sides = {
            side: {"rows": counter.rows, "profile": counter.profile().to_json()}
            for side, counter in self._counters.items()
            if counter.rows
        }
        settings = self._settings
        return WindowFile(
            settings.endpoint,
            settings.envelope,
            self._start,
            settings.window_seconds,
            self._run,
            self._flush,
            sides,
        )

    def _write(self, window: WindowFile) -> Path | None:
        try:
            return window.write(self._folder)
        except OSError as problem:  # the disk is full: the next flush has it all again
            _LOG.warning("what was counted was not written: %s", problem.strerror)
            self._written = -1
            return None
