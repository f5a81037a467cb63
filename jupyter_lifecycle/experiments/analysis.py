"""From exposures and outcomes to results: one pass over each table, in bounded memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from jupyter_lifecycle.errors import AnalysisError, did_you_mean
from jupyter_lifecycle.experiments.comparing import compare, interactions, segments, series
from jupyter_lifecycle.experiments.effects import check_alpha
from jupyter_lifecycle.experiments.filling import Needed, fill
from jupyter_lifecycle.experiments.gathering import Cells
from jupyter_lifecycle.experiments.joining import Exposed, other_arms, read_exposures
from jupyter_lifecycle.experiments.metrics import Metric
from jupyter_lifecycle.experiments.results import Results
from jupyter_lifecycle.experiments.tables import Table
from jupyter_lifecycle.experiments.validity import (
    changed_halfway,
    counts_by_arm,
    gaps,
    splits,
    uneven_knowledge,
)

if TYPE_CHECKING:
    import numpy.typing as npt


_ALL = ""


@dataclass(frozen=True)
class Options:
    """How exposures and outcomes are read and compared.

    Parameters
    ----------
    unit, arm : str
        Columns of the exposures; the unit's is the outcomes' too.
    time : str, optional
        The exposures' column of times: effects by day, and whether the split changed.
    control : str, optional
        The arm to compare with; else ``control``, else the first of ``weights``, else the first by
        name.
    weights : mapping, optional
        Planned weight of each arm; equal by default.
    alpha : float
        Of an interval's error, and of all comparisons of a role together.
    sequential : bool
        Whether intervals hold at every look together; else Welch's, for one planned look.
    expected_n : float
        Units of both arms together at which the sequential interval is narrowest. Fixed
        beforehand: it must not follow the data.
    segments : sequence of str
        The exposures' columns by whose values effects are told apart.
    others : mapping, optional
        Exposures of other experiments that ran at the same time, by name, with the same columns.
    absent : str
        Units without an outcome are left out (``unknown``) or have zeros (``zero``).
    least : int
        Under so many known units in an arm no interval is given.
    """

    unit: str = "unit"
    arm: str = "arm"
    time: str | None = None
    control: str | None = None
    weights: Mapping[str, float] | None = None
    alpha: float = 0.05
    sequential: bool = True
    expected_n: float = 10_000
    segments: Sequence[str] = ()
    others: Mapping[str, Any] | None = None
    absent: Literal["unknown", "zero"] = "unknown"
    least: int = 200


def analyse(
    exposures: Any,
    outcomes: Any,
    metrics: Sequence[Metric | str] | Metric | str,
    covariates: Any = None,
    **options: Any,
) -> Results:
    """Compare the arms of an experiment.

    Tables are pandas, polars or Arrow ones, mappings of columns, Parquet or CSV files or folders of
    them, or SQL results that speak Arrow. Files are read a piece at a time; what stays in memory is
    a few bytes a unit.

    Parameters
    ----------
    exposures : table
        A row for each time that a unit was exposed, or for each unit: unit and arm, and what
        ``options`` name. The first one counts.
    outcomes : table
        Numbers of units; several rows of a unit add up.
    metrics : sequence of Metric or str
        What to compare; a name is the mean of the outcomes' column of that name.
    covariates : mapping or table, optional
        Numbers from before the experiment, for CUPED: the outcomes' column of each metric by its
        name, or a table of units with one column a metric, named as it or as its ``covariate``.
    **options
        The parts of :class:`Options`, by name.

    Returns
    -------
    Results
        Without any effect where the split is not the planned one or the assignment changed.

    Raises
    ------
    AnalysisError
        Columns, arms or options that are not there, or values that are no numbers.

    Examples
    --------
    >>> units = range(2_000)
    >>> exposures = {"unit": units, "arm": ["A", "B"] * 1_000}
    >>> outcomes = {"unit": units, "minutes": [5, 6, 7, 9] * 500}
    >>> print(analyse(exposures, outcomes, "minutes", sequential=False))
    valid
    units: A 1,000, B 1,000
    B raises minutes by 25 %, between +23 and +27 %.
    """
    asked = _options(options)
    wanted, source = _metrics(metrics, covariates)
    table = Table(exposures, "exposures")
    exposed = read_exposures(table, asked.unit, asked.arm, asked.time, _columns(table, asked))
    weights = _weights(exposed, asked)
    control = _control(exposed, asked)
    reason = changed_halfway(exposed, weights)
    split, now = splits(exposed, weights)
    units = dict(zip(exposed.arms, counts_by_arm(exposed), strict=True))
    bare = Results(
        "valid",
        "",
        units,
        control,
        split,
        now,
        exposed.crossed,
        settings=_settings(asked, wanted, weights),
    )
    if reason:
        return replace(bare, status="invalid", reason=reason, gaps=gaps(exposed, weights))
    if split.broken:
        said = " : ".join(f"{count:,}" for count in units.values())
        plan = " : ".join(f"{weights[arm]:g}" for arm in units)
        reason = (
            f"The split is not what was planned: {said} where {plan} was. A fair split is so"
            " uneven, at"
            f" any look, less than once in {min(1 / max(split.p_value, 1e-12), 1e12):,.0f}"
            " experiments;"
            " the limit is once in 1,000."
        )
        return replace(bare, status="hidden", reason=reason, gaps=gaps(exposed, weights))
    return _compared(bare, exposed, outcomes, source, (asked, wanted))


def _compared(
    bare: Results,
    exposed: Exposed,
    outcomes: Any,
    covariates: Any,
    request: tuple[Options, list[Metric]],
) -> Results:
    """Gather what the tests need, and test."""
    asked, wanted = request
    days = 1 if exposed.day is None else int(exposed.day.max()) + 1
    groupings = {_ALL: _cells(exposed, exposed.day, days, wanted)}
    for name in asked.segments:
        codes, values = exposed.columns[name]
        groupings[name] = _cells(exposed, codes, len(values), wanted)
    seconds: dict[str, tuple[Cells, list[str]]] = {}
    for name, other in (asked.others or {}).items():
        codes, values = other_arms(exposed, other, name, asked.unit, asked.arm)
        seconds[name] = (_cells(exposed, codes, len(values), wanted), values)
    cells = [*groupings.values(), *(part for part, _ in seconds.values())]
    try:
        needed = Needed(asked.unit, tuple(wanted), zero=asked.absent == "zero")
        fill(exposed, cells, needed, outcomes, covariates)
        return _tested(bare, exposed, groupings, seconds, request)
    finally:
        for part in cells:
            part.close()


def _tested(
    bare: Results,
    exposed: Exposed,
    groupings: Mapping[str, Cells],
    seconds: Mapping[str, tuple[Cells, list[str]]],
    request: tuple[Options, list[Metric]],
) -> Results:
    asked, wanted = request
    arms, control, whole = exposed.arms, bare.control, groupings[_ALL]
    known = {
        name: dict(zip(arms, part.known().reshape(-1, len(arms)).sum(axis=0).tolist(), strict=True))
        for name, part in whole.gathered.items()
    }
    compared = compare(whole, wanted, arms, control, asked)
    enough = any(one.effect is not None for one in compared)
    by_segment = [
        segments(groupings[name], wanted, (name, exposed.columns[name][1]), arms, control, asked)
        for name in asked.segments
    ]
    return replace(
        bare,
        status="valid" if enough else "not enough data",
        reason="" if enough else f"Under {asked.least:,} known units an arm no interval is given.",
        known=known,
        comparisons=compared,
        segments=tuple(one for part in by_segment for one in part),
        interactions=interactions(seconds, wanted, arms, control, asked),
        series=() if exposed.day is None else series(whole, wanted, exposed, control, asked),
        notes=_notes(bare, known, asked),
    )


def _cells(
    exposed: Exposed, codes: npt.NDArray[np.int16] | None, values: int, metrics: list[Metric]
) -> Cells:
    """Cell = value · arms + arm; a unit without a value or of several arms is in none."""
    arms = len(exposed.arms)
    cell = exposed.arm.astype(np.int32)
    if codes is not None:
        cell += codes.astype(np.int32) * np.int32(arms)
        cell[codes < 0] = -1
    cell[exposed.arm < 0] = -1
    return Cells(cell, values * arms, metrics)


def _notes(
    bare: Results, known: Mapping[str, Mapping[str, int]], asked: Options
) -> tuple[str, ...]:
    found = []
    if bare.crossed:
        found.append(f"{bare.crossed:,} units were seen in more than one arm and are left out.")
    if asked.absent == "unknown":
        for name, counts in known.items():
            if uneven_knowledge(counts, bare.units) < 0.001:
                parts = ", ".join(
                    f"{arm} {counts[arm] / max(bare.units[arm], 1):.1%}" for arm in bare.units
                )
                found.append(
                    f"{name} is not known of equal parts of the arms ({parts}): who is missing"
                    " may be"
                    " what differs."
                )
    return tuple(found)


def _options(given: Mapping[str, Any]) -> Options:
    names = [part.name for part in fields(Options)]
    for name in given:
        if name not in names:
            raise AnalysisError(
                f"analyse has no option {name!r}: there are {', '.join(names)}."
                + did_you_mean(name, names),
                option=name,
            )
    found = Options(**given)
    check_alpha(found.alpha)
    if found.absent not in {"unknown", "zero"}:
        raise AnalysisError(
            f"absent is {found.absent!r}: units without an outcome are unknown or zero."
        )
    if isinstance(found.segments, str):
        found = replace(found, segments=(found.segments,))
    return found


def _metrics(
    metrics: Sequence[Metric | str] | Metric | str, covariates: Any
) -> tuple[list[Metric], Any]:
    """Give the metrics with their covariates, and the covariates' own table, if there is one."""
    given = [metrics] if isinstance(metrics, str | Metric) else list(metrics)
    wanted = [Metric(one) if isinstance(one, str) else one for one in given]
    names = [one.name for one in wanted]
    if not names or len(set(names)) < len(names):
        raise AnalysisError(f"Give one metric or more, each name once, not {names}.")
    if covariates is None:
        return wanted, None
    adjustable = [one for one in wanted if one.kind != "quantile"]
    if isinstance(covariates, Mapping) and all(isinstance(one, str) for one in covariates.values()):
        for name in covariates:
            if name not in names:
                raise AnalysisError(
                    f"A covariate is given for {name!r}, which is no metric here."
                    + did_you_mean(name, names),
                    metric=name,
                )
        return [
            replace(one, covariate=covariates.get(one.name, one.covariate)) for one in wanted
        ], None
    known = Table(covariates, "covariates").columns
    adjusted = {
        one.name: replace(one, covariate=one.covariate or one.name)
        for one in adjustable
        if (one.covariate or one.name) in known
    }
    return [adjusted.get(one.name, one) for one in wanted], covariates


