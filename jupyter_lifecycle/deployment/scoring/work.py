"""The process in the envelope's own environment: reads chunks, asks the model, writes the answers.

It says how it goes as JSON lines on standard output. What it has written is found again by the
next one, so it may be killed at any moment.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.deployment.scoring.counts import Counts, write_counts
from jupyter_lifecycle.deployment.scoring.job import Job
from jupyter_lifecycle.deployment.scoring.tables import (
    arrow_type,
    check_columns,
    chunks,
    count_rows,
    read_part,
    write_output,
    write_part,
)
from jupyter_lifecycle.errors import BatchError, InputError, LifecycleError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jupyter_lifecycle.deployment.scoring.tables import Chunk
    from jupyter_lifecycle.envelope.fields import Field
    from jupyter_lifecycle.envelope.serving import Served

_AHEAD = 2
_loaded: dict[str, Served] = {}
"""Of a worker of a cluster: it loads a model once and not once a chunk."""


class Scorer:
    """Asks a loaded envelope with tables.

    Parameters
    ----------
    served : Served
        The loaded envelope.
    job : Job
        Says which columns go along.
    """

    def __init__(self, served: Served, job: Job) -> None:
        self._served = served
        self._job = job
        self._counts: Counts | None = None
        self._answers: tuple[str, ...] = ()
        schema = served.schema
        if not schema.aligned and schema.form == "frame":
            raise BatchError(
                "The model does not give one answer a row, so there is no table of its answers."
            )
        if not schema.inputs:
            raise BatchError("The model takes no input, so there is nothing to ask it in a batch.")

    def score_chunk(self, chunk: Chunk) -> Any:
        """Score a chunk, and write what it showed and then its answers, which say it is done."""
        if self._counts is None:
            self._counts = Counts(self._served)
        given = chunk.load()
        table = self.score(given, chunk.first)
        named = {name: table.column(name) for name in self._answers if name in table.column_names}
        write_counts(self._job.counts(chunk.number), self._counts.of_chunk(given, named))
        write_part(self._job.part(chunk.number), table)
        return table

    def score(self, table: Any, first: int) -> Any:
        """Give the kept columns of a table and the answers to its rows.

        Parameters
        ----------
        table : pyarrow.Table
            Rows of the input.
        first : int
            Number of the first of them, for messages.

        Raises
        ------
        InputError
            Where rows do not fit; says which.
        BatchError
            Where the model fails, or answers with another number of rows.
        """
        schema = self._served.schema
        try:
            rows = schema.check(self._rows(table))
            answer = self._served.query.ask(schema, rows)
        except InputError as problem:
            raise self._located(problem, table, first) from problem
        except LifecycleError:
            raise
        except Exception as problem:
            last = first + table.num_rows - 1
            raise BatchError(
                f"The model failed on rows {first:,} to {last:,} with "
                f"{type(problem).__name__}: {problem}"
            ) from problem
        return self._with_answers(table, answer)

    def _rows(self, table: Any) -> Any:
        schema = self._served.schema
        names = [field.name for field in schema.inputs if field.name in table.column_names]
        taken = table.select(names)
        if schema.form == "arguments":
            return taken.to_pylist()
        frame = taken.to_pandas()
        if schema.container in ("series", "vector"):
            return frame.iloc[:, 0]
        return frame if schema.container != "list" else frame.iloc[:, 0].tolist()

    def _located(self, problem: InputError, table: Any, first: int) -> InputError:
        last = first + table.num_rows - 1
        return InputError(
            f"Rows {first:,} to {last:,} do not fit: {problem.message}",
            problems=problem.detail.get("problems", []),
            first_row=first,
        )

    def _with_answers(self, table: Any, answer: Any) -> Any:
        named = self._columns(answer)
        self._answers = tuple(named)
        kept = table.column_names if self._job.keep is None else self._job.keep
        for name, values in named.items():
            if len(values) != table.num_rows:
                raise BatchError(
                    f"The model answered {table.num_rows:,} rows with {len(values):,} answers."
                )
            if name in kept:
                raise BatchError(
                    f"The input has a column {name} already, which is the answer's name. "
                    "Say with keep which of its columns go along."
                )
        given = table.select(list(kept))
        for name, values in named.items():
            given = given.append_column(name, values)
        metadata = dict(given.schema.metadata or {})
        metadata.pop(b"pandas", None)  # it describes the input's columns and not these
        return given.replace_schema_metadata(metadata or None)

    def _columns(self, answer: Any) -> dict[str, Any]:
        schema = self._served.schema
        outputs = schema.outputs
        if schema.form == "frame" and schema.answer == "frame":
            return {f.name: _array(f, answer[f.name]) for f in outputs}
        if schema.form == "frame" and schema.answer == "matrix":
            return {f.name: _array(f, answer[:, n]) for n, f in enumerate(outputs)}
        field = outputs[0]
        name = "prediction" if field.name == "value" else field.name
        return {name: _array(field, answer)}


def _array(field: Field, values: Any) -> Any:
    """Give a column of answers, of the type that the schema says and not of this chunk's."""
    import pyarrow as pa

    made = pa.array(values.tolist() if _is_object(values) else values)
    made = made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made
    wanted = arrow_type(field)
    if wanted is None or made.type == wanted:
        return made
    same = (pa.types.is_floating, pa.types.is_integer, pa.types.is_timestamp)
    if any(is_kind(made.type) and is_kind(wanted) for is_kind in same):
        return made  # float32 stays what it is
    return made.cast(wanted)


