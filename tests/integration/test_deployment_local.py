"""The deployer and real services on loopback; models are small functions, so that they start fast."""

import contextlib
import http.client
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

import jupyter_lifecycle as jl
from jupyter_lifecycle.deployment import Deployer, Endpoint
from jupyter_lifecycle.deployment.detach import stop
from jupyter_lifecycle.deployment.memory import MemoryFile
from jupyter_lifecycle.errors import DeploymentError, EndpointError
from jupyter_lifecycle.registry.records import Rule

WHEN = "name = 'm' and tags.ok = 'yes'"
EXAMPLE = [{"x": 1.0}, {"x": 2.5}]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the local target needs Unix")


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
def runs(registry):
    """A deployer that runs beside the test."""
    deployer = Deployer(registry)
    deployer.take()
    thread = threading.Thread(target=deployer.run)
    thread.start()
    yield deployer
    deployer.stop()
    thread.join()
    deployer.close()


@pytest.fixture
def save(registry):
    def save(factor, *, body=None, **tags):
        model = body if body is not None else _times(factor)
        return jl.save(
            model, name="m", example=EXAMPLE, tags=tags or {"ok": "yes"}, registry=registry
        )

    return save


@pytest.fixture
def write(registry):
    def write(on_none="keep", when=WHEN, **options):
        return registry.set_rule(Rule("svc", when, on_none=on_none, options=options))

    return write


@pytest.fixture
def ask(registry):
    return Endpoint("svc", registry).predict


def _times(factor):
    def model(x: float) -> float:
        return x * factor

    return model


def test_a_roll_back_serves_what_served_before_and_a_pin_stays(
    registry, deployer, save, write, ask, monkeypatch
):
    monkeypatch.setattr(
        "jupyter_lifecycle.deployment.detach.see_to_deployer", lambda registry: False
    )
    first = save(2.0)
    write()
    deployer.step()
    second = save(3.0)
    deployer.step()
    assert (ask({"x": 2.0}), registry.served_before("svc")) == (6.0, first.id)

    endpoint = Endpoint("svc", registry).rollback()
    deployer.step()
    assert ask({"x": 2.0}) == 4.0
    save(4.0)
    deployer.step()
    assert ask({"x": 2.0}) == 4.0
    assert endpoint.record.state == "serving"
    assert endpoint.record.pin.envelope == first.id
    assert registry.served_before("svc") == second.id

    endpoint.unpin()
    deployer.step()
    assert ask({"x": 2.0}) == 8.0


def _elsewhere(kind):
    """A function that was fine when it was saved and is not in the service."""

    def differs(x: float) -> float:
        import sys

        return x + 4.25 if sys.argv[0].endswith("service.py") and x > 2 else x

    def raises(x: float) -> float:
        import sys

        if sys.argv[0].endswith("service.py"):
            raise KeyError(x)
        return x

    return {"differs": differs, "raises": raises}[kind]


class Broken:
    """A model whose loading fails in a service."""

    def __init__(self, how):
        self.how = how

    def __setstate__(self, state):
        import os
        import sys

        self.__dict__ = state
        if sys.argv[0].endswith("service.py"):
            if self.how == "import":
                import nowhere_to_be_found  # noqa: F401
            os._exit(7)

    def __call__(self, x: float) -> float:
        return x


_JSON = {"Content-Type": "application/json"}


def steps_of(record):
    return {step.name: step for step in record.last_deployment.steps}


def get(url, path, method="GET", body=None, headers=None):
    host, _, port = url.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read(), dict(response.getheaders())
    finally:
        connection.close()


def until(condition, seconds=30, pause=threading.Event()):  # noqa: B008 - one that is never set
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        pause.wait(0.02)
    return found


def serving_pid(registry):
    from jupyter_lifecycle.deployment.process import ServiceProcess

    path = Path(registry.location) / "deployer" / "endpoints" / "svc" / "memory.json"
    placed = MemoryFile(path).memory.serving
    process, status = ServiceProcess.adopt(Path(placed.control), Path(placed.folder))
    process.leave()
    return status["pid"]


