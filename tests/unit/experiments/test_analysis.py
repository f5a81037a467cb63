"""From exposures and outcomes to results: the same numbers as by hand, whatever holds the tables."""

from __future__ import annotations

import doctest
import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from jupyter_lifecycle.errors import AnalysisError
from jupyter_lifecycle.experiments import (
    Metric,
    Results,
    always_valid,
    analyse,
    cuped,
    filling,
    gathering,
    holm,
    quantile,
    ratio,
    welch,
)

if TYPE_CHECKING:
    from pathlib import Path

N = 4_000
RNG = np.random.default_rng(3)
ARM = RNG.choice(["A", "B"], N)
X = RNG.gamma(2.0, 2.0, N)
Y = X + RNG.normal(0, 1, N) + 0.3 * (ARM == "B")
VIEWS = RNG.poisson(5, N) + 1
EXPOSURES = pd.DataFrame(
    {
        "unit": [f"u{number}" for number in range(N)],
        "arm": ARM,
        "at": pd.Timestamp("2026-11-24", tz="UTC") + pd.to_timedelta(np.arange(N) * 100, unit="s"),
        "country": RNG.choice(["de", "us", "fr"], N),
    }
)
OUTCOMES = pd.DataFrame(
    {"unit": EXPOSURES.unit, "y": Y, "x": X, "views": VIEWS, "bought": (Y > 5).astype(int)}
).sample(frac=1, random_state=1)
B, A = ARM == "B", ARM == "A"


def fixed(metrics: Any, covariates: Any = None, **options: Any) -> Results:
    return analyse(EXPOSURES, OUTCOMES, metrics, covariates, sequential=False, **options)


def test_a_mean_is_welch_by_hand() -> None:
    found = fixed("y")["y"]
    expected = welch(Y[A], Y[B])
    assert found.effect is not None
    assert found.effect.interval == pytest.approx(expected.interval)
    assert found.effect.p_value == pytest.approx(expected.p_value)
    assert (found.arm, found.control, found.verdict) == ("B", "A", "better")
    assert (found.effect.n_control, found.effect.n_treatment) == (A.sum(), B.sum())


@pytest.mark.parametrize(
    "covariates",
    [{"y": "x"}, pd.DataFrame({"unit": EXPOSURES.unit, "y": X}), None],
    ids=["a column", "a table", "the metric's own"],
)
def test_cuped_is_cuped_by_hand(covariates: Any) -> None:
    metric = Metric("y", covariate="x") if covariates is None else "y"
    found = fixed(metric, covariates)["y"].effect
    expected = cuped(Y[A], Y[B], X[A], X[B])
    assert found is not None
    assert found.interval == pytest.approx(expected.interval)
    assert found.control == pytest.approx(expected.control)
    assert found.method == "CUPED, Welch"


def test_a_covariates_table_is_matched_by_the_metrics_covariate() -> None:
    before = pl.DataFrame({"unit": EXPOSURES.unit.tolist(), "past": X, "nobody asks": X})
    found = fixed(
        [Metric("y", covariate="past"), Metric("tail", "quantile", column="y", quantile=0.5)],
        before,
    )
    assert found["y"].effect is not None
    by_hand = cuped(Y[A], Y[B], X[A], X[B])
    assert found["y"].effect.standard_error == pytest.approx(by_hand.standard_error)


def test_ratios_proportions_and_quantiles_are_those_by_hand() -> None:
    found = fixed(
        [
            Metric("rate", "ratio", column="y", denominator="views"),
            Metric("bought", "proportion"),
            Metric("median", "quantile", column="y", quantile=0.5),
        ],
        alpha=0.05,
    )
    bought = (Y > 5).astype(float)
    by_hand = [
        ratio(Y[A], Y[B], VIEWS[A], VIEWS[B]),
        welch(bought[A], bought[B]),
        quantile(Y[A], Y[B], 0.5),
    ]
    for one, expected in zip(found, by_hand, strict=True):
        assert one.effect is not None
        assert one.effect.estimate == pytest.approx(expected.estimate)
        assert one.effect.standard_error == pytest.approx(expected.standard_error)
        assert one.effect.method == expected.method


