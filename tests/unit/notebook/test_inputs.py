from __future__ import annotations

import pandas as pd
import pytest

from jupyter_lifecycle.errors import GraphError
from jupyter_lifecycle.notebook.inputs import Inputs


def frame(rows=3, **columns):
    return pd.DataFrame({"a": range(rows), "b": range(rows)} | columns)


def test_each_column_of_a_frame_is_an_input():
    inputs = Inputs()
    assert inputs.add_frame(frame(), "df") == "2 inputs from df, 3 rows"
    assert list(inputs.values) == ["a", "b"]
    inputs.add("whole", frame())
    assert list(inputs.values) == ["a", "b", "whole"]


def test_the_same_source_again_takes_the_place_of_what_it_gave():
    inputs = Inputs()
    inputs.add_frame(frame(c=1), "df")
    inputs.add_frame(frame(), "df")
    assert list(inputs.values) == ["a", "b"]


def test_a_name_belongs_to_who_gave_it_last():
    inputs = Inputs()
    inputs.add_frame(frame(), "df")
    inputs.add("b", 7)
    inputs.add_frame(pd.DataFrame({"a": [1]}), "df")
    assert dict(inputs.values)["b"] == 7
    inputs.add_frame(frame(), "other")
    inputs.add_frame(pd.DataFrame({"z": [1]}), "df")
    assert sorted(inputs.values) == ["a", "b", "z"]


def test_the_sample_has_the_first_rows_of_columns_and_other_values_whole():
    inputs = Inputs()
    inputs.add_frame(frame(5000), "df")
    inputs.add("table", frame(5000))
    inputs.add("k", 2)
    sample = inputs.sample()
    assert len(sample["a"]) == 1000
    assert len(sample["table"]) == 5000
    assert sample["k"] == 2
    assert inputs.sample() is sample
    assert not inputs.sample_is_whole
    inputs.add_frame(frame(5), "df")
    assert inputs.sample_is_whole
    assert len(inputs.sample()["a"]) == 5


def test_a_removed_input_is_gone():
    inputs = Inputs()
    inputs.add_frame(frame(), "df")
    inputs.remove("a")
    assert list(inputs.values) == ["b"]
    assert list(inputs.sample()) == ["b"]


def test_columns_that_no_parameter_can_read_are_told():
    inputs = Inputs()
    inputs.add_frame(frame(**{"dep delay": 1}), "df")
    assert inputs.unreadable() == ("dep delay",)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ([0, 1], "a column 0, which is a int"),
        (["a", "a"], "two columns a"),
    ],
)
def test_columns_without_names_of_their_own_are_refused(columns, words):
    data = pd.DataFrame([[1, 2]], columns=columns)
    with pytest.raises(GraphError, match=words):
        Inputs().add_frame(data, "df")


def test_a_name_must_be_readable_by_a_parameter():
    with pytest.raises(GraphError, match="no Python name"):
        Inputs().add("dep delay", 1)
