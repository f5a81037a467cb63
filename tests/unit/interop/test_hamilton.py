"""Hamilton's modules, run by us: what a feature has, what its key notices, what is refused."""

import sys
import traceback

import pandas as pd
import pytest

import jupyter_lifecycle as jl
from jupyter_lifecycle.errors import CycleError, FeatureDefinitionError, MissingExtraError
from jupyter_lifecycle.graph import MISSING
from jupyter_lifecycle.hashing import code_key
from jupyter_lifecycle.interop import from_hamilton
from jupyter_lifecycle.materialise import Materialiser

pytest.importorskip("hamilton")

RATES = '''
import inner_rates
import pandas as pd
from hamilton.function_modifiers import (
    cache, check_output, config, does, extract_columns, extract_fields, inject, parameterize,
    pipe_input, pipe_output, schema, source, step, subdag, tag, unpack_fields, value,
)

SCALE = 3


def _scaled(x: pd.Series) -> pd.Series:
    return x * SCALE


def _times(x: pd.Series, by: int) -> pd.Series:
    return x * by


@extract_columns("price", "quantity")
def orders(rows: int) -> pd.DataFrame:
    """One row an order."""
    return pd.DataFrame({"price": range(1, rows + 1), "quantity": range(rows)})


@parameterize(
    double={"column": source("price"), "factor": value(2)},
    triple={"column": source("quantity"), "factor": value(3)},
)
def multiple(column: pd.Series, factor: int) -> pd.Series:
    return _scaled(column) * factor


@config.when(region="us")
def taxed__us(double: pd.Series) -> pd.Series:
    return double + 1


@config.when(region="uk")
def taxed__uk(double: pd.Series) -> pd.Series:
    return double + 2


@tag(team="pricing", areas=["a", "b"])
@check_output(range=(0, 1e9), importance="fail")
def checked(taxed: pd.Series, margin: int = 4) -> pd.Series:
    return taxed + margin


@pipe_output(step(_times, by=5))
def piped(checked: pd.Series) -> pd.Series:
    return checked


@extract_fields({"low": int, "high": int})
def limits(price: pd.Series) -> dict:
    return {"low": int(price.min()), "high": int(price.max())}


@subdag(inner_rates, inputs={"column": source("triple")}, config={"kind": "plain"})
def total(inner_total: int) -> int:
    return inner_total + 1


@cache(behavior="recompute")
def never(low: int) -> int:
    return low


@parameterize(broken={"key": value("nothing")})
def fails(price: pd.Series, key: str) -> int:
    return price[key]
'''
INNER = """
import pandas as pd


def inner_total(column: pd.Series) -> int:
    return int(column.sum())
"""


@pytest.fixture
def rates(module):
    """``rates("old", "new")``: the graph of the module with a change in its text."""
    module(INNER, "inner_rates")

    def load(old="", new=""):
        assert old in RATES
        return from_hamilton(module(RATES.replace(old, new)), config={"region": "us"})

    return load


def test_nodes_are_features(rates):
    graph = rates()
    assert graph.inputs == ("margin", "rows")
    assert graph.optional_inputs == ("margin",)
    assert {"orders", "price", "quantity", "double", "triple", "taxed", "checked", "low"} <= set(
        graph
    )
    assert "taxed__uk" not in graph
    assert graph.config == {"region": "us"}
    assert graph.parents("double") == ("price",)


def test_a_feature_knows_where_it_comes_from(rates):
    graph = rates()
    double = graph.features["double"]
    assert double.returns is pd.Series
    assert double.origin.key == "rates"
    assert double.source.startswith("@parameterize(\n    double=")
    assert double.source.endswith("* factor\n")
    assert double.written.__name__ == "multiple"
    assert graph.features["orders"].doc == "One row an order."
    assert graph.features["checked"].tags["team"] == "pricing"
    assert graph.features["checked"].tags["areas"] == "a, b"
    margin = graph.features["checked_raw"].parameters[1]
    assert (margin.name, margin.default, margin.annotation) == ("margin", 4, int)
    assert graph.features["checked_raw"].parameters[0].default is MISSING


