"""The explorer at 10,000 nodes and 19,000 edges in headless Chromium, beside its peers.

Layout (also of 50,000 nodes, square and wide, with crossings beside dot's, dagre's and elkjs'), the
time from the kernel's message to the first picture, frames a second while panning and zooming beside
the same graph as SVG, a change of 1,000 states, what a kernel pays, and the sizes of the bundle and
of what a notebook saves. The last line is JSON. ``python benchmarks/explorer.py``
"""

from __future__ import annotations

import gzip
import json
import shutil
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "browser"), str(Path(__file__).parent)]

import explorer_layouts  # noqa: E402 - beside this file
import explorer_page  # noqa: E402 - the page that the browser tests use

from jupyter_lifecycle.widgets.explorer import Explorer  # noqa: E402
from jupyter_lifecycle.widgets.explorer_feed import graph_message, states_message  # noqa: E402
from jupyter_lifecycle.widgets.selection import complete, find  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from jupyter_lifecycle.widgets.wire import GraphView, StatesView

NODES, LAYERS, RUNS = 10_000, 100, 5
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip

# The page's clock runs from the message, as text, to the frame after the one that painted the whole
# graph: the foot's zoom is written by that frame.
FIRST = """
([graph, states]) => new Promise(done => {
  const start = performance.now()
  for (const message of [graph, states]) window.emit('msg:custom', JSON.parse(message))
  const whole = () => parseInt(document.querySelector('.jl-foot-zoom').textContent) < 20
  const frame = () => whole() ? requestAnimationFrame(() => done(performance.now() - start))
    : requestAnimationFrame(frame)
  requestAnimationFrame(frame)
})
"""

# Moves the view every frame for two seconds and counts the frames that came.
MOVE = """
([kind]) => new Promise(done => {
  const canvas = document.querySelector('.jl-canvas')
  const box = canvas.getBoundingClientRect()
  const x = box.left + box.width / 2, y = box.top + box.height / 2
  const fire = (type, more) => canvas.dispatchEvent(
    new PointerEvent(type, {bubbles: true, pointerId: 1, button: 0, buttons: 1, pointerType: 'mouse', ...more}))
  canvas.setPointerCapture = () => {}
  canvas.focus()
  if (kind === 'pan') fire('pointerdown', {clientX: x, clientY: y})
  const gaps = []
  let last = 0, start = 0
  const frame = now => {
    if (last) gaps.push(now - last)
    start ||= now
    last = now
    if (now - start > 2000) {
      if (kind === 'pan') fire('pointerup', {clientX: x, clientY: y})
      done(gaps)
      return
    }
    const t = (now - start) / 300
    if (kind === 'pan') fire('pointermove', {clientX: x + 120 * Math.sin(t), clientY: y + 60 * Math.cos(t)})
    else canvas.dispatchEvent(new WheelEvent('wheel', {bubbles: true, cancelable: true,
      deltaY: 40 * Math.sin(t), clientX: x, clientY: y}))
    requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
})
"""

CHANGE = """
text => new Promise(done => {
  const message = JSON.parse(text)
  const counts = document.querySelector('.jl-counts')
  const start = performance.now()
  window.emit('msg:custom', message)
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)))
})
"""


def open_empty(page: Page, graph: GraphView, states: StatesView) -> Any:
    """The explorer on a page whose kernel has nothing to say yet."""
    kernel = explorer_page.open_explorer(page, *explorer_page.layered(2, 1))
    page.wait_for_function("() => document.querySelector('.jl-foot-zoom').textContent !== ''")
    kernel.graph, kernel.states = graph, states
    return kernel


def frames(gaps: list[float]) -> dict[str, float]:
    """Frames a second in the middle, and in the worst twentieth."""
    ordered = sorted(gaps)
    return {
        "median_fps": round(1000 / statistics.median(ordered), 1),
        "p95_fps": round(1000 / ordered[int(0.95 * (len(ordered) - 1))], 1),
    }


def measure(page: Page) -> dict[str, Any]:
    graph, states = explorer_page.layered(NODES, LAYERS)
    open_empty(page, graph, states)
    messages = [json.dumps(graph_message(graph)), json.dumps(states_message(states))]
    first = page.evaluate(FIRST, messages)
    page.wait_for_timeout(400)
    result: dict[str, Any] = {
        "nodes": len(graph.names),
        "edges": len(graph.edges) // 2,
        "first_picture_ms": round(first, 1),
    }
    for zoom, presses in (("fit", 0), ("middle", 8), ("near", 5)):
        page.locator(".jl-canvas").focus()
        for _ in range(presses):
            page.keyboard.press("+")
        page.wait_for_timeout(400)
        for kind in ("pan", "zoom"):
            result[f"{kind}_{zoom}"] = frames(page.evaluate(MOVE, [kind]))
            page.wait_for_timeout(400)
    changed = states_message(
        explorer_page.replace(
            states,
            nodes=[explorer_page.replace(node, state="stale") for node in states.nodes[:1000]],
        )
    )
    result["change_of_1000_ms"] = round(page.evaluate(CHANGE, json.dumps(changed)), 1)
    return result


