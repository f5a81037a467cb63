"""Skew of an endpoint: windows added up, held against training, what was before, other envelopes."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

import jupyter_lifecycle as jl
from jupyter_lifecycle.cli import main
from jupyter_lifecycle.deployment import Endpoint
from jupyter_lifecycle.deployment.seen import Seen, Stretch, added
from jupyter_lifecycle.errors import EndpointError, NotFoundError
from jupyter_lifecycle.monitoring import ColumnPlan, Counter, Limits, Plan
from jupyter_lifecycle.registry import Rule
from jupyter_lifecycle.registry.observations import Window

HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def rows(n=2000, shift=0.0, seed=0):
    draw = np.random.default_rng(seed)
    return pd.DataFrame(
        {"speed": draw.normal(shift, 1, n), "kind": draw.choice(["a", "b"], n).astype(str)}
    )


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seen")
    with jl.Registry(folder / "home") as registry:
        frame = rows()

        def model(frame):
            return frame["speed"] * 2

        first = jl.save(model, name="m", example=frame.head(), training=frame, registry=registry)
        frame = rows(shift=5.0)
        second = jl.save(model, name="n", example=frame.head(), training=frame, registry=registry)
        registry.set_rule(Rule("svc", "name = 'm'"))
        registry.set_endpoint("svc", serving=first.id)
        yield registry, first, second


def see(registry, envelope, frame, hours=0, **values):
    """Write a window as a service does."""
    plan = Plan.of(envelope_manifest(envelope).expectations, envelope.schema.inputs)
    counter = Counter(plan)
    counter.add_columns({name: frame[name] for name in frame})
    out = Counter(Plan((ColumnPlan("prediction", "number", edges=(-1.0, 0.0, 1.0)),)))
    out.add_columns({"prediction": frame["speed"]})
    start = HOUR - timedelta(hours=hours)
    for side, one in (("inputs", counter), ("outputs", out)):
        profile = one.profile()
        window = Window(
            "svc", envelope.id, side, start, 3600, "r", 1, profile.rows, profile.to_json()
        )
        registry.add_windows([replace(window, **values)])


def envelope_manifest(envelope):
    from jupyter_lifecycle.envelope.manifest import Manifest

    return Manifest.from_json(dict(envelope.manifest))


@pytest.fixture
def registry(saved, monkeypatch):
    registry, _first, _second = saved
    yield registry
    from sqlalchemy import delete

    from jupyter_lifecycle.registry.store.schema import windows

    with registry._backend._database.writing() as (connection, _):
        connection.execute(delete(windows))


def test_replicas_and_hours_add_up_against_training(registry, saved):
    first = saved[1]
    see(registry, first, rows(600, seed=1), run="one")
    see(registry, first, rows(600, seed=2), run="two")
    see(registry, first, rows(600, seed=3), hours=3)
    see(registry, first, rows(9999, shift=9.0), hours=30)
    endpoint = Endpoint("svc", registry)
    report = endpoint.skew("24h")
    assert report.rows == (2000, 1800)
    assert report.moved == ()
    assert set(report) == {"speed", "kind"}
    assert endpoint.profile("24h")["output.prediction"].rows == 1800


def test_what_moved_is_named(registry, saved):
    see(registry, saved[1], rows(600, shift=2.0, seed=1))
    report = Endpoint("svc", registry).skew("1h")
    assert report.moved == ("speed",)
    assert Endpoint("svc", registry).skew("1h", limits=Limits(rows=601)).enough is False


def test_not_enough_data_and_no_data_are_answers(registry, saved):
    report = Endpoint("svc", registry).skew()
    assert report.rows == (2000, 0)
    assert not report.enough
    assert Endpoint("svc", registry).profile() is None
    see(registry, saved[1], rows(20))
    assert "Not enough data" in Endpoint("svc", registry).skew().text


def test_against_what_was_before(registry, saved):
    first = saved[1]
    see(registry, first, rows(600, shift=2.0, seed=1))
    see(registry, first, rows(600, seed=2), hours=30)
    see(registry, first, rows(600, shift=2.0, seed=3), hours=7 * 24)
    endpoint = Endpoint("svc", registry)
    assert endpoint.skew("6h", "previous").rows == (0, 600)
    assert set(endpoint.skew("24h", "previous").moved) == {"speed", "output.prediction"}
    assert endpoint.skew("12h", "last week").moved == ()
    assert endpoint.skew("12h", "last week").rows == (600, 600)


def test_what_another_envelope_counted_is_not_compared_with(registry, saved):
    _, first, second = saved
    see(registry, second, rows(600, shift=5.0, seed=2), hours=30)
    see(registry, first, rows(600, shift=5.0, seed=1))
    report = Endpoint("svc", registry).skew("24h", "previous")
    assert report.rows == (0, 600)
    assert not report.enough


def test_against_another_envelope_or_anything_that_skew_takes(registry, saved):
    _, first, second = saved
    see(registry, first, rows(600, shift=5.0, seed=1))
    endpoint = Endpoint("svc", registry)
    for against in (second.id[:10], second):
        report = endpoint.skew("24h", against)
        assert report.rows == (2000, 600)
        assert report["speed"].reference.minimum > 1.0
        assert report["kind"].verdict != "moved"
    assert endpoint.skew("24h", rows(600, shift=5.0, seed=4)).moved == ()
    assert endpoint.skew("24h", endpoint.profile(envelope=first)).moved == ()
    with pytest.raises(EndpointError, match="no reference: write 'training', 'previous', 'last"):
        endpoint.skew("24h", "tomorrow")


def test_whose_requests(registry, saved):
    _, first, second = saved
    see(registry, second, rows(600, shift=5.0, seed=1))
    endpoint = Endpoint("svc", registry)
    assert endpoint.skew(envelope=second).rows == (2000, 600)
    assert endpoint.skew(envelope=second.id).moved == ()
    registry.set_endpoint("svc", serving=None)
    assert endpoint.skew().rows == (2000, 600)
    other = Endpoint("batch-n", registry)
    with pytest.raises(NotFoundError):
        other.skew()
    see(registry, second, rows(300, shift=5.0, seed=1), endpoint="batch-n")
    assert other.skew().rows == (2000, 300)
    registry.set_endpoint("svc", serving=first.id)


def test_an_endpoint_that_serves_nothing_and_saw_nothing_says_so(registry, saved):
    registry.set_endpoint("svc", serving=None)
    with pytest.raises(EndpointError, match="has seen nothing since"):
        Endpoint("svc", registry).skew()
    registry.set_endpoint("svc", serving=saved[1].id)


def test_windows_over_other_bins_are_left_out():
    def window(edge, hours):
        counter = Counter(Plan((ColumnPlan("a", "number", edges=(edge,)),)))
        counter.add_rows([[1.0]])
        start = HOUR - timedelta(hours=hours)
        return Window("s", "a" * 40, "inputs", start, 3600, "r", 1, 1, counter.profile().to_json())

    found = added([window(1.0, 1), window(2.0, 0), window(2.0, 2)])
    assert (found.rows, found["a"].plan.edges) == (2, (2.0,))
    assert added([]) is None


def test_windows_are_whole(registry, saved):
    moment = HOUR + timedelta(minutes=20)
    stretch = Seen(registry, "svc").stretch("2h", moment)
    assert stretch == Stretch(HOUR - timedelta(hours=2), HOUR + timedelta(hours=1))
    assert stretch.before.until == stretch.since


def test_the_command_line(registry, saved, capsys):
    see(registry, saved[1], rows(600, shift=2.0, seed=1))
    words = ["skew", "svc", "--registry", registry.location]
    assert main(words) == 0
    assert "1 of 2 columns moved" in capsys.readouterr().out
    assert main([*words, "--check", "--json", "--since", "2h"]) == 3
    assert json.loads(capsys.readouterr().out)["moved"] == ["speed"]
    assert main([*words, "--against", "nothing"]) == 1
    assert "no reference" in capsys.readouterr().err