@pytest.mark.parametrize("margin", [{}, {"margin": 9}], ids=["default", "given"])
def test_the_answer_is_that_of_hamiltons_driver(rates, margin):
    from hamilton import driver

    graph = rates()
    names = ["double", "triple", "checked", "piped", "low", "high", "total", "never", "orders"]
    ours = jl.compute(graph, names, inputs={"rows": 5, **margin}, result="dict")
    theirs = (
        driver.Builder()
        .with_modules(sys.modules["rates"])
        .with_config({"region": "us"})
        .build()
        .execute(names, inputs={"rows": 5, **margin})
    )
    assert list(ours) == list(theirs)
    for name in names:
        if isinstance(theirs[name], pd.DataFrame):
            pd.testing.assert_frame_equal(ours[name], theirs[name])
        elif isinstance(theirs[name], pd.Series):
            pd.testing.assert_series_equal(ours[name], theirs[name])
        else:
            assert ours[name] == theirs[name]


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("", "", ()),
        ("value(3)", "value(4)", ("triple",)),
        ("by=5", "by=6", ("piped.with_times",)),
        ("x * by", "x * by + 1", ("piped.with_times",)),
        ("SCALE = 3", "SCALE = 4", ("double", "triple")),
        ("(0, 1e9)", "(1, 1e9)", ("checked_range_validator", "checked")),
        ("double + 1", "double + 7", ("taxed",)),
        ("margin: int = 4", "margin: int = 5", ("checked_raw", "checked")),
        ('"price", "quantity")', '"price", "quantity", "none")', ("none", "orders")),
        ('team="pricing"', 'team="sales"', ()),
        ("One row an order.", "A row an order.", ()),
        ("double + 2", "double + 3", ()),
    ],
)
def test_a_key_notices_what_a_node_computes_from_and_nothing_else(rates, old, new, changed):
    before = {name: code_key(f.function).digest for name, f in rates().features.items()}
    after = {name: code_key(f.function).digest for name, f in rates(old, new).features.items()}
    assert {name for name in after if after[name] != before.get(name)} == set(changed)


def test_the_cache_hits_and_misses_as_it_should(rates):
    cache = jl.ColumnCache()
    inputs = {"rows": 4}
    first = Materialiser(cache).run(rates(), ["piped", "triple"], inputs)
    assert "triple" in first.recomputed
    again = Materialiser(cache).run(rates(), ["piped", "triple"], inputs)
    assert again.recomputed == ()
    edited = Materialiser(cache).run(rates("value(3)", "value(4)"), ["piped", "triple"], inputs)
    assert edited.recomputed == ("triple",)
    triple = dict(edited.values)["triple"]
    assert triple.tolist() == [0, 12, 24, 36]


# Hamilton 1.90 itself still calls utcnow, which Python 3.12 deprecates.
@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
def test_what_reads_files_or_asks_to_be_recomputed_is_never_cached(module, tmp_path):
    graph = from_hamilton(
        module(
            """
import pandas as pd
from hamilton.function_modifiers import cache, load_from, source


@load_from.csv(path=source("path"))
def table(raw: pd.DataFrame) -> pd.DataFrame:
    return raw


@cache(behavior="disable")
def rows(table: pd.DataFrame) -> int:
    return len(table)
"""
        )
    )
    never = {name for name, each in graph.features.items() if each.cache == "never"}
    assert never == {"table.load_data.raw", "rows"}
    path = tmp_path / "table.csv"
    cache = jl.ColumnCache()
    for lines in (1, 2):
        path.write_text("a\n" + "1\n" * lines)
        assert jl.compute(graph, ["rows"], inputs={"path": str(path)}, cache=cache) == {
            "rows": lines
        }


def test_an_error_shows_the_users_lines_and_none_of_hamiltons(rates):
    with pytest.raises(KeyError) as caught:
        jl.compute(rates(), ["broken"], inputs={"rows": 2})
    frames = [
        frame.f_globals.get("__name__")
        for frame, _ in traceback.walk_tb(caught.value.__traceback__)
    ]
    assert not [name for name in frames if name.startswith("hamilton")]
    assert "rates" in frames
    assert caught.value.__notes__[0].startswith("Feature broken (rates")


