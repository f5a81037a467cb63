"""Chunks of Parquet and CSV files in, one file out, with types that the envelope's schema says."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import BatchError, InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jupyter_lifecycle.deployment.scoring.job import Job, Source
    from jupyter_lifecycle.envelope.fields import Field
    from jupyter_lifecycle.envelope.schema import Schema

_BLOCK = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of the input; ``load`` reads them, and costs nothing before."""

    number: int
    first: int
    """Number of its first row, from 0, over all input files."""
    load: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class RowGroups:
    """Reads a run of one Parquet file's row groups; can be sent to another process."""

    path: str
    groups: tuple[int, ...]
    columns: tuple[str, ...]

    def __call__(self) -> Any:
        """Read them as a ``pyarrow.Table``."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path) as file:
            return file.read_row_groups(list(self.groups), columns=list(self.columns))


@dataclass(frozen=True, slots=True)
class Given:
    """A table that is in memory already."""

    table: Any

    def __call__(self) -> Any:
        """Give it."""
        return self.table


def check_columns(job: Job, schema: Schema) -> tuple[str, ...]:
    """See that every input file has what the model takes and what is to be kept.

    Returns
    -------
    tuple of str
        Columns that have to be read, in the order of the first file.

    Raises
    ------
    InputError
        Where the model takes a column that a file has not.
    BatchError
        Where a file cannot be read, or has not what is to be kept.
    """
    needed: tuple[str, ...] = ()
    for source in job.sources:
        present = _columns(source)
        keep = job.keep if job.keep is not None else present
        missing = [f.name for f in schema.inputs if f.required and f.name not in present]
        if missing:
            near = did_you_mean(missing[0], [name for name in present if name not in missing])
            raise InputError(
                f"{source.path} has no column {', '.join(missing)}, which the model takes.{near}",
                problems=[{"path": f"/{name}", "reason": "is missing"} for name in missing],
            )
        for name in keep:
            if name not in present:
                raise BatchError(
                    f"{source.path} has no column {name} to keep.{did_you_mean(name, present)}"
                )
        taken = {field.name for field in schema.inputs} | set(keep)
        wanted = tuple(name for name in present if name in taken)
        needed = needed or wanted
        if set(wanted) != set(needed):
            raise BatchError(
                f"{source.path} has other columns than {job.sources[0].path}: "
                f"{', '.join(sorted(set(wanted) ^ set(needed)))}."
            )
    return needed


def _columns(source: Source) -> tuple[str, ...]:
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    try:
        if source.format == "parquet":
            names = list(pq.read_schema(source.path).names)
        else:
            with pyarrow.csv.open_csv(source.path) as reader:
                names = list(reader.schema.names)
    except (OSError, pa.ArrowInvalid) as problem:
        raise BatchError(f"{source.path} is no {source.format} file: {problem}.") from problem
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BatchError(f"{source.path} has more than one column {twice[0]}.")
    return tuple(names)


def count_rows(job: Job) -> int | None:
    """Count the input's rows where that costs nothing; None for CSV."""
    import pyarrow.parquet as pq

    if any(source.format != "parquet" for source in job.sources):
        return None
    return int(sum(pq.read_metadata(source.path).num_rows for source in job.sources))


def chunks(job: Job, columns: tuple[str, ...], schema: Schema) -> Iterator[Chunk]:
    """Give the input in chunks, the same ones each time.

    Parameters
    ----------
    job : Job
        Has the files and ``chunk_rows``.
    columns : tuple of str
        What :func:`check_columns` gave.
    schema : Schema
        Says the types of a CSV file's columns.

    Raises
    ------
    InputError
        Where a CSV file's value is not of its column's type.
    """
    number = first = 0
    for source in job.sources:
        parts = (
            _row_groups(source, columns, job.chunk_rows)
            if source.format == "parquet"
            else _csv_tables(source, columns, job.chunk_rows, schema)
        )
        for rows, load in parts:
            yield Chunk(number, first, load)
            number, first = number + 1, first + rows


