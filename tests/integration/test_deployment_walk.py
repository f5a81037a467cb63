"""Random walks over rules, tags, metrics, pins and crashes: what serves is always what the rules say.

A plain Python model of two endpoints says what should serve. ``DEPLOYMENT_WALK_STEPS=500`` walks
further; a walk's seed is in its id, so that one that failed can be walked again.
"""

import contextlib
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

import jupyter_lifecycle as jl
from jupyter_lifecycle.deployment import Endpoint, see_to_deployer
from jupyter_lifecycle.deployment.deployer import running_deployer
from jupyter_lifecycle.deployment.detach import stop
from jupyter_lifecycle.deployment.memory import MemoryFile
from jupyter_lifecycle.deployment.process import ServiceProcess
from jupyter_lifecycle.errors import EndpointError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the local target needs Unix")

STEPS = int(os.environ.get("DEPLOYMENT_WALK_STEPS", "24"))
PAUSE = threading.Event()  # never set: waits without sleeping


class World:
    """The real thing, and beside it what it should be."""

    ENDPOINTS = ("newest", "best")

    def __init__(self, home):
        self.registry = jl.Registry(home)
        self.place = Path(self.registry.location) / "deployer"
        self.envelopes = [self._save(factor) for factor in range(1, 5)]
        self.tagged = {endpoint: set() for endpoint in self.ENDPOINTS}
        self.scores = {}
        self.pins = {}
        jl.rule("newest", when="tags.newest = 'yes'", registry=self.registry)
        jl.rule(
            "best",
            when="tags.best = 'yes'",
            order_by="metrics.score desc",
            on_none="retire",
            registry=self.registry,
        )

    def _save(self, factor):
        def model(x: float) -> float:
            return x * factor

        return jl.save(model, name="m", example=[{"x": 1.0}], registry=self.registry)

    def expected(self, endpoint):
        """Which of the envelopes should serve, or None."""
        if endpoint in self.pins:
            return self.pins[endpoint]
        matching = sorted(self.tagged[endpoint], reverse=True)
        if endpoint == "best":
            matching.sort(key=lambda at: self.scores.get(at, float("-inf")), reverse=True)
        return matching[0] if matching else None

    # -- what may happen

    def tag(self, chance):
        endpoint, at = chance.choice(self.ENDPOINTS), chance.randrange(4)
        self.envelopes[at].tag(**{endpoint: "yes"})
        self.tagged[endpoint].add(at)

    def untag(self, chance):
        endpoint, at = chance.choice(self.ENDPOINTS), chance.randrange(4)
        if at in self.tagged[endpoint]:
            self.envelopes[at].untag(endpoint)
            self.tagged[endpoint].remove(at)

    def score(self, chance):
        at, score = chance.randrange(4), chance.random()
        self.envelopes[at].log_metrics(score=score)
        self.scores[at] = score

    def pin(self, chance):
        endpoint, at = chance.choice(self.ENDPOINTS), chance.randrange(4)
        self.registry.pin(endpoint, self.envelopes[at])
        self.pins[endpoint] = at

    def unpin(self, chance):
        endpoint = chance.choice(self.ENDPOINTS)
        self.registry.unpin(endpoint)
        self.pins.pop(endpoint, None)

    def kill_the_deployer(self, _):
        found = running_deployer(self.place / "deployer.lock")
        if found and found.get("pid"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(found["pid"], signal.SIGKILL)

    def kill_a_service(self, chance):
        folder = self.place / "endpoints" / chance.choice(self.ENDPOINTS)
        placed = MemoryFile(folder / "memory.json").memory.serving
        if placed is None:
            return
        found = ServiceProcess.adopt(Path(placed.control), Path(placed.folder))
        if found is None:
            return  # it's just going
        process, status = found
        process.leave()
        with contextlib.suppress(ProcessLookupError):
            os.kill(status["pid"], signal.SIGKILL)

    def wait(self, chance):
        PAUSE.wait(chance.uniform(0.0, 1.5))

    # -- what must hold

    def settle(self):
        see_to_deployer(self.registry)
        for endpoint in self.ENDPOINTS:
            self._settle(endpoint)

    def _settle(self, endpoint):
        at = self.expected(endpoint)
        deadline = time.monotonic() + 90
        while not self._holds(endpoint, at):
            record = self.registry.endpoint(endpoint)
            assert time.monotonic() < deadline, f"{endpoint} should serve {at}: {record}"
            PAUSE.wait(0.05)

    def _holds(self, endpoint, at):
        record = self.registry.endpoint(endpoint)
        serving = self.envelopes[at].id if at is not None else None
        if at is None:  # it keeps what it had, or it is retired
            return record.state in {"waiting", "unmatched", "retired"}
        if record.state != "serving" or record.serving != serving:
            return False
        try:
            return Endpoint(endpoint, self.registry).predict({"x": 2.0}) == 2.0 * (at + 1)
        except EndpointError:
            return False  # it was killed a moment ago, and nobody has noticed yet


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path / "home")
    yield world
    stop(world.place)
    world.registry.close()


@pytest.mark.slow
@pytest.mark.timeout(240 + 20 * STEPS)
@pytest.mark.parametrize("seed", [1, 2])
def test_what_serves_is_what_the_rules_say(world, seed):
    chance = random.Random(seed)
    moves = [world.tag, world.untag, world.score, world.pin, world.unpin, world.wait]
    crashes = [world.kill_the_deployer, world.kill_a_service]
    for step in range(1, STEPS + 1):
        move = chance.choices([*moves, *crashes], weights=[5, 2, 2, 1, 2, 3, 2, 1])[0]
        move(chance)
        if step % 8 == 0:
            world.settle()
    world.settle()
    for endpoint in world.ENDPOINTS:
        states = [each.state for each in world.registry.deployments(endpoint, 1_000)]
        assert states.count("serving") <= 1
        assert "running" not in states
