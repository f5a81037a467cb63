"""Tables from anywhere, a piece at a time: frames, Arrow, SQL results, Parquet and CSV files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from jupyter_lifecycle.errors import AnalysisError, did_you_mean

ROWS = 1 << 16
"""Rows of one piece."""


class Table:
    """A table that is read a piece at a time, and columns that nobody asks for not at all.

    Parameters
    ----------
    source : object
        A pandas or polars frame, an Arrow table, a mapping of columns, a path to a Parquet or CSV
        file or to a folder of them, or anything with ``__arrow_c_stream__``, like a relation of
        DuckDB.
    name : str
        What messages call it.

    Raises
    ------
    AnalysisError
        Nothing that is known as a table.
    """

    def __init__(self, source: Any, name: str) -> None:
        self.name = name
        self.again = not isinstance(source, pa.RecordBatchReader)
        self._files = _files(Path(source), name) if isinstance(source, str | Path) else []
        self._source: Any = None if self._files else _arrow(source, name)
        # a stream is opened once for its schema and for its first reading
        self._stream: Any = None
        if self._source is not None and not isinstance(self._source, pa.Table):
            self._stream = pa.RecordBatchReader.from_stream(self._source)
            self._source = (source, self._stream.schema)

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        if self._files:
            first = self._files[0]
            if first.suffix == ".csv":
                with pa_csv.open_csv(first) as reader:
                    return list(reader.schema.names)
            return list(pq.read_schema(first).names)
        return list(self._schema.names)

    def kind(self, column: str) -> Any:
        """Give a column's Arrow type."""
        if self._files and self._files[0].suffix != ".csv":
            return pq.read_schema(self._files[0]).field(column).type
        if self._files:
            with pa_csv.open_csv(self._files[0]) as reader:
                return reader.schema.field(column).type
        return self._schema.field(column).type

    @property
    def _schema(self) -> Any:
        return self._source.schema if isinstance(self._source, pa.Table) else self._source[1]

    def need(self, columns: list[str], what: str) -> None:
        """Refuse what is not there.

        Raises
        ------
        AnalysisError
            A column is missing.
        """
        known = self.columns
        for column in columns:
            if column not in known:
                raise AnalysisError(
                    f"The {self.name} have no column {column!r}, which is {what}; they have"
                    f" {', '.join(known)}." + did_you_mean(column, known),
                    column=column,
                )

    def pieces(self, columns: list[str]) -> Iterator[Any]:
        """Give record batches with these columns, in this order."""
        for file in self._files:
            if file.suffix == ".csv":
                options = pa_csv.ConvertOptions(include_columns=columns)
                with pa_csv.open_csv(file, convert_options=options) as reader:
                    yield from reader
            else:
                yield from _ahead(_parquet(file, columns))
        if self._source is None:
            return
        if isinstance(self._source, pa.Table):
            yield from self._source.select(columns).to_batches(max_chunksize=ROWS)
            return
        stream, self._stream = self._stream, None
        if stream is None:
            stream = pa.RecordBatchReader.from_stream(self._source[0])
        for batch in stream:
            yield batch.select(columns)


def _parquet(file: Path, columns: list[str]) -> Iterator[Any]:
    # buffered ahead, a file's columns would all be in memory at the end
    with pq.ParquetFile(file, pre_buffer=False, buffer_size=1 << 18) as opened:
        for batch in opened.iter_batches(ROWS, columns=columns):
            yield batch.select(columns)


def _ahead(pieces: Iterator[Any]) -> Iterator[Any]:
    """Read the next piece while one is worked on."""
    with ThreadPoolExecutor(1) as reader:
        following = reader.submit(next, pieces, None)
        while (piece := following.result()) is not None:
            following = reader.submit(next, pieces, None)
            yield piece


def _arrow(source: Any, name: str) -> Any:
    if isinstance(source, pa.Table):
        return source
    if isinstance(source, Mapping):
        return pa.table(dict(source))
    if type(source).__module__.split(".")[0] == "pandas":
        return pa.Table.from_pandas(source, preserve_index=False)
    if hasattr(source, "to_arrow") and type(source).__module__.split(".")[0] == "polars":
        return source.to_arrow()
    if hasattr(source, "__arrow_c_stream__"):
        return source
    raise AnalysisError(
        f"The {name} are a {type(source).__name__}: give a pandas, polars or Arrow table, a"
        " mapping of"
        " columns, a Parquet or CSV file, or an SQL result that speaks Arrow."
    )


def _files(path: Path, name: str) -> list[Path]:
    found = [path] if path.is_file() else sorted(path.glob("**/*.parquet"))
    if not found and path.is_dir():
        found = sorted(path.glob("**/*.csv"))
    if not found:
        raise AnalysisError(
            f"The {name} are to be read from {path}, where no Parquet or CSV file is."
        )
    return found


def floats(column: Any, name: str) -> npt.NDArray[np.float64]:
    """Give a column's numbers as floats, what is missing as NaN.

    Raises
    ------
    AnalysisError
        It holds no numbers.
    """
    kind = column.type
    known = (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_null(kind)
    )
    if not known:
        raise AnalysisError(f"Column {name!r} holds {kind}, no numbers.", column=name)
    found = column if kind == pa.float64() else column.cast(pa.float64())
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.float64)


class Codes:
    """Whole numbers for a column's few values, the same in every piece of it.

    Parameters
    ----------
    name : str
        The column's.
    most : int
        How many values at most.
    """

    def __init__(self, name: str, most: int) -> None:
        self.name = name
        self.most = most
        self.values: dict[str, int] = {}

    def of(self, column: Any) -> npt.NDArray[np.int16]:
        """Give the codes of a piece, -1 where a value is missing.

        Raises
        ------
        AnalysisError
            More values than that.
        """
        coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        words = [_word(value) for value in coded.dictionary.to_pylist()]
        own = [
            -1 if word is None else self.values.setdefault(word, len(self.values)) for word in words
        ]
        if len(self.values) > self.most:
            raise AnalysisError(
                f"Column {self.name!r} has more than {self.most:,} values: too many to tell apart.",
                column=self.name,
            )
        table = np.array([*own, -1], dtype=np.int16)
        indices = coded.indices.fill_null(len(words))
        return table[np.asarray(indices, dtype=np.intp)]


def _word(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)
