"""The built explorer in Chromium on a plain page: what a person sees and does, without a kernel."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import explorer_page
import pytest
from playwright.sync_api import expect

from jupyter_lifecycle.widgets.wire import GraphView, StatesView

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

CANVAS = ".jl-canvas"


@pytest.fixture
def opened(new_page: Callable[..., Page]) -> Callable[..., tuple[Page, Any]]:
    """``opened(graph, states, width=…)``: the explorer on a page, and its kernel; no error allowed."""
    pages: list[tuple[Page, list[str]]] = []

    def open_(
        data: tuple[GraphView, StatesView] | None = None,
        *,
        width: int = 1120,
        height: int = 760,
        theme: str = "light",
        fill: bool = True,
    ) -> tuple[Page, Any]:
        page = new_page(width=width, height=height)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        pages.append((page, errors))
        graph, states = data or explorer_page.flights()
        kernel = explorer_page.open_explorer(page, graph, states, theme=theme, fill=fill)
        if graph.names:
            page.wait_for_function(
                "() => document.querySelector('.jl-canvas')?.getAttribute('aria-label')"
            )
        return page, kernel

    yield open_
    for _, errors in pages:
        assert errors == []


def press(page: Page, *keys: str) -> None:
    page.locator(CANVAS).focus()
    for key in keys:
        page.keyboard.press(key)


def find(page: Page, text: str) -> None:
    press(page, "/")
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    page.wait_for_selector(".jl-inspector:not([hidden])")


def title(page: Page) -> str:
    return page.locator(".jl-inspector-title").inner_text()


def painted(page: Page) -> int:
    """How many colours the canvas has: one where nothing is drawn."""
    count: int = page.evaluate(
        """() => {
            const canvas = document.querySelector('.jl-canvas')
            const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data
            const seen = new Set()
            for (let i = 0; i < data.length; i += 4) seen.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2])
            return seen.size
        }"""
    )
    return count


@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
def test_it_draws_in_every_theme(opened: Callable[..., Any], theme: str) -> None:
    page, _ = opened(theme=theme)
    page.wait_for_function("() => document.querySelector('.jl-foot-zoom').textContent !== ''")
    assert painted(page) > 20
    assert page.locator(CANVAS).get_attribute("aria-label") == (
        "34 features, 2 stale, 1 running, 2 queued"
    )
    assert "Recomputing 1 of 4" in page.locator(".jl-foot").inner_text()
    counts = page.locator(".jl-count:visible").all_inner_texts()
    assert counts == ["1", "28", "2", "2", "1", "0"]


def test_search_flies_to_a_node_and_opens_it(opened: Callable[..., Any]) -> None:
    page, _ = opened()
    press(page, "/")
    page.keyboard.type("dela")
    rows = page.locator(".jl-search-row")
    assert rows.count() == 8
    assert rows.first.inner_text().startswith("delay_pressure")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector(".jl-inspector:not([hidden])")
    assert title(page) == "dep_delay"
    assert page.evaluate("window.values.selected") == "dep_delay"


def test_the_inspector_shows_what_the_kernel_knows(opened: Callable[..., Any]) -> None:
    page, _ = opened()
    find(page, "weather_severity")
    inspector = page.locator(".jl-inspector")
    page.wait_for_selector(".jl-histogram")
    text = inspector.inner_text()
    for words in ("Cached", "336,776", "76.3 %", "KNOTS = 0.868976", "Parents 3", "delay_pressure"):
        assert words in text
    page.get_by_role("tab", name="Source").click()
    assert "def weather_severity(a, b):" in inspector.inner_text()
    page.get_by_role("tab", name="Head").click()
    assert "0.42" in inspector.inner_text()
    page.locator(".jl-relative", has_text="delay_pressure").click()
    assert title(page) == "delay_pressure"
    assert "upstream" in page.locator(".jl-legend").inner_text()


def test_actions_reach_the_kernel_and_failures_the_foot(opened: Callable[..., Any]) -> None:
    page, kernel = opened()
    find(page, "origin_trend")
    page.get_by_role("button", name="Run to here").click()
    page.get_by_role("button", name="Actions").click()
    page.get_by_role("menuitem", name="Invalidate").click()
    press(page, "r", "Shift+R")
    page.wait_for_function("() => window.sent.filter(m => m.type === 'act').length === 4")
    assert kernel.acted == [
        ("run", ["origin_trend"]),
        ("invalidate", ["origin_trend"]),
        ("run", ["origin_trend"]),
        ("run", ["origin_trend", "knock_on_risk"]),
    ]
    kernel.failure = "ZeroDivisionError: division by zero"
    press(page, "r")
    page.wait_for_function(
        "() => document.querySelector('.jl-foot').textContent.includes('division by zero')"
    )
    assert page.get_by_role("alert").inner_text() == "ZeroDivisionError: division by zero"


def test_the_keyboard_alone_is_enough(opened: Callable[..., Any]) -> None:
    page, _ = opened()
    find(page, "rush_hour")
    page.keyboard.press("Escape")
    assert page.locator(".jl-inspector").is_hidden()
    for key, expected in [
        ("ArrowLeft", "scheduled_hour"),
        ("ArrowLeft", "scheduled_minute"),
        ("ArrowDown", "month"),
        ("ArrowUp", "scheduled_minute"),
        ("ArrowRight", "scheduled_hour"),
        ("End", "expected_delay"),
    ]:
        press(page, key)
        selected = page.evaluate("window.values.selected")
        assert selected == expected
        row = page.locator(CANVAS).get_attribute("aria-activedescendant")
        assert selected in (page.locator(f"#{row}").get_attribute("aria-label") or "")
    press(page, "f")
    assert page.get_by_role("button", name="2 hops").get_attribute("aria-pressed") == "true"
    press(page, "0", "?")
    assert page.get_by_role("dialog", name="Keys").is_visible()
    press(page, "Escape", "s")
    assert page.get_by_role("button", name="2 stale").get_attribute("aria-pressed") == "true"
    press(page, "Enter")
    assert title(page) == "expected_delay"


def test_keys_stay_in_the_explorer(opened: Callable[..., Any]) -> None:
    page, _ = opened()
    page.evaluate(
        "() => document.addEventListener('keydown', e => (window.leaked ??= []).push(e.key))"
    )
    press(page, "r", "c", "e", "s", "s", "x")
    assert page.evaluate("window.leaked") == ["x"]
    bare = page.evaluate(
        """() => [...document.querySelectorAll('button, input, select, canvas[tabindex]')]
            .filter(own => own.dataset.lmSuppressShortcuts !== 'true').map(own => own.className)"""
    )
    assert bare == []


def test_states_are_live(opened: Callable[..., Any]) -> None:
    page, kernel = opened()
    kernel.change(
        origin_congestion=("fresh", ""), delay_pressure=("error", "ZeroDivisionError in cell 7")
    )
    page.wait_for_function(
        "() => document.querySelector('.jl-canvas').ariaLabel.includes('1 failed')"
    )
    press(page, "e")
    page.wait_for_selector(".jl-inspector:not([hidden])")
    assert title(page) == "delay_pressure"
    assert "ZeroDivisionError in cell 7" in page.locator(".jl-tab-panel").inner_text()


def test_an_edit_keeps_choice_and_places(opened: Callable[..., Any]) -> None:
    page, kernel = opened()
    find(page, "weather_severity")
    graph, _ = explorer_page.flights()
    kernel.graph = replace(
        graph,
        version=2,
        names=[*graph.names, "late"],
        kinds=[*graph.kinds, "feature"],
        group=[*graph.group, 4],
        docs=[*graph.docs, ""],
        edges=[*graph.edges, graph.names.index("hub_load"), len(graph.names)],
    )
    kernel.emit(explorer_page.graph_message(kernel.graph))
    page.wait_for_function(
        "() => document.querySelector('.jl-foot').textContent.includes('35 features')"
    )
    assert title(page) == "weather_severity"
    assert "28" in page.locator(".jl-count").all_inner_texts()


def test_narrow_it_collapses_and_lists_what_needs_attention(opened: Callable[..., Any]) -> None:
    page, _ = opened(width=440, height=700)
    rows = page.locator(".jl-attention-row")
    expect(rows).to_have_count(5)
    assert [row.split("\n")[0] for row in rows.all_inner_texts()] == [
        "origin_congestion", "delay_pressure", "expected_delay", "origin_trend", "knock_on_risk",
    ]  # fmt: skip
    assert page.locator(".jl-count:visible").count() == 5
    rows.first.click()
    page.wait_for_selector(".jl-inspector:not([hidden])")
    sheet, body = (page.locator(f".jl-{name}").bounding_box() for name in ("inspector", "body"))
    assert sheet is not None
    assert body is not None
    assert sheet["width"] == body["width"]
    assert sheet["height"] <= 0.61 * body["height"]


def test_it_collapses_when_it_becomes_narrow_until_somebody_chooses(
    opened: Callable[..., Any],
) -> None:
    page, _ = opened(width=1200, height=700)

    collapsed = page.locator("[role=treeitem][aria-expanded=false]")

    def resized(width: int) -> None:
        page.set_viewport_size({"width": width, "height": 700})

    expect(collapsed).to_have_count(0)
    resized(480)
    expect(collapsed).to_have_count(5)
    resized(1200)
    expect(collapsed).to_have_count(0)
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Collapse all").click()
    expect(collapsed).to_have_count(5)
    resized(480)
    resized(1200)
    expect(collapsed).to_have_count(5)


def test_without_features_it_says_how_to_begin(opened: Callable[..., Any]) -> None:
    empty = GraphView(1, [], [], [], [], [], [], [])
    page, _ = opened((empty, StatesView(1, [], "", 0, 0, "")))
    page.wait_for_selector(".jl-empty:not([hidden])")
    assert "No features yet" in page.locator(".jl-empty").inner_text()


def test_when_the_kernel_goes_the_picture_stays_without_actions(opened: Callable[..., Any]) -> None:
    page, _ = opened()
    find(page, "weather_severity")
    page.evaluate("window.emit('comm:close')")
    page.wait_for_selector(".jl-strip:not([hidden])")
    assert "The kernel is not connected." in page.locator(".jl-strip").inner_text()
    assert page.get_by_role("button", name="Run to here").count() == 0
    assert page.locator(".jl-search-field").is_enabled()


def test_two_views_share_one_model_and_end_with_their_signal(opened: Callable[..., Any]) -> None:
    page, _ = opened()
    page.evaluate("""() => {
        const other = document.createElement('div')
        document.body.append(other)
        window.view(other)
    }""")
    assert page.locator(".jl-explorer").count() == 2
    assert page.evaluate("window.sent.filter(m => m.type === 'hello').length") == 1
    page.evaluate("window.end()")
    assert page.locator(".jl-explorer").count() == 0
    assert page.evaluate("window.listening()") == 0


@pytest.mark.parametrize(
    "name", ["<img src=x onerror=alert(1)>", "a\"b'c", "line\nbreak", "שלום🛫", "x" * 500]
)
def test_hostile_names_are_text_everywhere(opened: Callable[..., Any], name: str) -> None:
    graph, states = explorer_page.flights()
    names = [name if own == "weather_severity" else own for own in graph.names]
    docs = [name] * len(names)
    groups = [name, *graph.groups[1:]]
    page, kernel = opened((replace(graph, names=names, docs=docs, groups=groups), states))
    press(page, "/")
    page.keyboard.type(name[:3])
    page.wait_for_selector(".jl-search-row")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    kernel.change(**{name: ("error", name)})
    page.wait_for_function(
        "() => document.querySelector('.jl-canvas').ariaLabel.includes('1 failed')"
    )
    press(page, "e")
    page.wait_for_selector(".jl-inspector:not([hidden])")
    page.get_by_role("tab", name="Source").click()
    assert page.locator("img").count() == 0
    assert page.locator(".jl-inspector-title").get_attribute("title") == name
    wide = page.evaluate(
        "() => document.querySelector('.jl-explorer').scrollWidth <= document.body.clientWidth"
    )
    assert wide


def test_ten_thousand_open_collapsed_and_expand(opened: Callable[..., Any]) -> None:
    page, _ = opened(explorer_page.layered(10_000, 100, 40), width=1400, height=840)
    page.wait_for_function(
        "() => document.querySelector('.jl-foot').textContent.includes('10,000 features')"
    )
    before = painted(page)
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Expand all").click()
    page.wait_for_function(
        "() => parseInt(document.querySelector('.jl-foot-zoom').textContent) < 20"
    )
    assert painted(page) > 20
    assert before > 20
    press(page, "e")
    page.wait_for_selector(".jl-inspector:not([hidden])")
    assert title(page) == "feature_05000_lag_8"
