from __future__ import annotations

import functools
import sys
import types
from pathlib import Path

import pytest

from jupyter_lifecycle.errors import FeatureDefinitionError
from jupyter_lifecycle.graph import MISSING, Origin, feature, make_feature


def plain(a, b: int, c=3, *, d="x"):
    """Say one line.

    And more.
    """
    return (
        a,
        b,
    )


def test_a_function_is_read_without_running_it():
    made = make_feature(plain)
    assert made.name == "plain"
    assert [p.name for p in made.parameters] == ["a", "b", "c", "d"]
    assert [p.default for p in made.parameters] == [MISSING, MISSING, 3, "x"]
    assert [p.required for p in made.parameters] == [True, True, False, False]
    assert made.parameters[0].annotation is MISSING
    assert made.parameters[1].annotation == "int"
    assert made.returns is MISSING
    assert made.doc == "Say one line.\n\nAnd more."
    assert made.source.startswith("def plain(a, b: int")
    assert made.source.rstrip().endswith("b,\n    )")
    assert made.origin.label == Path(__file__).name
    assert made.origin.key == __name__
    assert made.origin.line == plain.__code__.co_firstlineno


def test_origin_and_source_can_be_given():
    origin = Origin("cell 4", "abc-123", 2, "Rolling delays")
    made = make_feature(plain, origin=origin, source="def plain(): ...")
    assert made.origin is origin
    assert made.source == "def plain(): ..."


def test_a_function_without_file_has_no_source():
    space = {"__name__": "__main__"}
    exec(compile("def ratio(a, b):\n    return a / b\n", "<cell>", "exec"), space)
    made = make_feature(space["ratio"])
    assert made.source == ""
    assert made.origin == Origin("the notebook", "__main__", 1)


def test_a_function_from_text_of_a_module_is_called_by_the_module():
    space = {"__name__": "made_up"}
    exec(compile("def ratio(a, b):\n    return a / b\n", "<made>", "exec"), space)
    assert make_feature(space["ratio"]).origin.label == "made_up"


def test_the_decorator_returns_the_function_itself():
    def gain(a):
        return a

    assert feature(gain) is gain
    assert feature(tags={"team": "delays"}, cache="never")(gain) is gain
    made = make_feature(gain)
    assert made.tags == {"team": "delays"}
    assert made.cache == "never"
    assert made.function is gain


def test_wrapped_functions_show_the_parameters_of_the_inner_one():
    def inner(a, b=2):
        """Doc."""
        return a + b

    @functools.wraps(inner)
    def outer(*args, **kwargs):
        return inner(*args, **kwargs)

    made = make_feature(outer)
    assert [p.name for p in made.parameters] == ["a", "b"]
    assert made.function is outer
    assert "def inner" in made.source


def test_a_cached_function_is_a_feature():
    @functools.lru_cache
    def table(route):
        return route

    assert [p.name for p in make_feature(table).parameters] == ["route"]


def generator(a):
    yield a


async def streams(a):
    yield a


def anything(*columns):
    return columns


def options(**columns):
    return columns


def positional(a, /, b):
    return a + b


def wrapped_anything(function):
    @functools.wraps(function)
    def outer(*args, **kwargs):
        return function(*args, **kwargs)

    return outer


def renamed(name):
    def some(a):
        return a

    some.__name__ = name
    return some


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda a: a, "a lambda has no name"),
        (functools.partial(plain, 1), "a partial has no name of its own"),
        (renamed("class"), "is a Python keyword"),
        (renamed("two words"), "is no Python name"),
        (anything, r"takes \*columns, but each parameter is a column"),
        (options, r"takes \*\*columns, but each parameter is a column"),
        (positional, "takes a by position only"),
        (wrapped_anything(anything), r"takes \*columns"),
        (wrapped_anything(positional), "takes a by position only"),
        (wrapped_anything(generator), "yields"),
        (generator, "yields, and only its first reader"),
        (streams, "is async and yields"),
        (max, "Python does not know its parameters"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_a_feature_is_refused_with_place_and_reason(function, words):
    with pytest.raises(FeatureDefinitionError, match=words):
        make_feature(function)


def test_the_refusal_names_the_cell_and_line():
    with pytest.raises(FeatureDefinitionError, match="cell 7, line 3: anything cannot"):
        make_feature(anything, origin=Origin("cell 7", "x", 3))


def test_a_wrong_cache_mode_is_refused():
    with pytest.raises(FeatureDefinitionError, match="Use one of auto, always, never"):
        feature(cache="sometimes")


def test_a_wrapper_that_wraps_itself_is_refused():
    def loop(a):
        return a

    loop.__wrapped__ = loop
    with pytest.raises(FeatureDefinitionError, match="does not know its parameters"):
        make_feature(loop)


def test_a_callable_object_without_annotations_is_refused_for_its_name():
    class Callable:
        def __call__(self, a):
            return a

    with pytest.raises(FeatureDefinitionError, match="a Callable has no name of its own"):
        make_feature(Callable())


def test_source_is_read_again_after_the_file_changed(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "changing_features.py"
    file.write_text("def f(a):\n    return a + 1\n")
    module = types.ModuleType("changing_features")
    monkeypatch.setitem(sys.modules, "changing_features", module)
    exec(compile(file.read_text(), str(file), "exec"), module.__dict__)
    assert "a + 1" in make_feature(module.f).source
    file.write_text("# moved down\ndef f(a):\n    return a + 22\n")
    exec(compile(file.read_text(), str(file), "exec"), module.__dict__)
    assert "a + 22" in make_feature(module.f).source
