"""Plans on Ray: the user's own cluster, or one on this machine that lives with the process."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import traceback
import warnings
from typing import TYPE_CHECKING, Any, Self

from jupyter_lifecycle.errors import EngineError, MissingExtraError
from jupyter_lifecycle.executors import ray_worker
from jupyter_lifecycle.executors.engine import Told
from jupyter_lifecycle.executors.local import announce, refuse_silent, worker_count

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from types import TracebackType

    from jupyter_lifecycle.executors.engine import Task

_ANSWERING = 5.0
_LOOKING = 0.1
_PATIENCE = 0.5
_ATTEMPTS = 5
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_raylet_start_wait_time_s": "40",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""Ray reports its use to its makers unless it is told not to before it starts. Its raylet gives up
by itself after 15 s without an agent, so it is waited for little longer than that, and
started again."""


class RayExecutor:
    """Runs features on a Ray cluster; columns stay in its object stores.

    Parameters
    ----------
    address : str, optional
        A cluster, as ``host:6379``, ``ray://host:10001`` or ``auto``. Without it the connection
        that this process has is used, or a cluster on this machine starts at first use; it ends
        with the process or with :meth:`close`.
    workers : int, optional
        Processors of a cluster on this machine, each running one task at a time; those of the
        machine, at most 8, where not given.

    Raises
    ------
    EngineError
        If ``workers`` is less than one, or goes with an address.

    Examples
    --------
    >>> with RayExecutor(workers=2) as ray:  # doctest: +SKIP
    ...     jl.compute(graph, ["margin"], inputs=orders, executor=ray)
    """

    name = "Ray"

    def __init__(self, address: str | None = None, *, workers: int | None = None) -> None:
        if address is not None and workers is not None:
            raise EngineError("RayExecutor takes an address or a number of workers, not both.")
        self._address = address
        self._workers = worker_count("Ray", workers)
        self._lock = threading.Lock()
        self._started = False
        self._process = 0
        self._call: Any = None
        self._board: Any = None

    def _ray(self) -> Any:
        """Return the connected module; connects, and starts a cluster, at first use."""
        with self._lock:
            try:
                os.environ.update({k: v for k, v in _QUIET.items() if k not in os.environ})
                import ray
            except ImportError as error:
                raise MissingExtraError(
                    "executor='ray' needs Ray, which is not installed: "
                    'pip install "jupyter_lifecycle[ray]"'
                ) from error
            if self._process and self._process != os.getpid():
                raise EngineError(
                    "This process was forked from one that is connected to Ray, and a connection "
                    "cannot be shared. Run it in a process that was started anew."
                )
            if not ray.is_initialized():
                self._connect(ray)
            elif self._address not in (None, "auto") and not self._started:
                self._refuse_other(ray)
            self._process = os.getpid()
            return ray

    def _connect(self, ray: Any) -> None:
        import logging

        self._call = self._board = None
        quiet: dict[str, Any] = {"logging_level": logging.CRITICAL, "log_to_driver": False}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Ray's own about itself, for its next version
            if self._address is None:
                self._start(ray, quiet)
                self._started = True
                announce(self.name, self._workers)
                return
            try:
                refuse_silent(self._address, _ANSWERING)
                ray.init(address=self._address, **quiet)
            except (OSError, ValueError, RuntimeError) as error:
                raise EngineError(
                    f"No Ray cluster answers at {self._address}: {error}. "
                    "Check the address, or leave it out to start a cluster on this machine."
                ) from error
            self._started = True

    def _refuse_other(self, ray: Any) -> None:
        """See that the connection which this process has is the one that was asked for."""
        address = str(self._address)
        if address.startswith("ray://"):
            known = "" if not ray.util.client.ray.is_connected() else address
        else:
            known = ray.get_runtime_context().gcs_address
        if known != address:
            raise EngineError(
                f"This process is connected to Ray{f' at {known}' if known else ''}, not to "
                f"{address}, and Ray has one connection a process. Close the other executor, or "
                "call ray.shutdown(), first."
            )

    def _start(self, ray: Any, quiet: Mapping[str, Any]) -> None:
        """Start a cluster here; Ray gives its own helpers 15 s, too few on a busy machine."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                ray.init(address="local", num_cpus=self._workers, include_dashboard=False, **quiet)
                return
            except Exception as error:  # Ray raises no class of its own here
                _end_leftovers(error)
                ray.shutdown()
                if attempt == _ATTEMPTS:
                    raise EngineError(
                        f"A Ray cluster on this machine does not start, {attempt} times in a row: "
                        f"{error} Its logs are in /tmp/ray/session_latest/logs."
                    ) from error

    def run_plan(
        self,
        tasks: Sequence[Task],
        shared: Mapping[str, Any],
        wanted: Collection[str],
        told: Callable[[Told], None],
        *,
        watched: bool,
    ) -> dict[str, Any]:
        """Run tasks; see :class:`Engine`."""
        ray = self._ray()
        if not tasks:
            return {}
        if self._call is None:
            self._call = ray.remote(ray_worker.call).options(num_returns=2)
        if self._board is None:
            self._board = ray.remote(ray_worker.Board).options(num_cpus=0).remote()
        plan = ray_worker.Plan(secrets.token_hex(8), self._board, watched)
        return _RayPlan(ray, self._call, plan).result(tasks, shared, wanted, told)

    def close(self) -> None:
        """Disconnect; a cluster that was started here ends. May be called twice."""
        with self._lock:
            started, self._started = self._started, False
            self._call = self._board = None
            if started and self._process == os.getpid():
                import ray

                ray.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _RayPlan:
    """One plan on its way through a cluster."""

    def __init__(self, ray: Any, call: Any, plan: ray_worker.Plan) -> None:
        self._ray = ray
        self._call = call
        self._plan = plan
        self._facts: dict[Any, str] = {}

    def result(
        self,
        tasks: Sequence[Task],
        shared: Mapping[str, Any],
        wanted: Collection[str],
        told: Callable[[Told], None],
    ) -> dict[str, Any]:
        values: dict[str, Any] = {}
        last = {each: task.key for task in tasks for each in task.needs}
        try:
            for name, value in shared.items():
                values[name] = self._ray.put(value)
            for task in tasks:
                needs = [values[each] for each in task.needs]
                values[task.key], facts = self._call.remote(
                    task.key, self._plan, task.call, task.arguments, *needs
                )
                self._facts[facts] = task.key
                for each in task.needs:  # what nobody reads any more need not be kept
                    if last[each] == task.key and each not in wanted:
                        values.pop(each, None)
            self._wait(told)
            return dict(zip(wanted, self._got([values[key] for key in wanted]), strict=True))
        except BaseException:
            self._cancel()
            raise

    def _wait(self, told: Callable[[Told], None]) -> None:
        while self._facts:
            pending = list(self._facts)
            ready, _ = self._ray.wait(pending, num_returns=len(pending), timeout=_LOOKING)
            if self._plan.watched:
                for key, step in self._got([self._plan.board.take.remote()])[0]:
                    told(Told(key, "step", step))
            for ref, facts in zip(ready, self._got(ready), strict=True):
                told(Told(self._facts.pop(ref), "done", facts))

    def _got(self, refs: Sequence[Any]) -> list[Any]:
        try:
            return list(self._ray.get(list(refs)))
        except self._ray.exceptions.RayError as error:
            raise self._error_of(error) from None

    def _error_of(self, error: Any) -> BaseException:
        """Say what a cluster's own error means; a task's own is raised as it is."""
        known = self._ray.exceptions
        if isinstance(error, known.RayTaskError):
            cause = getattr(error, "cause", None)
            return cause if isinstance(cause, Exception) else error
        words = str(error).strip().splitlines()
        said = words[0] if words else type(error).__name__
        if isinstance(error, (known.WorkerCrashedError, known.OutOfMemoryError)):
            return EngineError(
                f"Ray gave up on a task: every worker that ran it died, most likely of too little "
                f"memory ({said}). Give the cluster more, or run the graph with partitioned=True."
            )
        return EngineError(f"The Ray cluster failed: {type(error).__name__}: {said}")

    def _cancel(self) -> None:
        """Have nothing more begin, and stop what runs long; the cluster may be gone by now.

        Ray ends this whole process where a task is cancelled in the instant in which it completes
        (``Check failed … Tried to complete task that was not pending``, Ray 2.60). So what has not
        begun is told by the board not to, what is short ends by itself, and only what still runs
        after a while in which nothing else ended is cancelled, what waits for it first.
        """
        with contextlib.suppress(Exception):
            self._ray.get(self._plan.board.stop.remote(self._plan.id))
            left, before = list(self._facts), -1
            while left and len(left) != before:
                before = len(left)
                _, left = self._ray.wait(left, num_returns=before, timeout=_PATIENCE)
            for ref in reversed(left):
                self._ray.cancel(ref, force=False)


def _end_leftovers(error: BaseException) -> None:
    """End what a start that failed has left running: Ray does so only when the process ends.

    Only the failed start knows its processes, and it is a local variable of what raised.
    """
    for frame, _ in traceback.walk_tb(error.__traceback__):
        end = getattr(frame.f_locals.get("self"), "kill_all_processes", None)
        if end is not None:
            end(check_alive=False, allow_graceful=False)
            return