def test_a_ratio_with_a_covariate_is_its_linear_part_adjusted() -> None:
    metric = Metric("rate", "ratio", column="y", denominator="views", covariate="x")
    found = fixed(metric)["rate"].effect
    parts = []
    for arm in (A, B):
        r = Y[arm].mean() / VIEWS[arm].mean()
        parts.append(r + (Y[arm] - r * VIEWS[arm]) / VIEWS[arm].mean())
    assert found is not None
    assert found.interval == pytest.approx(cuped(*parts, X[A], X[B]).interval)
    assert found.method == "CUPED, delta method"


def test_intervals_hold_at_every_look_by_default() -> None:
    found = analyse(EXPOSURES, OUTCOMES, "y", expected_n=5_000)["y"].effect
    expected = always_valid(welch(Y[A], Y[B]), 5_000, 0.05)
    assert found is not None
    assert found.interval == pytest.approx(expected.interval)
    assert found.method == "Welch, sequential"


def test_metrics_of_a_role_are_corrected_together_and_intervals_agree() -> None:
    noise = RNG.normal(size=(6, N))
    table = OUTCOMES.sort_index().assign(**{f"n{i}": noise[i] for i in range(6)})
    for sequential in (True, False):
        found = analyse(
            EXPOSURES, table, [*(f"n{i}" for i in range(6)), "y"], sequential=sequential
        )
        effects = [one.effect for one in found if one.effect is not None]
        assert [one.adjusted_p for one in found] == pytest.approx(
            holm([e.p_value for e in effects])
        )
        for one in found:
            assert one.effect is not None
            apart = one.effect.interval[0] > 0 or one.effect.interval[1] < 0
            assert apart == (one.verdict != "within noise")


def test_guardrails_are_held_against_their_margins() -> None:
    guards = [
        Metric("wide", column="x", role="guardrail", better="lower", margin=1.0),
        Metric("narrow", column="x", role="guardrail", better="lower", margin=0.001),
        Metric("worse", column="y", role="guardrail", better="lower", margin=0.01, covariate="x"),
    ]
    assert [one.verdict for one in fixed(guards)] == ["holds", "not enough data", "broken"]


def as_folder(table: pa.Table, path: Path) -> Path:
    (path / "day=1").mkdir(parents=True)
    pq.write_table(table[:1_000], path / "day=1" / "a.parquet")
    pq.write_table(table[1_000:], path / "b.parquet")
    return path


def as_file(table: pa.Table, path: Path) -> Path:
    pq.write_table(table, path)
    return path


def as_csv(table: pa.Table, path: Path) -> str:
    pa_csv.write_csv(table, path.with_suffix(".csv"))
    return str(path.with_suffix(".csv"))


def as_csvs(table: pa.Table, path: Path) -> Path:
    path.mkdir()
    as_csv(table, path / "a")
    return path


