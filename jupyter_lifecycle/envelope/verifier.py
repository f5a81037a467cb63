"""The verifier's process: holds imported libraries and forks one child for each save.

It is started by :mod:`jupyter_lifecycle.envelope.verification` and speaks over its standard input
and output: frames of JSON, each after its length as eight bytes. It ends when its input ends.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import importlib
import json
import os
import select
import signal
import struct
import sys
import time
import traceback
import warnings
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO

from jupyter_lifecycle.envelope.environment import installed, resolve
from jupyter_lifecycle.envelope.replay import replay
from jupyter_lifecycle.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Callable

_HEAD = struct.Struct(">Q")
_POLL_SECONDS = 2.0
_LEAVE_SECONDS = 1.0
_LEAVE_POLLS = 500


def write_frame(stream: BinaryIO, message: dict[str, Any]) -> None:
    """Send one message."""
    data = json.dumps(message).encode()
    stream.write(_HEAD.pack(len(data)) + data)
    stream.flush()


def read_frame(stream: BinaryIO | FileIO) -> dict[str, Any] | None:
    """Receive one message; None where the other side is gone."""
    head = _exactly(stream, _HEAD.size)
    if head is None:
        return None
    data = _exactly(stream, _HEAD.unpack(head)[0])
    return None if data is None else json.loads(data)


def _exactly(stream: BinaryIO | FileIO, size: int) -> bytes | None:
    parts = []
    while size:
        part = stream.read(size)
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def describe_error(problem: BaseException) -> dict[str, Any]:
    """Give an exception as JSON: its kind, words, and the frames that are the model's."""
    frames = [
        {"file": frame.filename, "line": frame.lineno, "function": frame.name}
        for frame in traceback.extract_tb(problem.__traceback__)
        if not _ours(frame.filename)
    ]
    answer: dict[str, Any] = {
        "kind": type(problem).__qualname__,
        "message": str(problem),
        "frames": frames[-20:],
    }
    if isinstance(problem, LifecycleError):
        answer["error"] = problem.to_wire()["error"]
    return answer


def _ours(file: str) -> bool:
    return Path(file).parent == Path(__file__).parent


def _quiet_streams() -> tuple[FileIO, BinaryIO]:
    """Keep the pipes for ourselves: what libraries print must not get between our frames."""
    requests = FileIO(os.dup(0), "r")  # unbuffered, so that select sees what is left
    replies = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(nothing, descriptor)
    os.close(nothing)
    return requests, replies


def main() -> None:
    """Serve requests until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the kernel
    link = _Link(*_quiet_streams(), os.getppid())
    while link.waits_for_request():
        request = read_frame(link.requests)
        if request is None:
            return
        _import_all(request["modules"])
        if request["do"] == "warm":
            resolve(request["modules"])  # reads their metadata once
            continue
        ready = time.perf_counter()
        reply = _verify(request, link)
        if reply is None:
            return
        reply["busy_seconds"] = time.perf_counter() - ready
        write_frame(link.replies, reply)
        _learn(reply)
        if not hasattr(os, "fork"):
            return  # this process is used up: the next save starts another


@dataclass(frozen=True, slots=True)
class _Link:
    """The way to the process that started this one."""

    requests: FileIO
    replies: BinaryIO
    parent: int

    def waits_for_request(self) -> bool:
        """Wait for the next request; False where nobody can send one any more."""
        if not hasattr(os, "fork"):
            return True
        while not select.select([self.requests], [], [], _POLL_SECONDS)[0]:
            if self.is_orphan():
                return False
        return True

    def is_orphan(self) -> bool:
        """Whether the parent died; a fork of it may hold the pipe open."""
        return os.getppid() != self.parent

    def leave(self) -> None:
        """Close both ends: a child must not keep them open."""
        self.requests.close()
        self.replies.close()


def _import_all(names: list[str]) -> None:
    """Import what the kernel has imported; what fails to is the child's to report."""
    for name in names:
        if name not in sys.modules:
            with contextlib.suppress(BaseException), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                importlib.import_module(name)


def _learn(reply: dict[str, Any]) -> None:
    """Import what this model imported: a model like it need not."""
    known = installed()
    modules = reply.get("verdict", {}).get("modules", ())
    _import_all([name for name in modules if known.having(name)])


