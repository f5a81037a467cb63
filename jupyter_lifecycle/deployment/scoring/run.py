"""Finds the envelope once, sees to its environment, and has a process there do the work."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from jupyter_lifecycle.deployment.progress import ProgressLine
from jupyter_lifecycle.deployment.scoring import work
from jupyter_lifecycle.deployment.scoring.job import Job, check_output, sources_of, write_whole
from jupyter_lifecycle.errors import (
    BatchError,
    DeploymentError,
    MissingExtraError,
    RegistryError,
    from_wire,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jupyter_lifecycle.deployment.environment import Interpreter
    from jupyter_lifecycle.envelope import Bundle
    from jupyter_lifecycle.registry import Envelope, Registry

Engine = Literal["pandas", "dask"]
ENGINES = ("pandas", "dask")
CHUNK_ROWS = 262_144
_WINDOW = 3600
_TABLES = {"cloudpickle": "3.0", "pandas": "2.2", "pyarrow": "17.0"}
_DASK = {"dask": "2025.1", "distributed": "2025.1"}


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch that was done.

    Parameters
    ----------
    envelope : str
        Id of the envelope that answered.
    query : str
        What it was found by.
    input, output : str
        Files.
    rows, resumed_rows : int
        Rows of the output, and how many of them an earlier run had answered.
    seconds : float
        From the start to the output.
    environment : str
        Where the model ran.
    at : str
        When it was done, ISO 8601.
    counted : str
        Name of the endpoint that its windows are kept under; empty where they were not sent.
    """

    envelope: str
    query: str
    input: str
    output: str
    rows: int
    resumed_rows: int
    seconds: float
    environment: str
    at: str
    counted: str = ""

    def __str__(self) -> str:
        """Say it in one line."""
        resumed = f", {self.resumed_rows:,} of them from before" if self.resumed_rows else ""
        return (
            f"{self.output}: {self.rows:,} rows{resumed}, answered by {self.envelope[:10]} "
            f"in {self.seconds:.1f} s."
        )


def batch(  # noqa: PLR0913 - each is one fact of the job
    query_or_id: Envelope | str,
    *,
    input: str | os.PathLike[str],  # noqa: A002 - the word of the issue, and of the field
    output: str | os.PathLike[str],
    engine: Engine = "pandas",
    keep: Sequence[str] | None = None,
    chunk_rows: int = CHUNK_ROWS,
    endpoint: str | None = None,
    registry: Registry | str | os.PathLike[str] | None = None,
) -> Batch:
    """Answer every row of a table with an envelope, in the envelope's own environment.

    The latest match is looked up once, and stands in the output's record (``OUTPUT.json``, and a
    Parquet file's metadata). What was answered is kept until all is: the same call after a crash
    goes on where it was, with the same envelope. The output is there whole or not at all.

    Parameters
    ----------
    query_or_id : str or Envelope
        A query, whose first match answers; or an envelope, its id or the beginning of it.
    input : path-like
        A Parquet or CSV file, or a folder of such.
    output : path-like
        The Parquet or CSV file to write; one that is there is replaced in the end.
    engine : {"pandas", "dask"}
        One process, or one a core; Dask uses the cluster that its own configuration names.
    keep : sequence of str, optional
        Columns of the input that go along; all where not given.
    chunk_rows : int
        About so many rows are in memory at once.
    endpoint : str, optional
        Whose what was seen is counted as; ``batch-NAME`` where not given. Then
        ``jl.endpoint("batch-NAME").skew()`` says whether it moved.
    registry : Registry, str or path, optional
        None is the user's own.

    Returns
    -------
    Batch
        What was done.

    Raises
    ------
    NotFoundError
        Where nothing matches.
    InputError
        Where the input is not what the model takes, with the rows that do not fit.
    BatchError
        Where it cannot be done as asked, or the model fails.
    """
    from jupyter_lifecycle.deployment.rules import registry_of

    if engine not in ENGINES:
        raise BatchError(f"engine is {' or '.join(ENGINES)}, not {engine!r}.")
    if not (type(chunk_rows) is int and chunk_rows > 0):
        raise BatchError(f"chunk_rows is a whole number from 1, not {chunk_rows!r}.")
    started = time.perf_counter()
    if engine == "dask" and find_spec("distributed") is None:
        raise MissingExtraError(
            "engine='dask' needs Dask: pip install 'jupyter_lifecycle[dask]'.", extra="dask"
        )
    own = registry is None and not isinstance(query_or_id, str)
    where = query_or_id.registry if own else registry_of(registry)  # type: ignore[union-attr]
    target = Path(output).absolute()
    sources = sources_of(input)
    check_output(target, sources)
    asked = query_or_id if isinstance(query_or_id, str) else query_or_id.id
    kept = None if keep is None else tuple(keep)
    wanted = Job("", asked, "", sources, str(target), kept, chunk_rows, engine)
    with _locked(wanted):
        job, bundle = _resolved(wanted, where)
        interpreter = _interpreter(bundle, engine, where)
        rows, resumed = _work(job, interpreter)
        counted = _send_counts(job, where, endpoint or _endpoint_of(bundle.manifest.name))
        done = Batch(
            envelope=job.envelope,
            query=asked,
            input=str(Path(input).absolute()),
            output=str(target),
            rows=rows,
            resumed_rows=resumed,
            seconds=round(time.perf_counter() - started, 3),
            environment=interpreter.fact,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            counted=counted,
        )
        record = target.with_name(f"{target.name}.json")
        write_whole(record, json.dumps(asdict(done), indent=1).encode() + b"\n")
        shutil.rmtree(job.folder, ignore_errors=True)
    return done


