"""Values in short say the same each time, and cost little."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from jupyter_lifecycle.hashing.summary import summary


class Bad:
    def __repr__(self) -> str:
        raise ValueError("no")


Like = type("array", (), {})  # reprlib goes by the name, and then asks for a typecode


SHOWN = {
    "a number": (3, "3"),
    "a list": ([1, "a"], "[1, 'a']"),
    "an array": (np.zeros((2, 3)), "ndarray 2 × 3"),
    "a frame": (pd.DataFrame({"a": [1, 2]}), "DataFrame 2 × 1"),
    "a numpy number": (np.float64(2.0), "np.float64(2.0)"),
    "an object": (object(), "<object object>"),
}


@pytest.mark.parametrize("name", SHOWN)
def test_values_in_short(name: str) -> None:
    value, text = SHOWN[name]
    assert summary(value) == text


def test_a_value_that_cant_show_itself_is_named() -> None:
    assert summary(Bad()) == "<Bad instance>"
    assert summary(Like()).endswith("array>")


def test_a_long_value_is_cut() -> None:
    assert len(summary(list(range(100_000)))) < 1000
    assert len(summary("x" * 100_000)) < 3000
