"""A service killed again and again while it is asked: nothing counts twice, what was flushed stays."""

import contextlib
import http.client
import json
import random
import socket
import subprocess
import sys
import threading

import pytest

import jupyter_lifecycle as jl
from jupyter_lifecycle.deployment.collecting import Collector
from jupyter_lifecycle.deployment.service import Settings
from jupyter_lifecycle.deployment.service.windows import read_window, window_files
from jupyter_lifecycle.deployment.template import service_source
from jupyter_lifecycle.monitoring import Profile

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="services need Unix")


def model(x: float) -> float:
    return x * 2


@pytest.fixture
def page(tmp_path):
    with jl.Registry(tmp_path / "home") as registry:
        saved = jl.save(model, name="m", example=[{"x": 1.5}], registry=registry)
        folder = tmp_path / "windows" / "svc" / saved.id[:10]
        settings = Settings(
            "svc", saved.id, capture=0.0, window_seconds=1, window_folder=str(folder)
        )
        script = tmp_path / "service.py"
        script.write_text(service_source(settings, registry.bundle(saved.id).path))
        yield script, folder, registry


def start(script):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, script, "--port", str(port)], cwd=script.parent)
    tick = threading.Event()
    for _ in range(400):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        with contextlib.suppress(OSError):
            connection.request("GET", "/ready")
            connection.getresponse().read()
            return process, connection
        tick.wait(0.05)
    process.kill()
    return pytest.fail("the service did not start in 20 s")


def ask(connection, sent):
    """Ask until the service is gone; gives how many were answered."""
    answered = 0
    body = json.dumps({"x": 1.0})
    try:
        while True:
            sent.append(1)
            connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
            connection.getresponse().read()
            answered += 1
    except (OSError, http.client.HTTPException):
        return answered


def rows(folder):
    return sum(window.sides["inputs"]["rows"] for window in map(read_window, window_files(folder)))


def test_killed_at_any_moment(page):
    script, folder, registry = page
    draw, tick = random.Random(3), threading.Event()
    collector = Collector(registry, folder.parents[1])
    sent, answered, kept = [], 0, 0
    for _ in range(4):
        process, connection = start(script)
        killer = threading.Thread(
            target=lambda p=process: (tick.wait(draw.uniform(0.3, 2.5)), p.kill())
        )
        killer.start()
        answered += ask(connection, sent)
        killer.join()
        process.wait()
        connection.close()
        for _ in range(2):  # a deployer that was killed as well sends it all again
            Collector(registry, folder.parents[1]).collect()
        collector.collect()
        found = registry.windows("svc", _long_ago(), side="inputs")
        counted = sum((Profile.from_json(one.profile) for one in found), start=0)
        total = counted.rows if found else 0
        assert kept <= total <= len(sent)
        kept = total
    assert answered > 100
    assert kept > 0


def _long_ago():
    from datetime import UTC, datetime, timedelta

    return datetime.now(UTC) - timedelta(days=1)


def test_ended_in_peace_it_has_counted_every_answer(page):
    script, folder, _ = page
    process, connection = start(script)
    try:
        for _ in range(257):
            connection.request(
                "POST", "/predict", '{"x": 1.0}', {"Content-Type": "application/json"}
            )
            assert connection.getresponse().read() == b"2.0"
    finally:
        connection.close()
        process.terminate()
        process.wait()
    assert rows(folder) == 257
