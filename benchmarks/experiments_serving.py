"""Throughput of a generated service with two experiments beside the same service without.

Both services stand on the same uvicorn and are asked in turn, a block of requests each, so that what
else the machine does meets both alike. Each request is of one of 5,000 units, in the header
``X-Attributes``. The experiments exclude each other in one layer, 40 % of the units each, two arms
each; their envelopes are satisfied by the same interpreter. The figure is the server's CPU time for a
request, whose inverse is the throughput of one core. The last line is JSON; ``throughput_ratio`` is
to be 0.97 or more.
"""

from __future__ import annotations

import http.client
import json
import os
import statistics
import tempfile
from pathlib import Path

import jupyter_lifecycle as jl
from jupyter_lifecycle.deployment import Deployer
from jupyter_lifecycle.deployment.detach import stop
from jupyter_lifecycle.deployment.memory import MemoryFile
from jupyter_lifecycle.deployment.place import Place
from jupyter_lifecycle.deployment.process import ServiceProcess
from jupyter_lifecycle.registry.records import Rule

BLOCKS, BLOCK, UNITS = 60, 400, 5_000
ROW = json.dumps({"distance": 1400.5, "hour": 9})


def times(factor: float):
    def scalar(distance: float, hour: int) -> float:
        return distance / 8 + hour * factor

    return scalar


def cpu_ticks(pid: int) -> int:
    # Nanoseconds of CPU time by the scheduler's own account, finer than /proc/PID/stat's.
    return sum(
        int((task / "schedstat").read_text().split()[0])
        for task in Path(f"/proc/{pid}/task").iterdir()
    )


class Server:
    def __init__(self, name: str, port: int, pid: int) -> None:
        self.name, self.pid = name, pid
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.blocks: list[float] = []
        self.arms: dict[str, int] = {}

    def ask(self, first: int) -> None:
        self.connection.close()  # an idle one is closed by the server after five seconds
        before = cpu_ticks(self.pid)
        for n in range(first, first + BLOCK):
            headers = {
                "Content-Type": "application/json",
                "X-Attributes": json.dumps({"id": f"c-{n % UNITS}"}),
            }
            self.connection.request("POST", "/predict", ROW, headers)
            response = self.connection.getresponse()
            response.read()
            if response.status != 200:
                raise SystemExit(f"{self.name} answered {response.status}")
            arm = response.headers.get("x-experiment", "none")
            self.arms[arm] = self.arms.get(arm, 0) + 1
        self.blocks.append((cpu_ticks(self.pid) - before) / BLOCK)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JUPYTER_LIFECYCLE_HOME"] = folder
        registry = jl.Registry(Path(folder))
        example = [{"distance": 1400.5, "hour": 9}]
        ids = [
            jl.save(times(n), name="m", example=example, tags={"n": str(n)}, registry=registry).id
            for n in (2.0, 3.0, 4.0)
        ]
        for endpoint in ("plain", "tested"):
            registry.set_rule(Rule(endpoint, "tags.n = '2.0'", options={"window_seconds": 0}))
        with Deployer(registry) as deployer:
            deployer.step()
            jl.layer("ranking", unit="id", registry=registry)
            for name, other in (("one", ids[1]), ("two", ids[2])):
                arms = {"control": ids[0], "treatment": other}
                given = {"layer": "ranking", "endpoint": "tested", "share": 0.4}
                jl.experiment(name, arms=arms, registry=registry, **given).start()
            deployer.step()
            deployer.step()
            servers = []
            for endpoint in ("plain", "tested"):
                memory = MemoryFile(Place(Path(folder) / "deployer").memory_of(endpoint)).memory
                adopted = ServiceProcess.adopt(
                    Path(memory.serving.control), Path(memory.serving.folder)
                )
                assert adopted is not None
                servers.append(Server(endpoint, memory.port, adopted[1]["pid"]))
            for block in range(BLOCKS):
                for server in servers if block % 2 else servers[::-1]:
                    server.ask(block * BLOCK)
        stop(Path(folder) / "deployer")
        registry.close()
    plain, tested = servers
    half = BLOCKS // 4  # afterwards every unit was seen, as of most requests of a day
    pairs = zip(plain.blocks[half:], tested.blocks[half:], strict=True)
    ratio = statistics.median(a / b for a, b in pairs)
    first = statistics.median(
        a / b for a, b in zip(plain.blocks[:half], tested.blocks[:half], strict=True)
    )
    print(f"arms of the tested service: {tested.arms}")
    print(
        f"CPU of a request: {statistics.median(plain.blocks[half:]) / 1000:.1f} µs without, "
        f"{statistics.median(tested.blocks[half:]) / 1000:.1f} µs with two experiments"
    )
    print(
        json.dumps(
            {
                "throughput_ratio": round(ratio, 4),
                "throughput_ratio_first_exposures": round(first, 4),
                "goal": 0.97,
            }
        )
    )


if __name__ == "__main__":
    main()
