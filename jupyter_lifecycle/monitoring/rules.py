"""What is checked of one column, a pass over the whole column for each rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.envelope.fields import Field, integer_bounds
from jupyter_lifecycle.envelope.problems import Problems, show
from jupyter_lifecycle.envelope.reading import read_value
from jupyter_lifecycle.errors import did_you_mean
from jupyter_lifecycle.monitoring.checking import Finding
from jupyter_lifecycle.monitoring.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jupyter_lifecycle.envelope.expectations import Expectation


def findings_of(
    columns: Mapping[str, Any],
    rows: int,
    expectations: Iterable[Expectation],
    fields: Sequence[Field],
) -> list[Finding]:
    """Give what is wrong with columns.

    Parameters
    ----------
    columns : Mapping
        Name to Series.
    rows : int
        Rows of the table.
    expectations : iterable of Expectation
        What training showed, and what was set by hand.
    fields : sequence of Field
        The schema's inputs; empty where there is no schema.
    """
    known = {one.name: one for one in expectations}
    declared = bool(fields)
    fields = fields or [field_of(one) for one in known.values()]
    found = []
    for field in fields:
        if field.name not in columns:
            if field.required:
                near = did_you_mean(field.name, [one for one in columns if one not in known])
                found.append(
                    Finding(
                        field.name,
                        "missing",
                        True,
                        None,
                        [f"is missing.{near}" if near else "is missing"],
                    )
                )
            continue
        column = _Column(field, columns[field.name], known.get(field.name), declared)
        found += column.findings(rows)
    names = {field.name for field in fields}
    found += [
        Finding(name, "extra", False, None, ["is not expected"])
        for name in columns
        if name not in names
    ]
    return found


def field_of(one: Expectation) -> Field:
    """Give the type that an expectation shows; any value where it shows none."""
    (plan,) = Plan.of([one]).columns
    word = (
        plan.type if plan.type not in ("unknown", "categorical", "datetime", "date") else "object"
    )
    return Field(one.name, word, nullable=True)  # type: ignore[arg-type]


class _Column:
    """One column and what is known of it."""

    def __init__(self, field: Field, values: Any, seen: Expectation | None, declared: bool) -> None:
        import numpy as np
        import pandas as pd

        self.field, self.values, self.seen, self.declared = field, values, seen, declared
        self.allowed = {} if seen is None else seen.allowed
        self.nulls = np.asarray(pd.isna(values), dtype=bool)
        self.found: list[Finding] = []

    def add(self, rule: str, hard: bool, positions: Any, reasons: Any) -> None:
        """Add a finding where some rows are wrong."""
        if len(positions):
            self.found.append(Finding(self.field.name, rule, hard, positions, reasons))

    def findings(self, rows: int) -> list[Finding]:
        """Check all rules."""
        self._nulls(rows)
        there = ~self.nulls
        wrong = self._types(there)
        self._ranges(there & ~wrong)
        self._categories(there & ~wrong)
        return self.found

    def _nulls(self, rows: int) -> None:
        import numpy as np

        positions = np.flatnonzero(self.nulls)
        if self.declared and not self.field.nullable:
            self.add("null", True, positions, ["is null, and no null was there in training"])
        elif self.seen is not None and self.seen.rows and not self.seen.null_share:
            self.add("new null", False, positions, ["is null; training showed none"])
        most = self.allowed.get("null_share")
        share = len(positions) / rows if rows else 0.0
        if most is not None and share > most:
            reason = f"is null in {share:.1%} of the rows, at most {most:.1%} may be"
            self.found.append(Finding(self.field.name, "null share", True, None, [reason]))

    def _types(self, there: Any) -> Any:
        """Give which values are of another type; what is infinite is a finding of its own."""
        import numpy as np

        dtype, word = self.values.dtype, self.field.type
        wrong = np.zeros(len(self.values), dtype=bool)
        numeric = isinstance(dtype, np.dtype) and dtype.kind in "iuf"
        if numeric and word in ("integer", "number"):
            return self._numbers(wrong, there)
        if (word == "boolean" and dtype == np.dtype(bool)) or (
            not self.declared and word == "object"
        ):
            return wrong
        reasons = []
        for place in np.flatnonzero(there).tolist():
            reason = self._refused(self.values.iloc[place])
            if reason:
                wrong[place] = True
                reasons.append(reason)
        positions = np.flatnonzero(wrong)
        category = word == "categorical"
        self.add("category" if category else "type", True, positions, reasons)
        return wrong

    def _is_of_type(self) -> bool:
        """Whether the column's dtype says that every value fits."""
        import pandas as pd

        dtype, word = str(self.values.dtype), self.field.type
        if word == "object":
            return not self.declared
        if word == "string":
            if dtype == "object":
                return bool(pd.api.types.infer_dtype(self.values, skipna=True) == "string")
            return dtype.lower().startswith(("str", "large_string"))
        if word == "integer" and dtype.lower() == (self.field.dtype or "").lower():
            return True
        if word == "datetime" and dtype.startswith("datetime64"):
            return ("," in dtype) == (self.field.zone is not None)
        return word == "boolean" and dtype == "bool"

    def _in_domain(self) -> Any:
        """Give which values of a categorical are surely among its categories."""
        import numpy as np

        known = {type(one) for one in self.field.categories}
        if str(self.values.dtype) != "category" or known != {str}:
            return np.zeros(len(self.values), dtype=bool)
        return np.asarray(self.values.isin(list(self.field.categories)), dtype=bool)

    def _refused(self, value: Any) -> str:
        item = getattr(value, "item", None)
        value = item() if callable(item) and getattr(value, "ndim", 0) == 0 else value
        problems = Problems(1)
        read_value(self.field, value, (), problems)
        return problems.kept[0]["reason"] if problems.count else ""

    def _numbers(self, wrong: Any, there: Any) -> Any:
        import numpy as np

        numbers = self.values.to_numpy()
        if numbers.dtype.kind == "f":
            infinite = np.isinf(numbers)
            self.add("infinite", True, np.flatnonzero(infinite), ["is infinite"])
            wrong = wrong | infinite
            if self.field.type == "integer":
                broken = there & ~infinite & (numbers != np.floor(numbers))
                self._add_each("type", broken, lambda one: f"expected an integer, got {show(one)}")
                wrong = wrong | broken
        if self.field.type == "integer" and self.field.dtype:
            low, high = integer_bounds(self.field.dtype)
            with np.errstate(invalid="ignore"):
                beyond = there & ~wrong & ((numbers < low) | (numbers > high))
            words = f"does not fit {self.field.dtype} ({low} to {high})"
            self._add_each("type", beyond, lambda one: f"{show(one)} {words}")
            wrong = wrong | beyond
        return wrong

    def _add_each(self, rule: str, mask: Any, reason: Any, *, hard: bool = True) -> None:
        import numpy as np

        positions = np.flatnonzero(mask)
        if len(positions):
            values = self.values.iloc[positions].tolist()
            self.add(rule, hard, positions, [reason(one) for one in values])

    def _ranges(self, valid: Any) -> None:
        if self.seen is None:
            return
        declared = self.allowed.get("range")
        if declared:
            words = " to ".join("open" if end is None else f"{end}" for end in declared)
            self._outside("range", valid, declared, f"is outside of the range {words}")
        ends = self.seen.minimum, self.seen.maximum
        if ends[0] is None:
            return
        words = f"is outside of what training showed, {ends[0]} to {ends[1]}"
        self._outside("new range", valid, ends, words)

    def _outside(self, rule: str, valid: Any, ends: Sequence[Any], words: str) -> None:
        import numpy as np
        import pandas as pd

        values = self.values.where(valid) if not valid.all() else self.values
        if self.field.type in ("integer", "number"):
            values = pd.to_numeric(values, errors="coerce")
        elif any(isinstance(end, str) for end in ends):
            values = pd.to_datetime(values, errors="coerce", utc=True)
            ends = [None if end is None else pd.to_datetime(end, utc=True) for end in ends]
        low, high = ends
        outside = np.zeros(len(values), dtype=bool)
        if low is not None:
            outside |= np.asarray((values < low).fillna(False), dtype=bool)
        if high is not None:
            outside |= np.asarray((values > high).fillna(False), dtype=bool)
        self._add_each(
            rule, outside & valid, lambda one: f"{_shown(one)} {words}", hard=rule == "range"
        )

    def _categories(self, valid: Any) -> None:
        if self.seen is None or not (self.seen.categories or "categories" in self.allowed):
            return
        declared = self.allowed.get("categories")
        if declared:
            words = ", ".join(show(one) for one in declared[:8])
            self._unknown("category", valid, declared, f"is none of {words}")
        elif not self.seen.others and self.field.type != "categorical":
            listed = [value for value, _ in self.seen.categories]
            self._unknown("new category", valid, listed, "is a category that training did not show")

    def _unknown(self, rule: str, valid: Any, known: Sequence[Any], words: str) -> None:
        import numpy as np

        outside = valid & ~np.asarray(self.values.isin(list(known)), dtype=bool)
        self._add_each(rule, outside, lambda one: f"{show(one)} {words}", hard=rule == "category")


def _shown(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else show(value)
