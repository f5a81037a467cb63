"""Rows that are already a frame or array: into the schema's order and dtypes, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.envelope.problems import Problems, pointer
from jupyter_lifecycle.envelope.writing import column_to_json, is_frame
from jupyter_lifecycle.errors import InputError, SchemaError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jupyter_lifecycle.envelope.fields import Field


def column_mismatch(expected: Sequence[str], found: Iterable[Any], what: str) -> str:
    """One message for columns that differ as a set; empty where they do not.

    Parameters
    ----------
    expected : sequence of str
        Columns that the model takes.
    found : iterable
        Columns that are there.
    what : str
        What has them: ``the example``, ``the rows``.
    """
    found = [str(name) for name in found]
    have, want = set(found), set(expected)
    missing = [name for name in expected if name not in have]
    extra = [name for name in found if name not in want]
    if not missing and not extra:
        return ""
    verb = "have" if what.endswith("s") else "has"
    parts = [f"The model expects {_count(len(expected))}, {what} {verb} {len(found)}."]
    if missing:
        parts.append(f"Missing: {_listed(missing)}.")
    if extra:
        near = did_you_mean(extra[0], missing) if len(extra) == 1 else ""
        parts.append(f"Not expected: {_listed(extra)}.{near}")
    return " ".join(parts)


def _count(number: int) -> str:
    return f"{number} column{'' if number == 1 else 's'}"


def _listed(names: Sequence[str], limit: int = 8) -> str:
    rest = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {rest} more" if rest > 0 else "")


def conform_frame(fields: Sequence[Field], frame: Any) -> Any:
    """Give a frame with the schema's columns in its order and dtypes.

    Parameters
    ----------
    fields : sequence of Field
        The schema's inputs.
    frame : pandas.DataFrame
        Not changed; the same object comes back where nothing differs.

    Raises
    ------
    InputError
        With all problems at once.
    """
    names = [field.name for field in fields]
    present = list(frame.columns)
    message = column_mismatch(names, present, "the rows")
    if message or len(set(present)) < len(present):
        raise _other_columns(message, names, present)
    if not len(frame):
        raise InputError("The frame has no rows.", problems=[{"path": "", "reason": "has no rows"}])
    problems = Problems()
    columns = {}
    changed = present != names
    for field in fields:
        before = frame[field.name]
        after = _conform(field, before, problems)
        changed = changed or after is not before
        columns[field.name] = after
    problems.check()
    if not changed:
        return frame
    import pandas as pd

    return pd.DataFrame(columns, index=frame.index, copy=False)


def _other_columns(message: str, names: Sequence[str], present: Sequence[Any]) -> InputError:
    repeated = sorted({str(name) for name in present if present.count(name) > 1})
    if not message:
        message = f"The rows have more than one column named {_listed(repeated)}."
    problems = [
        *({"path": pointer(name), "reason": "is missing"} for name in names if name not in present),
        *(
            {"path": pointer(str(name)), "reason": "is not expected"}
            for name in present
            if name not in names
        ),
        *({"path": pointer(name), "reason": "stands there more than once"} for name in repeated),
    ]
    return InputError(message, problems=problems)


def conform_column(field: Field, values: Any) -> Any:
    """One column with its field's dtype.

    Raises
    ------
    InputError
        Where it has another type, or nulls that the example did not have.
    """
    if not len(values):
        raise InputError("There are no rows.", problems=[{"path": "", "reason": "has no rows"}])
    problems = Problems()
    answer = _conform(field, values, problems)
    problems.check()
    return answer


def conform_array(fields: Sequence[Field], rows: Any) -> Any:
    """Give a two-dimensional array of the schema's width and dtype.

    Raises
    ------
    InputError
        Where shape or type differ.
    """
    import numpy as np

    array = np.asarray(rows.to_numpy() if is_frame(rows) else rows)
    if array.ndim != 2 or array.shape[1] != len(fields):
        raise InputError(
            f"The model expects rows of {len(fields)} values, the array's shape is {array.shape}.",
            problems=[{"path": "", "reason": f"has the shape {array.shape}"}],
        )
    if str(array.dtype) == fields[0].dtype and array.dtype.kind in "iub" and len(array):
        return array
    columns = [conform_column(field, array[:, place]) for place, field in enumerate(fields)]
    return np.stack([np.asarray(column) for column in columns], axis=1)


def _conform(field: Field, values: Any, problems: Problems) -> Any:
    import pandas as pd

    nulls = pd.isna(values)
    missing = int(nulls.sum())
    if missing and not field.nullable:
        row = int(nulls.to_numpy().argmax() if hasattr(nulls, "to_numpy") else nulls.argmax())
        problems.add(
            pointer(field.name),
            f"is null in {missing} of {len(values)} rows (first in row {row}); "
            "the example had no null there",
        )
        return values
    if _same(field, values):
        return values
    return _converted(field, values, problems)


def _same(field: Field, values: Any) -> bool:
    word = str(values.dtype)
    if field.type == "categorical":
        if word != "category" or bool(values.dtype.ordered) != field.ordered:
            return False
        categories = values.dtype.categories
        return str(categories.dtype) == field.dtype and (
            tuple(column_to_json(categories)) == field.categories
        )
    if field.type == "number" and values.dtype.kind == "f":
        import numpy as np

        if np.isinf(values.to_numpy() if hasattr(values, "to_numpy") else values).any():
            return False
    return word == field.dtype and word != "object"


def _converted(field: Field, values: Any, problems: Problems) -> Any:
    """Through the same strict reading as JSON: what has the same values is converted."""
    import pandas as pd

    from jupyter_lifecycle.envelope.reading import read_column
    from jupyter_lifecycle.envelope.table import column_of

    before = problems.count
    try:
        plain = _plain(field, values)
    except SchemaError as problem:
        problems.add(pointer(field.name), str(problem))
        return values
    own = Problems()
    column = read_column(field, plain, lambda index: (index,), own)
    if own.count:
        first = own.kept[0]
        more = f" ({own.count} rows)" if own.count > 1 else ""
        problems.add(
            pointer(field.name),
            f"is {values.dtype}, the model expects {field.dtype or field.type}: "
            f"row {first['path'].lstrip('/')} {first['reason']}{more}",
        )
    if problems.count > before:
        return values
    converted = column_of(field, column)
    if isinstance(values, pd.Series):
        return pd.Series(converted, index=values.index, name=values.name)
    return converted


def _plain(field: Field, values: Any) -> list[Any]:
    import numpy as np

    if field.type == "number" and values.dtype.kind == "f":
        raw = np.asarray(values, dtype=np.float64)
        return [None if item != item else item for item in raw.tolist()]  # noqa: PLR0124 - NaN
    return column_to_json(values, field.name)
