"""Fleet, models over time, features: what they show of a registry that they only read."""

import json
import re
from datetime import timedelta

import nbformat
import pytest

import jupyter_lifecycle as jl
from jupyter_lifecycle.errors import (
    ForbiddenError,
    GraphError,
    LifecycleError,
    RegistryUnavailableError,
)
from jupyter_lifecycle.registry import Rule, Step
from jupyter_lifecycle.registry.readonly import WRITES
from jupyter_lifecycle.widgets import dashboards
from jupyter_lifecycle.widgets.panel_features import FeaturesPanel
from jupyter_lifecycle.widgets.panel_fleet import FleetPanel
from jupyter_lifecycle.widgets.panel_trend import TrendPanel

pytestmark = pytest.mark.usefixtures("front_end")
HOSTILE = "<img src=x onerror=alert(1)>\n\u202e\"'🙂" + "x" * 500


def plain(*widgets):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", " ".join(w.value for w in widgets)))


@pytest.fixture
def fleet(registry, shelf):
    """Five endpoints: one serves, one is down, one deploys, one failed, one is pinned."""
    made = {}
    for name in ("quiet", "dead", "busy", "broken", "held"):
        registry.set_rule(Rule(name, f"tags.{name} = 'yes'"))
        made[name] = shelf(name, tags={name: "yes"}, salt=name)
        registry.set_endpoint(name, serving=made[name].id, state="serving")
    registry.set_endpoint("dead", state="down", failure="It ended with 137: <out of memory>.")
    for name, state, step in (("busy", "running", "running"), ("broken", "failed", "failed")):
        newer = shelf(name, tags={name: "yes"}, salt=f"{name} 2")
        attempt = registry.start_deployment(name, newer.id, 1)
        registry.update_deployment(
            attempt.id, state=state, steps=[Step("replay", step)], reason="It differed."
        )
    registry.pin("held", made["held"])
    shelf("held", tags={"held": "yes"}, salt="held 2")
    return made


def test_what_needs_a_look_comes_first_with_its_reason(fleet, registry, worker):
    panel = FleetPanel(registry, worker)
    names = re.findall(r'jl-fleet-name"><b dir="auto">(\w+)', panel._rows.value)
    assert names == ["dead", "broken", "busy", "held", "quiet"]
    said = plain(panel._rows)
    for words in (
        "It ended with 137: &lt;out of memory&gt;.",
        "failed: It differed.",
        "is at replay",
        "1 newer envelope matches",
        "pinned to",
        "Down",
        "Deploying",
        fleet["quiet"].short_id,
        "for ",
    ):
        assert words in said
    figures = plain(panel._figures)
    for words in ("Endpoints 5 4 serving, 1 deploying, 1 down", "Pinned 1", "1 failed"):
        assert words in figures
    changes = plain(panel._changes)
    for words in ("was pinned to", "did not take", "saved held as"):
        assert words in changes
    assert "live" in plain(panel._head)
    assert "dead: down" in panel.plain()
    assert "As of" in panel.snapshot()


def test_it_reads_on_and_paints_only_what_changed(fleet, registry, worker, monkeypatch):
    panel = FleetPanel(registry, worker)
    panel.announcer._view_count = 1
    drawn = []
    draw = panel._draw
    monkeypatch.setattr(panel, "_draw", lambda: (drawn.append(1), draw()))
    panel._look()
    assert drawn == []
    told = {"note": HOSTILE[:40].replace("\n", " "), "whole": "x" * 500}
    registry.tag(fleet["quiet"].id, told)
    panel._look()
    assert drawn == [1]
    assert "&lt;img" in panel._changes.value
    assert "x" * 59 + "…" in panel._changes.value
    panel.announcer._view_count = 0
    monkeypatch.setattr(registry, "endpoints", lambda: pytest.fail("nobody looks"))
    assert panel._look() is True


def test_news_that_do_not_come_are_said_with_their_age(fleet, registry, worker, monkeypatch):
    from datetime import UTC, datetime

    clock = [datetime(2026, 1, 1, 12, 0, tzinfo=UTC)]
    panel = FleetPanel(registry, worker, lambda: clock[0])
    panel.announcer._view_count = 1

    def away():
        raise RegistryUnavailableError("https://models.example does not answer.")

    monkeypatch.setattr(registry, "endpoints", away)
    clock[0] += timedelta(seconds=40)
    panel._look()
    assert "does not answer" in plain(panel._band)
    assert "no answer since 12:00:00" in plain(panel._head)
    assert "quiet" in plain(panel._rows)
    monkeypatch.undo()
    panel._look()
    assert panel._band.value == ""


