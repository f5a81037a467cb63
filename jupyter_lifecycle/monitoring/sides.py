"""What is compared: frames, profiles and envelopes, as profiles over the same bins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import ProfileError, did_you_mean
from jupyter_lifecycle.monitoring.categories import Category, key_of, named
from jupyter_lifecycle.monitoring.counter import Counter
from jupyter_lifecycle.monitoring.plan import ColumnPlan, Plan
from jupyter_lifecycle.monitoring.profiles import ColumnProfile, Profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lifecycle.envelope.expectations import Expectation
    from jupyter_lifecycle.envelope.fields import Field

CATEGORIES = 1000
"""Categories of a frame's column that are counted each by itself."""

_INFERRED = {
    "string": "string",
    "boolean": "boolean",
    "integer": "integer",
    "floating": "number",
    "mixed-integer-float": "number",
    "decimal": "number",
    "datetime": "datetime",
    "datetime64": "datetime",
    "date": "date",
}
_DTYPES = {"i": "integer", "u": "integer", "f": "number", "b": "boolean", "M": "datetime"}


def profile(frame: Any, like: Any = None, *, unit: str | None = None) -> Profile:
    """Count a frame's columns: bins, categories, what is missing, infinite or of another type.

    Parameters
    ----------
    frame : DataFrame, (n_rows, n_columns)
        Of pandas; also a polars or Arrow table, a Series, or a mapping of name to column.
    like : Profile, Plan, Expectations or envelope, optional
        Whose frozen edges and categories are used, so that the profiles add up and compare; else
        they are made of these rows: 20 bins of equal share, up to 1,000 categories.
    unit : str, optional
        A column that says what each row is about: of each unit the first row is counted, since rows
        of one unit are not independent. Rows without a unit all are.

    Returns
    -------
    Profile
        One :class:`ColumnProfile` a column.

    Raises
    ------
    ProfileError
        Where it is no frame, a column's name repeats, or a column of ``like`` is not there.

    Examples
    --------
    >>> import pandas as pd
    >>> monday = profile(pd.DataFrame({"age": [20.0, 64.0, None]}))
    >>> tuesday = profile(pd.DataFrame({"age": [31.0]}), like=monday)
    >>> (monday + tuesday)["age"].missing
    1
    """
    columns = columns_of(frame)
    if unit is not None:
        columns = _once_each(columns, unit)
    plan = _plan_of_columns(columns) if like is None else plan_of(like)
    for name in plan.names:
        if name not in columns:
            raise ProfileError(f"The frame lacks {name}.{did_you_mean(name, columns)}", column=name)
    counter = Counter(plan)
    counter.add_columns(columns)
    return counter.profile()


def _once_each(columns: dict[str, Any], unit: str) -> dict[str, Any]:
    if unit not in columns:
        near = did_you_mean(unit, columns)
        raise ProfileError(f"The frame has no column {unit} to tell units by.{near}", column=unit)
    units = columns[unit]
    kept = (units.isna() | ~units.duplicated()).to_numpy()
    return {name: values[kept] for name, values in columns.items() if name != unit}


def is_table(value: Any) -> bool:
    """Whether it is a frame, a Series, an Arrow or polars table, or a mapping of columns."""
    if isinstance(value, Profile) or hasattr(value, "frozen"):
        return False
    return hasattr(value, "columns") or hasattr(value, "to_frame") or isinstance(value, Mapping)


def columns_of(frame: Any) -> dict[str, Any]:
    """Give a table's columns by name.

    Raises
    ------
    ProfileError
        Where it is no table, or a name repeats.
    """
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        if not is_table(frame):
            raise ProfileError(f"A profile is made of a frame, got a {type(frame).__qualname__}.")
        if hasattr(frame, "to_pandas"):
            frame = frame.to_pandas()
        if isinstance(frame, pd.Series):
            frame = frame.to_frame("value" if frame.name is None else frame.name)
        frame = pd.DataFrame(frame)
    names = [str(name) for name in frame.columns]
    repeated = (
        sorted({name for name in names if names.count(name) > 1})
        if (len(set(names)) < len(names))
        else []
    )
    if repeated:
        raise ProfileError(f"The frame has more than one column named {', '.join(repeated)}.")
    return {name: frame.iloc[:, place] for place, name in enumerate(names)}


def plan_of(side: Any) -> Plan:
    """Give what a side counts.

    Parameters
    ----------
    side : Plan, Profile, Expectations or envelope
        An envelope is anything with a ``manifest``.

    Raises
    ------
    ProfileError
        Where it is none of these.
    """
    if isinstance(side, Plan):
        return side
    if isinstance(side, Profile):
        return side.plan
    found = expectations_of_side(side)
    if found is None:
        raise ProfileError(
            f"like= takes a profile or an envelope, got a {type(side).__qualname__}."
        )
    return Plan.of(*found)


def expectations_of_side(side: Any) -> tuple[tuple[Expectation, ...], Sequence[Field]] | None:
    """Give an envelope's or a contract's expectations and fields; None for what is none."""
    from jupyter_lifecycle.monitoring.contracts import Contract

    if isinstance(side, Contract):
        return side.expectations, side.fields
    manifest = manifest_of(side)
    if manifest is not None:
        return manifest.expectations, manifest.schema.inputs
    frozen = getattr(side, "frozen", None)
    return (frozen, ()) if isinstance(frozen, tuple) else None