def test_a_tag_deploys_and_an_untag_goes_back_to_the_next_best(
    registry, deployer, save, write, ask
):
    first, second = save(2.0), save(3.0, ok="no")
    write()
    deployer.step()
    record = registry.endpoint("svc")
    assert (record.state, record.serving) == ("serving", first.id)
    assert record.last_deployment.state == "serving"
    steps = steps_of(record)
    assert [step.state for step in steps.values()] == ["done"] * 5
    assert all(step.seconds is not None and step.fact for step in steps.values())
    assert steps["replay"].fact == "2 rows equal"
    assert ask({"x": 2.0}) == 4.0
    assert ask([{"x": 1.0}, {"x": 2.0}]) == [2.0, 4.0]

    second.tag(ok="yes")
    deployer.step()
    after = registry.endpoint("svc")
    assert (after.serving, after.address) == (second.id, record.address)
    assert ask({"x": 2.0}) == 6.0
    assert [d.state for d in registry.deployments("svc")] == ["serving", "replaced"]

    second.untag("ok")
    deployer.step()
    assert registry.endpoint("svc").serving == first.id
    assert ask({"x": 2.0}) == 4.0


def test_where_nothing_matches_the_last_one_keeps_serving_or_is_retired(
    registry, deployer, save, write, ask
):
    envelope = save(2.0)
    write()
    deployer.step()
    address = registry.endpoint("svc").address
    envelope.untag("ok")
    deployer.step()
    assert registry.endpoint("svc").state == "unmatched"
    assert ask({"x": 1.0}) == 2.0

    write(on_none="retire")
    deployer.step()
    record = registry.endpoint("svc")
    assert (record.state, record.serving, record.address) == ("retired", None, address)
    status, body, headers = get(address, "/predict", "POST", b'{"x": 1}')
    error = json.loads(body)["error"]
    assert (status, error["code"]) == (503, "endpoint")
    assert "retired" in error["message"]
    assert headers["content-type"] == "application/json"
    with pytest.raises(EndpointError, match="retired"):
        ask({"x": 1.0})
    with pytest.raises(EndpointError, match="No envelope matches the rule of svc"):
        Endpoint("svc", registry).wait(5)

    envelope.tag(ok="yes")
    deployer.step()
    record = registry.endpoint("svc")
    assert (record.state, record.address) == ("serving", address)
    assert ask({"x": 1.0}) == 2.0


@pytest.mark.parametrize(
    ("body", "step", "fact", "reason"),
    [
        (_elsewhere("differs"), "replay", "1 of 2 differ", "by up to 4.25; row 1: 2.5 expected"),
        (_elsewhere("raises"), "replay", "", "answered the envelope's example with 500"),
        (Broken("import"), "start", "", "nowhere_to_be_found"),
        (Broken("exit"), "start", "", "exit status 7"),
    ],
    ids=["other answers", "raises", "cannot import", "dies at start"],
)
def test_a_version_that_fails_leaves_the_old_one_serving(
    registry, deployer, save, write, ask, body, step, fact, reason
):
    good = save(2.0)
    write()
    deployer.step()
    bad = save(0, body=body)
    deployer.step()
    record = registry.endpoint("svc")
    assert (record.state, record.serving) == ("failed", good.id)
    assert reason in record.failure
    assert "/home/" not in record.failure or step == "start"
    assert steps_of(record)[step].state == "failed"
    assert steps_of(record)[step].fact == fact
    assert steps_of(record)["switch"].state == "waiting"
    assert record.last_deployment.log
    assert ask({"x": 2.0}) == 4.0
    with pytest.raises(EndpointError, match=f"{bad.short_id} was not deployed.*{good.short_id}"):
        Endpoint("svc", registry).wait(5)

    attempts = len(registry.deployments("svc"))
    deployer.step()
    assert len(registry.deployments("svc")) == attempts, "the same is not tried again"
    write()
    deployer.step()
    assert len(registry.deployments("svc")) == attempts + 1, (
        "a rule that is written again asks for it"
    )

    bad.untag("ok").tag(ok="yes")
    deployer.step()
    assert len(registry.deployments("svc")) == attempts + 2, "a want that is new asks for it too"

    bad.untag("ok")
    deployer.step()
    record = registry.endpoint("svc")
    assert (record.state, record.failure) == ("serving", "")


