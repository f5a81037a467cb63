"""The loop closed by real services: served, moved, told, rolled back, retrained, deployed."""

import sys
import threading

import numpy as np
import pandas as pd
import pytest

import jupyter_lifecycle as jl
from jupyter_lifecycle.deployment import Deployer, Endpoint
from jupyter_lifecycle.deployment.detach import stop
from jupyter_lifecycle.registry.records import Rule

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the local target needs Unix")

RETRAIN = """
import sys

import numpy as np
import pandas as pd

import jupyter_lifecycle as jl

assert sys.argv[1:] == ["--until", "july"]
frame = pd.DataFrame({"gust": np.random.default_rng(0).normal(20, 1, 2000), "temp": 1.0})


def model(frame):
    return frame["gust"] * 3


jl.save(model, name="m", example=frame.head(), training=frame, tags={"approved": "yes"})
"""


@pytest.fixture
def registry(tmp_path):
    with jl.Registry(tmp_path / "home") as registry:
        yield registry
        stop(tmp_path / "home" / "deployer")


@pytest.fixture
def deployer(registry):
    with Deployer(registry) as deployer:
        yield deployer


def save(registry, factor):
    frame = pd.DataFrame({"gust": np.random.default_rng(0).normal(10, 1, 2000), "temp": 1.0})

    def model(frame):
        return frame["gust"] * factor

    return jl.save(
        model,
        name="m",
        example=frame.head(),
        training=frame,
        tags={"approved": "yes"},
        registry=registry,
    )


def ask(registry, gust, n=300):
    draw = np.random.default_rng(1)
    rows = pd.DataFrame({"gust": draw.normal(gust, 1, n), "temp": 1.0})
    return Endpoint("svc", registry).predict(rows)


def until(deployer, condition):
    tick = threading.Event()
    for _ in range(400):
        deployer.step()
        if condition():
            return
        tick.wait(0.1)
    pytest.fail("it did not happen in 40 s")


def test_skew_rolls_back_by_the_query_alone(registry, deployer):
    first = save(registry, 1.0)
    rule = Rule("svc", "name = 'm' and not skew.moved", options={"window_seconds": 1})
    registry.set_rule(rule)
    deployer.step()
    second = save(registry, 2.0)
    deployer.step()
    assert registry.endpoint("svc").serving == second.id

    ask(registry, 10.0)
    until(deployer, lambda: registry.skews("svc"))
    assert registry.skews("svc")[0].moved == ()
    assert registry.endpoint("svc").serving == second.id

    ask(registry, 30.0, 3000)
    until(deployer, lambda: registry.endpoint("svc").serving == first.id)
    moved = next(one for one in registry.skews("svc") if one.envelope == second.id)
    assert moved.moved == ("gust",)
    assert moved.max > 0.1
    assert moved.report["features"][0]["name"] == "gust"
    assert "skew.moved" in registry.endpoint("svc").want.because
    assert "skew.changed" in {event.kind for event in registry.events(limit=1000)}


def test_skew_retrains_and_what_is_saved_is_deployed(registry, deployer, tmp_path):
    script = tmp_path / "retrain.py"
    script.write_text(RETRAIN)
    first = save(registry, 1.0)
    wish = {
        "when": "skew.max > 0.2",
        "tag": {"suspect": "yes"},
        "train": {"notebook": str(script), "parameters": {"until": "july"}},
    }
    options = {"window_seconds": 1, "on_skew": [wish]}
    registry.set_rule(Rule("svc", "name = 'm' and tags.approved = 'yes'", options=options))
    deployer.step()
    ask(registry, 20.0, 1000)

    until(deployer, lambda: registry.endpoint("svc").serving not in {None, first.id})

    assert registry.get(first.id).tags["suspect"] == "yes"
    assert list(ask(registry, 20.0, 2) > 40.0) == [True, True]
    until(deployer, lambda: registry.reactions("svc")[0].state == "done")
    (one,) = registry.reactions("svc")
    assert registry.endpoint("svc").serving[:10] in one.fact
