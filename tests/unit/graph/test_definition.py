from __future__ import annotations

import dataclasses
import functools
import sys
import types
from pathlib import Path

import pytest

from jupyter_lifecycle.errors import FeatureDefinitionError
from jupyter_lifecycle.graph import (
    MISSING,
    Collect,
    FanOut,
    Feature,
    FeatureGraph,
    Origin,
    Parameter,
    feature,
    make_feature,
)


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


def test_text_alone_can_be_given():
    made = make_feature(plain, source="the text")
    assert made.doc == "Say one line.\n\nAnd more."
    assert made.source == "the text"
    assert made.origin.label == Path(__file__).name


def test_a_function_that_knows_no_module_is_the_notebooks():
    def loose(a):
        """One line."""
        return a

    loose.__module__ = None
    for made in (make_feature(loose), make_feature(functools.wraps(loose)(lambda a: a))):
        assert (made.origin.label, made.origin.key) == ("the notebook", "__main__")
        assert made.doc == "One line."


def test_functions_of_several_files_have_each_their_own_place(tmp_path):
    found = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}.py"
        path.write_text(f"# {name}\ndef {name}(x: int, y: str): return {name!r}\n")
        module = types.ModuleType(name)
        exec(compile(path.read_text(), str(path), "exec"), vars(module))
        found.append(vars(module)[name])
    graph = FeatureGraph.from_functions(*found, plain)
    places = {n: (f.origin.label, f.origin.key, f.origin.line) for n, f in graph.features.items()}
    assert places["one"] == ("one.py", "one", 2)
    assert places["two"] == ("two.py", "two", 2)
    assert places["plain"][0] == Path(__file__).name
    assert graph.features["two"].source == "def two(x: int, y: str): return 'two'\n"


def test_parameters_of_one_name_keep_their_own_annotations():
    def one(x: int): ...
    def two(x: str): ...
    def three(x): ...
    def four(x: int): ...

    features = FeatureGraph.from_functions(one, two, three, four).features
    assert [f.parameters[0].annotation for f in features.values()] == ["int", "str", MISSING, "int"]


def test_a_wrapped_function_keeps_defaults_and_annotations():
    @functools.wraps(plain)
    def wrapped(*args, **kwargs):
        return plain(*args, **kwargs)

    parameters = make_feature(wrapped).parameters
    assert [p.default for p in parameters] == [MISSING, MISSING, 3, "x"]
    assert [p.annotation for p in parameters] == [MISSING, "int", MISSING, MISSING]


def test_a_feature_is_frozen_however_it_was_made():
    made = make_feature(plain)
    for each in (made, made.origin, made.parameters[0]):
        assert type(each) in (Feature, Origin, Parameter)
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(each, dataclasses.fields(each)[0].name, "other")
        assert dataclasses.replace(each) is not each
    assert made.tags == {}
    with pytest.raises(TypeError):
        made.tags["a"] = "b"
    assert repr(made.parameters[1]) == "Parameter(name='b', annotation='int', default=MISSING)"


def test_fans_are_seen_in_every_spelling():
    def bare(): ...
    def spelled(n): ...
    def plain_text(n): ...
    def reads(bare): ...
    def with_default(n=1) -> FanOut[int]: ...

    bare.__annotations__ = {"return": FanOut}
    spelled.__annotations__ = {"return": "fans.FanOut[int]"}
    plain_text.__annotations__ = {"return": "FanOuts"}
    reads.__annotations__ = {"bare": Collect}
    graph = FeatureGraph.from_functions(bare, spelled, plain_text, reads, with_default)
    assert {n: f.fan for n, f in graph.features.items()} == {
        "bare": "out",
        "spelled": "out",
        "plain_text": "",
        "reads": "collect",
        "with_default": "out",
    }


def test_fans_follow_edits():
    def items(n) -> FanOut[int]: ...
    def all_of(items: Collect[int]): ...
    def other(n): ...

    graph = FeatureGraph.from_functions(items, all_of)
    assert graph.with_functions(other)[0].fans == {"items", "all_of"}
    assert graph.without("items")[0].fans == {"all_of"}
    other.__name__ = "items"
    assert graph.with_functions(other)[0].fans == {"all_of"}


class Named:
    """Callable, with a name and parameters, but without code that anybody could show."""

    __name__ = "named"

    def __call__(self, a, b=1):
        return a


def test_an_object_that_has_a_name_is_a_feature_without_source():
    made = make_feature(Named())
    assert made.name == "named"
    assert [p.name for p in made.parameters] == ["a", "b"]
    assert (made.source, made.doc.partition(",")[0]) == ("", "Callable")
    assert made.returns is MISSING


def test_what_others_leave_under_the_name_of_the_mark_is_no_option():
    def price(a):
        return a

    price.__feature_options__ = "theirs"
    made = make_feature(price)
    assert (made.cache, dict(made.tags)) == ("auto", {})


def between(a, *rest, b):
    return a


def behind(a, *, b, **rest):
    return a


@pytest.mark.parametrize(("function", "written"), [(between, r"\*rest"), (behind, r"\*\*rest")])
def test_the_parameter_that_cannot_be_a_column_is_named(function, written):
    with pytest.raises(FeatureDefinitionError, match=f"it takes {written}, but each"):
        make_feature(function)


def test_only_what_collects_is_marked_so_beside_others_that_do():
    def number(count) -> FanOut[int]:
        return [count]

    def total(number: Collect[int]) -> int:
        return sum(number)

    def plain(count, *, least=0) -> int:
        return count

    @feature(tags={"a": "b"})
    def marked(count) -> int:
        return count

    graph = FeatureGraph.from_functions(number, total, plain, marked)
    fans = {name: each.fan for name, each in graph.features.items()}
    assert fans == {"number": "out", "total": "collect", "plain": "", "marked": ""}