def _is_object(values: Any) -> bool:
    return getattr(getattr(values, "dtype", None), "kind", "") == "O"


def run(job: Job) -> int:
    """Do a job, or what is left of it.

    Returns
    -------
    int
        Rows of the output.

    Raises
    ------
    LifecycleError
        Where it cannot be done; what was done stays for the next time.
    """
    served = _serve(job)
    columns = check_columns(job, served.schema)
    scorer = Scorer(served, job)
    tell(total=count_rows(job))
    listed = chunks(job, columns, served.schema)
    scored = _on_dask(job, listed) if job.engine == "dask" else _here(job, listed, scorer)
    return write_output(job, scored)


def _serve(job: Job) -> Served:
    from jupyter_lifecycle.envelope.serving import load_service

    if job.directory not in _loaded:
        _loaded[job.directory] = load_service(job.directory)
    return _loaded[job.directory]


def _here(job: Job, listed: Iterator[Chunk], scorer: Scorer) -> Iterator[Any]:
    for chunk in listed:
        part = job.part(chunk.number)
        table = read_part(part)
        resumed = table is not None
        if table is None:
            table = scorer.score_chunk(chunk)
        tell(rows=table.num_rows, resumed=resumed)
        yield table


def _score_part(job: Job, chunk: Chunk) -> int:
    """Score one chunk in a worker of a cluster; its answers are a file that all of them reach."""
    return int(Scorer(_serve(job), job).score_chunk(chunk).num_rows)


def _on_dask(job: Job, listed: Iterator[Chunk]) -> Iterator[Any]:
    import dask
    from distributed import Client, LocalCluster

    address = dask.config.get("scheduler-address", None)
    cluster = None
    if address is None:
        workers = max(1, os.cpu_count() or 1)
        cluster = LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
        )
    client = Client(address or cluster)
    try:
        yield from _as_they_come(job, listed, client)
    finally:
        client.close()
        if cluster is not None:
            cluster.close()


def _as_they_come(job: Job, listed: Iterator[Chunk], client: Any) -> Iterator[Any]:
    """Give parts in order, with a few more under way than there are workers."""
    most = _AHEAD * max(1, len(client.scheduler_info()["workers"]))
    waiting: list[tuple[Chunk, Any]] = []
    for chunk in listed:
        done = read_part(job.part(chunk.number)) is not None
        task = None if done else client.submit(_score_part, job, chunk, pure=False)
        waiting.append((chunk, task))
        if len(waiting) >= most:
            yield _part(job, *waiting.pop(0))
    for chunk, task in waiting:
        yield _part(job, chunk, task)


def _part(job: Job, chunk: Chunk, task: Any) -> Any:
    if task is not None:
        task.result()
    table = read_part(job.part(chunk.number))
    if table is None:
        raise BatchError(
            f"A worker wrote {job.part(chunk.number)}, and it is not here. All workers need the "
            "folder of the output."
        )
    tell(rows=table.num_rows, resumed=task is None)
    return table


def tell(**what: Any) -> None:
    """Say something to who started this process."""
    os.write(_told, json.dumps(what).encode() + b"\n")


_told = 1


def main(folder: str) -> int:
    """Do the job of a folder; 1 where it could not be done, which was said."""
    global _told  # noqa: PLW0603 - what a model prints must not stand between our lines
    _told = os.dup(1)
    os.dup2(2, 1)
    job = Job.read(Path(folder))
    try:
        if job is None:
            raise BatchError(f"{folder} has no job.")
        rows = run(job)
    except LifecycleError as problem:
        tell(**problem.to_wire())
        return 1
    tell(done=rows)
    return 0


def command(python: str, folder: Path) -> Sequence[str]:
    """Give the words that start this process."""
    return [python, "-m", "jupyter_lifecycle.deployment.scoring.work", str(folder)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
