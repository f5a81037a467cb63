"""What names, keys and values may look like."""

import numpy as np
import pytest

from jupyter_lifecycle.errors import InvalidValueError, NotFoundError, from_wire
from jupyter_lifecycle.registry import words


@pytest.mark.parametrize("name", ["ltv", "LTV-2.1_a", "départ", "模型", "1"])
def test_names(name):
    assert words.check_name(name) == name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "needs a name, such as"),
        (None, "needs a name, such as"),
        ("a b", "'a-b' would do"),
        ("-a", "'a' would do"),
        ("!!!", "starts with a letter or digit\\.$"),
        ("../etc", "'etc' would do"),
        ("a" * 101, "has 101"),
    ],
)
def test_names_that_cannot_be(name, message):
    with pytest.raises(InvalidValueError, match=message):
        words.check_name(name)


def test_a_refused_value_has_its_class_over_the_wire():
    error = InvalidValueError("x", key="a")
    again = from_wire(error.to_wire())
    assert type(again) is InvalidValueError
    assert again.detail == {"key": "a"}


def test_tags_of_another_type_say_what_to_write():
    with pytest.raises(InvalidValueError, match="Write a='yes', or log_metrics for a number"):
        words.check_tags({"a": True})
    with pytest.raises(InvalidValueError, match=r"Write a='3.5'"):
        words.check_tags({"a": 3.5})
    with pytest.raises(InvalidValueError, match="half a character"):
        words.check_tags({"a": "\ud800"})


def test_keys_to_remove():
    assert words.check_keys(["a", "b", "a"]) == ("a", "b")
    with pytest.raises(InvalidValueError, match=r"unset takes a list of keys: \['abc'\]"):
        words.check_keys("abc")


def test_metrics_of_any_number_type():
    checked = words.check_metrics({"a": 1, "b": np.float32(0.5), "c": np.int64(3), "d": True})
    assert checked == {"a": 1.0, "b": 0.5, "c": 3.0, "d": 1.0}
    assert all(type(value) is float for value in checked.values())
    for value in (np.array([1, 2]), 10**400, 1j, None, b"1"):
        with pytest.raises(InvalidValueError, match=r"[Mm]etric"):
            words.check_metrics({"a": value})


def test_steps():
    assert words.check_step(None) is None
    assert words.check_step(np.int64(3)) == 3
    for step in (True, 1.5, "1"):
        with pytest.raises(InvalidValueError, match="whole number"):
            words.check_step(step)
    with pytest.raises(InvalidValueError, match="too large"):
        words.check_step(2**53 + 1)


def test_other_texts():
    assert words.check_text("A reason", "x") == "x"
    for text in (None, "x" * 11):
        with pytest.raises(InvalidValueError, match="A reason is text of at most 10"):
            words.check_text("A reason", text, 10)


def test_leases_and_ids():
    assert words.check_lease("A lease's name", "deployer:local") == "deployer:local"
    for text in ("", "a/b", "a b", "x" * 201):
        with pytest.raises(InvalidValueError, match="letters, digits"):
            words.check_lease("A lease's name", text)
    assert words.check_prefix(" ABCD ") == "abcd"
    for text in ("abc", "xyzw", "a" * 41, "-"):
        with pytest.raises(NotFoundError, match="no envelope's id"):
            words.check_prefix(text)
