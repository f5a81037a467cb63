"""The explorer with a real kernel in Notebook 7 and as an app in Voila: drawn, asked, answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

CELLS = [
    "import pandas as pd\nflights = pd.DataFrame({'a': range(1000), 'b': range(1000)})",
    "%load_ext jupyter_lifecycle\n%inputs flights",
    (
        "%%feature --tag owner=ops\ndef twice(a: pd.Series) -> pd.Series:\n    return a * 2\n\n"
        "def half(b: pd.Series) -> pd.Series:\n    return b / 2"
    ),
    "%%feature\ndef total(twice: pd.Series, half: pd.Series) -> pd.Series:\n    return twice + half",
    "out = %compute total",
    "%dag",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path = tmp_path / "notebooks" / "features.ipynb"
    path.parent.mkdir()
    nbformat.write(new_notebook(cells=[*map(new_code_cell, CELLS)], metadata=metadata), path)
    return path.parent


def use(page: Page) -> None:
    """What a person does in any host: look, select, look closer."""
    explorer = page.locator(".jl-explorer").first
    expect(explorer.locator(".jl-foot")).to_contain_text("3 features · 2 inputs", timeout=120_000)
    explorer.scroll_into_view_if_needed()
    canvas = explorer.locator(".jl-canvas")
    canvas.focus()
    page.keyboard.press("/")
    page.keyboard.type("+total and not tag:owner=ops")
    expect(explorer.locator(".jl-search-shown")).to_have_text("3 shown")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    canvas.focus()
    page.keyboard.press("/")
    page.keyboard.type("total")
    page.keyboard.press("Enter")
    inspector = explorer.locator(".jl-inspector")
    expect(inspector.locator(".jl-histogram")).to_be_visible()
    expect(inspector).to_contain_text("1,000")
    canvas.focus()
    page.keyboard.press("f")
    expect(explorer.locator(".jl-search-field")).to_have_value("2+total+2")


def test_in_notebook_7(
    folder: Path, notebook_server: Callable[..., Any], new_page: Callable[..., Page]
) -> None:
    with notebook_server(folder) as server:
        page = new_page(width=1280, height=1000)
        page.goto(f"{server.url}/notebooks/features.ipynb")
        page.wait_for_function(
            """() => {
                const kernel = window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel
                return kernel?.connectionStatus === 'connected' && kernel.status === 'idle'
            }""",
            timeout=120_000,
        )
        page.evaluate("() => void window.jupyterapp.commands.execute('notebook:run-all-cells')")
        use(page)


def test_as_an_app_in_voila(
    folder: Path, voila: Callable[..., Any], new_page: Callable[..., Page]
) -> None:
    with voila(folder, "features.ipynb") as server:
        page = new_page(width=900, height=900)
        page.goto(server.url, timeout=400_000)
        use(page)
