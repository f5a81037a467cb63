"""Which features travel: found out on real functions, row-wise and not."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.envelope.rowwise import Probe, extremes_of, first_other, telling_rows
from jupyter_lifecycle.envelope.schema import Schema
from jupyter_lifecycle.envelope.travel import Asked, Features, Step, restore, shaped, store
from jupyter_lifecycle.envelope.travel_plan import plan_features
from jupyter_lifecycle.errors import EnvelopeError, InputError
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.materialise import Materialiser

RNG = np.random.default_rng(7)
ROWS = 400
RAW = pd.DataFrame(
    {
        "price": RNG.normal(100, 30, ROWS).round(2),
        "pieces": RNG.integers(1, 9, ROWS),
        "city": RNG.choice(["bern", "graz", "köln", "ulm"], ROWS, p=[0.5, 0.3, 0.15, 0.05]),
        "at": pd.to_datetime("2024-03-01", utc=True)
        + pd.to_timedelta(RNG.integers(0, 10**6, ROWS), "s"),
        "note": np.where(RNG.random(ROWS) < 0.3, None, "x"),
    },
    index=pd.Index(RNG.permutation(ROWS * 2)[:ROWS], name="order"),
)
RAW.loc[RAW.index[::7], "price"] = np.nan
TABLE = pd.DataFrame({"city": ["bern", "graz", "köln"], "tax": [0.08, 0.2, 0.19]})


@dataclass
class Source:
    graph: FeatureGraph
    given: Any = field(
        default_factory=lambda: {**{c: RAW[c] for c in RAW}, "table": TABLE, "rate": 1.5}
    )


def source(*functions):
    return Source(FeatureGraph.from_functions(*functions))


def frame(found, *columns, rows=40):
    from jupyter_lifecycle.materialise import compute

    answer = compute(found.graph, list(columns), inputs=found.given, result="frame")
    return answer.iloc[5 : 5 + rows]


def product(price, pieces):
    return price * pieces


def labelled(city):
    return city.str.len()


def times_rate(price, rate):
    return price * rate


def named(city, pieces):
    return city.str.upper() + "-" + pieces.astype(str)


def category(city):
    return city.astype("category")


def hour(at):
    return at.dt.tz_convert("Europe/Berlin").dt.hour


def tax(city, table):
    return city.map(table.set_index("city")["tax"])


def banded(price):
    return pd.cut(price, [0, 50, 100, np.inf], labels=["low", "mid", "high"])


def as_array(price, pieces):
    return np.log1p(np.abs(price.to_numpy())) + pieces.to_numpy()


def by_python(city, pieces):
    return pd.Series([len(a) * b for a, b in zip(city, pieces, strict=True)], index=city.index)


def with_default(pieces, factor=3):
    return pieces * factor


def widened(pieces):
    return pieces.where(pieces > 2)  # integers alone where nothing is missing


def has_note(note):
    return note.notna()


ROWWISE = [
    product, times_rate, named, category, hour, tax, banded, as_array, by_python, with_default, widened, has_note,
]  # fmt: skip


@pytest.mark.parametrize("function", ROWWISE, ids=lambda one: one.__name__)
def test_row_wise_features_travel_to_the_bit(function):
    found = source(function, labelled)
    example = frame(found, function.__name__, "labelled")
    plan = plan_features(found, example)
    assert plan.features is not None, plan.why_not
    rows = Schema("frame", "frame", plan.inputs).decode(plan.rows)
    answer = plan.features.compute(rows)
    name = function.__name__
    assert answer[name].dtype == example[name].dtype
    assert first_other(example[name], answer[name]) is None
    alone = plan.features.compute(rows.iloc[[3]].set_index(pd.Index([99])))
    assert alone.index.tolist() == [99]
    assert first_other(example[name].iloc[[3]], alone[name]) is None


def centred(price):
    return price - price.mean()


def filled(price):
    return price.fillna(price.median())


def clipped(price):
    return price.clip(upper=price.quantile(0.99))


def outlier(price):
    return (price - price.mean()).abs() > 3 * price.std()


def codes(city):
    return city.astype("category").cat.codes


def ranked(price):
    return price.rank()


def shifted(pieces):
    return pieces.shift(1)


def rolling(price):
    return price.rolling(3).mean()


def of_group(price, city):
    return price.groupby(city).transform("mean")


def seen_before(city, pieces):
    return (city + pieces.astype(str)).duplicated()


def common(city):
    return city.isin(city.value_counts().head(2).index)


def share(pieces):
    return pieces / pieces.max()


def by_label(pieces):
    return pieces + pieces.index


def first_value(pieces):
    return pieces * pieces.iloc[0]


def needs_two(price):
    if len(price) < 2:
        raise ValueError("one row is not enough")
    return price * 1.0


def drawn(price):
    return price + np.random.default_rng().normal(size=len(price))


def from_nothing(rate):
    return pd.Series(np.arange(ROWS) * rate, index=RAW.index)


HELD = [
    centred, filled, clipped, outlier, codes, ranked, shifted, rolling, of_group, seen_before, common, share,
    by_label, first_value, needs_two, drawn, from_nothing,
]  # fmt: skip


@pytest.mark.parametrize("function", HELD, ids=lambda one: one.__name__)
def test_what_looks_at_other_rows_is_asked_for_by_name(function):
    found = source(function, product)
    name = function.__name__
    plan = plan_features(found, frame(found, name, "product"))
    assert plan.features is not None
    assert [step.name for step in plan.features.steps] == ["product"]
    assert name in {one.name for one in plan.features.asked}
    assert plan.held[name]
    said = plan.to_json()
    assert [one["why"] for one in said["asked"] if one["name"] == name] == [plan.held[name]]
    assert name in plan.fact


def test_a_mean_of_its_own_is_frozen_and_the_look_up_travels():
    def mean_price(price, city):
        return price.groupby(city).mean()

    def usual(city, mean_price):
        return city.map(mean_price)

    def over(price, usual):
        return price / usual

    found = source(mean_price, usual, over)
    example = frame(found, "over")
    plan = plan_features(found, example)
    assert sorted(plan.features.constants) == ["mean_price"]
    assert [step.name for step in plan.features.steps] == ["usual", "over"]
    assert [one.name for one in plan.features.asked] == ["price", "city"]
    assert plan.fact.startswith("2 features travel, 1 frozen")


def test_what_reads_a_held_column_takes_it_from_the_request():
    def doubled(ranked):
        return ranked * 2

    found = source(ranked, doubled)
    plan = plan_features(found, frame(found, "doubled"))
    assert [one.name for one in plan.features.asked] == ["ranked"]
    assert [step.name for step in plan.features.steps] == ["doubled"]


def test_raw_columns_of_the_model_stay_and_scalars_are_repeated():
    def level(pieces):
        return float(pieces.max())

    found = source(product, level)
    example = frame(found, "product", "level", "city")
    plan = plan_features(found, example)
    assert plan.features.columns == ("product", "level", "city")
    assert sorted(plan.features.constants) == ["level"]
    rows = Schema("frame", "frame", plan.inputs).decode(plan.rows)
    pd.testing.assert_frame_equal(
        plan.features.compute(rows), example.reset_index(drop=True), check_exact=True
    )


def test_a_column_that_was_changed_after_the_feature_is_not_computed():
    found = source(product, named)
    example = frame(found, "product", "named").fillna({"product": 0.0})
    plan = plan_features(found, example)
    assert "was changed" in plan.held["product"]
    assert [step.name for step in plan.features.steps] == ["named"]

    def doubled(product):
        return product * 2

    found = source(product, doubled)
    example = frame(found, "product", "doubled").fillna({"product": 0.0})
    plan = plan_features(found, example)
    assert plan.features is None
    assert "doubled stays" in plan.why_not or "product stays" in plan.why_not


def test_frames_travel_whole():
    def parts(city, pieces):
        return pd.DataFrame({"long": city.str.len(), "many": pieces > 4})

    def long(parts):
        return parts["long"]

    found = source(parts, long)
    plan = plan_features(found, frame(found, "long"))
    assert [step.name for step in plan.features.steps] == ["parts", "long"]


def test_a_frame_as_an_input_gives_its_columns():
    def total(orders):
        return orders["price"] * orders["pieces"]

    found = Source(FeatureGraph.from_functions(total), {"orders": RAW[["price", "pieces"]]})
    plan = plan_features(found, frame(found, "total"))
    assert plan.features.asked == (Asked("orders", ("price", "pieces"), "frame"),)

    def both(orders, price):
        return orders["price"] * price

    found = Source(
        FeatureGraph.from_functions(both), {"orders": RAW[["price"]], "price": RAW["price"]}
    )
    assert "have a column price" in plan_features(found, frame(found, "both")).why_not


def test_why_nothing_travels():
    found = source(product)
    example = frame(found, "product")
    assert "no column of the example is a feature" in (
        plan_features(found, example.rename(columns={"product": "other"})).why_not
    )
    assert "keep the frame's labels" in (
        plan_features(found, example.set_axis(example.index + 10**6)).why_not
    )
    twice = Source(found.graph, {name: pd.concat([RAW[name]] * 2) for name in ("price", "pieces")})
    assert "labels of the inputs' rows repeat" in plan_features(twice, example).why_not

    def one_number(price):
        return price.mean()

    scalar = source(one_number)
    only = pd.DataFrame({"one_number": [1.0]}, index=RAW.index[:1])
    assert "no column of the example has a value a row" in plan_features(scalar, only).why_not
    held = source(ranked)
    assert "ranked stays a column of its own" in plan_features(held, frame(held, "ranked")).fact


def test_what_cannot_be_computed_stays():
    found = source(product)
    example = frame(found, "product")
    found.given = {"price": RAW["price"]}
    assert plan_features(found, example).fact == (
        "they cannot be computed: UnboundError: There is no feature or input pieces, which "
        "product (test_travel.py) reads"
    )

    def broken(price):
        raise ZeroDivisionError("on purpose")

    failing = source(broken)
    only = pd.DataFrame({"broken": [1.0]}, index=RAW.index[:1])
    assert "ZeroDivisionError: on purpose" in plan_features(failing, only).why_not


def test_inputs_that_json_cannot_carry_hold_their_readers():
    def seconds(wait):
        return wait.dt.total_seconds()

    given = {"wait": pd.Series(pd.to_timedelta(RNG.integers(0, 99, ROWS), "s"), index=RAW.index)}
    found = Source(FeatureGraph.from_functions(seconds), given)
    assert "timedelta" in plan_features(found, frame(found, "seconds")).why_not


def test_async_features_are_held():
    async def later(price):
        return price * 2

    found = source(later, product)
    plan = plan_features(found, frame(found, "later", "product"))
    assert "asynchronous" in plan.held["later"]


def test_values_that_could_not_come_in_the_notebook_are_refused():
    found = source(category)
    plan = plan_features(found, frame(found, "category"))
    with pytest.raises(InputError, match="category gave 'wien', which was not seen before"):
        plan.features.compute(pd.DataFrame({"city": ["wien"]}))


def step(form="int64", **more):
    return Step("x", len, (), np.dtype(form) if isinstance(form, str) else form, **more)


INDEX = pd.RangeIndex(2)


@pytest.mark.parametrize(
    ("value", "form", "words"),
    [
        (3, np.dtype("int64"), "gave int, not one value a row"),
        ("ab", np.dtype("int64"), "gave str"),
        ({"a": 1, "b": 2}, np.dtype("int64"), "gave dict"),
        (pd.Series([1]), np.dtype("int64"), "not one value a row"),
        (pd.Series([1, 2], index=[5, 6]), np.dtype("int64"), "gave other rows"),
        ([1, 2], np.dtype("int64"), "gave other rows"),
        (pd.Series([1.5, 2.0]), np.dtype("int64"), "gave fractions"),
        (pd.Series(["a", "b"]), np.dtype("int64"), "cannot be int64"),
        (pd.DataFrame({"a": [1, 2]}), {"b": np.dtype("int64")}, "gave other columns"),
    ],
)
def test_what_a_feature_may_not_give(value, form, words):
    with pytest.raises(InputError, match=words) as caught:
        shaped(step(form=form), value, INDEX)
    assert caught.value.detail["problems"][0]["path"] == ""


def test_dtypes_are_given_back():
    assert shaped(step(form=np.dtype("float64")), pd.Series([1, 2]), INDEX).dtype == float
    array = shaped(step(form=np.dtype("float64"), is_array=True), np.array([1, 2]), INDEX)
    assert array.dtype == float
    wide = shaped(step(form={"a": np.dtype("float64")}), pd.DataFrame({"a": [1, 2]}), INDEX)
    assert wide["a"].dtype == float


def test_a_failing_feature_is_named():
    features = Features(
        (Asked("a", ("a",), "array"),), (Step("bad", _fails, ("a",), float),), {}, ("bad",)
    )
    with pytest.raises(ZeroDivisionError) as caught:
        features.compute(pd.DataFrame({"a": [1.0]}))
    assert caught.value.__notes__ == ["In the feature bad, which travels with the model."]


def _fails(a):
    return a / (1 / 0)


def test_a_feature_cannot_change_what_others_read():
    def spoils(a):
        a.iloc[0] = 99.0
        return a

    asked = (Asked("a", ("a",), "series"),)
    steps = (Step("bad", spoils, ("a",), np.dtype("float64")),)
    features = Features(asked, steps, {}, ("bad", "a"))
    assert features.compute(pd.DataFrame({"a": [1.0]}))["a"].tolist() == [1.0]


def test_stored_as_plain_tuples():
    features = Features((Asked("a", ("a",), "series"),), (step(),), {"k": 1}, ("x",))
    assert restore(store(features)) == features
    with pytest.raises(EnvelopeError, match="no features that can be read"):
        restore((1, 2))


def test_rows_that_tell_are_asked_for():
    column = pd.Series([5.0, np.nan, 1.0, 9.0, *[5.0] * 5000])
    assert {1, 2, 3} <= set(extremes_of(column))
    places = telling_rows([extremes_of(column)], len(column))
    assert {0, 1, 2, 3, len(column) - 1} <= set(places.tolist())
    assert len(places) == len(set(places.tolist()))
    assert extremes_of(np.array([[1.0, 4.0], [2.0, 3.0]]))


@pytest.mark.parametrize(
    ("one", "other", "differs"),
    [
        ([1.0, np.nan], [1.0, np.nan], False),
        ([1.0, 0.1 + 0.2], [1.0, 0.3], True),
        ([0.0], [-0.0], True),
        (["a", None], ["a", None], False),
        (["a", "b"], ["a", "c"], True),
        (pd.to_datetime(["2024-01-01"]), pd.to_datetime(["2024-01-02"]), True),
        ([1, 2], [1, 2], False),
    ],
)
def test_to_the_bit(one, other, differs):
    assert (first_other(pd.Series(one), pd.Series(other)) is not None) is differs


def test_a_feature_is_asked_once_for_each_column(tmp_path, monkeypatch):
    asked = []
    refusal = Probe.refusal
    monkeypatch.setattr(
        Probe, "refusal", lambda self: (asked.append(self.feature.name), refusal(self))[1]
    )

    def noisy(price):
        return price.rank()

    found = source(product, noisy)
    found.cache = ColumnCache(tmp_path / "cache")
    rows = frame(found, "product", "noisy")
    first = plan_features(found, rows)
    assert sorted(asked) == ["noisy", "product"]
    found.cache = ColumnCache(tmp_path / "cache")  # as another kernel does
    again = plan_features(found, rows)
    assert sorted(asked) == ["noisy", "product"]
    assert again.to_json() == first.to_json()
    assert "noisy" in again.held

    other = {**found.given, "price": found.given["price"] + 1}
    changed = Source(found.graph, other)
    changed.cache = found.cache
    plan_features(changed, frame(changed, "product", "noisy"))
    assert sorted(asked) == ["noisy", "noisy", "product", "product"]


def test_a_feature_without_a_key_is_asked_each_time(tmp_path, monkeypatch):
    asked = []
    refusal = Probe.refusal
    monkeypatch.setattr(
        Probe, "refusal", lambda self: (asked.append(self.feature.name), refusal(self))[1]
    )
    found = source(product)
    found.cache = ColumnCache(tmp_path / "cache")
    monkeypatch.setattr(Materialiser, "keys", lambda _: {})
    for _ in range(2):
        plan_features(found, frame(found, "product"))
    assert asked == ["product", "product"]
