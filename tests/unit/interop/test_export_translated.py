"""Our modifiers become Hamilton's where a module is written for it; Hamilton gives the same."""

from __future__ import annotations

import pandas as pd
import pytest

import jupyter_lifecycle as jl
from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.errors import FeatureDefinitionError
from jupyter_lifecycle.interop.export import module_source
from jupyter_lifecycle.notebook import Session

pytest.importorskip("hamilton")

HEAD = """
import pandas as pd
from typing import Any
from jupyter_lifecycle.graph import *
"""
X = pd.Series([1.0, 2.0, 4.0], name="x")
CASES = {
    "parameterize": (
        """
@parameterize(a={"by": value(2)}, b={"x": source("y"), "by": value(3)})
def times(x: pd.Series, by: int) -> pd.Series:
    return x * by
""",
        {"x": X, "y": X + 1},
    ),
    "parameterize_sources": (
        """
@parameterize_sources(a={"x": "y"}, b={"x": "z"})
def more(x: pd.Series) -> pd.Series:
    return x + 1
""",
        {"y": X, "z": X * 2},
    ),
    "inject": (
        """
@inject(by=value(5), both=group(source("x"), source("y")))
def times(x: pd.Series, by: int, both: list[pd.Series]) -> pd.Series:
    return x * by + both[1]
""",
        {"x": X, "y": X},
    ),
    "does": (
        """
def _sum(**parts: Any) -> Any:
    return sum(parts.values())

@does(_sum)
def total(x: pd.Series, y: pd.Series) -> pd.Series:
    pass
""",
        {"x": X, "y": X},
    ),
    "extract_columns": (
        """
@extract_columns("low", "high")
def bounds(x: pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"low": x - 1, "high": x + 1})
""",
        {"x": X},
    ),
    "extract_fields": (
        """
@extract_fields({"low": float, "high": float})
def bounds(x: pd.Series) -> dict:
    return {"low": float(x.min()), "high": float(x.max())}
""",
        {"x": X},
    ),
    "unpack_fields": (
        """
@unpack_fields("low", "high")
def bounds(x: pd.Series) -> tuple[float, float]:
    return float(x.min()), float(x.max())
""",
        {"x": X},
    ),
    "config.when": (
        """
@config.when(region="uk")
def tax__uk(x: pd.Series) -> pd.Series:
    return x * 0.2

@config.when_not(region="uk")
def tax__us(x: pd.Series) -> pd.Series:
    return x * 0.1
""",
        {"x": X},
    ),
    "pipe_input": (
        """
def _plus(x: pd.Series, by: int) -> pd.Series:
    return x + by

@pipe_input(step(_plus, by=2), step(_plus, by=3).named("again"))
def moved(x: pd.Series) -> pd.Series:
    return x * 2
""",
        {"x": X},
    ),
    "pipe_output": (
        """
def _plus(x: pd.Series, by: int) -> pd.Series:
    return x + by

@pipe_output(step(_plus, by=2))
def moved(x: pd.Series) -> pd.Series:
    return x * 2
""",
        {"x": X},
    ),
    "tags and schema": (
        """
@tag_outputs(a={"owner": "us"}, b={"owner": "them"})
@parameterize(a={"by": value(2)}, b={"by": value(3)})
def times(x: pd.Series, by: int) -> pd.Series:
    return x * by

@schema.output(("low", "float"))
def table(x: pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"low": x})
""",
        {"x": X},
    ),
    "check_output": (
        """
@check_output(range=(0, 100), importance="fail")
def bounded(x: pd.Series) -> pd.Series:
    return x * 2
""",
        {"x": X},
    ),
    "a fan": (
        """
def number(count: int) -> FanOut[int]:
    yield from range(count)

def square(number: int) -> int:
    return number * number

def total(square: Collect[int]) -> int:
    return sum(square)
""",
        {"count": 4},
    ),
}


def exported(cell, config=None, **options):
    session = Session(cache=ColumnCache())
    if config:
        session.configure(**config)
    session.feature(HEAD + cell)
    return session.graph, module_source(session.graph, **options)


def hamiltons(module, config):
    from hamilton import driver

    builder = driver.Builder().enable_dynamic_execution(allow_experimental_mode=True)
    return builder.with_modules(module).with_config(config).build()


@pytest.mark.parametrize(("cell", "inputs"), CASES.values(), ids=CASES)
def test_hamilton_gives_the_same(cell, inputs, module):
    config = {"region": "uk"} if "config" in cell else {}
    graph, text = exported(cell, config, modifiers="hamilton")
    assert "jupyter_lifecycle" not in text
    theirs = hamiltons(module(text, "translated_ones"), config)
    whole = [name for name in graph if name not in ("number", "square")]
    ours = jl.compute(graph, whole, inputs=inputs, result="dict")
    found = theirs.execute(whole, inputs=inputs)
    for name in whole:
        if isinstance(ours[name], pd.Series):
            pd.testing.assert_series_equal(found[name], ours[name], check_exact=True)
        elif isinstance(ours[name], pd.DataFrame):
            pd.testing.assert_frame_equal(found[name], ours[name], check_exact=True)
        else:
            assert found[name] == ours[name]


TOO_MANY = """
@at_once(2)
def n(k: int) -> FanOut[int]:
    yield k

def s(n: Collect[int]) -> int:
    return sum(n)
"""
UNTYPED = """
@extract_fields("a", "b")
def pair(x: int) -> int:
    return {"a": x, "b": x}
"""
NAMED = """
@parameterize_values("by", {"a": 2, "b": 3})
def times(x: int, by: int) -> int:
    return x * by
"""
REFUSED = {
    "what Hamilton lacks": (TOO_MANY, "at_once is no modifier of Hamilton's"),
    "what Hamilton asks a type for": (UNTYPED, "cannot be exported for Hamilton"),
    "what Hamilton wants in another form": (NAMED, "whose modifiers refuse them: Invalid"),
}


@pytest.mark.parametrize(("cell", "words"), REFUSED.values(), ids=REFUSED)
def test_what_hamilton_would_not_load_is_refused_before_it_is_written(cell, words):
    with pytest.raises(FeatureDefinitionError, match=words):
        exported(cell, modifiers="hamilton")
    _, text = exported(cell)
    assert "from jupyter_lifecycle.graph import" in text
