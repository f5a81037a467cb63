"""Modifiers: which features a function becomes, what they read and what they give."""

from __future__ import annotations

import functools
import sys
from types import FunctionType, ModuleType
from typing import Any, TypedDict

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from jupyter_lifecycle.errors import ComputeError, DuplicateFeatureError, FeatureDefinitionError
from jupyter_lifecycle.graph import (
    MISSING,
    Feature,
    FeatureGraph,
    Origin,
    ParameterizedExtract,
    apply_to,
    at_once,
    cache,
    check_output,
    check_output_custom,
    config,
    configuration,
    does,
    exclude,
    extract_columns,
    extract_fields,
    feature,
    group,
    inject,
    make_feature,
    make_features,
    mutate,
    parameterize,
    parameterize_extract_columns,
    parameterize_sources,
    parameterize_values,
    parameterized_subdag,
    pipe_input,
    pipe_output,
    resolve,
    resolve_from_config,
    schema,
    source,
    step,
    subdag,
    tag,
    tag_outputs,
    unpack_fields,
    value,
)
from jupyter_lifecycle.materialise import compute


def value_of(graph: FeatureGraph, *targets: str, **inputs: Any) -> Any:
    found = compute(graph, list(targets), inputs=inputs, result="dict")
    assert isinstance(found, dict)
    return found[targets[0]] if len(targets) == 1 else found


def graph_of(*functions: Any, **settings: Any) -> FeatureGraph:
    return FeatureGraph.from_functions(*functions, config=settings)


# -- parameterize, inject, does -------------------------------------------------------------------


def test_parameterize_makes_features_of_values_and_sources() -> None:
    @parameterize(
        net={"amount": source("sales"), "rate": value(0.5)},
        gross=({"amount": source("sales"), "rate": value(1.0)}, "All of it."),
    )
    def scaled(amount, rate, offset=1):
        """{amount} times {rate}, as {output_name}, by {unknown}."""
        return amount * rate + offset

    graph = graph_of(scaled)
    assert list(graph) == ["net", "gross"]
    assert graph.inputs == ("sales", "offset")
    assert graph.required_inputs(["net"]) == ("sales",)
    assert value_of(graph, "net", "gross", sales=10) == {"net": 6.0, "gross": 11.0}
    assert value_of(graph, "net", sales=10, offset=0) == 5.0
    assert graph.features["net"].doc == "sales times 0.5, as net, by unknown."
    assert graph.features["gross"].doc == "All of it."
    assert graph.features["net"].written is scaled
    assert scaled(2, 3) == 7  # the function stays what it is


def test_one_source_for_two_parameters() -> None:
    @parameterize(twice={"a": source("x"), "b": source("x")})
    def added(a: int, b: int = 5):
        return a + b

    graph = graph_of(added)
    assert graph.parents("twice") == ("x",)
    assert graph.required_inputs(["twice"]) == ("x",)
    assert value_of(graph, "twice", x=4) == 8


def test_a_literal_is_not_changed_by_whoever_gets_it() -> None:
    @parameterize(first={"items": value([1])}, second={"items": value([1])})
    def grown(items):
        items.append(2)
        return items

    graph = graph_of(grown)
    assert value_of(graph, "first") == [1, 2]
    assert value_of(graph, "first") == [1, 2]


def test_groups() -> None:
    @inject(parts=group(source("a"), source("b"), value(1)), named=group(low=source("a")))
    def total(parts, named):
        return sum(parts) + named["low"]

    graph = graph_of(total)
    assert graph.inputs == ("a", "b")
    assert value_of(graph, "total", a=1, b=2) == 5


def test_parameterize_values_and_sources() -> None:
    @parameterize_values("n", {"one": 1, ("two", "The second."): 2})
    def numbered(n):
        """Number {n}."""
        return n

    @parameterize_sources(left={"a": "x"}, right={"a": "y"})
    def side(a):
        return a

    graph = graph_of(numbered, side)
    assert value_of(graph, "one", "two", "left", "right", x=3, y=4) == {
        "one": 1, "two": 2, "left": 3, "right": 4,
    }  # fmt: skip
    assert [graph.features[name].doc for name in ("one", "two")] == ["Number 1.", "The second."]


def test_documentation_with_other_braces_stays() -> None:
    @parameterize(a={"x": value(1)})
    def f(x):
        """A set {x: 1!z}."""
        return x

    assert graph_of(f).features["a"].doc == "A set {x: 1!z}."


def test_parameterize_extract_columns() -> None:
    @parameterize_extract_columns(
        ParameterizedExtract(("a1", ("b1", "B.")), {"start": source("x")}),
        ParameterizedExtract(("a2",), {"start": value(5)}),
    )
    def table(start):
        return pd.DataFrame({"a1": [start], "b1": [start], "a2": [start]})

    graph = graph_of(table)
    assert list(graph) == ["table__0", "a1", "b1", "table__1", "a2"]
    assert list(value_of(graph, "a2")) == [5]
    assert graph.features["b1"].doc == "B."