def test_no_request_is_lost_while_versions_switch(registry, deployer, save, write, ask):
    envelopes = [save(float(n), ok="no") for n in range(1, 5)]
    envelopes[0].tag(ok="yes")
    write()
    deployer.step()
    url = registry.endpoint("svc").address
    done, answers, lost = threading.Event(), [], []

    def load(keep_alive):
        host, _, port = url.removeprefix("http://").partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=20)
        while not done.is_set():
            try:
                connection.request(
                    "POST", "/predict", '{"x": 1}', {"Content-Type": "application/json"}
                )
                response = connection.getresponse()
                body = response.read()
            except (OSError, http.client.HTTPException) as problem:
                lost.append(repr(problem))
                connection.close()
                continue
            if response.status != 200:
                lost.append((response.status, body))
            answers.append(float(body))
            if not keep_alive:
                connection.close()
            done.wait(0.001)
        connection.close()

    threads = [threading.Thread(target=load, args=[keep]) for keep in (True, False)]
    for thread in threads:
        thread.start()
    try:
        for envelope in envelopes[1:]:
            envelope.tag(ok="yes")
            deployer.step()
            wanted = float(envelopes.index(envelope) + 1)
            until(lambda wanted=wanted: answers and answers[-1] == wanted)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert lost == []
    assert set(answers) == {1.0, 2.0, 3.0, 4.0}


def test_a_service_that_is_killed_is_started_again_at_the_same_address(
    registry, runs, save, write, ask
):
    save(2.0)
    write()
    endpoint = Endpoint("svc", registry).wait(60)
    address = endpoint.url
    assert endpoint.predict({"x": 2.0}) == 4.0
    os.kill(serving_pid(registry), signal.SIGKILL)
    assert ask({"x": 2.0}) == 4.0, "requests wait for the next process, none is refused"
    until(lambda: registry.endpoint("svc").state == "serving")

    os.kill(serving_pid(registry), signal.SIGKILL)
    said = until(lambda: _refusal(registry))  # it died again soon: a pause, and 503 meanwhile
    assert "killed by SIGKILL" in said
    until(lambda: registry.endpoint("svc").state == "serving")
    assert (ask({"x": 2.0}), endpoint.url) == (4.0, address)
    assert len(registry.deployments("svc")) == 1


def _refusal(registry):
    try:
        Endpoint("svc", registry).predict({"x": 1.0})
    except EndpointError as problem:
        return problem.message
    return None


def test_the_next_deployer_adopts_what_runs(registry, save, write, ask):
    save(2.0)
    write()
    with Deployer(registry) as deployer:
        deployer.step()
        pid = serving_pid(registry)
        address = registry.endpoint("svc").address
    assert ask({"x": 2.0}) == 4.0, "services go on without a deployer"
    save(3.0)
    with Deployer(registry) as deployer:
        deployer.step()
    assert registry.endpoint("svc").address == address
    assert ask({"x": 2.0}) == 6.0
    until(lambda: not Path(f"/proc/{pid}").exists() or _is_zombie(pid), 40)


def _is_zombie(pid):
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(") ")[2].startswith("Z")


def test_after_a_reboot_the_endpoint_comes_back_where_it_was(registry, save, write, ask):
    save(2.0)
    write()
    with Deployer(registry) as deployer:
        deployer.step()
    address = registry.endpoint("svc").address
    stop(Path(registry.location) / "deployer")
    with pytest.raises(EndpointError, match="Nothing answers at"):
        ask({"x": 2.0})
    with Deployer(registry) as deployer:
        deployer.step()
        assert registry.endpoint("svc").address == address
        assert ask({"x": 2.0}) == 4.0
    assert len(registry.deployments("svc")) == 1


def test_there_is_one_deployer(registry, deployer, tmp_path):
    deployer.step()
    with pytest.raises(DeploymentError, match="A deployer runs already"):
        Deployer(registry).take()
    with pytest.raises(DeploymentError, match="has the endpoints of"):
        Deployer(registry, tmp_path / "other").take()