def _verify(request: dict[str, Any], link: _Link) -> dict[str, Any] | None:
    before = time.process_time()
    can_fork = hasattr(os, "fork")
    reply = _forked(request, link) if can_fork else _answered(request, lambda _: None)
    if reply is None:
        return None
    verdict = reply.get("verdict")
    if verdict is not None:
        needed = [*verdict["modules"], *request["also"]]
        began = time.perf_counter()
        own = {"__main__", *request["local"]}
        carried = [name for name in verdict["by_value"] if name in own]
        verdict["environment"] = resolve(needed, local=carried).to_json()
        verdict["environment_seconds"] = time.perf_counter() - began
    reply["cpu_seconds"] = reply.get("cpu_seconds", 0.0) + time.process_time() - before
    return reply


def _answered(request: dict[str, Any], stage: Callable[[str], None]) -> dict[str, Any]:
    stages = ["load"]

    def entered(name: str) -> None:
        stages.append(name)
        stage(name)

    os.environ.clear()
    os.environ.update(request["environ"])
    try:
        return {"verdict": replay(request, entered)}
    except BaseException as problem:  # noqa: BLE001 - SystemExit too is the model's failure
        return {"failed": describe_error(problem) | {"during": stages[-1]}}


def _forked(request: dict[str, Any], link: _Link) -> dict[str, Any] | None:
    """Run the request in a child and wait for its frames, its death, the limit or our own end."""
    with TemporaryFile() as words:
        inward, outward = os.pipe()
        gc.freeze()  # a collection in the child would copy every page that holds an object
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # BLAS threads of the parent are idle at a fork
            child = os.fork()
        if child == 0:
            os.close(inward)
            link.leave()
            _child(request, outward, words)
        os.close(outward)
        reply = None
        try:
            reply = _await(inward, float(request["limit"]), link)
        finally:
            os.close(inward)
            status, usage = _ended(child, reply)
        if reply is not None and "stage" in reply:
            reply |= _death(status, words, reply)
        if reply is not None:
            reply["cpu_seconds"] = usage.ru_utime + usage.ru_stime
        return reply


def _child(request: dict[str, Any], outward: int, words: Any) -> None:
    """Never returns: no clean-up of the parent's state may run here."""
    with contextlib.suppress(OSError):
        os.setsid()
    for descriptor in (1, 2):
        os.dup2(words.fileno(), descriptor)
    faulthandler.enable(2)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.alarm(int(request["limit"]) + 10)  # should the verifier itself be killed
    stream = os.fdopen(outward, "wb")
    write_frame(stream, _answered(request, lambda name: write_frame(stream, {"stage": name})))
    os._exit(0)


def _await(inward: int, limit: float, link: _Link) -> dict[str, Any] | None:
    """Give the last frame, a ``stage`` where nothing final came; None where this must end."""
    deadline = time.monotonic() + limit
    data, last = bytearray(), dict[str, Any](stage="load")
    while (left := deadline - time.monotonic()) > 0:
        waiting: list[Any] = [inward, link.requests]
        ready = select.select(waiting, [], [], min(left, _POLL_SECONDS))[0]
        if inward in ready:
            part = os.read(inward, 1 << 20)
            if not part:
                return last
            data += part
            while (frame := _take(data)) is not None:
                last = frame
            if "stage" not in last:
                return last
        elif link.requests in ready or link.is_orphan():
            return None  # nothing is sent while a reply is awaited: this is its end
    return {**last, "limit": limit}


def _take(data: bytearray) -> dict[str, Any] | None:
    if len(data) < _HEAD.size:
        return None
    (size,) = _HEAD.unpack(data[: _HEAD.size])
    end = _HEAD.size + size
    if len(data) < end:
        return None
    frame: dict[str, Any] = json.loads(bytes(data[_HEAD.size : end]))
    del data[:end]
    return frame


def _ended(child: int, reply: dict[str, Any] | None) -> tuple[int, Any]:
    """Reap the child and end whatever it started."""
    may_live = reply is None or "limit" in reply
    for _ in range(0 if may_live else _LEAVE_POLLS):
        pid, status, usage = os.wait4(child, os.WNOHANG)
        if pid:
            _end_group(child)
            return status, usage
        time.sleep(_LEAVE_SECONDS / _LEAVE_POLLS)
    _end_group(child)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    return status, usage


def _end_group(child: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)


def _death(status: int, words: Any, reply: dict[str, Any]) -> dict[str, Any]:
    words.seek(0, os.SEEK_END)
    words.seek(max(0, words.tell() - 4000))
    said = words.read().decode("utf-8", "replace").strip().splitlines()
    if "limit" in reply:
        how = f"took longer than {reply['limit']:.0f} s"
    elif os.WIFSIGNALED(status):
        how = f"was ended by {signal.Signals(os.WTERMSIG(status)).name}"
    else:
        how = f"left its process with status {os.waitstatus_to_exitcode(status)}"
    return {"died": how, "words": said[-20:]}


if __name__ == "__main__":
    main()
