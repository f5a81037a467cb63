"""The deployer as its own process: started by a rule, killed, stopped; and environments built by uv."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import jupyter_lifecycle as jl
from jupyter_lifecycle.deployment import Endpoint, see_to_deployer
from jupyter_lifecycle.deployment.deployer import running_deployer
from jupyter_lifecycle.deployment.detach import Stopped, stop
from jupyter_lifecycle.deployment.environment import Cancelled, Environments
from jupyter_lifecycle.deployment.memory import MemoryFile
from jupyter_lifecycle.envelope import Environment, Package
from jupyter_lifecycle.errors import BuildError, DeploymentError, EndpointError, RuleError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the local target needs Unix")


@pytest.fixture
def registry(tmp_path):
    with jl.Registry(tmp_path / "home") as registry:
        yield registry
        stop(tmp_path / "home" / "deployer")


@pytest.fixture
def save(registry):
    def save(factor):
        def model(x: float) -> float:
            return x * factor

        return jl.save(model, name="m", example=[{"x": 1.0}], registry=registry)

    return save


def place(registry):
    return Path(registry.location) / "deployer"


def deployer_pid(registry):
    found = running_deployer(place(registry) / "deployer.lock")
    return found and found.get("pid")


def until(condition, seconds=40, pause=threading.Event()):  # noqa: B008 - one that is never set
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        pause.wait(0.02)
    return found


def command(*words, home):
    return subprocess.run(
        [sys.executable, "-m", "jupyter_lifecycle.cli", "deployer", *words, "--registry", home],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_from_a_rule_to_an_answer_and_through_a_killed_deployer(registry, save, capsys):
    envelope = save(2.0)
    rule = jl.rule("svc", when="name = 'm' and tags.ok = 'yes'", registry=registry)
    assert rule.version == 1
    envelope.tag(ok="yes")
    endpoint = jl.endpoint("svc", registry=registry).wait(60)
    assert f"svc  {envelope.short_id}  serving  http://127.0.0.1:" in capsys.readouterr().out
    assert endpoint.predict({"x": 2.0}) == 4.0
    assert jl.rule("svc", when=rule.when, registry=registry).version == 1, "nothing new was said"

    first = deployer_pid(registry)
    os.kill(first, signal.SIGKILL)
    assert endpoint.predict({"x": 2.0}) == 4.0, "the service goes on"
    better = save(3.0).tag(ok="yes")
    change = jl.preview(envelope, unset=["ok"], registry=registry)
    assert change.changes == ()
    assert jl.preview(better, unset=["ok"]).changes[0].after == envelope.id
    assert jl.preview(better.short_id, unset=["ok"], registry=registry).rules_checked == 1
    url = endpoint.url
    endpoint.wait(60)
    assert (endpoint.predict({"x": 2.0}), endpoint.url) == (6.0, url)
    assert deployer_pid(registry) not in (None, first)


def test_killed_at_any_step_it_goes_on_where_it_was(registry, save):
    envelopes = [save(float(n)) for n in range(1, 4)]
    jl.rule("svc", when="name = 'm' and tags.ok = 'yes'", registry=registry)
    envelopes[0].tag(ok="yes")
    endpoint = Endpoint("svc", registry).wait(60)
    for envelope, step in zip(envelopes[1:], ("start", "replay"), strict=True):
        envelope.tag(ok="yes")
        until(lambda step=step, envelope=envelope: _reached(registry, envelope, step))
        os.kill(deployer_pid(registry), signal.SIGKILL)
        endpoint.wait(60)
        assert registry.endpoint("svc").serving == envelope.id
        assert endpoint.predict({"x": 2.0}) == 2.0 * (envelopes.index(envelope) + 1)
    states = [deployment.state for deployment in registry.deployments("svc")]
    assert states.count("serving") == 1
    assert "running" not in states


def _reached(registry, envelope, name):
    last = registry.deployments("svc", 1)[0]
    step = next(step for step in last.steps if step.name == name)
    return last.envelope == envelope.id and step.state != "waiting"


_MURDER = """
import os, signal, sys
from jupyter_lifecycle.deployment import keeper, attempt, memory, process
from jupyter_lifecycle.deployment.serving import serve_registry

