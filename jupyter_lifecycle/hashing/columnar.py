"""Fingerprints of pyarrow's values, whatever their chunks, slices and what lies under nulls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jupyter_lifecycle.errors import FingerprintError
from jupyter_lifecycle.hashing.digest import combine, digest
from jupyter_lifecycle.hashing.values import scalar

if TYPE_CHECKING:
    from jupyter_lifecycle.hashing.walk import Handler, Steps


def type_name(kind: Any) -> bytes:
    """Return a type with its parameters, field names and nullability."""
    return str(kind).encode()


def column(value: Any) -> bytes:
    """Return the digest of an array or chunked array.

    Parameters
    ----------
    value : pyarrow.Array or pyarrow.ChunkedArray
        Of any type but unions and extension types that hide their storage.

    Returns
    -------
    bytes
        16 bytes.

    Raises
    ------
    FingerprintError
        For a type whose layout isn't known here.
    """
    if isinstance(value, pa.ChunkedArray):
        value = value.chunk(0) if value.num_chunks == 1 else value.combine_chunks()
        if isinstance(value, pa.ChunkedArray):  # too long for one array of its type
            value = pa.concat_arrays(value.chunks)
    return combine("arrow", type_name(value.type), *_parts(value))


def _parts(array: Any) -> list[bytes]:
    kind = array.type
    size = len(array).to_bytes(8, "little")
    parts = [size, _validity(array)]
    if pa.types.is_null(kind):
        return parts
    if isinstance(array, pa.ExtensionArray):
        parts.append(column(array.storage))
    elif pa.types.is_dictionary(kind):
        parts += [column(array.indices), column(array.dictionary)]
    elif pa.types.is_struct(kind):
        parts += map(column, array.flatten())
    elif _is_list(kind):
        entries = _as_list(array)
        parts += [digest(_lengths(entries)), column(entries.flatten())]
    elif _is_text(kind):
        parts += _text(array)
    else:
        parts.append(_fixed(array))
    return parts


def _validity(array: Any) -> bytes:
    if array.null_count == 0:
        return b""
    return digest(pc.is_valid(array).to_numpy(zero_copy_only=False))


def _is_list(kind: Any) -> bool:
    types = pa.types
    return bool(
        types.is_list(kind)
        or types.is_large_list(kind)
        or types.is_fixed_size_list(kind)
        or types.is_map(kind)
    )


def _is_text(kind: Any) -> bool:
    types = pa.types
    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_binary(kind)
        or types.is_large_binary(kind)
    )


def _lengths(array: Any) -> Any:
    if pa.types.is_fixed_size_list(array.type):
        return b""
    return np.ascontiguousarray(
        pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False).astype("<i8")
    )


def _as_list(array: Any) -> Any:
    if not pa.types.is_map(array.type):
        return array
    entry = pa.struct([("key", array.type.key_type), ("value", array.type.item_type)])
    return array.cast(pa.list_(entry))


def _text(array: Any) -> list[bytes]:
    """Lengths and the text in one piece, of an array that may be a slice of a larger one."""
    if array.null_count:
        empty = (
            b"" if pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type) else ""
        )
        array = pc.fill_null(array, empty)
    _, offsets, data = array.buffers()
    wide = pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type)
    if len(array) == 0 or offsets is None:
        return [digest(b""), digest(b"")]
    ends = np.frombuffer(offsets, "<i8" if wide else "<i4", len(array) + 1 + array.offset)[
        array.offset :
    ]
    text = b"" if data is None else np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]
    return [digest(np.diff(ends).astype("<i8")), digest(text)]


def _fixed(array: Any) -> bytes:
    """Values of one width: booleans one bit each, all others whole bytes."""
    kind = array.type
    if pa.types.is_boolean(kind):
        filled = pc.fill_null(array, False) if array.null_count else array
        return digest(filled.to_numpy(zero_copy_only=False))
    try:
        width = kind.bit_width // 8
    except ValueError:
        raise FingerprintError(f"an Arrow column of type {kind} has no known layout") from None
    data = array.buffers()[1]
    if data is None:
        return digest(b"")
    raw = np.frombuffer(data, np.uint8)[array.offset * width : (array.offset + len(array)) * width]
    if array.null_count:
        valid = pc.is_valid(array).to_numpy(zero_copy_only=False)
        raw = np.where(valid[:, None], raw.reshape(-1, width), np.uint8(0))
    return digest(np.ascontiguousarray(raw).reshape(-1))


def _array(value: Any) -> Steps:
    yield from ()
    return combine("pyarrow", type(value).__name__.encode(), column(value))


def _chunked(value: Any) -> Steps:
    yield from ()
    return combine("pyarrow.ChunkedArray", column(value))


def _table(value: Any) -> Steps:
    yield from ()
    parts = [column(item) for item in value.columns]
    return combine(
        "pyarrow.Table", type(value).__name__.encode(), _schema_name(value.schema), *parts
    )


def _schema(value: Any) -> Steps:
    yield from ()
    return combine("pyarrow.Schema", _schema_name(value))


def _schema_name(schema: Any) -> bytes:
    return combine(
        "schema", *(f"{field!r}".encode() for field in schema), repr(schema.metadata).encode()
    )


def _type(value: Any) -> Steps:
    yield from ()
    return combine("pyarrow.DataType", type_name(value))


def _scalar(value: Any) -> Steps:
    kind = type_name(value.type)
    return combine("pyarrow.Scalar", kind, (yield ("attribute", "as_py()"), value.as_py()))


_KINDS: tuple[tuple[Any, Handler], ...] = (
    (pa.Array, _array),
    (pa.ChunkedArray, _chunked),
    ((pa.Table, pa.RecordBatch), _table),
    (pa.Schema, _schema),
    (pa.DataType, _type),
    (pa.Scalar, _scalar),
)


def leaf(value: Any) -> bytes | None:
    """None: each of pyarrow's values goes through its handler."""
    return scalar(None) if value is None else None


def handler_of(value: Any) -> Handler | None:
    """Return the handler for one of pyarrow's values, else None."""
    return next((handler for kind, handler in _KINDS if isinstance(value, kind)), None)
