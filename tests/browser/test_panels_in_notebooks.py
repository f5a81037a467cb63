"""The panels as people use them: in JupyterLab by mouse and keyboard, in Voila as an app."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import nbformat
import pytest
from pages import LONG, shoot, write
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Locator, Page

"""Milliseconds: a verifier that starts on a busy machine takes its time."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

MODEL = '''
import pandas as pd
import jupyter_lifecycle as jl

class Mean:
    """The mean delay of an origin."""
    def fit(self, X, y):
        self.feature_names_in_ = list(X.columns)
        self.means_ = y.groupby(X["origin"].astype(str)).mean().to_dict()
        return self
    def get_params(self):
        return {}
    def predict(self, X):
        return X["origin"].astype(str).map(self.means_).astype(float) + X["distance"] * 0.0

frame = pd.DataFrame({
    "distance": [1400, 229, 1089, 762] * 60,
    "origin": ["EWR", "JFK", "LGA", "JFK"] * 60,
    "dep_delay": [12.5, 3.25, 7.0, 4.75] * 60,
})
X = ["distance", "origin"]
'''
FIT = "model = Mean().fit(frame[X], frame.dep_delay)"
SCORE = "mae = float((model.predict(frame[X]) - frame.dep_delay).abs().mean())"
RULE = """
jl.rule("mean-delay", when="name = 'mean-delay' and tags.approved = 'yes'")
"""
SAVE = 'jl.save_panel(name="mean-delay")'
DEPLOY = 'jl.deploy_panel("mean-delay")'
FIRST = """
envelope = jl.save(model, name="mean-delay", example=frame[X].head(20), tags={"team": "a"})
"""
TAG = "jl.tag_panel(envelope)"


@pytest.fixture(autouse=True)
def patience():
    expect.set_options(timeout=LONG)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def apart(tmp_path: Path, stop_deployer: Callable[[Path], None]) -> Iterator[str]:
    """A cell that gives the notebook a registry of its own, whose deployer ends with the test."""
    home = tmp_path / "apart"
    yield f"import os; os.environ['JUPYTER_LIFECYCLE_HOME'] = {str(home / 'lifecycle')!r}"
    stop_deployer(home)


def type_tag(panel: Locator, text: str) -> None:
    field = panel.get_by_role("combobox", name="Add a tag: key = value")
    field.fill(text)
    field.press("Enter")


