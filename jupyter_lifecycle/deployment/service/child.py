"""A service that runs beside another one, on a private port, and ends with it."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_START_SECONDS = 120.0
_END_SECONDS = 10.0


class Child:
    """One service process; made when it is ready.

    The page that it runs ends when the other end of its lifeline is closed, however this process
    ends, since it is never handed a public socket.

    Parameters
    ----------
    command : sequence of str
        The interpreter and the page.

    Raises
    ------
    OSError
        Where it does not start or is not ready in time.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)
        self._process: subprocess.Popen[bytes] | None = None
        self._lifeline: socket.socket | None = None
        self.port = 0
        self.start()

    def start(self) -> None:
        """Start it, again where it died.

        Raises
        ------
        OSError
            Where it ends at once or is not ready in time.
        """
        self.close()
        private = socket.create_server(("127.0.0.1", 0), backlog=128)
        ours, theirs = socket.socketpair()
        with private, theirs:
            self._lifeline = ours
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [
                    *self._command,
                    *("--private-fd", str(private.fileno())),
                    *("--lifeline-fd", str(theirs.fileno())),
                ],
                env=_environment(self._command),
                stdin=subprocess.DEVNULL,
                pass_fds=(private.fileno(), theirs.fileno()),
            )
            port = private.getsockname()[1]
        self._wait_ready()
        self.port = port

    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def close(self) -> None:
        """End it, and wait for that."""
        if self._lifeline is not None:
            self._lifeline.close()
            self._lifeline = None
        if self._process is not None:
            try:
                self._process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()
                self._process.wait()
            self._process = None

    def _wait_ready(self) -> None:
        assert self._lifeline is not None
        assert self._process is not None
        deadline = time.monotonic() + _START_SECONDS
        while not select.select([self._lifeline], [], [], 0.1)[0]:
            if time.monotonic() > deadline:
                self.close()
                raise TimeoutError(f"{self._command[-1]} was not ready in {_START_SECONDS:g} s")
        if not self._lifeline.recv(64):
            self.close()
            raise ConnectionError(f"{self._command[-1]} ended while it started")


def _environment(command: Sequence[str]) -> dict[str, str]:
    """Give the environment of a child; what leads to this one's packages is left out of others."""
    import sys

    found = dict(os.environ)
    if command[0] != sys.executable:
        for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"):
            found.pop(name, None)
    return found
