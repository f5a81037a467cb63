"""The lab extension in a real JupyterLab: the side panel follows the notebook and its kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIDE = ".jl-notebook-view:not(.lm-mod-hidden)"
CELLS = [
    # A cache of its own: what other notebooks of this JupyterLab computed is not in it.
    (
        "import os, pandas as pd, tempfile, threading\n"
        "os.environ['JUPYTER_LIFECYCLE_CACHE'] = tempfile.mkdtemp()\n"
        "frame = pd.DataFrame({'a': range(1000), 'b': range(1000)})"
    ),
    "%load_ext jupyter_lifecycle\n%inputs frame",
    (
        "%%feature\ndef twice(a: pd.Series) -> pd.Series:\n    return a * 2\n\n"
        "def total(twice: pd.Series, b: pd.Series) -> pd.Series:\n    return twice + b"
    ),
    "out = %compute total",
    "%dag",
]


@pytest.fixture
def notebook(
    tmp_path: Path, open_notebook: Callable[..., Any], request: pytest.FixtureRequest
) -> Any:
    """The little notebook, open, with the side panel shown; a kernel of its own by its name."""
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path = tmp_path / f"{request.node.name}.ipynb"
    nbformat.write(new_notebook(cells=[*map(new_code_cell, CELLS)], metadata=metadata), path)
    own = open_notebook(path)
    own.command("jupyter-lifecycle:features")
    return own


def side_says(notebook: Any, words: str) -> None:
    notebook.page.wait_for_function(
        "([side, words]) => document.querySelector(side)?.innerText.includes(words)",
        arg=[SIDE, words],
    )


def test_the_side_panel_follows_the_kernel(notebook: Any) -> None:
    page = notebook.page
    side_says(notebook, "Not loaded in this notebook")
    for index in range(5):
        notebook.run_cell(index)
    side_says(notebook, "2 features · 2 inputs")
    expect(page.locator(f"{SIDE} .jl-count:visible")).to_have_text(["2"])
    assert page.locator(".jp-Notebook .jl-explorer").count() == 1

    notebook.replace(2, "a * 2", "a * 3")
    notebook.run_cell(2)
    side_says(notebook, "2 stale")
    status = page.locator(".jl-status-item")
    status.wait_for()
    assert status.inner_text() == "2 stale"

    page.locator(f"{SIDE} .jl-attention-row", has_text="total").click()
    page.get_by_role("button", name="Go to cell").click()
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex === 2"
    )
    page.get_by_role("button", name="Run to here").click()
    page.wait_for_function("() => document.querySelectorAll('.jl-status-item').length === 0")
    side_says(notebook, "Fresh")

    page.evaluate("() => { void window.jupyterapp.commands.execute('kernelmenu:restart') }")
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    side_says(notebook, "Not loaded since the restart.")
    page.locator(f"{SIDE} .jl-lab-hint").get_by_role("button", name="Load").click()
    side_says(notebook, "No features yet")


def test_two_notebooks_have_an_explorer_each(notebook: Any, tmp_path: Path, lab: Any) -> None:
    page = notebook.page
    for index in range(4):
        notebook.run_cell(index)
    side_says(notebook, "2 features · 2 inputs")
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(metadata=metadata), lab.folder / "other.ipynb")
    page.evaluate(
        "() => window.jupyterapp.commands.execute('docmanager:open', {path: 'other.ipynb'})"
    )
    side_says(notebook, "Not loaded in this notebook")
    page.evaluate(
        "path => window.jupyterapp.commands.execute('docmanager:open', {path})", notebook.name
    )
    side_says(notebook, "2 features · 2 inputs")


def test_the_toolbar_saves_below(notebook: Any) -> None:
    page = notebook.page
    side_says(notebook, "Not loaded in this notebook")
    page.get_by_role("button", name="Save envelope").click()
    assert page.locator(SIDE).is_visible()
    notebook.run_cell(0)
    notebook.run_cell(1)
    side_says(notebook, "No features yet")
    page.get_by_role("button", name="Save envelope").click()
    page.wait_for_function(
        """() => window.jupyterapp.shell.currentWidget.content.widgets.some(
            cell => cell.model.sharedModel.source === '%save' && cell.model.executionCount !== null)"""
    )
    index = notebook.index_of("%save")
    assert notebook.cell(index).inner_text().strip() != "%save"