def _columns(table: Table, asked: Options) -> list[str]:
    """Segments, and every other column of words: where to look when the split is broken."""
    import pyarrow as pa

    used = {asked.unit, asked.arm, asked.time, *asked.segments}
    found = list(asked.segments)
    table.need(found, "a segment")
    for name in table.columns:
        kind = table.kind(name)
        if name not in used and (pa.types.is_dictionary(kind) or pa.types.is_boolean(kind)):
            found.append(name)
    return found


def _weights(exposed: Exposed, asked: Options) -> dict[str, float]:
    """Give each arm's part of the units, and the arms the order of their names or weights."""
    if asked.weights is None:
        exposed.order(sorted(exposed.arms))
        return dict.fromkeys(exposed.arms, 1 / len(exposed.arms))
    odd = [arm for arm in exposed.arms if arm not in asked.weights]
    if odd:
        raise AnalysisError(
            f"Arm {odd[0]!r} was exposed, but has no weight: there are {', '.join(asked.weights)}."
            + did_you_mean(odd[0], asked.weights),
            arm=odd[0],
        )
    exposed.order(list(asked.weights))
    total = sum(asked.weights.values())
    return {arm: weight / total for arm, weight in asked.weights.items()}


def _control(exposed: Exposed, asked: Options) -> str:
    if len(exposed.arms) < 2:
        raise AnalysisError(
            f"All exposures are of arm {exposed.arms[0]!r}: there is nothing to compare it with."
            " Give"
            " weights, so that arms that nobody was in are known."
        )
    if asked.control is None:
        return "control" if "control" in exposed.arms else exposed.arms[0]
    if asked.control not in exposed.arms:
        raise AnalysisError(
            f"No arm {asked.control!r} to compare with: there are {', '.join(exposed.arms)}."
            + did_you_mean(asked.control, exposed.arms),
            arm=asked.control,
        )
    return asked.control


def _settings(
    asked: Options, metrics: Sequence[Metric], weights: Mapping[str, float]
) -> dict[str, Any]:
    plain = asdict(replace(asked, others=None))
    plain["segments"] = list(asked.segments)
    plain["others"] = sorted(asked.others or {})
    plain["weights"] = dict(weights)
    return {**plain, "metrics": [metric.to_json() for metric in metrics]}