where = {{"ServiceProcess": process.ServiceProcess, "MemoryFile": memory.MemoryFile,
         "Attempt": attempt.Attempt, "Keeper": keeper.Keeper}}
kind, name, when, count = {point!r}
plain, left = getattr(where[kind], name), [count]

def deadly(*a, **k):
    left[0] -= 1
    if left[0] == 0 and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    answer = plain(*a, **k)
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer

setattr(where[kind], name, deadly)
sys.exit(serve_registry(sys.argv[1]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "point",
    [
        ("MemoryFile", "write", "after", 1),
        ("ServiceProcess", "listen", "before", 1),
        ("ServiceProcess", "listen", "after", 1),
        ("ServiceProcess", "drain", "before", 1),
        ("ServiceProcess", "give_connections_to", "before", 1),
        ("Keeper", "_report", "before", 1),
        ("Keeper", "_report", "after", 1),
        ("Attempt", "serving", "before", 1),
    ],
    ids=lambda point: f"{point[2]} {point[1]}",
)
def test_killed_in_the_middle_of_a_switch(registry, save, tmp_path, point):
    """Each point is one instruction of a switch at which the deployer dies by SIGKILL."""
    first, second = save(1.0), save(2.0)
    jl.rule("svc", when="name = 'm' and tags.ok = 'yes'", registry=registry)
    first.tag(ok="yes")
    endpoint = Endpoint("svc", registry).wait(60)
    url = endpoint.url
    stop(place(registry), services=False)
    second.tag(ok="yes")
    script = tmp_path / "murder.py"
    script.write_text(_MURDER.format(point=point))
    with (tmp_path / "murder.log").open("wb") as log:
        done = subprocess.run(
            [sys.executable, script, registry.location], stderr=log, timeout=60, check=False
        )
    assert done.returncode == -signal.SIGKILL
    assert endpoint.predict({"x": 1.0}) in (1.0, 2.0), "somebody serves all the time"
    see_to_deployer(registry, wait=True)
    until(lambda: registry.deployments("svc", 1)[0].state == "serving")
    endpoint.wait(60)
    assert (endpoint.predict({"x": 1.0}), endpoint.url) == (2.0, url)
    states = sorted(deployment.state for deployment in registry.deployments("svc"))
    assert states.count("serving") == 1
    assert "running" not in states
    memory = MemoryFile(place(registry) / "endpoints" / "svc" / "memory.json")
    until(lambda: not MemoryFile(memory._path).memory.leaving)
    assert MemoryFile(memory._path).memory.starting == ()


def test_the_commands_stop_and_say(registry, save):
    home = registry.location
    assert command("status", home=home).stdout == "No deployer runs.\n"
    envelope = save(2.0).tag(ok="yes")
    jl.rule("svc", when="tags.ok = 'yes'", registry=registry)
    endpoint = Endpoint("svc", registry).wait(60)
    said = command("status", home=home).stdout
    assert f"process {deployer_pid(registry)}" in said
    assert envelope.short_id in said
    told = json.loads(command("status", "--json", home=home).stdout)
    assert told["endpoints"][0]["state"] == "serving"
    assert f"svc: deploying {envelope.short_id}" in command("logs", home=home).stdout
    assert command("logs", "svc", home=home).returncode == 0
    unknown = command("logs", "other", home=home)
    assert (unknown.returncode, "No service of other" in unknown.stderr) == (1, True)
    again = command("run", home=home)
    assert (again.returncode, "A deployer runs already" in again.stderr) == (1, True)

    assert "go on" in command("stop", "--keep-services", home=home).stdout
    assert deployer_pid(registry) is None
    assert endpoint.predict({"x": 2.0}) == 4.0
    assert command("stop", home=home).stdout == "No deployer was running.\n1 service ended.\n"
    with pytest.raises(EndpointError, match=r"wait\(\) starts it"):
        endpoint.predict({"x": 2.0})
    assert stop(place(registry)) == Stopped(deployer=False, services=0)


def test_one_that_has_only_just_been_started_is_stopped_too(registry):
    assert see_to_deployer(registry)
    assert stop(place(registry)) == Stopped(deployer=True, services=0)
    assert running_deployer(place(registry) / "deployer.lock") is None
    assert stop(place(registry)) == Stopped(deployer=False, services=0)


def test_it_ends_by_itself_when_there_is_nothing_to_keep(registry):
    module = "jupyter_lifecycle.deployment"
    done = subprocess.run(
        [sys.executable, "-m", module, registry.location, "--idle", "0.2"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert "nothing to keep" in done.stderr


def test_a_deployer_that_cannot_start_says_why(registry, tmp_path):
    from jupyter_lifecycle.deployment.deployer import LEASE

    registry.lease(LEASE, "elsewhere:0:1:a", 60)
    with pytest.raises(DeploymentError, match="A deployer on elsewhere has the endpoints"):
        see_to_deployer(registry, wait=True)
    registry.release(LEASE, "elsewhere:0:1:a")


def test_a_rule_that_cannot_be_is_refused_before_anything_starts(registry):
    with pytest.raises(RuleError, match="no target 'kubernetes'"):
        jl.rule("svc", when="tags.ok = 'yes'", target="kubernetes", registry=registry)
    with pytest.raises(RuleError, match=r"no option treads. Did you mean threads"):
        jl.rule("svc", when="tags.ok = 'yes'", registry=registry, treads=2)
    assert registry.rules() == ()
    assert not place(registry).exists()


@pytest.mark.slow
def test_an_environment_is_built_from_the_lock_and_serves(registry):
    import six

    def model(x: float) -> float:
        return x * len(six.PY3 * "ab")

    envelope = jl.save(model, name="m", example=[{"x": 1.0}], registry=registry)
    assert "six" in {package.name for package in envelope.bundle.manifest.environment.packages}
    jl.rule("svc", when="name = 'm'", registry=registry, environment="build")
    endpoint = Endpoint("svc", registry).wait(120)
    assert endpoint.predict({"x": 2.0}) == 4.0
    steps = {step.name: step for step in endpoint.record.last_deployment.steps}
    assert "packages installed" in steps["build"].fact
    environments = list((place(registry) / "environments").iterdir())
    assert len(environments) == 1
    listed = [path.name for path in environments[0].glob("lib/*/site-packages/*.dist-info")]
    assert any(name.startswith("jupyter_lifecycle-") for name in listed)
    assert any(name.startswith("six-") for name in listed)
    assert not any(name.lower().startswith("sqlalchemy-") for name in listed), "only what serves"

    jl.rule("svc", when="name = 'm'", registry=registry, environment="build", threads=2)
    until(lambda: registry.deployments("svc")[0].rule_version == 2)
    endpoint.wait(60)
    steps = {step.name: step for step in endpoint.record.last_deployment.steps}
    assert "reused" in steps["build"].fact


def lock(*packages, python=None):
    import platform

    found = tuple(Package(name, version) for name, version in packages)
    return Environment(python or platform.python_version(), "cpython", "any", found)


def test_a_lock_that_no_index_has_is_a_clear_error_and_leaves_nothing(tmp_path):
    lines = []
    with pytest.raises(BuildError, match=r"uv pip said.*six==0\.0\.0\.1"):
        Environments(tmp_path).prepare(lock(("six", "0.0.0.1")), say=lines.append)
    assert any("six 0.0.0.1 is wanted" in line for line in lines)
    assert list(tmp_path.iterdir()) == []


def test_a_python_that_is_not_there_is_a_clear_error(tmp_path):
    with pytest.raises(BuildError, match=r"saved with Python 3\.8\.1.*finds no Python 3\.8"):
        Environments(tmp_path).prepare(lock(python="3.8.1"))


def test_a_build_can_be_given_up(tmp_path):
    with pytest.raises(Cancelled):
        Environments(tmp_path).prepare(
            lock(("scikit-learn", "0.0.1")), cancelled=lambda: True, choice="build"
        )
    assert list(tmp_path.iterdir()) == []


def test_where_the_service_does_not_go_with_the_model_other_versions_are_tried(tmp_path):
    """The pins at hand are a wish; the model's lock is not."""
    lines = []
    built = Environments(tmp_path).prepare(lock(("starlette", "0.46.2")), say=lines.append)
    assert "the service's own packages do not go with the model's; trying others" in lines
    assert any("+ starlette==0.46.2" in line for line in lines)
    assert built.isolated
    assert built.path.exists()