class Foreign:
    """What any library that speaks Arrow gives."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._table.__arrow_c_stream__(requested_schema)


HOLDERS: dict[str, Any] = {
    "arrow": lambda table, _: table,
    "polars": lambda table, _: pl.from_arrow(table),
    "mapping": lambda table, _: {
        name: table[name].to_numpy() for name in table.column_names if name != "at"
    },
    "stream": lambda table, _: table.to_reader(max_chunksize=1_000),
    "of another library": lambda table, _: Foreign(table),
    "parquet": as_file,
    "folder": as_folder,
    "csv": as_csv,
    "folder of csv": as_csvs,
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_tables_come_from_anywhere(holder: str, tmp_path: Any) -> None:
    def held(frame: pd.DataFrame, name: str) -> Any:
        return HOLDERS[holder](pa.Table.from_pandas(frame, preserve_index=False), tmp_path / name)

    time = None if holder == "mapping" else "at"
    found = analyse(held(EXPOSURES, "exposures"), held(OUTCOMES, "outcomes"), ["y"], {"y": "x"}, sequential=False, time=time, segments="country")  # fmt: skip
    assert found["y"].effect is not None
    assert found["y"].effect.interval == pytest.approx(cuped(Y[A], Y[B], X[A], X[B]).interval)
    assert len(found.segments) == 3


def test_whole_numbers_are_units_too() -> None:
    exposures = {"unit": np.arange(N) * 7, "arm": ARM}
    outcomes = {"unit": np.arange(N)[::-1] * 7, "y": Y[::-1]}
    found = analyse(exposures, outcomes, "y", sequential=False)["y"].effect
    assert found is not None
    assert found.interval == pytest.approx(welch(Y[A], Y[B]).interval)


@pytest.mark.parametrize("budget", [1 << 28, 40_000, 4_000])
def test_several_rows_of_a_unit_add_up_whatever_fits_at_once(
    budget: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "BUDGET", budget)
    halves = pd.concat([OUTCOMES.assign(y=OUTCOMES.y / 2), OUTCOMES.assign(y=OUTCOMES.y / 2)])
    found = analyse(EXPOSURES, halves, "y", sequential=False)["y"].effect
    assert found is not None
    assert found.interval == pytest.approx(welch(Y[A], Y[B]).interval)


def test_one_row_a_unit_is_not_held_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "BUDGET", 1_000)
    monkeypatch.setattr(filling, "_added_up", None)
    found = fixed("y", {"y": "x"}, absent="zero")["y"].effect
    assert found is not None
    assert found.interval == pytest.approx(cuped(Y[A], Y[B], X[A], X[B]).interval)


def test_a_stream_cannot_be_read_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "BUDGET", 1_000)
    twice = pa.Table.from_pandas(pd.concat([OUTCOMES, OUTCOMES]), preserve_index=False)
    with pytest.raises(AnalysisError, match="several rows of a unit and come from a stream"):
        analyse(EXPOSURES, twice.to_reader(), "y")


def test_a_quantiles_values_may_lie_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "KEPT", 500)
    found = fixed(Metric("median", "quantile", column="y", quantile=0.5), absent="zero")[
        "median"
    ].effect
    assert found is not None
    assert found.interval == pytest.approx(quantile(Y[A], Y[B], 0.5).interval)


def test_units_without_an_outcome_are_unknown_or_zero() -> None:
    some = OUTCOMES.sort_index()[: N // 2]
    known = analyse(EXPOSURES, some, ["y"], {"y": "x"}, sequential=False)
    half = np.arange(N) < N // 2
    assert known["y"].effect is not None
    assert known["y"].effect.interval == pytest.approx(cuped(Y[A & half], Y[B & half], X[A & half], X[B & half]).interval)  # fmt: skip
    assert known.known["y"] == {"A": (A & half).sum(), "B": (B & half).sum()}
    zero = analyse(EXPOSURES, some, ["y", Metric("q", "quantile", column="y", quantile=0.8)], sequential=False, absent="zero")  # fmt: skip
    filled = np.where(half, Y, 0)
    assert zero["y"].effect is not None
    by_hand = welch(filled[A], filled[B])
    assert zero["y"].effect.estimate == pytest.approx(by_hand.estimate)
    assert zero["y"].effect.standard_error == pytest.approx(by_hand.standard_error)
    assert zero["q"].effect is not None
    assert zero["q"].effect.estimate == pytest.approx(quantile(filled[A], filled[B], 0.8).estimate)


def test_nobody_has_an_outcome() -> None:
    nothing = OUTCOMES.assign(unit="somebody else")
    found = analyse(EXPOSURES, nothing, ["y", "bought"])
    assert found.status == "not enough data"
    assert "Under 200 known units" in found.reason
    assert found["y"].sentence == "Not enough units to compare y of B yet."
    assert analyse(EXPOSURES, nothing, "y", absent="zero")["y"].verdict == "within noise"


def test_numbers_that_are_missing_are_unknown_and_covariates_count_as_their_mean() -> None:
    y, x = Y.copy(), X.copy()
    y[::7], x[::5] = np.nan, np.nan
    table = pd.DataFrame({"unit": EXPOSURES.unit, "y": y, "x": x})
    found = analyse(EXPOSURES, table, ["y"], {"y": "x"}, sequential=False)["y"].effect
    known = ~np.isnan(y)
    filled = np.where(np.isnan(x), np.nanmean(x[known]), x)
    assert found is not None
    assert found.interval == pytest.approx(cuped(y[A & known], y[B & known], filled[A & known], filled[B & known]).interval)  # fmt: skip


def test_large_numbers_lose_no_digits() -> None:
    table = OUTCOMES.assign(y=OUTCOMES.y + 1e9)
    found = analyse(EXPOSURES, table, "y", sequential=False)["y"].effect
    assert found is not None
    assert found.standard_error == pytest.approx(welch(Y[A], Y[B]).standard_error, rel=1e-6)


def test_a_unit_that_saw_two_arms_is_left_out() -> None:
    again = pd.concat(
        [EXPOSURES, EXPOSURES[:3].assign(arm=["A" if arm == "B" else "B" for arm in ARM[:3]])]
    )
    found = analyse(again, OUTCOMES, "y", sequential=False)
    assert found.crossed == 3
    assert "3 units were seen in more than one arm" in found.notes[0]
    rest = np.arange(N) >= 3
    assert found["y"].effect is not None
    assert found["y"].effect.interval == pytest.approx(welch(Y[A & rest], Y[B & rest]).interval)


def test_a_unit_counts_once_by_its_first_exposure() -> None:
    later = EXPOSURES.assign(at=EXPOSURES["at"] + pd.Timedelta(days=3), country="later")
    once = analyse(EXPOSURES, OUTCOMES, "y", time="at", segments=["country"])
    twice = analyse(pd.concat([later, EXPOSURES]), OUTCOMES, "y", time="at", segments=["country"])
    assert {one.segment for one in twice.segments if one.effect} == {
        one.segment for one in once.segments
    }
    assert twice.units == once.units
    assert twice["y"] == once["y"]


def test_effects_by_day_end_with_all() -> None:
    found = fixed("y", time="at")
    days = [point.day for point in found.series]
    assert days == ["2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27", "2026-11-28"]
    assert found["y"].effect is not None
    assert found.series[-1].interval == pytest.approx(found["y"].effect.interval)
    first = np.arange(N) < 864
    assert found.series[0].interval == pytest.approx(welch(Y[A & first], Y[B & first]).interval)


def test_segments_are_compared_within_and_corrected_over_all() -> None:
    found = fixed("y", segments=["country"])
    by_value = {one.segment: one for one in found.segments}
    assert set(by_value) == {("country", value) for value in ("de", "us", "fr")}
    p_values = []
    for one in found.segments:
        assert one.segment is not None
        part = EXPOSURES.country.to_numpy() == one.segment[1]
        expected = welch(Y[A & part], Y[B & part])
        assert one.effect is not None
        assert one.effect.estimate == pytest.approx(expected.estimate)
        p_values.append(expected.p_value)
        assert f"where country is {one.segment[1]}" in one.sentence
    assert [one.adjusted_p for one in found.segments] == pytest.approx(holm(p_values))


def of_two(planted: float, seed: int) -> Results:
    rng = np.random.default_rng(seed)
    n = 20_000
    one, two = rng.integers(0, 2, n), rng.integers(0, 2, n)
    x = rng.normal(size=n)
    y = x + rng.normal(size=n) + 0.1 * one + 0.2 * two + planted * one * two
    exposures = {"unit": np.arange(n), "arm": np.where(one, "B", "A")}
    others = {"wording": {"unit": np.arange(n), "arm": np.where(two, "new", "control")}}
    return analyse(exposures, {"unit": np.arange(n), "y": y, "x": x}, ["y"], {"y": "x"}, others=others, sequential=False)  # fmt: skip


def test_an_interaction_that_was_planted_is_flagged_and_others_are_not() -> None:
    (planted,) = of_two(0.4, 1).interactions
    assert planted.flagged
    assert (planted.experiment, planted.arm, planted.other_arm) == ("wording", "B", "new")
    assert planted.interval[0] < 0.4 < planted.interval[1]
    (none,) = of_two(0.0, 1).interactions
    assert not none.flagged
    assert none.interval[0] < 0 < none.interval[1]


def test_interactions_without_a_covariate_and_at_every_look() -> None:
    others = {"w": EXPOSURES.assign(arm=RNG.choice(["a", "b"], N)), "few": EXPOSURES[:100]}
    found = analyse(EXPOSURES, OUTCOMES, ["y", Metric("q", "quantile", column="y", quantile=0.5)], others=others)  # fmt: skip
    assert [(one.metric, one.experiment) for one in found.interactions] == [("y", "w")]
    assert found.interactions[0].interval[0] < found.interactions[0].estimate


def test_a_split_that_is_not_the_planned_one_hides_every_effect_and_says_where_to_look() -> None:
    rng = np.random.default_rng(8)
    n = 40_000
    client = rng.choice(["web", "ios", "android 7.2"], n, p=[0.6, 0.3, 0.1])
    arm = rng.choice(["A", "B"], n)
    lost = (client == "android 7.2") & (arm == "B") & (rng.random(n) < 0.6)
    exposures = pd.DataFrame({"unit": np.arange(n), "arm": arm, "client": pd.Categorical(client)})[
        ~lost
    ]
    found = analyse(exposures, {"unit": np.arange(n), "y": np.arange(n)}, "y")
    assert (found.status, found.comparisons, found.series) == ("hidden", (), ())
    assert "The split is not what was planned" in found.reason
    assert (found.gaps[0].column, found.gaps[0].value, found.gaps[0].arm) == (
        "client",
        "android 7.2",
        "B",
    )
    assert found.gaps[0].gap < -0.3
    assert "y" not in json.dumps(found.to_json()["comparisons"])
    with pytest.raises(AnalysisError, match="No effect is shown: The split"):
        found["y"]
    assert str(found).startswith("hidden: The split")


def test_weights_are_those_that_were_planned() -> None:
    rng = np.random.default_rng(9)
    arm = rng.choice(["A", "B"], 20_000, p=[0.9, 0.1])
    exposures = {"unit": np.arange(20_000), "arm": arm}
    outcomes = {"unit": np.arange(20_000), "y": rng.normal(size=20_000)}
    assert analyse(exposures, outcomes, "y").status == "hidden"
    found = analyse(exposures, outcomes, "y", weights={"A": 9, "B": 1})
    assert found.status == "valid"
    missing = analyse(exposures, outcomes, "y", weights={"A": 0.45, "B": 0.05, "C": 0.5})
    assert (missing.status, missing.units["C"]) == ("hidden", 0)


def test_an_assignment_that_changed_halfway_is_invalid() -> None:
    other = EXPOSURES.assign(
        arm=RNG.choice(["A", "B"], N), at=EXPOSURES["at"] + pd.Timedelta(days=9)
    )
    found = analyse(pd.concat([EXPOSURES, other]), OUTCOMES, "y")
    assert (found.status, found.comparisons) == ("invalid", ())
    assert "were seen in more than one arm: the assignment changed" in found.reason


def test_a_day_whose_split_is_another_one_is_invalid() -> None:
    n = 30_000
    rng = np.random.default_rng(10)
    day = np.arange(n) // 10_000
    share = np.array([0.5, 0.56, 0.44])[day]  # right in sum, wrong on two of three days
    arm = np.where(rng.random(n) < share, "B", "A")
    at = np.datetime64("2026-11-01T10:00:00.000000") + day.astype("timedelta64[D]")
    found = analyse({"unit": np.arange(n), "arm": arm, "at": at}, {"unit": np.arange(n), "y": day}, "y", time="at")  # fmt: skip
    assert found.status == "invalid"
    assert "first exposed on 2026-11-02 were split" in found.reason
    assert found.gaps[0].column == "day"


def test_outcomes_known_of_unequal_parts_are_said() -> None:
    kept = OUTCOMES.sort_index()[~(B & (RNG.random(N) < 0.2))]
    found = analyse(EXPOSURES, kept, "y")
    assert "y is not known of equal parts of the arms (A 100.0%, B 7" in found.notes[0]


def test_the_control_is_named_or_told_by_its_name() -> None:
    named = EXPOSURES.assign(arm=np.where(A, "treatment", "control"))
    assert analyse(named, OUTCOMES, "y").control == "control"
    assert analyse(EXPOSURES, OUTCOMES, "y", control="B")["y"].arm == "A"


def test_several_arms_are_told_apart() -> None:
    three = EXPOSURES.assign(arm=np.random.default_rng(0).choice(["A", "B", "C"], N))
    found = analyse(three, OUTCOMES, "y")
    assert [one.arm for one in found] == ["B", "C"]
    assert found.of("y", "C").arm == "C"
    with pytest.raises(AnalysisError, match="Say which arm is to be compared with 'A': B, C"):
        found["y"]


def test_results_are_json_and_a_frame() -> None:
    metrics = [Metric("y", role="primary", effect=0.01), Metric("x", role="guardrail", better="lower", margin=1, unit="ms")]  # fmt: skip
    found = fixed(metrics, time="at", segments=["country"], others={"w": EXPOSURES})
    sent = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert sent["form"] == 1
    assert sent["settings"]["metrics"][0]["effect"] == 0.01
    assert sent["comparisons"][0]["sentence"].startswith("B raises y by")
    assert (
        "x of B is not worse than its margin of 1 ms: between" in sent["comparisons"][1]["sentence"]
    )
    frame = found.to_frame()
    assert list(frame.metric) == ["y", "x"] * 4
    assert frame.segment[2] == "country=" + str(found.segments[0].segment[1])  # type: ignore[index]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"metrics": "z"}, "outcomes have no column 'z', which is a metric's"),
        ({"metrics": []}, "Give one metric or more"),
        ({"metrics": ["y", "y"]}, "each name once"),
        ({"covariates": {"z": "x"}}, "'z', which is no metric here"),
        ({"covariates": {"y": "z"}}, "no column 'z', which is a covariate"),
        ({"covariates": pd.DataFrame({"y": [1.0]})}, "covariates have no column 'unit'"),
        ({"unit": "units"}, "exposures have no column 'units'.*Did you mean unit"),
        ({"arm": "arms"}, "exposures have no column 'arms'"),
        ({"time": "when"}, "no column 'when', which is the time of exposure"),
        ({"time": "country"}, "'country' holds text that is no time"),
        ({"segments": ["land"]}, "no column 'land', which is a segment"),
        ({"control": "C"}, "No arm 'C' to compare with: there are A, B"),
        ({"weights": {"A": 1, "C": 1}}, "Arm 'B' was exposed, but has no weight"),
        ({"sequentail": True}, "no option 'sequentail'.*Did you mean sequential"),
        ({"absent": "none"}, "absent is 'none'"),
        ({"alpha": 2}, "alpha is 2"),
        ({"exposures": EXPOSURES[:0]}, "no exposure with a unit and an arm"),
        ({"exposures": EXPOSURES.assign(arm="A")}, "All exposures are of arm 'A'"),
        ({"exposures": 3}, "The exposures are a int"),
        ({"exposures": "/nowhere"}, "to be read from .*nowhere"),
        ({"exposures": EXPOSURES.assign(arm=EXPOSURES.unit)}, "more than 100 values"),
        ({"exposures": EXPOSURES.assign(at=3), "time": "at"}, "holds int64, no times"),
        ({"exposures": EXPOSURES.assign(at=EXPOSURES["at"].where(B)), "time": "at"}, "have no time in 'at'"),
        ({"outcomes": OUTCOMES.assign(y="a")}, "Column 'y' holds"),
        ({"outcomes": OUTCOMES.assign(y=np.inf)}, "values that are not finite"),
        ({"outcomes": OUTCOMES.assign(x=0), "metrics": Metric("r", "ratio", column="y", denominator="x")}, "has mean 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_analysed_is_refused(change: dict[str, Any], said: str) -> None:
    given = {"exposures": EXPOSURES, "outcomes": OUTCOMES, "metrics": "y"} | change
    with pytest.raises(AnalysisError, match=said):
        analyse(**given)


def test_metrics_are_asked_for_by_their_names() -> None:
    with pytest.raises(AnalysisError, match="No metric 'z' was analysed: there are y"):
        fixed("y")["z"]


def test_the_example_in_the_docstring() -> None:
    found = doctest.testmod(import_module("jupyter_lifecycle.experiments.analysis"))
    assert (found.attempted, found.failed) == (4, 0)


def test_a_stream_of_another_library_is_read_again_where_it_must_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(filling, "BUDGET", 40_000)
    halves = pd.concat([OUTCOMES.assign(y=OUTCOMES.y / 2)] * 2)
    stream = Foreign(pa.Table.from_pandas(halves, preserve_index=False))
    found = analyse(EXPOSURES, stream, "y", sequential=False)["y"].effect
    assert found is not None
    assert found.interval == pytest.approx(welch(Y[A], Y[B]).interval)


def test_a_quantile_of_few_units_waits() -> None:
    found = fixed(Metric("tail", "quantile", column="y", quantile=0.999), least=2)
    assert found["tail"].effect is None
    assert found["tail"].verdict == "not enough data"


def test_a_ratio_without_its_denominator_is_unknown() -> None:
    views = np.where(np.arange(N) % 3, VIEWS, np.nan)
    table = pd.DataFrame({"unit": EXPOSURES.unit, "y": Y, "views": views})
    found = analyse(
        EXPOSURES, table, Metric("r", "ratio", column="y", denominator="views"), sequential=False
    )
    known = ~np.isnan(views)
    expected = ratio(Y[A & known], Y[B & known], views[A & known], views[B & known])
    assert found["r"].effect is not None
    assert found["r"].effect.interval == pytest.approx(expected.interval)


def test_days_booleans_and_text_say_when_and_which() -> None:
    day = EXPOSURES["at"].dt.date
    app = RNG.random(N) < 0.5
    one = analyse(EXPOSURES.assign(at=day, app=app), OUTCOMES, "y", time="at", segments=["app"])
    assert {part.segment for part in one.segments} == {("app", "true"), ("app", "false")}
    for text in (day.astype(str), EXPOSURES["at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")):
        found = analyse(EXPOSURES.assign(at=text), OUTCOMES, "y", time="at")
        assert [point.day for point in found.series] == [point.day for point in one.series]


def test_interactions_are_json() -> None:
    (planted,) = of_two(0.4, 2).interactions
    assert json.loads(json.dumps(planted.to_json()))["flagged"] is True


def test_some_segments_have_nobody() -> None:
    exposures = EXPOSURES.assign(country=EXPOSURES.country.where(EXPOSURES.country != "de"))
    found = analyse(exposures, OUTCOMES, "y", segments=["country"])
    assert {one.segment for one in found.segments} == {("country", "us"), ("country", "fr")}
    broken = analyse(
        {"unit": np.arange(9_000), "arm": ["A", "A", "B"] * 3_000, "app": pd.Categorical([None] * 9_000, ["x"])},
        OUTCOMES, "y",
    )  # fmt: skip
    assert (broken.status, broken.gaps) == ("hidden", ())
