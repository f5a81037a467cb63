from __future__ import annotations

import threading

import pytest

from jupyter_lifecycle.errors import SelectionError, UnboundError
from jupyter_lifecycle.notebook.definitions import PlainHost

CELLS = (
    'def double(dep_delay):\n    """Twice.\n\n    More."""\n    return dep_delay * 2\n',
    "def late(double, limit=3):\n    return double > limit\n\ndef lost(nowhere):\n    return nowhere\n",
)


@pytest.fixture
def ready(session, flights):
    session.inputs(flights)
    for cell in CELLS:
        session.feature(cell)
    return session


def states(session):
    view = session.states_view()
    return {name: view.nodes[at].state for at, name in enumerate(session.graph_view().names)}


def test_the_structure(ready):
    view = ready.graph_view()
    assert view.names == ["dep_delay", "nowhere", "double", "late", "lost"]
    assert view.kinds == ["input", "unbound", "feature", "feature", "feature"]
    assert view.groups == ["Cell [1]", "Cell [2]"]
    assert view.group == [-1, -1, 0, 1, 1]
    assert view.edges == [0, 2, 2, 3, 1, 4]
    assert view.docs == ["", "", "Twice.", "", ""]


def test_without_inputs_nothing_is_unbound(session):
    session.feature(CELLS[1])
    assert session.graph_view().kinds == ["input", "input", "feature", "feature"]


def test_a_default_is_a_node_only_where_it_is_given(ready):
    before = ready.graph_view()
    ready.inputs(limit=1)
    after = ready.graph_view()
    assert "limit" not in before.names
    assert "limit" in after.names
    assert after.version > before.version


def test_titles_come_from_the_cell(session, monkeypatch):
    from jupyter_lifecycle.notebook.cells import Cell

    monkeypatch.setattr(PlainHost, "cell", lambda self: Cell("a", 4, "Rolling delays"))
    session.feature(CELLS[0])
    view = session.graph_view()
    assert (view.groups, view.group_notes) == (["Rolling delays"], ["cell [4]"])
    assert session.inspect("double").origin == "Rolling delays · cell [4], line 2"


def test_states_follow_what_is_computed(ready):
    assert states(ready) == {
        "dep_delay": "input",
        "nowhere": "unbound",
        "double": "new",
        "late": "new",
        "lost": "new",
    }
    ready.compute("late")
    assert states(ready)["late"] == "fresh"
    ready.feature(CELLS[0].replace("2", "3"))
    assert states(ready)["late"] == "stale"
    node = ready.states_view().nodes[3]
    assert (node.note, node.dtype, node.rows) == ("parent changed", "bool", 2000)
    lost = ready.states_view().nodes[4]
    assert lost.note == "waits for nowhere"
    assert ready.states_view().nodes[1].note == "not given"
    given = ready.states_view().nodes[0]
    assert (given.dtype, given.rows) == ("float64", 2000)


def test_states_while_something_runs(session):
    started, go_on = threading.Event(), threading.Event()
    host = session.namespace
    host["started"], host["go_on"] = started, go_on
    session.feature(
        "def one(x):\n    return x\n\ndef slow(one):\n    started.set()\n    go_on.wait(20)\n    return 1\n"
        "\ndef after(slow):\n    return 2\n",
        cache="never",
    )
    session.inputs(x=1)
    worker = threading.Thread(target=session.compute, args=("after",))
    worker.start()
    assert started.wait(20)
    view = session.states_view()
    running = states(session)
    go_on.set()
    worker.join()
    assert (view.running, view.done, view.total) == ("slow", 1, 3)
    assert running == {"x": "input", "one": "fresh", "slow": "running", "after": "queued"}
    assert session.states_view().total == 0
    assert session.states_view().message.startswith("3 recomputed")


def test_a_failure_stays_in_the_picture(ready, flights):
    ready.feature("def bad(origin):\n    return origin['x']\n\ndef worse(bad):\n    return bad\n")
    with pytest.raises(KeyError):
        ready.compute("worse")
    names = ready.graph_view().names
    node = ready.states_view().nodes[names.index("bad")]
    assert (node.state, node.note) == ("error", "KeyError: 'x'")
    assert ready.inspect("bad").error == "KeyError: 'x'"


def test_listeners_hear_of_edits_and_computations(ready):
    heard = []
    leave = ready.subscribe(lambda kind, names: heard.append((kind, tuple(names))))
    ready.compute("late")
    assert ("states", ("double",)) in heard
    heard.clear()
    ready.feature(CELLS[0].replace("2", "3"))
    assert heard[-1] == ("graph", ())
    leave()
    ready.compute("late")
    assert heard[-1] == ("graph", ())


def test_one_node_in_detail(ready):
    before = ready.inspect("double")
    assert (before.facts, before.head, before.state) == ([], [], "new")
    ready.compute("late")
    found = ready.inspect("double")
    assert found.doc == "Twice.\n\nMore."
    assert found.source.startswith("def double(dep_delay):")
    assert dict(found.facts)["rows"] == "2,000"
    assert {"bytes", "time"} <= dict(found.facts).keys()
    assert len(found.histogram) == 24
    assert found.head[:2] == ["4", "8"]
    assert [(one.name, one.state) for one in found.parents] == [("dep_delay", "input")]
    assert [(one.name, one.state) for one in found.children] == [("late", "fresh")]
    assert found.why
    assert found.tags == []


def test_inputs_and_unbound_names_in_detail(ready):
    given = ready.inspect("dep_delay")
    assert (given.kind, given.dtype, dict(given.facts)["null"]) == ("input", "float64", "500")
    assert ready.inspect("nowhere").kind == "unbound"
    with pytest.raises(UnboundError, match="Did you mean double"):
        ready.inspect("doubl")


def test_a_column_that_left_the_cache_is_shown_without_figures(ready):
    ready.compute("double")
    ready.materialiser.forget("double")
    found = ready.inspect("double")
    assert found.head == []
    assert dict(found.facts).keys() == {"bytes", "time"}


def test_acts(ready):
    ready.act("run", ["late"])
    assert states(ready)["late"] == "fresh"
    ready.act("invalidate", ["double"])
    assert states(ready)["late"] == "stale"
    ready.act("drop", ["late"])
    assert "late" not in ready.graph.features


def test_tags_and_cells_are_told(ready):
    ready.feature("def tagged(dep_delay):\n    return dep_delay", tags={"owner": "ops"})
    view = ready.graph_view()
    assert view.tags == [("owner", "ops", [view.names.index("tagged")])]
    assert len(view.cells) == len(view.groups)


def test_selections_compute_what_they_mean(ready):
    assert set(ready.compute("+late and kind:feature", result="dict")) == {"double", "late"}
    assert list(ready.compute("late", "parents=0 and kind:input", result="dict")) == [
        "late",
        "dep_delay",
    ]
    ready.invalidate("double+1")
    assert ready.chosen(["status:stale"]) == ("double", "late")
    with pytest.raises(SelectionError, match="Did you mean stale"):
        ready.compute("status:stael")


def test_an_explorer_of_a_selection_shows_it_first(ready):
    part = ready.explorer("+late")
    assert part.query == "+late"
    assert part.find("late+") == ("late",)
    assert "dep_delay" not in part._repr_mimebundle_()[0]["text/plain"]
    with pytest.raises(SelectionError, match="No feature or input lte"):
        ready.explorer("lte")
    part.close()
