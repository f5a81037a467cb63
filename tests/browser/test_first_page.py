"""A person who has never seen it: an empty notebook, the README's first page, nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbformat.v4 import new_notebook
from pages import LONG, shoot
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
BEGIN, END = "## From an empty notebook to a saved model", "## From a clone"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def first_page() -> list[str]:
    """The page's cells, in its order."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    part = page[page.index(BEGIN) : page.index(END)]
    return re.findall(r"```python\n(.*?)\n```", part, re.DOTALL)


class Person:
    """Puts cells into a notebook with keyboard and clipboard, and runs them with Shift+Enter."""

    def __init__(self, notebook: Any) -> None:
        self.notebook, self.page, self.at = notebook, notebook.page, 0
        self.page.locator(".jp-Notebook .jp-Cell .cm-content").first.click()

    def run(self, text: str) -> Any:
        self.page.keyboard.insert_text(text)
        self.page.keyboard.press("Shift+Enter")
        cell = self.page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{self.at}"]')
        ran = re.compile(r"\[\d+\]:")
        expect(cell.locator(".jp-InputPrompt").first).to_have_text(ran, timeout=LONG)
        assert self.source(self.at) == text
        self.at += 1
        return cell

    def source(self, index: int) -> str:
        found: str = self.page.evaluate(
            "at => window.jupyterapp.shell.currentWidget.content.widgets[at].model.sharedModel.source",
            index,
        )
        return found


def test_from_an_empty_notebook_to_a_saved_envelope(
    tmp_path: Path, open_notebook: Callable[..., Any]
) -> None:
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    empty = tmp_path / "Untitled.ipynb"
    nbformat.write(new_notebook(cells=[nbformat.v4.new_code_cell("")], metadata=kernel), empty)
    person = Person(open_notebook(empty, width=1500, height=1000))
    page = person.page
    load, feature, dag, compute, why, fit, save, line = first_page()

    expect(person.run(load)).to_contain_text("11 inputs from patients, 442 rows.")
    card = person.run(feature)
    expect(card).to_contain_text("Body mass index of 30 or more.")
    expect(card).to_contain_text("strain")
    expect(person.run(dag).get_by_role("application")).to_be_visible()
    expect(person.run(compute)).to_contain_text("2 recomputed")

    # "Change the 30 to 28 in the second cell and run it."
    person.notebook.replace(1, ">= 30", ">= 28")
    person.notebook.run_cell(1)
    expect(page.locator(".jl-status-item")).to_have_text("2 stale")
    person.notebook.run_cell(3)
    expect(person.notebook.cell(3)).to_contain_text("2 recomputed")
    page.locator(".jp-Notebook .jp-Cell .cm-content").last.click()
    expect(person.run(why)).to_contain_text("obese")
    person.run(fit)

    panel = person.run(save)
    panel.get_by_label("Name").first.fill("progression")
    page.keyboard.press("Tab")
    shoot(page, "first-page-save")
    panel.get_by_role("button", name="Save envelope", exact=True).click()
    expect(panel.get_by_text("Saved progression")).to_be_visible(timeout=60_000)

    page.locator(".jp-Notebook .jp-Cell .cm-content").last.click()
    expect(person.run(line)).to_contain_text("array([", timeout=60_000)
    errors = page.locator('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"]')
    expect(errors).to_have_count(0)
    shoot(page, "first-page-end")