@contextlib.contextmanager
def _locked(job: Job) -> Iterator[None]:
    """One batch an output at a time."""
    job.folder.mkdir(exist_ok=True)
    with (job.folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            raise BatchError(f"Another batch writes {job.output} now.") from problem
        yield


def _resolved(wanted: Job, registry: Registry) -> tuple[Job, Bundle]:
    """Give the job with its envelope: that of the run before where this one goes on with it."""
    from jupyter_lifecycle.deployment.rules import envelope_of

    before = Job.read(wanted.folder)
    goes_on = before is not None and wanted.same_as(before)
    asked = before.envelope if goes_on and before is not None else wanted.query
    envelope = envelope_of(asked, registry)
    registry.check_trust(envelope.id)
    bundle = registry.bundle(envelope.id)
    bundle.verify_files()
    run = before.run if goes_on and before is not None else ""
    job = replace(
        wanted,
        envelope=envelope.id,
        directory=str(bundle.path),
        run=run or f"{int(time.time())}-{secrets.token_hex(8)}",
    )
    if not goes_on:
        for pattern in ("*.arrow*", "*.profile.json*"):
            for part in wanted.folder.glob(pattern):
                part.unlink()
    job.write()
    return job, bundle


def _endpoint_of(name: str) -> str:
    """Give a name under which a batch's windows are kept."""
    return "batch-" + (re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:50] or "model")


def _send_counts(job: Job, registry: Registry, endpoint: str) -> str:
    """Send what the rows showed; a job that is sent again, since it was killed, counts once."""
    from jupyter_lifecycle.deployment.scoring.counts import total_counts
    from jupyter_lifecycle.registry.observations import Window

    begun = int(job.run.partition("-")[0]) // _WINDOW * _WINDOW
    windows = [
        Window(
            endpoint=endpoint,
            envelope=job.envelope,
            side=side,
            start=datetime.fromtimestamp(begun, UTC),
            seconds=_WINDOW,
            run=job.run,
            flush=1,
            rows=profile.rows,
            profile=profile.to_json(),
        )
        for side, profile in total_counts(job).items()
    ]
    try:
        registry.add_windows(windows)
    except RegistryError as problem:
        warnings.warn(
            f"The rows were answered, and what they showed was not counted: {problem}",
            stacklevel=3,
        )
        return ""
    return endpoint if windows else ""


def _interpreter(bundle: Bundle, engine: Engine, registry: Registry) -> Interpreter:
    from jupyter_lifecycle.deployment.deployer import default_folder
    from jupyter_lifecycle.deployment.environment import Environments
    from jupyter_lifecycle.deployment.place import Place

    needs = {**_TABLES, **(_DASK if engine == "dask" else {})}
    folder = Place(default_folder(registry)).environments
    return Environments(folder, needs).prepare(bundle.manifest.environment)


def _work(job: Job, interpreter: Interpreter) -> tuple[int, int]:
    from jupyter_lifecycle.deployment.prune import in_use

    line = _Line(job)
    environment = interpreter.path.parent.parent if interpreter.isolated else None
    with in_use(environment), tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603 - our own program
            work.command(str(interpreter.path), job.folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            env=_environment(isolated=interpreter.isolated),
            start_new_session=True,  # its workers end with it
        )
        try:
            assert process.stdout is not None
            with process.stdout as lines:
                for text in lines:
                    line.take(json.loads(text))
            status = process.wait()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            line.end()
        if status or line.done is None:
            said.seek(0)
            raise _failure(line.failure, said.read().decode(errors="replace"), status)
    return line.done, line.resumed


def _environment(*, isolated: bool) -> dict[str, str]:
    environ = dict(os.environ)
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV") if isolated else ():
        environ.pop(name, None)
    return environ


def _failure(wire: dict[str, Any] | None, said: str, status: int) -> Exception:
    if wire is not None:
        meant = from_wire(wire, status=500)
        known = isinstance(meant, DeploymentError | RegistryError)
        return meant if known or meant.code == "input" else BatchError(meant.message)
    lines = [text for text in said.splitlines() if text.strip()]
    how = f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
    last = f" It said: {lines[-1][-400:]}" if lines else ""
    return BatchError(
        f"The process that scores ended ({how}). The same call goes on where it was.{last}"
    )


class _Line:
    """Follows what the work process says, and shows it."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._line = ProgressLine()
        self._started = time.monotonic()
        self._shown = 0.0
        self._total: int | None = None
        self._rows = 0
        self.resumed = 0
        self.done: int | None = None
        self.failure: dict[str, Any] | None = None

    def take(self, said: dict[str, Any]) -> None:
        if "error" in said:
            self.failure = said
        if "total" in said:
            self._total = said["total"]
        self.done = said.get("done", self.done)
        rows = said.get("rows", 0)
        self._rows += rows
        self.resumed += rows if said.get("resumed") else 0
        now = time.monotonic()
        if self.done is not None or now - self._shown > 0.2:
            self._shown = now
            self._line.show(self._text(now - self._started))

    def end(self) -> None:
        self._line.end()

    def _text(self, seconds: float) -> str:
        of = f" of {self._total:,}" if self._total is not None else ""
        fresh = self._rows - self.resumed
        rate = f", {fresh / seconds:,.0f} rows/s" if seconds > 0.5 and fresh else ""
        name = Path(self._job.output).name
        return f"{name}  {self._job.envelope[:10]}  {self._rows:,}{of} rows{rate}"
