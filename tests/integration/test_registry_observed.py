"""What services saw, in a registry that is embedded, behind SQLite's server and PostgreSQL's."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import requests

from jupyter_lifecycle.errors import (
    ForbiddenError,
    InvalidValueError,
    NotFoundError,
    QueryError,
    RegistryError,
)
from jupyter_lifecycle.registry import Registry, Rule
from jupyter_lifecycle.registry.observations import Outcome, Reaction, SkewState, Window

HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
WINDOW = Window("svc", "a" * 40, "inputs", HOUR, 3600, "run1", 1, 10, {"rows": 10})


@pytest.fixture(params=["embedded", "sqlite", "postgresql"])
def registry(request, tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(tmp_path / "home"))
    if request.param == "embedded":
        found = Registry(tmp_path / "embedded")
    else:
        url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
        address, token = request.getfixturevalue("registry_server")(url)
        found = Registry(address, token=token("admin"), trust=True)
    with found:
        yield found


def test_a_window_that_comes_again_counts_once_and_a_later_flush_replaces(registry):
    assert registry.windows("svc", HOUR) == ()
    assert registry.add_windows([WINDOW]) == 1
    assert registry.add_windows([WINDOW]) == 0
    larger = replace(WINDOW, flush=2, rows=25, profile={"rows": 25, "é": [1.5, None]})
    assert registry.add_windows([larger]) == 1
    assert registry.add_windows([WINDOW]) == 0
    assert registry.windows("svc", HOUR) == (larger,)


def test_replicas_sides_and_envelopes_are_windows_of_their_own(registry):
    others = [
        replace(WINDOW, run="run2"),
        replace(WINDOW, side="raw"),
        replace(WINDOW, envelope="b" * 40),
        replace(WINDOW, start=HOUR - timedelta(hours=1)),
        replace(WINDOW, endpoint="other"),
    ]
    assert registry.add_windows([WINDOW, *others]) == 6
    assert len(registry.windows("svc", HOUR - timedelta(hours=1))) == 5
    assert len(registry.windows("svc", HOUR)) == 4
    assert registry.windows("svc", HOUR - timedelta(hours=1), HOUR)[0] == others[3]
    assert registry.windows("svc", HOUR, envelope="b" * 40) == (others[2],)
    assert registry.windows("svc", HOUR, side="raw") == (others[1],)


def test_windows_are_kept_for_ninety_days(registry):
    registry.add_windows([replace(WINDOW, start=HOUR - timedelta(days=91))])
    registry.add_windows([WINDOW])
    assert registry.windows("svc", HOUR - timedelta(days=100)) == (WINDOW,)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"endpoint": "Not A Name"}, "endpoint"),
        ({"envelope": "abc"}, "whole id"),
        ({"side": "elsewhere"}, "inputs, raw, outputs"),
        ({"run": "../../etc"}, "letters, digits"),
        ({"seconds": 0}, "1 to"),
        ({"rows": -1}, "from 0"),
        ({"profile": {"x": float("nan")}}, "JSON"),
        ({"start": datetime(1960, 1, 1, tzinfo=UTC)}, "after 1970"),
    ],
)
def test_a_window_that_cannot_be_is_refused(tmp_path, change, words):
    with (
        Registry(tmp_path / "embedded") as registry,
        pytest.raises(InvalidValueError, match=words),
    ):
        registry.add_windows([replace(WINDOW, **change)])


def test_a_profile_that_is_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("jupyter_lifecycle.registry.store.observed.MAX_BODY", 100)
    with Registry(tmp_path / "r") as registry, pytest.raises(InvalidValueError, match="at most"):
        registry.add_windows([replace(WINDOW, profile={"x": "y" * 200})])


# -- skew


def state(id_, **values):
    return SkewState(
        **{"endpoint": "svc", "envelope": id_, "max": 0.31, "moved": ("gust",)} | values
    )


def test_skew_is_a_field_of_queries(registry, make_bundle):
    calm, moved, unseen = (registry.add(make_bundle("m", salt=salt)).id for salt in "abc")
    registry.set_skew(state(calm, max=0.01, moved=()))
    said = registry.set_skew(
        state(moved, moved=("gust", "visib"), rows=900, since=HOUR, report={"columns": [1]})
    )

    def found(query):
        return [envelope.id for envelope in registry.search(f"{query} order by created_at")]

    assert said.at is not None
    assert said.report == {"columns": [1]}
    assert found("skew.max > 0.2") == [moved]
    assert found("not skew.max > 0.2") == [calm, unseen]
    assert found("skew.moved") == [moved]
    assert found("not skew.moved") == [calm, unseen]
    assert found("skew.moved = 'gust'") == [moved]
    assert found("skew.columns >= 2") == [moved]
    assert found("skew.max is null") == [unseen]
    assert [one.id for one in registry.search("order by skew.max desc")] == [moved, calm, unseen]
    assert {one.envelope: one.max for one in registry.skews("svc")} == {calm: 0.01, moved: 0.31}
    assert registry.skews("svc") == registry.skews()
    assert registry.skews("other") == ()


def test_of_several_endpoints_the_worst_counts(registry, make_bundle):
    id_ = registry.add(make_bundle("m")).id
    registry.set_skew(state(id_, max=0.4))
    registry.set_skew(state(id_, endpoint="quiet", max=0.02, moved=()))
    assert registry.count("skew.max = 0.4 and skew.moved") == 1
    registry.set_skew(state(id_, max=None, moved=()))
    assert registry.count("skew.max = 0.02 and not skew.moved") == 1
    assert len(registry.skews()) == 2


def test_rules_follow_skew_in_the_same_step_and_events_say_so(registry, make_bundle):
    first = registry.add(make_bundle("m", salt="a")).id
    second = registry.add(make_bundle("m", salt="b")).id
    registry.set_rule(Rule("svc", "name = 'm' and not skew.moved"))
    assert registry.wants()[0].envelope == second

    registry.set_skew(state(second))

    assert registry.wants()[0].envelope == first
    assert "skew.moved" in registry.wants()[0].because
    (event,) = [event for event in registry.events() if event.kind == "skew.changed"]
    assert event.subject == second
    assert event.payload["moved"] == ["gust"]
    registry.set_skew(state(second))
    assert len([event for event in registry.events() if event.kind == "skew.changed"]) == 1


def test_a_skew_state_survives_the_trash(registry, make_bundle):
    id_ = registry.add(make_bundle("m")).id
    registry.set_skew(state(id_))
    registry.delete(id_)
    assert registry.skews() == ()
    registry.restore(id_)
    assert registry.count("skew.moved") == 1


def test_a_skew_field_that_does_not_exist_is_refused(registry):
    with pytest.raises(QueryError, match=r"Did you mean skew\.moved"):
        registry.search("skew.move")
    with pytest.raises(QueryError, match=r"There are: skew\.max"):
        registry.search("skew.latest_report > 1")
    assert [one.text for one in registry.complete("skew.m").suggestions] == [
        "skew.max",
        "skew.moved",
    ]


def test_a_skew_state_of_nothing_is_refused(registry):
    with pytest.raises(NotFoundError):
        registry.set_skew(state("a" * 40))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_distance_is_finite(tmp_path, make_bundle, value):
    with Registry(tmp_path / "r") as registry:
        id_ = registry.add(make_bundle("m")).id
        with pytest.raises(InvalidValueError, match="finite"):
            registry.set_skew(state(id_, max=value))


# -- outcomes


def test_outcomes_that_come_again_replace_and_are_found_by_when_they_were_answered(registry):
    late = Outcome("svc", "r1", 0, "a" * 40, HOUR - timedelta(days=3), 12.5, 14.0)
    now = Outcome("svc", "r2", 1, "b" * 40, HOUR, "yes", None)
    assert registry.add_outcomes([late, now]) == 2
    assert registry.add_outcomes([replace(late, outcome=15.0)]) == 1

    (found,) = registry.outcomes("svc", HOUR - timedelta(days=4), HOUR)

    assert (found.outcome, found.prediction, found.row) == (15.0, 12.5, 0)
    assert found.logged_at is not None
    assert [one.request for one in registry.outcomes("svc", HOUR - timedelta(days=4))] == [
        "r1",
        "r2",
    ]
    assert registry.outcomes("other", HOUR - timedelta(days=4)) == ()


def test_too_many_outcomes_at_once_are_refused(tmp_path):
    many = [Outcome("svc", str(n), 0, "", HOUR, 1, 1) for n in range(10_001)]
    with Registry(tmp_path / "r") as registry:
        with pytest.raises(InvalidValueError, match="At most"):
            registry._backend.add_outcomes(many)
        assert registry.add_outcomes(many) == 10_001


# -- reactions


def test_a_reaction_begins_once(registry):
    begun = Reaction("svc", "a" * 40, "retrain", "running")
    assert registry.react(begun)
    assert not registry.react(begun)
    assert registry.react(replace(begun, state="done", fact="saved 1234"))
    assert not registry.react(begun)
    (found,) = registry.reactions("svc")
    assert (found.state, found.fact) == ("done", "saved 1234")
    assert registry.react(replace(begun, envelope="b" * 40))
    with pytest.raises(RegistryError, match="running, done, failed"):
        registry.react(replace(begun, state="perhaps"))


# -- who may


def test_scopes(registry_server):
    address, token = registry_server()

    def may(scope, action):
        with Registry(address, token=token(scope)) as registry:
            try:
                action(registry)
            except ForbiddenError:
                return False
            except NotFoundError:
                pass
        return True

    assert not may("read", lambda r: r.add_windows([WINDOW]))
    assert may("write", lambda r: r.add_windows([WINDOW]))
    assert may("read", lambda r: r.windows("svc", HOUR))
    assert not may("write", lambda r: r.set_skew(state("a" * 40)))
    assert may("deploy", lambda r: r.set_skew(state("a" * 40)))
    assert not may("write", lambda r: r.react(Reaction("svc", "", "x", "running")))
    assert requests.get(f"{address}/v1/skews", timeout=10).status_code == 401


def test_a_limited_token_writes_only_its_endpoints(registry_server, tmp_path):
    address, token = registry_server()
    with Registry(address, token=token("admin")) as registry:
        limited = registry._backend.keyring.create("svc", ["deploy"], only=["s*"])["token"]
    with Registry(address, token=limited) as registry:
        assert registry.add_windows([WINDOW]) == 1
        for refused in (
            lambda: registry.add_windows([replace(WINDOW, endpoint="other")]),
            lambda: registry.set_skew(state("a" * 40, endpoint="other")),
            lambda: registry.add_outcomes([Outcome("other", "r", 0, "", HOUR, 1, 1)]),
            lambda: registry.react(Reaction("other", "", "x", "running")),
        ):
            with pytest.raises(ForbiddenError):
                refused()


def test_a_registry_that_is_read_only_refuses(tmp_path):
    with (
        Registry(tmp_path / "r", read_only=True) as registry,
        pytest.raises(ForbiddenError, match="read only"),
    ):
        registry.add_windows([WINDOW])
