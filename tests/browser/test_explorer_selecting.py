"""Selecting in the explorer: typed, clicked, drawn, by keys; two versions; files that work offline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import explorer_page
import pytest
from playwright.sync_api import expect

from jupyter_lifecycle.widgets.explorer_diff import DiffSource, Entry, Version
from jupyter_lifecycle.widgets.exporting import write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "a\"b'c",
    "line\nbreak",
    "שלום🛫",
    "x" * 500,
    "</script>",
]


@pytest.fixture
def opened(new_page: Callable[..., Page]) -> Callable[..., tuple[Page, Any]]:
    """``opened(data, width=…)``: the explorer on a page, and its kernel; no error allowed."""
    pages: list[tuple[Page, list[str]]] = []

    def open_(data: Any = None, *, width: int = 1200, height: int = 800) -> tuple[Page, Any]:
        page = new_page(width=width, height=height)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        pages.append((page, errors))
        kernel = explorer_page.open_explorer(page, *(data or explorer_page.flights()))
        page.wait_for_function(
            "() => document.querySelector('.jl-canvas')?.getAttribute('aria-label')"
        )
        return page, kernel

    yield open_
    for _, errors in pages:
        assert errors == []


def field(page: Page) -> Any:
    return page.locator(".jl-search-field")


def shown(page: Page) -> Any:
    return page.locator(".jl-search-shown")


def type_query(page: Page, text: str) -> None:
    page.locator(".jl-canvas").focus()
    page.keyboard.press("/")
    page.keyboard.type(text)


def choose(page: Page, name: str) -> None:
    type_query(page, name)
    page.keyboard.press("Enter")
    page.wait_for_function("name => window.values.selected === name", arg=name)
    # Flying to it takes a third of a second; the legend's place says nothing of that.
    page.locator(".jl-canvas").focus()


def test_a_query_shows_its_nodes_and_can_be_copied(opened: Callable[..., Any]) -> None:
    page, kernel = opened()
    type_query(page, "2+weather_severity+2")
    expect(shown(page)).to_have_text("9 shown")
    expect(page.locator(".jl-operator")).to_have_text(["2+", "+2"])
    expect(page.get_by_role("button", name="Copy as %compute")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(shown(page)).to_have_text("")
    type_query(page, "status:stale or status:running")
    expect(shown(page)).to_have_text("3 of 43")
    page.get_by_role("button", name="Recompute 2").click()
    assert kernel.acted == [("run", ["origin_trend", "knock_on_risk"])]


def test_an_error_is_underlined_with_a_suggestion_and_the_picture_stays(
    opened: Callable[..., Any],
) -> None:
    page, _ = opened()
    type_query(page, "status:stale")
    expect(shown(page)).to_have_text("2 of 43")
    type_query(page, "stauts:stale and not weekday")
    expect(page.locator(".jl-underlined")).to_have_text("stauts")
    message = page.locator(".jl-search-error")
    expect(message).to_contain_text("stauts at character 1 is no field. Did you mean status?")
    expect(field(page)).to_have_attribute("aria-invalid", "true")
    expect(shown(page)).to_have_text("2 of 43")
    page.get_by_role("button", name="Use status").click()
    expect(field(page)).to_have_value("status:stale and not weekday")
    expect(shown(page)).to_have_text("2 of 43")
    expect(message).to_be_hidden()


def test_the_field_completes(opened: Callable[..., Any]) -> None:
    page, _ = opened()
    type_query(page, "tag:")
    expect(page.locator(".jl-search-row").first).to_contain_text("family")
    page.keyboard.press("Tab")
    expect(field(page)).to_have_value("tag:family")
    expect(shown(page)).to_have_text("8 of 43")
    page.keyboard.type(" and not kn")
    expect(page.locator(".jl-search-row").first).to_contain_text("knock_on_risk")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field(page)).to_have_value("tag:family and not knock_on_risk")
    type_query(page, "stat")
    expect(page.locator(".jl-search-row")).to_contain_text(["status:"])


def place(page: Page, name: str) -> tuple[float, float]:
    """Where a node is on the screen, found as a person finds it: by looking it up."""
    choose(page, name)
    page.keyboard.press("Escape")
    canvas, menu, before = page.locator(".jl-canvas"), page.locator(".jl-menu"), None
    for _ in range(100):  # the camera may still be on its way: it has arrived when two looks agree
        canvas.focus()
        page.keyboard.press(".")
        expect(menu).to_be_visible()
        box = menu.bounding_box()
        page.keyboard.press("Escape")
        expect(menu).to_be_hidden()
        if box is not None and box == before:
            return box["x"] + 2, box["y"] - 14
        before = box
        page.wait_for_timeout(50)
    raise AssertionError("the camera never came to rest")


def test_shift_click_and_a_rectangle_write_the_query(opened: Callable[..., Any]) -> None:
    page, _ = opened()
    x, y = place(page, "weather_severity")
    page.keyboard.press("Escape")
    page.mouse.click(x, y)
    page.keyboard.down("Shift")
    page.mouse.click(x, y)
    expect(field(page)).to_have_value("weather_severity")
    page.keyboard.up("Shift")
    page.locator(".jl-canvas").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    expect(shown(page)).to_have_text("2 of 43")
    page.locator(".jl-search-clear").click()
    expect(shown(page)).to_have_text("")
    page.locator(".jl-canvas").focus()
    page.keyboard.press("=")
    page.wait_for_timeout(
        400
    )  # the fit is a flight of 180 ms: there is nothing else to see of its end
    box = page.locator(".jl-canvas").bounding_box()
    assert box is not None
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 4, box["y"] + box["height"] - 4, steps=4)
    expect(page.locator(".jl-band")).to_be_visible()
    page.mouse.up()
    page.keyboard.up("Shift")
    expect(field(page)).to_have_value("*")
    expect(shown(page)).to_have_text("43 of 43")


def test_states_hops_and_paths_are_written_as_queries(opened: Callable[..., Any]) -> None:
    page, _ = opened()
    page.get_by_role("button", name="2 stale").click()
    expect(field(page)).to_have_value("status:stale")
    page.get_by_role("button", name="1 running").click(modifiers=["Shift"])
    expect(field(page)).to_have_value("status:stale or status:running")
    choose(page, "weather_severity")
    page.keyboard.press("f")
    expect(field(page)).to_have_value("2+weather_severity+2")
    page.keyboard.press("1")
    expect(field(page)).to_have_value("1+weather_severity+1")
    expect(shown(page)).to_have_text("5 shown")
    page.keyboard.press("0")
    choose(page, "wind_gust")
    page.keyboard.press("p")
    expect(page.locator(".jl-path-hint")).to_contain_text("Path from wind_gust")
    choose(page, "expected_delay")
    page.keyboard.press("p")
    expect(field(page)).to_have_value("wind_gust+ and +expected_delay")
    expect(shown(page)).to_have_text("4 shown")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    choose(page, "is_holiday")
    page.keyboard.press("p")
    choose(page, "precip")
    page.keyboard.press("p")
    expect(page.locator(".jl-foot")).to_contain_text("No path between is_holiday and precip.")


def test_groups_by_tag_and_prefix_need_no_declaration(opened: Callable[..., Any]) -> None:
    page, _ = opened()
    options = page.locator(".jl-select option")
    expect(options).to_have_text(["By cell", "By tag: family", "By prefix", "No groups"])
    groups = page.locator("[role=treeitem][aria-expanded]")
    expect(groups).to_have_count(5)
    page.locator(".jl-canvas").focus()
    page.keyboard.press("g")
    expect(groups).to_have_count(2)
    page.keyboard.press("g")
    assert "origin_" in groups.all_inner_texts()
    choose(page, "origin_trend")
    page.keyboard.press("Escape")
    page.locator(".jl-canvas").focus()
    page.keyboard.press("c")
    expect(page.locator("[role=treeitem][aria-expanded=false]")).to_have_text(["origin_"])
    page.keyboard.press("g")
    expect(groups).to_have_count(0)


def test_the_menu_of_a_node_does_what_it_says(opened: Callable[..., Any]) -> None:
    page, kernel = opened()
    page.evaluate(
        "() => document.addEventListener('jl-go-to-cell', e => { window.went = e.detail; e.preventDefault() })"
    )
    choose(page, "weather_severity")
    page.keyboard.press("o")
    assert page.evaluate("window.went") == {"id": "id-3", "label": "cell 5"}
    page.keyboard.press(".")
    page.get_by_role("menuitem", name="Drop, 1 feature reads it").click()
    page.keyboard.press(".")
    page.get_by_role("menuitem", name="Invalidate").click()
    assert kernel.acted == [("drop", ["weather_severity"]), ("invalidate", ["weather_severity"])]
    page.get_by_role("button", name="Go to cell 5").click()


def test_where_no_page_shows_cells_it_says_so(opened: Callable[..., Any]) -> None:
    page, _ = opened()
    choose(page, "weather_severity")
    page.keyboard.press("o")
    expect(page.locator(".jl-foot")).to_contain_text("It is in cell 5.")


def test_a_list_takes_the_picture_s_place(opened: Callable[..., Any]) -> None:
    page, _ = opened()
    choose(page, "weather_severity")
    page.keyboard.press("t")
    row = page.locator(".jl-tree [role=treeitem]", has_text="wet_runway")
    expect(row).to_be_visible()
    row.click()
    page.wait_for_function("() => window.values.selected === 'wet_runway'")


@pytest.mark.parametrize(
    ("item", "name", "start"),
    [
        ("SVG picture", "features.svg", b"<svg "),
        ("PNG picture", "features.png", b"\x89PNG"),
        ("DOT for graphviz", "features.dot", b"digraph"),
        ("Mermaid", "features.mmd", b"flowchart"),
        ("HTML file that works offline", "features.html", b"<!doctype html>"),
    ],
)
def test_the_share_menu_saves(
    opened: Callable[..., Any], tmp_path: Path, item: str, name: str, start: bytes
) -> None:
    page, _ = opened()
    page.get_by_role("button", name="Share").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name=item, exact=True).click()
    assert download.value.suggested_filename == name
    download.value.save_as(tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)


def versions() -> DiffSource:
    """The flights' graph before and after an edit."""
    graph, _ = explorer_page.flights()
    pairs = list(zip(graph.edges[::2], graph.edges[1::2], strict=True))
    entries = {
        name: Entry(
            tuple(graph.names[a] for a, b in pairs if b == at), f"def {name}(): ...", "",
            graph.group_notes[graph.group[at]], graph.groups[graph.group[at]], key=name,
        )
        for at, name in enumerate(graph.names)
        if graph.kinds[at] == "feature"
    }  # fmt: skip
    gone = Entry(("distance",), "def log_distance(): ...", "", "cell 3", "Route and carrier", "old")
    before = {name: entry for name, entry in entries.items() if name != "origin_trend"}
    before["wind_gust"] = Entry(("weather",), "def wind_gust(): 1", "", "cell 5", "Weather", "was")
    return DiffSource(
        Version("2c81e0f9b1", before | {"log_distance": gone}), Version("this notebook", entries)
    )


