"""The law of export: the module that is written makes the same graph, whatever its features are."""

from __future__ import annotations

import linecache
import types
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.hashing import code_key
from jupyter_lifecycle.interop.export import module_source
from jupyter_lifecycle.materialise import compute, inspect

HEAD = (
    "import math\n"
    "from jupyter_lifecycle.graph import (\n"
    "    config, extract_fields, feature, parameterize, pipe_output, source, step, tag, value,\n"
    ")\n\n"
    "RATE = {rate!r}\n\n\n"
    "def _helped(x, by=RATE):\n    return math.floor(x) + by\n\n\n"
)
SHAPES = {
    "plain": "def {name}({parameters}):\n    return {first} + {number}\n",
    "typed": "def {name}({typed}) -> int:\n    '''Doc.'''\n    return {first} * {number}  # why\n",
    "helped": "def {name}({parameters}):\n    return _helped({first}) + {number}\n",
    "default": "def {name}({parameters}, extra=RATE):\n    return {first} + extra + {number}\n",
    "tagged": "@tag(owner='o{number}')\ndef {name}({parameters}):\n    return {first} + {number}\n",
    "marked": "@feature(cache='never')\ndef {name}({parameters}):\n    return {first} + {number}\n",
    "several": (
        "@parameterize({name}={{'a': source('{first}'), 'n': value({number})}})\n"
        "def many_{name}(a, n):\n    return a + n\n"
    ),
    "piped": "@pipe_output(step(_helped))\ndef {name}({parameters}):\n    return {first} + {number}\n",
    "fields": (
        "@extract_fields({{'{name}': int}})\n"
        "def dict_of_{name}({parameters}):\n    return {{'{name}': {first} + {number}}}\n"
    ),
    "chosen": "@config.when(on={on})\ndef {name}__{on}({parameters}):\n    return {first} + {number}\n",
}


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A module of up to six features of all shapes, each reading some of those before it."""
    text = HEAD.format(rate=draw(st.integers(0, 3) | st.floats(0, 1)))
    names = ["x", "y"]
    for at in range(draw(st.integers(1, 6))):
        parents = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
        text += SHAPES[draw(st.sampled_from(sorted(SHAPES)))].format(
            name=f"f{at}",
            parameters=", ".join(parents),
            typed=", ".join(f"{each}: int" for each in parents),
            first=parents[0],
            number=draw(st.integers(0, 9)),
            on=True,
        )
        text += "\n\n"
        names.append(f"f{at}")
    return text


def functions_of(text: str, place: str) -> list[Any]:
    """What a module of this text defines, its text known as that of a file."""
    linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)
    module = types.ModuleType("exported_features")
    exec(compile(text, place, "exec", dont_inherit=True), vars(module))
    return [
        each
        for name, each in vars(module).items()
        if isinstance(each, types.FunctionType)
        and each.__module__ == module.__name__
        and not name.startswith("_")
    ]


@pytest.fixture(autouse=True)
def forgotten():
    yield
    for place in ("<before>", "<after>"):
        linecache.cache.pop(place, None)


@given(texts())
@settings(max_examples=40, deadline=None)
def test_what_is_exported_makes_the_same_graph(text: str) -> None:
    on = {"on": True}
    graph = FeatureGraph.from_functions(*functions_of(text, "<before>"), config=on)
    written = module_source(graph)
    again = FeatureGraph.from_functions(*functions_of(written, "<after>"), config=on)
    assert dict(again.edges) == dict(graph.edges)
    for name, one in graph.features.items():
        two = again.features[name]
        assert code_key(one.function).digest == code_key(two.function).digest
        assert (dict(one.tags), one.cache) == (dict(two.tags), two.cache)
        assert [each.default for each in one.parameters] == [
            each.default for each in two.parameters
        ]
    assert not inspect(graph).diff(again).code
    inputs = {"x": 2, "y": 3}
    given = {name: inputs[name] for name in graph.inputs if name in inputs}
    assert compute(again, list(again), inputs=given) == compute(graph, list(graph), inputs=given)
    assert module_source(again) == written
