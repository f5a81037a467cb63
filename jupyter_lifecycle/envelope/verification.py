"""Ask another process to load what was staged and answer the example, before anything is stored."""

from __future__ import annotations

import atexit
import contextlib
import linecache
import os
import re
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.envelope.environment import Environment
from jupyter_lifecycle.envelope.fields import Field
from jupyter_lifecycle.envelope.local_code import library_folders, library_modules
from jupyter_lifecycle.envelope.manifest import ModelInfo
from jupyter_lifecycle.errors import ExampleError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lifecycle.envelope.schema import AnswerKind, Schema

_BOOT = (
    "import sys, json; sys.path[:] = json.loads(sys.argv.pop()); "
    "from jupyter_lifecycle.envelope.verifier import main; main()"
)
_LEAVE_SECONDS = 2.0
_FACES = frozenset(
    [
        "IPython",
        "_pytest",
        "alembic",
        "anyio",
        "anywidget",
        "asttokens",
        "attr",
        "certifi",
        "charset_normalizer",
        "click",
        "comm",
        "debugpy",
        "execnet",
        "executing",
        "fastapi",
        "graphviz",
        "greenlet",
        "h11",
        "httptools",
        "hypothesis",
        "idna",
        "ipykernel",
        "ipywidgets",
        "jedi",
        "jinja2",
        "jsonschema",
        "jupyter_client",
        "jupyter_core",
        "jupyter_lifecycle",
        "jupyter_server",
        "jupyterlab",
        "lark",
        "mako",
        "markupsafe",
        "matplotlib_inline",
        "nbclient",
        "nbconvert",
        "nbformat",
        "nest_asyncio",
        "parso",
        "pexpect",
        "pip",
        "platformdirs",
        "pluggy",
        "prompt_toolkit",
        "psutil",
        "ptyprocess",
        "pure_eval",
        "pygments",
        "pytest",
        "referencing",
        "requests",
        "rpds",
        "setuptools",
        "sniffio",
        "sqlalchemy",
        "stack_data",
        "starlette",
        "tornado",
        "traitlets",
        "urllib3",
        "uv",
        "uvicorn",
        "voila",
        "watchfiles",
        "wcwidth",
        "websockets",
        "widgetsnbextension",
        "xdist",
        "zmq",
    ]
)
"""What a kernel, a test runner or this package imports for itself: no reason to import it there.

A model that needs one of them imports it then, and the verifier learns it.
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the reloaded model was seen to do."""

    outputs: tuple[Field, ...]
    answer: AnswerKind
    aligned: bool
    answers: Any
    """JSON of the example's answers."""
    environment: Environment
    load_seconds: float
    answer_seconds: float
    environment_seconds: float
    waited_seconds: float
    """Until the process had started and imported what it needs: long at the first save only."""
    cpu_seconds: float
    """Of the verifier and its child, for this save."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be verified."""

    directory: Path
    schema: Schema
    also: tuple[str, ...] = ()
    """Modules that asking needs beside the model's own, such as pandas."""
    packages: frozenset[str] = frozenset()
    """Top-level packages of the model's objects: imported before the child is made."""
    local: tuple[str, ...] = ()
    """The user's own modules: not to be found there."""
    model: ModelInfo = field(default_factory=lambda: ModelInfo("", ""))
    """How the model is stored."""
    limit: float = 60.0
    """Seconds."""