def test_does() -> None:
    def _sum(**columns):
        return sum(columns.values())

    def _ratio(part, whole):
        return part / whole

    @does(_sum)
    def total(a, b):
        """Both."""

    @does(_ratio, part="a", whole="total")
    def share(a, total): ...

    graph = graph_of(total, share)
    assert value_of(graph, "total", "share", a=1, b=3) == {"total": 4, "share": 0.25}
    assert graph.features["total"].doc == "Both."

    @does(_sum)
    def wrong(a, b):
        return a + b

    with pytest.raises(FeatureDefinitionError, match="would never run"):
        graph_of(wrong)


# -- taking apart ---------------------------------------------------------------------------------


class Bounds(TypedDict):
    low: float
    high: float


def test_extract_columns_of_pandas_polars_and_arrow() -> None:
    @extract_columns("a", ("b", "The second."), fill_with=0)
    def frame(x: int) -> pd.DataFrame:
        return pd.DataFrame({"a": [x]})

    @extract_columns("c")
    def table(x) -> pa.Table:
        return pa.table({"c": [x]})

    @extract_columns("d")
    def swift(x) -> pl.DataFrame:
        return pl.DataFrame({"d": [x]})

    graph = graph_of(frame, table, swift)
    assert list(graph) == ["frame", "a", "b", "table", "c", "swift", "d"]
    assert graph.features["d"].returns is pl.Series
    assert value_of(graph, "d", x=3).equals(pl.Series("d", [3]))
    assert graph.features["a"].returns is pd.Series
    assert graph.features["c"].returns is pa.ChunkedArray
    assert graph.features["b"].doc == "The second."
    found = value_of(graph, "a", "b", "c", x=3)
    assert [found["a"].tolist(), found["b"].tolist(), found["c"].to_pylist()] == [[3], [0], [3]]


def test_columns_that_are_not_there() -> None:
    @extract_columns("wnd_gust")
    def weather(x):
        return pd.DataFrame({"wind_gust": [x]})

    @extract_columns("q", fill_with=1)
    def table(x):
        return pa.table({"c": [x]})

    @extract_columns("q", fill_with=1)
    def swift(x):
        return pl.DataFrame({"c": [x]})

    @extract_columns("z")
    def number(x):
        return x

    with pytest.raises(ComputeError, match=r"no column wnd_gust\. Did you mean wind_gust"):
        value_of(graph_of(weather), "wnd_gust", x=1)
    with pytest.raises(ComputeError, match="only a pandas frame can be filled"):
        value_of(graph_of(table), "q", x=1)
    with pytest.raises(ComputeError, match="only a pandas frame can be filled"):
        value_of(graph_of(swift), "q", x=1)
    with pytest.raises(ComputeError, match="which has no columns"):
        value_of(graph_of(number), "z", x=1)


def test_extract_fields() -> None:
    @extract_fields({"low": float}, fill_with=-1)
    def bounds(x: int) -> dict[str, int]:
        return {}

    @extract_fields()
    def typed(x: int) -> Bounds:
        return {"low": x - 1.0, "high": x + 1.0}

    @extract_fields("p", ["q"])
    def many(x: int) -> dict[str, int]:
        return {"p": x, "q": x + 1}

    graph = graph_of(bounds, many)
    assert graph.features["low"].returns is float
    assert graph.features["p"].returns is int
    assert value_of(graph, "low", "p", "q", x=3) == {"low": -1, "p": 3, "q": 4}
    assert value_of(graph_of(typed), "high", x=3) == 4.0
    assert list(graph_of(typed)) == ["typed", "low", "high"]


def test_fields_that_are_not_there() -> None:
    @extract_fields({"lwo": float})
    def bounds(x):
        return {"low": x}

    @extract_fields({"a": int})
    def number(x):
        return x

    @extract_fields()
    def untyped(x) -> dict:
        return {}

    with pytest.raises(ComputeError, match=r"no field lwo\. Did you mean low"):
        value_of(graph_of(bounds), "lwo", x=1)
    with pytest.raises(ComputeError, match="takes apart dicts"):
        value_of(graph_of(number), "a", x=1)
    with pytest.raises(FeatureDefinitionError, match="no TypedDict"):
        graph_of(untyped)


def test_unpack_fields() -> None:
    @unpack_fields("low", "high")
    def bounds(x: int) -> tuple[int, float]:
        return x - 1, x + 1.0

    @unpack_fields("one", "other")
    def all_alike(x: int) -> tuple[int, ...]:
        return (x,)

    @unpack_fields("u")
    def bare(x):
        return x

    @unpack_fields("r", "s")
    def short(x) -> tuple[int]:
        return (x,)

    graph = graph_of(bounds)
    assert graph.features["high"].returns is float
    assert value_of(graph, "low", "high", x=3) == {"low": 2, "high": 4.0}
    assert graph_of(all_alike).features["other"].returns is int
    with pytest.raises(ComputeError, match="tuple of 1, and unpack_fields needs"):
        value_of(graph_of(all_alike), "other", x=1)
    with pytest.raises(ComputeError, match="gives a int, and unpack_fields needs"):
        value_of(graph_of(bare), "u", x=1)
    with pytest.raises(FeatureDefinitionError, match=r"tuple of 1\. Name at most 1"):
        graph_of(short)


