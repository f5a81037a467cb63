"""Real services that count what they see: deployers send it, and kill -9 counts nothing twice."""

import os
import signal
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest

import jupyter_lifecycle as jl
from jupyter_lifecycle.deployment import Deployer, Endpoint
from jupyter_lifecycle.deployment.detach import stop
from jupyter_lifecycle.deployment.service.windows import read_window
from jupyter_lifecycle.monitoring import Profile
from jupyter_lifecycle.registry.records import Rule

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the local target needs Unix")


def model(frame):
    return frame["a"] * 2


@pytest.fixture
def registry(tmp_path):
    with jl.Registry(tmp_path / "home") as registry:
        yield registry
        stop(tmp_path / "home" / "deployer")


@pytest.fixture
def deployer(registry):
    with Deployer(registry) as deployer:
        yield deployer


@pytest.fixture
def envelope(registry):
    import pandas as pd

    frame = pd.DataFrame({"a": [float(n) for n in range(100)], "b": ["x", "y"] * 50})
    return jl.save(model, name="m", example=frame, registry=registry)


def wait_for(condition):
    tick = threading.Event()
    for _ in range(600):
        if found := condition():
            return found
        tick.wait(0.05)
    return pytest.fail("it did not happen in 30 s")


def counted(registry, side="inputs"):
    found = registry.windows("svc", datetime.now(UTC) - timedelta(days=1), side=side)
    return sum((Profile.from_json(one.profile) for one in found), start=0)


def test_requests_are_counted_and_a_kill_counts_nothing_twice(registry, deployer, envelope):
    registry.set_rule(Rule("svc", "name = 'm'"))
    deployer.step()
    ask = Endpoint("svc", registry).predict
    ask([{"a": 1.5, "b": "x"}, {"a": 150.0, "b": "new"}])
    ask({"a": [1.5] * 10, "b": ["y"] * 10})
    ask({"a": 3.0, "b": "x"})
    folder = registry_folder(registry) / "windows" / "svc" / envelope.id[:10]

    def files():
        return [read_window(path) for path in folder.glob("*.json")]

    def rows():
        return sum(one.sides["inputs"]["rows"] for one in files())

    wait_for(lambda: rows() == 13)
    assert registry.windows("svc", datetime.now(UTC) - timedelta(days=1)) == ()
    deployer.step()
    found = counted(registry)
    assert (found.rows, found["b"].new, found["a"].counts[-1]) == (13, (("new", 1),), 1)
    assert counted(registry, "outputs")["a"].rows == 13

    keeper = deployer._keepers["svc"]
    os.kill(keeper._serving.pid, signal.SIGKILL)
    wait_for(lambda: not keeper._serving.alive())
    deployer.step()
    deployer.step()
    assert counted(registry).rows == 13

    wait_for(lambda: Endpoint("svc", registry)._answers())
    ask({"a": [1.5] * 10, "b": ["y"] * 10})
    wait_for(lambda: rows() == 23)
    for _ in range(3):
        deployer._collector._sent.clear()
        deployer.step()
    assert counted(registry).rows == 23
    assert (
        len({one.run for one in registry.windows("svc", datetime.now(UTC) - timedelta(days=1))})
        == 2
    )


def registry_folder(registry):
    from jupyter_lifecycle.deployment.deployer import default_folder

    return default_folder(registry)


def test_what_was_counted_is_written_when_a_service_ends(registry, deployer, envelope):
    registry.set_rule(Rule("svc", "name = 'm'"))
    deployer.step()
    Endpoint("svc", registry).predict({"a": 1.5, "b": "x"})
    keeper = deployer._keepers["svc"]
    process = keeper._serving
    registry.remove_rule("svc")
    deployer.step()
    assert process.ended(30)
    deployer.step()
    assert counted(registry).rows == 1


def test_a_rule_that_wants_no_windows_counts_nothing(registry, deployer, envelope):
    registry.set_rule(Rule("svc", "name = 'm'", options={"window_seconds": 0}))
    deployer.step()
    Endpoint("svc", registry).predict({"a": 1.5, "b": "x"})
    assert not (registry_folder(registry) / "windows").exists()


def test_a_unit_is_an_input_and_counts_once(registry, deployer, envelope):
    registry.set_rule(Rule("svc", "name = 'm'", options={"window_unit": "bb"}))
    deployer.step()
    assert "Did you mean b?" in registry.endpoint("svc").failure
    registry.set_rule(Rule("svc", "name = 'm'", options={"window_unit": "b"}))
    deployer.step()
    Endpoint("svc", registry).predict({"a": [1.5] * 10, "b": ["x", "y"] * 5})
    registry.remove_rule("svc")
    process = deployer._keepers["svc"]._serving
    deployer.step()
    assert process.ended(30)
    deployer.step()
    assert counted(registry).rows == 2
