"""The same computation once more is a look at what may have changed, and sees all that may."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.errors import CacheError
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.hashing import fingerprint
from jupyter_lifecycle.materialise import Hooks, Materialiser, materialiser
from jupyter_lifecycle.materialise import execution as executions

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """
import numpy as np
STEPS = [1.0, 2.0]
TABLE = np.array([1.0, 2.0])
def helper(x):
    return x * STEPS[0]
def a(base):
    return helper(base) + 1
def b(a, shift=(0.5, [0.25])):
    return a + shift[0] + shift[1][0] + TABLE[0]
def c(a, b):
    return a + b
"""


def got(run: Any) -> Any:
    return run.values  # noqa: PD011 - a run's, not a frame's


class Session:
    def __init__(self, cache: ColumnCache) -> None:
        self.module = types.ModuleType("rerun_features")
        exec(compile(SOURCE, "rerun_features.py", "exec"), self.module.__dict__)
        self.graph = FeatureGraph.from_functions(self.module.a, self.module.b, self.module.c)
        self.materialiser = Materialiser(cache)
        self.base = pd.Series(np.arange(5.0))

    def run(self, **inputs: Any) -> Any:
        return self.materialiser.run(self.graph, ["a", "c"], {"base": self.base, **inputs})

    def fresh(self) -> Any:
        """What a computation without any memory gives."""
        graph = self.graph
        return got(Materialiser(ColumnCache()).run(graph, ["a", "c"], {"base": self.base}))


@pytest.fixture(params=["memory", "disk"])
def session(request: pytest.FixtureRequest, tmp_path: Path) -> Session:
    return Session(ColumnCache() if request.param == "memory" else ColumnCache(tmp_path))


def planned(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Count the computations that look everything up."""
    made: list[Any] = []
    init = executions.Execution.__init__

    def counted(self: Any, *args: Any, **kwargs: Any) -> None:
        made.append(self)
        init(self, *args, **kwargs)

    monkeypatch.setattr(executions.Execution, "__init__", counted)
    return made


def test_the_same_again_looks_nothing_up(session: Session, monkeypatch: Any) -> None:
    first = session.run()
    made = planned(monkeypatch)
    for _ in range(3):
        run = session.run()
        assert run.cached == ("a", "b", "c")
        assert run.recomputed == ()
        assert {each.state for each in run.reports.values()} == {"fresh"}
        assert all(got(run)[name].equals(got(first)[name]) for name in ("a", "c"))
    assert made == []
    assert session.materialiser.why("c").text.startswith("c: same as the run of ")


def add_step(session: Session) -> None:
    session.module.STEPS.append(3.0)
    session.module.STEPS[0] = 7.0


def change_table(session: Session) -> None:
    session.module.TABLE[0] = 9.0


def new_helper(session: Session) -> None:
    exec("def helper(x):\n    return x * 5", session.module.__dict__)


def new_code(session: Session) -> None:
    session.module.a.__code__ = (lambda base: base * 100).__code__.replace(
        co_varnames=("base",), co_name="a"
    )


def helper_code(session: Session) -> None:
    session.module.helper.__code__ = (lambda x: x * 11).__code__


def new_default(session: Session) -> None:
    session.module.b.__defaults__ = ((0.5, [100.0]),)


def equal_default(session: Session) -> None:
    session.module.b.__defaults__ = ((True, [0.25]),)


def change_default(session: Session) -> None:
    session.module.b.__defaults__[0][1][0] = 50.0


def change_input(session: Session) -> None:
    session.base.iloc[0] = 77.0


CHANGES = [
    *(add_step, change_table, new_helper, new_code, helper_code),
    *(new_default, equal_default, change_default, change_input),
]


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_is_seen(change: Any, session: Session) -> None:
    session.run()
    session.run()
    change(session)
    run = session.run()
    assert "c" in run.recomputed
    fresh = session.fresh()
    assert all(fingerprint(got(run)[n]) == fingerprint(fresh[n]) for n in ("a", "c"))


