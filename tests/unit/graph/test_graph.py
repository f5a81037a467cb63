from __future__ import annotations

import math
import types

import pytest

from jupyter_lifecycle.errors import (
    AnnotationError,
    CycleError,
    DuplicateFeatureError,
    FeatureDefinitionError,
    UnboundError,
)
from jupyter_lifecycle.graph import Delta, FeatureGraph, Origin, make_feature


def define(text, label="cell 1", key=None):
    """Features of one cell, as a notebook makes them."""
    space = NAMESPACE
    before = set(space)
    exec(text, space)
    names = [n for n in space if n not in before and callable(space[n])]
    made = [space.pop(n) for n in names]
    origin = {"label": label, "key": key or label}
    return [make_feature(f, origin=Origin(**origin, line=f.__code__.co_firstlineno)) for f in made]


NAMESPACE: dict = {"__name__": "__main__"}


def cell(graph, text, label="cell 1"):
    return graph.with_features(*define(text, label), owner=label)


def simple():
    graph, _ = cell(FeatureGraph(), "def b(a): return a\ndef c(b, x=1): return b", "cell 1")
    return cell(graph, "def d(c, b): return c\ndef e(y): return y", "cell 2")[0]


def test_structure():
    graph = simple()
    assert list(graph.features) == ["b", "c", "d", "e"]
    assert graph.inputs == ("a", "x", "y")
    assert graph.optional_inputs == ("x",)
    assert graph.parents("c") == ("b", "x")
    assert graph.parents("a") == ()
    assert graph.children("b") == ("c", "d")
    assert graph.children("d") == ()
    assert graph.upstream("d") == ("a", "b", "x", "c")
    assert graph.downstream("a") == ("b", "c", "d")
    assert graph.order() == ("b", "c", "d", "e")
    assert graph.order(["c", "a"]) == ("b", "c")
    assert graph.required_inputs(["d"]) == ("a",)
    assert graph.required_inputs(["e", "x"]) == ("x", "y")
    assert graph.owned_by("cell 2") == ("d", "e")
    assert graph.owned_by("cell 9") == ()
    assert len(graph) == 4
    assert "b" in graph
    assert "a" not in graph
    assert list(graph) == ["b", "c", "d", "e"]
    assert repr(graph) == "FeatureGraph(4 features, 3 inputs)"
    with pytest.raises(TypeError):
        graph.features["b"] = None


@pytest.mark.parametrize(
    "ask",
    [
        lambda g: g.parents("bb"),
        lambda g: g.children("nothing"),
        lambda g: g.upstream("nothing"),
        lambda g: g.downstream("nothing"),
        lambda g: g.order(["nothing"]),
        lambda g: g.without("a"),
    ],
)
def test_unknown_names_are_refused(ask):
    with pytest.raises(UnboundError, match="There is no feature"):
        ask(simple())


def test_an_edit_gives_a_new_graph_and_what_it_changed():
    graph = simple()
    names = dict(graph.features)
    after, delta = cell(graph, "def b(a): return a + 1\ndef c(b, x=1): return b", "cell 1")
    assert delta == Delta(changed=("b",), affected=("c", "d"))
    assert dict(graph.features) == names
    assert after.features["b"] is not graph.features["b"]


def test_running_a_cell_again_unchanged_changes_nothing():
    graph = simple()
    text = '# comment\ndef b(a):\n    "doc"\n    return a\ndef c(b, x=1): return b'
    after, delta = cell(graph, text, "cell 1")
    assert not delta
    assert delta == Delta()
    assert after.features["b"].doc == "doc"


def test_a_cell_owns_what_it_defined_last_time():
    after, delta = cell(simple(), "def c(b, x=1): return b", "cell 1")
    assert delta == Delta(removed=("b",), affected=("c", "d"))
    assert after.inputs == ("b", "x", "y")
    assert after.owned_by("cell 1") == ("c",)


def test_a_rename_is_recognised():
    after, delta = cell(simple(), "def bb(a): return a\ndef c(b, x=1): return b", "cell 1")
    assert delta.renamed == (("b", "bb"),)
    assert delta.added == ("bb",)
    assert delta.removed == ("b",)
    assert set(delta.affected) == {"c", "d"}
    assert after.order()


