"""Two versions of a feature graph: what is said to differ, and how."""

from __future__ import annotations

import itertools
import json
import linecache
from dataclasses import replace
from typing import Any

import pytest

from jupyter_lifecycle.errors import EnvelopeError, GraphError
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.widgets import explorer as explorer_module
from jupyter_lifecycle.widgets.explorer_diff import DiffSource, Version, compared, version_of


def graph(**sources: str) -> FeatureGraph:
    """A graph of the functions that these texts define, in a namespace of their own."""
    space: dict[str, Any] = {"KNOTS": 0.869}
    functions = []
    for name, text in sources.items():
        file = f"<{name} {next(_serial)}>"
        linecache.cache[file] = (len(text), None, [f"{line}\n" for line in text.split("\n")], file)
        exec(compile(text, file, "exec"), space)
        functions.append(space[name])
    return FeatureGraph.from_functions(*functions)


_serial = itertools.count()
GUST = "def gust(wind): return wind * 2"
SEVERITY = "def severity(gust, rain): return gust + rain"
PRESSURE = "def pressure(severity): return severity"


class Saved:
    """An envelope, as far as the comparison reads it."""

    id = "2c81e0f9b1" + 30 * "0"

    def __init__(self, features: list[dict[str, Any]] | None) -> None:
        self._features = features

    def read(self, name: str) -> bytes:
        assert name == "features.json"
        if self._features is None:
            raise EnvelopeError("The envelope has no file features.json.")
        return json.dumps({"features": self._features}).encode()


def marks(source: DiffSource) -> dict[str, tuple[str, str]]:
    view = source.graph_view()
    rows = zip(view.names, view.marks, view.mark_notes, strict=True)
    return {name: (mark, note) for name, mark, note in rows if mark}


def test_added_removed_changed_and_what_reads_it() -> None:
    before = graph(gust=GUST, severity=SEVERITY, old="def old(rain): return rain")
    after = graph(gust="def gust(wind): return wind * 3", severity=SEVERITY, pressure=PRESSURE)
    source = compared(after, before)
    assert marks(source) == {
        "gust": ("changed", "its code changed"),
        "severity": ("values", "from gust"),
        "pressure": ("added", f"new in {after.features['pressure'].origin.label}"),
        "old": ("removed", f"removed from {before.features['old'].origin.label}"),
    }
    view = source.graph_view()
    assert view.versions == ["this graph before", "this graph"]
    assert not view.live
    assert source.states_view().message == "4 of 4 features differ."
    assert [view.kinds[view.names.index(name)] for name in ("wind", "rain")] == ["input", "input"]


def test_layout_and_comments_are_no_change() -> None:
    after = graph(gust="def gust(wind):\n    # in knots\n    return wind * 2", severity=SEVERITY)
    assert marks(compared(after, graph(gust=GUST, severity=SEVERITY))) == {}


def test_the_same_code_under_a_new_name_is_said_to_be_that() -> None:
    after = graph(blow=GUST.replace("gust", "blow"))
    assert marks(compared(after, graph(gust=GUST)))["blow"] == ("added", "gust under a new name")


def test_an_envelope_remembers_the_keys_of_then() -> None:
    text = "def gust(wind): return wind * KNOTS"
    now = graph(gust=text)
    entry = version_of(now).features["gust"]
    saved = {"name": "gust", "parameters": ["wind"], "source": entry.source, "origin": "cell 5",
             "doc": "", "key": entry.key}  # fmt: skip
    assert marks(compared(now, Saved([saved]), now="this notebook")) == {}
    source = compared(now, Saved([saved | {"key": "00"}]), now="this notebook")
    assert marks(source) == {"gust": ("changed", "what it names changed")}
    assert source.graph_view().versions == ["2c81e0f9b1", "this notebook"]
    unkeyed = {key: value for key, value in saved.items() if key != "key"}
    assert marks(compared(now, Saved([unkeyed]))) == {}


def test_a_constant_that_changed_is_named_with_both_values() -> None:
    text = "def gust(wind): return wind * KNOTS"
    was, now = (version_of(graph(gust=text)) for _ in range(2))
    old, new = was.features["gust"], now.features["gust"]
    (label,) = [label for label in new.parts if "KNOTS" in label]
    other = version_of(graph(gust="def gust(wind): return wind * KNOTS", KNOTS="def KNOTS(): ..."))
    part = next(p for name, p in other.features["gust"].parts.items() if "KNOTS" in name)
    changed = replace(old, key="00", parts={**old.parts, label: part})
    source = DiffSource(Version("then", {"gust": changed}), now)
    assert marks(source)["gust"] == ("changed", f"{label} changed")
    lines = source.inspect("gust").why[0].splitlines()
    assert [line[0] for line in lines[1:3]] == ["-", "+"]
    fewer = replace(old, key="01", parts={k: v for k, v in old.parts.items() if k != label})
    assert marks(DiffSource(Version("then", {"gust": fewer}), now))["gust"] == (
        "changed",
        f"names {label} now",
    )
    assert marks(DiffSource(now, Version("later", {"gust": fewer})))["gust"] == (
        "changed",
        f"names {label} no more",
    )


def test_the_inspector_has_the_difference_of_the_sources() -> None:
    source = compared(graph(gust="def gust(wind): return wind * 3"), graph(gust=GUST))
    found = source.inspect("gust")
    assert "- def gust(wind): return wind * 2" in found.why[0]
    assert "+ def gust(wind): return wind * 3" in found.why[0]
    assert [parent.name for parent in found.parents] == ["wind"]
    assert [child.name for child in source.inspect("wind").children] == ["gust"]
    with pytest.raises(
        GraphError, match=r"No feature or input gus in either version\. Did you mean gust"
    ):
        source.inspect("gus")
    with pytest.raises(GraphError, match=r"run needs a session.*two versions"):
        source.act("run", ["gust"])
    source.subscribe(lambda what, names: None)()


def test_one_version_alone_has_no_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    source = compared(graph(gust=GUST), None)
    view = source.graph_view()
    assert (view.marks, view.versions, source.states_view().message) == ([], [], "")
    assert source.inspect("gust").why == []
    monkeypatch.setattr(explorer_module, "built", lambda name: "")
    saved = {"name": "gust", "parameters": ["wind"], "source": GUST, "origin": "cell 5", "doc": ""}
    widget = explorer_module.explore(Saved([saved]))
    assert widget.find("kind:feature") == ("gust",)
    other = explorer_module.explore(
        graph(gust=GUST, severity=SEVERITY), "diff:added", against=Saved([saved])
    )
    assert other.find("diff:any") == ("severity",)
    widget.close()
    other.close()


def test_what_has_no_features_is_refused() -> None:
    with pytest.raises(GraphError, match="2c81e0f9b1 was saved without features"):
        version_of(Saved(None))
    with pytest.raises(GraphError, match="A dict has no features to"):
        version_of({})