class Verifier:
    """Holds the process; starts it when it is first needed, and again when it is gone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._sent: set[str] = set()
        self._libraries: tuple[Any, ...] = ()

    @property
    def pid(self) -> int | None:
        """The process's id while it runs."""
        process = self._process
        return process.pid if process is not None and self._is_alive() else None

    def warm(self) -> None:
        """Start the process and have it import what is imported here; does not wait."""
        with self._lock:
            self._ensure()
            self._send({"do": "warm", "modules": self._new_modules(None)})

    def verify(self, request: Request) -> Verdict:
        """Have a staged envelope loaded and its example answered.

        Parameters
        ----------
        request : Request
            The staged directory and its schema.

        Returns
        -------
        Verdict
            Outputs, answers and environment.

        Raises
        ------
        ExampleError
            Where the reloaded model fails, crashes or takes too long; in the model's own words.
        """
        with self._lock:
            started = time.perf_counter()
            reply = self._asked(request)
            spent = time.perf_counter() - started
        if "verdict" in reply:
            return _verdict(reply, spent)
        if "died" in reply:
            raise _death(reply)
        raise _failure(reply["failed"])

    def _asked(self, request: Request) -> dict[str, Any]:
        message = {
            "do": "verify",
            "directory": str(request.directory),
            "schema": request.schema.to_json(),
            "also": list(request.also),
            "local": list(request.local),
            "model": asdict(request.model),
            "limit": request.limit,
            # The verifier was started earlier: variables may have been set since.
            "environ": {"OMP_WAIT_POLICY": "passive", **os.environ},
        }
        for attempt in (1, 2):
            self._ensure()
            try:
                needed = request.packages.union(request.also)
                self._send({**message, "modules": self._new_modules(needed)})
                reply = self._receive()
            except BrokenPipeError:
                reply = None
            except BaseException:  # an interrupt: what comes back is nobody's any more
                self._stop()
                raise
            if reply is not None:
                return reply
            self._stop()
            if attempt == 2:
                break
        return {"died": "could not be started: its process ended at once", "words": []}

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._stop()

    def _is_alive(self) -> bool:
        return (
            self._process is not None
            and self._owner == os.getpid()  # a fork of the kernel has no verifier of its own
            and self._process.poll() is None
        )

    def _ensure(self) -> None:
        libraries = _libraries()
        if self._is_alive() and libraries == self._libraries:
            return
        self._stop()
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-c", _BOOT, _path()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={"OMP_WAIT_POLICY": "passive", **os.environ},  # threads that spin cost CPU
        )
        self._owner, self._sent, self._libraries = os.getpid(), set(), libraries

    def _new_modules(self, packages: frozenset[str] | None) -> list[str]:
        new = [
            name
            for name in library_modules(packages)
            if name not in self._sent and name.partition(".")[0] not in _FACES
        ]
        self._sent.update(new)
        return new

    def _send(self, message: dict[str, Any]) -> None:
        from jupyter_lifecycle.envelope.verifier import write_frame

        assert self._process is not None
        assert self._process.stdin is not None
        write_frame(self._process.stdin, message)  # type: ignore[arg-type]

    def _receive(self) -> dict[str, Any] | None:
        from jupyter_lifecycle.envelope.verifier import read_frame

        assert self._process is not None
        assert self._process.stdout is not None
        return read_frame(self._process.stdout)  # type: ignore[arg-type]

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # it is gone already
            process.stdin.close()
        process.stdout.close()
        try:
            process.wait(_LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


_shared = Verifier()
atexit.register(_shared.close)


def start_verifier() -> None:
    """Warm the verifier in the background, so that the first save need not wait for it.

    Call it again after imports; it sends only what is new and waits for nothing.
    """
    _shared.warm()


def shared_verifier() -> Verifier:
    """Give the process's one verifier."""
    return _shared


def _path() -> str:
    import json

    return json.dumps([entry or str(Path.cwd()) for entry in sys.path])


def _libraries() -> tuple[Any, ...]:
    """Give what changes when a package is installed or removed: then a new verifier is needed."""
    stamps = []
    for folder in library_folders():
        if folder.rstrip("/").endswith("-packages"):
            try:
                stamps.append((folder, os.stat(folder).st_mtime_ns))  # noqa: PTH116 - half the time of Path
            except OSError:
                continue
    return (*stamps, tuple(sys.path))


def _verdict(reply: dict[str, Any], spent: float) -> Verdict:
    verdict = reply["verdict"]
    return Verdict(
        outputs=tuple(Field.from_json(field) for field in verdict["outputs"]),
        answer=verdict["answer"],
        aligned=verdict["aligned"],
        answers=verdict["answers"],
        environment=Environment.from_json(verdict["environment"]),
        load_seconds=verdict["load_seconds"],
        answer_seconds=verdict["answer_seconds"],
        environment_seconds=verdict["environment_seconds"],
        waited_seconds=max(0.0, spent - reply["busy_seconds"]),
        cpu_seconds=reply["cpu_seconds"],
    )


_STAGES = {"load": "while loading", "read": "on the example", "answer": "on the example"}


def _death(reply: dict[str, Any]) -> ExampleError:
    stage = _STAGES.get(reply.get("stage", "load"), "on the example")
    words = reply["words"]
    said = f" It said: {words[0]}" if words else ""
    return ExampleError(
        f"The stored model {reply['died']} {stage}.{said} Nothing was saved.", words=words
    )


def _failure(failed: dict[str, Any]) -> ExampleError:
    if "error" in failed:
        said = failed["error"]["message"].rstrip(".")
        return ExampleError(
            f"The stored model does not do as it does here. {said}. Nothing was saved.",
            **failed["error"]["detail"],
        )
    stage = _STAGES.get(failed["during"], "on the example")
    lost = re.match(r"Can't get attribute '(.+?)' on <module '__main__'", failed["message"])
    hint = (
        f" {lost[1]} exists in the notebook only and is stored by its name, as what a decorator "
        "such as functools.lru_cache makes is: use the plain function, or put it into a module."
        if lost
        else ""
    )
    return ExampleError(
        f"The stored model fails {stage}, though it answered here. {failed['kind']}: "
        f"{failed['message']}{where(failed['frames'])}{hint} Nothing was saved.",
        kind=failed["kind"],
        frames=failed["frames"],
    )


def where(frames: Sequence[dict[str, Any]]) -> str:
    """Give the model's own line in an error: `` (cell 3, line 2: x["a"]).``."""
    if not frames:
        return "."
    last = next((frame for frame in reversed(frames) if not _library(frame["file"])), frames[-1])
    source = linecache.getline(last["file"], last["line"]).strip()
    name = "a notebook cell" if "ipykernel_" in last["file"] else Path(last["file"]).name
    shown = f": {source}" if source else ""
    return f" ({name}, line {last['line']}, in {last['function']}{shown})."


def _library(file: str) -> bool:
    return file.startswith(library_folders())