def test_two_versions_in_one_picture(opened: Callable[..., Any]) -> None:
    source = versions()
    page, kernel = opened((source.graph_view(), source.states_view()))
    kernel.inspect = source.inspect
    head = page.locator(".jl-diff-head")
    expect(head).to_contain_text("2c81e0f9b1 → this notebook")
    for words in ("1 added", "1 changed", "3 values only", "1 removed"):
        expect(head).to_contain_text(words)
    rows = page.locator(".jl-diff-row")
    assert [row.replace("\n", " ") for row in rows.all_inner_texts()][:2] == [
        "~ wind_gust its code changed", "≈ weather_severity from wind_gust",
    ]  # fmt: skip
    page.get_by_role("button", name="Changed", exact=True).click()
    expect(shown(page)).to_have_text("6 shown")
    expect(field(page)).to_have_value("diff:any")
    rows.first.click()
    inspector = page.locator(".jl-inspector")
    expect(inspector).to_contain_text("Changed")
    expect(inspector).to_contain_text("- def wind_gust(): 1")
    assert page.get_by_role("button", name="Run to here").count() == 0
    page.locator(".jl-canvas").focus()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="All", exact=True).click()
    page.locator(".jl-diff-head .jl-count", has_text="added").click()
    expect(field(page)).to_have_value("diff:added")


