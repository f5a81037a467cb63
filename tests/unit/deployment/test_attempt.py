"""Steps of a deployment as they are recorded and shown; replay and its differences."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from jupyter_lifecycle.deployment import replay as replaying
from jupyter_lifecycle.deployment.attempt import Attempt
from jupyter_lifecycle.deployment.progress import ProgressLine, describe
from jupyter_lifecycle.errors import DeploymentError
from jupyter_lifecycle.registry.records import STEPS, Deployment, EndpointRecord, Step

NOW = datetime(2026, 11, 2, 14, 8, tzinfo=UTC)
DEPLOYMENT = Deployment("d1", "svc", "7f3a91c2e4" * 4, 1, "running", NOW, NOW)


class Written:
    """Takes what is written of a deployment."""

    def __init__(self):
        self.all = []

    def update_deployment(self, id_, **values):
        self.all.append(values)


def test_steps_are_written_as_they_go():
    registry = Written()
    attempt = Attempt(registry, DEPLOYMENT)
    with attempt.step("decide") as step:
        step.began(datetime.now(UTC) - timedelta(seconds=2))
        step.fact = "because"
    attempt.say("a line")
    with pytest.raises(DeploymentError), attempt.step("build"):
        raise DeploymentError("no", fact="3 differ")
    attempt.failed("no")
    first, last = registry.all[0]["steps"], registry.all[-1]
    assert first[0].state == "running"
    decide, build, start = last["steps"][:3]
    assert (decide.state, decide.fact, round(decide.seconds)) == ("done", "because", 2)
    assert (build.state, build.fact, start.state) == ("failed", "3 differ", "waiting")
    assert (last["state"], last["reason"]) == ("failed", "no")
    assert last["log"][0].endswith(" decide: because")
    assert last["log"][1].endswith(" a line")


def test_a_switch_that_was_made_is_finished_by_the_next_deployer():
    registry = Written()
    steps = (*(Step(name, "done", 1.0, "x") for name in STEPS[:-1]), Step("switch", "running"))
    attempt = Attempt(registry, replace(DEPLOYMENT, steps=steps, log=("before",)))
    attempt.resume("later")
    attempt.serving()
    written = registry.all[-1]
    assert written["state"] == "serving"
    assert written["steps"][-1] == Step("switch", "done", None, "later")
    assert written["log"] == ["before"]


def test_what_is_given_up_says_so():
    registry = Written()
    Attempt(registry, DEPLOYMENT).given_up("newer")
    assert (registry.all[0]["state"], registry.all[0]["reason"]) == ("replaced", "newer")


def record(state, *, last=None, serving=None, address=None):
    return EndpointRecord("svc", "local", state, None, None, serving, None, address, last)


def test_the_line_says_how_it_goes():
    steps = (Step("decide", "done", 0.018), Step("build", "done", 1.94), Step("start", "running"))
    running = replace(DEPLOYMENT, steps=steps)
    assert (
        describe(record("deploying", last=running))
        == "svc  7f3a91c2e4  decide 18 ms, build 1.9 s, start …"
    )
    assert (
        describe(record("serving", serving="7f3a91c2e4" * 4, address="http://h:1"))
        == "svc  7f3a91c2e4  serving  http://h:1"
    )
    assert describe(record("waiting")) == "svc  waits for the deployer"


def test_a_file_gets_a_line_a_change_and_a_terminal_one_line(monkeypatch):
    monkeypatch.delitem(__import__("sys").modules, "ipykernel", raising=False)
    file = io.StringIO()
    line = ProgressLine(file)
    for text in ("longer", "longer", "new"):
        line.show(text)
    line.end()
    assert file.getvalue() == "longer\nnew\n"
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    line = ProgressLine(terminal)
    for text in ("longer", "new"):
        line.show(text)
    line.end()
    assert terminal.getvalue() == "\rlonger\rnew   \n"


def bundle(answers, *, repeatable=True):
    manifest = SimpleNamespace(example=SimpleNamespace(repeatable=repeatable))
    return SimpleNamespace(
        id="a" * 40,
        example_json=lambda: [{"x": 1}] * len(answers) if isinstance(answers, list) else {"x": 1},
        answers_json=lambda: answers,
        manifest=manifest,
    )


def test_a_replay_that_agrees(monkeypatch):
    monkeypatch.setattr(replaying, "_ask", lambda port, payload, choice: [1.0, 2.0 + 1e-9])
    assert replaying.replay(bundle([1.0, 2.0]), 1) == "2 rows equal"
    assert "differently each time" in replaying.replay(bundle([5.0, 6.0], repeatable=False), 1)
    monkeypatch.setattr(replaying, "_ask", lambda port, payload, choice: 1.0)
    assert replaying.replay(bundle(1.0), 1) == "1 row equal"


@pytest.mark.parametrize(
    ("expected", "answer", "fact", "said"),
    [
        ([1.0, 12.9], [1.0, 8.7], "1 of 2 differ", "1 of 2 rows, by up to 4.2; row 1: 12.9 exp"),
        (["a", "b"], ["x", "b"], "1 of 2 differ", '1 of 2 rows; row 0: "a" expected, "x" answered'),
        ([1.0], [1.0, 2.0], "differs", "its form: [1.0] expected, [1.0, 2.0] answered"),
        ([True], [1], "1 of 1 differ", "row 0: true expected, 1 answered"),
        (["a" * 200], ["b"], "1 of 1 differ", "aaa… expected"),
    ],
)
def test_a_replay_that_differs(monkeypatch, expected, answer, fact, said):
    monkeypatch.setattr(replaying, "_ask", lambda port, payload, choice: answer)
    with pytest.raises(DeploymentError) as caught:
        replaying.replay(bundle(expected), 1)
    assert said in caught.value.message
    assert caught.value.detail["fact"] == fact


def test_a_service_that_is_not_there_cannot_be_replayed():
    with pytest.raises(DeploymentError, match="did not answer the envelope's example"):
        replaying.replay(bundle([1.0]), 1)
