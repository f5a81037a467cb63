"""The page on features and the tour do what they say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from jupyter_lifecycle import graph

ROOT = Path(__file__).parents[3]


def test_the_page_runs() -> None:
    text = (ROOT / "docs" / "features.md").read_text(encoding="utf-8")
    space: dict[str, object] = {"__name__": "__main__"}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(compile(block, "features.md", "exec"), space)


def test_every_modifier_is_on_the_page_and_in_the_tour() -> None:
    page = (ROOT / "docs" / "features.md").read_text(encoding="utf-8")
    tour = (ROOT / "notebooks" / "02_features.ipynb").read_text(encoding="utf-8")
    apart = {"make_features", "SubdagParams", "configuration", "apply_to", "resolve_from_config"}
    inside = f"{graph.__name__}.modifiers."
    found = {n for n in graph.__all__ if getattr(graph, n).__module__.startswith(inside)}
    assert len(found) > 25
    for name in found - apart:
        assert name in page, f"{name} is not in docs/features.md"
        assert name in tour, f"{name} is not in notebooks/02_features.ipynb"


@pytest.mark.filterwarnings("default")
def test_the_tour_runs() -> None:
    tour = json.loads((ROOT / "notebooks" / "02_features.ipynb").read_text(encoding="utf-8"))
    space: dict[str, object] = {"__name__": "__main__"}
    for cell in tour["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            exec(compile("".join(cell["source"]), "02_features.ipynb", "exec"), space)