def test_an_empty_fleet(registry, worker):
    panel = FleetPanel(registry, worker)
    assert "No endpoint yet" in plain(panel._rows)
    assert panel.plain() == "Fleet: no endpoint yet"
    assert "Nothing yet" in plain(panel._changes)


def test_a_metric_over_time_by_tag(registry, shelf, worker):
    for index, region in enumerate(("nyc", "chi", "nyc")):
        shelf(metrics={"mae": 14.0 - index, "n": 3}, tags={"region": region}, salt=str(index))
    shelf("other", salt="other")
    panel = TrendPanel(registry, "departure-delay", worker=worker)
    assert (panel._metric.value, panel._tag.value) == ("mae", "all together")
    assert "3 envelopes, lower is better" in plain(panel._chart)
    panel._tag.value = "region"
    assert {value: len(some) for value, some in panel.lines.items()} == {"nyc": 2, "chi": 1}
    assert panel._chart.value.count("jl-letter") == 2
    assert panel.plain() == "departure-delay mae\nnyc: 12\nchi: 13"
    assert "12" in panel.snapshot()
    panel._metric.value = "n"
    assert "lower is better" not in plain(panel._chart)
    panel._name.value = "other"
    assert "No envelope of this name has a metric" in plain(panel._chart)
    assert TrendPanel(registry, worker=worker)._name.value == "other"


def test_tags_of_any_text_are_names_of_lines(registry, shelf, worker):
    shelf(metrics={"mae": 1.0}, tags={"note": HOSTILE.replace("\n", " ")[:200]}, salt="1")
    panel = TrendPanel(registry, tag="note", worker=worker)
    assert "<img" not in panel._chart.value + panel._table.value
    assert "\u202e" not in panel._chart.value


def test_nothing_over_time_in_an_empty_registry(registry, worker, monkeypatch):
    panel = TrendPanel(registry, worker=worker)
    assert "No envelope yet" in plain(panel._chart)
    panel.show_error(RegistryUnavailableError("away"))
    assert "The registry was not read. away" in plain(panel._band)


def test_features_of_an_envelope(registry, shelf, worker):
    from ipywidgets import HTML

    shown = []

    def explore(envelope):
        if envelope.name == "plain":
            raise GraphError("plain was saved without features.")
        shown.append(envelope)
        return HTML(envelope.id)

    panel = FeaturesPanel(registry, explore, worker=worker)
    assert "No envelope was saved with features yet" in plain(panel._hint)
    assert "None was chosen" in panel.snapshot()
    plain_one, other = shelf("plain", salt="1"), shelf("rich", salt="2")
    panel._which.value = f"{other.short_id}  rich"
    assert [one.id for one in shown] == [other.id]
    assert panel._place.children[0].value == other.id
    panel._which.value = plain_one.short_id
    assert "saved without features" in plain(panel._hint)
    assert panel._place.children[0].value == other.id
    panel.show_error(ValueError("odd"))
    assert "odd" in plain(panel._hint)


def test_what_is_read_only_refuses_all_that_writes(registry, shelf, tmp_path):
    envelope = shelf(tags={"a": "b"})
    reading = jl.Registry(registry.location, read_only=True)
    assert reading.get(envelope.short_id).tags == {"a": "b"}
    assert reading.count() == 1
    assert reading.location == registry.location
    for write in (
        lambda: reading.tag(envelope.id, {"a": "c"}),
        lambda: reading.log_metrics(envelope.id, {"m": 1}),
        lambda: reading.set_rule(Rule("x", "tags.a")),
        lambda: reading.pin("x", envelope),
        lambda: reading.remove_rule("x"),
        lambda: reading.lease("x", "y", 1),
        lambda: reading.delete(envelope.id),
        lambda: jl.save(lambda: 1, name="f", example={}, registry=reading),
    ):
        with pytest.raises(ForbiddenError, match="opened to be read only"):
            write()
    assert registry.get(envelope.id).tags == {"a": "b"}
    assert registry.rules() == ()


def test_every_method_that_writes_is_known():
    """A method of the store that takes a transaction to write is refused, or it is a preview."""
    import ast
    import inspect

    from jupyter_lifecycle.registry.store import Store
    from jupyter_lifecycle.registry.store.bin import Bin
    from jupyter_lifecycle.registry.store.keyring import Keyring
    from jupyter_lifecycle.registry.store.mailbox import Mailbox
    from jupyter_lifecycle.registry.store.reports import Reports

    writing = set()
    for part in (Store, Reports, Keyring, Bin, Mailbox):
        for node in ast.parse(inspect.getsource(part)).body[0].body:
            if isinstance(node, ast.FunctionDef) and "_database.writing()" in ast.unparse(node):
                writing.add(node.name)
    public = {name for name in writing if not name.startswith("_")}
    assert public - {"prepare", "enqueue", "record"} <= WRITES


