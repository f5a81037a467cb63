"""Counters of one service, in Prometheus' text format (version 0.0.4)."""

from __future__ import annotations

import time
from bisect import bisect_left
from threading import Lock

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper edges of the latency histogram, seconds."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PREFIX = "jupyter_lifecycle"


class Metrics:
    """Counts requests by path and status, their seconds, and rows.

    Parameters
    ----------
    **labels : str
        Labels that every series carries, such as the endpoint and the envelope.
    """

    def __init__(self, **labels: str) -> None:
        self._labels = labels
        self._started = time.time()
        self._lock = Lock()
        self._requests: dict[tuple[str, int], int] = {}
        self._buckets = [0] * (len(BUCKETS) + 1)
        self._seconds = 0.0
        self._rows = 0
        self.running = 0

    def count(self, path: str, status: int, seconds: float) -> None:
        """Count one answered request; its seconds count where the path is ``/predict``."""
        with self._lock:
            key = (path, status)
            self._requests[key] = self._requests.get(key, 0) + 1
            if path == "/predict":
                self._buckets[bisect_left(BUCKETS, seconds)] += 1
                self._seconds += seconds

    def outcomes(self) -> tuple[int, int]:
        """Answers of ``/predict``, and how many of them say that the service failed."""
        with self._lock:
            asked = [(s, n) for (path, s), n in self._requests.items() if path == "/predict"]
        return sum(n for _, n in asked), sum(n for status, n in asked if status >= 500)

    def count_rows(self, rows: int) -> None:
        """Count rows that were answered."""
        with self._lock:
            self._rows += rows

    def text(self) -> str:
        """All series, in Prometheus' text format."""
        with self._lock:
            requests = sorted(self._requests.items())
            buckets, seconds, rows = list(self._buckets), self._seconds, self._rows
        lines: list[str] = []
        self._family(lines, "requests_total", "counter", "Answered requests.")
        lines += [
            self._line("requests_total", n, path=path, status=str(status))
            for (path, status), n in requests
        ]
        self._family(lines, "predict_seconds", "histogram", "Seconds from request to answer.")
        total = 0
        for edge, n in zip((*map(str, BUCKETS), "+Inf"), buckets, strict=True):
            total += n
            lines.append(self._line("predict_seconds_bucket", total, le=edge))
        lines.append(self._line("predict_seconds_sum", seconds))
        lines.append(self._line("predict_seconds_count", total))
        self._family(lines, "rows_total", "counter", "Rows answered.")
        lines.append(self._line("rows_total", rows))
        self._family(lines, "requests_running", "gauge", "Requests being answered now.")
        lines.append(self._line("requests_running", self.running))
        self._family(lines, "started_seconds", "gauge", "Unix time at which the service started.")
        lines.append(self._line("started_seconds", self._started))
        return "\n".join(lines) + "\n"

    def _family(self, lines: list[str], name: str, kind: str, meaning: str) -> None:
        lines += [f"# HELP {_PREFIX}_{name} {meaning}", f"# TYPE {_PREFIX}_{name} {kind}"]

    def _line(self, name: str, value: float, **labels: str) -> str:
        joined = ",".join(f'{k}="{_escape(v)}"' for k, v in (self._labels | labels).items())
        return f"{_PREFIX}_{name}{{{joined}}} {value!r}"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
