"""Plans on Dask: the user's own cluster, or one on this machine that lives with the process."""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from jupyter_lifecycle.errors import EngineError, MissingExtraError
from jupyter_lifecycle.executors import dask_worker
from jupyter_lifecycle.executors.engine import Told
from jupyter_lifecycle.executors.local import LocalCluster, refuse_silent

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from types import TracebackType

    from jupyter_lifecycle.executors.engine import Task

_ANSWERING = 5.0
_CONNECTING = 60.0
"""Somebody must listen at once; a scheduler that does may be busy."""
_LOOKING = 0.25
_SETTLING = 60.0
_LARGE = 4 << 20
"""Bytes from which on a value does not travel in the graph, through the scheduler."""
_ATTEMPTS = 3


class DaskExecutor:
    """Runs features on a Dask cluster; columns stay on its workers.

    Parameters
    ----------
    address : str or distributed.Client, optional
        A scheduler, as ``tcp://host:8786``, or a client that is connected to one. Without it a
        cluster on this machine starts at first use; it ends with the process or with :meth:`close`.
    workers : int, optional
        Processes of a cluster on this machine; the number of processors, at most 8, where not
        given.

    Raises
    ------
    EngineError
        If ``workers`` is less than one, or goes with an address.

    Examples
    --------
    >>> with DaskExecutor(workers=2) as dask:  # doctest: +SKIP
    ...     jl.compute(graph, ["margin"], inputs=orders, executor=dask)
    """

    name = "Dask"

    def __init__(self, address: str | Any | None = None, *, workers: int | None = None) -> None:
        if address is not None and workers is not None:
            raise EngineError("DaskExecutor takes an address or a number of workers, not both.")
        self._address = address
        self._local = LocalCluster("Dask", workers) if address is None else None
        self._lock = threading.Lock()
        self._client: Any = None
        self._own_client = False
        self._topic = f"jupyter-lifecycle-{uuid4().hex}"
        self._runs: dict[str, queue.SimpleQueue[Any]] = {}
        self._process = os.getpid()

    @property
    def client(self) -> Any:
        """The connected ``distributed.Client``; connects, and starts a cluster, at first use.

        Raises
        ------
        EngineError
            If the scheduler does not answer, or this process was forked from the one that
            connected.
        MissingExtraError
            If Dask is not installed.
        """
        with self._lock:
            if self._client is not None and self._process != os.getpid():
                raise EngineError(
                    "This process was forked from one that is connected to Dask, and a connection "
                    "cannot be shared. Make a DaskExecutor of its own here."
                )
            if self._client is None or self._client.status in ("closed", "closing"):
                self._process = os.getpid()
                self._client = self._connected()
            return self._client

    def _connected(self) -> Any:
        try:
            import distributed
        except ImportError as error:
            raise MissingExtraError(
                "executor='dask' needs Dask, which is not installed: "
                'pip install "jupyter_lifecycle[dask]"'
            ) from error
        if isinstance(self._address, distributed.Client):
            client = self._address
        else:
            address = self._local.address if self._local is not None else str(self._address)
            try:
                refuse_silent(address, _ANSWERING)
                client = distributed.Client(
                    address, timeout=_CONNECTING, set_as_default=False, name="jupyter-lifecycle"
                )
            except (OSError, ValueError, TimeoutError) as error:
                raise EngineError(
                    f"No Dask scheduler answers at {address}: {error}. "
                    "Check the address, or leave it out to start a cluster on this machine."
                ) from error
            self._own_client = True
        client.subscribe_topic(self._topic, self._take)
        return client

    def _take(self, event: tuple[Any, bytes]) -> None:
        run, key, what, facts = pickle.loads(event[1])  # noqa: S301 - from our own worker
        waiting = self._runs.get(run)
        if waiting is not None:
            waiting.put(Told(key, what, facts))

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
        lost = 0
        while True:
            run = uuid4().hex
            waiting = self._runs[run] = queue.SimpleQueue()
            try:
                with self._sending() as sending:
                    plan = _DaskPlan(self.client, run, self._topic, sending, watched=watched)
                    return plan.result(tasks, shared, wanted, _Hearing(waiting, told))
            except _LostError as error:
                lost += 1
                if lost == _ATTEMPTS:
                    raise EngineError(str(error)) from None
            finally:
                self._runs.pop(run, None)

    @contextlib.contextmanager
    def _sending(self) -> Iterator[_Sending]:
        """Say how large values travel: in files where the workers are on this machine."""
        if self._local is None:
            yield _Sending(self.client, None)
            return
        with tempfile.TemporaryDirectory(prefix="jupyter-lifecycle-") as folder:
            yield _Sending(self.client, Path(folder))

    def close(self) -> None:
        """Disconnect; a cluster that was started here ends. May be called twice."""
        with self._lock:
            client, self._client = self._client, None
            if client is not None and self._process == os.getpid():
                with contextlib.suppress(Exception):  # the scheduler may be gone already
                    client.unsubscribe_topic(self._topic)
                if self._own_client:
                    client.close(timeout=2)
        if self._local is not None:
            self._local.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _Hearing:
    """Hands on what tasks told, and knows which are done."""

    def __init__(self, waiting: queue.SimpleQueue[Any], told: Callable[[Told], None]) -> None:
        self._waiting = waiting
        self._told = told
        self.done: set[str] = set()

    def next(self, seconds: float) -> bool:
        """Hand on the next message; say whether one came within the time."""
        try:
            message = self._waiting.get(timeout=seconds)
        except queue.Empty:
            return False
        if message.what == "done":
            self.done.add(message.key)
        self._told(message)
        return True