def test_an_empty_cell_owns_nothing_any_more():
    after, delta = simple().with_features(owner="cell 2")
    assert delta == Delta(removed=("d", "e"))
    assert "y" not in after.inputs


def test_without():
    after, delta = simple().without("b", "b")
    assert delta == Delta(removed=("b",), affected=("c", "d"))
    assert after.inputs == ("b", "x", "y")
    with pytest.raises(UnboundError, match="Did you mean b"):
        simple().without("bb")


def test_with_functions_replaces_whoever_defined_it():
    def b(a):
        return a * 2

    after, delta = simple().with_functions(b)
    assert delta.changed == ("b",)
    assert "b" not in after.owned_by("cell 1")
    assert after.owned_by(__name__) == ("b",)


def test_a_name_of_another_cell_is_a_duplicate():
    with pytest.raises(DuplicateFeatureError) as caught:
        cell(simple(), "def b(a): return 0", "cell 3")
    assert caught.value.message.startswith(
        "b is defined twice: in cell 1, line 1 and in cell 3, line 1."
    )


def test_a_name_twice_in_one_cell_is_a_duplicate():
    first, second = (
        define("def b(a): return 1")[0],
        define("\n\ndef b(a): return 2")[0],
    )
    with pytest.raises(DuplicateFeatureError, match="in cell 1, line 1 and in cell 1, line 3"):
        FeatureGraph().with_features(first, second, owner="cell 1")


def test_a_feature_of_another_origin_cannot_be_owned():
    with pytest.raises(FeatureDefinitionError, match="b comes from cell 1"):
        FeatureGraph().with_features(*define("def b(a): return 1"), owner="cell 2")


def test_a_feature_that_takes_itself():
    with pytest.raises(CycleError, match=r"b \(cell 1, line 1\) needs itself") as caught:
        cell(FeatureGraph(), "def b(b): return b")
    assert caught.value.detail["path"] == ["b", "b"]


def test_a_cycle_over_cells_is_told_whole_and_leaves_the_graph():
    graph = simple()
    with pytest.raises(CycleError) as caught:
        cell(graph, "def a(d): return d", "cell 3")
    assert set(caught.value.detail["path"]) <= {"a", "b", "c", "d"}
    assert caught.value.detail["path"][0] == caught.value.detail["path"][-1]
    assert "cell 3" in caught.value.message
    assert "cell 1" in caught.value.message
    assert "a" not in graph


def test_the_shortest_cycle_is_told():
    text = "def a(b, e): return 0\ndef b(c): return 0\ndef c(d): return 0\ndef d(a): return 0\n"
    text += "def e(a): return 0"
    with pytest.raises(CycleError) as caught:
        cell(FeatureGraph(), text)
    assert len(caught.value.detail["path"]) in {3, 5}
    chord = "def a(d, b): return 0\ndef b(a): return 0\ndef c(b): return 0\ndef d(c): return 0"
    with pytest.raises(CycleError) as caught:
        cell(FeatureGraph(), chord)
    assert len(caught.value.detail["path"]) == 3


def test_a_long_cycle_is_whole_in_the_detail_and_cut_in_the_message():
    functions = chain(1000)
    first = define("def f0(f999): return 0")
    graph = FeatureGraph.from_functions(*functions)
    with pytest.raises(CycleError, match="… 977 more …") as caught:
        graph.with_features(*first)
    assert len(caught.value.detail["path"]) == 1001


def test_many_bad_functions_are_told_at_once():
    def good(a):
        return a

    def bad(*a):
        return a

    with pytest.raises(FeatureDefinitionError, match="2 problems:") as caught:
        FeatureGraph.from_functions(good, bad, lambda x: x)
    assert len(caught.value.detail["problems"]) == 2


def test_more_than_twelve_problems_are_counted():
    with pytest.raises(FeatureDefinitionError, match="… and 3 more"):
        FeatureGraph.from_functions(*[lambda x: x for _ in range(15)])


def module_of(text, name="made_features"):
    module = types.ModuleType(name)
    exec(text, module.__dict__)
    return module


