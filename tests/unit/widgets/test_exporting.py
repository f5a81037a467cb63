"""Graphs as documents: whole, safe against hostile names, of the right form."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from jupyter_lifecycle.errors import LifecycleError, SelectionError
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.widgets import exporting
from jupyter_lifecycle.widgets.explorer_graph import GraphSource
from jupyter_lifecycle.widgets.wire import GraphView, NodeState, StatesView

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    'quote"back\\slash`tick',
    "line\nbreak\u2028and\u2029more",
    "שלום 🛫",
    "x" * 500,
    "--> <!-- ]]> &amp; %% end",
]


class Hostile:
    """A source whose every text is hostile."""

    def graph_view(self) -> GraphView:
        count = len(HOSTILE)
        return GraphView(
            1, HOSTILE, ["feature"] * count, [HOSTILE[0], HOSTILE[2]], ["", HOSTILE[1]],
            [at % 2 for at in range(count)], [0, 1, 1, 2], HOSTILE,
        )  # fmt: skip

    def states_view(self) -> StatesView:
        nodes = [NodeState(at, "error", name, name, *[None] * 5) for at, name in enumerate(HOSTILE)]
        return StatesView(1, nodes, "", 0, 0, HOSTILE[0])

    def inspect(self, name: str) -> Any:
        def feature(a: int) -> int:
            return a

        return GraphSource(FeatureGraph.from_functions(feature)).inspect("feature")


@pytest.fixture
def source() -> GraphSource:
    def twice(a: int) -> int:
        """Two times a."""
        return a * 2

    def total(twice: int, b: int) -> int:
        return twice + b

    return GraphSource(FeatureGraph.from_functions(twice, total))


@pytest.fixture
def bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {
        "explorer.js": "var a='</SCRIPT><!--';var w={};export{w as default};\n",
        "explorer.css": ".jl{}",
    }
    monkeypatch.setattr(exporting, "built", texts.__getitem__)


def test_each_ending_has_its_format(source: GraphSource, bundle: None, tmp_path: Path) -> None:
    texts = {
        ending: exporting.write(source, tmp_path / f"graph{ending}").read_text(encoding="utf-8")
        for ending in exporting.FORMATS
    }
    assert texts[".svg"].startswith("<svg ")
    assert texts[".dot"] == texts[".gv"]
    assert texts[".mmd"].startswith("flowchart LR\n")
    assert texts[".md"] == f"```mermaid\n{texts['.mmd']}```\n"
    assert texts[".html"].startswith("<!doctype html>")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"graph{e}" for e in texts)


def test_only_what_a_query_means(source: GraphSource, tmp_path: Path) -> None:
    text = exporting.write(source, tmp_path / "part.mmd", "+twice").read_text(encoding="utf-8")
    assert '"twice"' in text
    assert "total" not in text
    with pytest.raises(SelectionError, match="Did you mean twice"):
        exporting.write(source, tmp_path / "part.mmd", "+twise")


@pytest.mark.parametrize(
    ("name", "words"),
    [("a.gif", "write a graph as .svg"), ("a.png", "the share menu"), ("a", "write a graph")],
)
def test_another_ending_is_refused(
    source: GraphSource, tmp_path: Path, name: str, words: str
) -> None:
    with pytest.raises(LifecycleError, match=words):
        exporting.write(source, tmp_path / name)
    with pytest.raises(LifecycleError, match="There is no format gif"):
        exporting.document(source, "gif")


def test_dot_is_drawn_by_graphviz_whatever_the_names() -> None:
    text = exporting.document(Hostile(), "dot")  # type: ignore[arg-type]
    dot = shutil.which("dot")
    if dot is None:
        pytest.fail("graphviz is not on this machine: install the package graphviz.")
    drawn = subprocess.run([dot, "-Tsvg"], input=text.encode(), capture_output=True, check=True)
    titles = [each.text for each in ET.fromstring(drawn.stdout).iter() if each.text]
    assert any("alert(1)" in text for text in titles)


def test_mermaid_has_no_sign_that_it_reads() -> None:
    text = exporting.document(Hostile(), "mermaid")  # type: ignore[arg-type]
    for line in text.splitlines():
        inside = re.findall(r'"([^"]*)"', line)
        assert not any(set("<>&`") & set(part) for part in inside)
    assert text.count('"') % 2 == 0


def test_svg_is_a_document_whatever_the_names() -> None:
    root = ET.fromstring(exporting.document(Hostile(), "svg"))  # type: ignore[arg-type]
    tags = {each.tag.rpartition("}")[2] for each in root.iter()}
    assert not tags & {"script", "img", "foreignObject"}


def test_html_holds_data_that_ends_no_element(bundle: None) -> None:
    text = exporting.document(Hostile(), "html")  # type: ignore[arg-type]
    assert len(re.findall(r"</script", text, flags=re.IGNORECASE)) == 2
    assert "<img" not in text
    assert "http" not in re.sub(r'http-equiv="[^"]*"', "", text)
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text)
    assert found is not None
    assert json.loads(found.group(1))["graph"]["names"] == HOSTILE


def test_html_of_a_very_large_graph_tells_only_the_graph(
    bundle: None, source: GraphSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "_INSPECTED", 1)
    assert '"inspections":{}' in exporting.document(source, "html")


def test_a_bundle_of_another_form_is_said_to_be_that(
    source: GraphSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "built", lambda name: "var a;")
    with pytest.raises(LifecycleError, match="has no default export"):
        exporting.document(source, "html")