class Offline:
    """What is exported: the flights, or names that would break a page."""

    def __init__(self, hostile: bool) -> None:
        self._kernel = explorer_page.Kernel(None, *explorer_page.flights())
        if hostile:
            graph = self._kernel.graph
            names = [*graph.names]
            names[-len(HOSTILE) :] = HOSTILE
            texts = [HOSTILE[at % len(HOSTILE)] for at in range(len(names))]
            self._kernel.graph = explorer_page.replace(graph, names=names, docs=texts)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kernel, name)


@pytest.mark.parametrize("hostile", [False, True])
def test_a_file_works_offline(new_page: Callable[..., Page], tmp_path: Path, hostile: bool) -> None:
    path = write(Offline(hostile), tmp_path / "graph.html")  # type: ignore[arg-type]
    page = new_page(width=1100, height=760)
    errors: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    page.on("dialog", lambda dialog: errors.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    expect(page.locator(".jl-foot")).to_contain_text("34 features · 9 inputs")
    page.locator(".jl-canvas").focus()
    page.keyboard.press("/")
    page.keyboard.type("wind_gust")
    page.keyboard.press("Enter")
    expect(page.locator(".jl-inspector")).to_contain_text("76.3 %")
    page.keyboard.press("f")
    expect(shown(page)).to_contain_text("shown")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="2 stale").click()
    expect(shown(page)).to_have_text("2 of 43")
    type_query(page, "+route and slow>1s")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(page.locator(".jl-search-error")).to_contain_text("needs the notebook")
    assert page.locator("img").count() == 0
    assert errors == []
    assert [url for url in asked if not url.startswith(("file:", "blob:"))] == []


