"""The explorer's Python half: what is sent, when, from any thread; what is answered; what is saved."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import pytest

from jupyter_lifecycle.errors import GraphError
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.widgets import explorer as explorer_module
from jupyter_lifecycle.widgets.explorer import Explorer, explore
from jupyter_lifecycle.widgets.explorer_answers import failure_line
from jupyter_lifecycle.widgets.explorer_feed import Feed
from jupyter_lifecycle.widgets.explorer_graph import GraphSource, graph_view
from jupyter_lifecycle.widgets.wire import GraphView, Inspection, NodeState, StatesView

if TYPE_CHECKING:
    from collections.abc import Callable


def _features() -> FeatureGraph:
    def twice(a: int) -> int:
        """Two times a.

        And more.
        """
        return a * 2

    def total(twice: int, b: int) -> int:
        return twice + b

    return FeatureGraph.from_functions(twice, total)


class Source:
    """A session as the explorer sees it, driven by the test."""

    def __init__(self) -> None:
        self.graph = GraphView(
            1, ["a", "b"], ["input", "feature"], [], [], [-1, -1], [0, 1], ["", ""]
        )
        self.states = self._fresh_states(1)
        self.listener: Callable[[Literal["graph", "states"], list[str]], None] | None = None
        self.acted: list[tuple[str, list[str]]] = []

    @staticmethod
    def _fresh_states(version: int) -> StatesView:
        nodes = [
            NodeState(0, "input", "", "", None, None, None, None, None),
            NodeState(1, "new", "", "", None, None, None, None, None),
        ]
        return StatesView(version, nodes, "", 0, 0, "")

    def graph_view(self) -> GraphView:
        return self.graph

    def states_view(self) -> StatesView:
        return self.states

    def inspect(self, name: str) -> Inspection:
        return GraphSource(_features()).inspect(name)

    def act(self, action: str, names: list[str]) -> None:
        if action == "drop":
            raise ZeroDivisionError("division by zero")
        self.acted.append((action, names))

    def subscribe(
        self, listener: Callable[[Literal["graph", "states"], list[str]], None]
    ) -> Callable[[], None]:
        self.listener = listener

        def end() -> None:
            self.listener = None

        return end

    def change(self, state: str) -> None:
        nodes = [self.states.nodes[0], replace(self.states.nodes[1], state=state)]  # type: ignore[arg-type]
        self.states = replace(self.states, nodes=nodes)
        assert self.listener is not None
        self.listener("states", ["b"])


class Sink:
    """Takes messages from any thread; waits for one without sleeping."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.arrived = threading.Condition()

    def __call__(self, message: dict[str, Any]) -> None:
        with self.arrived:
            self.messages.append(message)
            self.arrived.notify_all()

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        with self.arrived:
            assert self.arrived.wait_for(lambda: any(map(wanted, self.messages)), timeout=20)
        return next(message for message in self.messages if wanted(message))


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def feed(source: Source, sink: Sink) -> Any:
    feed = Feed(source, sink)
    yield feed
    feed.close()


def rows(message: dict[str, Any]) -> list[list[Any]]:
    nodes: list[list[Any]] = message["states"]["nodes"] if message["type"] == "states" else []
    return nodes


