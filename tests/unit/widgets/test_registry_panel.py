import re

import pytest

from jupyter_lifecycle.errors import RegistryUnavailableError
from jupyter_lifecycle.registry import Rule, Step
from jupyter_lifecycle.widgets.panel_registry import RegistryPanel
from jupyter_lifecycle.widgets.registry_rows import PAGE, Result, columns_of, ordered, split_order

pytestmark = pytest.mark.usefixtures("front_end")
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def sent(monkeypatch):
    """What the panel sends to the page."""
    messages = []
    monkeypatch.setattr(
        "jupyter_lifecycle.widgets.table.Table.send", lambda _, content: messages.append(content)
    )
    return messages


@pytest.fixture
def open_panel(registry, worker, now, sent):
    def opened(query="", **openers):
        return RegistryPanel(registry, query, "jl", openers, worker, now)

    return opened


def plain(widget):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", widget.value))


def rows_of(sent):
    return [row for message in sent if message["kind"] == "rows" for row in message["rows"]]


def test_it_opens_with_all_newest_first_and_counted(open_panel, shelf, sent):
    first = shelf("ltv", metrics={"mae": 13.2837, "bias": -1}, tags={"team": HOSTILE}, salt="1")
    second = shelf("churn", metrics={"mae": 2}, salt="2")
    panel = open_panel()
    assert [row["id"] for row in rows_of(sent)] == [second.id, first.id]
    labels = [column["label"] for column in panel._table.columns]
    assert labels == ["id", "name", "saved", "by", "mae", "bias", "tags", "serving"]
    cells = dict(zip(labels, rows_of(sent)[1]["cells"], strict=True))
    assert (cells["id"], cells["name"], cells["mae"]) == (first.short_id, "ltv", "13.28")
    assert cells["tags"] == [["team", HOSTILE, ""]]
    assert cells["serving"] is None
    assert panel._table.total == 2
    assert panel._table.figures.startswith("2 in ")
    assert panel.plain().endswith('.search(""): 2 envelopes')
    assert first.short_id in panel.snapshot()
    assert HOSTILE not in panel.snapshot()


def test_pages_are_read_on_from_where_the_last_ended(
    open_panel, registry, shelf, sent, monkeypatch
):
    found = [shelf(salt=str(index)) for index in range(7)]
    monkeypatch.setattr("jupyter_lifecycle.widgets.registry_rows.PAGE", 2)
    monkeypatch.setattr("jupyter_lifecycle.widgets.panel_registry.PAGE", 2)
    panel = open_panel()
    assert [m["more"] for m in sent if m["kind"] == "rows"] == [True]
    panel._heard({"ask": "page", "generation": 0, "page": 3})
    last = sent[-1]
    assert (last["start"], len(last["rows"]), last["more"]) == (6, 1, False)
    shelf(salt="saved meanwhile")
    for page in (1, 2):
        panel._heard({"ask": "page", "generation": 0, "page": page})
        assert (sent[-1]["start"], sent[-1]["more"]) == (page * 2, True)
    rows = {m["start"]: [row["id"] for row in m["rows"]] for m in sent if m["kind"] == "rows"}
    assert [id_ for start in sorted(rows) for id_ in rows[start]] == [one.id for one in found[::-1]]
    panel._heard({"ask": "page", "generation": 7, "page": 0})
    assert sent[-1]["start"] == 4


def test_a_page_far_below_is_jumped_to():
    class Shelf:
        def __init__(self):
            self.asked = []

        def search(self, query, *, limit, cursor=None, skip=0):
            from jupyter_lifecycle.registry import Page

            start = int(cursor or 0) + skip
            self.asked.append((cursor, skip))
            end = min(start + limit, 2_500)
            return Page(tuple(range(start, end)), str(end) if end < 2_500 else None)

    shelf = Shelf()
    result = Result("", shelf)
    assert result.read(0) == tuple(range(PAGE))
    assert not result.ended
    assert result.read(9)[0] == 9 * PAGE
    assert result.read(8)[0] == 8 * PAGE
    assert result.read(12) == tuple(range(2_400, 2_500))
    assert not result.more(12)
    assert result.read(20) == ()
    assert shelf.asked == [(None, 0), ("200", 1600), ("200", 1400), ("2000", 400)]
    assert not result.ended
    for page in range(13):
        result.read(page)
    assert result.ended
    assert result.found == list(range(2_500))


def test_a_query_that_does_not_parse_keeps_the_last_result(open_panel, shelf, sent):
    shelf()
    panel = open_panel()
    number = len(sent)
    panel._table.query = "name = 'x' and metric.mae < 3"
    problem = panel._table.problem
    assert (problem["position"], problem["length"]) == (15, len("metric.mae"))
    assert "Did you mean metrics.mae" in problem["message"]
    assert "metrics.mae" in panel.announcer.alert
    assert len(sent) == number
    assert panel._table.total == 1
    panel._table.query = "name = 'x'"
    assert panel._table.problem == {}
    assert panel._table.total == 0
    assert "No envelope matches name = 'x'" in panel._table.empty