def _row_groups(
    source: Source, columns: tuple[str, ...], most: int
) -> Iterator[tuple[int, Callable[[], Any]]]:
    import pyarrow.parquet as pq

    about = pq.read_metadata(source.path)
    run: list[int] = []
    total = 0
    for group in range(about.num_row_groups):
        rows = about.row_group(group).num_rows
        if run and total + rows > most:
            yield total, RowGroups(source.path, tuple(run), columns)
            run, total = [], 0
        if rows > most:
            yield from _batches(source, group, columns, most)
        elif rows:
            run, total = [*run, group], total + rows
    if run:
        yield total, RowGroups(source.path, tuple(run), columns)


def _batches(
    source: Source, group: int, columns: tuple[str, ...], most: int
) -> Iterator[tuple[int, Callable[[], Any]]]:
    """Read one row group that is too long to be read at once."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(source.path) as file:
        for batch in file.iter_batches(most, row_groups=[group], columns=list(columns)):
            yield batch.num_rows, Given(pa.Table.from_batches([batch]))


def _csv_tables(
    source: Source, columns: tuple[str, ...], most: int, schema: Schema
) -> Iterator[tuple[int, Callable[[], Any]]]:
    import pyarrow as pa
    from pyarrow import csv

    types = {f.name: arrow_type(f) for f in schema.inputs if f.name in columns}
    convert = csv.ConvertOptions(
        include_columns=list(columns),
        column_types={name: kind for name, kind in types.items() if kind is not None},
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    waiting: list[Any] = []
    rows = 0
    try:
        with csv.open_csv(
            source.path,
            read_options=csv.ReadOptions(block_size=_BLOCK),
            convert_options=convert,
        ) as reader:
            for batch in reader:
                waiting.append(batch)
                rows += batch.num_rows
                while rows >= most:
                    table = pa.Table.from_batches(waiting)
                    yield most, Given(table.slice(0, most))
                    waiting = table.slice(most).to_batches()
                    rows -= most
    except pa.ArrowInvalid as problem:
        raise InputError(
            f"{source.path}: {problem}. The model's schema says of which type a column is.",
            problems=[{"path": "", "reason": str(problem)}],
        ) from problem
    if rows:
        yield rows, Given(pa.Table.from_batches(waiting))


def arrow_type(field: Field) -> Any:
    """Give the Arrow type of a field of a schema; None where the data decide."""
    import pyarrow as pa

    if field.type == "datetime":
        return pa.timestamp("us", tz=field.zone)
    return {
        "integer": pa.int64(),
        "number": pa.float64(),
        "string": pa.string(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
    }.get(field.type)


def write_part(path: Path, table: Any) -> None:
    """Write a chunk's answers, whole or not at all; uncompressed, since it is soon read again."""
    import pyarrow as pa

    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    temporary.replace(path)


def read_part(path: Path) -> Any | None:
    """Map a chunk's answers; None where they are not there or torn."""
    import pyarrow as pa

    try:
        return pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    except (OSError, pa.ArrowInvalid):
        return None


def write_output(job: Job, tables: Iterable[Any]) -> int:
    """Write the output from tables in order, whole or not at all.

    Returns
    -------
    int
        Rows.

    Raises
    ------
    BatchError
        Where two tables differ in a column's type, or a value has no form in CSV.
    """
    output = Path(job.output)
    temporary = output.with_name(f".{output.name}.{secrets.token_hex(6)}")
    try:
        rows = _write(job, temporary, output.suffix.lower() == ".csv", tables)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(output)
    finally:
        temporary.unlink(missing_ok=True)
    return rows


def _write(job: Job, path: Path, is_csv: bool, tables: Iterable[Any]) -> int:
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    writer: Any = None
    rows = 0
    facts = {"jupyter_lifecycle.envelope": job.envelope, "jupyter_lifecycle.query": job.query}
    try:
        for found in tables:
            table = found
            if writer is None:
                schema = table.schema.with_metadata({**(table.schema.metadata or {}), **facts})
                writer = (
                    pyarrow.csv.CSVWriter(str(path), schema)
                    if is_csv
                    else pq.ParquetWriter(str(path), schema)
                )
            if table.schema != schema:
                table = table.cast(schema)
            writer.write_table(table)
            rows += table.num_rows
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as problem:
        raise BatchError(f"The answers cannot be written to {job.output}: {problem}.") from problem
    finally:
        if writer is not None:
            writer.close()
    return rows
