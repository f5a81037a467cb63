"""Service processes as a deployer sees them: start, adopt, hand the public socket over, stop."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.deployment.service.control import Control
from jupyter_lifecycle.errors import DeploymentError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from jupyter_lifecycle.deployment.service.routes import Routes

_TAIL = 4000
_PASSED_ON = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|TZ|LANG|LANGUAGE|LC_\w+|TMPDIR|TEMP|TMP|VIRTUAL_ENV|PYTHON\w*"
    r"|LD_LIBRARY_PATH|DYLD_\w+|XDG_\w+|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE"
    r"|(OMP|MKL|OPENBLAS|GOTO|NUMEXPR|VECLIB|BLIS|CUDA|NVIDIA|ROCR|HIP|KMP|TF|XLA|JAX|TORCH)_\w+"
    r"|COVERAGE\w*|JUPYTER_LIFECYCLE_(HOME|CACHE)"
)


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, where, and where its control socket and its log stand."""

    command: Sequence[str]
    folder: Path
    control: Path
    log: Path
    isolated: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)
    """Added to its environment."""
    hidden: tuple[str, ...] = ()
    """Values that are struck out wherever its log is quoted."""


class ServiceProcess:
    """One running service.

    Made by :meth:`start` (then it is a child) or :meth:`adopt` (then another deployer started it).
    """

    def __init__(
        self, control: Path, log: Path, pid: int, child: subprocess.Popen[bytes] | None = None
    ) -> None:
        self.control = control
        self.log = log
        self.pid = pid
        self.port = 0
        """Of its private socket; 0 where it was adopted."""
        self.started = time.monotonic()
        self.hidden: tuple[str, ...] = ()
        self._child = child
        self._lifeline: socket.socket | None = None
        self._line: Control | None = None

    @classmethod
    def start(cls, program: Program) -> ServiceProcess:
        """Start a service on a private socket; it ends with this process until it is public.

        Raises
        ------
        DeploymentError
            Where the program cannot be started at all.
        """
        private = socket.create_server(("127.0.0.1", 0), backlog=128)
        ours, theirs = socket.socketpair()
        arguments = ["--private-fd", str(private.fileno()), "--lifeline-fd", str(theirs.fileno())]
        with private, theirs, program.log.open("ab") as log:
            try:
                child = subprocess.Popen(  # noqa: S603 - our own program
                    [*program.command, *arguments, "--control", str(program.control)],
                    cwd=program.folder,
                    env={**_environment(isolated=program.isolated), **program.variables},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(private.fileno(), theirs.fileno()),
                    start_new_session=True,
                )
            except OSError as problem:
                ours.close()
                raise DeploymentError(
                    f"The service could not be started: {program.command[0]}: {problem.strerror}."
                ) from problem
            process = cls(program.control, program.log, child.pid, child)
            process.port = private.getsockname()[1]
        process._lifeline = ours
        process.hidden = program.hidden
        return process

    @classmethod
    def adopt(cls, control: Path, log: Path) -> tuple[ServiceProcess, dict[str, Any]] | None:
        """Take over a service that another deployer started; None where it is gone."""
        try:
            line = Control(control)
        except OSError:
            return None
        try:
            status, _ = line.ask("status")
        except (OSError, ValueError):
            line.close()
            return None
        process = cls(control, log, int(status["pid"]))
        process._line = line
        return process, status

    def wait_ready(self, seconds: float, cancelled: Callable[[], bool]) -> None:
        """Wait until it answers on its private socket.

        Raises
        ------
        DeploymentError
            Where it ended, or was not ready in time; the message has the last of its log.
        Cancelled
            Where `cancelled` said so.
        """
        from jupyter_lifecycle.deployment.environment import Cancelled

        assert self._lifeline is not None
        deadline = time.monotonic() + seconds
        while not select.select([self._lifeline], [], [], 0.1)[0]:
            if cancelled():
                raise Cancelled
            if time.monotonic() > deadline:
                raise DeploymentError(
                    f"The service was not ready after {seconds:g} s. {self.last_words()}".strip()
                )
        if not self._lifeline.recv(64):
            raise DeploymentError(
                f"The service ended while it started ({self.ending()}). {self.last_words()}".strip()
            )
        self._line = Control(self.control)

    def listen(self, public: socket.socket) -> None:
        """Hand it the endpoint's public socket; it answers there from now on.

        Raises
        ------
        DeploymentError
            Where it does not take it.
        """
        self._ask("listen", "take over the endpoint's address", fds=[public.fileno()])

    def public_socket(self) -> socket.socket:
        """Get the public socket back from it.

        Raises
        ------
        DeploymentError
            Where it has none.
        """
        fds = self._ask("socket", "give the endpoint's address on")
        return socket.socket(fileno=fds[0])

    def give_connections_to(self, other: ServiceProcess) -> None:
        """Have connections that wait for their next request go on with another service."""
        with contextlib.suppress(DeploymentError):  # gone: its connections are closed already
            while fds := self._ask("idle", "give its connections on"):
                try:
                    other._ask("adopt", "take over connections", fds=fds)
                finally:
                    for fd in fds:
                        os.close(fd)

    def drain(self, seconds: float, *, heir_seconds: float = 0.0) -> None:
        """Have it stop accepting, finish what it has within a time limit, and end.

        Connections that wait for a request are closed after `heir_seconds`, unless they were
        given to another service.
        """
        with contextlib.suppress(DeploymentError):  # gone already: nothing to drain
            self._ask("drain", "drain", seconds=seconds, heir_seconds=heir_seconds)

    def counts(self, envelope: str) -> tuple[int, int]:
        """Answers of an envelope to ``/predict`` so far, and those with a status from 500.

        Nothing where it is gone, or of a version that does not count.
        """
        found = self.by_envelope().get(envelope[:10], {})
        return int(found.get("requests", 0)), int(found.get("failed", 0))

    def by_envelope(self) -> dict[str, dict[str, Any]]:
        """Answers, failures and latencies of each envelope there, by the digits that are shown."""
        try:
            status, _ = self._line.ask("status") if self._line is not None else ({}, [])
        except (OSError, ValueError):
            return {}
        found: dict[str, dict[str, Any]] = status.get("envelopes", {})
        return found

    def follow(self, folder: Path, routes: Routes) -> None:
        """Have it spread requests so from now on, and when it is started again from there.

        Raises
        ------
        DeploymentError
            Where it is gone.
        """
        routes.write(folder)
        self._ask("routes", "follow its routes")

    def alive(self) -> bool:
        """Whether the process still runs."""
        if self._child is not None and self._child.poll() is not None:
            return False
        return self._line is None or not self._line.gone()

    def ending(self) -> str:
        """Say how it ended, such as ``killed by SIGKILL`` or ``exit status 1``."""
        if self._child is None:
            return "it was started by an earlier deployer"
        try:
            status = self._child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return "it hung up"
        if status < 0:
            return f"killed by {signal.Signals(-status).name}"
        return f"exit status {status}"

    def last_words(self) -> str:
        """Give the last line of its log that says something."""
        lines = tail(self.log, 1, self.hidden)
        return f"It said: {lines[0][-400:]}" if lines else ""

    def kill(self) -> None:
        """End it at once."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        if self._child is not None:
            self._child.wait()
        self.leave()

    def ended(self, seconds: float) -> bool:
        """Wait until it has ended, at most so long."""
        deadline = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def leave(self) -> None:
        """Let go of it; where it is public it goes on by itself."""
        for part in (self._line, self._lifeline):
            if part is not None:
                part.close()
        self._line = self._lifeline = None
        if self._child is not None and self._child.poll() is None:
            self._child.returncode = 0  # it lives on without us, and Popen need not warn of that
            self._child = None

    def _ask(self, do: str, meaning: str, **what: Any) -> list[int]:
        if self._line is None:
            raise DeploymentError(f"The service is gone; it could not {meaning}.")
        try:
            _, fds = self._line.ask(do, **what)
        except (OSError, ValueError) as problem:
            raise DeploymentError(f"The service could not {meaning}: {problem}.") from problem
        return fds


def tail(log: Path, lines: int, hidden: Sequence[str] = ()) -> tuple[str, ...]:
    """Give the last lines of a log that are not blank, secrets and what is `hidden` struck out."""
    from jupyter_lifecycle.envelope.indexes import without_secrets

    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL * max(1, lines // 10)))
            text = file.read().decode(errors="replace")
    except OSError:
        return ()
    for secret in sorted(hidden, key=len, reverse=True):
        text = text.replace(secret, "…")
    kept = [line.rstrip() for line in text.splitlines() if line.strip()]
    return tuple(without_secrets(line) for line in kept[-lines:])


def open_public_socket(host: str, port: int) -> socket.socket:
    """Bind an endpoint's address; it is kept across versions and deployers from now on.

    Parameters
    ----------
    host, port : str, int
        Port 0 takes a free one.

    Raises
    ------
    DeploymentError
        Where the address is taken or not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as problem:
        raise DeploymentError(
            f"The address {host}:{port} cannot be used: {problem.strerror}. End the program that "
            "has it, or give the rule another port=."
        ) from problem


def _environment(*, isolated: bool) -> dict[str, str]:
    """Give a service what any program needs of the deployer's environment, and nothing else.

    A model runs code of whoever saved it, so tokens and passwords that the deployer was started
    with stay with the deployer; what a service shall have, its rule names. A container has no more.
    """
    environ = {
        name: value for name, value in os.environ.items() if _PASSED_ON.fullmatch(name) is not None
    }
    if isolated:
        for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"):
            environ.pop(name, None)
    environ["PYTHONUNBUFFERED"] = "1"
    return environ
