"""Readers whose files no audit event tells, because C++ or Rust opens them: seen by their calls.

A profile function looks at the Python functions through which such readers are called. It slows
Python code down, so it's set only around features whose code names a reader.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from jupyter_lifecycle.hashing import impurity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from jupyter_lifecycle.hashing.events import Meaning

_POLARS: Final = "csv parquet ipc ndjson delta excel json avro"

FACES: Final[dict[str, tuple[str, str]]] = {
    "read_parquet": ("", "path"),
    "read_orc": ("", "path"),
    "_get_filepath_or_buffer": ("pandas.io.common", "filepath_or_buffer"),
    "read_table": ("pyarrow", "source"),
    "read_feather": ("pyarrow", "source"),
    "dataset": ("pyarrow.dataset", "source"),
    "ParquetFile.__init__": ("pyarrow", "source"),
    "ParquetDataset.__init__": ("pyarrow", "path_or_paths"),
    **{f"{verb}_{form}": ("", "source") for verb in ("read", "scan") for form in _POLARS.split()},
}
"""Function, to its module (or any) and the parameter that says what it reads."""

_OTHER_NAMES: Final = ("path", "source")


def read_by(frame: FrameType) -> Iterator[Meaning]:
    """Say what a call that begins in a frame will read.

    Parameters
    ----------
    frame : FrameType
        Of any Python function.

    Yields
    ------
    Meaning
        A path, or a reason where it's no path on this machine.
    """
    code = frame.f_code
    face = FACES.get(code.co_name if code.co_name != "__init__" else code.co_qualname)
    if face is None:
        return
    module, parameter = face
    if not str(frame.f_globals.get("__name__", "")).startswith(
        module or ("pandas", "polars", "pyarrow")
    ):
        return
    space = frame.f_locals
    if type(space.get("filesystem")).__name__ not in {"NoneType", "LocalFileSystem"}:
        yield "why", impurity.FILES
    given = next((space[each] for each in (parameter, *_OTHER_NAMES) if each in space), None)
    for item in given if isinstance(given, (list, tuple, set)) else (given,):
        yield from _of(item)


def _of(given: Any) -> Iterator[Meaning]:
    if not isinstance(given, (str, bytes, os.PathLike)):
        return  # bytes in memory, or a file that was opened in sight
    text = os.fsdecode(given) if not isinstance(given, bytes) else ""
    if "://" in text and not text.startswith("file://"):
        yield "why", impurity.NETWORK
    elif any(sign in text for sign in "*?[") and not os.path.exists(text):  # noqa: PTH110
        yield "why", impurity.FILES  # a pattern that the reader expands by itself
    elif text:
        yield "file", text.removeprefix("file://")
