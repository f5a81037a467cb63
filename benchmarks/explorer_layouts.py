"""The explorer's layout beside graphviz's dot, dagre and elkjs: milliseconds and crossings.

Used by ``benchmarks/explorer.py``. The peers are dependencies of the benchmark alone:
``benchmarks/explorer_peers`` installs them by ``npm ci`` when it is first run.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from jupyter_lifecycle.widgets.wire import GraphView

HERE = Path(__file__).parent
PEERS = HERE / "explorer_peers"
LABEXTENSION = HERE.parent / "labextension"
SECONDS = 60
"""A layout that takes longer counts as not finished."""


def bundle() -> str:
    """The layout's own module, bundled; returns its path."""
    target = LABEXTENSION / "node_modules" / ".cache" / "layout-bench.mjs"
    options = {
        "entryPoints": [(LABEXTENSION / "src" / "core" / "layout.ts").as_posix()],
        "bundle": True,
        "format": "esm",
        "minify": True,
        "outfile": target.as_posix(),
    }
    build = f"require('esbuild').buildSync({json.dumps(options)})"
    subprocess.run([_node(), "-e", build], cwd=LABEXTENSION, check=True)
    return target.as_posix()


def _node() -> str:
    return shutil.which("node") or "node"


def install() -> None:
    """Have the peers."""
    if not (PEERS / "node_modules").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=PEERS, check=True)


def by_node(kind: str, graph: GraphView, runs: int, module: str) -> dict[str, Any] | None:
    """One of our own and of the peers in JavaScript; None where it did not finish."""
    asked = {"count": len(graph.names), "edges": graph.edges, "runs": runs, "bundle": module}
    try:
        done = subprocess.run(
            [_node(), "--stack-size=4000", "layouts.mjs", kind],
            cwd=PEERS, input=json.dumps(asked), text=True, capture_output=True,
            timeout=SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return None
    return json.loads(done.stdout) if done.returncode == 0 else None


def by_dot(graph: GraphView) -> dict[str, Any] | None:
    """Graphviz; its time has the start of a process in it, some milliseconds."""
    dot = shutil.which("dot")
    if dot is None:
        return None
    pairs = zip(graph.edges[::2], graph.edges[1::2], strict=True)
    lines = [f"n{a} -> n{b};" for a, b in pairs]
    nodes = [f"n{at};" for at in range(len(graph.names))]
    head = "digraph{rankdir=LR;node[shape=box,fixedsize=true,width=2.25,height=0.47];"
    start = time.perf_counter()
    try:
        done = subprocess.run(
            [dot, "-Tplain"], input=head + "".join([*nodes, *lines]) + "}", text=True,
            capture_output=True, timeout=SECONDS, check=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return None
    elapsed = 1000 * (time.perf_counter() - start)
    places = [[0.0, 0.0] for _ in graph.names]
    for line in done.stdout.splitlines():
        if line.startswith("node "):
            _, name, x, y, *_ = line.split()
            places[int(name[1:])] = [float(x), float(y)]
    return {"ms": elapsed, "places": places}


def crossings(places: list[list[float]], edges: list[int]) -> int:
    """How many pairs of edges cross, each drawn as a straight line between its nodes' centres."""
    points = np.asarray(places, dtype=float)
    ends = np.asarray(edges).reshape(-1, 2)
    start, stop = points[ends[:, 0]], points[ends[:, 1]]
    found = 0
    for at in range(len(ends) - 1):
        rest = slice(at + 1, None)
        shared = (ends[rest] == ends[at, 0]) | (ends[rest] == ends[at, 1])
        one = _side(start[at], stop[at], start[rest]) * _side(start[at], stop[at], stop[rest])
        two = _side(start[rest], stop[rest], start[at]) * _side(start[rest], stop[rest], stop[at])
        found += int(((one < 0) & (two < 0) & ~shared.any(axis=1)).sum())
    return found


def _side(a: Any, b: Any, p: Any) -> Any:
    ab, ap = b - a, p - a
    return ab[..., 0] * ap[..., 1] - ab[..., 1] * ap[..., 0]


def compare(graph: GraphView, *, peers: tuple[str, ...], runs: int = 3) -> dict[str, Any]:
    """Milliseconds of each, and crossings where they can be counted in a few seconds."""
    module = bundle()
    found = {"ours": by_node("ours", graph, runs, module)}
    for peer in peers:
        found[peer] = by_dot(graph) if peer == "dot" else by_node(peer, graph, 1, module)
    counted = len(graph.edges) <= 8_000
    return {
        name: None
        if each is None
        else {"ms": round(each["ms"], 1), "cpu_ms": round(each.get("cpu", each["ms"]), 1)}
        | ({"crossings": crossings(each["places"], graph.edges)} if counted else {})
        for name, each in found.items()
    }
