"""What rules have done because something moved; the training process itself is in the integration tests."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

import jupyter_lifecycle as jl
from jupyter_lifecycle.deployment import training
from jupyter_lifecycle.deployment.holding import Holding
from jupyter_lifecycle.deployment.monitor import Monitor
from jupyter_lifecycle.deployment.options import Options
from jupyter_lifecycle.deployment.reaction_options import with_whole_paths
from jupyter_lifecycle.deployment.reactions import Reactor, digest_of, words_of
from jupyter_lifecycle.errors import RegistryUnavailableError, RuleError
from jupyter_lifecycle.registry import Rule
from jupyter_lifecycle.registry.observations import Reaction, SkewState
from jupyter_lifecycle.registry.records import STEPS, Step, Want


@pytest.fixture
def registry(tmp_path):
    with jl.Registry(tmp_path / "home") as registry:
        yield registry


@pytest.fixture
def served(registry, make_bundle):
    """Two envelopes that were served, the second one now."""
    ids = [registry.add(make_bundle("m", salt=salt)).id for salt in "ab"]
    registry.set_rule(Rule("svc", "name = 'm'"))
    for id_ in ids:
        attempt = registry.start_deployment("svc", id_, 1)
        steps = [Step(name, "done") for name in STEPS]
        registry.update_deployment(attempt.id, state="serving", steps=steps)
        registry.set_endpoint("svc", serving=id_)
    return ids


@pytest.fixture
def reactor(registry, tmp_path):
    return Reactor(registry, tmp_path / "jobs")


def move(registry, id_, value=0.4, moved=("gust",)):
    registry.set_skew(SkewState("svc", id_, value, moved))


def test_tags_are_set_once_for_each_envelope(registry, served, reactor):
    wish = {"when": "skew.max > 0.2", "tag": {"suspect": "yes"}, "untag": ["approved"]}
    registry.tag(served[1], {"approved": "yes"})
    assert not reactor.look("svc", [wish])
    assert registry.reactions("svc") == ()
    move(registry, served[1])
    assert not reactor.look("svc", [wish])
    assert dict(registry.get(served[1]).tags) == {"suspect": "yes"}
    (one,) = registry.reactions("svc")
    assert (one.state, one.action, one.envelope) == ("done", digest_of(wish), served[1])
    registry.tag(served[1], unset=["suspect"])
    reactor.look("svc", [wish])
    assert dict(registry.get(served[1]).tags) == {}
    kinds = [event.kind for event in registry.events()]
    assert kinds.count("skew.reaction") == 2


def test_a_roll_back_pins_what_served_before(registry, served, reactor):
    move(registry, served[1])
    reactor.look("svc", [{"rollback": True}])
    assert registry.endpoint("svc").pin.envelope == served[0]
    assert "pinned to" in registry.reactions("svc")[0].fact


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (lambda registry, ids: registry.pin("svc", ids[1]), "already pinned"),
        (lambda registry, ids: None, "nothing served before"),
    ],
)
def test_a_roll_back_that_leads_nowhere_says_so(registry, make_bundle, reactor, change, fact):
    ids = [registry.add(make_bundle("m", salt=salt)).id for salt in "ab"]
    registry.set_rule(Rule("svc", "name = 'm'"))
    registry.set_endpoint("svc", serving=ids[1])
    change(registry, ids)
    move(registry, ids[1])
    reactor.look("svc", [{"rollback": True}])
    assert fact in registry.reactions("svc")[0].fact


def test_what_was_begun_by_a_deployer_that_was_killed_is_carried_on(registry, served, reactor):
    wish = {"tag": {"suspect": "yes"}, "rollback": True}
    begun = Reaction("svc", served[0], digest_of(wish), "running")
    assert registry.react(begun)
    reactor.look("svc", [wish])
    assert registry.get(served[0]).tags["suspect"] == "yes"
    (one,) = registry.reactions("svc")
    assert (one.state, one.fact.endswith("it serves no more")) == ("done", True)


def test_what_the_rule_does_not_say_any_more_ends(registry, served, reactor):
    registry.react(Reaction("svc", served[0], "gone", "running"))
    reactor.look("svc", [])
    assert registry.reactions("svc")[0].state == "failed"


def test_what_cannot_be_done_says_why(registry, served, reactor, tmp_path):
    move(registry, served[1])
    wish = {"train": {"notebook": str(tmp_path / "none.py")}}
    assert not reactor.look("svc", [wish])
    (one,) = registry.reactions("svc")
    assert one.state == "failed"
    assert "There is no notebook" in one.fact


def test_a_registry_that_is_away_is_no_failure(registry, served, reactor, monkeypatch):
    move(registry, served[1])

    def away(*_):
        raise RegistryUnavailableError("away")

    with monkeypatch.context() as patched:
        patched.setattr(registry, "tag", away)
        with pytest.raises(RegistryUnavailableError):
            reactor.look("svc", [{"tag": {"a": "b"}}])
    assert registry.reactions("svc")[0].state == "running"
    reactor.look("svc", [{"tag": {"a": "b"}}])
    assert registry.reactions("svc")[0].state == "done"


def test_a_job_that_keeps_dying_is_given_up(registry, served, tmp_path, monkeypatch):
    script = tmp_path / "x.py"
    script.write_text("")
    begun = []

    def start(folder):
        begun.append(folder)
        return SimpleNamespace(poll=lambda: 1)

    monkeypatch.setattr(training, "start", start)
    move(registry, served[1])
    reactor = Reactor(registry, tmp_path / "jobs")
    wishes = [{"train": {"notebook": str(script)}}]
    for _ in range(3):
        assert reactor.look("svc", wishes)
    assert not reactor.look("svc", wishes)
    assert len(begun) == 3
    assert "3 times" in registry.reactions("svc")[0].fact


def test_a_job_of_an_earlier_deployer_is_waited_for(registry, served, tmp_path, monkeypatch):
    script = tmp_path / "x.py"
    script.write_text("")
    begun = []
    monkeypatch.setattr(
        training, "start", lambda folder: begun.append(folder) or SimpleNamespace(poll=lambda: None)
    )
    move(registry, served[1])
    wishes = [{"train": {"notebook": str(script)}}]
    assert Reactor(registry, tmp_path / "jobs").look("svc", wishes)
    later = Reactor(registry, tmp_path / "jobs")
    assert later.look("svc", wishes)
    assert len(begun) == 1
    os.utime(begun[0] / "job.json", (1, 1))
    assert later.look("svc", wishes)
    assert len(begun) == 2
    (begun[0] / "result.json").write_text('{"error": "", "seconds": 1.0, "saved": ["abc"]}')
    assert not Reactor(registry, tmp_path / "jobs").look("svc", wishes)
    assert "saved abc" in registry.reactions("svc")[0].fact


def test_words_of_a_wish():
    wish = {"tag": {"a": "b"}, "rollback": True, "train": {"notebook": "/x.py"}}
    assert words_of(wish) == "tags, a roll back, training by /x.py"


# -- the monitor


def test_an_endpoint_without_a_rule_or_windows_is_passed_over(registry, served, tmp_path):
    monitor = Monitor(registry, tmp_path / "jobs")
    monitor.look(["svc", "other"], {rule.endpoint: rule for rule in registry.rules()})
    assert registry.skews() == ()


# -- holding


def test_a_promotion_waits_while_what_serves_has_moved(registry, served):
    memory = SimpleNamespace(model=SimpleNamespace(envelope=served[0]), changed=0.0)
    want = Want("svc", "local", served[1], 1, datetime.now(UTC) - timedelta(hours=1), "")
    holding = Holding("svc", registry)
    options = Options.parse({"hold_on": "skew.max > 0.2"})
    assert not holding.holds(want, options, memory)
    move(registry, served[0])
    assert holding.holds(want, options, memory)
    registry.set_endpoint("svc", serving=served[0])
    assert "skew.max > 0.2 holds for" in registry.endpoint("svc").failure
    move(registry, served[0], 0.0, ())
    assert not holding.holds(want, options, memory)
    move(registry, served[0])
    registry.pin("svc", served[1])
    assert not holding.holds(want, options, memory)


# -- options


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"on_skew": {}}, "is a list"),
        ({"on_skew": ["x"]}, r"on_skew\[0\] has when"),
        ({"on_skew": [{"wen": "x"}]}, r"Did you mean when\?"),
        ({"on_skew": [{"when": "skew.moved"}]}, "does nothing"),
        ({"on_skew": [{"when": "skew.mover", "rollback": True}]}, r"Did you mean skew\.moved"),
        ({"on_skew": [{"when": 3, "rollback": True}]}, "is a query"),
        ({"on_skew": [{"rollback": "yes"}]}, "true or false"),
        ({"on_skew": [{"tag": ["a"]}]}, "mapping of keys"),
        ({"on_skew": [{"tag": {"a": 1}}]}, "tags are text"),
        ({"on_skew": [{"untag": "a"}]}, "list of keys"),
        ({"on_skew": [{"train": "x.ipynb"}]}, "has a notebook"),
        ({"on_skew": [{"train": {"notebook": "x.ipynb"}}]}, "whole path"),
        ({"on_skew": [{"train": {"notebook": "/x.txt"}}]}, "whole path"),
        (
            {"on_skew": [{"train": {"notebook": "/x.py", "parameter": {}}}]},
            "Did you mean parameters",
        ),
        ({"on_skew": [{"train": {"notebook": "/x.py", "parameters": [1]}}]}, "mapping of names"),
        (
            {"on_skew": [{"train": {"notebook": "/x.py", "parameters": {"a": float("nan")}}}]},
            "no JSON",
        ),
        ({"skew_against": "yesterday"}, "'training', 'previous', 'last week'"),
        ({"hold_on": "skew.mover"}, "Did you mean"),
        ({"skew_bits": 2}, "from 0 to 1"),
    ],
)
def test_options_that_cannot_be_are_refused(options, words):
    with pytest.raises(RuleError, match=words):
        Options.parse(options)


def test_what_only_monitors_is_no_reason_to_deploy_anew():
    wish = [{"when": "skew.moved", "tag": {"a": "b"}}]
    assert Options.parse({"on_skew": wish, "skew_seconds": 60}) == Options()
    assert Options.parse({"window_seconds": 60}) != Options()


def test_notebooks_are_found_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = with_whole_paths({"on_skew": [{"train": {"notebook": "a.ipynb"}}, {"rollback": True}]})
    assert found["on_skew"][0]["train"]["notebook"] == str(tmp_path / "a.ipynb")
    assert Options.parse(found).on_skew[1] == {"rollback": True}
    for odd in ({"on_skew": 3}, {"on_skew": [3]}, {}):
        assert with_whole_paths(odd) == odd
    assert replace(Options(), on_skew=[1]) == Options()
