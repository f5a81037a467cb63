"""Values as bytes and back, exactly: plain columns as numbers, others by Arrow, objects by pickle.

A small plain column is its bare numbers (:mod:`jupyter_lifecycle.cache.plain`). A large one, and
every other column, is one uncompressed Arrow record batch in a file that any Arrow reader opens.
What Arrow has no word for (index, names, pandas' dtypes) stands pickled in the schema's metadata.
A value that doesn't come back with the same fingerprint is pickled whole; one that doesn't come
back from that either is not written at all.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa

from jupyter_lifecycle.cache import columns
from jupyter_lifecycle.cache.packs import LARGE
from jupyter_lifecycle.cache.plain import Plain, build, plain
from jupyter_lifecycle.errors import CacheError
from jupyter_lifecycle.hashing import fingerprint

_META: Final = b"jupyter_lifecycle"
_PICKLED: Final = b"JLPICKLE"
INLINE: Final = 512
"""Objects that are pickled in at most this many bytes stand in the index itself."""

Fetch: TypeAlias = Callable[[bytes], Any]
"""Gives what was stored as shared, by its fingerprint."""


@dataclass(slots=True)
class Encoded:
    """A value as bytes."""

    data: Any
    """A buffer."""
    shared: dict[bytes, Any] = field(default_factory=dict)
    """What must be stored beside it, by fingerprint."""
    inline: bool = False
    recipe: bytes = b""
    """How to read a plain column; empty for what says it itself."""
    executes: bool = True
    """Whether reading runs code that the bytes name."""


def encode(value: Any, output: bytes) -> Encoded | None:
    """Write a value as bytes that are known to give the same value back.

    Parameters
    ----------
    value : object
        Anything that has a fingerprint.
    output : bytes
        Its fingerprint.

    Returns
    -------
    Encoded or None
        None where neither Arrow nor pickle gives the same value back.
    """
    bare = plain(value)
    if bare is not None:
        return _encode_plain(bare)
    found = _encode_columns(value)
    if found is not None:
        encoded, exact = found
        if exact or _comes_back(encoded, output):
            return encoded
    return _encode_object(value, output)


def _encode_plain(bare: Plain) -> Encoded:
    flat = bare.array
    data: Any = flat.view(np.uint8) if flat.size else b""
    if flat.nbytes <= LARGE:
        return Encoded(data, bare.shared, recipe=bare.recipe(), executes=False)
    packed = columns.pack(flat, {})
    if packed is None:  # Arrow knows no complex numbers
        return Encoded(data, bare.shared, recipe=bare.recipe(), executes=False)
    schema = pa.schema([pa.field("0", packed.data.type)])
    file = _written_arrow(pa.RecordBatch.from_arrays([packed.data], schema=schema))
    batch = pa.ipc.open_file(pa.BufferReader(file)).get_batch(0)
    offset = batch.column(0).buffers()[1].address - file.address
    return Encoded(file, bare.shared, recipe=bare.recipe(offset), executes=False)


def _written_arrow(batch: Any) -> Any:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def _comes_back(encoded: Encoded, output: bytes) -> bool:
    try:
        return fingerprint(decode(encoded.data, encoded.shared.__getitem__)) == output
    except Exception:  # noqa: BLE001 - pickle runs the object's own code, which may do anything
        return False


def decode(data: Any, fetch: Fetch, recipe: bytes = b"") -> Any:
    """Read a value from its bytes; arrays are views of them, and read-only.

    Parameters
    ----------
    data : buffer
        As :func:`encode` gave them; it must outlive nothing, the value holds it.
    fetch : callable
        Gives what was stored as shared.
    recipe : bytes
        How to read a plain column; without one the bytes may name code, which then runs.

    Returns
    -------
    object
        The value.

    Raises
    ------
    CacheError
        For bytes that aren't ours.
    """
    if recipe:
        return build(recipe, data, fetch)
    view = memoryview(data)
    if bytes(view[: len(_PICKLED)]) == _PICKLED:
        return pickle.loads(view[len(_PICKLED) :])  # noqa: S301 - its digest is what was written
    reader = pa.ipc.open_file(pa.BufferReader(pa.py_buffer(data)))
    metadata = reader.schema.metadata or {}
    if _META not in metadata:
        raise CacheError("An Arrow file in the cache was not written by it.")
    head = pickle.loads(metadata[_META])  # noqa: S301 - its digest is what was written
    return _rebuild(head, reader.get_batch(0).columns, fetch)


def is_shareable(data: Any, recipe: bytes = b"") -> bool:
    """Tell whether a value can be handed out more than once: nobody can write through to it.

    Parameters
    ----------
    data : buffer
        The value's bytes.
    recipe : bytes
        How to read a plain column.

    Returns
    -------
    bool
        True for columns over a read-only buffer, where pandas copies before it writes.
    """
    pickled = not recipe and bytes(memoryview(data)[: len(_PICKLED)]) == _PICKLED
    return not pickled and int(pd.__version__.partition(".")[0]) >= 3


def _encode_columns(value: Any) -> tuple[Encoded, bool] | None:
    shared: dict[bytes, Any] = {}
    kind = type(value)
    if kind is pd.Series:
        packed = [columns.pack(value.array, shared)]
        head = {"form": "series", "index": _pack_index(value.index, shared), "name": value.name}
    elif kind is pd.DataFrame:
        packed = [columns.pack(column.array, shared) for _, column in value.items()]
        head = {"form": "frame", "index": _pack_index(value.index, shared)}
        head["columns"] = value.columns
    elif isinstance(value, pd.Index) and kind is not pd.MultiIndex and kind is not pd.RangeIndex:
        packed = [columns.pack(value.array, shared)]
        head = {"form": "index", "name": value.name}
    elif kind is np.ndarray:
        packed = [columns.pack(value, shared)]
        head = {"form": "array"}
    else:
        return None
    if any(column is None for column in packed):
        return None
    return _arrow_file(head, [p for p in packed if p is not None], value, shared)


def _arrow_file(
    head: dict[str, Any], packed: list[columns.Packed], value: Any, shared: dict[bytes, Any]
) -> tuple[Encoded, bool] | None:
    head["columns_as"] = [column.recipe for column in packed]
    exact = head["form"] in {"array", "series"} and all(column.exact for column in packed)
    if head["form"] in {"series", "frame"}:
        head["attrs"] = value.attrs
        head["unique"] = not value.flags.allows_duplicate_labels
        exact = exact and not value.attrs
    if len({len(column.data) for column in packed}) > 1:
        return None
    try:
        metadata = {_META: pickle.dumps(head, 5)}
    except Exception:  # noqa: BLE001 - a name or an attribute may be any object
        return None
    fields = [pa.field(f"{i}", column.data.type) for i, column in enumerate(packed)]
    schema = pa.schema(fields, metadata=metadata)
    batch = pa.RecordBatch.from_arrays([column.data for column in packed], schema=schema)
    return Encoded(_written_arrow(batch), shared), exact


def _pack_index(index: pd.Index[Any], shared: dict[bytes, Any]) -> Any:
    if type(index) is pd.RangeIndex:
        return ("range", index.start, index.stop, index.step, index.name)
    key = fingerprint(index)
    shared[key] = index
    return ("shared", key)


def _unpack_index(recipe: Any, fetch: Fetch) -> pd.Index[Any]:
    if recipe[0] == "range":
        _, start, stop, step, name = recipe
        return pd.RangeIndex(start, stop, step, name=name)
    found: pd.Index[Any] = fetch(recipe[1])
    return found


def _rebuild(head: dict[str, Any], data: list[Any], fetch: Fetch) -> Any:
    arrays = [
        columns.unpack(recipe, column, fetch)
        for recipe, column in zip(head["columns_as"], data, strict=True)
    ]
    form = head["form"]
    if form == "array":
        return arrays[0]
    if form == "index":
        return pd.Index(arrays[0], name=head["name"], copy=False, tupleize_cols=False)
    index = _unpack_index(head["index"], fetch)
    value: Any
    if form == "series":
        value = pd.Series(arrays[0], index=index, name=head["name"], copy=False)
    else:
        value = pd.DataFrame(dict(enumerate(arrays)), index=index, copy=False)
        value.columns = head["columns"]
    if head["attrs"]:
        value.attrs = head["attrs"]
    return value.set_flags(allows_duplicate_labels=False) if head["unique"] else value


def _encode_object(value: Any, output: bytes) -> Encoded | None:
    for write in (_pickle, _cloudpickle):
        data = _written(write, value)
        if data is not None:
            encoded = Encoded(data, inline=len(data) <= INLINE)
            if _comes_back(encoded, output):
                return encoded
    return None


def _written(write: Callable[[Any], bytes], value: Any) -> bytes | None:
    try:
        return _PICKLED + write(value)
    except Exception:  # noqa: BLE001 - pickle runs the object's own code, which may do anything
        return None


def _pickle(value: Any) -> bytes:
    return pickle.dumps(value, 5)


def _cloudpickle(value: Any) -> bytes:
    """Pickle functions that live in a notebook or in another function by value.

    Classes that live there are refused: another process would make a class of its own from them,
    and ``isinstance`` would no longer hold.
    """
    import cloudpickle

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
        def reducer_override(self, obj: Any) -> Any:
            found = super().reducer_override(obj)
            if isinstance(obj, type) and isinstance(found, tuple) and len(found) > 2:
                raise pickle.PicklingError(f"class {obj.__qualname__} would travel by value")
            return found

    sink = io.BytesIO()
    Pickler(sink, 5).dump(value)
    return sink.getvalue()
