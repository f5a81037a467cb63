"""The quickstart as a person runs it: in JupyterLab with the explorer, then as an app in Voila."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pages import shoot
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
QUICKSTART = ROOT / "notebooks" / "01_quickstart.ipynb"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_from_raw_flights_to_an_answer_in_jupyterlab(open_notebook: Callable[..., object]) -> None:
    notebook = open_notebook(QUICKSTART, width=1600, height=1000)
    page = notebook.page
    notebook.run_all(seconds=400)

    explorer = notebook.cell(notebook.index_of("%dag"))
    expect(explorer.get_by_role("application")).to_have_attribute(
        "aria-label", re.compile("37 features")
    )
    shoot(page, "lab-explorer")

    notebook.output_text(notebook.index_of("service.predict"), "array([")

    # An edit recomputes its descendants alone, and says so.
    edited = notebook.index_of("def crosswind")
    notebook.replace(edited, '["wind_dir"] - 40', '["wind_dir"] - 45')
    notebook.run_cell(edited)
    assert "delay_pressure" in notebook.output_text(edited, "became stale")
    computed = notebook.index_of("%compute")
    notebook.run_cell(computed)
    notebook.output_text(computed, "4 recomputed, 31 from cache")
    shoot(page, "lab-recomputed")

    # Save with one click.
    panel = notebook.cell(notebook.index_of("%save"))
    panel.get_by_role("button", name="Save envelope", exact=True).click()
    expect(
        panel.get_by_text("Saved departure-delay").or_(panel.get_by_text("Nothing new"))
    ).to_be_visible()
    shoot(page, "lab-saved")


def test_the_quickstart_opens_as_an_app(
    tmp_path_factory: pytest.TempPathFactory,
    new_page: Callable[..., Page],
    voila: Callable[..., object],
) -> None:
    folder = tmp_path_factory.mktemp("voila-notebooks")
    shutil.copy(QUICKSTART, folder)
    with voila(folder, QUICKSTART.name) as server:
        page = new_page(width=1280, height=900)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(server.url, timeout=400_000)
        expect(page.get_by_role("application").first).to_be_visible(timeout=400_000)
        expect(page.get_by_role("button", name="Save envelope").first).to_be_visible(
            timeout=120_000
        )
        shoot(page, "voila-quickstart")
        outside = [
            url
            for url in asked
            if not url.startswith((server.url, "data:", "blob:", "ws://127.0.0.1"))
        ]
        assert outside == []