def test_an_error_of_hamiltons_own_keeps_its_lines(rates):
    graph = rates('"price", "quantity")', '"price", "quantity", "none")')
    with pytest.raises(Exception, match="No such column: none"):
        jl.compute(graph, ["none"], inputs={"rows": 2})


def test_a_later_module_may_define_again_where_that_is_allowed(module):
    one = module("def a() -> int:\n    return 1\n", "first_one")
    two = module("def a() -> int:\n    return 2\n", "second_one")
    with pytest.raises(FeatureDefinitionError, match=r"first_one, second_one.*more than once"):
        from_hamilton(one, two)
    graph = from_hamilton(one, two, allow_module_overrides=True)
    assert jl.compute(graph, ["a"]) == {"a": 2}


ASYNC_ITEMS = """
from hamilton.htypes import Collect, Parallelizable


def number(count: int) -> Parallelizable[int]:
    yield from range(count)


async def squared(number: int) -> int:
    return number * number


def total(squared: Collect[int]) -> int:
    return sum(squared)
"""
ASYNC = """
import asyncio
from hamilton.function_modifiers import extract_fields, mutate, pipe_output, step

BY = 2


async def _times(x: int) -> int:
    await asyncio.sleep(0)
    return x * BY


@extract_fields(dict(low=int, high=int))
async def bounds(x: int) -> dict:
    await asyncio.sleep(0)
    return {"low": x - 1, "high": x + 1}


@pipe_output(step(_times))
def middle(low: int, high: int) -> int:
    return (low + high) // 2


def plain(middle: int) -> int:
    return middle + 1


async def broken(plain: int) -> int:
    await asyncio.sleep(0)
    raise LookupError("no")
"""


@pytest.mark.parametrize("executor", ["sequential", "threads"])
def test_async_nodes_are_awaited(module, executor):
    graph = from_hamilton(module(ASYNC))
    wanted = {"high": 6, "middle.raw": 5, "middle": 10, "plain": 11}
    assert jl.compute(graph, list(wanted), inputs={"x": 5}, executor=executor) == wanted
    cached = jl.compute(
        graph, ["plain"], inputs={"x": 5}, executor=executor, cache=jl.ColumnCache()
    )
    assert cached == {"plain": 11}
    with pytest.raises(LookupError, match="no") as caught:
        jl.compute(graph, ["broken"], inputs={"x": 5}, executor=executor)
    assert caught.value.__notes__[0].startswith("Feature broken (rates, line")


def test_the_key_of_an_async_node_follows_what_it_names(module):
    graph = from_hamilton(module(ASYNC))
    materialiser = Materialiser()
    assert "middle.raw" in materialiser.run(graph, ["plain"], {"x": 5}).recomputed
    sys.modules["rates"].BY = 3
    run = materialiser.run(graph, ["plain"], {"x": 5})
    assert run.recomputed == ("middle.with_times", "middle", "plain")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("def a(b):\n    return b\n", "Hamilton cannot resolve rates: .*[Mm]issing type hint"),
        (ASYNC_ITEMS, "squared is async and works on the items of number"),
    ],
    ids=["hamilton refuses", "async items"],
)
def test_what_cannot_be_is_refused_with_the_reason(module, text, why):
    with pytest.raises(FeatureDefinitionError, match=why):
        from_hamilton(module(text))


def test_only_modules_are_taken():
    with pytest.raises(FeatureDefinitionError, match="takes imported modules, not 'rates'"):
        from_hamilton("rates")


def test_a_cycle_is_found_as_in_any_graph(module):
    with pytest.raises(CycleError):
        from_hamilton(
            module("def a(b: int) -> int:\n    return b\n\n\ndef b(a: int) -> int:\n    return a\n")
        )


def test_without_hamilton_the_extra_is_named(monkeypatch, module):
    monkeypatch.setitem(sys.modules, "hamilton.graph", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'jupyter_lifecycle\[hamilton\]'"):
        from_hamilton(module("def a() -> int:\n    return 1\n"))