def test_only_one_value_can_be_taken_apart() -> None:
    @extract_fields({"a": int})
    @parameterize(p={"x": value(1)}, q={"x": value(2)})
    def both(x):
        return {"a": x}

    with pytest.raises(FeatureDefinitionError, match="gives 2 features already"):
        graph_of(both)


# -- choosing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"region": "uk"}, "uk"),
        ({"region": "us"}, "america"),
        ({"region": "ca"}, "america"),
        ({"region": "jp"}, "elsewhere"),
        ({}, "elsewhere"),
    ],
)
def test_config_when(settings: dict[str, Any], expected: str) -> None:
    @config.when(region="uk")
    def tax__uk():
        return "uk"

    @config.when_in(region=["us", "ca"])
    def tax__america():
        return "america"

    @config.when_not(region="uk")
    @config.when_not_in(region=["us", "ca"])
    def tax__elsewhere():
        return "elsewhere"

    assert value_of(graph_of(tax__uk, tax__america, tax__elsewhere, **settings), "tax") == expected


def test_config_with_a_test_and_a_name() -> None:
    @config(lambda settings: settings.get("n", 0) > 1, name="size")
    def how_many(n):
        return n

    assert list(graph_of(how_many, n=2)) == ["size"]
    assert value_of(graph_of(how_many, n=2), "size") == 2
    assert list(graph_of(how_many)) == []


def test_two_functions_for_one_configuration() -> None:
    @config.when(a=1)
    def x__one():
        return 1

    @config.when_not(a=2)
    def x__two():
        return 2

    with pytest.raises(DuplicateFeatureError, match="x is defined twice"):
        graph_of(x__one, x__two, a=1)


def test_resolve_waits_for_the_configuration() -> None:
    @resolve(decorate_with=lambda lags: parameterize(**{f"lag_{n}": {"n": value(n)} for n in lags}))
    def lag(n):
        return n

    @resolve_from_config(decorate_with=lambda deep=1, **others: tag(depth=str(deep)))
    def deep():
        return 1

    graph = graph_of(lag, deep, lags=[1, 7])
    assert list(graph) == ["lag_1", "lag_7", "deep"]
    assert graph.features["deep"].tags == {"depth": "1"}
    with pytest.raises(FeatureDefinitionError, match="asks for lags, which the configuration"):
        graph_of(lag, lag_days=[1])


def test_resolve_must_answer_with_a_modifier() -> None:
    @resolve(decorate_with=lambda: 3)
    def lag(n):
        return n

    with pytest.raises(FeatureDefinitionError, match="answered 3, which is no modifier"):
        graph_of(lag)


def test_excluded_functions_are_no_features() -> None:
    @exclude()
    def helper():
        return 1

    assert len(graph_of(helper)) == 0


# -- pipes ----------------------------------------------------------------------------------------


def _plus(x: int, n: int = 1) -> int:
    return x + n


def _times(x: int, by: int) -> int:
    return x * by


def test_pipe_input() -> None:
    @pipe_input(
        step(_plus),
        step(_times, by=source("factor")),
        step(_plus, n=value(10)),
        step(_plus, 100).named("last"),
        step(_times, by=0).when(zero=True),
    )
    def final(start: int, factor: int) -> int:
        return start + factor

    graph = graph_of(final)
    assert list(graph) == [
        "final.with_plus", "final.with_times", "final.with_plus_1", "final.last", "final",
    ]  # fmt: skip
    assert value_of(graph, "final", start=1, factor=3) == 119
    assert value_of(graph_of(final, zero=True), "final", start=1, factor=3) == 3
    assert graph.features["final.with_times"].written is _times


def test_pipe_names_and_targets() -> None:
    @pipe_input(
        step(_plus).named("a", namespace=None), step(_plus).namespaced("other"), on_input="b"
    )
    def first(a0, b):
        return a0 * b

    @pipe_input(step(_plus).when_not(off=True).when_in(on=[1]).when_not_in(on=[2]), namespace="ns")
    def second(b):
        return b

    graph = graph_of(first, second, on=1)
    assert list(graph) == ["a", "other.with_plus_1", "first", "ns.with_plus", "second"]
    assert value_of(graph, "first", "second", a0=10, b=1) == {"first": 30, "second": 2}


def test_pipe_output() -> None:
    @pipe_output(step(_plus, n=2), step(_times, by=source("factor")))
    def made(start: int) -> int:
        """Documented."""
        return start

    graph = graph_of(made)
    assert list(graph) == ["made.raw", "made.with_plus", "made.with_times", "made"]
    assert value_of(graph, "made", "made.raw", start=1, factor=5) == {"made": 15, "made.raw": 1}
    assert graph.features["made"].doc == "Documented."
    assert graph.features["made"].written is made