def test_from_modules_takes_public_functions_that_the_module_defines():
    module = module_of(
        "from functools import lru_cache\n"
        "from os.path import join\n"
        "def one(a): return a\n"
        "def _helper(a): return a\n"
        "@lru_cache\ndef two(one): return one\n"
        "alias = one\n"
        "class Three: pass\n"
        "four = 4\n"
    )
    graph = FeatureGraph.from_modules(module, config={"a": 5})
    assert list(graph) == ["one", "two"]
    assert graph.inputs == ()
    assert graph.config == {"a": 5}
    assert graph.required_inputs(["two"]) == ()
    after, _ = graph.without("two")
    assert after.config == {"a": 5}


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (module_of("x = 1"), "defines no feature"),
        ("my_features", "takes imported modules"),
        (len, "defines no feature|takes imported modules"),
    ],
)
def test_what_is_no_module_of_features_is_refused(module, words):
    with pytest.raises(FeatureDefinitionError, match=words):
        FeatureGraph.from_modules(module)


def test_config_cannot_give_what_a_feature_defines():
    module = module_of("def one(a): return a")
    with pytest.raises(DuplicateFeatureError, match=r"one is a feature .* and a value of"):
        FeatureGraph.from_modules(module, config={"one": 1})


def chain(count):
    space: dict = {"__name__": "__main__"}
    text = "\n".join(f"def f{n}({'x' if not n else f'f{n - 1}'}): return 0" for n in range(count))
    exec(text, space)
    return [space[f"f{n}"] for n in range(count)]


def test_a_chain_of_100_000_is_fine():
    functions = chain(100_000)
    graph = FeatureGraph.from_functions(*functions)
    assert graph.order()[-1] == "f99999"
    assert len(graph.upstream("f99999")) == 100_000
    _, delta = graph.with_functions(define("def f0(x): return 1")[0].function)
    assert len(delta.affected) == 99_999


def test_a_fan_out_of_100_000_is_fine():
    space: dict = {"__name__": "__main__"}
    exec("\n".join(f"def f{n}(x): return 0" for n in range(100_000)), space)
    graph = FeatureGraph.from_functions(*[space[f"f{n}"] for n in range(100_000)])
    assert len(graph.children("x")) == 100_000
    graph, delta = graph.with_functions(define("def f5(y): return 0")[0].function)
    assert delta.changed == ("f5",)
    assert len(graph.children("x")) == 99_999


def test_answers_about_a_graph_are_made_once_and_few_are_kept():
    graph = simple()
    made = []
    for key in (1, 1, 2, 3, 4, 5, 1):
        graph.derived(key, lambda key=key: made.append(key) or key)
    assert made == [1, 2, 3, 4, 5, 1]


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ([define], r"one by one, not a list: put a star before it"),
        (math, r"one by one, not a module: use FeatureGraph.from_modules\(math\)"),
    ],
)
def test_functions_are_given_one_by_one(what, words):
    with pytest.raises(FeatureDefinitionError, match=words):
        FeatureGraph.from_functions(what)


def test_a_delta_is_true_where_anything_changed():
    assert not Delta()
    assert not Delta(affected=("a",))
    assert all([Delta(added=("a",)), Delta(changed=("a",)), Delta(removed=("a",))])


def test_the_same_code_in_another_cell_is_no_rename():
    graph, _ = cell(FeatureGraph(), "def old(a): return a")
    gone, _ = cell(graph, "def new(a): return a", "cell 2")
    assert gone.with_features(owner="cell 1")[1].renamed == ()
    _, delta = graph.with_features(
        *define("def new(a): return a", "cell 1"), *define("def more(a): return a", "cell 1"),
        owner="cell 1",
    )  # fmt: skip
    assert delta.renamed == (("old", "new"),)


@pytest.mark.parametrize(("length", "hidden"), [(23, ""), (24, "… 1 more …"), (30, "… 7 more …")])
def test_a_long_circle_is_shown_by_its_ends(length, hidden):
    text = "\n".join(f"def c{n}(c{(n + 1) % length}): return 1" for n in range(length))
    with pytest.raises(CycleError) as caught:
        cell(FeatureGraph(), text)
    message = caught.value.message
    assert ("more …" in message) == bool(hidden)
    assert hidden in message
    assert len(caught.value.detail["path"]) == length + 1


def test_a_type_of_ones_readers_is_checked_when_one_is_edited():
    graph, _ = cell(FeatureGraph(), "def a() -> int: return 1\ndef b(a: int): return a")
    with pytest.raises(AnnotationError, match=r"b .* takes a as int, but a .* gives str"):
        graph.with_features(*define("def a() -> str: return ''"))
