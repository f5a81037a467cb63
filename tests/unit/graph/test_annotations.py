from __future__ import annotations

import collections.abc
import enum
import typing
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from typing_extensions import TypeAliasType

from jupyter_lifecycle.errors import AnnotationError
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.graph.hints import looked_up
from jupyter_lifecycle.graph.overlap import overlap

Money = typing.NewType("Money", float)
T = typing.TypeVar("T")
Alias = TypeAliasType("Alias", list[int])


class HasLength(typing.Protocol):
    size: int


class Options(typing.TypedDict):
    a: int


class Base: ...


class Derived(Base): ...


def graph_of(given, wanted):
    def giver(x):
        return x

    def taker(giver):
        return giver

    giver.__annotations__ = {} if given is None else {"return": given}
    taker.__annotations__ = {} if wanted is None else {"giver": wanted}
    return FeatureGraph.from_functions(giver, taker)


FIT = [
    (pd.Series, pd.Series),
    (pd.Series, None),
    (None, pd.Series),
    (pd.Series, typing.Any),
    (typing.Any, int),
    (pd.Series, object),
    (pd.Series | None, pd.Series),
    (pd.Series, pd.Series | None),
    (typing.Optional[int], int),  # noqa: UP045
    (typing.Union[int, str], float),  # noqa: UP007
    (None | int, type(None)),
    (int, float),
    (np.int64, int),
    (np.float32, float),
    (bool, int),
    (Derived, Base),
    (Base, Derived),
    (list[int], list[bool]),
    (list[int], list),
    (list[int | str], list[str]),
    (tuple[int, int], tuple[int, ...]),
    (tuple[int, str], Sequence[int]),
    (dict[str, int], collections.abc.Mapping[str, float]),
    (dict[str, int], Iterable[int]),
    (typing.Literal[1, 2], typing.Literal[2, 3]),
    (Alias, list[int]),
    (pa.ChunkedArray, pa.ChunkedArray),
    (type[int], type[str]),
    (list[int], Sequence[int]),
    (pd.Series, Iterable),
    (typing.Annotated[pd.Series, "minutes"], pd.Series),
    (typing.Literal["a", "b"], str),
    (Money, float),
    (T, int),
    (Options, dict),
    (dict, Options),
    (int, HasLength),
    (Callable[[int], int], Callable),
    ("pd.Series", pd.Series),
    ("pd.Series", "pd.Series"),
    ("pandas.Series", "pd.Series"),
    ("Undefined", "pd.Series"),
    ("list[Undefined]", "list[int]"),
    ("list[", "str"),
    ("f(x)", "str"),
    ("Literal[Color.RED]", "str"),
    ("Optional[Undefined]", "int"),
    ("T", "str"),
    (str(b"pd.Series", "ascii"), "pd.Series"),
    ("pd.Series | None", "pd.Series"),
    ("pd.Nothing", "str"),
    (None, "int"),
]

MISFIT = [
    (list[int], list[str]),
    (list[int], Sequence[str]),
    (dict[str, int], dict[int, int]),
    (tuple[int, str], tuple[int, int]),
    (tuple[int, str], tuple[int]),
    (tuple[int, ...], tuple[str, ...]),
    (tuple[int, int], Sequence[str]),
    (typing.Literal[1], typing.Literal[2]),
    (typing.Literal[1], typing.Literal[True]),
    (Alias, list[str]),
    (pa.ChunkedArray, pd.Series),
    ("list[list[int]]", "list[list[str]]"),
    (pd.Series, int),
    (float, pd.Series),
    (str, int),
    (np.ndarray, pd.Series),
    (pd.Series | None, int | str),
    (list[int], dict[str, int]),
    ("pd.Series", "int"),
    ("int | None", "str"),
    ("list[int]", "str"),
    ("dict[str, int] | None", "list[int]"),
    ("'int'", "str"),
    (typing.Literal["a"], int),
    (Money, str),
    (typing.Annotated[int, "x"], str),
    (dict, collections.abc.Callable),
]


@pytest.mark.parametrize(("given", "wanted"), FIT, ids=[f"{g}-{w}" for g, w in FIT])
def test_no_false_alarm(given, wanted):
    assert len(graph_of(given, wanted)) == 2


@pytest.mark.parametrize(("given", "wanted"), MISFIT, ids=[f"{g}-{w}" for g, w in MISFIT])
def test_what_has_nothing_in_common_is_refused(given, wanted):
    with pytest.raises(AnnotationError, match=r"taker .* takes giver as"):
        graph_of(given, wanted)


def test_the_message_names_both_places_and_types():
    with pytest.raises(AnnotationError) as caught:
        graph_of(pd.Series, "int")
    message = caught.value.message
    assert "taker (test_annotations.py, line" in message
    assert "takes giver as int" in message
    assert "gives Series" in message


def test_all_misfits_are_told_at_once():
    def giver() -> int:
        return 1

    def one(giver: str):
        return giver

    def two(giver: bytes):
        return giver

    with pytest.raises(AnnotationError, match="2 problems:") as caught:
        FeatureGraph.from_functions(giver, one, two)
    assert len(caught.value.detail["problems"]) == 2