def test_pipe_output_of_several() -> None:
    @pipe_output(step(_plus), step(_times, by=2).on_output("b"))
    @extract_fields({"a": int, "b": int})
    def both(x):
        return {"a": x, "b": x}

    @pipe_output(step(_plus), on_output=["c"])
    @extract_fields({"c": int, "d": int})
    def others(x):
        return {"c": x, "d": x}

    @pipe_output(step(_plus).when(never=1))
    def untouched(x):
        return x

    graph = graph_of(both, others, untouched)
    found = value_of(graph, "a", "b", "c", "d", x=1)
    assert found == {"a": 2, "b": 4, "c": 2, "d": 1}
    assert "untouched.raw" not in graph


def test_mutate() -> None:
    def price(x):
        return x

    def cost(x):
        return x

    @mutate(price, apply_to(cost, n=5).when_not(plain=1).named("shifted"), n=2)
    def _shift(amount, n):
        return amount + n

    @mutate(price)
    def _shift_again(amount):
        return amount * 10

    @mutate(price, n=3)
    def _shift(amount, n):
        return amount + n

    graph = graph_of(price, cost, _shift, _shift_again)
    assert value_of(graph, "price", "cost", x=1) == {"price": 13, "cost": 6}
    assert "cost.shifted" in graph
    assert value_of(graph_of(price, cost, plain=1), "cost", x=1) == 1


def test_apply_to_takes_conditions_and_targets() -> None:
    @extract_fields({"a": int, "b": int})
    def both(x):
        return {"a": x, "b": x}

    chosen = apply_to(both).when(on=1).when_in(on=[1]).when_not_in(on=[2]).on_output("a")

    @mutate(chosen)
    def _plus_one(x):
        return x + 1

    assert value_of(graph_of(both, on=1), "a", "b", x=1) == {"a": 2, "b": 1}
    assert value_of(graph_of(both), "a", "b", x=1) == {"a": 1, "b": 1}


# -- subdags --------------------------------------------------------------------------------------


def doubled(amount: int, factor: int = 2) -> int:
    return amount * factor


@config.when(rounding="up")
def closed__up(doubled: int) -> int:
    return doubled + 1


@config.when_not(rounding="up")
def closed__down(doubled: int) -> int:
    return doubled - 1


def test_subdag() -> None:
    @subdag(
        doubled, closed__up, closed__down,
        inputs={"amount": source("sales")}, config={"rounding": "up"},
    )  # fmt: skip
    def uk(closed: int, doubled: int) -> int:
        return closed * 100 + doubled

    graph = graph_of(uk)
    assert list(graph) == ["uk.doubled", "uk.closed", "uk"]
    assert graph.inputs == ("sales", "factor")
    assert value_of(graph, "uk", sales=3) == 706


def test_subdag_reads_outside_and_its_inputs() -> None:
    @subdag(
        doubled,
        inputs={"amount": value(4)},
        config={"factor": configuration("by"), "kind": value("k")},
        namespace="inner",
        final_node_name="result",
        external_inputs=["rate"],
    )
    def whole(doubled: int, amount: int, kind: str, rate: int, spare: int = 7) -> Any:
        return doubled, amount, kind, rate, spare

    graph = graph_of(whole, by=10)
    assert list(graph) == ["inner.doubled", "result"]
    assert value_of(graph, "result", rate=1) == (40, 4, "k", 1, 7)


def test_parameterized_subdag_and_nesting() -> None:
    @parameterized_subdag(
        doubled, closed__up, closed__down,
        inputs={"amount": source("sales")},
        uk={"config": {"rounding": "up"}},
        us={"inputs": {"amount": value(10)}},
    )  # fmt: skip
    def region(closed: int) -> int:
        return closed

    @subdag(region)
    def both(uk: int, us: int) -> int:
        return uk + us

    graph = graph_of(region)
    assert list(graph) == ["uk.doubled", "uk.closed", "uk", "us.doubled", "us.closed", "us"]
    assert value_of(graph, "uk", "us", sales=1) == {"uk": 3, "us": 19}
    nested = graph_of(both)
    assert "both.uk.doubled" in nested
    assert value_of(nested, "both", sales=1) == 22


def test_subdag_of_a_module() -> None:
    module = ModuleType("modifier_test_module")
    sys.modules[module.__name__] = module
    try:
        exec("def a(x): return x + 1\ndef b(a): return a * 2", module.__dict__)

        @subdag(module)
        def inner(b):
            return b

        assert value_of(graph_of(inner), "inner", x=1) == 4
    finally:
        del sys.modules[module.__name__]


# -- tags, cache, ownership -----------------------------------------------------------------------


