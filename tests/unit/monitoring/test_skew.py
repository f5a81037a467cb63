"""Reports: what moved is named, what chance shows is not, and every number has its neighbours."""

from __future__ import annotations

import dataclasses
import json
import math
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jupyter_lifecycle as jl
from jupyter_lifecycle.envelope import expect
from jupyter_lifecycle.errors import MonitoringError, ProfileError
from jupyter_lifecycle.monitoring import (
    ColumnPlan,
    ColumnProfile,
    Limits,
    Profile,
    SkewReport,
    profile,
    skew,
)
from jupyter_lifecycle.monitoring.noise import benjamini_hochberg, estimate, noise_floor
from jupyter_lifecycle.monitoring.sides import profile_of_expectations


def frame(rows: int, seed: int, *, shift: float = 0.0, nulls: float = 0.02) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    gust = random.normal(10 + shift, 4, rows)
    gust[random.random(rows) < nulls] = np.nan
    return pd.DataFrame(
        {
            "gust": gust,
            "zero": np.where(random.random(rows) < 0.8, 0.0, random.gamma(2, size=rows)),
            "carrier": random.choice(["AA", "UA", "DL"], rows, p=[0.5, 0.3, 0.2]),
            "many": random.integers(0, 1000, rows).astype(str),
            "row": np.arange(rows),
            "time": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(rows), unit="s"),
            "nothing": np.full(rows, np.nan),
        }
    )


TRAIN = frame(20_000, 1)


def test_two_windows_of_one_distribution_are_within_noise():
    report = skew(TRAIN, frame(5000, 2))
    assert report.moved == ()
    assert report.max == 0.0
    verdicts = {one.name: one.verdict for one in report.features}
    assert verdicts == {
        "gust": "noise",
        "zero": "noise",
        "carrier": "noise",
        "many": "noise",
        "nothing": "noise",
        "row": "none",
        "time": "none",
    }
    assert "rise from row to row" in report["row"].reason
    assert "move with the clock" in report["time"].reason
    assert report.sentence == "None of 5 columns moved in 5,000 rows."


def test_what_moved_is_named_with_effect_floor_and_limit():
    report = skew(TRAIN, frame(5000, 2, shift=6.0))
    one = report["gust"]
    assert report.moved == ("gust",)
    assert one.verdict == "moved"
    assert one.low < one.bits < one.high
    assert one.floor < 0.01 < one.limit == 0.1
    assert report.max == one.bits
    assert one.q <= 0.05
    shifted = skew(TRAIN, frame(5000, 2, shift=1.0))["gust"]
    assert shifted.distances["wasserstein"] == pytest.approx(1, abs=0.25)
    assert 0.4 < one.distances["kolmogorov_smirnov"] < 0.7
    assert re.search(
        r"gust moved: 0\.\d+ bit \(floor .*, limit 0\.1 bit\)\. Quantiles: 10 %", report.text
    )


def test_missing_values_are_named_as_what_differs():
    report = skew(TRAIN, frame(5000, 2, nulls=0.4))
    assert report.moved == ("gust",)
    assert re.search(r"Missing: 2\.\d% → \d\d\.\d% of rows", report.text)


def test_new_categories_are_named():
    window = frame(5000, 3)
    window.loc[:1500, "carrier"] = "ZZ"
    report = skew(TRAIN, window)
    assert report.moved == ("carrier",)
    assert "Other categories (ZZ): 0.0% → 30.0% of rows." in report.text


def test_a_shift_under_the_limits_is_small_and_limits_may_be_set():
    window = frame(5000, 2, shift=1.0)
    assert skew(TRAIN, window)["gust"].verdict == "small"
    assert skew(TRAIN, window, threshold=0.01).moved == ("gust",)
    assert skew(TRAIN, window, limits=Limits(by_feature={"gust": 0.005})).moved == ("gust",)


def test_a_difference_of_shares_alone_is_enough():
    reference = pd.DataFrame({"flag": np.arange(10_000) % 100 == 0})
    window = pd.DataFrame({"flag": np.arange(5000) % 100 < 12})
    one = skew(reference, window)["flag"]
    assert one.bits < one.limit
    assert one.l_infinity == pytest.approx(0.11)
    assert one.verdict == "moved"
    assert "one share differs by 11.0 points (limit 10), 0.0" in skew(reference, window).text


def test_times_as_text_are_times():
    hours = pd.date_range("2024-01-01", periods=400, freq="h")
    before, after = (
        pd.DataFrame({"hour": one.strftime("%Y-%m-%dT%H:%M")})
        for one in (hours, hours + pd.Timedelta("30D"))
    )
    assert skew(before, after)["hour"].reason == "times move with the clock"


