"""Advice where raw rows were given and the model's columns are taken, or the other way round."""

from dataclasses import replace

import pandas as pd
import pytest

from jupyter_lifecycle.envelope import open_bundle
from jupyter_lifecycle.envelope.fields import Field
from jupyter_lifecycle.envelope.hints import columns_of, with_hint
from jupyter_lifecycle.envelope.schema import Schema
from jupyter_lifecycle.errors import InputError

RAW, OWN = ("price", "pieces"), ("total", "log_total")


@pytest.fixture
def manifest(envelope):
    def made(taken, features):
        fields = tuple(Field(name, "number", dtype="float64") for name in taken)
        schema = Schema("frame", "frame", fields)
        lineage = {"features": features} if features else {}
        return replace(open_bundle(envelope).manifest, schema=schema, lineage=lineage)

    return made


TRAVELS = {"inputs": list(RAW), "travel": {"columns": list(OWN), "computed": list(OWN)}}
STAYS = {"inputs": list(RAW), "columns": list(OWN)}


@pytest.mark.parametrize(
    ("taken", "features", "given", "words"),
    [
        (RAW, TRAVELS, OWN, r"columns of the model itself \(total, log_total\).*raw rows"),
        (OWN, STAYS, RAW, r"These are raw rows \(price, pieces\).*features=jl\.session\(\)"),
        (RAW, TRAVELS, ("other",), ""),
        (OWN, STAYS, ("price",), ""),
        (OWN, None, RAW, ""),
        (OWN, {**STAYS, "travel": {"why_not": "x"}}, (*RAW, "more"), "These are raw rows"),
    ],
)
def test_advice(manifest, taken, features, given, words):
    found = manifest(taken, features)
    for rows in (pd.DataFrame({name: [1.0] for name in given}), [dict.fromkeys(given, 1.0)]):
        with pytest.raises(InputError) as caught:
            found.schema.check(rows)
        hinted = with_hint(caught.value, found, rows)
        assert hinted.detail["problems"] == caught.value.detail["problems"]
        if words:
            assert pd.Series([hinted.message]).str.contains(words, regex=True).all()
            assert hinted.message.endswith(hinted.detail["hint"])
        else:
            assert hinted is caught.value


def test_rows_without_names():
    assert columns_of(None) == columns_of([]) == columns_of([[1]]) == columns_of("x") == frozenset()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"pieces": 1.0, "x": 2, "y/z": 3}], "/0: price missing; x, y/z not expected"),
        ([{}], "/0: price, pieces missing"),
        ({"price": ["a"]}, '/price/0: expected a number, got "a" (1 more)'),
        ([{"price": 1.0}], "/0/pieces: is missing"),
        ([{}, {}], "/0: price, pieces missing (2 more)"),
        ({"x": 1.0}, "price, pieces missing; x not expected"),
    ],
)
def test_the_message_names_all_columns_of_the_first_row(manifest, rows, message):
    with pytest.raises(InputError) as caught:
        manifest(RAW, None).schema.decode(rows)
    assert caught.value.message == message
