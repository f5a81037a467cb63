"""A Dask cluster on this machine, in processes that end when this one does.

The scheduler and its workers belong to one child process: what a notebook computes does not slow
them down, an interrupt from the keyboard does not reach them, a script needs no
``if __name__ == "__main__"``, and they end when the pipe to their parent closes, however it dies.
"""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

from jupyter_lifecycle.errors import EngineError

_STARTING = 240.0


class LocalCluster:
    """Starts at first use; its state is the child process.

    Parameters
    ----------
    name : str
        As people know the engine.
    workers : int, optional
        Number of worker processes.

    Raises
    ------
    EngineError
        If it is less than one.
    """

    def __init__(self, name: str, workers: int | None) -> None:
        self.workers = worker_count(name, workers)
        self._name = name
        self._child: subprocess.Popen[bytes] | None = None
        self._process = 0
        self._address = ""

    @property
    def address(self) -> str:
        """Where the scheduler listens; starts the cluster where none runs.

        Raises
        ------
        EngineError
            If it does not start.
        """
        if self._child is None or self._child.poll() is not None or self._process != os.getpid():
            self._start()
        return self._address

    def _start(self) -> None:
        paths = [path for path in sys.path if path and Path(path).is_dir()]
        child = subprocess.Popen(  # noqa: S603 - this interpreter, and a module of ours
            [sys.executable, "-m", "jupyter_lifecycle.executors.dask_cluster", str(self.workers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            start_new_session=True,
        )
        address = _first_line(child)
        if not address.startswith("tcp://"):
            child.kill()
            _, said = child.communicate()
            words = said.decode(errors="replace").strip().splitlines()
            raise EngineError(
                f"The {self._name} cluster on this machine does not start: "
                f"{words[-1] if words else 'it did not say why'}"
            )
        _drain(child)
        self._child, self._address, self._process = child, address, os.getpid()
        atexit.register(self.close)
        announce(self._name, self.workers)

    def close(self) -> None:
        """End the cluster; may be called twice, and does nothing in a forked process."""
        atexit.unregister(self.close)
        child, self._child = self._child, None
        if child is None or self._process != os.getpid():
            return
        assert child.stdin is not None
        child.stdin.close()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        for pipe in (child.stdout, child.stderr):
            if pipe is not None:
                pipe.close()


def worker_count(name: str, workers: int | None) -> int:
    """Return how many workers a cluster on this machine has.

    Raises
    ------
    EngineError
        If fewer than one is asked for.
    """
    if workers is not None and workers < 1:
        raise EngineError(f"A {name} cluster needs at least one worker, not {workers}.")
    return workers or min(8, os.cpu_count() or 1)


def refuse_silent(address: str, seconds: float) -> None:
    """See that somebody listens: engines themselves try for a minute, or end the process.

    Raises
    ------
    OSError
        If nobody does.
    ValueError
        If it is no address.
    """
    if address in ("auto", "local"):
        return
    parts = urlsplit(address if "://" in address else f"//{address}")
    if not parts.hostname or not parts.port:
        raise ValueError("it is not of the form host:port")
    socket.create_connection((parts.hostname, parts.port), timeout=seconds).close()


def announce(name: str, workers: int) -> None:
    """Say on the error stream that a cluster was started."""
    many = "s" if workers > 1 else ""
    sys.stderr.write(
        f"Started a {name} cluster on this machine: {workers} worker{many}; it ends with this "
        "process, or with close().\n"
    )


def _first_line(child: subprocess.Popen[bytes]) -> str:
    """Read where the child listens; it is killed where it takes too long to say."""
    assert child.stdout is not None
    late = threading.Timer(_STARTING, child.kill)
    late.start()
    try:
        return child.stdout.readline().decode().strip()
    finally:
        late.cancel()


def _drain(child: subprocess.Popen[bytes]) -> None:
    """Read on what the child says, so that it never waits for a reader."""
    for pipe in (child.stdout, child.stderr):
        assert pipe is not None
        threading.Thread(target=_read_all, args=(pipe,), daemon=True).start()


def _read_all(pipe: object) -> None:
    try:
        for _ in pipe:  # type: ignore[attr-defined]
            pass
    except ValueError:  # closed meanwhile
        return
