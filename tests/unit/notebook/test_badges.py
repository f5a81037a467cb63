"""What cells' badges say, and where cells stand in the notebook."""

from __future__ import annotations

import pytest

from jupyter_lifecycle.notebook.badges import cells_view
from jupyter_lifecycle.notebook.channel import TARGET, CellsChannel
from jupyter_lifecycle.notebook.placing import Places
from jupyter_lifecycle.widgets.wire import CellPlace, CellView

CELL_A = "def double(x):\n    return x * 2\n\ndef triple(x):\n    return x * 3\n"
CELL_B = "def both(double, triple):\n    return double + triple\n"


class Cells:
    """A session whose cells have the ids that a notebook's front end would send."""

    def __init__(self, session, monkeypatch):
        self.session = session
        self.id = None
        host = session._host
        known = host.cell
        monkeypatch.setattr(type(host), "cell_id", lambda _: self.id)
        monkeypatch.setattr(type(host), "cell", lambda one: type(known())(self.id, 3))

    def feature(self, cell, source):
        self.id = cell
        self.session.feature(source)

    def compute(self, cell, *names):
        self.id = cell
        self.session.compute(*names, show=lambda _: None)

    def said(self):
        views, _, _ = self.session.cells()
        return {cell: (view.role, view.state, dict(view.counts)) for cell, view in views.items()}


@pytest.fixture
def cells(session, monkeypatch):
    made = Cells(session, monkeypatch)
    made.feature("a", CELL_A)
    made.feature("b", CELL_B)
    session.inputs(x=2)
    return made


def test_a_badge_has_the_worst_state_of_its_cell(cells):
    assert cells.said() == {
        "a": ("defines", "new", {"new": 2}),
        "b": ("defines", "new", {"new": 1}),
    }
    cells.compute("c", "double", "x")
    assert cells.said() == {
        "a": ("defines", "new", {"new": 1, "fresh": 1}),
        "b": ("defines", "new", {"new": 1}),
        "c": ("computes", "fresh", {"fresh": 1}),
    }
    cells.compute("c", "both")
    cells.feature("a", CELL_A.replace("* 2", "* 4"))
    assert cells.said()["b"] == ("defines", "stale", {"stale": 1})
    assert cells.said()["c"] == ("computes", "stale", {"stale": 1})
    views, _, _ = cells.session.cells()
    assert views["a"].worst == "double"
    assert list(zip(views["a"].names, views["a"].lines, strict=True)) == [
        ("double", 2),
        ("triple", 5),
    ]


def test_a_cell_that_computes_only_inputs_has_no_badge(cells):
    cells.compute("c", "x")
    assert "c" not in cells.said()


def test_what_failed_is_worse_than_what_is_stale(cells):
    cells.feature("d", "def bad(both):\n    raise ValueError('no')\n")
    with pytest.raises(ValueError, match="no"):
        cells.compute("e", "bad")
    assert cells.said()["d"] == ("defines", "error", {"error": 1})
    assert cells.said()["e"] == ("computes", "error", {"error": 1})
    cells.feature("f", "def worse(bad):\n    return bad\n")
    with pytest.raises(ValueError, match="no"):
        cells.compute("e", "worse")
    assert cells.said()["e"] == ("computes", "error", {"error": 1, "new": 1})


def test_a_cell_runs_while_what_it_needs_runs(cells):
    seen = []
    cells.session.subscribe(lambda *_: seen.append(cells.said().get("c", ("", ""))[1]))
    cells.compute("c", "both")
    assert "running" in seen
    assert cells.said()["c"][1] == "fresh"


def test_only_what_changed_is_said_again(cells):
    views, states, events = cells.session.cells()
    first = cells_view(views, {}, states, events)
    assert ([cell.id for cell in first.cells], first.gone) == (["a", "b"], [])
    cells.compute("c", "double", "triple")
    now, states, events = cells.session.cells()
    second = cells_view(now, views, states, events)
    assert [cell.id for cell in second.cells] == ["a", "c"]
    cells.session.drop("both")
    left, states, events = cells.session.cells()
    assert cells_view(left, now, states, events).gone == ["b"]


# -- places --------------------------------------------------------------------------------------


def test_a_cell_that_was_seen_and_is_in_no_notebook_is_gone():
    a, b = CellPlace("a", "One"), CellPlace("b", "Two")
    places = Places().moved("n.ipynb", [a, b])
    assert (places.order("cell:b"), places.title("cell:b")) == (1, "Two")
    assert not places.is_gone("cell:b")
    places = places.moved("n.ipynb", [a])
    assert places.is_gone("cell:b")
    assert (places.order("cell:b"), places.title("cell:b")) == (None, "")
    assert not places.moved("n.ipynb", [b, a]).is_gone("cell:b")


