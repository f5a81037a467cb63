"""Runs an ASGI application on sockets that come and go, and ends without losing a request.

A service that a deployer starts has a private socket, on which it is tried. It is then handed the
endpoint's public socket and accepts there beside the version before, which is told to drain: it
stops accepting, gives connections on that wait for their next request, answers what it has with
``Connection: close``, and ends. Until it was handed the public socket a service ends with its
deployer; afterwards it goes on without one.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.util
import os
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import uvicorn

from jupyter_lifecycle.deployment.service import logs
from jupyter_lifecycle.deployment.service.control import ControlServer

if TYPE_CHECKING:
    from collections.abc import Generator

    from starlette.types import ASGIApp

    from jupyter_lifecycle.deployment.service.settings import Settings

READY = b"ready\n"
DRAIN_SECONDS = 30.0
_WATCH_SECONDS = 5.0
_AT_ONCE = 200  # descriptors in one message; Linux takes 253
_PROTOCOL: Any = "httptools" if importlib.util.find_spec("httptools") else "h11"


class Gate(Protocol):
    """What the server tells the application."""

    draining: bool
    public: bool

    def outcomes(self) -> tuple[int, int]:
        """Answers to questions, and how many of them say that the service failed."""

    def by_envelope(self) -> dict[str, Any]:
        """Give the same for each envelope that answers here, with its latencies."""

    def read_routes(self) -> None:
        """Spread requests as ``routes.json`` says from now on."""

    def close(self) -> None:
        """Finish: nothing more will be asked."""


class _Listener(uvicorn.Server):
    """One socket's HTTP server. Several live in one process, so signals are not its business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    def stop_accepting(self) -> None:
        for server in self.servers:
            server.close()

    def let_go(self, limit: int) -> list[int]:
        """Give up connections that wait for their next request, as descriptors of their sockets.

        The keep-alive timer runs only between a whole answer and the next byte of a request.
        """
        fds: list[int] = []
        for protocol in list(self.server_state.connections):
            if len(fds) >= limit:
                break
            timer = getattr(protocol, "timeout_keep_alive_task", None)
            transport = protocol.transport
            if timer is None or transport.is_closing() or transport.get_write_buffer_size():
                continue
            timer.cancel()
            fds.append(os.dup(transport.get_extra_info("socket").fileno()))
            transport.close()
        return fds

    async def adopt(self, fd: int) -> None:
        """Go on with a connection that another process gave up."""
        connection = socket.socket(fileno=fd)
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        _, protocol = await loop.connect_accepted_socket(self._protocol, connection)
        protocol.timeout_keep_alive_task = loop.call_later(
            protocol.timeout_keep_alive, protocol.timeout_keep_alive_handler
        )

    def _protocol(self) -> Any:
        protocol: Any = self.config.http_protocol_class
        return protocol(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    async def drained(self, heir_seconds: float) -> None:
        """Wait until no connection is left; those that wait are closed where no heir takes them."""
        loop = asyncio.get_running_loop()
        last = loop.time() + heir_seconds
        quiet = 0
        while quiet < 4:  # one that was accepted a moment ago may not be in the set yet
            quiet = 0 if self.server_state.connections else quiet + 1
            if loop.time() > last:
                for fd in self.let_go(_AT_ONCE):
                    os.close(fd)
            await asyncio.sleep(0.02)


class Service:
    """One application in one process.

    Parameters
    ----------
    app : ASGI application
    settings : Settings
        Facts about it that it tells a deployer.
    gate : Gate
        Is told when draining begins and when all is over.
    """

    def __init__(self, app: ASGIApp, settings: Settings, gate: Gate) -> None:
        self._app = app
        self._settings = settings
        self._gate = gate
        self._listeners: list[_Listener] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._public: socket.socket | None = None
        self._end = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._drain_seconds = DRAIN_SECONDS
        self._heir_seconds = 0.0
        for word in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(word, self._end.set)

    async def listen(self, listening: socket.socket) -> None:
        """Answer on one more socket."""
        config = uvicorn.Config(
            self._app,
            http=_PROTOCOL,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
        )
        listener = _Listener(config)
        task = asyncio.ensure_future(listener.serve(sockets=[listening]))
        task.add_done_callback(lambda _: self._end.set())
        while not listener.started:
            if task.done():
                task.result()
            await asyncio.sleep(0.001)
        self._listeners.append(listener)
        self._tasks.append(task)

    async def listen_publicly(self, public: socket.socket) -> None:
        """Take the endpoint's own socket: from now on the service outlives its deployer."""
        self._public = (
            public.dup()
        )  # the listener closes its copy when it drains; this one can be given on
        self._gate.public = True
        await self.listen(public)

    def follow(self, lifeline: socket.socket) -> None:
        """Say that it is ready, and end with the deployer as long as it is not public."""
        lifeline.setblocking(False)
        lifeline.send(READY)

        def ended() -> None:
            self._loop.remove_reader(lifeline)
            if self._public is None:
                self._end.set()

        self._loop.add_reader(lifeline, ended)

    async def watch(self, control: Path) -> None:
        """End when the path of the control socket is gone: nobody could ever stop it again."""
        while control.exists():
            await asyncio.sleep(_WATCH_SECONDS)
        self._end.set()

    def handle(self, request: dict[str, Any], fds: list[int]) -> tuple[dict[str, Any], list[int]]:
        """Answer a control request; called from the control thread."""
        match request.get("do"):
            case "status":
                pass
            case "listen" if fds:
                self._wait_for(self.listen_publicly(socket.socket(fileno=fds[0])))
            case "routes":
                self._gate.read_routes()
            case "socket" if self._public is not None and not self._gate.draining:
                return {}, [self._public.fileno()]
            case "idle" if self._gate.draining:
                return {"give": True}, self._wait_for(self._let_go())
            case "adopt" if self._public is not None and fds:
                self._wait_for(self._adopt(fds))
                return {}, []
            case "drain":
                self._drain_seconds = float(request["seconds"])
                self._heir_seconds = float(request["heir_seconds"])
                self._wait_for(self._begin_drain())
            case _:
                raise OSError(f"cannot do {request.get('do')!r} now")
        return self._status(), []

    async def until_end(self) -> None:
        """Serve until told to end, then drain within the time limit and end."""
        await self._end.wait()
        await self._begin_drain()
        waiting = asyncio.gather(*(one.drained(self._heir_seconds) for one in self._listeners))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(waiting, self._drain_seconds)
        for listener in self._listeners:
            listener.should_exit = True
        await asyncio.gather(*self._tasks)
        self._gate.close()

    async def _begin_drain(self) -> None:
        self._gate.draining = True
        for listener in self._listeners:
            listener.stop_accepting()
        if self._public is not None:
            self._public.close()
        self._end.set()

    async def _let_go(self) -> list[int]:
        fds: list[int] = []
        for listener in self._listeners:
            fds += listener.let_go(_AT_ONCE - len(fds))
        return fds

    async def _adopt(self, fds: list[int]) -> None:
        for fd in fds:
            await self._listeners[-1].adopt(fd)

    def _wait_for(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    def _status(self) -> dict[str, Any]:
        requests, failed = self._gate.outcomes()
        return {
            "envelopes": self._gate.by_envelope(),
            "requests": requests,
            "failed": failed,
            "pid": os.getpid(),
            "endpoint": self._settings.endpoint,
            "envelope": self._settings.envelope,
            "deployment": self._settings.deployment,
            "public": self._public is not None,
            "draining": self._gate.draining,
        }


def main(app: ASGIApp, settings: Settings, gate: Gate) -> None:
    """Serve `app` as the command line says.

    By hand: ``--host`` and ``--port``. By a deployer: an inherited private socket, a lifeline to
    it and the path of the control socket.
    """
    parser = argparse.ArgumentParser(description=f"Serve the endpoint {settings.endpoint}.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--private-fd", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--lifeline-fd", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--control", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    logs.configure(endpoint=settings.endpoint, envelope=settings.envelope[:10])
    config = uvicorn.Config(app, log_config=None)
    with asyncio.Runner(loop_factory=_loop_factory(config)) as runner:
        runner.run(_serve(app, settings, gate, arguments))


def _loop_factory(config: uvicorn.Config) -> Any:
    factory = getattr(config, "get_loop_factory", None)  # uvicorn 0.36 and newer
    return factory() if factory is not None else None


async def _serve(
    app: ASGIApp, settings: Settings, gate: Gate, arguments: argparse.Namespace
) -> None:
    service = Service(app, settings, gate)
    if arguments.private_fd is None:
        public = socket.create_server((arguments.host, arguments.port), backlog=2048)
        await service.listen_publicly(public)
        await service.until_end()
        return
    await service.listen(socket.socket(fileno=arguments.private_fd))
    lifeline = socket.socket(fileno=arguments.lifeline_fd)
    if arguments.control is None:  # beside another service, which alone is spoken to
        service.follow(lifeline)
        gate.public = True
        await service.until_end()
        return
    control = ControlServer(arguments.control, service.handle)
    control.start()
    service.follow(lifeline)
    watching = asyncio.ensure_future(service.watch(arguments.control))
    await service.until_end()
    watching.cancel()
    control.close()
