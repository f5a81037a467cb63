"""Facets that write into the query, and the columns that somebody chose."""

from datetime import UTC, datetime

import pytest

from jupyter_lifecycle.errors import RegistryUnavailableError
from jupyter_lifecycle.registry import Rule
from jupyter_lifecycle.registry.query import parse
from jupyter_lifecycle.widgets.panel_registry import RegistryPanel
from jupyter_lifecycle.widgets.registry_narrow import narrowed, without_order

pytestmark = pytest.mark.usefixtures("front_end")
NOW = datetime(2025, 11, 24, 14, 6, tzinfo=UTC)
HOSTILE = "<b>'\"`\u202eand or 🙂"


@pytest.fixture
def sent(monkeypatch):
    messages = []
    monkeypatch.setattr(
        "jupyter_lifecycle.widgets.table.Table.send", lambda _, content: messages.append(content)
    )
    return messages


@pytest.fixture
def panel(registry, worker, now, sent, shelf):
    shelf("ltv", tags={"region": "nyc", "note": HOSTILE}, metrics={"mae": 1.0}, salt="1")
    shelf("ltv", tags={"region": "chi"}, metrics={"mae": 2.0, "rmse": 3.0}, salt="2")
    shelf("churn", tags={"region": "chi", "note": "plain"}, salt="3")
    return RegistryPanel(registry, "", "jl", {}, worker, now)


@pytest.mark.parametrize(
    ("query", "field", "value", "expected"),
    [
        ("", "name", "ltv", "name = 'ltv'"),
        ("name = 'ltv'", "name", "ltv", ""),
        ("name = 'a' and tags.x", "name", "b", "tags.x and name = 'b'"),
        ("name = 'a' or name = 'b'", "author", "c", "(name = 'a' or name = 'b') and author = 'c'"),
        ("(tags.a or tags.b) and tags.c", "author", "c", None),
        ("tags.note = 'x and y'", "author", "c", "tags.note = 'x and y' and author = 'c'"),
        (
            "tags.`a and b` order by name",
            "name",
            "x",
            "tags.`a and b` and name = 'x' order by name",
        ),
        ("tags.region = 'nyc'", "tags.region", "chi", "tags.region = 'chi'"),
        (
            "tags.regional = 'x'",
            "tags.region",
            "chi",
            "tags.regional = 'x' and tags.region = 'chi'",
        ),
        ("", "created_at", "last 7 days", "created_at > '2025-11-17'"),
        ("created_at > '2020-01-01'", "created_at", "today", "created_at > '2025-11-24'"),
        ("", "serving", "live", "deployment.live = 'serving'"),
        ("deployment.live = 'serving'", "serving", "live", ""),
        ("", "name", HOSTILE, None),
    ],
)
def test_a_value_is_written_in_the_place_of_what_the_query_said(query, field, value, expected):
    written = narrowed(query, field, value, NOW)
    parse(written)
    if expected is not None:
        assert written == expected


def test_the_facets_say_how_many_values_there_are(panel):
    facets = {one["key"]: (one["note"], one["chosen"]) for one in panel._table.facets}
    assert facets == {
        "name": ("2", ""),
        "tags.region": ("2", ""),
        "tags.note": ("2", ""),
        "created_at": ("any time", ""),
    }


def test_a_facet_opens_its_values_and_writes_one(panel, sent):
    panel._heard({"ask": "values", "key": "tags.note"})
    values = {one["value"]: (one["count"], one["on"]) for one in sent[-1]["items"]}
    assert values == {HOSTILE: (1, False), "plain": (1, False)}
    panel._heard({"ask": "narrow", "key": "tags.note", "value": HOSTILE})
    assert panel._table.problem == {}
    assert panel._table.total == 1
    chosen = {one["key"]: one["chosen"] for one in panel._table.facets}
    assert chosen["tags.note"] == HOSTILE
    panel._heard({"ask": "values", "key": "tags.note"})
    assert [one["on"] for one in sent[-1]["items"] if one["value"] == HOSTILE] == [True]
    panel._heard({"ask": "narrow", "key": "tags.note", "value": HOSTILE})
    assert panel._table.query == ""
    assert panel._table.total == 3


def test_what_serves_is_a_facet(registry, worker, now, sent, shelf):
    saved = shelf("ltv", tags={"ok": "yes"})
    registry.set_rule(Rule("live", "tags.ok"))
    registry.set_endpoint("live", serving=saved.id, state="serving")
    panel = RegistryPanel(registry, "", "jl", {}, worker, now)
    assert [one["note"] for one in panel._table.facets if one["key"] == "serving"] == ["1"]
    panel._heard({"ask": "values", "key": "serving"})
    assert sent[-1]["items"] == [{"value": "live", "count": None, "on": False}]
    panel._heard({"ask": "values", "key": "created_at"})
    assert sent[-1]["items"][0]["value"] == "today"


def test_the_order_is_taken_out(panel):
    panel._heard({"ask": "sort", "key": "metrics.mae"})
    assert panel._table.order == "metrics.mae"
    panel._heard({"ask": "unsort"})
    assert (panel._table.query, panel._table.order) == ("", "")
    assert without_order("tags.a order by name") == "tags.a"


def test_columns_are_chosen_and_ordered(panel, sent):
    offered = [one["key"] for one in panel._table.choosable]
    assert offered[:4] == ["id", "name", "saved", "by"]
    assert {"metric:mae", "metric:rmse", "tag:region", "tag:note"} <= set(offered)
    keys = ["id", "tag:note", "metric:rmse", "nonsense", "name"]
    panel._heard({"ask": "columns", "keys": keys})
    columns = panel._table.columns
    assert [one["label"] for one in columns] == ["id", "note", "rmse", "name"]
    assert [one["sort"] for one in columns] == ["id", "tags.note", "metrics.rmse", "name"]
    rows = [row["cells"][1:] for row in sent[-1]["rows"]]
    assert rows == [["plain", None, "churn"], [None, "3", "ltv"], [HOSTILE, None, "ltv"]]
    assert sent[-1]["generation"] == panel._table.generation
    panel._heard({"ask": "refresh"})
    assert [one["label"] for one in panel._table.columns] == ["id", "note", "rmse", "name"]
    panel._heard({"ask": "columns", "keys": []})
    assert len(panel._table.columns) == 8


def test_a_facet_of_a_registry_that_is_away(panel, registry, monkeypatch):
    def away(*_, **__):
        raise RegistryUnavailableError("https://models.example does not answer.")

    monkeypatch.setattr(registry, "facet", away)
    panel._heard({"ask": "values", "key": "name"})
    assert "does not answer" in panel._band.value


def test_a_shortcut_into_a_query_that_does_not_parse(panel):
    panel._table.query = "name ="
    panel._heard({"ask": "narrow", "key": "name", "value": "ltv"})
    assert panel._table.query == "name ="
    assert panel._table.problem["message"]