def test_without_a_graph_nothing_is_said_of_where_it_began():
    assert skew(TRAIN, frame(5000, 2, shift=6.0)).origins == ()


def test_what_moved_a_little_is_counted_after_the_first_five():
    names = [f"x{n}" for n in range(7)]
    random = np.random.default_rng(1)
    before, after = (
        pd.DataFrame({one: random.normal(at, 1, 20_000) for one in names}) for at in (0, 0.1)
    )
    text = skew(before, after).text
    assert text.count("moved a little: ") == 5
    assert "2 more moved a little, under the limits." in text


def test_few_rows_say_nothing():
    report = skew(TRAIN, frame(150, 2, shift=20))
    assert {one.verdict for one in report.features} == {"few", "none"}
    assert report.enough is False
    assert report.sentence == "Not enough data: 150 observed rows, nothing is said under 200."
    assert "gust: not enough data (150 observed rows)." in {
        line["sentence"] for line in report.to_json()["features"]
    }


def test_a_reference_of_a_few_rows_says_how_to_keep_more():
    report = skew(TRAIN.head(5), frame(5000, 2))
    assert report.sentence == "Not enough data: 5 reference rows, nothing is said under 200."
    assert (
        "5 reference rows; jl.save(…, training=…) keeps more"
        in report.to_json()["features"][0]["sentence"]
    )


def test_ids_are_not_compared():
    words = [f"id {n}" for n in range(20_000)]
    report = skew(
        pd.DataFrame({"key": words}), pd.DataFrame({"key": [f"new {n}" for n in range(5000)]})
    )
    assert report["key"].verdict == "none"
    assert "as ids are" in report["key"].reason


def test_a_thousand_categories_are_corrected_for_their_bias():
    report = skew(profile(TRAIN[["many"]]), frame(5000, 9)[["many"]])
    one = report["many"]
    assert one.bits < 0.02 < one.floor
    plain = jl.monitoring.jensen_shannon(
        TRAIN["many"].value_counts().to_dict(), frame(5000, 9)["many"].value_counts().to_dict()
    )
    assert plain > 0.03


def test_a_quiet_window_raises_the_floor():
    before = profile(TRAIN)
    quiet = [profile(frame(5000, seed, shift=2.0), like=before) for seed in range(20, 24)]
    window = frame(5000, 2, shift=2.0)
    assert skew(before, window, threshold=0.01).moved == ("gust",)
    report = skew(before, window, threshold=0.01, quiet=quiet)
    assert report["gust"].floor > 0.01
    assert report.moved in ((), ("gust",))
    assert skew(before, frame(5000, 2, shift=1.6), threshold=0.01, quiet=quiet).moved == ()


def test_each_side_may_be_a_profile_a_frame_or_expectations():
    window = frame(5000, 2, shift=6.0)
    before = profile(TRAIN)
    expected = expect(TRAIN.drop(columns="nothing"))
    for report in (
        skew(before, window),
        skew(TRAIN, profile(window, like=before)),
        skew(before, profile(window, like=before)),
        skew(before, profile(window)),
        skew(expected, window),
        skew(expected, expect(window.drop(columns="nothing"))),
        skew(window, TRAIN),
        skew(TRAIN, expect(window.drop(columns="nothing"))),
    ):
        assert report.moved == ("gust",)
        assert report["gust"].bits == pytest.approx(skew(before, window)["gust"].bits, abs=0.06)


def test_other_bins_cost_some_resolution_but_raise_no_alarm():
    report = skew(profile(TRAIN), profile(frame(5000, 2)))
    assert report.moved == ()
    assert report["gust"].floor >= 0.005
    assert report["carrier"].verdict == "noise"


def test_the_profile_of_expectations_is_that_of_their_rows():
    rows = TRAIN.drop(columns=["nothing", "many"])
    assert profile_of_expectations(expect(rows).frozen) == profile(rows, like=expect(rows))


def test_missing_and_nan_are_one_in_a_comparison():
    plan = ColumnPlan("x", "number", edges=(0.0,))
    one = Profile(1000, {"x": ColumnProfile(plan, (400, 400), missing=200)})
    other = Profile(1000, {"x": ColumnProfile(plan, (400, 400), nan=200)})
    assert skew(one, other)["x"].bits == 0.0


def test_sides_of_other_types_are_not_compared():
    report = skew(
        profile(pd.DataFrame({"x": np.arange(500) % 7 * 1.0})),
        profile(pd.DataFrame({"x": ["a"] * 500})),
    )
    assert report["x"].reason == "one side has number values, the other string values"