def test_none_is_a_type_like_others():
    def giver() -> None:
        return None

    def taker(giver: int):
        return giver

    giver.__annotations__, taker.__annotations__ = {"return": None}, {"giver": int}
    with pytest.raises(AnnotationError, match="gives None"):
        FeatureGraph.from_functions(giver, taker)


def test_a_new_version_is_checked_against_its_readers():
    def giver() -> int:
        return 1

    def taker(giver: int):
        return giver

    graph = FeatureGraph.from_functions(giver, taker)

    def giver() -> str:
        return "1"

    with pytest.raises(AnnotationError, match="takes giver as int"):
        graph.with_functions(giver)


def callable_with(annotations):
    class Named:
        __name__ = "giver"

        def __call__(self, x):
            return x

    named = Named()
    named.__annotations__ = annotations
    return named


def test_an_annotation_of_a_callable_without_namespace_is_let_through():
    def taker(giver: str):
        return giver

    assert len(FeatureGraph.from_functions(callable_with({"return": "int"}), taker)) == 2


def test_a_broken_annotations_attribute_counts_as_none():
    assert len(FeatureGraph.from_functions(callable_with("no mapping"))) == 1


@pytest.mark.parametrize(
    ("one", "other", "related"),
    [
        (tuple[int, str], tuple[float, str], True),
        (tuple[int, str], tuple[int, int], False),
        (tuple[int, str], tuple[int], False),
        (tuple[()], tuple[()], True),
        (tuple[()], tuple[int], False),
        (tuple[()], tuple[int, ...], True),
        (tuple[()], tuple, True),
        (typing.Literal["a"], str, True),
        (typing.Literal["a"], int, False),
        (typing.TypeVar("T"), int, True),
    ],
)
def test_overlap_reads_both_ways(one, other, related):
    assert overlap(one, other) is related
    assert overlap(other, one) is related


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("None", type(None)),
        ("'int'", int),
        ("int | None", int | None),
        ("'int | None'", int | None),
        ("Missing | int", typing.Any),
        ("1", typing.Any),
        ("int if", typing.Any),
        ("typing.Literal['a', 1]", typing.Literal["a", 1]),
        ("tuple[int, ...]", tuple[int, ...]),
        ("Callable[[int], str]", Callable[[int], str]),
    ],
)
def test_text_means_what_it_says(text, meaning):
    found = looked_up(text, {"typing": typing, "Callable": Callable})
    assert found == meaning or (
        meaning is typing.Any and typing.Any in (found, *typing.get_args(found))
    )


class Colour(enum.Enum):
    RED = 1


class Box(typing.Generic[T]): ...


class Rows(list[T]): ...


TEXTS = {
    "a callable": ("Callable[[int], str]", Callable[[int], str]),
    "a member of an enumeration": ("typing.Literal[Colour.RED]", typing.Any),
    "what takes no brackets": ("int[str]", int),
    "an alternative that knows no stroke": ("'Colour' | None", Colour | None),
    "a tuple as an alternative": ("(int, str) | None", typing.Any),
}


@pytest.mark.parametrize(("text", "meant"), TEXTS.values(), ids=TEXTS)
def test_strange_annotations_are_looked_up_or_pass(text, meant):
    assert looked_up(text, globals()) == meant


@pytest.mark.parametrize("text", ["[int] | int", "(int, str) | None", "... | int"])
def test_what_is_no_type_refuses_nothing(text):
    assert overlap(looked_up(text, globals()), int)


PAIRS = {
    "a bare tuple": (tuple, tuple[int], True),
    "any length and two": (tuple[int, ...], tuple[int, int, int], True),
    "any length and two of others": (tuple[int, ...], tuple[str, str], False),
    "any length of others": (tuple[int, ...], tuple[bytes, ...], False),
    "one of several fits not": (tuple[int, str], tuple[int, ...], False),
    "other lengths": (tuple[int, int], tuple[int, int, int], False),
    "a variable": (T, int, True),
    "two views of other keys": (
        *(collections.abc.ItemsView[str, int], collections.abc.ItemsView[bytes, int], True),
    ),
    "a class of one's own that says what it holds": (Box[int], Box[str], True),
    "a list of one's own": (Rows[int], list[str], True),
    "iterables": (Iterable[int], list[str], False),
    "dicts": (dict[str, int], dict[str, str], False),
    "a list without and with items": (list, list[int], True),
}


@pytest.mark.parametrize(("one", "other", "expected"), PAIRS.values(), ids=PAIRS)
def test_what_containers_have_in_common(one, other, expected):
    assert overlap(one, other) is expected
    assert overlap(other, one) is expected


POSTPONED = """
import typing
def wide(x) -> typing.Optional[list[str]]: return x
def narrow(wide: "dict[str, int]"): return wide
"""


def test_a_message_writes_annotations_as_people_do():
    space: dict = {"__name__": "__main__"}
    exec(compile(POSTPONED, "<cell>", "exec", dont_inherit=True), space)
    with pytest.raises(AnnotationError) as caught:
        FeatureGraph.from_functions(space["wide"], space["narrow"])
    message = str(caught.value)
    assert "takes wide as dict[str, int], but wide" in message
    assert "gives Optional[list[str]]." in message