def manifest_of(side: Any) -> Any:
    """Give the manifest of an envelope, a bundle, or itself; None for what is none."""
    from jupyter_lifecycle.envelope.manifest import Manifest

    found = side if isinstance(side, Manifest) else getattr(side, "manifest", None)
    if found is None or isinstance(found, Manifest):
        return found
    return Manifest.from_json(dict(found))


def profile_of_expectations(
    expectations: Sequence[Expectation], fields: Sequence[Field] = ()
) -> Profile:
    """Give the profile of the rows that an envelope's expectations were made of.

    Parameters
    ----------
    expectations : sequence of Expectation
        Counts are whole: each share was made of whole rows.
    fields : sequence of Field
        The schema's inputs.

    Returns
    -------
    Profile
        Over the plan that ``Plan.of(expectations, fields)`` gives. Infinities, whose sign
        expectations don't keep, are counted as ∞.
    """
    plan = Plan.of(expectations, fields)
    known = {one.name: one for one in expectations}
    rows = max((one.rows for one in expectations), default=0)
    columns = {one.name: _expected(known[one.name], one) for one in plan.columns}
    return Profile(rows, columns)


def _expected(one: Expectation, plan: ColumnPlan) -> ColumnProfile:
    missing = round(one.null_share * one.rows)
    there = one.rows - missing
    if plan.kind == "number":
        counts = one.counts or (0,) * plan.cells
        low, high = one.minimum, one.maximum
        return ColumnProfile(
            plan,
            tuple(counts),
            missing=missing,
            inf=max(there - sum(counts), 0),
            minimum=low if isinstance(low, int | float) else None,
            maximum=high if isinstance(high, int | float) else None,
        )
    if plan.kind != "category":
        return ColumnProfile(plan, (there,), missing=missing)
    shares: dict[Any, float] = {}
    for value, share in one.categories:
        key = key_of(named(value))
        shares[key] = shares.get(key, 0.0) + share
    kept = tuple(round(shares.get(key_of(name), 0.0) * one.rows) for name in plan.categories)
    return ColumnProfile(plan, kept, missing=missing, others=max(there - sum(kept), 0))


def _plan_of_columns(columns: Mapping[str, Any]) -> Plan:
    return Plan(tuple(_column_plan(name, values) for name, values in columns.items()))


def _column_plan(name: str, values: Any) -> ColumnPlan:
    word = _type_of(values)
    if word in ("integer", "number"):
        return _number_plan(name, word, values)
    if word in ("string", "boolean", "categorical"):
        return ColumnPlan(name, word, categories=_categories(values))  # type: ignore[arg-type]
    return ColumnPlan(name, word)  # type: ignore[arg-type]


def _type_of(values: Any) -> str:
    import pandas as pd

    word, kind = str(values.dtype), values.dtype.kind
    if word == "category":
        return "categorical"
    if word.lower().startswith(("str", "large_string")):
        return "string"
    if kind in _DTYPES:
        return _DTYPES[kind]
    return _INFERRED.get(pd.api.types.infer_dtype(values, skipna=True), "unknown")


def _number_plan(name: str, word: str, values: Any) -> ColumnPlan:
    import numpy as np

    from jupyter_lifecycle.envelope.expectations import quantile_edges, rises

    whole = values.dtype.kind in "iu" and isinstance(values.dtype, np.dtype)
    raw = values.to_numpy() if whole else values.to_numpy(dtype=np.float64, na_value=np.nan)
    identifier = whole and rises(raw)
    if raw.dtype.kind == "f":
        finite = np.isfinite(raw)
        raw = raw if finite.all() else raw[finite]
    edges = tuple(quantile_edges(raw.astype(np.float64, copy=False)).tolist()) if len(raw) else ()
    return ColumnPlan(name, word, edges=edges, identifier=identifier)  # type: ignore[arg-type]


def _categories(values: Any) -> tuple[Category, ...]:
    present = values.dropna()
    counts = present.value_counts() if str(present.dtype) != "object" else _object_counts(present)
    found: dict[Any, Category] = {}
    if str(values.dtype) == "category":
        for value in values.dtype.categories.tolist():
            found.setdefault(key_of(named(value)), named(value))
    for value, count in zip(counts.index.tolist(), counts.tolist(), strict=True):
        if count and len(found) < CATEGORIES:
            name = named(value)
            found.setdefault(key_of(name), name)
    return tuple(found.values())[:CATEGORIES]


def _object_counts(present: Any) -> Any:
    scalar = present.map(lambda one: isinstance(one, str | bool | int | float))
    return present[scalar.astype(bool)].value_counts()


def upstream_of_side(side: Any) -> dict[str, tuple[str, ...]]:
    """Give the features behind an envelope's inputs with what each needs; empty without any.

    Parameters
    ----------
    side
        An envelope or bundle: anything with a ``manifest`` and ``read``.
    """
    manifest = manifest_of(side)
    lineage = {} if manifest is None else manifest.lineage.get("features") or {}
    read = getattr(side, "read", None)
    if not lineage or read is None:
        return {}
    features = json.loads(read(lineage["file"]))
    return {one["name"]: tuple(one["parameters"]) for one in features["features"]}
