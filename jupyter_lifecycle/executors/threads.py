"""Tasks on threads of this process: for numpy, pandas and Arrow, which release the lock."""

from __future__ import annotations

import heapq
import os
import queue
import threading
from typing import TYPE_CHECKING

from jupyter_lifecycle.errors import ComputeError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

_Done = tuple[str, BaseException | None]


class ThreadExecutor:
    """Runs what is ready at once on several threads; earlier in the order goes first.

    Parameters
    ----------
    workers : int, optional
        Number of threads; the number of processors, at most 8, where not given.

    Raises
    ------
    ComputeError
        If it is less than one.
    """

    def __init__(self, workers: int | None = None) -> None:
        if workers is not None and workers < 1:
            raise ComputeError(f"ThreadExecutor needs at least one worker, not {workers}.")
        self.workers = workers or min(8, os.cpu_count() or 1)

    def run(
        self,
        order: Sequence[str],
        waits_for: Mapping[str, Collection[str]],
        task: Callable[[str], None],
    ) -> None:
        """Call ``task`` for each name; see :class:`Executor`."""
        _Run(order, waits_for, task).on(self.workers)


class _Run:
    """The state of one run; only the calling thread changes it, workers talk through queues."""

    def __init__(
        self,
        order: Sequence[str],
        waits_for: Mapping[str, Collection[str]],
        task: Callable[[str], None],
    ) -> None:
        self._place = {name: place for place, name in enumerate(order)}
        self._order = order
        self._task = task
        self._open: dict[str, int] = {}
        self._readers: dict[str, list[str]] = {}
        self._ready: list[int] = []
        for name in order:
            before = {each for each in waits_for.get(name, ()) if each in self._place}
            self._open[name] = len(before)
            for each in before:
                self._readers.setdefault(each, []).append(name)
            if not before:
                heapq.heappush(self._ready, self._place[name])
        self._given: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[_Done] = queue.SimpleQueue()

    def on(self, workers: int) -> None:
        workers = min(workers, len(self._order))
        for number in range(workers):
            # Daemons: an interrupted feature must not keep the process from ending.
            threading.Thread(target=self._work, name=f"feature-{number}", daemon=True).start()
        failure: BaseException | None = None
        running = 0
        try:
            while running or (self._ready and failure is None):
                while self._ready and running < workers and failure is None:
                    self._given.put(self._order[heapq.heappop(self._ready)])
                    running += 1
                name, error = self._done.get()
                running -= 1
                failure = failure or error
                if error is None:
                    self._free(name)
        finally:
            for _ in range(workers):
                self._given.put(None)
        if failure is not None:
            raise failure

    def _free(self, name: str) -> None:
        for reader in self._readers.get(name, ()):
            self._open[reader] -= 1
            if not self._open[reader]:
                heapq.heappush(self._ready, self._place[reader])

    def _work(self) -> None:
        while (name := self._given.get()) is not None:
            try:
                self._task(name)
            except BaseException as error:  # noqa: BLE001 - raised again in the calling thread
                self._done.put((name, error))
            else:
                self._done.put((name, None))
