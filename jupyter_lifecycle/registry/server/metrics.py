"""The server's figures, in Prometheus' text format (version 0.0.4)."""

from __future__ import annotations

import time
from bisect import bisect_left
from threading import Lock
from typing import Final

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS: Final = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    60.0,
)
"""Upper edges of the histogram of a request's time, in seconds."""
_PREFIX: Final = "jupyter_lifecycle_registry"


class RequestMetrics:
    """Counts requests by method, route and status, and their seconds."""

    def __init__(self) -> None:
        self._started = time.time()
        self._lock = Lock()
        self._requests: dict[tuple[str, str, int], int] = {}
        self._buckets = [0] * (len(BUCKETS) + 1)
        self._seconds = 0.0

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request.

        Parameters
        ----------
        method, route : str
            ``GET`` and ``/v1/envelopes/{id}``: never a path with data in it, which has no end.
        status : int
            What was answered.
        seconds : float
            From the request's head to the answer's end.
        """
        with self._lock:
            key = (method, route, status)
            self._requests[key] = self._requests.get(key, 0) + 1
            self._buckets[bisect_left(BUCKETS, seconds)] += 1
            self._seconds += seconds

    def text(self, **gauges: float) -> str:
        """All series, and the gauges that are given, in Prometheus' text format."""
        with self._lock:
            requests, buckets = sorted(self._requests.items()), list(self._buckets)
            seconds = self._seconds
        lines = _head("requests_total", "counter", "Answered requests.")
        lines += [
            f'{_PREFIX}_requests_total{{method="{method}",route="{route}",status="{status}"}} {n}'
            for (method, route, status), n in requests
        ]
        lines += _head("request_seconds", "histogram", "Seconds from a request to its answer.")
        total = 0
        for edge, n in zip((*map(str, BUCKETS), "+Inf"), buckets, strict=True):
            total += n
            lines.append(f'{_PREFIX}_request_seconds_bucket{{le="{edge}"}} {total}')
        lines.append(f"{_PREFIX}_request_seconds_sum {seconds!r}")
        lines.append(f"{_PREFIX}_request_seconds_count {total}")
        for name, value in {"started_seconds": self._started, **gauges}.items():
            lines += [*_head(name, "gauge", _MEANINGS[name]), f"{_PREFIX}_{name} {value!r}"]
        return "\n".join(lines) + "\n"


_MEANINGS: Final = {
    "started_seconds": "Unix time at which this server started.",
    "events": "Number of the newest event.",
    "deliveries_pending": "Deliveries to webhooks that wait.",
    "deliveries_dead": "Deliveries to webhooks whose tries are used up.",
}


def _head(name: str, kind: str, meaning: str) -> list[str]:
    return [f"# HELP {_PREFIX}_{name} {meaning}", f"# TYPE {_PREFIX}_{name} {kind}"]
