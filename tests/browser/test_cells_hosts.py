"""Cells elsewhere: Notebook 7, a kernel without the package, a person who wants less on screen."""

from __future__ import annotations

import contextlib
import json
import sys
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from pages import shoot
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
CELLS = [
    "%load_ext jupyter_lifecycle\nimport pandas as pd\nframe = pd.DataFrame({'a': range(1000)})\n%inputs frame",
    "%%feature\ndef twice(a: pd.Series) -> pd.Series:\n    return a * 2",
    "out = %compute twice",
]
DONE = """() => document.querySelector('.jp-Completer:not(.lm-mod-hidden)')?.innerText.includes('twice')
    || window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.source.includes('more(twice')"""
HIDDEN = """
import sys
sys.modules["jupyter_lifecycle"] = None
from ipykernel.kernelapp import launch_new_instance
launch_new_instance()
"""


def written(folder: Path, name: str, kernel: dict[str, Any] = KERNEL) -> Path:
    cells = [new_code_cell(text) for text in CELLS]
    path = folder / f"{name}.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata=kernel), path)
    return path


def test_notebook_7_has_badges_buttons_and_the_panel(
    tmp_path: Path, lab: Any, new_page: Callable[..., Any]
) -> None:
    path = written(lab.folder, "in_notebook_7")
    page = new_page(width=1400, height=900)
    page.goto(f"{lab.url}/notebooks/{path.name}")
    page.locator(".jp-Notebook .jp-Cell .cm-content").first.click()
    expect(page.locator('[data-status="idle"]').first).to_be_visible(timeout=60_000)
    for at in range(3):
        page.keyboard.press("Shift+Enter")
        number = page.locator(f'.jp-Cell[data-windowed-list-index="{at}"] .jp-InputPrompt')
        expect(number).to_have_text(f"[{at + 1}]:", timeout=60_000)
    badge = page.locator('.jp-Cell[data-windowed-list-index="1"] .jl-badge')
    expect(badge).to_have_attribute("title", "1 feature, fresh")
    magics = page.locator(".jl-magic-name").all_inner_texts()
    assert magics == ["%load_ext", "%inputs", "%%feature", "%compute"]
    page.get_by_role("button", name="Features", exact=True).click()
    expect(page.locator(".jl-lab-side").get_by_role("application")).to_be_visible()
    shoot(page, "notebook-7")
    page.locator(".jp-Notebook .jp-Cell .cm-content").first.click()
    page.get_by_role("button", name="Save envelope").click()
    expect(page.locator(".jp-Notebook")).to_contain_text("%save")


@pytest.fixture
def bare_kernel(lab: Any) -> Iterator[dict[str, Any]]:
    """A kernel of this Python for which the package is not installed."""
    folder = lab.home / "jupyter" / "data" / "kernels" / "bare"
    folder.mkdir(parents=True, exist_ok=True)
    argv = [sys.executable, "-c", HIDDEN, "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Bare", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    yield {"kernelspec": {"name": "bare", "display_name": "Bare", "language": "python"}}
    (folder / "kernel.json").unlink()


def test_without_the_package_the_notebook_works_and_the_panel_says_the_line(
    tmp_path: Path, bare_kernel: dict[str, Any], open_notebook: Callable[..., Any]
) -> None:
    notebook = open_notebook(written(tmp_path, "bare", bare_kernel))
    page = notebook.page
    notebook.command("jupyter-lifecycle:features")
    side = page.locator(".jl-notebook-view:not(.lm-mod-hidden)")
    expect(side).to_contain_text("jupyter_lifecycle is not in this kernel")
    expect(side).to_contain_text("%pip install jupyter_lifecycle")
    shoot(page, "package-missing")
    notebook.replace(0, CELLS[0], "print(6 * 7)")
    notebook.run_cell(0)
    assert "42" in notebook.output_text(0, "42")
    assert page.locator(".jl-badge").count() == 0
    # The button leads to the line, and puts no cell into the notebook.
    page.get_by_role("button", name="Save envelope").click()
    expect(side).to_be_visible()
    assert page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets.length") == 3


def test_the_settings_turn_things_off_and_on(
    tmp_path: Path, open_notebook: Callable[..., Any]
) -> None:
    notebook = open_notebook(written(tmp_path, "settings"))
    page = notebook.page
    for at in range(3):
        notebook.run_cell(at)
    badges = page.locator(".jp-Notebook .jl-badge")
    expect(badges).to_have_count(2)
    save = page.get_by_role("button", name="Save envelope")
    expect(save).to_be_visible()

    def choose(name: str, value: bool) -> None:
        page.evaluate(
            "() => window.jupyterapp.commands.execute('settingeditor:open', {query: 'Features'})"
        )
        page.get_by_label(name, exact=True).set_checked(value)

    choose("Badges beside cells", False)
    choose("Buttons in the notebook's toolbar", False)
    notebook.page.evaluate(
        "name => window.jupyterapp.commands.execute('docmanager:open', {path: name})", notebook.name
    )
    expect(badges).to_have_count(0)
    expect(save).to_be_hidden()
    choose("Badges beside cells", True)
    choose("Buttons in the notebook's toolbar", True)
    notebook.page.evaluate(
        "name => window.jupyterapp.commands.execute('docmanager:open', {path: name})", notebook.name
    )
    expect(badges).to_have_count(2)
    expect(save).to_be_visible()


def test_shift_tab_describes_a_column_and_tab_completes_it(
    tmp_path: Path, open_notebook: Callable[..., Any]
) -> None:
    notebook = open_notebook(written(tmp_path, "names"))
    page = notebook.page
    for at in range(3):
        notebook.run_cell(at)
    page.evaluate(
        """() => {
            const {content} = window.jupyterapp.shell.currentWidget
            content.activeCellIndex = 1
            content.mode = 'edit'
            content.activeCell.editor.focus()
            content.activeCell.editor.setCursorPosition({line: 1, column: 11})
        }"""
    )
    page.keyboard.press("Shift+Tab")
    expect(page.locator(".jp-Tooltip")).to_contain_text("Input, 1,000 rows.")
    expect(page.locator(".jp-Tooltip")).to_contain_text("Needed by twice.")
    page.keyboard.press("Escape")
    cell = page.locator('.jp-Notebook .jp-Cell[data-windowed-list-index="2"] .cm-content')
    cell.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("%%feature\ndef more(twi")
    # JupyterLab gives a kernel one second; a busy machine may need a second Tab.
    for _ in range(10):
        page.keyboard.press("Tab")
        with contextlib.suppress(PlaywrightTimeout):
            page.wait_for_function(DONE, timeout=4_000)
            break
    shoot(page, "completion")
    assert page.evaluate(DONE)
