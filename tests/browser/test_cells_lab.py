"""Cells in a real JupyterLab: badges, progress with its interrupt, errors that lead to their cell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from pages import shoot
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
SETUP = """%load_ext jupyter_lifecycle
import threading
import numpy as np, pandas as pd
rng = np.random.default_rng(7)
flights = pd.DataFrame({"dep_delay": rng.normal(12, 30, 5000), "origin": rng.choice(["EWR", "JFK", "LGA"], 5000)})
%inputs flights"""
DELAYS = '''%%feature --tag team=forecasting
def late(dep_delay: pd.Series) -> pd.Series:
    """Later than a quarter of an hour."""
    return dep_delay > 15


def mean_delay(origin: pd.Series, dep_delay: pd.Series) -> pd.Series:
    """Mean delay of the airport, minutes."""
    return origin.map(dep_delay.groupby(origin).mean())'''
RISK = '''%%feature
def risk(late: pd.Series, mean_delay: pd.Series) -> pd.Series:
    """A first guess."""
    return late * mean_delay'''
CELLS = [
    new_markdown_cell("# Departure delay"),
    new_code_cell(SETUP),
    new_markdown_cell("## Delays"),
    new_code_cell(DELAYS),
    new_markdown_cell("## Risk"),
    new_code_cell(RISK),
    new_code_cell("frame = %compute late risk"),
    new_code_cell("%why risk"),
]


@pytest.fixture
def open_cells(tmp_path: Path, open_notebook: Callable[..., Any], request: Any) -> Any:
    """``open_cells(cells, dark=…, width=…)``: a notebook of these cells, open in JupyterLab."""

    def opener(cells: list[Any], **options: Any) -> Any:
        path = tmp_path / f"{request.node.name}.ipynb"
        nbformat.write(new_notebook(cells=cells, metadata=KERNEL), path)
        return open_notebook(path, **options)

    return opener


def badge(notebook: Any, index: int) -> Any:
    return notebook.page.locator(
        f'.jp-Notebook .jp-Cell[data-windowed-list-index="{index}"] .jl-badge'
    )


def run(notebook: Any, *indices: int) -> None:
    for index in indices:
        notebook.run_cell(index)


def test_badges_say_what_became_of_each_cell(open_cells: Any) -> None:
    notebook = open_cells(CELLS, height=1200)
    page = notebook.page
    run(notebook, 1, 3, 5, 6)
    expect(badge(notebook, 3)).to_have_attribute("title", "2 features, fresh")
    expect(badge(notebook, 6)).to_have_attribute("title", "Computes 2 features, fresh")
    expect(badge(notebook, 1)).to_have_count(0)

    notebook.replace(3, "> 15", "> 20")
    run(notebook, 3)
    expect(badge(notebook, 3)).to_have_attribute("data-state", "stale")
    expect(badge(notebook, 5)).to_have_attribute("title", "1 feature, stale")
    expect(page.locator(".jl-status-item")).to_have_text("2 stale")
    shoot(page, "cells-stale-light")

    page.locator(".jl-out").get_by_role("button", name="Recompute").click()
    expect(badge(notebook, 5)).to_have_attribute("data-state", "fresh")
    page.evaluate("() => window.jupyterapp.commands.execute('jupyter-lifecycle:recompute-stale')")
    expect(page.locator(".jl-status-item")).to_have_count(0)

    badge(notebook, 5).click()
    expect(page.locator(".jl-lab-side .jl-inspector")).to_contain_text("A first guess.")
    run(notebook, 7)
    shoot(page, "cells-fresh-light")


def test_a_long_computation_has_a_bar_and_can_be_interrupted(open_cells: Any) -> None:
    slow = (
        "%%feature\ndef first(dep_delay):\n    return dep_delay + 1\n\n"
        "def slow(first):\n    return first if len(first) <= 1000 else threading.Event().wait(600)\n\n"
        "def last(slow):\n    return slow\n"
    )
    notebook = open_cells([CELLS[1], new_code_cell(slow), new_code_cell("%compute last")])
    page = notebook.page
    run(notebook, 0, 1)
    page.evaluate(
        """() => {
            window.jupyterapp.shell.currentWidget.content.activeCellIndex = 2
            void window.jupyterapp.commands.execute('notebook:run-cell')
        }"""
    )
    bar = page.locator(".jl-out [role=progressbar]")
    expect(bar).to_have_attribute("aria-valuetext", "1 of 3")
    expect(page.locator(".jl-status-item")).to_have_text("computing 2 of 3")
    expect(badge(notebook, 2)).to_have_attribute("data-state", "running")
    shoot(page, "cells-running-light")
    page.locator(".jl-out").get_by_role("button", name="Interrupt").click()
    expect(page.locator(".jl-out", has_text="Stopped after 1 of 3")).to_be_visible()
    expect(page.locator(".jl-status-item")).to_have_count(0)
    notebook.wait_idle()
    shoot(page, "cells-stopped-light")


def test_an_error_leads_to_its_cell(open_cells: Any) -> None:
    bad = (
        '%%feature\ndef turnaround(origin: pd.Series, dep_delay: pd.Series) -> pd.Series:\n    """Minutes."""\n'
        '    arrived = dep_delay.index\n    return origin - pd.Timestamp("2013-01-01")\n\n\n'
        "def knock_on(turnaround: pd.Series) -> pd.Series:\n    return turnaround"
    )
    notebook = open_cells(
        [CELLS[1], new_code_cell(bad), new_code_cell("%compute knock_on")], height=1100
    )
    page = notebook.page
    run(notebook, 0, 1, 2)
    expect(badge(notebook, 1)).to_have_attribute("data-state", "error")
    expect(badge(notebook, 2)).to_have_attribute("data-state", "error")
    screen = page.locator(".jl-failed")
    for words in ("turnaround failed in cell [2]", "knock_on waits for it.", "5,000"):
        expect(screen).to_contain_text(words)
    shoot(page, "cells-error-light")
    screen.get_by_role("button", name="Go to cell [2]").click()
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex === 1"
    )


def test_a_cell_that_goes_takes_its_badge_and_its_features_say_so(open_cells: Any) -> None:
    notebook = open_cells(CELLS, height=1200)
    page = notebook.page
    run(notebook, 1, 3, 5, 6)
    expect(badge(notebook, 5)).to_have_count(1)
    page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.model.sharedModel.deleteCell(5)"
    )
    where = "from jupyter_lifecycle.notebook import current_session as s; print(s().inspect('risk').origin)"
    page.evaluate(
        """where => {
            const {content} = window.jupyterapp.shell.currentWidget
            content.model.sharedModel.addCell({cell_type: 'code', source: where})
        }""",
        where,
    )
    last = notebook.index_of("s().inspect")
    notebook.run_cell(last)
    assert "its cell is gone" in notebook.output_text(last, "Risk")


def test_names_lead_to_their_definition(open_cells: Any) -> None:
    notebook = open_cells(CELLS, height=1200)
    page = notebook.page
    run(notebook, 1, 3, 5)
    expect(badge(notebook, 5)).to_have_count(1)
    page.evaluate(
        """() => {
            const {content} = window.jupyterapp.shell.currentWidget
            content.activeCellIndex = 5
            content.activeCell.editor.setCursorPosition({line: 1, column: 28})
            return window.jupyterapp.commands.execute('jupyter-lifecycle:go-to-feature')
        }"""
    )
    place = page.evaluate(
        """() => {
            const {content} = window.jupyterapp.shell.currentWidget
            return [content.activeCellIndex, content.activeCell.editor.getCursorPosition().line]
        }"""
    )
    assert place == [3, 6]


@pytest.mark.parametrize("look", ["dark", "narrow"])
def test_cells_in_other_looks(open_cells: Any, look: str) -> None:
    options = {"dark": True, "height": 1300} if look == "dark" else {"width": 620, "height": 1300}
    notebook = open_cells(CELLS, **options)
    run(notebook, 1, 3, 5, 6, 7)
    expect(badge(notebook, 6)).to_have_attribute("data-state", re.compile("fresh|cached"))
    magics = notebook.page.locator(".jl-magic-name").all_inner_texts()
    assert magics == ["%load_ext", "%inputs", "%%feature", "%%feature", "%compute", "%why"]
    shoot(notebook.page, f"cells-{look}")
