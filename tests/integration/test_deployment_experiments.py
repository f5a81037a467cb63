"""Experiments from plan to shipped winner, on a real service with a deployer."""

import contextlib
import http.client
import json
import os
import signal
import sys

import pytest

import jupyter_lifecycle as jl
from jupyter_lifecycle.deployment import Deployer
from jupyter_lifecycle.deployment.detach import stop
from jupyter_lifecycle.errors import (
    ExperimentError,
    NotFoundError,
    OverlapError,
    QueryError,
    RunningError,
)
from jupyter_lifecycle.registry.records import Rule

EXAMPLE = [{"x": 1.0}, {"x": 2.5}]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the local target needs Unix")


@pytest.fixture
def registry(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "jupyter_lifecycle.deployment.detach.see_to_deployer", lambda *_, **__: False
    )
    with jl.Registry(tmp_path / "home") as registry:
        yield registry
        stop(tmp_path / "home" / "deployer")


@pytest.fixture
def deployer(registry):
    with Deployer(registry) as deployer:
        yield deployer


def _times(factor):
    def model(x: float) -> float:
        return x * factor

    return model


def _takes_other():
    def model(y: str) -> str:
        return y

    return model


@pytest.fixture
def save(registry):
    def save(factor, **tags):
        return jl.save(_times(factor), name="m", example=EXAMPLE, tags=tags, registry=registry)

    return save


@pytest.fixture
def served(registry, deployer, save):
    main = save(2.0, ok="yes")
    registry.set_rule(Rule("svc", "tags.ok = 'yes'"))
    deployer.step()
    jl.layer("ranking", unit="id", registry=registry)
    return main


def _plan(registry, name="depth", **more):
    given = {
        "layer": "ranking",
        "endpoint": "svc",
        "arms": {"control": "tags.ok = 'yes'", "treatment": "tags.next = 'yes'"},
        "share": 0.4,
        "metrics": ["late"],
        "registry": registry,
        **more,
    }
    return jl.experiment(name, **given)


def _asked(url, unit, headers=None):
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    sent = {"Content-Type": "application/json", "X-Attributes": json.dumps({"id": unit})}
    with contextlib.closing(connection):
        connection.request("POST", "/predict", '{"x": 1.0}', sent | (headers or {}))
        response = connection.getresponse()
        body = json.loads(response.read())
        return response.status, body, response.headers["x-experiment"]


def test_an_experiment_from_plan_to_shipped_winner(registry, deployer, save, served):
    new = save(3.0, next="yes")
    test = _plan(registry)
    preview = test.preview()
    assert [arm.envelope for arm in preview.arms] == [served.id, new.id]
    assert preview.problems == ()
    assert "depth takes 40.00% of layer ranking, slots 0–4000" in str(preview)
    assert jl.layer("ranking", registry=registry).free == pytest.approx(0.6)
    assert test.start().value.arm("treatment").envelope == new.id

    deployer.step()
    deployer.step()
    url = registry.endpoint("svc").address
    test.wait(10)
    first = {n: _asked(url, n)[1:] for n in range(60)}
    assert {arm for _, arm in first.values()} == {None, "depth=control", "depth=treatment"}
    assert all((body == 3.0) == (arm == "depth=treatment") for body, arm in first.values())
    mine = {n: arm.partition("=")[2] for n, (_, arm) in first.items() if arm}
    assert all(test.assign(n, expose=False) == mine.get(n) for n in range(60))

    # A rule's redeploy does not change a running test, and neither does a ramp move anybody.
    save(5.0, ok="yes")
    deployer.step()
    deployer.step()
    test.ramp(0.8)
    deployer.step()
    later = {n: _asked(url, n)[1:] for n in range(60)}
    assert {body for body, _ in later.values()} == {2.0, 3.0, 5.0}
    assert all(later[n] == found for n, found in first.items() if found[1])
    grown = {n: arm.partition("=")[2] for n, (_, arm) in later.items() if arm}
    assert len(grown) > len(mine)

    os.kill(deployer._keepers["svc"]._serving.pid, signal.SIGKILL)
    deployer.step()
    deployer.step()
    assert {n: _asked(url, n)[1:] for n in range(60)} == later
    table = test.exposures()
    assert dict(zip(table["unit"].to_pylist(), table["arm"].to_pylist(), strict=True)) == {
        str(n): arm for n, arm in grown.items()
    }
    assert table.num_rows == len(grown)

    report = test.ship("treatment", {"ok": "yes", "best": "1"})
    assert registry.get(new.id).tags["shipped_by"] == "depth"
    deployer.step()
    deployer.step()
    assert _asked(url, 1)[2] is None
    assert report.body["exposures"]["units"] == {
        arm: list(grown.values()).count(arm) for arm in ("control", "treatment")
    }
    found = jl.reports("endpoint = 'svc' and shipped = 'treatment'", registry=registry)
    assert found == [report]
    assert jl.reports("shipped = 'control'", registry=registry) == []
    assert "shipped treatment" in str(report)
    assert test.ship("treatment", {"ok": "yes", "best": "1"}) == report
    assert _asked(url, 1)[0] == 200


