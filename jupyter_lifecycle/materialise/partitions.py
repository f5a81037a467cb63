"""What a partitioned computation reads: Parquet files, in pieces that fit into memory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import ComputeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

PIECE = 64 << 20
"""Bytes of a piece, uncompressed: what a feature graph makes of it is a multiple of that."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some row groups of one Parquet file."""

    path: str
    groups: tuple[int, ...]
    start: int
    """Rows of the data set before it."""
    rows: int
    stamp: tuple[int, int]
    """Size and time of change of its file, bytes and nanoseconds."""

    def read(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read it; rows are counted through the data set where the file has no index of its own."""
        import pandas as pd
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path) as file:
            frame: pd.DataFrame = file.read_row_groups(
                list(self.groups), columns=columns, use_pandas_metadata=True
            ).to_pandas()
        if isinstance(frame.index, pd.RangeIndex) and frame.index.name is None:
            frame.index = pd.RangeIndex(self.start, self.start + len(frame))
        return frame


def pieces_of(inputs: Any) -> tuple[Piece, ...]:
    """Split Parquet files into pieces.

    Parameters
    ----------
    inputs : str, Path or list of them
        A file, a folder of files, or files in the order of their rows.

    Returns
    -------
    tuple of Piece

    Raises
    ------
    ComputeError
        If it is no such thing, or there is no file.
    """
    files = _files(inputs)
    found: list[Piece] = []
    start = 0
    for path in files:
        for groups, rows in _groups(path):
            stat = path.stat()
            stamp = (stat.st_size, stat.st_mtime_ns)
            found.append(Piece(str(path), groups, start, rows, stamp))
            start += rows
    return tuple(found)


def column_names(piece: Piece) -> tuple[str, ...]:
    """Return the names of a piece's columns."""
    import pyarrow.parquet as pq

    return tuple(pq.read_schema(piece.path).names)


def _files(inputs: Any) -> list[Path]:
    if isinstance(inputs, (list, tuple)) and inputs:
        return [file for each in inputs for file in _files(each)]
    if not isinstance(inputs, (str, Path)):
        raise ComputeError(
            f"partitioned=True reads Parquet files or a Dask DataFrame, and inputs is a "
            f"{type(inputs).__name__}. Give a folder, files, or leave partitioned out."
        )
    path = Path(inputs)
    files = [path]
    if path.is_dir():
        found = (each for each in path.glob("**/*.parquet") if not each.name.startswith("."))
        files = sorted(found, key=_natural)
    if not files or not files[0].exists():
        raise ComputeError(f"There is no Parquet file at {path}.")
    return files


def _natural(path: Path) -> list[tuple[int, str]]:
    """Order names as people do: ``part.2`` before ``part.10``."""
    pieces = re.split(r"(\d+)", str(path))
    return [(int(each), "") if each.isdigit() else (-1, each) for each in pieces]


def _groups(path: Path) -> list[tuple[tuple[int, ...], int]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        about = pq.read_metadata(path)
    except pa.ArrowInvalid as error:
        raise ComputeError(f"{path} is no Parquet file: {error}") from error
    found: list[tuple[tuple[int, ...], int]] = []
    groups: list[int] = []
    rows = size = 0
    for number in range(about.num_row_groups):
        group = about.row_group(number)
        if groups and size + group.total_byte_size > PIECE:
            found.append((tuple(groups), rows))
            groups, rows, size = [], 0, 0
        groups.append(number)
        rows += group.num_rows
        size += group.total_byte_size
    return [*found, (tuple(groups), rows)] if groups else found