def test_what_may_come_next_is_offered(open_panel, shelf, sent):
    shelf(metrics={"mae": 1.5})
    panel = open_panel()
    panel._heard({"ask": "complete", "text": "metrics.m", "position": 9, "number": 4})
    assert sent[-1] == {
        "kind": "completion",
        "number": 4,
        "start": 0,
        "items": [
            {"text": "metrics.mae", "kind": "field", "note": "number, 1.5 to 1.5", "count": 1}
        ],
    }


def test_a_head_writes_the_order_into_the_query(open_panel, shelf, sent):
    low, high = shelf(metrics={"mae": 1}, salt="1"), shelf(metrics={"mae": 2}, salt="2")
    panel = open_panel("name like 'dep%'")
    panel._heard({"ask": "sort", "key": "metrics.mae"})
    assert panel._table.query == "name like 'dep%' order by metrics.mae"
    assert panel._table.order == "metrics.mae"
    assert [row["id"] for row in sent[-1]["rows"]] == [low.id, high.id]
    panel._heard({"ask": "sort", "key": "metrics.mae"})
    assert [row["id"] for row in sent[-1]["rows"]] == [high.id, low.id]
    panel._table.query = "broken ="
    panel._heard({"ask": "sort", "key": "name"})
    assert panel._table.query == "broken ="
    assert panel._table.problem["message"]


@pytest.mark.parametrize(
    ("query", "key", "add", "expected"),
    [
        ("", "created_at", False, "order by created_at desc"),
        ("name = 'order by'", "name", False, "name = 'order by' order by name"),
        ("order by name desc", "name", False, "order by name"),
        ("order by metrics.auc.max", "metrics.auc", False, "order by metrics.auc desc"),
        ("order by a.`x y`, name", "name", True, None),
        ("order by tags.`x y`, name", "name", True, "order by tags.`x y`, name desc"),
    ],
)
def test_orders(query, key, add, expected):
    from jupyter_lifecycle.errors import QueryError

    if expected is None:
        with pytest.raises(QueryError):
            ordered(query, key, add=add)
        return
    assert ordered(query, key, add=add) == expected
    split_order(expected)


def test_the_detail_follows_the_chosen_row(open_panel, registry, shelf):
    registry.set_rule(Rule("live", "tags.approved = 'yes'"))
    shelf(metrics={"mae": 14.0}, salt="1")
    envelope = shelf(
        tags={"approved": "yes"},
        metrics={"mae": 13.0},
        salt="2",
        inputs={f"column_{index}": "number" for index in range(8)},
    )
    attempt = registry.start_deployment("live", envelope.id, 1)
    registry.update_deployment(attempt.id, state="failed", steps=[Step("replay", "failed")])
    panel = open_panel()
    panel._table.chosen = envelope.id
    said = plain(panel._detail)
    for words in (
        envelope.short_id,
        "Failed at live",
        "column_0",
        "3 more inputs, 1 output",
        "mae",
    ):
        assert words in said
    assert "column_7" not in said
    assert "<polyline" in panel._detail.value
    panel.clicked("show:schema")
    assert "column_7" in plain(panel._detail)
    registry.set_endpoint("live", serving=envelope.id, state="serving")
    panel._heard({"ask": "refresh"})
    panel._draw_detail()
    assert "Serving at live" in plain(panel._detail)


def test_what_is_ticked_is_compared_and_what_is_chosen_tagged(open_panel, shelf):
    from ipywidgets import HTML

    opened = []

    def opener(what):
        opened.append(what)
        return HTML("opened")

    first, second = shelf(salt="1"), shelf(salt="2")
    panel = open_panel(compare=opener, tag=opener)
    assert panel._compare_button.disabled
    panel._table.ticked = [first.id, second.id]
    assert panel._compare_button.description == "Compare 2"
    panel._compare_button.click()
    panel._table.chosen = first.id
    panel._tag.click()
    assert opened == [[first, second], first]
    assert panel._below.children[0].value == "opened"


def test_a_registry_that_is_away_leaves_what_was_shown(open_panel, registry, shelf, monkeypatch):
    shelf()
    panel = open_panel()

    def away(*_, **__):
        raise RegistryUnavailableError("https://models.example does not answer.")

    monkeypatch.setattr(registry, "search", away)
    panel._heard({"ask": "refresh"})
    assert "does not answer" in plain(panel._band)
    assert panel._table.total == 1
    assert panel._query == ""
    monkeypatch.undo()


def test_columns_prefer_what_says_how_good_a_model_is():
    class Saved:
        metrics = {"bias": 1.0, "fit_time": 2.0, "rmse": 3.0, "my key": 4.0}  # noqa: RUF012

    labels = [column["label"] for column in columns_of([Saved()])]
    assert labels[4:6] == ["rmse", "bias"]
