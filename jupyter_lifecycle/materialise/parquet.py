"""Data sets in Parquet: parts of rows in a folder, each whole or not there."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from jupyter_lifecycle.errors import ComputeError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

ROWS_A_PART = 1_000_000
_KEY = b"jupyter_lifecycle.key"


@dataclass(frozen=True, slots=True)
class Written:
    """A data set that was written."""

    path: Path
    files: tuple[str, ...]
    """In the order of their rows."""
    rows: int
    bytes: int
    kept: tuple[str, ...] = ()
    """Files that were there already, from the same code and the same partition."""


def part_name(number: int) -> str:
    """Return the file name of a part; sorted by name they are in order."""
    return f"part-{number:06d}.parquet"


def refuse_occupied(folder: Path) -> None:
    """See that nothing of somebody else's would be overwritten.

    Raises
    ------
    ComputeError
        If the folder has anything in it.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ComputeError(f"{folder} is there already. Remove it, or write to another folder.")


def write_frame(frame: pd.DataFrame, folder: Path) -> Written:
    """Write a frame as a folder of parts, whole or not at all.

    Parameters
    ----------
    frame : DataFrame
    folder : Path

    Returns
    -------
    Written

    Raises
    ------
    ComputeError
        If the folder has anything in it.
    """
    refuse_occupied(folder)
    draft = folder.with_name(f".{folder.name}.{uuid4().hex}")
    draft.mkdir(parents=True)
    try:
        names = []
        for number, start in enumerate(range(0, max(len(frame), 1), ROWS_A_PART)):
            names.append(part_name(number))
            frame.iloc[start : start + ROWS_A_PART].to_parquet(draft / names[-1])
        size = sum((draft / name).stat().st_size for name in names)
        if folder.exists():
            folder.rmdir()
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Written(folder, tuple(names), len(frame), size)


def write_part(table: Any, path: Path, key: str) -> None:
    """Write one part under its key, whole or not at all.

    Parameters
    ----------
    table : pyarrow.Table
    path : Path
    key : str
        What it was computed from.
    """
    import pyarrow.parquet as pq

    described = {**(table.schema.metadata or {}), _KEY: key.encode()}
    draft = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        pq.write_table(table.replace_schema_metadata(described), draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def is_written(path: Path, key: str) -> bool:
    """Whether a part is there that was computed from the same."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_schema(path).metadata or {}
    except (OSError, pa.ArrowException):
        return False
    return bool(metadata.get(_KEY) == key.encode())


def strangers(folder: Path, names: Sequence[str]) -> list[str]:
    """Files of a folder that are none of ours: neither these parts nor their drafts."""
    if not folder.exists():
        return []
    known = set(names)
    return sorted(
        each.name
        for each in folder.iterdir()
        if each.name not in known and not each.name.startswith(".part-")
    )
