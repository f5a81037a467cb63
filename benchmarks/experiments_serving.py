"""Throughput of a generated service with two experiments beside the same service without.

It is one process, whose routes are changed between blocks of requests, as a deployer changes them: two
processes of the same code differ by more than what is measured here, from how they lie in memory.
Each request is of one of 5,000 units, in the header ``X-Attributes``. The experiments exclude each
other in one layer, 40 % of the units each, two arms each; their envelopes are satisfied by the same
interpreter. The figure is the server's CPU time for a request, by the scheduler's account, whose
inverse is the throughput of one core. Blocks stand in the order without, with, with, without, and a
ratio is of four. Three cases are told apart: units that came before, whose decision is remembered;
units that were exposed but are decided anew, as after a change of routes; first exposures, which are
hashed and written down. The last line is JSON; ``throughput_ratio`` is to be 0.97 or more.
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
from jupyter_lifecycle.deployment.service.routes import Routes
from jupyter_lifecycle.registry.records import Rule

ROUNDS, BLOCK, UNITS = 24, 250, 5_000
ROW = json.dumps({"distance": 1400.5, "hour": 9})


def times(factor: float):
    def scalar(distance: float, hour: int) -> float:
        return distance / 8 + hour * factor

    return scalar


def cpu_nanoseconds(pid: int) -> int:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)


class Server:
    def __init__(self, process: ServiceProcess, folder: Path, port: int) -> None:
        self.process, self.folder = process, folder
        self.with_experiments = Routes.read(folder)
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.arms: dict[str, int] = {}
        self.asked = {True: 0, False: 0}

    def block(self, *, experiments: bool, case: str = "anew") -> float:
        """CPU microseconds of a request."""
        self.process.follow(self.folder, self.with_experiments if experiments else Routes())
        first = self.asked[experiments]
        self.asked[experiments] += BLOCK
        if case == "before":
            self._ask(first, BLOCK, "c")
        else:
            self._ask(0, 20, "warm")
        before = cpu_nanoseconds(self.process.pid)
        self._ask(first, BLOCK, "fresh" if case == "first" else "c")
        return (cpu_nanoseconds(self.process.pid) - before) / BLOCK / 1000

    def _ask(self, first: int, times: int, prefix: str) -> None:
        for n in range(first, first + times):
            unit = f"{prefix}-{n if prefix == 'fresh' else n % UNITS}"
            headers = {
                "Content-Type": "application/json",
                "X-Attributes": json.dumps({"id": unit}),
            }
            self.connection.request("POST", "/predict", ROW, headers)
            response = self.connection.getresponse()
            response.read()
            if response.status != 200:
                raise SystemExit(f"answered {response.status}")
            arm = response.headers.get("x-experiment", "none")
            self.arms[arm] = self.arms.get(arm, 0) + 1

    def ratio(self, case: str) -> tuple[float, float, float]:
        plan = (False, True, True, False)
        took = [self.block(experiments=one, case=case) for one in plan]
        without, with_ = took[0] + took[3], took[1] + took[2]
        return without / with_, without / 2, with_ / 2


def started(home: Path, registry: jl.Registry, deployer: Deployer) -> Server:
    example = [{"distance": 1400.5, "hour": 9}]
    ids = [
        jl.save(times(n), name="m", example=example, tags={"n": str(n)}, registry=registry).id
        for n in (2.0, 3.0, 4.0)
    ]
    registry.set_rule(Rule("tested", "tags.n = '2.0'", options={"window_seconds": 0}))
    deployer.step()
    jl.layer("ranking", unit="id", registry=registry)
    for name, other in (("one", ids[1]), ("two", ids[2])):
        arms = {"control": ids[0], "treatment": other}
        given = {"layer": "ranking", "endpoint": "tested", "share": 0.4}
        jl.experiment(name, arms=arms, registry=registry, **given).start()
    deployer.step()
    deployer.step()
    memory = MemoryFile(Place(home / "deployer").memory_of("tested")).memory
    assert memory.serving is not None
    folder = Path(memory.serving.folder)
    adopted = ServiceProcess.adopt(Path(memory.serving.control), folder)
    assert adopted is not None
    return Server(adopted[0], folder, memory.port)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        os.environ["JUPYTER_LIFECYCLE_HOME"] = name
        with jl.Registry(home) as registry:
            with Deployer(registry) as deployer:
                server = started(home, registry, deployer)
            for _ in range(UNITS // BLOCK):  # every unit is seen once
                server.block(experiments=True)
            found = {
                case: [server.ratio(case) for _ in range(ROUNDS)]
                for case in ("before", "anew", "first")
            }
            stop(home / "deployer")
    print(f"arms: {server.arms}")
    ratios = {}
    for case, rounds in found.items():
        ratio, without, with_ = (statistics.median(one[n] for one in rounds) for n in range(3))
        print(f"{case}: {without:.1f} µs without, {with_:.1f} µs with two experiments")
        ratios[case] = round(ratio, 4)
    said = {"throughput_ratio": ratios.pop("before"), **ratios, "goal": 0.97}
    print(json.dumps(said))


if __name__ == "__main__":
    main()