def test_columns_of_one_side_are_listed():
    report = skew(TRAIN, frame(5000, 2).drop(columns="gust").assign(extra=1.0))
    assert report.only_reference == ("gust",)
    assert report.only_observed == ("extra",)
    assert "Only the reference rows have gust." in report.text


def test_where_it_began_and_the_way_to_the_model():
    window = frame(5000, 2, shift=6.0)
    before, after = (
        {"severity": one["gust"].fillna(0) * 2, "delay": one["gust"].fillna(0) + 1}
        for one in (TRAIN, window)
    )
    upstream = {"severity": ["gust"], "delay": ["severity", "carrier"]}
    report = skew(TRAIN.assign(**before), window.assign(**after), upstream=upstream)
    assert set(report.moved) == {"gust", "severity", "delay"}
    (origin,) = report.origins
    assert (origin.name, origin.chain, origin.cause) == (
        "gust",
        ("gust", "severity", "delay"),
        "data",
    )
    assert origin.moved
    assert "It began at gust (a raw input): gust → severity → delay → model." in report.text


def test_what_moved_though_nothing_upstream_did():
    before = TRAIN.assign(speed=TRAIN["gust"].fillna(0))
    window = frame(5000, 2)
    after = window.assign(speed=window["gust"].fillna(0) * 3.6)
    (origin,) = skew(before, after, upstream={"speed": ["gust"]}).origins
    assert (origin.name, origin.cause) == ("speed", "code")
    (origin,) = skew(before, after, upstream={"speed": ["gust", "unseen"]}).origins
    assert (origin.cause, origin.unseen) == ("unknown", ("unseen",))
    assert "was not compared: unseen" in origin.sentence


def test_a_long_chain_and_a_cycle_do_no_harm():
    names = [f"f{n}" for n in range(3000)]
    upstream = {name: [parent] for parent, name in zip(["gust", *names], names, strict=False)}
    report = skew(TRAIN, frame(5000, 2, shift=6.0), upstream=upstream)
    assert len(report.origins[0].chain) == 3001
    looped = skew(TRAIN, frame(5000, 2, shift=6.0), upstream={"gust": ["gust"]})
    assert looped.origins[0].chain == ("gust",)


def test_a_report_as_a_frame():
    table = skew(TRAIN, frame(5000, 2, shift=6.0)).to_frame()
    assert table.index[0] == "gust"
    assert table.loc["gust", "verdict"] == "moved"
    assert table.loc["gust", "reference_rows"] == 20_000
    assert math.isnan(table.loc["carrier", "wasserstein"])


def test_a_report_survives_json():
    report = skew(TRAIN, frame(5000, 2, shift=6.0), upstream={"gust": ["raw"]})
    text = json.dumps(report.to_json(), allow_nan=False)
    again = SkewReport.from_json(json.loads(text))
    assert again.to_json() == report.to_json()
    assert again.text == report.text


@pytest.mark.parametrize("change", [{"version": 9}, {"features": None}, {"rows": []}], ids=str)
def test_what_is_no_report_is_refused(change):
    with pytest.raises(MonitoringError, match=r"version 9|not readable"):
        SkewReport.from_json(skew(TRAIN, TRAIN).to_json() | change)


def test_a_report_draws_itself_without_a_script():
    report = skew(TRAIN, frame(5000, 2, shift=6.0).rename(columns=str))
    bundle = report._repr_mimebundle_()
    assert bundle["text/plain"] == report.text
    assert "<script" not in bundle["text/html"]
    assert report.to_svg().startswith("<svg")
    assert report.to_svg().count("<title>") == 1 + len(report)


def test_names_are_written_as_text():
    hostile = '<img src=x onerror="alert(1)">'
    before, after = (
        one.rename(columns={"gust": hostile}) for one in (TRAIN, frame(5000, 2, shift=6.0))
    )
    page = skew(before, after)._repr_mimebundle_()["text/html"]
    assert "<img" not in page
    assert "&lt;img" in page


def test_more_than_forty_columns_are_counted():
    wide = pd.DataFrame({f"c{n}": np.arange(500) % 10 for n in range(45)})
    assert "and 5 more" in skew(wide, wide).to_svg()


