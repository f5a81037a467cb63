"""Servers and databases that are killed at random moments while clients write: nothing that was
acknowledged is lost, nothing counts twice, nothing half-written is seen, clients go on by themselves.

``REGISTRY_KILL_ROUNDS=100`` kills a hundred times; the figures of such a run are in docs/registry.md.
"""

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time

import pytest

import jupyter_lifecycle as jl
from jupyter_lifecycle.errors import RegistryUnavailableError

ROUNDS = int(os.environ.get("REGISTRY_KILL_ROUNDS", "3"))
CLIENTS = 4


class Server:
    """A server on a port that stays its own, however often it's killed."""

    def __init__(self, folder, *words):
        self._words = words
        self._env = os.environ | {"JUPYTER_LIFECYCLE_HOME": str(folder)}
        self._port = "0"
        self._log = folder.with_name("servers.log")
        self.start()

    def start(self):
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "jupyter_lifecycle.cli", "registry"),
                    *("--port", self._port, *self._words),
                ],
                env=self._env,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        for line in self._process.stdout:
            if found := re.search(r" on (http://127.0.0.1:(\d+))", line):
                self.address, self._port = found.groups()
                return
        raise AssertionError("the server did not start")

    @property
    def log(self):
        return self._log.read_text()

    def kill(self):
        self._process.kill()
        self._process.wait(30)
        self._process.stdout.close()


class Client(threading.Thread):
    """Writes without pause, and remembers what it tried and what was acknowledged."""

    def __init__(self, number, address, token, bundles, over):
        super().__init__()
        self._registry = jl.Registry(address, token=token)
        self._number, self._bundles, self._over = number, bundles, over
        self.key = f"client-{number}"
        self.saved, self.tried, self.acknowledged = [], [], []
        self.failures, self.fault = 0, None

    def run(self):
        try:
            while not self._over.is_set():
                self._work(len(self.tried))
        except BaseException as fault:  # noqa: BLE001 - told by the test's own thread
            self.fault = fault
        finally:
            self._registry.close()

    def _work(self, step):
        try:
            if not self.saved or step % 7 == 0:
                bundle = next(self._bundles)
                self._registry.add(bundle)
                self.saved.append(bundle.id)
            self.tried.append(step)
            id_ = self.saved[0]
            self._registry.tag(id_, {self.key: str(step)})
            self._registry.log_metrics(id_, {self.key: float(step)}, step=step)
            self.acknowledged.append(step)
        except RegistryUnavailableError:
            self.failures += 1
            self._over.wait(0.1)


@pytest.fixture
def killed_things(request, tmp_path, make_cluster):
    """The servers, and how to kill one thing and bring it back."""
    if request.param == "sqlite":
        words = ("--artifacts", str(tmp_path / "files"))
        server = Server(tmp_path / "home", *words, "--token-file", str(tmp_path / "token"))
        servers, victims = [server], [server]
    else:
        cluster = make_cluster("fsync=on")
        words = (
            *("--database", f"postgresql://postgres@/postgres?host={cluster.folder}"),
            *("--artifacts", str(tmp_path / "files")),
        )
        first = Server(tmp_path / "home", *words, "--token-file", str(tmp_path / "token"))
        servers = [first, Server(tmp_path / "home", *words)]
        victims = [*servers, Database(cluster)]
    yield servers, victims, (tmp_path / "token").read_text().strip()
    for server in servers:
        server.kill()


class Database:
    """A cluster as one of the victims: SIGQUIT ends it at once, as a crash does."""

    def __init__(self, cluster):
        self._cluster = cluster

    def kill(self):
        self._cluster.stop(signal.SIGQUIT)

    def start(self):
        self._cluster.start()


@pytest.mark.slow
@pytest.mark.timeout(120 + 20 * ROUNDS)
@pytest.mark.parametrize("killed_things", ["sqlite", "postgresql"], indirect=True)
def test_nothing_acknowledged_is_lost(killed_things, make_bundle):
    servers, victims, token = killed_things
    chance = random.Random(7)
    over = threading.Event()
    bundles = [
        [make_bundle("ltv", files={"data": os.urandom(200_000)}) for _ in range(4 + ROUNDS)]
        for _ in range(CLIENTS)
    ]
    clients = [
        Client(number, servers[number % len(servers)].address, token, iter(mine * 1000), over)
        for number, mine in enumerate(bundles)
    ]
    for client in clients:
        client.start()
    for _ in range(ROUNDS):
        over.wait(chance.uniform(0.3, 1.5))
        victim = chance.choice(victims)
        victim.kill()
        over.wait(chance.uniform(0.0, 0.5))
        victim.start()
    before = [len(client.acknowledged) for client in clients]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and any(
        len(client.acknowledged) <= was for client, was in zip(clients, before, strict=True)
    ):
        over.wait(0.05)
    over.set()
    for client in clients:
        client.join(60)
    told = [len(client.acknowledged) for client in clients]
    print(
        f"{ROUNDS} kills, {sum(told)} writes acknowledged, {sum(c.failures for c in clients)} not"
    )
    assert [client.fault for client in clients] == [None] * CLIENTS, servers[0].log[-8000:]
    assert all(now > was for now, was in zip(told, before, strict=True)), "a client did not go on"
    with jl.Registry(servers[0].address, token=token) as registry:
        for client in clients:
            _check(registry, client)
        for one in registry.search("", limit=1000):
            one.bundle.verify_files()


def _check(registry, client):
    found = registry.get(client.saved[0])
    written = [int(change.after) for change in found.history() if change.key == client.key]
    points = [point.step for point in found.metric_history(client.key)]
    for seen in (written, points):
        assert seen == sorted(set(seen)), "a write counted twice"
        assert set(client.acknowledged) <= set(seen) <= set(client.tried)
    assert {each.id for each in registry.search("", limit=1000)} >= set(client.saved)