def test_one_click_saves_a_tag_deploys_and_the_service_answers(
    open_notebook: Callable[..., object], tmp_path: Path, apart: str
) -> None:
    source = write(tmp_path, "panels.ipynb", apart, MODEL, FIT, SCORE, RULE, SAVE, DEPLOY)
    notebook = open_notebook(source, width=1500, height=1100)
    page = notebook.page
    notebook.run_all()

    # everything is filled in
    save = notebook.cell(notebook.index_of(SAVE)).locator(".jl-panel").first
    expect(save.get_by_label("Name")).to_have_value("mean-delay")
    expect(save.get_by_label("Model")).to_have_value("model")
    expect(save.get_by_label("Example")).to_have_value("frame[X].head(200)")
    expect(save.get_by_text("200 rows × 2 columns")).to_be_visible()
    expect(save.locator(".jl-found").get_by_text("2 inputs, 1 output")).to_be_visible()
    expect(save.locator(".jl-metric input").first).to_have_value("mae")
    shoot(save, "panels-lab-save-before")

    # an error stands at its field, tied to it, and what was typed stays
    example = save.get_by_label("Example")
    example.fill("frame[X[:1]].head(3)")
    example.press("Tab")
    expect(save.get_by_text("1 problem. Nothing was saved.")).to_be_visible()
    expect(example).to_have_attribute("aria-invalid", "true")
    hint = save.locator(f"#{example.get_attribute('aria-describedby')}")
    expect(hint).to_contain_text("KeyError: 'origin'")
    expect(save.get_by_role("button", name="Save envelope", exact=True)).to_be_disabled()
    shoot(save, "panels-lab-save-error")
    example.fill("frame[X].head(200)")
    example.press("Tab")

    # what is opened in place keeps the focus, and keys stay out of the notebook's command mode
    show = save.get_by_role("button", name="Show").first
    show.focus()
    show.press("Enter")
    hide = save.get_by_role("button", name="Hide").first
    expect(hide).to_be_focused()
    expect(hide).to_have_attribute("aria-expanded", "true")
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    for key in ("a", "b", "x"):
        hide.press(key)
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells
    expect(hide).to_be_focused()

    # one click
    save.get_by_role("button", name="Save envelope", exact=True).click()
    expect(save.get_by_role("heading", name="Saved mean-delay in")).to_be_visible()
    expect(save.get_by_text("serves the newest envelope tagged")).to_be_visible()
    expect(save.get_by_role("button", name="Tag", exact=True)).to_be_focused()
    shown = notebook.cell(notebook.index_of(SAVE)).get_by_role("heading", name="Save envelope")
    expect(shown).to_have_count(1)
    shoot(save, "panels-lab-save-saved")

    # the tag says what it leads to before it is set
    save.get_by_role("button", name="Tag", exact=True).click()
    tag = save.locator(".jl-panel")
    type_tag(tag, "approved = yes")
    expect(tag.get_by_role("heading", name="Applying this tag deploys one service")).to_be_visible()
    expect(tag.get_by_role("listitem").filter(has_text="approved")).to_contain_text("new")
    shoot(tag, "panels-lab-tag-preview")
    tag.get_by_role("button", name="Apply tag and deploy").click()
    expect(tag.locator(".jl-dep.jl-fresh")).to_be_visible(timeout=120_000)

    # the other panel follows by itself
    deploy = notebook.cell(notebook.index_of(DEPLOY)).locator(".jl-panel").first
    expect(deploy.locator(".jl-title")).to_contain_text("Serving")
    distance = deploy.get_by_label("distance")
    distance.fill("1400.5")
    distance.press("Tab")
    expect(distance).to_have_attribute("aria-invalid", "true")
    expect(deploy.get_by_role("button", name="Predict")).to_be_disabled()
    distance.fill("500")
    distance.press("Tab")
    deploy.get_by_label("origin").fill("JFK")
    deploy.get_by_label("origin").press("Tab")
    deploy.get_by_role("button", name="Predict").click()
    expect(deploy.locator(".jl-answer b")).to_have_text("4")
    shoot(deploy, "panels-lab-deploy")

    # held, and let go again; each says what it moves before the one click
    band = deploy.locator(".jl-band")
    deploy.get_by_role("button", name="Roll back").click()
    hold = deploy.locator(".jl-hold")
    expect(hold).to_contain_text("It served nothing else before.")
    expect(hold.locator(".jl-primary")).to_be_disabled()
    hold.get_by_role("button", name="Cancel").click()
    expect(hold).to_be_hidden()
    deploy.get_by_role("button", name="Pin", exact=True).click()
    expect(hold.locator(".jl-code")).to_contain_text(".pin(")
    hold.get_by_role("button", name=re.compile("^Pin to ")).click()
    expect(band).to_contain_text("its rule is not followed")
    rule, above = deploy.locator(".jl-rule").bounding_box(), band.bounding_box()
    assert rule is not None
    assert above is not None
    assert above["y"] + above["height"] <= rule["y"], "the band lies over the rule"
    shoot(deploy, "panels-lab-deploy-pinned")
    deploy.get_by_role("button", name="Unpin", exact=True).click()
    hold.get_by_role("button", name="Unpin", exact=True).click()
    expect(band).to_have_count(0)
    expect(deploy.get_by_role("button", name="Pin", exact=True)).to_be_visible()

    # without a kernel the file still says what was there
    notebook.command("docmanager:save")
    saved = nbformat.read(notebook.server.folder / notebook.name, as_version=4)
    outputs = [output for cell in saved.cells for output in cell.get("outputs", ())]
    panels = [output.data for output in outputs if "text/html" in output.get("data", {})]
    assert any("Saved mean-delay as" in data["text/html"] for data in panels)
    assert any(data["text/plain"].startswith("mean-delay") for data in panels)


