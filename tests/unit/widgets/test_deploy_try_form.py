import json
import shlex
from types import SimpleNamespace

import numpy as np
import pytest

from jupyter_lifecycle.envelope import Field, Schema
from jupyter_lifecycle.widgets.try_form import (
    TryForm,
    answer_text,
    curl,
    python_of,
    shown,
    value_of,
)

pytestmark = pytest.mark.usefixtures("front_end")

FIELDS = (
    Field("distance", "integer"),
    Field("origin", "categorical", categories=("EWR", "JFK"), nullable=True),
    Field("late", "boolean"),
    Field("gust", "number", nullable=True),
    Field("note", "string", required=False),
)
ROWS = [
    {"distance": 1400, "origin": "JFK", "late": True, "gust": None, "note": "x"},
    {"distance": 229, "origin": None, "late": False, "gust": 31.5, "note": "y"},
]


@pytest.fixture
def asked():
    return []


@pytest.fixture
def form(bare_panel, asked):
    endpoint = SimpleNamespace(predict=lambda rows: asked.append(rows) or np.array([6.4]))
    made = TryForm(bare_panel, lambda: endpoint, lambda rows: f"e.predict({rows})")
    made.use(Schema("arguments", "keywords", FIELDS, (), "value"), ROWS, "http://h:1")
    return made


def field(form, name):
    return form._fields[name][1]


def hint(form, name):
    return form._fields[name][2].value


def test_fields_are_made_from_the_schema_and_filled_with_the_example(form):
    assert form.request == {
        "distance": 1400,
        "origin": "JFK",
        "late": True,
        "gust": None,
        "note": "x",
    }
    assert field(form, "origin").options == ("", "EWR", "JFK")
    assert field(form, "late").options == ("true", "false")
    assert field(form, "gust").placeholder == "null"
    assert "row 1 of 2" in form._head.value


def test_the_next_example_fills_the_fields_and_goes_round(form):
    form._next.click()
    assert form.request["distance"] == 229
    assert form.request["origin"] is None
    form._next.click()
    assert form.request["distance"] == 1400


@pytest.mark.parametrize(
    ("name", "typed", "words"),
    [("distance", "1400.5", "integer"), ("distance", "", "integer"), ("gust", "windy", "number")],
)
def test_the_schema_says_what_is_wrong_under_the_field(form, name, typed, words, asked):
    field(form, name).value = typed
    assert "jl-bad" in hint(form, name)
    assert form._predict.disabled
    field(form, name).value = "7"
    assert hint(form, name) == ""
    assert not form._predict.disabled


def test_what_may_be_left_out_is_left_out_when_empty(form):
    field(form, "note").value = ""
    assert "note" not in form.request


def test_the_answer_stands_beside_the_button(form, asked):
    form._predict.click()
    assert asked == [form.request]
    assert ">6.4<" in form._answer.value


def test_the_same_request_in_other_words(form):
    form._tabs.value = "JSON"
    assert "&quot;distance&quot;" in form._same.value
    assert form._form.layout.display == "none"
    form._tabs.value = "Python"
    assert "e.predict(" in form._same.value
    form._tabs.value = "curl"
    assert "http://h:1/predict" in form._same.value
    form._tabs.value = "Form"
    assert form._same.value == ""


def test_a_new_schema_keeps_what_was_typed(form):
    field(form, "distance").value = "77"
    form.use(Schema("arguments", "keywords", (*FIELDS, Field("b", "number"))), ROWS, "http://h:1")
    assert field(form, "distance").value == "77"
    assert field(form, "b").value == ""
    form.use(form._schema, [], "http://h:2")
    assert field(form, "distance").value == "77"


def test_without_example_rows_there_is_no_next(bare_panel):
    form = TryForm(bare_panel, lambda: None, str)
    form.use(Schema("arguments", "keywords", FIELDS[:1], (), "value"), [], "")
    form._show_next()
    assert form._next.layout.display == "none"
    assert form._predict.disabled


def test_a_line_for_a_shell_is_one_word_for_the_body():
    request = {"who": "it's; rm -rf $HOME `x`", "n": 1}
    words = shlex.split(curl("http://h:1", request))
    assert json.loads(words[words.index("-d") + 1]) == request


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        (Field("x", "integer"), "12", 12),
        (Field("x", "number"), " 1.5 ", 1.5),
        (Field("x", "string"), "12", "12"),
        (Field("x", "string"), "", ""),
        (Field("x", "datetime", nullable=True), "", None),
        (Field("x", "array"), "[1, 2]", [1, 2]),
        (Field("x", "categorical", categories=(1, 2)), "2", 2),
        (Field("x", "categorical", categories=(1, 2)), "3", "3"),
        (Field("x", "integer"), "abc", "abc"),
    ],
)
def test_what_is_typed_is_read_as_json(kind, typed, value):
    assert value_of(kind, typed) == value


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (6.43219, "6.432"),
        (np.array([6.4]), "6.4"),
        ([1, 2], "[1, 2]"),
        ({"a": "é"}, '{"a": "é"}'),
        ("late", "late"),
        (True, "true"),
        ("x" * 200, "x" * 119 + "…"),
    ],
)
def test_an_answer_in_few_words(answer, words):
    assert answer_text(answer) == words


def test_values_are_shown_as_they_are_typed():
    assert [shown(value) for value in (None, "a", 1.5, [1], True)] == [
        "",
        "a",
        "1.5",
        "[1]",
        "true",
    ]
    assert python_of({"a": None}) == "{'a': None}"