def test_errors_say_what_is_there():
    with pytest.raises(MonitoringError, match=r"no column gsut\. Did you mean gust"):
        skew(TRAIN, TRAIN)["gsut"]
    with pytest.raises(MonitoringError, match="no column in common: one has gust, zero"):
        skew(TRAIN, pd.DataFrame({"x": [1.0]}))
    with pytest.raises(ProfileError, match="made of a frame, got a int"):
        skew(3, TRAIN)
    with pytest.raises(ProfileError, match=r"The frame lacks gust\. Did you mean gus"):
        profile(pd.DataFrame({"gus": [1.0]}), like=profile(TRAIN[["gust"]]))
    with pytest.raises(ProfileError, match="like= takes a profile or an envelope, got a int"):
        profile(TRAIN, like=3)
    with pytest.raises(ProfileError, match="more than one column named a"):
        profile(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    assert "gust" in skew(TRAIN, TRAIN)
    assert "gsut" not in skew(TRAIN, TRAIN)


@pytest.mark.parametrize(
    "limits",
    [
        {"bits": 2},
        {"l_infinity": -1},
        {"false_discovery": 3},
        {"rows": 0},
        {"by_feature": {"x": 9}},
    ],
    ids=str,
)
def test_limits_that_cannot_be_are_refused(limits):
    with pytest.raises(MonitoringError, match="got"):
        Limits(**limits)


def test_hostile_frames_are_counted():
    mixed = pd.DataFrame({"x": [1, "a", None, [2], {"b": 1}, 2.5, True, object()] * 50})
    report = skew(mixed, mixed)
    assert report["x"].verdict == "noise"
    empty = skew(TRAIN, TRAIN.iloc[:0])
    assert empty.enough is False
    infinite = pd.DataFrame({"x": [np.inf, -np.inf, np.nan, 1e308, -1e308] * 100})
    assert skew(infinite, infinite).max == 0.0
    assert skew(infinite, pd.DataFrame({"x": [np.inf] * 500})).moved == ("x",)


def test_other_tables_are_profiled():
    pl = pytest.importorskip("polars")
    pa = pytest.importorskip("pyarrow")
    rows = {"x": [1.0, 2.0, None], "y": ["a", "b", None]}
    expected = profile(pd.DataFrame(rows))
    assert profile(rows)["x"].counts == expected["x"].counts
    assert profile(pl.DataFrame(rows))["x"].missing == 1
    assert profile(pa.table(rows))["y"].counts == (1, 1)
    assert profile(pd.Series([1.0, 2.0], name="x"))["x"].rows == 2


def test_kinds_of_object_columns():
    plan = profile(
        pd.DataFrame(
            {
                "word": pd.Series(["a", None], dtype=object),
                "whole": pd.Series([1, None], dtype=object),
                "day": pd.Series([pd.Timestamp("2024-01-01").date()] * 2, dtype=object),
                "mixed": pd.Series(["a", 1], dtype=object),
                "masked": pd.array([1, None], dtype="Int64"),
            }
        )
    ).plan
    assert [one.type for one in plan.columns] == ["string", "integer", "date", "unknown", "integer"]


# statistics


@pytest.mark.parametrize("cells", [2, 20, 200])
def test_the_estimate_has_no_bias_where_both_are_the_same(cells):
    random = np.random.default_rng(5)
    shares = random.dirichlet(np.full(cells, 5.0))
    plain, corrected = [], []
    for _ in range(300):
        one, other = random.multinomial(4000, shares), random.multinomial(2000, shares)
        plain.append(jl.monitoring.jensen_shannon(one, other))
        corrected.append(estimate(one, other).bits)
    expected = (cells - 1) * (1 / 4000 + 1 / 2000) / (8 * math.log(2))
    assert np.mean(plain) == pytest.approx(expected, rel=0.25)
    # what is under 0 is cut, so some stays, never more than the spread
    assert np.mean(corrected) < np.mean(plain) / 2


def test_the_estimate_has_no_bias_where_they_differ_and_its_interval_covers():
    random = np.random.default_rng(6)
    p, q = random.dirichlet(np.full(50, 5.0)), random.dirichlet(np.full(50, 5.0))
    truth = jl.monitoring.jensen_shannon(p, q)
    found = [estimate(random.multinomial(3000, p), random.multinomial(1000, q)) for _ in range(400)]
    assert np.mean([one.bits for one in found]) == pytest.approx(truth, abs=0.002)
    covered = np.mean([one.low <= truth <= one.high for one in found])
    assert 0.92 <= covered <= 0.98


def test_what_has_nothing_in_common_is_at_1_bit():
    assert estimate([100, 100, 0, 0], [0, 0, 50, 50]).bits == 1.0


def test_the_floor_is_exceeded_once_in_twenty():
    random = np.random.default_rng(7)
    shares = np.full(21, 1 / 21)
    floor = noise_floor(20, 5000, 1000)
    over = [
        jl.monitoring.jensen_shannon(
            random.multinomial(5000, shares), random.multinomial(1000, shares)
        )
        > floor
        for _ in range(2000)
    ]
    assert np.mean(over) == pytest.approx(0.05, abs=0.015)
    assert noise_floor(0, 10, 10) == 0.0


def test_benjamini_hochbergs_own_example():
    # Benjamini and Hochberg (1995), section 4: 15 p-values of which 4 are called at 0.05
    p_values = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0000,
    ]
    q_values = benjamini_hochberg(p_values)
    assert sum(q <= 0.05 for q in q_values) == 4
    scipy = pytest.importorskip("scipy.stats")
    assert q_values == pytest.approx(scipy.false_discovery_control(p_values).tolist())


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(0, 1), max_size=30))
def test_q_values_are_never_under_p_values(p_values):
    q_values = benjamini_hochberg(p_values)
    assert all(p <= q <= 1 or math.isclose(p, q) for p, q in zip(p_values, q_values, strict=True))


