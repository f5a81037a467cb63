"""Lifecycle hooks: who is called when, with what."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.errors import UnboundError
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.materialise import Hooks, Materialiser


class Told(Hooks):
    def __init__(self) -> None:
        self.calls: list[Any] = []

    def before_graph(self, graph, targets):
        self.calls.append(("before", targets))

    def after_graph(self, graph, run):
        self.calls.append(("after", dict(run.values)))

    def before_node(self, feature, arguments):
        self.calls.append((feature.name, dict(arguments)))

    def after_node(self, feature, value, report):
        self.calls.append((feature.name, value, report.state))

    def on_error(self, feature, error):
        self.calls.append(("error", feature and feature.name, str(error)))

    def on_event(self, event):
        self.calls.append((event.name, event.state))


def doubled(x: int) -> int:
    return x * 2


def inverse(doubled: int) -> float:
    return 1 / doubled


GRAPH = FeatureGraph.from_functions(doubled, inverse)


@pytest.mark.parametrize("executor", ["sequential", "threads"])
def test_each_step_is_told(executor: str) -> None:
    told, events = Told(), []
    work = Materialiser(ColumnCache(), executor, hooks=[told, Hooks()])
    work.run(GRAPH, ["inverse"], {"x": 1}, listener=events.append)
    assert told.calls == [
        ("before", ("inverse",)), ("doubled", "queued"), ("inverse", "queued"),
        ("doubled", "running"), ("doubled", {"x": 1}), ("doubled", "fresh"), ("doubled", 2, "fresh"),
        ("inverse", "running"), ("inverse", {"doubled": 2}), ("inverse", "fresh"),
        ("inverse", 0.5, "fresh"), ("after", {"inverse": 0.5}),
    ]  # fmt: skip
    assert [(each.name, each.state) for each in events] == [
        each for each in told.calls if len(each) == 2 and isinstance(each[1], str)
    ]


def test_what_the_cache_has_does_not_run() -> None:
    told = Told()
    work = Materialiser(ColumnCache(), hooks=[told])
    work.run(GRAPH, ["inverse"], {"x": 1})
    told.calls.clear()
    work.run(GRAPH, ["inverse"], {"x": 1})
    assert [each[0] for each in told.calls] == ["before", "doubled", "inverse", "after"]


def test_errors_are_told_once() -> None:
    told = Told()
    with pytest.raises(ZeroDivisionError):
        Materialiser(hooks=[told]).run(GRAPH, ["inverse"], {"x": 0})
    errors = [each for each in told.calls if each[0] == "error"]
    assert errors == [("error", "inverse", "division by zero")]
    assert told.calls[-1] == errors[0]


def test_what_ends_a_computation_otherwise() -> None:
    class Refusing(Told):
        def before_graph(self, graph, targets):
            raise PermissionError("not today")

    told = Refusing()
    with pytest.raises(PermissionError, match="not today"):
        Materialiser(hooks=[told]).run(GRAPH, ["inverse"], {"x": 1})
    assert told.calls == [("error", None, "not today")]


def test_nothing_is_told_where_names_are_missing() -> None:
    told = Told()
    with pytest.raises(UnboundError):
        Materialiser(hooks=[told]).run(GRAPH, ["inverse"])
    assert told.calls == []


def test_the_base_does_nothing() -> None:
    hooks = Hooks()
    hooks.on_error(None, ValueError())
    assert Materialiser(hooks=[hooks]).run(GRAPH, ["doubled"], {"x": 1}).values == {"doubled": 2}