def test_tags() -> None:
    @feature(tags={"team": "pricing"}, cache="never")
    @tag(stage=["raw", "daily"])
    @tag(kind="base", target_=...)
    @tag_outputs(a={"unit": "km"})
    @schema.output(("n", "int"), target_="both")
    @extract_fields({"a": int, "b": int})
    def both(x):
        return {"a": x, "b": x}

    found = graph_of(both).features
    common = {"team": "pricing", "kind": "base"}
    assert found["a"].tags == {**common, "unit": "km", "stage": "raw,daily"}
    assert found["b"].tags == {**common, "stage": "raw,daily"}
    assert found["both"].tags == {**common, "schema": "n=int"}
    assert {each.cache for each in found.values()} == {"never"}


@pytest.mark.parametrize(
    ("behavior", "mode"),
    [("default", "auto"), ("always", "always"), ("disable", "never"), ("recompute", "never")],
)
def test_cache(behavior: str, mode: str) -> None:
    @cache(behavior=behavior)
    @extract_fields({"a": int})
    def both(x):
        return {"a": x}

    assert {each.cache for each in graph_of(both).features.values()} == {mode}


def test_all_belong_to_the_cell_of_their_function() -> None:
    @pipe_input(step(_plus))
    def made(x):
        return x

    origin = Origin("cell 4", "cell-id", 2)
    features = make_features(made, origin=origin, source="text")
    assert [each.name for each in features] == ["made.with_plus", "made"]
    assert {each.origin.key for each in features} == {"cell-id"}
    graph, _ = FeatureGraph().with_features(*features, owner="cell-id")
    assert graph.owned_by("cell-id") == ("made.with_plus", "made")


def test_make_feature_reads_one_feature() -> None:
    @inject(x=value(3))
    def one(x):
        return x

    @parameterize(a={"x": value(1)}, b={"x": value(2)})
    def two(x):
        return x

    assert isinstance(make_feature(one), Feature)
    assert make_feature(one).function() == 3
    with pytest.raises(FeatureDefinitionError, match=r"becomes 2 features \(a, b\).*make_features"):
        make_feature(two)


def test_running_a_cell_again_changes_nothing() -> None:
    space: dict[str, Any] = {"__name__": "__main__"}
    text = """
from jupyter_lifecycle.graph import parameterize, pipe_output, source, step, value, check_output
def _plus(x, n): return x + n
@pipe_output(step(_plus, n={n}))
@check_output(range=(0, {n}))
@parameterize(a={{"x": source("s"), "k": value({n})}}, b={{"x": value((1, "q", {n}))}})
def f(x, k=2):
    return x
"""
    exec(text.format(n=1), space)
    graph = FeatureGraph.from_functions(space["f"])
    exec(text.format(n=1), space)
    again, delta = graph.with_functions(space["f"])
    assert not delta
    exec(text.format(n=2), space)
    _, delta = again.with_functions(space["f"])
    assert set(delta.changed) == {"a.raw", "a.with_plus", "b.raw", "b.with_plus"}


# -- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: source(3), "takes the name of a feature"),
        (lambda: value(source("a")), "write source\\('a'\\) alone"),
        (group, "either items"),
        (lambda: group(source("a"), b=source("b")), "either items"),
        (lambda: group("a"), "takes source\\(\\) and value\\(\\)"),
        (parameterize, "names no feature"),
        (lambda: parameterize(a=3), "give a dict of parameters"),
        (lambda: parameterize(a={"x": "b"}), "neither source\\(\\), value\\(\\) nor group"),
        (lambda: inject(x=3), "neither source\\(\\)"),
        (extract_columns, "names no column"),
        (unpack_fields, "names no field"),
        (lambda: step("f"), "takes a function"),
        (lambda: pipe_input(_plus), "takes steps"),
        (lambda: pipe_output(step(_plus).on_output("a"), on_output="b"), "in one place"),
        (lambda: tag(a=3), "a tag is a text"),
        (lambda: cache("disabled"), "Did you mean disable"),
        (subdag, "has none"),
        (lambda: subdag("module"), "takes functions and modules"),
        (lambda: subdag(doubled, inputs={"x": 1}), "neither source"),
        (lambda: subdag(doubled, inputs={"x": value(1)}, config={"x": 2}), "Give it once"),
        (lambda: tag(a="b")(3), "stands above a function"),
        (check_output, "says no condition"),
        (lambda: check_output(rnage=(0, 1)), "Did you mean range"),
        (lambda: check_output(range=3), "give two bounds"),
        (lambda: check_output(values_in="abc"), "allowed values in a list"),
        (lambda: check_output(schema=3), "method validate that raises"),
        (lambda: check_output(max_fraction_nans=2), "between 0 and 1"),
        (lambda: check_output(range=(0, 1), importance="error"), "is not known"),
        (check_output_custom, "takes functions of one value"),
        (lambda: check_output_custom(3), "takes functions of one value"),
    ],
)
def test_refused_when_written(make: Any, message: str) -> None:
    with pytest.raises(FeatureDefinitionError, match=message):
        make()


