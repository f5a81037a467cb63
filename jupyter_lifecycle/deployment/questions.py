"""Rows to a request and an answer back to values, by the schema of the service.

The answer has the form of the question: for a frame, array or Series what the model itself
gives, for one dict one value, for a list a list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.envelope.problems import Problems
from jupyter_lifecycle.envelope.reading import read_column, read_value
from jupyter_lifecycle.envelope.writing import (
    column_to_json,
    is_array,
    is_frame,
    is_series,
    to_json,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lifecycle.envelope import Schema
    from jupyter_lifecycle.envelope.fields import Field


def to_payload(rows: Any, schema: Schema) -> Any:
    """Give the JSON value to send for some rows.

    Parameters
    ----------
    rows
        A frame, array or Series, one dict, a list, or None for what takes no arguments.
    schema : Schema
        Of the service; a frame goes by columns where it takes columns.

    Raises
    ------
    SchemaError
        Where something in the rows has no JSON form.
    """
    if rows is None:
        return {}
    by_columns = schema.form == "frame" and schema.container in ("frame", "array")
    if is_frame(rows) and by_columns and len(rows) and len(rows.columns):
        names = [str(name) for name in rows.columns]
        if len(set(names)) == len(names):
            return {
                name: column_to_json(rows.iloc[:, place], f"column {name!r}")
                for place, name in enumerate(names)
            }
    return to_json(rows, "the rows")


def from_answer(answer: Any, rows: Any, schema: Schema) -> Any:
    """Give what the service answered in the form of the question, typed by the schema.

    Parameters
    ----------
    answer
        Decoded JSON.
    rows
        What was asked.
    schema : Schema
        Of the service.

    Returns
    -------
    object
        A numpy array, Series or frame where rows of a table were asked about and the model gives
        one; else one value, or a list.
    """
    outputs = tuple(field.or_null() for field in schema.outputs)
    if not outputs:
        return answer
    if schema.form == "arguments":
        many = isinstance(rows, list | tuple)
        return [_value(outputs[0], one) for one in answer] if many else _value(outputs[0], answer)
    tabular = is_frame(rows) or is_array(rows) or is_series(rows)
    if not tabular or schema.answer in ("list", "value"):
        return _plain(answer, outputs, schema, single=schema.aligned and schema.is_single(rows))
    return _table(answer, outputs, rows, schema)


def _value(field: Field, value: Any) -> Any:
    return read_value(field, value, (), Problems())


def _plain(answer: Any, outputs: Sequence[Field], schema: Schema, *, single: bool) -> Any:
    def one(value: Any) -> Any:
        if schema.answer == "matrix":
            return [_value(field, cell) for field, cell in zip(outputs, value, strict=True)]
        if schema.answer == "frame":
            return {field.name: _value(field, value[field.name]) for field in outputs}
        return _value(outputs[0], value)

    if single or schema.answer == "value":
        return one(answer)
    return [one(value) for value in answer]


def _table(answer: Any, outputs: Sequence[Field], rows: Any, schema: Schema) -> Any:
    from jupyter_lifecycle.envelope.table import array_of, column_of, frame_of

    count = len(answer)
    if schema.answer == "frame":
        named = {field.name: [row[field.name] for row in answer] for field in outputs}
        frame = frame_of(outputs, _columns(outputs, named), count)
        return frame.set_axis(rows.index) if _has_index(rows, count) else frame
    if schema.answer == "matrix":
        cells = {field.name: [row[n] for row in answer] for n, field in enumerate(outputs)}
        return array_of(outputs, _columns(outputs, cells), count)
    field = outputs[0]
    column = column_of(field, _columns(outputs, {field.name: answer})[field.name])
    if schema.answer != "series":
        return column
    import pandas as pd

    name = None if field.name == "value" else field.name
    return pd.Series(column, name=name, index=rows.index if _has_index(rows, count) else None)


def _columns(outputs: Sequence[Field], columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {
        field.name: read_column(field, columns[field.name], lambda index: (index,), Problems())
        for field in outputs
    }


def _has_index(rows: Any, count: int) -> bool:
    return (is_frame(rows) or is_series(rows)) and len(rows) == count
