"""Counters of one service, in Prometheus' text format (version 0.0.4)."""

from __future__ import annotations

import time
from bisect import bisect_left
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper edges of the latency histogram, seconds."""

MARKS = {
    "shadow_total": "Requests copied to a shadow, by how its answers compare.",
    "shadow_seconds_total": "Seconds that answering copied requests took.",
    "fallback_total": "Requests that the main envelope answered since the chosen one could not.",
    "exposures_total": "Units that saw an arm of an experiment for the first time here.",
    "exposures_full_total": "Requests left out of experiments since exposures could not be kept.",
}
"""What else may be counted, by its name in Prometheus."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PREFIX = "jupyter_lifecycle"


class _Counts:
    """What one envelope answered."""

    def __init__(self) -> None:
        self.requests: dict[tuple[str, int], int] = {}
        self.buckets = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0
        self.rows = 0

    def answers(self) -> tuple[int, int]:
        asked = [(s, n) for (path, s), n in self.requests.items() if path == "/predict"]
        return sum(n for _, n in asked), sum(n for status, n in asked if status >= 500)


class Metrics:
    """Counts requests by envelope, path and status, their seconds, and rows.

    Parameters
    ----------
    **labels : str
        Labels that every series carries, such as the endpoint. ``envelope`` is the one that
        counts where nobody says which one answered.
    """

    def __init__(self, **labels: str) -> None:
        self._main = labels.pop("envelope", "")
        self._labels = labels
        self._started = time.time()
        self._lock = Lock()
        self._counts: dict[str, _Counts] = {self._main: _Counts()}
        self._marks: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
        self.running = 0

    def count(self, path: str, status: int, seconds: float, envelope: str = "") -> None:
        """Count one answered request; its seconds count where the path is ``/predict``."""
        with self._lock:
            counts = self._of(envelope)
            key = (path, status)
            counts.requests[key] = counts.requests.get(key, 0) + 1
            if path == "/predict":
                counts.buckets[bisect_left(BUCKETS, seconds)] += 1
                counts.seconds += seconds

    def outcomes(self) -> tuple[int, int]:
        """Answers of ``/predict``, and how many of them say that the service failed."""
        with self._lock:
            found = [counts.answers() for counts in self._counts.values()]
        return sum(asked for asked, _ in found), sum(failed for _, failed in found)

    def by_envelope(self) -> dict[str, dict[str, Any]]:
        """Give answers of ``/predict``, failures and the latency histogram of each envelope."""
        with self._lock:
            return {
                name: {
                    **dict(zip(("requests", "failed"), counts.answers(), strict=True)),
                    "buckets": list(counts.buckets),
                }
                for name, counts in self._counts.items()
            }

    def count_rows(self, rows: int, envelope: str = "") -> None:
        """Count rows that were answered."""
        with self._lock:
            self._of(envelope).rows += rows

    def mark(self, name: str, amount: float = 1, **labels: str) -> None:
        """Count something else: one of :data:`MARKS`."""
        key = (name, tuple(labels.items()))
        with self._lock:
            self._marks[key] = self._marks.get(key, 0) + amount

    def text(self) -> str:
        """All series, in Prometheus' text format."""
        with self._lock:
            lines = self._by_envelope()
            for name, meaning in MARKS.items():
                found = [(labels, n) for (one, labels), n in self._marks.items() if one == name]
                if found:
                    self._family(lines, name, "counter", meaning)
                    lines += [self._line(name, n, **dict(labels)) for labels, n in sorted(found)]
        self._family(lines, "requests_running", "gauge", "Requests being answered now.")
        lines.append(self._line("requests_running", self.running, envelope=self._main))
        self._family(lines, "started_seconds", "gauge", "Unix time at which the service started.")
        lines.append(self._line("started_seconds", self._started, envelope=self._main))
        return "\n".join(lines) + "\n"

    def _of(self, envelope: str) -> _Counts:
        name = envelope or self._main
        found = self._counts.get(name)
        if found is None:
            found = self._counts[name] = _Counts()
        return found

    def _by_envelope(self) -> list[str]:
        lines: list[str] = []
        self._family(lines, "requests_total", "counter", "Answered requests.")
        for one, counts in self._counts.items():
            lines += [
                self._line("requests_total", n, envelope=one, path=path, status=str(status))
                for (path, status), n in sorted(counts.requests.items())
            ]
        self._family(lines, "predict_seconds", "histogram", "Seconds from request to answer.")
        for one, counts in self._counts.items():
            total = 0
            for edge, n in zip((*map(str, BUCKETS), "+Inf"), counts.buckets, strict=True):
                total += n
                lines.append(self._line("predict_seconds_bucket", total, envelope=one, le=edge))
            lines.append(self._line("predict_seconds_sum", counts.seconds, envelope=one))
            lines.append(self._line("predict_seconds_count", total, envelope=one))
        self._family(lines, "rows_total", "counter", "Rows answered.")
        for one, counts in self._counts.items():
            lines.append(self._line("rows_total", counts.rows, envelope=one))
        return lines

    def _family(self, lines: list[str], name: str, kind: str, meaning: str) -> None:
        lines += [f"# HELP {_PREFIX}_{name} {meaning}", f"# TYPE {_PREFIX}_{name} {kind}"]

    def _line(self, name: str, value: float, **labels: str) -> str:
        joined = ",".join(f'{k}="{_escape(v)}"' for k, v in (self._labels | labels).items())
        return f"{_PREFIX}_{name}{{{joined}}} {value!r}"


def quantile(buckets: Sequence[int], share: float) -> float:
    """Give a quantile of seconds from the counts between :data:`BUCKETS`; NaN of nothing.

    Between two edges it is interpolated; above the last one it is that edge.
    """
    total = sum(buckets)
    if not total:
        return float("nan")
    left, low = share * total, 0.0
    for edge, count in zip(BUCKETS, buckets, strict=False):
        if count and left <= count:
            return low + (edge - low) * left / count
        left -= count
        low = edge
    return BUCKETS[-1]


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