class _LostError(Exception):
    """Says that the cluster no longer has what was sent or computed, and cannot make it again."""


class _Sending:
    """How the values of this side reach the workers."""

    def __init__(self, client: Any, folder: Path | None) -> None:
        self._client = client
        self._folder = folder

    def entry(self, key: str, value: Any) -> Any:
        """Return what stands for a value in a graph.

        A small one stands there itself. A large one would pass through the scheduler, which keeps
        it: it is written to a file, from which a worker that takes another's place reads it again,
        or scattered, after which the plan must start again when its only holder dies.
        """
        from dask.sizeof import sizeof

        if sizeof(value) < _LARGE:
            return dask_worker.sent(value)
        if self._folder is None:
            return self._client.scatter({key: value}, hash=False)[key]
        path = self._folder / uuid4().hex
        with path.open("wb") as file:
            pickle.dump(value, file, 5)
        return (dask_worker.read, str(path))


class _DaskPlan:
    """One plan on its way through a cluster."""

    def __init__(
        self, client: Any, run: str, topic: str, sending: _Sending, *, watched: bool
    ) -> None:
        self._client = client
        self._sending = sending
        self._run = run
        self._topic = topic
        self._watched = watched
        self._futures: dict[str, Any] = {}
        self._shared: dict[str, Any] = {}

    def result(
        self,
        tasks: Sequence[Task],
        shared: Mapping[str, Any],
        wanted: Collection[str],
        hearing: _Hearing,
    ) -> dict[str, Any]:
        if not tasks:
            return {}
        self._shared = {
            self._key(name): self._sending.entry(self._key(name), value)
            for name, value in shared.items()
        }
        graph = {key: entry for key, entry in self._shared.items() if isinstance(entry, tuple)}
        graph |= {self._key(task.key): self._call(task) for task in tasks}
        read = {each for task in tasks for each in task.needs}
        ends = [task.key for task in tasks if task.key not in read]
        keys = list(dict.fromkeys([*wanted, *ends]))
        futures = self._client.get(graph, [self._key(key) for key in keys], sync=False)
        self._futures = dict(zip(keys, futures, strict=True))
        try:
            self._wait({task.key for task in tasks}, hearing)
            return self._gathered(wanted)
        except BaseException:
            self._cancel()
            raise
        finally:
            for future in self._futures.values():
                future.release()

    def _key(self, name: str) -> str:
        return f"{name.replace(':', '-')}-{self._run}"

    def _call(self, task: Task) -> tuple[Any, ...]:
        about = dask_worker.About(self._topic, self._run, task.key, self._watched)
        keys = [self._key(each) for each in task.needs]
        needs = [
            key if isinstance(self._shared.get(key, ()), tuple) else self._shared[key]
            for key in keys
        ]
        return (dask_worker.call, about, task.call, list(task.arguments), *needs)

    def _wait(self, keys: set[str], hearing: _Hearing) -> None:
        idle = 0.0
        while not keys <= hearing.done:
            if hearing.next(_LOOKING):
                continue
            states = {future.status for future in self._futures.values()}
            self._raise_failed()
            if self._client.status != "running":
                raise EngineError(
                    "The connection to the Dask scheduler is lost, and with it the columns there. "
                    "See whether the cluster runs, and compute again."
                )
            idle = idle + _LOOKING if states == {"finished"} else 0.0
            if idle > _SETTLING:
                raise EngineError(
                    "Dask finished, but what it told about the work never arrived. Compute again."
                )
        self._raise_failed()

    def _raise_failed(self) -> None:
        for key, future in self._futures.items():
            if future.status == "error":
                raise _error_of(future.exception())
            if future.status in ("cancelled", "lost"):
                raise _LostError(
                    f"Dask cancelled {key.partition(':')[2]}: somebody restarted the cluster or "
                    "cancelled the work there, or its workers died again and again. Compute again."
                )

    def _gathered(self, wanted: Collection[str]) -> dict[str, Any]:
        keys = list(wanted)
        try:
            found = self._client.gather([self._futures[key] for key in keys])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised on
            raise _error_of(error) from None
        return dict(zip(keys, found, strict=True))

    def _cancel(self) -> None:
        """Take back what has not begun, and stop what runs; the scheduler may be gone by now."""
        with contextlib.suppress(Exception):
            self._client.cancel(list(self._futures.values()), force=True)
        with contextlib.suppress(Exception):
            self._client.run(dask_worker.stop, self._run, on_error="ignore")


def _error_of(error: BaseException) -> BaseException:
    """Say what a cluster's own error means; a task's own is raised as it is."""
    import distributed

    if isinstance(error, distributed.KilledWorker):
        name = str(error.task).partition("-")[2].rpartition("-")[0]
        return EngineError(
            f"Dask gave up on {name}: every worker that ran it died, most likely of too little "
            "memory. Give the workers more, or run the graph with partitioned=True.",
            name=name,
        )
    return error