SVG = """
([edges, places]) => {
  const parts = places.map(([x, y], i) => `<g transform="translate(${x - 81} ${y - 17})">` +
    `<rect width="162" height="34" rx="3" fill="#fff" stroke="#bdbdbd"/><rect width="4" height="34" fill="#4b8fc4"/>` +
    `<text x="11" y="14" font-size="11.5">feature_${i}</text></g>`)
  const lines = []
  for (let e = 0; e < edges.length; e += 2) {
    const [a, b] = [places[edges[e]], places[edges[e + 1]]]
    const middle = (a[0] + b[0]) / 2
    lines.push(`<path d="M${a[0] + 81} ${a[1]}C${middle} ${a[1]} ${middle} ${b[1]} ${b[0] - 81} ${b[1]}" ` +
      `fill="none" stroke="#212121" stroke-opacity=".42"/>`)
  }
  document.body.innerHTML = `<svg width="1400" height="840"><g id="all">${lines.join('')}${parts.join('')}</g></svg>`
  const all = document.getElementById('all')
  const width = Math.max(...places.map(place => place[0])) + 100
  return new Promise(done => {
    const gaps = []
    let last = 0, start = 0
    const frame = now => {
      if (last) gaps.push(now - last)
      start ||= now
      last = now
      if (now - start > 3000) return done(gaps)
      const shift = 60 * Math.sin((now - start) / 300)
      all.setAttribute('transform', `translate(${shift} 0) scale(${1400 / width})`)
      requestAnimationFrame(frame)
    }
    requestAnimationFrame(frame)
  })
}
"""


def layouts() -> dict[str, Any]:
    """Ours and the peers': where dot finishes with crossings, and the large ones."""
    found = {}
    for count, layers, peers in (
        (500, 22, ("dot", "dagre", "elk")),
        (1_000, 32, ("dot", "dagre", "elk")),
        (1_000, 8, ("dot", "dagre", "elk")),
        (10_000, 100, ("dot", "dagre", "elk")),
        (10_000, 8, ()),
        (50_000, 224, ()),
        (50_000, 8, ()),
    ):
        graph, _ = explorer_page.layered(count, layers)
        found[f"{count}x{layers}"] = explorer_layouts.compare(graph, peers=peers)
    return found


def of_svg(page: Page) -> dict[str, float]:
    """The same 10,000 nodes as elements of the page, panned."""
    graph, _ = explorer_page.layered(NODES, LAYERS)
    placed = explorer_layouts.by_node("ours", graph, 1, explorer_layouts.bundle())
    assert placed is not None
    page.set_content("<!doctype html><body></body>")
    return frames(page.evaluate(SVG, [graph.edges, placed["places"]]))


def kernel_side() -> dict[str, float]:
    """What the kernel pays, in milliseconds of CPU, and what the notebook's file holds, in KB."""
    graph, states = explorer_page.layered(NODES, LAYERS)
    source = explorer_page.Kernel(None, graph, states)

    def cost(work: Any) -> float:
        times = []
        for _ in range(RUNS):
            start = time.process_time()
            work()
            times.append(time.process_time() - start)
        return round(1000 * min(times), 1)

    widget = Explorer(source)
    state = {key: value for key, value in widget.get_state().items() if not key.startswith("_")}
    result = {
        "graph_message_ms": cost(lambda: json.dumps(graph_message(graph))),
        "states_message_ms": cost(lambda: json.dumps(states_message(states))),
        "select_ms": cost(
            lambda: find("+feature_09950_lag_14 and not status:stale", graph, states)
        ),
        "complete_ms": cost(lambda: complete("status:stale or feat", 20, graph, states)),
        "saved_state_kb": round(len(json.dumps(state)) / 1024, 2),
        "saved_output_kb": round(len(json.dumps(widget._repr_mimebundle_()[0])) / 1024, 2),
    }
    widget.close()
    return result


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("No Chromium on this machine.")
    bundle = len(gzip.compress((explorer_page.STATIC / "explorer.js").read_bytes()))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        context = browser.new_context(viewport={"width": 1400, "height": 840})
        result = measure(context.new_page()) | {"bundle_kb_gzipped": round(bundle / 1024, 1)}
        result["svg"] = of_svg(context.new_page())
        browser.close()
    result |= kernel_side()
    explorer_layouts.install()
    result["layouts"] = layouts()
    for name, value in result.items():
        print(f"{name:20} {value}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
