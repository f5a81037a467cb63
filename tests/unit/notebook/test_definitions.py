from __future__ import annotations

import linecache

import pytest

from jupyter_lifecycle.errors import DuplicateFeatureError, FeatureDefinitionError
from jupyter_lifecycle.notebook.definitions import CellBody, PlainHost, refuse_nothing

CELL = '''
import functools
from functools import reduce
from jupyter_lifecycle.graph import feature

KNOTS = 0.87

def _helper(x):
    return x

def speed(wind):
    """Speed."""
    return _helper(wind) * KNOTS

if KNOTS:
    def chosen(wind):
        return wind
else:
    def chosen(wind):
        return -wind

try:
    pass
except ValueError:
    def never(wind): ...

@functools.lru_cache
def cached(x):
    return x

@feature(tags={"a": "b"})
def marked(x):
    return x

@feature
def _marked_too(x):
    return x

class Thing:
    def method(self): ...

alias = speed
nameless = lambda x: x
'''


def run(source, host=None):
    return CellBody(source, host or PlainHost()).run()


def test_public_functions_of_the_cell_are_features_and_nothing_else():
    found = run(CELL)
    assert [one.name for one in found.features] == ["speed", "chosen", "marked", "_marked_too"]
    assert found.plain == ("cached",)


def test_the_cell_runs_once_in_the_namespace():
    host = PlainHost({"__name__": "__main__", "log": []})
    run("log.append(1)\ndef f(x): ...", host)
    assert host.namespace["log"] == [1]
    assert host.namespace["f"].__globals__ is host.namespace


def test_line_numbers_count_the_magics_own_line():
    found = run("def f(x):\n    return x\n\ndef g(x):\n    return x\n")
    assert [one.line for one in found.features] == [2, 5]
    code = found.features[1].function.__code__
    assert linecache.getline(code.co_filename, code.co_firstlineno) == "def g(x):\n"


def test_a_function_made_by_another_is_not_the_cells():
    found = run(
        "def make():\n    def inner(x): ...\n    return inner\nouter = make()\ndef outer2(x): ...\n"
    )
    assert [one.name for one in found.features] == ["make", "outer2"]


def test_two_of_one_name_are_refused_with_their_lines():
    body = CellBody("def f(x): ...\n\ndef f(y): ...\n", PlainHost())
    with pytest.raises(
        DuplicateFeatureError, match=r"f is defined twice in cell \[4\], in lines 2 and 4"
    ):
        body.refuse_twice("cell [4]")
    CellBody("def _f(x): ...\ndef _f(y): ...\n", PlainHost()).refuse_twice("cell [4]")


def test_a_syntax_error_has_the_cells_line():
    with pytest.raises(SyntaxError) as error:
        CellBody("x = 1\ndef f(x:\n", PlainHost())
    assert error.value.lineno == 3


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("X = 1", "no function whose name starts without _"),
        ("import functools\n@functools.cache\ndef f(x): ...", "f has another decorator"),
    ],
)
def test_a_cell_without_features_is_refused(source, words):
    with pytest.raises(FeatureDefinitionError, match=words):
        refuse_nothing(run(source), "cell [4]")


def test_names_can_be_put_back():
    host = PlainHost({"__name__": "__main__", "f": "old"})
    body = CellBody("def f(x): ...\ndef g(x): ...", host)
    before = body.before()
    body.run()
    assert callable(host.namespace["g"])
    body.put_back(before)
    assert host.namespace["f"] == "old"
    assert "g" not in host.namespace


def test_the_plain_host_names_files():
    assert PlainHost().label("/somewhere/helpers.py") == "helpers.py"