class TestFeed:
    def test_nothing_is_sent_before_a_view_has_come(
        self, feed: Feed, source: Source, sink: Sink
    ) -> None:
        source.change("stale")
        assert sink.messages == []

    def test_a_view_that_comes_gets_graph_and_states(self, feed: Feed, sink: Sink) -> None:
        feed.greet()
        assert [message["type"] for message in sink.messages] == ["graph", "states"]
        assert sink.messages[0]["graph"]["names"] == ["a", "b"]
        assert rows(sink.messages[1])[1] == [1, "new", "", "", None, None, None, None, None]

    def test_only_what_changed_follows(self, feed: Feed, source: Source, sink: Sink) -> None:
        feed.greet()
        source.change("fresh")
        message = sink.wait_for(lambda m: any(row[1] == "fresh" for row in rows(m)))
        assert [row[0] for row in rows(message)] == [1]

    def test_another_graph_is_sent_whole_with_its_states(
        self, feed: Feed, source: Source, sink: Sink
    ) -> None:
        feed.greet()
        source.graph = replace(source.graph, version=2, names=["a", "c"])
        source.states = Source._fresh_states(2)
        assert source.listener is not None
        source.listener("graph", [])
        sink.wait_for(lambda m: m["type"] == "states" and m["states"]["version"] == 2)
        assert [m["type"] for m in sink.messages] == ["graph", "states", "graph", "states"]
        assert len(rows(sink.messages[-1])) == 2

    def test_states_of_a_graph_that_is_not_sent_yet_wait(
        self, feed: Feed, source: Source, sink: Sink
    ) -> None:
        source.states = Source._fresh_states(2)
        feed.greet()
        assert [message["type"] for message in sink.messages] == ["graph"]

    def test_progress_without_a_changed_node_is_sent_and_the_same_again_is_not(
        self, feed: Feed, source: Source, sink: Sink
    ) -> None:
        feed.greet()
        source.states = replace(source.states, done=1, total=4, running="b")
        feed._flush()
        feed._flush()
        assert [m["states"]["done"] for m in sink.messages if m["type"] == "states"] == [0, 1]

    def test_many_changes_from_many_threads_are_few_messages(
        self, feed: Feed, source: Source, sink: Sink
    ) -> None:
        feed.greet()

        def work(number: int) -> None:
            for step in range(200):
                source.change("running" if (number + step) % 2 else "queued")

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        source.change("fresh")
        sink.wait_for(lambda m: any(row[1] == "fresh" for row in rows(m)))
        assert len(sink.messages) < 200

    def test_closed_it_hears_nothing(self, feed: Feed, source: Source) -> None:
        feed.greet()
        thread = feed._thread
        feed.close()
        assert source.listener is None
        assert thread is not None
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def widget(source: Source, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(explorer_module, "built", lambda name: f"/* {name} */")
    widget = Explorer(source)
    widget.sent = []
    monkeypatch.setattr(widget, "send", lambda content, buffers=None: widget.sent.append(content))
    widget._feed._send = widget.send
    yield widget
    widget.close()


class TestExplorer:
    def test_it_answers_with_the_request_s_id(self, widget: Any) -> None:
        widget._on_message(widget, {"type": "inspect", "id": 7, "names": ["twice"]}, [])
        (reply,) = [m["reply"] for m in widget.sent]
        assert (reply["id"], reply["error"]) == (7, "")
        assert reply["inspection"]["doc"].startswith("Two times a.")

    def test_an_action_reaches_the_source(self, widget: Any, source: Source) -> None:
        widget._on_message(widget, {"type": "act", "id": 1, "action": "run", "names": ["b"]}, [])
        assert source.acted == [("run", ["b"])]
        reply = widget.sent[-1]["reply"]
        assert (reply["id"], reply["inspection"], reply["error"]) == (1, None, "")

    @pytest.mark.parametrize(
        ("message", "expected"),
        [
            ({"type": "act", "id": 2, "action": "drop", "names": ["b"]}, "ZeroDivisionError: division by zero"),
            ({"type": "inspect", "id": 3, "names": ["twise"]}, "No feature or input twise in this graph. Did you mean twice?"),
        ],
    )  # fmt: skip
    def test_a_failure_is_told_in_one_line(self, widget: Any, message: Any, expected: str) -> None:
        widget._on_message(widget, message, [])
        assert widget.sent[-1]["reply"]["error"] == expected

    def test_a_query_is_answered_with_nodes_or_with_its_error(self, widget: Any) -> None:
        ask = {"type": "select", "id": 4, "names": []}
        widget._on_message(widget, ask | {"text": "+b"}, [])
        assert widget.sent[-1]["reply"]["selected"] == {
            "query": "+b", "nodes": [0, 1], "around": True,
            "error": "", "position": 0, "length": 0, "suggestion": "",
        }  # fmt: skip
        widget._on_message(widget, ask | {"text": "a stats:new"}, [])
        wrong = widget.sent[-1]["reply"]["selected"]
        assert (wrong["position"], wrong["length"], wrong["suggestion"]) == (2, 5, "status")
        assert "Did you mean status?" in wrong["error"]

    def test_names_are_described_and_queries_completed(self, widget: Any) -> None:
        widget._on_message(widget, {"type": "describe", "id": 5, "names": ["b"]}, [])
        assert widget.sent[-1]["reply"]["text"] == "b"
        ask = {"type": "complete", "id": 6, "names": [], "text": "status:ne", "at": 9}
        widget._on_message(widget, ask, [])
        assert widget.sent[-1]["reply"]["completed"]["options"] == [("new", "1 node")]

    def test_it_exports(self, widget: Any) -> None:
        ask = {"type": "export", "id": 7, "names": ["b"], "text": "mermaid"}
        widget._on_message(widget, ask, [])
        assert widget.sent[-1]["reply"]["text"] == 'flowchart LR\n    n0["b"]\n'
        widget._on_message(widget, ask | {"text": "gif"}, [])
        assert "There is no format gif." in widget.sent[-1]["reply"]["error"]

    @pytest.mark.parametrize("content", ["text", {}, {"type": "act", "names": "b"}, {"type": "?"}])
    def test_what_is_no_request_is_left_alone(self, widget: Any, content: Any) -> None:
        widget._on_message(widget, content, [])
        assert widget.sent == []

    def test_a_view_that_comes_is_greeted(self, widget: Any) -> None:
        widget._on_message(widget, {"type": "hello", "id": 0, "action": "inspect", "names": []}, [])
        assert [m["type"] for m in widget.sent] == ["graph", "states"]

    def test_the_saved_notebook_has_picture_and_text(self, widget: Any) -> None:
        data, _ = widget._repr_mimebundle_()
        assert data["image/svg+xml"].startswith("<svg ")
        assert data["text/plain"] == "1 feature, 1 input. 1 not computed.\nFeatures: b"
        assert "application/vnd.jupyter.widget-view+json" in data

    def test_a_large_graph_has_text_alone(self, widget: Any, source: Source) -> None:
        count = 301
        source.graph = GraphView(2, [f"f{i}" for i in range(count)], ["feature"] * count, [], [],
                                 [-1] * count, [], [""] * count)  # fmt: skip
        nodes = [NodeState(i, "new", "", "", None, None, None, None, None) for i in range(count)]
        source.states = StatesView(2, nodes, "", 0, 0, "")
        data, _ = widget._repr_mimebundle_()
        assert "image/svg+xml" not in data
        assert data["text/plain"] == "301 features, 0 inputs. 301 not computed."

    def test_what_is_saved_of_the_view_is_small(self, widget: Any) -> None:
        state = widget.get_state()
        own = {key for key in state if not key.startswith("_")}
        assert own <= {"selected", "query", "layout", "tabbable", "tooltip", "comm"}


class TestAnyGraph:
    def test_its_structure(self) -> None:
        view = graph_view(_features())
        assert view.names == ["a", "b", "twice", "total"]
        assert view.kinds == ["input", "input", "feature", "feature"]
        pairs = list(zip(view.edges[::2], view.edges[1::2], strict=True))
        assert sorted(pairs) == [(0, 2), (1, 3), (2, 3)]
        assert view.docs[2] == "Two times a."
        assert view.group[2] == view.group[3] == 0
        assert not view.live

    def test_states_and_inspection(self) -> None:
        source = GraphSource(_features())
        assert [node.state for node in source.states_view().nodes] == [
            "input",
            "input",
            "new",
            "new",
        ]
        found = source.inspect("twice")
        assert [parent.name for parent in found.parents] == ["a"]
        assert [child.name for child in found.children] == ["total"]
        assert "return a * 2" in found.source
        assert source.inspect("a").kind == "input"

    def test_it_cannot_be_run(self) -> None:
        with pytest.raises(GraphError, match=r"run needs a session.*%load_ext"):
            GraphSource(_features()).act("run", ["twice"])

    def test_it_never_changes(self) -> None:
        GraphSource(_features()).subscribe(lambda what, names: None)()

    def test_explore_makes_a_widget(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(explorer_module, "built", lambda name: "")
        widget = explore(_features())
        assert isinstance(widget, Explorer)
        widget.close()


def test_a_failure_without_words_is_its_class() -> None:
    assert failure_line(KeyboardInterrupt()) == "KeyboardInterrupt"
    assert failure_line(GraphError("No such feature.")) == "No such feature."
