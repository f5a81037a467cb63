"""The line between a deployer and a running service: JSON lines and sockets over a Unix socket.

A service listens at a path that only its owner can reach. Requests are ``{"do": word, …}``; the
public listening socket travels beside them as a file descriptor, so that its address and the
connections that wait in it outlive any one process.
"""

from __future__ import annotations

import json
import os
import socket
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Self

    Handler = Callable[[dict[str, Any], list[int]], tuple[dict[str, Any], list[int]]]

_LIMIT = 1 << 16
_MOST = 253


class ControlServer:
    """Answers control requests, each connection in a thread of its own.

    Parameters
    ----------
    path : pathlib.Path
        Where to listen; a socket that a killed service left there is replaced.
    handler : callable
        Takes a request and the descriptors that came with it, and gives an answer and the
        descriptors that go with it; with ``"give": True`` they are closed here afterwards. Its
        ``OSError`` becomes an ``{"error": …}`` answer.
    """

    def __init__(self, path: Path, handler: Handler) -> None:
        self._path = path
        self._handler = handler
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(path))
        self._socket.listen(16)

    def start(self) -> None:
        """Answer from now on, in the background."""
        Thread(target=self._accept, name="control", daemon=True).start()

    def close(self) -> None:
        """Stop answering new connections and take the path away."""
        self._path.unlink(missing_ok=True)
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:  # closed: the service ends
                return
            Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            while received := _receive(connection):
                try:
                    answer, fds = self._handler(*received)
                except OSError as problem:
                    answer, fds = {"error": str(problem)}, []
                given = fds if answer.pop("give", False) else []
                try:
                    _send(connection, answer, fds)
                except OSError:  # the deployer went away; it asks again
                    return
                finally:
                    for fd in given:
                        os.close(fd)


class Control:
    """A deployer's connection to one running service.

    Parameters
    ----------
    path : pathlib.Path
        The service's control socket.
    timeout : float
        Seconds that one answer may take.

    Raises
    ------
    OSError
        Where nobody listens there.
    """

    def __init__(self, path: Path, *, timeout: float = 10.0) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._timeout = timeout
        self._socket.settimeout(timeout)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(
        self, do: str, *, fds: Sequence[int] = (), **what: Any
    ) -> tuple[dict[str, Any], list[int]]:
        """Ask for one thing; the answer and the descriptors that came with it.

        Raises
        ------
        OSError
            Where the service is gone, is too slow, or refuses.
        """
        _send(self._socket, {"do": do, **what}, list(fds))
        received = _receive(self._socket)
        if received is None:
            raise ConnectionResetError("the service is gone")
        answer, given = received
        if "error" in answer:
            raise OSError(answer["error"])
        return answer, given

    def gone(self) -> bool:
        """Whether the service at the other end has ended."""
        self._socket.setblocking(False)
        try:
            return self._socket.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            self._socket.settimeout(self._timeout)

    def close(self) -> None:
        """Hang up; the service goes on."""
        self._socket.close()


def _send(connection: socket.socket, message: dict[str, Any], fds: list[int]) -> None:
    data = json.dumps(message).encode() + b"\n"
    if fds:
        socket.send_fds(connection, [data], fds)
    else:
        connection.sendall(data)


def _receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    data, fds = bytearray(), []
    while not data.endswith(b"\n"):
        try:
            part, more, _, _ = socket.recv_fds(connection, _LIMIT, _MOST)
        except ConnectionResetError:
            part, more = b"", []
        fds += more
        if not part or len(data) > _LIMIT:
            for fd in fds:
                os.close(fd)
            return None
        data += part
    return json.loads(data), fds
