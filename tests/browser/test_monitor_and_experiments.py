"""Watching an endpoint and reading experiments: in JupyterLab by keyboard, by Voila at any width."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import nbformat
import pytest
from pages import LONG, shoot, write
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page


pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SETUP = """
import os, tempfile

os.environ["JUPYTER_LIFECYCLE_HOME"] = tempfile.mkdtemp()
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

import jupyter_lifecycle as jl
from jupyter_lifecycle.experiments import Metric
from jupyter_lifecycle.registry import Rule
from jupyter_lifecycle.registry.observations import Window
from jupyter_lifecycle.registry.trials import Exposures

HOSTILE = "<img src=x onerror=window.broken=1>"
registry = jl.Registry()


def rows(n, seed, shift=0.0):
    drawn = np.random.default_rng(seed)
    return pd.DataFrame({
        "gust": drawn.gamma(9, 3, n) + shift,
        "distance": drawn.gamma(4, 250, n),
        HOSTILE: drawn.normal(0, 1, n),
    })


class Mean:
    def fit(self, X, y=None):
        self.feature_names_in_ = list(X.columns)
        return self

    def predict(self, X):
        return X["distance"].to_numpy() * 0.01


frame = rows(6_000, 1)
envelope = jl.save(
    Mean().fit(frame), name="delay", example=frame.head(50), training=frame,
    tags={"approved": "yes"},
)
registry.set_rule(Rule("live", "tags.approved = 'yes'", target="elsewhere"))
registry.set_endpoint("live", serving=envelope.id, state="serving")
now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
for back in range(4):
    seen = jl.profile(rows(2_000, back + 50, 25 if back == 0 else 0), like=envelope)
    start = now - timedelta(days=back, hours=1)
    registry.add_windows(
        [Window("live", envelope.id, "inputs", start, 3600, "a", 1, seen.rows, seen.to_json())]
    )

jl.layer("model", unit="customer")
metrics = [Metric("bought", "proportion", "primary", effect=0.02)]


def tried(name, share, treated, effect, n=6_000):
    arms = {"control": {f"{name} text": "a"}, "treatment": {f"{name} text": "b"}}
    trial = jl.experiment(name, layer="model", arms=arms, share=share, metrics=metrics).start()
    drawn = np.random.default_rng(7)
    arm = np.where(drawn.random(n) < treated, "treatment", "control")
    at = [int((now - timedelta(days=4)).timestamp() * 1e6) + 43_000_000 * k for k in range(n)]
    for k in range(0, n, 2_000):
        units = tuple(f"u{i}" for i in range(k, min(k + 2_000, n)))
        part = slice(k, k + 2_000)
        registry.add_exposures(
            [Exposures(name, "test", k, units, tuple(map(str, arm[part])), tuple(at[part]))]
        )
    bought = (drawn.random(n) < 0.2 + effect * (arm == "treatment")).astype(float)
    return pd.DataFrame({"customer": [f"u{i}" for i in range(n)], "bought": bought})