@pytest.mark.parametrize(
    ("modifier", "message"),
    [
        (inject(y=value(1)), "has no parameter y.*It has: x"),
        (parameterize(a={"xx": value(1)}), "has no parameter xx. Did you mean x"),
        (tag(a="b", target_="g"), "gives no feature g"),
        (pipe_input(step(_plus), on_input="y"), "it has no parameter y"),
        (pipe_input(step(_times)), "missing a required argument: 'by'"),
        (pipe_output(step(_plus).on_output("g")), "gives no feature g"),
        (subdag(doubled), "no function of it gives x"),
        (subdag(doubled, config={"k": configuration("c")}), "configuration has no c"),
    ],
)
def test_refused_when_resolved(modifier: Any, message: str) -> None:
    def f(x):
        return x

    with pytest.raises(FeatureDefinitionError, match=message) as caught:
        graph_of(modifier(f))
    assert "test_modifiers.py, line" in caught.value.message


@pytest.mark.parametrize("columns", [(["a", "b"],), (("a", "b", "c"),), ("a", 3)])
def test_columns_are_named_one_by_one(columns) -> None:
    with pytest.raises(FeatureDefinitionError, match="give names one by one"):
        extract_columns(*columns)


@pytest.mark.parametrize("kind", ["range", "mean", "standard_dev", "length"])
@pytest.mark.parametrize("limit", [3, (1,), (1, 2, 3), "ab"])
def test_bounds_are_two(kind, limit) -> None:
    with pytest.raises(FeatureDefinitionError, match=r"give two bounds"):
        check_output(**{kind: limit})


def test_limits_at_their_ends_are_taken() -> None:
    check_output(max_fraction_nans=1)
    check_output(max_fraction_nans=0)
    at_once(1)
    for given in (3, "abc"):
        with pytest.raises(FeatureDefinitionError, match="allowed values in a list"):
            check_output(values_in=given)
    with pytest.raises(FeatureDefinitionError, match="a method validate"):
        check_output(schema=object())


def test_a_step_that_is_left_out_leaves_the_others() -> None:
    def _one(x):
        return x + 1

    def _ten(x):
        return x * 10

    @pipe_output(step(_one).when(big=False), step(_ten).when(big=True), step(_one).named("last"))
    def amount(x):
        return x

    graph = FeatureGraph.from_functions(amount, config={"big": True})
    assert list(graph) == ["amount.raw", "amount.with_ten", "amount.last", "amount"]
    assert value_of(graph, "amount", x=2) == 21


def test_steps_for_some_outputs_are_named_in_a_text_or_a_list() -> None:
    def _ten(x):
        return x * 10

    for chosen in ("b", ["b"]):

        @pipe_output(step(_ten).on_output(chosen))
        @extract_fields({"a": int, "b": int})
        def both(x) -> dict:
            return {"a": x, "b": x}

        assert value_of(FeatureGraph.from_functions(both), "a", "b", x=2) == {"a": 2, "b": 20}


def test_a_conditional_function_may_have_no_suffix() -> None:
    @config.when(region="uk")
    def tax(price):
        return price

    @config.when(region="uk")
    def _private__uk(price):
        return price

    graph = FeatureGraph.from_functions(tax, _private__uk, config={"region": "uk"})
    assert list(graph) == ["tax", "_private"]


def test_what_is_wired_to_itself_stays_as_it_is() -> None:
    def net(price, rate):
        return price * rate

    plain = FeatureGraph.from_functions(net).features["net"].function
    inject(price=source("price"))(net)
    assert FeatureGraph.from_functions(net).features["net"].function is plain


def test_two_parameters_of_one_source() -> None:
    @inject(low=source("x"), high=source("x"))
    def span(low: float, high: float = 2.0):
        return (low, high)

    graph = FeatureGraph.from_functions(span)
    assert [each.name for each in graph.features["span"].parameters] == ["x"]
    assert graph.required_inputs(["span"]) == ("x",)
    assert value_of(graph, "span", x=3.0) == (3.0, 3.0)


def test_many_columns_are_listed_in_part() -> None:
    @extract_columns("zzz")
    def wide(x):
        return pd.DataFrame({f"c{n}": [x] for n in range(14)})

    with pytest.raises(ComputeError, match=r"It gives: c0, c1, .*, c11, …"):
        value_of(FeatureGraph.from_functions(wide), "zzz", x=1)


def test_a_parameter_that_reads_another_source_keeps_its_default_and_type() -> None:
    @inject(low=source("x"))
    def span(low: float = 2.0):
        return low

    graph = FeatureGraph.from_functions(span)
    (parameter,) = graph.features["span"].parameters
    assert (parameter.name, parameter.annotation, parameter.default) == ("x", "float", 2.0)
    assert value_of(graph, "span") == 2.0


REPRS = {
    "source('a')": source("a"),
    "value('a')": value("a"),
    "group(source('a'), value(1))": group(source("a"), value(1)),
    "group(low=source('a'), high=value(1))": group(low=source("a"), high=value(1)),
    "configuration('a')": configuration("a"),
}


