"""The registry browser at 100,000 envelopes: the first page, the next one, a jump, completion.

    python benchmarks/panels.py [--envelopes 100000]

In CPU milliseconds of one process, the best of several: what the kernel spends until the rows are
on their way to the page, beside its floor, the search alone. The last line is JSON.
"""

# ruff: noqa: SLF001 - what the page would ask is asked of the panel itself

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))

from registry import fill

from jupyter_lifecycle.registry import Registry
from jupyter_lifecycle.registry.store.database import Database
from jupyter_lifecycle.widgets.panel_registry import RegistryPanel

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 7
QUERIES = {
    "all, newest first": "",
    "half of all": "tags.t1 = 'v1'",
    "best metric first": "order by metrics.m0",
    "one in 10,000": "tags.t0 = 'v7'",
}


class Here:
    """Runs what the panel starts at once."""

    def start(self, work: Callable[[], None]) -> None:
        work()

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        del seconds
        work()

    def repeat(self, seconds: float, work: Callable[[], bool]) -> None:
        del seconds
        work()

    def close(self) -> None:
        """Nothing goes on."""


def best(work: Callable[[], object]) -> float:
    """Milliseconds of CPU, the lowest of several runs."""
    found = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        found.append((time.process_time() - started) * 1000)
    return min(found)


def main() -> None:
    """Fill a registry, browse it, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--envelopes", type=int, default=100_000)
    count = parser.parse_args().envelopes
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        database = Database(f"sqlite:///{home / 'registry.db'}")
        fill(database, count)
        database.dispose()
        registry = Registry(home)
        found = measure(registry, count)
        registry.close()
    print(json.dumps({"unit": "ms CPU", "envelopes": count, **found}))


def measure(registry: Registry, count: int) -> dict[str, float]:
    """Measure each thing that a person waits for."""
    panel = RegistryPanel(registry, worker=Here())
    sent: list[object] = []
    panel._table.send = sent.append
    answer: dict[str, float] = {}
    for name, query in QUERIES.items():
        panel._table.unobserve_all("query")
        panel._table.query = query
        ours = best(lambda query=query: panel._ask(query))
        floor = best(lambda query=query: registry.search(query, limit=200))
        print(f"{name:24} {ours:8.1f} ms, search alone {floor:6.1f} ms, ratio {ours / floor:.1f}")
        answer[name] = round(ours, 1)
        answer[f"{name}, ratio to the search"] = round(ours / floor, 2)
    panel._table.query = ""
    panel._ask("")
    generation = panel._table.generation
    pages = []
    for page in range(1, 9):
        started = time.process_time()
        panel._page(generation, page)
        pages.append((time.process_time() - started) * 1000)
    answer["next page of 200"] = round(statistics.median(pages), 1)
    started = time.process_time()
    panel._page(generation, count // 200 // 2)
    answer["jump to the middle"] = round((time.process_time() - started) * 1000, 1)
    for text in ("metrics.m", "tags.t1 = "):
        answer[f"completion of {text!r}"] = round(
            best(lambda text=text: registry.complete(text)), 1
        )
    return answer


if __name__ == "__main__":
    main()
