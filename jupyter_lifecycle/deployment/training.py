"""Training jobs: a notebook or a script that saves an envelope, run with parameters.

A job is a folder: ``job.json`` says what is to be done, a process of its own does it and writes
``result.json`` last. Whoever asks may be killed; the job goes on, and what it says is read later.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.deployment.scoring.job import write_whole
from jupyter_lifecycle.errors import MissingExtraError, TrainingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jupyter_lifecycle.registry import Registry

_ENDS = (".ipynb", ".py")
_SHOWN = 600


@dataclass(frozen=True, slots=True)
class Training:
    """A training job that was done.

    Parameters
    ----------
    notebook, output : str
        What was run; the notebook with its outputs, or the script's log.
    seconds : float
        How long it took.
    saved : tuple of str
        Ids of the envelopes that were saved meanwhile, newest first.
    """

    notebook: str
    output: str
    seconds: float
    saved: tuple[str, ...]

    def __str__(self) -> str:
        """Say it in one line."""
        saved = ", ".join(id_[:10] for id_ in self.saved) or "nothing"
        return f"{Path(self.notebook).name}: saved {saved} in {self.seconds:.1f} s, {self.output}"


def train(
    notebook: str | os.PathLike[str],
    *,
    parameters: Mapping[str, Any] | None = None,
    output: str | os.PathLike[str] | None = None,
    registry: Registry | str | os.PathLike[str] | None = None,
) -> Training:
    """Run a notebook or a script that saves an envelope, and wait for its end.

    Parameters
    ----------
    notebook : path-like
        An ``.ipynb``, which papermill runs: parameters replace those of its cell with the tag
        ``parameters``; or a ``.py``, which gets them as ``--name value``.
    parameters : Mapping, optional
        JSON values by name.
    output : path-like, optional
        Where the notebook goes with its outputs; by default beside the job's other files.
    registry : Registry, str or path, optional
        Where it saves, if it says nothing else; None is the user's own.

    Returns
    -------
    Training
        With the ids of what was saved.

    Raises
    ------
    TrainingError
        Where there is no such file, a cell raises, or the script fails.
    MissingExtraError
        Where papermill is not installed.
    """
    from jupyter_lifecycle.deployment.deployer import default_folder
    from jupyter_lifecycle.deployment.place import Place
    from jupyter_lifecycle.deployment.rules import registry_of

    where = registry_of(registry)
    jobs = Place(default_folder(where)).jobs
    jobs.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{datetime.now(UTC):%Y%m%d-%H%M%S}-", dir=jobs))
    prepare(folder, notebook, parameters or {}, where.location, output)
    process = start(folder)
    try:
        process.wait()
    except BaseException:
        end(process)
        raise
    return result(folder)


def prepare(
    folder: Path,
    notebook: str | os.PathLike[str],
    parameters: Mapping[str, Any],
    registry: str,
    output: str | os.PathLike[str] | None = None,
) -> None:
    """Write down what a job is to do.

    Raises
    ------
    TrainingError
        Where it is no notebook or script that is there, or a parameter is no JSON.
    MissingExtraError
        Where papermill is needed and not installed.
    """
    path = check_notebook(notebook)
    if not path.exists():
        raise TrainingError(f"There is no notebook {path}.")
    name = "output.ipynb" if path.suffix == ".ipynb" else "log.txt"
    target = folder / name if output is None else Path(output).absolute()
    job = {
        "notebook": str(path),
        "parameters": dict(parameters),
        "registry": registry,
        "output": str(target),
    }
    try:
        text = json.dumps(job, allow_nan=False)
    except (TypeError, ValueError) as problem:
        raise TrainingError(f"The parameters of {path.name} are no JSON: {problem}.") from problem
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(folder / "job.json", text.encode())


def check_notebook(notebook: str | os.PathLike[str]) -> Path:
    """Give a notebook's or script's absolute path.

    Raises
    ------
    TrainingError
        Where it is neither.
    MissingExtraError
        Where papermill is needed and not installed.
    """
    path = Path(notebook).expanduser().absolute()
    if path.suffix not in _ENDS:
        raise TrainingError(f"A training job is an .ipynb or a .py, not {path.name!r}.")
    if path.suffix == ".ipynb":
        from importlib.util import find_spec

        if find_spec("papermill") is None:
            raise MissingExtraError(
                "Running a notebook needs papermill: pip install 'jupyter_lifecycle[train]'.",
                extra="train",
            )
    return path


def start(folder: Path) -> subprocess.Popen[bytes]:
    """Start the process of a job; it goes on where this one ends."""
    (folder / "result.json").unlink(missing_ok=True)
    with (folder / "log.txt").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "jupyter_lifecycle.deployment.training", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def end(process: subprocess.Popen[bytes]) -> None:
    """End a job's process and what it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def is_running(folder: Path) -> bool:
    """Whether a job's process lives."""
    try:
        with (folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def result(folder: Path) -> Training:
    """Give what a job that has ended says.

    Raises
    ------
    TrainingError
        Where it failed, with the last that it said.
    """
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    name = Path(job["notebook"]).name
    try:
        found = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        from jupyter_lifecycle.deployment.process import tail

        said = " ".join(tail(folder / "log.txt", 3))[-_SHOWN:]
        raise TrainingError(f"{name} ended before it was done. It said: {said}") from None
    if found["error"]:
        raise TrainingError(
            f"{name} failed: {found['error']} Its outputs are in {job['output']}.",
            output=job["output"],
        )
    return Training(job["notebook"], job["output"], found["seconds"], tuple(found["saved"]))


# -- in the job's own process


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run_job(folder: Path) -> int:
    """Do the job of a folder, and write how it ended; 1 where it failed."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    os.environ["JUPYTER_LIFECYCLE_REGISTRY"] = job["registry"]
    started, began = time.perf_counter(), datetime.now(UTC)
    with _locked(folder):
        error = _run(job)
        saved = [] if error else _saved_since(job["registry"], began)
        seconds = round(time.perf_counter() - started, 3)
        found = {"error": error, "seconds": seconds, "saved": saved}
        write_whole(folder / "result.json", json.dumps(found).encode())
    return 1 if error else 0


def _run(job: Mapping[str, Any]) -> str:
    """Run a notebook or script; gives what went wrong, or nothing."""
    path = Path(job["notebook"])
    if path.suffix == ".py":
        words = [word for name, value in job["parameters"].items() for word in _words(name, value)]
        done = subprocess.run(  # noqa: S603 - the user's own script
            [sys.executable, str(path), *words], cwd=path.parent, check=False
        )
        return f"exit status {done.returncode}." if done.returncode else ""
    import papermill
    from papermill.exceptions import PapermillException, PapermillExecutionError

    try:
        papermill.execute_notebook(
            str(path),
            job["output"],
            parameters=job["parameters"],
            cwd=str(path.parent),
            progress_bar=False,
            **_kernel_of(path),
        )
    except PapermillExecutionError as problem:
        return f"cell {problem.cell_index} raised {problem.ename}: {problem.evalue}"[:_SHOWN]
    except (PapermillException, OSError, ValueError) as problem:
        return f"{type(problem).__name__}: {problem}"[:_SHOWN]
    return ""


def _kernel_of(path: Path) -> dict[str, str]:
    """Give the kernel of a notebook that names none; papermill takes the one that it names."""
    found = json.loads(path.read_text(encoding="utf-8"))
    named = found.get("metadata", {}).get("kernelspec", {}).get("name")
    return {} if named else {"kernel_name": "python3", "language": "python"}


def _words(name: str, value: Any) -> tuple[str, str]:
    return f"--{name}", value if isinstance(value, str) else json.dumps(value)


def _saved_since(location: str, moment: datetime) -> list[str]:
    from jupyter_lifecycle.registry import Registry

    with Registry(location) as registry:
        found = registry.search(f"created_at >= '{moment.isoformat()}'", limit=20)
        return [envelope.id for envelope in found]


def as_json(done: Training) -> dict[str, Any]:
    """Give a job that was done for programs."""
    return asdict(done)


if __name__ == "__main__":
    sys.exit(run_job(Path(sys.argv[1])))
