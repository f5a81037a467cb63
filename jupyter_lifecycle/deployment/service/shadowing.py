"""Requests copied to an envelope whose answers nobody gets; how they compare is counted."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING

from jupyter_lifecycle.deployment.service.versions import Unavailable
from jupyter_lifecycle.envelope.agreement import first_difference

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lifecycle.deployment.service.metrics import Metrics
    from jupyter_lifecycle.deployment.service.routes import Shadow
    from jupyter_lifecycle.deployment.service.versions import Answer, Forwarded, Question, Version

_MOST_WAITING = 64


class Shadowing:
    """Asks shadows beside the requests that are answered, one at a time.

    What waits is bounded: where a shadow is slower than the requests come, some are not copied,
    and that is counted too.

    Parameters
    ----------
    metrics : Metrics
        Counts ``same``, ``different``, ``failed`` and ``dropped``.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._lock = Lock()
        self._waiting = 0
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="shadow")

    def ask(
        self,
        shadow: Shadow,
        version: Version | Forwarded,
        question: Question,
        answered: Answer,
    ) -> None:
        """Copy a request, if its turn comes; what was answered is compared with."""
        if shadow.share < 1.0 and random.random() >= shadow.share:  # noqa: S311 - a sample
            return
        with self._lock:
            full = self._waiting >= _MOST_WAITING
            self._waiting += not full
        if full:
            self._metrics.mark("shadow_total", envelope=version.short, answer="dropped")
            return
        self._worker.submit(self._compare, version, question, answered)

    def close(self) -> None:
        """Give up what waits."""
        self._worker.shutdown(cancel_futures=True)

    def _compare(self, version: Version | Forwarded, question: Question, answered: Answer) -> None:
        started = time.perf_counter()
        word = _word(lambda: version.answer(question), answered)
        took = time.perf_counter() - started
        self._metrics.mark("shadow_total", envelope=version.short, answer=word)
        self._metrics.mark("shadow_seconds_total", took, envelope=version.short)
        with self._lock:
            self._waiting -= 1


def _word(ask: Callable[[], Answer], answered: Answer) -> str:
    try:
        mine = ask()
    except Unavailable:
        return "dropped"
    except Exception:  # noqa: BLE001 - whatever the model raises is what is counted
        return "failed"
    if mine.status != 200:
        return "failed"
    return "different" if first_difference(answered.value, mine.value) else "same"
