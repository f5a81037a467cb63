"""One-row predict: the generated service beside bare FastAPI and Starlette applications.

Each server is a process of its own on the same uvicorn. One client asks them in turn, a block of
requests each, so that what else the machine does meets all of them alike; the figures are the
median time from request to answer and, where /proc tells, the server's CPU time for a request. The
floors parse JSON, run the same function in the same kind of thread pool and answer JSON, without
validation, counters, capture or logs. The last line is JSON: milliseconds and ratios.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import jupyter_lifecycle as jl
from jupyter_lifecycle.deployment import Deployer
from jupyter_lifecycle.deployment.detach import stop
from jupyter_lifecycle.deployment.memory import MemoryFile
from jupyter_lifecycle.deployment.process import ServiceProcess
from jupyter_lifecycle.registry.records import Rule

BLOCKS, BLOCK = 30, 100

FLOOR = """
import json, os, sys, socket
from concurrent.futures import ThreadPoolExecutor
import asyncio, uvicorn
pool = ThreadPoolExecutor(4)
{setup}

async def answer(request):
    payload = json.loads(await request.body())
    loop = asyncio.get_running_loop()
    return json.dumps(await loop.run_in_executor(pool, work, payload)).encode()

{app}
sock = socket.create_server(("127.0.0.1", 0))
print(sock.getsockname()[1], flush=True)
config = uvicorn.Config(app, access_log=False, log_level="error", lifespan="off")
uvicorn.Server(config).run(sockets=[sock])
"""

STARLETTE = """
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
async def predict(request):
    return Response(await answer(request), media_type="application/json")
app = Starlette(routes=[Route("/predict", predict, methods=["POST"])])
"""

FASTAPI = """
from fastapi import FastAPI, Request, Response
app = FastAPI()
@app.post("/predict")
async def predict(request: Request) -> Response:
    return Response(await answer(request), media_type="application/json")
"""

SCALAR = """
def work(payload):
    return payload["distance"] / 8 + payload["hour"] * 2
"""

FRAME = """
import pandas as pd
def work(payload):
    frame = pd.DataFrame(payload if isinstance(payload, list) else [payload])
    return (frame["distance"] / 8 + frame["hour"] * 2).tolist()[0]
"""


def scalar(distance: float, hour: int) -> float:
    return distance / 8 + hour * 2


def of_frame(frame):  # without annotations: a function of a frame, not of arguments
    return frame["distance"] / 8 + frame["hour"] * 2


HEADERS = {"Content-Type": "application/json"}
ROW = json.dumps({"distance": 1400.5, "hour": 9})


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far; NaN where the system does not tell."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return float("nan")
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


class Server:
    """One server to ask, and what asking it took."""

    def __init__(self, name: str, port: int, pid: int) -> None:
        self.name = name
        self.pid = pid
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.seconds: list[float] = []
        self.ask(BLOCK)
        self.seconds.clear()
        self.cpu = -cpu_seconds(pid)

    def ask(self, times: int) -> None:
        for _ in range(times):
            before = time.perf_counter()
            self.connection.request("POST", "/predict", ROW, HEADERS)
            response = self.connection.getresponse()
            body = response.read()
            self.seconds.append(time.perf_counter() - before)
            if response.status != 200:
                raise SystemExit(f"{self.name} answered {response.status}: {body!r}")

    def end(self) -> dict[str, float]:
        self.connection.close()
        cpu = (self.cpu + cpu_seconds(self.pid)) / len(self.seconds) * 1000
        return {
            f"{self.name}_ms": statistics.median(self.seconds) * 1000,
            f"{self.name}_cpu_ms": cpu,
        }


def floor(setup: str, app: str) -> tuple[subprocess.Popen[bytes], int]:
    process = subprocess.Popen(
        [sys.executable, "-c", FLOOR.format(setup=setup, app=app)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def service_of(home: Path, endpoint: str) -> tuple[int, int]:
    """Port and process of the service that serves an endpoint."""
    memory = MemoryFile(home / "deployer" / "endpoints" / endpoint / "memory.json").memory
    assert memory.serving is not None
    adopted = ServiceProcess.adopt(Path(memory.serving.control), Path(memory.serving.folder))
    assert adopted is not None
    adopted[0].leave()
    return memory.port, adopted[0].pid


def measure(home: Path, name: str, setup: str) -> dict[str, float]:
    floors = {"starlette": floor(setup, STARLETTE), "fastapi": floor(setup, FASTAPI)}
    try:
        servers = [Server(name, *service_of(home, name))]
        servers += [
            Server(f"{name}_{peer}", port, process.pid) for peer, (process, port) in floors.items()
        ]
        for _ in range(BLOCKS):
            for server in servers:
                server.ask(BLOCK)
        found = {key: value for server in servers for key, value in server.end().items()}
    finally:
        for process, _ in floors.values():
            process.send_signal(signal.SIGINT)
            process.wait(10)
            if process.stdout is not None:
                process.stdout.close()
    for peer in floors:
        found[f"{name}_over_{peer}"] = found[f"{name}_ms"] / found[f"{name}_{peer}_ms"]
        found[f"{name}_cpu_over_{peer}"] = found[f"{name}_cpu_ms"] / found[f"{name}_{peer}_cpu_ms"]
    return found


def main() -> None:
    import pandas as pd

    example = pd.DataFrame({"distance": [1400.5, 200.0], "hour": [9, 17]})
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, jl.Registry(Path(folder) / "home") as registry:
        home = Path(registry.location)
        jl.save(scalar, name="scalar", example=json.loads(ROW), registry=registry)
        jl.save(of_frame, name="frame", example=example, registry=registry)
        try:
            with Deployer(registry) as deployer:
                for name in ("scalar", "frame"):
                    registry.set_rule(Rule(name, f"name = '{name}'"))
                deployer.step()
            for name, setup in (("scalar", SCALAR), ("frame", FRAME)):
                found |= measure(home, name, setup)
                print(
                    f"{name}: {found[f'{name}_ms']:.3f} ms with validation, capture and counters "
                    f"({found[f'{name}_cpu_ms']:.3f} ms CPU), "
                    f"{found[f'{name}_over_starlette']:.2f} x bare Starlette, "
                    f"{found[f'{name}_over_fastapi']:.2f} x bare FastAPI"
                )
        finally:
            stop(home / "deployer")
    found["cores"] = float(os.cpu_count() or 0)
    print(json.dumps({key: round(value, 4) for key, value in found.items()}))


if __name__ == "__main__":
    main()