good, broken = tried("good", 0.3, 0.5, 0.08), tried("uneven", 0.3, 0.42, 0.08)
plan = jl.experiment(
    "planned", layer="model", arms={"a": {"colour": 1}, "b": {"colour": 2}}, metrics=metrics
)
"""
MONITOR = 'jl.monitor_panel("live")'
GOOD = 'jl.experiment_panel("good", outcomes=good)'
UNEVEN = 'jl.experiment_panel("uneven", outcomes=broken)'
PLANNED = 'jl.experiment_panel("planned")'
LAYERS = "jl.layers_panel()"


@pytest.fixture(autouse=True)
def patience():
    expect.set_options(timeout=LONG)
    yield
    expect.set_options(timeout=5_000)


def test_an_endpoint_is_watched_and_experiments_are_read_by_keyboard(
    open_notebook: Callable[..., object], tmp_path: Path
) -> None:
    source = write(tmp_path, "watch.ipynb", SETUP, MONITOR, GOOD, UNEVEN, PLANNED, LAYERS)
    notebook = open_notebook(source, width=1500, height=1100)
    page = notebook.page
    notebook.run_all()

    def panel(cell: str) -> object:
        return notebook.cell(notebook.index_of(cell)).locator(".jl-panel").first

    # what moved comes first and is chosen; another input is chosen by keyboard and keeps the focus
    monitor = panel(MONITOR)
    expect(monitor.locator(".jl-watch tbody tr").first).to_contain_text("gust")
    expect(monitor.locator(".jl-watch tbody tr").first).to_contain_text("Moved")
    expect(monitor.get_by_role("img", name=re.compile("^effect of gust by day"))).to_be_visible()
    other = monitor.get_by_role("button", name="distance", exact=True)
    other.press("Enter")
    expect(monitor.locator(".jl-watch-detail h3")).to_have_text("distance")
    expect(monitor.get_by_role("button", name="distance", exact=True)).to_be_focused()
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    for key in ("a", "b", "x"):
        page.keyboard.press(key)
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells
    expect(monitor).to_contain_text("<img src=x")
    shoot(monitor, "monitor-lab")
    monitor.get_by_role("button", name="Tag skew = moved").click()
    tag = monitor.locator(".jl-below .jl-panel")
    expect(tag.get_by_role("listitem").filter(has_text="skew")).to_contain_text("new")

    # an effect is said and drawn; what can be done previews first
    good = panel(GOOD)
    expect(good.locator(".jl-decision").first).to_contain_text("treatment raises bought by")
    expect(good.get_by_role("img", name=re.compile("^effect by day"))).to_be_visible()
    good.get_by_role("button", name="Stop", exact=True).click()
    expect(good.locator(".jl-preview")).to_contain_text("become free")
    good.get_by_role("button", name="Cancel").click()
    expect(good.locator(".jl-preview")).to_be_hidden()
    shoot(good, "experiment-lab")

    # a broken split shows no effect anywhere
    uneven = panel(UNEVEN)
    expect(uneven.locator(".jl-hidden-effect")).to_contain_text("Hidden, not lost")
    expect(uneven).not_to_contain_text("raises")
    expect(uneven).to_contain_text("Where to look")

    # a plan says its slots and what it detects
    planned = panel(PLANNED)
    expect(planned.get_by_role("img", name=re.compile("planned 60 to 80"))).to_be_visible()
    planned.get_by_label("Units a day").fill("5000")
    planned.get_by_label("Mean now").fill("0.2")
    planned.get_by_label("Mean now").press("Tab")
    expect(planned.locator(".jl-decision")).to_contain_text("of bought in")

    # the layers open an experiment below
    layers = panel(LAYERS)
    layers.get_by_role("button", name="good", exact=True).press("Enter")
    expect(layers.locator(".jl-below .jl-panel")).to_contain_text("no outcomes were given")
    assert page.evaluate("window.broken") is None

    # without a kernel the file still says it, and hides what is hidden
    notebook.command("docmanager:save")
    saved = nbformat.read(notebook.server.folder / notebook.name, as_version=4)
    shown = [
        output.data["text/html"]
        for cell in saved.cells
        for output in cell.get("outputs", ())
        if "text/html" in output.get("data", {})
    ]
    assert sum("treatment raises bought" in one for one in shown) == 1
    assert any("gust moved" in one for one in shown)
    assert not any("<img src=x" in one for one in shown)


def test_they_open_as_an_app_at_phone_width_and_ask_no_other_host(
    tmp_path: Path, new_page: Callable[..., Page], voila: Callable[..., object]
) -> None:
    write(tmp_path, "app.ipynb", SETUP, MONITOR, GOOD, UNEVEN, PLANNED, LAYERS)
    with voila(tmp_path, "app.ipynb", theme="dark") as server:
        page = new_page(width=390, height=860)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(server.url, timeout=120_000)
        panels = page.locator(".jl-panel")
        expect(panels).to_have_count(5, timeout=120_000)
        expect(panels.nth(0)).to_contain_text("gust")
        expect(panels.nth(1)).to_contain_text("raises bought")
        expect(panels.nth(4)).to_contain_text("slots 0 to 30")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        for place, name in enumerate(("monitor", "good", "uneven", "planned", "layers")):
            shoot(panels.nth(place), f"phone-{name}-dark")
        own = re.compile(rf"^({re.escape(server.url)}|ws://127\.0\.0\.1|data:|blob:)")
        assert [url for url in asked if not own.match(url)] == []
