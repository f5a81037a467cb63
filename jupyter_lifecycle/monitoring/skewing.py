"""``jl.skew``: what was observed, held against a reference."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import MonitoringError
from jupyter_lifecycle.monitoring.counter import Counter
from jupyter_lifecycle.monitoring.origins import origins_of, upstream_of
from jupyter_lifecycle.monitoring.plan import Plan
from jupyter_lifecycle.monitoring.profiles import Profile
from jupyter_lifecycle.monitoring.report import SkewReport, in_order
from jupyter_lifecycle.monitoring.sides import (
    columns_of,
    expectations_of_side,
    is_table,
    profile,
    profile_of_expectations,
    upstream_of_side,
)
from jupyter_lifecycle.monitoring.verdicts import Limits, judged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyter_lifecycle.graph import FeatureGraph


def skew(
    reference: Any,
    observed: Any,
    *,
    threshold: float | None = None,
    limits: Limits | None = None,
    upstream: Mapping[str, Sequence[str]] | FeatureGraph | None = None,
    quiet: Sequence[Profile] = (),
) -> SkewReport:
    """Hold what was observed against a reference, column by column.

    A column moved where its distance is beyond a limit that people set *and* beyond what chance
    shows in samples of these sizes, with false alarms held down over all columns together.

    Parameters
    ----------
    reference, observed
        Each a frame, a :class:`Profile`, an envelope or ``jl.expect(frame)``. A frame is counted
        into the other side's bins; of two frames the reference makes them.
    threshold : float, optional
        Bits from which on a column is called moved, 0.1 by default: short for
        ``limits=Limits(bits=…)``.
    limits : Limits, optional
        All limits: bits, L∞, rate of false discoveries, least rows, bits by column.
    upstream : Mapping or FeatureGraph, optional
        Feature to the names that it is computed from, for where it began; an envelope brings its
        own.
    quiet : sequence of Profile, optional
        Windows in which nothing was wrong: what they show counts as noise too. Real windows differ
        by more than chance, as hours of a day do.

    Returns
    -------
    SkewReport
        ``.moved``, ``.to_frame()``, ``.text``, ``.to_svg()``; it draws itself in a notebook.

    Raises
    ------
    MonitoringError
        Where the sides have no column in common.
    ProfileError
        Where a side is none of these.

    Examples
    --------
    >>> import pandas as pd
    >>> train = pd.DataFrame({"age": range(0, 4000), "kind": ["a", "b"] * 2000}).sample(frac=1.0)
    >>> skew(train, train[train.kind == "a"]).moved
    ('kind',)
    """
    limits = limits or Limits()
    if threshold is not None:
        limits = replace(limits, bits=threshold)
    before, after = _profiled(reference, observed)
    names = [name for name in before if name in after]
    if not names:
        raise MonitoringError(
            f"The sides have no column in common: one has {_listed(before)}, the other "
            f"{_listed(after)}."
        )
    pairs = [(before[name], after[name]) for name in names]
    features = judged(pairs, limits, _quiet_bits(before, quiet, limits))
    if upstream is None:
        known = upstream_of_side(reference) or upstream_of_side(observed)
    else:
        known = upstream_of(upstream)
    return SkewReport(
        in_order(features),
        (before.rows, after.rows),
        limits,
        origins_of(features, known) if known else (),
        tuple(name for name in before if name not in after),
        tuple(name for name in after if name not in before),
    )


def _profiled(reference: Any, observed: Any) -> tuple[Profile, Profile]:
    if not is_table(reference):
        before = _known(reference)
        return before, _counted(observed, before) if is_table(observed) else _known(observed)
    if is_table(observed):
        before = profile(reference)
        return before, _counted(observed, before)
    after = _known(observed)
    return _counted(reference, after), after


def _known(side: Any) -> Profile:
    if isinstance(side, Profile):
        return side
    found = expectations_of_side(side)
    if found is None:
        profile(side)  # says what it takes
    assert found is not None
    return profile_of_expectations(*found)


def _counted(table: Any, like: Profile) -> Profile:
    """Count a table by another side's plan; columns that this lacks are counted by themselves."""
    columns = columns_of(table)
    plan = Plan(tuple(one for one in like.plan.columns if one.name in columns))
    counter = Counter(plan)
    counter.add_columns(columns)
    others = {name: values for name, values in columns.items() if name not in like}
    counted = counter.profile()
    found = dict(counted) | (dict(profile(others)) if others else {})
    rows = max((len(values) for values in columns.values()), default=0)
    return Profile(rows, found)


def _quiet_bits(before: Profile, quiet: Sequence[Profile], limits: Limits) -> dict[str, float]:
    """Give for each column the bits that nineteen of twenty quiet windows stay under."""
    seen: dict[str, list[float]] = {}
    for window in quiet:
        pairs = [(before[name], window[name]) for name in before if name in window]
        for one in judged(pairs, limits):
            if one.verdict not in ("few", "none"):
                seen.setdefault(one.name, []).append(one.bits)
    return {name: sorted(bits)[-(-19 * len(bits) // 20) - 1] for name, bits in seen.items()}


def _listed(profile_: Profile) -> str:
    return ", ".join(list(profile_)[:6]) or "none"