def test_another_input_is_seen_and_the_first_one_found_again(session: Session) -> None:
    first = got(session.run())["c"]
    other = session.run(base=session.base * 2)
    assert other.recomputed == ("a", "b", "c")
    again = session.run()
    assert again.recomputed == ()
    assert got(again)["c"].equals(first)
    assert session.materialiser.value("c").equals(first)


def test_what_is_forgotten_is_computed(session: Session) -> None:
    session.run()
    session.run()
    session.materialiser.forget("b")
    assert session.run().recomputed == ("b",)


def test_a_cache_that_somebody_cleared_is_seen(tmp_path: Path) -> None:
    session = Session(ColumnCache(tmp_path))
    session.run()
    session.run()
    ColumnCache(tmp_path).clear()
    assert session.run().recomputed == ("a", "b", "c")


def test_what_left_memory_is_seen() -> None:
    session = Session(ColumnCache(memory_bytes=300))
    session.run()
    session.run()
    session.materialiser.cache.store(b"another".ljust(16), np.arange(35.0), seconds=0)
    run = session.run()
    assert "c" in run.recomputed
    assert got(run)["c"].equals(session.fresh()["c"])


def test_listeners_hear_the_same_again(session: Session) -> None:
    class Heard(Hooks):
        def __init__(self) -> None:
            self.heard: list[str] = []

        def before_graph(self, graph: Any, targets: Any) -> None:
            self.heard.append("before")

        def on_event(self, event: Any) -> None:
            self.heard.append(event.name)

        def after_graph(self, graph: Any, run: Any) -> None:
            self.heard.append(f"after {len(run.cached)}")

    session.run()
    hook = Heard()
    session.materialiser.hooks = (hook,)
    session.run()
    assert hook.heard == ["before", "a", "b", "c", "after 3"]


def test_a_value_that_is_lost_before_it_is_read_is_computed(session: Session) -> None:
    expected = got(session.run())["c"]
    for run in (session.run(), Session.run(session)):
        session.materialiser.cache.clear()
        assert got(run)["c"].equals(expected)
        assert got(run)["a"].equals(session.fresh()["a"])
    assert session.run().recomputed in {(), ("b",)}


def test_a_value_that_is_lost_and_cannot_be_had_again_is_an_error(session: Session) -> None:
    session.run()
    run = session.run()
    session.materialiser.cache.clear()
    session.module.STEPS[0] = 3.0
    with pytest.raises(CacheError, match="has changed since"):
        got(run)["c"]


def test_a_value_that_is_lost_at_once_is_an_error(session: Session) -> None:
    session.run()
    entry = session.run().reports["c"]
    with pytest.raises(CacheError, match="c was computed a moment ago"):
        materialiser._gone("c", entry, CacheError("gone"))


def test_answers_are_a_mapping(session: Session) -> None:
    session.run()
    values = got(session.run())
    assert list(values) == ["a", "c"]
    assert len(values) == 2
    assert "a" in values
    assert "b" not in values
    assert repr(values) == "<values of a, c>"
    with pytest.raises(KeyError):
        values["b"]
    mine = values["a"]
    mine.iloc[0] = 1e9
    assert values["a"].iloc[0] != 1e9


def test_a_file_that_a_feature_read_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "table.txt"
    path.write_text("1")
    module = types.ModuleType("reading_features")
    source = (
        "from pathlib import Path\ndef read(base):\n"
        f"    return base + float(Path({str(path)!r}).read_text())"
    )
    exec(compile(source, "reading_features.py", "exec"), module.__dict__)
    session = Session(ColumnCache(tmp_path / "cache"))
    session.graph = FeatureGraph.from_functions(module.read)
    targets, inputs = ["read"], {"base": 1.0}
    runs = [session.materialiser.run(session.graph, targets, inputs) for _ in range(3)]
    assert [got(run)["read"] for run in runs] == [2.0, 2.0, 2.0]
    assert runs[-1].recomputed == ()
    path.write_text("5")
    assert got(session.materialiser.run(session.graph, targets, inputs))["read"] == 6.0
    path.write_text("1")
    assert got(session.materialiser.run(session.graph, targets, inputs))["read"] == 2.0
