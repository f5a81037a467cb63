"""Browsing, comparing and watching a registry: in JupyterLab by keyboard, by Voila as dashboards."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from pages import LONG, shoot, write
from playwright.sync_api import expect

from jupyter_lifecycle.widgets.dashboards import PAGES, dashboard_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

HOSTILE = "<img src=x onerror=window.broken=1>"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SEED = f"""
import jupyter_lifecycle as jl
from jupyter_lifecycle.registry import Rule

registry = jl.Registry()
for index in range(3):
    def price(distance: float, origin: str) -> float:
        return distance * (index + 1)
    jl.save(
        price,
        name="departure-delay",
        example=[{{"distance": 1.5, "origin": "JFK"}}],
        tags={{"note": {HOSTILE!r}, "step": str(index)}},
        metrics={{"mae": 14.0 - index, "rmse": 30.0 + index}},
    )
registry.set_rule(Rule("live", "tags.approved = 'yes'", target="elsewhere"))
"""
BROWSE = "jl.registry_panel()"
# What other notebooks of this JupyterLab saved is not in here.
APART = """
import os, tempfile

os.environ["JUPYTER_LIFECYCLE_HOME"] = tempfile.mkdtemp()
"""
COMPARE = "jl.compare_panel(*jl.Registry().search('', limit=3))"


@pytest.fixture(autouse=True)
def patience():
    expect.set_options(timeout=LONG)
    yield
    expect.set_options(timeout=5_000)


def test_a_registry_is_browsed_and_compared_by_keyboard(
    open_notebook: Callable[..., object], tmp_path: Path
) -> None:
    source = write(tmp_path, "browse.ipynb", APART, SEED, BROWSE, COMPARE)
    notebook = open_notebook(source, width=1500, height=1100)
    page = notebook.page
    notebook.run_all()

    panel = notebook.cell(notebook.index_of(BROWSE)).locator(".jl-panel").first
    rows = panel.locator(".jl-grid-row:not(.jl-grid-ghost)")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text(HOSTILE)
    grid = panel.get_by_role("grid", name="Envelopes")
    expect(grid).to_have_attribute("aria-rowcount", "4")
    expect(panel.locator(".jl-registry-detail")).to_contain_text("1 output")

    # completion: a field, then the value that is there, then the result
    field = panel.get_by_role("combobox", name="Query")
    field.click()
    field.press_sequentially("tags.st")
    expect(panel.get_by_role("option").first).to_contain_text("tags.step")
    field.press("Tab")
    expect(field).to_have_value("tags.step ")
    field.press_sequentially("= '1")
    expect(panel.get_by_role("option").first).to_contain_text("'1'")
    field.press("Tab")
    field.press("Enter")
    expect(rows).to_have_count(1)
    expect(panel.locator(".jl-query-figures")).to_contain_text("1 of 3")

    # an error stands at its character, the last result stays
    field.fill("metric.mae < 13")
    field.press("Enter")
    expect(panel.locator(".jl-query-problem")).to_contain_text("Did you mean metrics.mae?")
    expect(panel.locator(".jl-q-wrong")).to_have_text("metric.mae")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(rows).to_have_count(1)
    field.fill("")
    field.press("Enter")
    expect(rows).to_have_count(3)
    expect(field).not_to_have_attribute("aria-invalid", "true")

    # a head writes the order, keys move and tick; none of them reach the notebook
    panel.get_by_role("button", name="mae", exact=True).click()
    expect(field).to_have_value("order by metrics.mae")
    expect(rows.first).to_contain_text("12")
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    body = panel.locator(".jl-grid-scroll")
    body.focus()
    for key in ("Space", "ArrowDown", "Space", "a", "d", "d"):
        body.press(key)
    expect(panel.locator(".jl-box[aria-checked=true]")).to_have_count(2)
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells
    expect(panel.locator(".jl-grid-row.jl-active")).to_contain_text("13")
    shoot(panel, "registry-lab")
    panel.get_by_role("button", name="Compare 2").click()
    opened = panel.locator(".jl-below .jl-panel")
    expect(opened.locator(".jl-compared")).to_contain_text("worse")
    assert page.evaluate("window.broken") is None

    # the comparison: words, charts, another baseline
    compared = notebook.cell(notebook.index_of(COMPARE)).locator(".jl-panel").first
    expect(compared.locator(".jl-say")).to_contain_text("by mae")
    expect(compared.get_by_role("img", name=re.compile("^mae: A 12"))).to_be_visible()
    first = compared.get_by_role("button", name=re.compile("^A "))
    expect(first).to_have_attribute("aria-pressed", "false")
    first.press("Enter")
    expect(compared.get_by_role("button", name=re.compile("^A "))).to_have_attribute(
        "aria-pressed", "true"
    )
    compared.get_by_role("button", name="Show as Markdown").click()
    expect(compared.locator(".jl-code").first).to_contain_text("| metric |")
    shoot(compared, "compare-lab")


def test_the_dashboards_read_at_any_width_and_ask_no_other_host(
    tmp_path: Path, new_page: Callable[..., Page], voila: Callable[..., object]
) -> None:
    for page_name in PAGES:
        shutil.copy(dashboard_folder() / f"{page_name}.ipynb", tmp_path)
    with voila(tmp_path, ".") as server:
        code = SEED + 'registry.tag(registry.latest("").id, {"approved": "yes"})\n'
        subprocess.run([sys.executable, "-c", code], env=server.environment(), check=True)
        asked: list[str] = []
        for page_name, has in (
            ("fleet", "became true for"),
            ("monitor", "It serves nothing and has counted nothing yet"),
            ("layers", "No layer yet"),
            ("registry", "departure-delay"),
            ("trend", "3 envelopes, lower is better"),
            ("features", "No envelope was saved with features yet"),
        ):
            page = new_page(width=390, height=860)
            page.on("request", lambda request: asked.append(request.url))
            page.goto(f"{server.url}/voila/render/{page_name}.ipynb", timeout=120_000)
            panel = page.locator(".jl-panel").first
            expect(panel).to_contain_text(has, timeout=120_000)
            expect(page.get_by_role("navigation", name="Dashboards")).to_contain_text("Fleet")
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
            assert page.get_by_role("button", name="Tag", exact=True).count() == 0
            shoot(page, f"dashboard-{page_name}-phone")
            page.close()
        own = re.compile(rf"^({re.escape(server.url)}|ws://127\.0\.0\.1|data:|blob:)")
        assert [url for url in asked if not own.match(url)] == []