def test_a_shift_among_a_thousand_categories_keeps_its_bits():
    random = np.random.default_rng(8)
    names = np.array([f"c{n}" for n in range(1000)])
    tilted = np.exp(0.95 * random.choice([-1.0, 1.0], 1000))
    tilted /= tilted.sum()
    truth = jl.monitoring.jensen_shannon(np.full(1000, 1e-3), tilted)
    before = profile(pd.DataFrame({"x": random.choice(names, 50_000)}))
    one = skew(before, pd.DataFrame({"x": random.choice(names, 5000, p=tilted)}))["x"]
    assert one.verdict == "moved"
    assert one.bits == pytest.approx(truth, abs=0.03)
    few = skew(before, pd.DataFrame({"x": random.choice(names, 500, p=tilted)}))["x"]
    assert few.verdict == "few"
    assert "too many for the rows" in few.reason


def test_a_feature_graph_says_what_is_upstream():
    def severity(gust):
        return gust.fillna(0) * 2

    graph = jl.FeatureGraph.from_functions(severity)
    before, after = (
        one.assign(severity=severity(one["gust"])) for one in (TRAIN, frame(5000, 2, shift=6.0))
    )
    assert skew(before, after, upstream=graph).origins[0].chain == ("gust", "severity")


class Saved:
    """An envelope as far as reports look at it."""

    def __init__(self, manifest, features):
        self.manifest, self._features = manifest, features

    def read(self, name):
        assert name == "features.json"
        return json.dumps(self._features).encode()


def test_an_envelope_brings_its_features(manifest_like):
    rows = TRAIN[["gust", "carrier"]]
    manifest = dataclasses.replace(
        manifest_like(rows), lineage={"features": {"file": "features.json", "columns": ["delay"]}}
    )
    features = [
        {"name": "severity", "parameters": ["gust"]},
        {"name": "delay", "parameters": ["severity", "carrier"]},
    ]
    report = skew(
        Saved(manifest, {"features": features}), frame(5000, 2, shift=6.0)[["gust", "carrier"]]
    )
    assert report.origins[0].chain == ("gust", "severity", "delay")
    assert skew(manifest, frame(5000, 2, shift=6.0)).origins == ()


parts = st.lists(
    st.tuples(
        st.one_of(st.none(), st.floats(), st.integers(-5, 5)),
        st.sampled_from(["a", "b", "c", "z", None]),
    ),
    min_size=1,
    max_size=40,
)


@settings(deadline=None, max_examples=40)
@given(parts, parts)
def test_frames_in_parts_add_up_to_the_whole(one, other):
    like = profile(pd.DataFrame({"x": [0.0, 1.0, 2.0], "y": ["a", "b", "c"]}))
    frames = [
        pd.DataFrame(
            {"x": [None if v is None else float(v) for v, _ in part], "y": [w for _, w in part]}
        ).astype({"x": "float64", "y": object})
        for part in (one, other)
    ]
    whole = pd.concat(frames, ignore_index=True)
    assert profile(frames[0], like=like) + profile(frames[1], like=like) == profile(
        whole, like=like
    )


def test_each_unit_is_counted_once():
    rows = pd.DataFrame({"customer": ["a", "b", "a", None, None], "x": [1.0, 2.0, 3.0, 4.0, 5.0]})
    counted = profile(rows, unit="customer")
    assert (counted.rows, list(counted), counted["x"].minimum) == (4, ["x"], 1.0)
    with pytest.raises(
        ProfileError, match=r"no column customers to tell units by\. Did you mean customer"
    ):
        profile(rows, unit="customers")