def test_a_read_only_registry_opens_panels_without_what_writes(registry, shelf):
    shelf()
    reading = jl.Registry(registry.location, read_only=True)
    panel = jl.registry_panel(registry=reading)
    assert "jl-hidden" in panel._tag._dom_classes
    for made in (jl.fleet_panel, jl.trend_panel, jl.features_panel):
        shown = made(registry=reading)
        assert shown.plain()
        shown.close()
    panel.close()


def test_the_notebooks_are_there_and_only_read():
    folder = dashboards.dashboard_folder()
    for page in dashboards.PAGES:
        notebook = nbformat.read(folder / f"{page}.ipynb", 4)
        nbformat.validate(notebook)
        source = "\n".join(cell.source for cell in notebook.cells)
        assert "jl.Registry(read_only=True)" in source
        assert f"dashboard_links('{page}')" in source
        assert all(not cell.get("outputs") for cell in notebook.cells)


def test_links_lead_to_the_others():
    links = dashboards.dashboard_links("fleet")
    drawn = links._repr_html_()
    assert 'href="registry.ipynb"' in drawn
    assert "fleet.ipynb" not in drawn
    assert repr(links).startswith("Fleet")


def test_an_installation_without_notebooks_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(dashboards, "__file__", str(tmp_path / "a" / "b" / "c.py"))
    with pytest.raises(LifecycleError, match="Install the package anew"):
        dashboards.dashboard_folder()


def test_the_command_starts_voila_on_them(monkeypatch, registry, capsys):
    from jupyter_lifecycle.cli import main

    started = []

    class Done:
        returncode = 0

    def run(words, *, env, check):
        started.append((words, env))
        return Done()

    monkeypatch.setattr("jupyter_lifecycle.cli.dashboard.subprocess.run", run)
    monkeypatch.setattr("webbrowser.open", started.append)
    location = registry.location
    assert main(["dashboard", "trend", "--registry", location, "--port", "9999"]) == 0
    address, (words, env) = started
    assert address == "http://127.0.0.1:9999/voila/render/trend.ipynb"
    assert address in capsys.readouterr().out
    assert "--template=jupyter_lifecycle" in words
    assert env["JUPYTER_LIFECYCLE_REGISTRY"] == location
    assert json.dumps(words).count("dashboards") == 1


def test_the_fleet_says_what_was_counted_and_what_moved(fleet, registry, worker):
    from datetime import UTC, datetime

    from jupyter_lifecycle.registry.observations import SkewState, Window

    now = datetime.now(UTC)
    envelope = fleet["quiet"].id

    def window(hours, rows, side="inputs"):
        start = now - timedelta(hours=hours)
        return Window(
            "quiet", envelope, side, start, 3600, f"{hours}{side}", 1, rows, {"rows": rows}
        )

    registry.add_windows([window(1, 1_200), window(3, 800), window(1, 9, "outputs")])
    registry.set_skew(SkewState("quiet", envelope, 0.48, (HOSTILE[:28], "b"), 2_000))
    registry.set_skew(SkewState("held", fleet["held"].id, 0.0, (), 900))
    registry.set_skew(SkewState("busy", fleet["busy"].id, None, (), 3))
    panel = FleetPanel(registry, worker, lambda: now)
    said = plain(panel._rows)
    for words in ("2,000", "and 1 more moved, 0.48 bit", "quiet", "not enough data", "&lt;img"):
        assert words in said
    assert "rows an hour over the last 24 hours, 2,000 in all" in panel._rows.value
    registry.add_windows([window(2, 500)])
    panel.announcer._view_count = 1
    panel._look()
    assert "2,500" not in plain(panel._rows)  # counted once a minute


def test_rows_are_counted_by_the_hour():
    from datetime import UTC, datetime

    from jupyter_lifecycle.registry.observations import Window
    from jupyter_lifecycle.widgets.fleet_seen import Seen, rows_by_hour

    now = datetime(2025, 11, 24, 14, 30, tzinfo=UTC)

    def window(hours, side="inputs"):
        return Window("e", "f", side, now - timedelta(hours=hours), 3600, "r", 1, 10, {})

    assert rows_by_hour([], now) == ()
    counts = rows_by_hour([window(0), window(0, "raw"), window(23), window(30)], now)
    assert (counts[-1], counts[0], sum(counts)) == (20, 10, 30)
    assert Seen(None, counts).rows == 30