def test_a_lease_that_a_killed_deployer_left_is_taken_over(registry):
    dead = Deployer(registry)
    dead.take()
    dead._stopping.set()
    dead._renewing.join()
    dead._lock.close()  # as the end of its process does
    with Deployer(registry) as next_one:
        next_one.step()
    dead._lock = dead._renewing = None
    dead.close()


def test_a_removed_rule_stops_the_service(registry, deployer, save, write):
    save(2.0)
    write()
    deployer.step()
    address = registry.endpoint("svc").address
    registry.remove_rule("svc")
    deployer.step()
    assert registry.endpoint("svc").serving is None
    with pytest.raises(OSError, match="refused"):
        get(address, "/health")


def test_what_is_superseded_is_given_up(registry, save, write):
    save(2.0)
    write()
    deployer = Deployer(registry)
    deployer.stop()
    with deployer:
        deployer.step()
    last = registry.deployments("svc")[0]
    assert (last.state, registry.endpoint("svc").serving) == ("replaced", None)
    assert "Given up" in last.reason


def test_an_option_of_the_rule_redeploys(registry, deployer, save, write, ask):
    save(2.0)
    write()
    deployer.step()
    address = registry.endpoint("svc").address
    write(max_bytes=2000, capture=0.0)
    deployer.step()
    assert registry.endpoint("svc").address == address
    assert get(address, "/predict", "POST", b"[" + b" " * 3000 + b"]", _JSON)[0] == 413


def test_a_port_that_is_taken_fails_the_switch(registry, deployer, save, write):
    import socket

    save(2.0)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        write(port=taken.getsockname()[1])
        deployer.step()
    record = registry.endpoint("svc")
    assert record.state == "failed"
    assert "cannot be used" in record.failure
    assert steps_of(record)["switch"].state == "failed"


def test_a_deployer_of_a_server(registry_server, tmp_path):
    """With a server whoever runs the deployer says that models from there may run."""
    address, token = registry_server()
    with jl.Registry(address, token=token("read", "write", "deploy"), trust=False) as remote:
        jl.save(_times(2.0), name="m", example=EXAMPLE, tags={"ok": "yes"}, registry=remote)
        remote.set_rule(Rule("svc", WHEN))
        try:
            with Deployer(remote, tmp_path / "d") as deployer:
                deployer.step()
                assert "you have not trusted" in remote.endpoint("svc").failure
                remote.trust = True
                remote.set_rule(Rule("svc", WHEN))
                deployer.step()
            assert Endpoint("svc", remote).predict({"x": 2.0}) == 4.0
        finally:
            stop(tmp_path / "d")


def test_what_serves_is_kept_alive_while_something_else_is_deployed(
    registry, runs, save, write, ask
):
    class Slow:
        def __setstate__(self, state):
            import sys
            import time

            while sys.argv[0].endswith("service.py") and time.sleep(0.05) is None:
                pass  # for ever: its start takes as long as it may

        def __getstate__(self):
            return {"a": 1}

        def __call__(self, x: float) -> float:
            return x

    save(2.0)
    write(start_seconds=60)
    Endpoint("svc", registry).wait(60)
    save(0, body=Slow())
    until(lambda: registry.endpoint("svc").state == "deploying")
    os.kill(serving_pid(registry), signal.SIGKILL)
    assert ask({"x": 2.0}) == 4.0


def test_a_deployer_whose_folder_was_deleted_ends_with_its_services(registry, save, write):
    import shutil

    save(2.0)
    write()
    deployer = Deployer(registry)
    deployer.take()
    thread = threading.Thread(target=deployer.run)
    thread.start()
    endpoint = Endpoint("svc", registry).wait(60)
    address = endpoint.url
    shutil.rmtree(Path(registry.location) / "deployer")
    thread.join(30)
    assert not thread.is_alive()
    deployer.close()
    until(lambda: _is_refused(address))


def _is_refused(address):
    try:
        get(address, "/health")
    except OSError:
        return True
    return False