def test_a_forced_arm_is_signed_and_no_exposure(registry, deployer, save, served):
    save(3.0, next="yes")
    test = _plan(registry, share=0.01).start()
    deployer.step()
    deployer.step()
    url = registry.endpoint("svc").address
    assert _asked(url, "somebody", test.forced("treatment"))[1] == 3.0
    status, said, _ = _asked(url, "somebody", {"X-Forced-Arm": "depth=treatment;99999999999;00"})
    assert (status, said["error"]["code"]) == (400, "input")
    assert test.exposures().num_rows == 0
    with pytest.raises(ExperimentError, match="no arm 'tretment'"):
        test.forced("tretment")
    with pytest.raises(ExperimentError, match="up to a day"):
        test.forced("treatment", seconds=1e6)


def test_an_arm_that_cannot_serve_the_clients_is_refused(registry, deployer, served):
    jl.save(_takes_other(), name="o", example=[{"y": "a"}], tags={"next": "yes"}, registry=registry)
    test = _plan(registry)
    assert "arm treatment" in test.preview().problems[0]
    with pytest.raises(ExperimentError, match="cannot serve the clients of endpoint svc"):
        test.start()
    assert test.value.status == "draft"


def test_overlaps_and_changes_are_refused_with_both_names(registry, deployer, save, served):
    save(3.0, next="yes")
    one = _plan(registry, "one", share=0.7)
    with pytest.raises(OverlapError, match=r"'two'.*'one'"):
        _plan(registry, "two", share=0.4)
    jl.layer("pricing", unit="id", registry=registry)
    with pytest.raises(OverlapError, match=r"'two'.*'one'"):
        _plan(registry, "two", layer="pricing")
    one.start()
    with pytest.raises(RunningError, match="weights"):
        _plan(registry, "one", share=0.7, weights={"control": 0.3, "treatment": 0.7})
    with pytest.raises(RunningError, match="'one'"):
        jl.layer("ranking", unit="other", registry=registry)
    with pytest.raises(OverlapError, match="'one'"):
        jl.layer("ranking", holdout=0.5, registry=registry)
    with pytest.raises(ExperimentError, match="'one' runs"):
        jl.holdout("all", unit="id", share=0.1, registry=registry)
    assert _plan(registry, "one", share=0.7).value == one.value
    with pytest.raises(RunningError, match="is kept"):
        one.discard()
    with pytest.raises(ExperimentError, match="a report is of one that ended"):
        one.report()
    one.stop()
    with pytest.raises(RunningError, match="ended"):
        _plan(registry, "one", share=0.7, description="again")
    assert one.report() == one.report()


def test_two_plans_at_once_never_take_the_same_slots(registry, deployer, save, served):
    from concurrent.futures import ThreadPoolExecutor

    def plan(n):
        with contextlib.suppress(OverlapError):
            return jl.experiment(
                f"e{n}",
                layer="ranking",
                arms={"a": {"p": 1}, "b": {"p": 2}},
                share=0.3,
                registry=registry,
            )

    with ThreadPoolExecutor(6) as workers:
        made = [one for one in workers.map(plan, range(6)) if one is not None]
    assert len(made) == 3
    taken = [slots for one in made for slots in one.value.slots]
    assert sorted(taken) == [(0, 3000), (3000, 6000), (6000, 9000)]


def test_values_without_an_endpoint_and_what_is_not_there(registry):
    jl.layer("ranking", unit="id", registry=registry)
    test = jl.experiment(
        "colour",
        layer=jl.layer("ranking", registry=registry),
        arms={"red": {"colour": "red"}, "blue": {"colour": "blue"}},
        targeting="country = 'de'",
        share=1.0,
        registry=registry,
    ).start()
    assert test.assign("u", {"country": "at"}) is None
    arms = {test.assign(n, {"country": "de"}) for n in range(50)}
    assert arms == {"red", "blue"}
    assert test.exposures().num_rows == 50
    assert "colour running 100.00%" in repr(test)
    with pytest.raises(ExperimentError, match="sets values only"):
        test.ship("red", {"a": "b"})
    with pytest.raises(NotFoundError, match="Did you mean colour"):
        jl.experiment("color", registry=registry)
    with pytest.raises(NotFoundError, match="There is no layer 'rankin'"):
        jl.layer("rankin", registry=registry)
    with pytest.raises(NotFoundError, match="is new: give the layer"):
        jl.experiment("new", arms={"a": {}, "b": {}}, registry=registry)
    with pytest.raises(QueryError):
        jl.experiment(
            "new", layer="ranking", arms={"a": {}, "b": {}}, targeting="a =", registry=registry
        )
    with pytest.raises(ExperimentError, match="weights for a"):
        jl.experiment(
            "new", layer="ranking", arms={"a": {}, "b": {}}, weights={"a": 1.0}, registry=registry
        )
    with pytest.raises(ExperimentError, match="give a query, an id"):
        jl.experiment("new", layer="ranking", arms={"a": 3, "b": {}}, registry=registry)
    draft = jl.experiment(
        "later",
        layer=jl.layer("two", unit="id", registry=registry),
        arms={"a": {"q": 1}, "b": {"q": 2}},
        registry=registry,
    )
    draft.discard()
    with pytest.raises(NotFoundError):
        draft.value  # noqa: B018 - looking is the test
    held = jl.layer("three", unit="id", holdout=0.05, registry=registry)
    assert held.held[0].experiment is None
    assert "holdout 5.00%" in repr(held)
    test.stop()
    out = jl.holdout("all", unit="id", share=0.5, registry=registry)
    assert jl.holdout("all", unit="id", share=0.5, registry=registry) == out