@pytest.mark.parametrize(("written", "made"), REPRS.items())
def test_dependencies_are_shown_as_they_are_written(written, made):
    assert repr(made) == written


def test_documentation_is_filled_in_with_all_kinds_of_dependencies():
    @parameterize(
        net={"amount": source("sales"), "rates": group(source("a"), source("b")), "n": value(2)}
    )
    def scaled(amount, rates, n):
        """{amount} at {rates}, {n} times, is {output_name}; {other} stays {a[}."""

    @parameterize(net={"amount": source("sales"), "rates": group(source("a"))})
    def fits(amount, rates):
        """{amount} at {rates} is {output_name}; {other} stays."""

    (broken,) = make_features(scaled)
    assert broken.doc == "{amount} at {rates}, {n} times, is {output_name}; {other} stays {a[}."
    (filled,) = make_features(fits)
    assert filled.doc == "sales at group(source('a')) is net; other stays."


LABELS = {
    "cache is for all": (cache("never"), {"pair": "never", "a": "never", "b": "never"}),
    "tags are for outputs": (tag(owner="us"), {"a": "us", "b": "us"}),
    "tags for one": (tag(owner="us", target_="b"), {"b": "us"}),
    "tags for all": (tag(owner="us", target_=...), {"pair": "us", "a": "us", "b": "us"}),
}


@pytest.mark.parametrize(("label", "expected"), LABELS.values(), ids=LABELS)
def test_labels_reach_what_they_are_for(label, expected):
    @label
    @extract_fields("a", "b")
    def pair(x):
        return {"a": x, "b": x}

    made = make_features(pair)
    if "cache" in repr(label).lower():
        assert {each.name: each.cache for each in made} == expected
    else:
        assert {e.name: e.tags["owner"] for e in made if "owner" in e.tags} == expected


def test_a_schema_is_one_tag():
    @schema.output(("a", "int"), ("b", "str"))
    def table(x):
        return x

    assert make_feature(table).tags == {"schema": "a=int,b=str"}


def plain_column(a):
    return a


UNKNOWN_TARGETS = {
    "tag": lambda: tag(owner="us", target_="colum"),
    "check_output": lambda: check_output(range=(0, 1), target_="colum"),
    "pipe_output": lambda: pipe_output(step(plain_column), on_output="colum"),
    "step(…).on_output": lambda: pipe_output(step(plain_column).on_output("colum")),
}


@pytest.mark.parametrize(("label", "make"), UNKNOWN_TARGETS.items())
def test_a_target_that_is_not_there_is_told_by_the_modifiers_name(label, make):
    def column(x):
        return x

    with pytest.raises(FeatureDefinitionError) as caught:
        make_features(make()(column))
    message = caught.value.message
    assert f"{label} on column: it gives no feature colum. Did you mean column?" in message
    assert message.startswith("test_modifiers.py, line ")
    assert message.count("test_modifiers.py") == 1


def test_a_parameter_that_is_not_there_is_told_with_the_place_once():
    with pytest.raises(FeatureDefinitionError, match="has no parameter y") as caught:
        make_features(inject(y=value(1))(copied(plain_column)))
    assert caught.value.message.count("test_modifiers.py") == 1


def test_checks_are_called_by_their_names():
    (made,) = make_features(check_output(range=(0, 1))(copied(plain_column)))
    assert [each.name for each in made.checks] == ["range"]

    def is_small(value):
        return value < 1

    own = check_output_custom(is_small, functools.partial(is_small))
    (made,) = make_features(own(copied(plain_column)))
    assert [each.name for each in made.checks] == ["is_small", "own check"]


def test_categories_are_a_list():
    (made,) = make_features(check_output(categories=["a", "b"])(copied(plain_column)))
    assert made.checks[0].limit == ("a", "b")
    with pytest.raises(FeatureDefinitionError, match="allowed values in a list"):
        check_output(categories="ab")


WRONG_FORMS = {
    r"inject\(\): x='sales' is neither.*Write source\('sales'\) for a feature, or value\('sales'\)": (
        lambda: inject(x="sales")
    ),
    r"inject\(\): x=3 is neither source\(\), value\(\) nor group\(\)\. Write value\(3\)\.": (
        lambda: inject(x=3)
    ),
    r"pipe_input\(\) takes steps": lambda: pipe_input(plain_column),
    r"pipe_output\(\) takes steps": lambda: pipe_output(plain_column),
    r"subdag\(inputs=…\): x=3": lambda: subdag(plain_column, inputs={"x": 3}),
    r"subdag\(\): x is among the inputs and": (
        lambda: subdag(plain_column, inputs={"x": value(1)}, config={"x": 1})
    ),
    r"at_once\(0\): at least one": lambda: at_once(0),
    r"tag.*owner": lambda: tag(owner=3),
    r"tag_outputs.*owner": lambda: tag_outputs(a={"owner": 3}),
}