def test_a_service_has_nothing_of_the_deployer_s_environment_that_its_rule_does_not_name(
    registry, deployer, save, write, ask, monkeypatch
):
    def model(x: float) -> list[str]:
        import os

        return sorted(
            name for name in ("TZ", "AWS_SECRET_ACCESS_KEY", "GIVEN") if name in os.environ
        )

    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("GIVEN", "here too, so that the example's answer is the same")
    save(1, body=model)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2-hunter2")
    write(env={"GIVEN": "by the rule"})
    deployer.step()
    assert ask({"x": 1.0}) == ["GIVEN", "TZ"]


def test_variables_and_secrets_reach_the_service_and_smoke_checks_hold(
    registry, deployer, save, write, ask, monkeypatch
):
    def model(x: float) -> str:
        import os

        print("the key is", os.environ.get("KEY"), flush=True)
        return f"{os.environ.get('REGION')} {os.environ.get('KEY')} {x}"

    monkeypatch.setenv("KEY", "hunter2-hunter2")
    monkeypatch.setenv("REGION", "eu")
    save(1, body=model)
    options = {"env": {"REGION": "eu"}, "secrets": {"KEY": "env:PROD_KEY"}}
    monkeypatch.delenv("PROD_KEY", raising=False)
    write(**options)
    deployer.step()
    failure = registry.endpoint("svc").failure
    assert "The secret KEY of svc is env:PROD_KEY, and the deployer's environment has no" in failure
    monkeypatch.setenv("PROD_KEY", "hunter2-hunter2")
    wrong = [{"input": {"x": 1.0}, "output": "us"}]
    write(**options, smoke=wrong)
    deployer.step()
    record = registry.endpoint("svc")
    assert record.state == "failed"
    assert "Smoke check 0 was answered" in record.failure
    assert any("the key is …" in line for line in record.last_deployment.log)
    assert not any("hunter2" in line for line in record.last_deployment.log)
    right = [{"input": {"x": 1.0}, "seconds": 60}]
    write(**options, smoke=right)
    deployer.step()
    assert registry.endpoint("svc").state == "serving"
    assert "1 smoke check passed" in registry.endpoint("svc").last_deployment.steps[3].fact
    assert ask({"x": 1.0}) == "eu hunter2-hunter2 1.0"
    for check, reason in [
        ({"input": {"y": 1}}, "answered smoke check 0 with 400"),
        ({"input": {"x": 1.0}, "seconds": 0}, "Smoke check 0 took"),
    ]:
        write(**options, smoke=[check])
        deployer.step()
        assert reason in registry.endpoint("svc").last_deployment.reason
    assert ask({"x": 1.0}) == "eu hunter2-hunter2 1.0"


def test_a_change_waits_for_approval_and_a_pin_does_not(registry, deployer, save, write, ask):
    first = save(2.0)
    write(approval="fine")
    deployer.step()
    assert "waits for approval" in registry.endpoint("svc").failure
    assert registry.endpoint("svc").serving is None
    first.tag(fine="yes")
    deployer.step()
    assert ask({"x": 1.0}) == 2.0
    second = save(3.0)
    deployer.step()
    assert registry.endpoint("svc").serving == first.id
    registry.pin("svc", second)
    deployer.step()
    assert ask({"x": 1.0}) == 3.0


def test_a_version_that_fails_after_the_switch_is_rolled_back(registry, save, write, ask, runs):
    first = save(2.0)
    write(rollback_requests=5)
    Endpoint("svc", registry).wait(60)

    def fails(x: float) -> float:
        if x == 3.0:
            raise ValueError(x)
        return x

    second = save(1, body=fails)
    Endpoint("svc", registry).wait(60)
    deadline = time.monotonic() + 60
    while registry.endpoint("svc").serving != first.id or not registry.endpoint("svc").pin:
        with contextlib.suppress(EndpointError):
            ask({"x": 3.0})
        assert time.monotonic() < deadline
    history = registry.deployments("svc", 10)
    rolled = next(one for one in history if one.envelope == second.id)
    assert rolled.state == "failed"
    assert "requests failed after the switch" in rolled.reason
    assert ask({"x": 3.0}) == 6.0