@pytest.mark.parametrize("kind", ["vscode-light", "vscode-dark", "vscode-high-contrast"])
def test_it_takes_its_colours_from_vs_code(new_page: Callable[..., Page], kind: str) -> None:
    page = new_page(width=1000, height=700)
    graph, states = explorer_page.flights()
    explorer_page.open_explorer(page, graph, states)
    ground, ink = ("#1e1e1e", "#d4d4d4") if kind != "vscode-light" else ("#fffffe", "#101010")
    page.evaluate(
        """([kind, ground, ink]) => {
            document.body.removeAttribute('data-jp-theme-light')
            document.body.removeAttribute('data-jp-theme-name')
            document.body.style.cssText =
                `--vscode-editor-background:${ground};--vscode-editor-foreground:${ink};--vscode-font-family:serif`
            document.body.className = kind
        }""",
        [kind, ground, ink],
    )
    colour = page.locator(".jl-explorer").evaluate("own => getComputedStyle(own).backgroundColor")
    assert colour == ("rgb(255, 255, 254)" if kind == "vscode-light" else "rgb(30, 30, 30)")
    page.wait_for_function(
        """dark => {
            const data = document.querySelector('.jl-canvas').getContext('2d').getImageData(2, 2, 1, 1).data
            return (data[0] < 60) === dark
        }""",
        arg=kind != "vscode-light",
    )