def test_what_no_notebook_told_of_is_not_gone():
    places = Places().moved("n.ipynb", [])
    assert not places.is_gone("cell:never")
    assert not places.is_gone("text:1")
    assert not places.is_gone("module:features")


def test_two_notebooks_of_a_kernel_keep_their_cells_apart():
    places = Places().moved("one.ipynb", [CellPlace("a", "")])
    places = places.moved("two.ipynb", [CellPlace("b", "")])
    assert not places.is_gone("cell:a")
    renamed = places.moved("new.ipynb", [], was="one.ipynb")
    assert renamed.is_gone("cell:a")
    assert not renamed.is_gone("cell:b")


def test_the_explorer_has_groups_in_the_order_and_with_the_headings_of_the_notebook(cells):
    cells.session.arrange("n.ipynb", [CellPlace("b", "Sums"), CellPlace("a", "")])
    view = cells.session.graph_view()
    assert list(zip(view.groups, view.group_notes, strict=True)) == [
        ("Sums", "cell [3]"),
        ("Cell [3]", ""),
    ]
    assert cells.session.inspect("both").origin == "Sums · cell [3], line 2"
    version = view.version
    cells.session.arrange("n.ipynb", [CellPlace("a", "")])
    view = cells.session.graph_view()
    assert view.version > version
    assert ("Cell [3], its cell is gone", "") in zip(view.groups, view.group_notes, strict=True)
    assert "its cell is gone" in cells.session.inspect("both").origin


# -- the channel ---------------------------------------------------------------------------------


class Comm:
    """The kernel's end of a connection, as the comm package makes it."""

    comm_id = "one"

    def __init__(self):
        self.sent, self.closed = [], False

    def on_msg(self, hear):
        self.hear = hear

    def on_close(self, closed):
        self.ended = closed

    def send(self, data):
        self.sent.append(data)

    def close(self):
        self.closed = True


def message(**data):
    return {"content": {"data": data}}


def cells_message(*ids):
    places = [{"id": one, "title": f"Over {one}"} for one in ids]
    return message(type="cells", notebook="n.ipynb", cells=places)


@pytest.fixture
def comm(cells):
    channel, made = CellsChannel(cells.session), Comm()
    channel._opened(made, cells_message("a", "b"))
    made.channel = channel
    return made


def test_a_connection_hears_all_at_first_and_then_changes(cells, comm):
    assert [cell["id"] for cell in comm.sent[0]["cells"]["cells"]] == ["a", "b"]
    assert cells.session.graph_view().groups == ["Over a", "Over b"]
    comm.hear(cells_message("b", "a"))
    assert cells.session.graph_view().groups == ["Over b", "Over a"]
    assert len(comm.sent) == 1, "no badge changed"


def test_it_acts_and_answers(cells, comm):
    comm.hear(message(type="act", id=7, action="run", names=["both"]))
    assert comm.sent[-1] == {"type": "reply", "reply": {"id": 7, "error": ""}}
    assert cells.said()["b"][1] == "fresh"
    cells.feature("a", CELL_A.replace("* 2", "* 4"))
    assert cells.said()["b"][1] == "stale"
    comm.hear(message(type="act", id=8, action="recompute", names=[]))
    assert cells.said()["b"][1] == "fresh"
    told = cells.session.states_view().message
    comm.hear(message(type="act", id=8, action="recompute", names=[]))
    assert cells.session.states_view().message == told, "nothing was stale, nothing is said"
    comm.hear(message(type="act", id=9, action="run", names=["nothing"]))
    assert "No feature or input nothing" in comm.sent[-1]["reply"]["error"]
    comm.hear(message(type="act", id=10, action="delete", names=["both"]))
    assert "both" in cells.session.graph


def test_a_closed_connection_hears_no_more(cells, comm):
    comm.ended({})
    before = len(comm.sent)
    cells.compute("c", "both")
    assert len(comm.sent) == before
    assert not cells.session._live.watched


def test_the_channel_comes_and_goes_with_the_extension(notebook):
    from comm import get_comm_manager

    from jupyter_lifecycle.notebook import extension

    targets = get_comm_manager().targets
    assert TARGET in targets
    made = Comm()
    targets[TARGET](made, cells_message())
    extension.unload_ipython_extension(notebook.shell)
    assert made.closed
    assert TARGET not in targets
    extension.load_ipython_extension(notebook.shell)


def test_a_view_is_a_value(cells):
    views, _, _ = cells.session.cells()
    assert isinstance(views["a"], CellView)
    assert views == cells.session.cells()[0]
