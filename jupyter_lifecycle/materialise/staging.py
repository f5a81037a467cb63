"""A Dask data frame as input of a partitioned computation: its partitions as Parquet files first.

What a partition is made from is Dask's affair: a file, a shuffle, something that its cluster holds.
So Dask makes each partition once and writes the columns that are needed; from there on it is a
folder of files like any other, on any executor.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from jupyter_lifecycle.errors import ComputeError, UnboundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import pandas as pd


def is_dask_frame(data: Any) -> bool:
    """Whether something is a Dask data frame; Dask is not imported to find out."""
    kind = type(data)
    return kind.__module__.partition(".")[0] in {"dask", "dask_expr"} and hasattr(
        data, "npartitions"
    )


@contextmanager
def staged(
    data: Any, needed: Callable[[Sequence[str]], Sequence[str]], folder: Path, executor: Any
) -> Iterator[Path]:
    """Write a Dask data frame to files beside a folder; they are removed at the end.

    Parameters
    ----------
    data : dask.dataframe.DataFrame
    needed : callable
        Takes the names of its columns and gives those that are read.
    folder : Path
        Where the result goes.
    executor : Executor or Engine
        On :class:`DaskExecutor` its cluster writes, else whatever Dask uses.

    Yields
    ------
    Path
        A folder of Parquet files, one for each partition.

    Raises
    ------
    ComputeError
        If it is a Dask series, or a column's name is no text.
    UnboundError
        If none of its columns is read.
    """
    import dask

    names = list(getattr(data, "columns", ()))
    if getattr(data, "ndim", 2) != 2 or not all(isinstance(name, str) for name in names):
        raise ComputeError(
            f"partitioned=True reads a Dask DataFrame with texts as names of columns, and inputs "
            f"is a {type(data).__name__} with {names}. Use to_frame() or rename the columns."
        )
    columns = list(needed(names))
    if not columns:
        raise UnboundError("None of the targets reads a column of the Dask DataFrame.")
    draft = folder.with_name(f".{folder.name}.{uuid4().hex}")
    try:
        draft.mkdir(parents=True)
        writes = [
            dask.delayed(_write)(part, str(draft / f"{number:06d}.parquet"))
            for number, part in enumerate(data[columns].to_delayed())
        ]
        client = getattr(executor, "client", None)
        dask.compute(*writes, scheduler=client)  # by default whatever the user's Dask uses
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write(frame: pd.DataFrame, path: str) -> None:
    frame.to_parquet(path)
