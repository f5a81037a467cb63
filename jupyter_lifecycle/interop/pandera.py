"""Contracts as pandera's schemas, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.envelope.expectations import Expectation
from jupyter_lifecycle.envelope.fields import Field
from jupyter_lifecycle.errors import MissingExtraError, ProfileError
from jupyter_lifecycle.monitoring.contracts import Contract

if TYPE_CHECKING:
    from collections.abc import Sequence

_OURS = "jupyter_lifecycle"
_BOUNDS = {
    "in_range": ("min_value", "max_value"),
    "greater_than_or_equal_to": ("min_value", None),
    "less_than_or_equal_to": (None, "max_value"),
}


def _pandera() -> Any:
    try:
        import pandera.pandas as pandera
    except ImportError:
        raise MissingExtraError(
            "pandera is not installed. Get it with: pip install 'jupyter_lifecycle[pandera]'"
        ) from None
    return pandera


def to_pandera(side: Any) -> Any:
    """Write a ``pandera.DataFrameSchema``.

    Parameters
    ----------
    side : envelope, Contract or Expectations
        Its inputs: dtypes, nulls, closed domains, and ranges, categories and shares of nulls that
        somebody set. What training merely showed stays out.

    Raises
    ------
    MissingExtraError
        Where pandera is not installed.
    ProfileError
        Where ``side`` is none of these.
    """
    pandera = _pandera()
    contract = Contract.of(side)
    columns = {
        one.name: _column(pandera, one, contract.expectation(one.name)) for one in contract.fields
    }
    return pandera.DataFrameSchema(columns)


def _column(pandera: Any, field: Field, seen: Expectation | None) -> Any:
    allowed = {} if seen is None else dict(seen.allowed)
    checks = []
    if "range" in allowed:
        checks.append(_range(pandera, *allowed["range"]))
    if "categories" in allowed:
        checks.append(pandera.Check.isin(list(allowed["categories"])))
    if "null_share" in allowed:
        checks.append(_null_share(pandera, allowed["null_share"]))
    ours = {"type": field.type} | ({"allowed": allowed} if allowed else {})
    return pandera.Column(
        _dtype(pandera, field),
        checks=checks,
        nullable=field.nullable,
        required=field.required,
        metadata={_OURS: ours},
    )


def _range(pandera: Any, low: Any, high: Any) -> Any:
    if low is None:
        return pandera.Check.less_than_or_equal_to(high)
    if high is None:
        return pandera.Check.greater_than_or_equal_to(low)
    return pandera.Check.in_range(low, high)


def _null_share(pandera: Any, most: float) -> Any:
    def few_nulls(values: Any) -> bool:
        return bool(values.isna().mean() <= most)

    return pandera.Check(
        few_nulls, name="null_share", ignore_na=False, error=f"more than {most:.1%} are null"
    )


def _dtype(pandera: Any, field: Field) -> Any:
    import pandas as pd

    if field.type == "categorical":
        return pandera.Category(categories=list(field.categories), ordered=field.ordered)
    word = field.dtype or {"number": "float64", "integer": "int64", "boolean": "bool"}.get(
        field.type
    )
    if field.type in ("array", "object", "date") or word is None:
        return str if field.type == "string" else None
    return str if field.type == "string" else pd.api.types.pandas_dtype(word)


def from_pandera(schema: Any) -> Contract:
    """Read a ``pandera.DataFrameSchema``.

    Parameters
    ----------
    schema : pandera.DataFrameSchema
        Its columns' dtypes, nulls, and checks of ranges and of categories.

    Returns
    -------
    Contract
        For ``jl.check(frame, contract)``. Checks that it cannot hold, such as functions of one's
        own, are named in ``contract.left_out``.

    Raises
    ------
    MissingExtraError
        Where pandera is not installed.
    ProfileError
        Where it is no such schema.
    """
    pandera = _pandera()
    if not isinstance(schema, pandera.DataFrameSchema):
        raise ProfileError(
            f"from_pandera takes a pandera.DataFrameSchema, got a {type(schema).__qualname__}."
        )
    left: list[str] = []
    fields, expectations = [], []
    for name, column in schema.columns.items():
        fields.append(_field(str(name), column))
        expectations.append(_expectation(str(name), column, left))
    left += [f"a check of the whole frame, {one.name}" for one in schema.checks]
    return Contract(tuple(fields), tuple(expectations), left_out=tuple(left))


def _field(name: str, column: Any) -> Field:
    ours = (column.metadata or {}).get(_OURS, {})
    dtype = column.dtype
    word = "" if dtype is None else str(dtype)
    categories = getattr(dtype, "categories", None)
    kind: Any = "categorical" if categories is not None else ours.get("type") or _type_of(word)
    fixed = kind in ("integer", "number") and word.lower().startswith(("int", "uint", "float"))
    return Field(
        name,
        kind,
        nullable=column.nullable,
        required=column.required,
        dtype=word.lower() if fixed and kind == "integer" else None,
        zone=str(dtype.tz) if kind == "datetime" and getattr(dtype, "tz", None) else None,
        categories=tuple(categories or ()),
        ordered=bool(getattr(dtype, "ordered", False)) if categories is not None else False,
    )


def _type_of(word: str) -> str:
    lower = word.lower()
    for beginning, kind in (
        (("int", "uint"), "integer"),
        (("float",), "number"),
        (("bool",), "boolean"),
        (("str", "large_string"), "string"),
        (("datetime",), "datetime"),
        (("date",), "date"),
    ):
        if lower.startswith(beginning):
            return kind
    return "object"


def _expectation(name: str, column: Any, left: list[str]) -> Expectation:
    allowed: dict[str, Any] = {}
    for check in column.checks:
        found = _allowed(check)
        if check.name == "null_share":
            found = {"null_share": (column.metadata or {}).get(_OURS, {})["allowed"]["null_share"]}
        if not found:
            left.append(f"the check {check.name} of {name}")
        allowed |= found
    return Expectation(name, 0, 0.0, allowed=allowed)


def _allowed(check: Any) -> dict[str, Any]:
    facts = check.statistics or {}
    if check.name == "isin":
        return {"categories": list(facts["allowed_values"])}
    if check.name in _BOUNDS and facts.get("include_min", True) and facts.get("include_max", True):
        names: Sequence[str | None] = _BOUNDS[check.name]
        return {"range": [None if one is None else facts[one] for one in names]}
    return {}
