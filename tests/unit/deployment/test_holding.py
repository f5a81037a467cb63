"""Changes that wait for a person or for time."""

import pytest

from jupyter_lifecycle.deployment.holding import Holding, held_back, is_approved
from jupyter_lifecycle.deployment.memory import Memory, Placed
from jupyter_lifecycle.deployment.options import Options
from jupyter_lifecycle.registry import Registry, Rule


@pytest.mark.parametrize(
    ("value", "approved"), [("yes", True), ("Ana", True), ("no", False), ("False ", False)]
)
def test_approval_is_a_tag_that_does_not_say_no(value, approved):
    assert is_approved({"ok": value}, "ok") is approved
    assert not is_approved({"other": value}, "ok")


def test_what_is_held_back_says_why():
    asks = Options(approval="ok", min_change_seconds=60.0)
    hold = held_back(asks, "e" * 40, {}, 5.0)
    assert "eeeeeeeeee waits for approval: its tag ok is not set" in hold.reason
    assert hold.seconds is None
    hold = held_back(asks, "e" * 40, {"ok": "yes"}, 5.0)
    assert hold.seconds == 55.0
    assert "waits another 55 s" in hold.reason
    assert held_back(asks, "e" * 40, {"ok": "yes"}, 60.0) is None
    assert held_back(asks, "e" * 40, {"ok": "yes"}, None) is None
    assert held_back(Options(), "e" * 40, {}, 0.0) is None


def test_the_endpoint_says_that_it_waits_until_it_may_or_is_pinned(tmp_path, make_bundle):
    with Registry(tmp_path) as registry:
        envelope = registry.add(make_bundle("m"))
        registry.set_rule(Rule("svc", "name = 'm'"))
        (want,) = registry.wants()
        holding = Holding("svc", registry)
        options = Options(approval="ok")
        assert holding.holds(want, options, Memory())
        assert not holding.is_over()
        record = registry.endpoint("svc")
        assert record.state == "waiting"
        assert "waits for approval" in record.failure
        seen = registry.events(limit=100)
        assert holding.holds(want, options, Memory())
        assert len(registry.events(limit=100)) == len(seen)
        registry.pin("svc", envelope)
        assert not holding.holds(want, options, Memory())
        assert registry.endpoint("svc").failure == ""
        registry.unpin("svc")
        assert holding.holds(want, options, Memory())
        envelope.tag(ok="yes")
        assert not holding.holds(want, options, Memory())


def test_time_that_is_up_is_noticed(tmp_path, make_bundle, monkeypatch):
    with Registry(tmp_path) as registry:
        registry.add(make_bundle("m"))
        registry.set_rule(Rule("svc", "name = 'm'"))
        (want,) = registry.wants()
        holding = Holding("svc", registry)
        memory = Memory().switch(Placed("f" * 40, "d", "c", "f"), "h", 1)
        assert holding.holds(want, Options(min_change_seconds=100.0), memory)
        assert not holding.is_over()
        from jupyter_lifecycle.deployment import holding as module

        now = module.time.monotonic()
        monkeypatch.setattr(module.time, "monotonic", lambda: now + 101.0)
        assert holding.is_over()
        holding.clear()
        assert not holding.is_over()