def test_chips_by_keyboard_alone(
    open_notebook: Callable[..., object], tmp_path: Path, apart: str
) -> None:
    source = write(tmp_path, "chips.ipynb", apart, MODEL, FIT, FIRST, TAG)
    notebook = open_notebook(source, width=1200, height=900, dark=True)
    notebook.run_all()
    panel = notebook.cell(notebook.index_of(TAG)).locator(".jl-panel").first
    field = panel.get_by_role("combobox", name="Add a tag: key = value")
    chips = panel.get_by_role("list").get_by_role("listitem")
    expect(chips.filter(has_text="team")).to_have_count(1)

    field.focus()
    field.press_sequentially("te")
    expect(panel.get_by_role("option")).to_have_text("team = a")
    field.press("Escape")
    expect(panel.get_by_role("option")).to_have_count(0)
    field.fill("")

    type_tag(panel, "stage test")
    expect(chips.filter(has_text="stage")).to_contain_text("test")
    type_tag(panel, "retired")
    expect(chips.filter(has_text="retired")).to_contain_text("yes")
    expect(panel.get_by_role("button", name="Apply 2 tags")).to_be_enabled()

    field.press("Backspace")
    expect(panel.locator(".jl-chip-chosen")).to_contain_text("team")
    field.press("Backspace")
    expect(panel.locator(".jl-chip-removed")).to_contain_text("team")
    expect(panel.get_by_role("button", name="Apply 3 changes")).to_be_enabled()
    shoot(panel, "panels-lab-chips-dark")
    panel.get_by_role("button", name="Keep tag team a").press("Enter")
    expect(panel.locator(".jl-chip-removed")).to_have_count(0)
    panel.get_by_role("button", name="Remove tag retired yes").press("Enter")
    apply = panel.get_by_role("button", name="Apply tag", exact=True)
    expect(apply).to_be_enabled()
    apply.press("Enter")
    expect(panel.locator(".jl-history")).to_contain_text("stage")
    expect(panel.get_by_role("button", name="Discard")).to_be_disabled()


@pytest.mark.parametrize(("theme", "width"), [("light", 1200), ("dark", 480)])
def test_the_panels_open_as_an_app_that_asks_no_other_host(
    theme: str,
    width: int,
    tmp_path: Path,
    new_page: Callable[..., Page],
    voila: Callable[..., object],
) -> None:
    write(tmp_path, "app.ipynb", MODEL, FIT, SCORE, FIRST, RULE, SAVE, TAG, DEPLOY)
    with voila(tmp_path, "app.ipynb", theme=theme) as server:
        page = new_page(width=width, height=1000)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(server.url, timeout=120_000)
        panels = page.locator(".jl-panel")
        expect(panels).to_have_count(3, timeout=120_000)
        save, tag, deploy = (panels.nth(index) for index in range(3))
        expect(save.locator(".jl-found").get_by_text("2 inputs, 1 output")).to_be_visible()
        type_tag(tag, "approved = yes")
        expect(
            tag.get_by_role("heading", name="Applying this tag deploys one service")
        ).to_be_visible()
        expect(deploy.locator(".jl-rule")).to_contain_text("tags.approved = 'yes'")
        for panel, name in ((save, "save"), (tag, "tag"), (deploy, "deploy")):
            shoot(panel, f"panels-voila-{name}-{theme}-{width}")
        wide = page.evaluate(
            "[...document.querySelectorAll('.jl-panel')].map(p => p.scrollWidth - p.clientWidth)"
        )
        assert max(wide) <= 1, "a panel is wider than its place"
        dark = page.evaluate("document.body.dataset.jpThemeLight") == "false"
        assert dark == (theme == "dark")
        own = re.compile(rf"^({re.escape(server.url)}|ws://127\.0\.0\.1|data:|blob:)")
        assert [url for url in asked if not own.match(url)] == []
