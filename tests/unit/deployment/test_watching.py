"""A version that fails after its switch is rolled back, by a pin."""

import pytest

from jupyter_lifecycle.deployment.memory import Memory, Placed
from jupyter_lifecycle.deployment.options import Options
from jupyter_lifecycle.deployment.service.metrics import Metrics
from jupyter_lifecycle.deployment.watching import Watch, too_many_fail
from jupyter_lifecycle.registry import Registry, Rule, Step
from jupyter_lifecycle.registry.records import STEPS

DONE = tuple(Step(name, "done") for name in STEPS)


class Process:
    def __init__(self, requests, failed):
        self.given = requests, failed

    def counts(self, envelope):
        return self.given


@pytest.mark.parametrize(
    ("requests", "failed", "many"),
    [(19, 19, False), (20, 10, False), (20, 11, True), (1000, 400, False), (0, 0, False)],
)
def test_when_too_many_fail(requests, failed, many):
    assert too_many_fail(Options(), requests, failed) is many


def test_refused_input_is_no_failure_of_the_service():
    metrics = Metrics(endpoint="svc")
    for path, status in (("/predict", 200), ("/predict", 400), ("/predict", 500), ("/ready", 503)):
        metrics.count(path, status, 0.1)
    assert metrics.outcomes() == (3, 1)


@pytest.fixture
def served(tmp_path, make_bundle):
    """Two versions that have served, one after the other."""
    with Registry(tmp_path) as registry:
        registry.set_rule(Rule("svc", "name = 'm'"))
        ids = []
        for _ in range(2):
            envelope = registry.add(make_bundle("m"))
            deployment = registry.start_deployment("svc", envelope.id, 1)
            registry.update_deployment(deployment.id, state="serving", steps=DONE)
            registry.set_endpoint("svc", serving=envelope.id, state="serving")
            ids.append((envelope.id, deployment.id))
        yield registry, ids


def _memory(envelope, deployment, **options):
    return Memory().switch(Placed(envelope, deployment, "c", "f", options), "h", 1)


def test_it_is_pinned_to_what_served_before_and_the_history_says_why(served):
    registry, ((before, _), (now, deployment)) = served
    watch, memory = Watch("svc", registry), _memory(now, deployment)
    assert watch.is_due(memory)
    watch.look(Process(100, 10), memory)
    assert registry.endpoint("svc").pin is None
    watch._next = 0.0
    watch.look(Process(100, 90), memory)
    record = registry.endpoint("svc")
    assert record.pin.envelope == record.want.envelope == before
    (last, *_) = registry.deployments("svc", 5)
    assert (last.id, last.state) == (deployment, "failed")
    assert "90 of 100 requests failed after the switch" in last.reason
    watch._next = 0.0
    assert not watch.is_due(memory)


def test_what_is_pinned_is_not_rolled_back(served):
    registry, (_, (now, deployment)) = served
    registry.pin("svc", now)
    Watch("svc", registry).look(Process(100, 100), _memory(now, deployment))
    assert registry.endpoint("svc").pin.envelope == now


@pytest.mark.parametrize("options", [{"rollback_errors": 1.0}, {"rollback_seconds": 0.0}])
def test_it_is_not_watched_where_the_rule_says_so_or_it_is_not_new(served, options):
    registry, (_, (now, deployment)) = served
    watch, memory = Watch("svc", registry), _memory(now, deployment, **options)
    assert not watch.is_due(memory)
    watch.look(Process(100, 100), memory)
    watch.look(None, memory)
    assert registry.endpoint("svc").pin is None
