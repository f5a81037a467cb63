"""What counting costs a service: CPU a request with 50 columns, and the flush of 1,000 columns.

Two generated services run side by side, as processes of their own, the same but for counting. They
are asked in turns by one client over keep-alive connections; their CPU time is the kernel's, so the
thread that counts is in it. ``python benchmarks/skew_service.py``; the last line is JSON.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import jupyter_lifecycle as jl
from jupyter_lifecycle.deployment.collecting import records_of
from jupyter_lifecycle.deployment.service import Settings
from jupyter_lifecycle.deployment.service.counting import Counting
from jupyter_lifecycle.deployment.service.windows import read_window, window_files
from jupyter_lifecycle.deployment.template import service_source
from jupyter_lifecycle.envelope import Field, Schema
from jupyter_lifecycle.monitoring import ColumnPlan, Plan, Profile

COLUMNS, ROUNDS, ASKED = 50, 12, 400
WIDE, ROWS = 1_000, 3_600
TICKS = os.sysconf("SC_CLK_TCK")


def rows(n: int) -> list[dict[str, float]]:
    draw = random.Random(0)
    return [{f"x{place}": draw.gauss(0, 1) for place in range(COLUMNS)} for _ in range(n)]


class Service:
    """One generated service, by hand, without capture."""

    def __init__(self, bundle: jl.Envelope, folder: Path, seconds: int) -> None:
        folder.mkdir()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.windows = folder / "windows"
        settings = Settings(
            "bench", bundle.id, capture=0.0, window_seconds=seconds, window_folder=str(self.windows)
        )
        (folder / "service.py").write_text(service_source(settings, bundle.path))
        self.process = subprocess.Popen(
            [sys.executable, str(folder / "service.py"), "--port", str(self.port)], cwd=folder
        )
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port)
        tick = threading.Event()
        while True:
            try:
                self.connection.request("GET", "/ready")
                self.connection.getresponse().read()
                return
            except OSError:
                self.connection.close()
                tick.wait(0.1)

    def cpu(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def ask(self, bodies: list[bytes]) -> None:
        self.connection.close()  # it may have idled while the other was asked
        for body in bodies:
            self.connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
            answer = self.connection.getresponse()
            assert answer.status == 200, answer.read()
            answer.read()

    def close(self) -> None:
        self.connection.close()
        self.process.terminate()
        self.process.wait()


def throughput(folder: Path) -> dict[str, float]:
    def model(**values: float) -> float:
        return values["x0"] + values["x1"]

    with jl.Registry(folder / "home") as registry:
        saved = jl.save(model, name="bench", example=rows(200), registry=registry)
        bundle = registry.bundle(saved.id)
    bodies = [json.dumps(row).encode() for row in rows(ASKED)]
    services = {
        name: Service(bundle, folder / name, seconds)
        for name, seconds in (("with", 3600), ("without", 0))
    }
    spent: dict[str, list[float]] = {name: [] for name in services}
    try:
        for one in services.values():
            one.ask(bodies)
        for _ in range(ROUNDS):
            for name, one in services.items():
                before = one.cpu()
                for _ in range(5):
                    one.ask(bodies)
                spent[name].append((one.cpu() - before) / (5 * ASKED))
    finally:
        for one in services.values():
            one.close()
    counted = sum(
        Profile.from_json(read_window(path).sides["inputs"]["profile"]).rows
        for path in window_files(services["with"].windows)
    )
    assert counted == ASKED * (1 + 5 * ROUNDS), counted
    # a tick of the kernel's clock is 10 ms: the mean over all rounds, not the least of one
    best = {name: sum(times) / len(times) for name, times in spent.items()}
    share = best["with"] / best["without"] - 1
    print(
        f"a request with {COLUMNS} columns: {best['without'] * 1e6:.0f} µs of CPU, counted {best['with'] * 1e6:.0f} µs: {share:+.1%}"
    )
    return {"request_us": best["without"] * 1e6, "counted_us": best["with"] * 1e6, "share": share}


def flush(folder: Path) -> dict[str, float]:
    fields = tuple(Field(f"x{place}", "number") for place in range(WIDE))
    edges = tuple(place / 20 for place in range(1, 20))
    plan = Plan(tuple(ColumnPlan(field.name, "number", edges=edges) for field in fields))
    settings = Settings("bench", "a" * 40, window_folder=str(folder / "wide"))
    counting = Counting(settings, Schema("frame", "frame", fields), {"inputs": plan}, lambda: 1e9)
    draw = random.Random(0)
    for _ in range(ROWS // 100):
        payload = [{field.name: draw.random() for field in fields} for _ in range(100)]
        counting.add(payload, [], 1)
    spent = []
    one_more = {field.name: draw.random() for field in fields}
    for _ in range(10):
        counting.add(one_more, [], 1)
        counting.count()
        before = time.process_time()
        path = counting.flush()
        spent.append(time.process_time() - before)
    counting.close()
    size = path.stat().st_size
    with jl.Registry(folder / "registry") as registry:
        windows = records_of(read_window(path))
        registry.add_windows(windows)
        before = time.process_time()
        registry.add_windows(
            [
                w
                for one in windows
                for w in [
                    one.__class__(**{s: getattr(one, s) for s in one.__slots__} | {"flush": 99})
                ]
            ]
        )
        stored = time.process_time() - before
    print(
        f"flush of {WIDE:,} columns and {ROWS:,} rows: {min(spent) * 1e3:.1f} ms of CPU, {size / WIDE:.0f} bytes a column; in the registry {stored * 1e3:.1f} ms"
    )
    return {"flush_ms": min(spent) * 1e3, "bytes_a_column": size / WIDE, "stored_ms": stored * 1e3}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        found = throughput(Path(name)) | flush(Path(name))
    goals = {"share": 0.05, "flush_ms": 50.0, "bytes_a_column": 2048.0}
    print(json.dumps({"goals": goals, **{key: round(value, 4) for key, value in found.items()}}))
