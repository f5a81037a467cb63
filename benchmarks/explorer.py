"""The explorer at 10,000 nodes and 19,000 edges in headless Chromium.

Layout, the time from the kernel's message to the first picture, frames a second while panning and
zooming, and the size of the bundle. The last line is JSON. ``python benchmarks/explorer.py``
"""

from __future__ import annotations

import gzip
import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "browser"))

import explorer_page  # noqa: E402 - the page that the browser tests use

from jupyter_lifecycle.widgets.explorer_feed import graph_message, states_message  # noqa: E402

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


def layout_milliseconds(page: Page, graph: GraphView) -> list[float]:
    """The layout alone, in the page."""
    source = (ROOT / "labextension" / "src" / "core" / "layout.ts").as_posix()
    bundle = ROOT / "labextension" / "node_modules" / ".cache" / "layout-bench.mjs"
    options = {
        "entryPoints": [source],
        "bundle": True,
        "format": "esm",
        "minify": True,
        "outfile": bundle.as_posix(),
    }
    build = f"require('esbuild').buildSync({json.dumps(options)})"
    node = shutil.which("node") or "node"
    subprocess.run([node, "-e", build], cwd=ROOT / "labextension", check=True)
    times: list[float] = page.evaluate(
        """async ([source, edges, count, runs]) => {
            const url = URL.createObjectURL(new Blob([source], {type: 'text/javascript'}))
            const {layout} = await import(url)
            const times = []
            for (let run = 0; run < runs; run++) {
                const input = {count, edges: Int32Array.from(edges), weight: new Int32Array(edges.length / 2).fill(1),
                    block: new Int32Array(count), blocks: 1, framed: new Uint8Array(1),
                    width: new Float32Array(count).fill(162), height: new Float32Array(count).fill(34), previous: null}
                const start = performance.now()
                layout(input)
                times.push(performance.now() - start)
            }
            return times
        }""",
        [bundle.read_text(encoding="utf-8"), graph.edges, len(graph.names), RUNS],
    )
    return times


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
    layout = layout_milliseconds(page, graph)
    messages = [json.dumps(graph_message(graph)), json.dumps(states_message(states))]
    first = page.evaluate(FIRST, messages)
    page.wait_for_timeout(400)
    result: dict[str, Any] = {
        "nodes": len(graph.names),
        "edges": len(graph.edges) // 2,
        "layout_ms": round(statistics.median(layout), 1),
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


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("No Chromium on this machine.")
    bundle = len(gzip.compress((explorer_page.STATIC / "explorer.js").read_bytes()))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_context(viewport={"width": 1400, "height": 840}).new_page()
        result = measure(page) | {"bundle_kb_gzipped": round(bundle / 1024, 1)}
        browser.close()
    for name, value in result.items():
        print(f"{name:20} {value}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