@pytest.mark.parametrize(("words", "make"), WRONG_FORMS.items())
def test_a_modifier_of_a_wrong_form_says_which_it_is(words, make):
    with pytest.raises(FeatureDefinitionError, match=words):
        make()


def test_a_refusal_within_a_step_says_the_place_once():
    @at_once(2)
    def column(x):
        return x

    with pytest.raises(FeatureDefinitionError, match="does not fan out") as caught:
        make_features(column)
    assert caught.value.message.count("test_modifiers.py") == 1


def test_a_name_with_two_strokes_keeps_them_where_no_condition_takes_them():
    @tag(owner="us")
    def tax__uk(x):
        return x

    @config.when(region="uk")
    @tag(owner="us")
    def fee__uk(x):
        return x

    assert make_feature(tax__uk).name == "tax__uk"
    (fee,) = make_features(fee__uk, config={"region": "uk"})
    assert fee.name == "fee"
    assert make_features(fee__uk, config={"region": "us"}) == make_features(fee__uk) == ()


def both(a, b=1):
    return (a, b)


def other(a=1, *, b):
    return (a, b)


def hinted(a, b: int):
    return (a, b)


@pytest.mark.parametrize("function", [both, other])
def test_two_parameters_that_read_one_source_need_it_if_one_does(function):
    (made,) = make_features(inject(a=source("x"), b=source("x"))(copied(function)))
    (parameter,) = made.parameters
    assert (parameter.name, parameter.required) == ("x", True)
    assert made.function(x=5) == (5, 5)


def copied(function):
    made = FunctionType(function.__code__, globals(), function.__name__, function.__defaults__)
    made.__kwdefaults__ = function.__kwdefaults__
    made.__annotations__ = dict(function.__annotations__)
    return made


def late(a=0, *, b: int, c=2):
    return (a, b, c)


def test_the_annotation_of_either_of_two_parameters_counts():
    (made,) = make_features(inject(a=source("x"), b=source("x"))(copied(hinted)))
    assert [p.annotation for p in made.parameters] == [MISSING]
    (made,) = make_features(inject(a=source("x"), b=source("x"), c=source("y"))(copied(late)))
    assert [(p.name, p.required) for p in made.parameters] == [("x", True), ("y", False)]
    assert made.parameters[0].annotation == "int"


def test_a_parameter_behind_one_that_is_joined_is_kept():
    (made,) = make_features(inject(a=source("x"), b=source("x"))(copied(three)))
    assert [p.name for p in made.parameters] == ["x", "c"]


def early(a: int = 0, *, b):
    return (a, b)


def test_the_annotation_of_the_first_of_two_parameters_is_kept():
    (made,) = make_features(inject(a=source("x"), b=source("x"))(copied(early)))
    assert [(p.name, p.required, p.annotation) for p in made.parameters] == [("x", True, "int")]


def three(a, b, c):
    return (a, b, c)


@pytest.mark.parametrize("number", [12, 13])
def test_a_list_of_columns_ends_where_it_is_long(number):
    names = [f"c{n}" for n in range(number)]

    @extract_columns("nothing")
    def frame(x) -> pd.DataFrame:
        return pd.DataFrame({name: [1] for name in names})

    graph = FeatureGraph.from_functions(frame)
    with pytest.raises(ComputeError) as caught:
        compute(graph, ["nothing"], inputs={"x": 1})
    tail = ", …." if number > 12 else "."
    assert caught.value.message.endswith(f"It gives: {', '.join(names[:12])}{tail}")


def test_parts_have_the_types_of_the_whole():
    @unpack_fields("a", "b")
    def pair(x) -> tuple[int, str]:
        return (x, "")

    @unpack_fields("c")
    def strange(x) -> list[int]:
        return [x]

    @extract_fields("low", "high")
    def named(x) -> dict:
        return {"low": x, "high": x}

    @extract_columns("f")
    def unframed(x) -> int:
        return x

    graph = FeatureGraph.from_functions(pair, strange, named, unframed)
    kinds = {name: each.returns for name, each in graph.features.items()}
    assert (kinds["a"], kinds["b"]) == (int, str)
    assert kinds["c"] is kinds["low"] is kinds["high"] is kinds["f"] is MISSING


def test_inner_features_are_not_multiplied_with_the_outputs():
    @parameterize(a={"n": value(1)}, b={"n": value(2)})
    @pipe_input(step(plain_column), on_input="x")
    def column(x, n):
        return x

    made = [each.name for each in make_features(column)]
    assert made == ["column.with_plain_column", "a", "b"]


def test_subdags_have_external_inputs_of_their_own_or_those_of_all():
    both = parameterized_subdag(
        doubled, external_inputs=["amount"], uk={}, us={"external_inputs": ["amount", "factor"]}
    )
    (made,) = both.modifiers
    assert [each.external for each in made.subdags] == [("amount",), ("amount", "factor")]
