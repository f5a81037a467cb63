"""Several envelopes behind one address, as real processes: shares, canaries, shadows, no lost request."""

import contextlib
import http.client
import json
import sys
import threading

import pytest

import jupyter_lifecycle as jl
from jupyter_lifecycle.deployment import Deployer, Endpoint
from jupyter_lifecycle.deployment.detach import stop
from jupyter_lifecycle.deployment.memory import MemoryFile
from jupyter_lifecycle.registry.records import Rule

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


def _times(factor):
    def model(x: float) -> float:
        return x * factor

    return model


def _fails_at_nine(factor):
    def model(x: float) -> float:
        if x == 9.0:
            raise ValueError("nine")
        return x * factor

    return model


@pytest.fixture
def save(registry):
    def save(model, **tags):
        return jl.save(model, name="m", example=EXAMPLE, tags=tags, registry=registry)

    return save


@pytest.fixture
def write(registry):
    def write(**options):
        return registry.set_rule(Rule("svc", "tags.ok = 'yes'", options=options))

    return write


def _asked(url, x, attributes=None):
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    headers = {"Content-Type": "application/json"}
    if attributes is not None:
        headers["X-Attributes"] = json.dumps(attributes)
    with contextlib.closing(connection):
        connection.request("POST", "/predict", json.dumps({"x": x}), headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read()), response.headers["x-envelope"]


def _metrics(url):
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    with contextlib.closing(connection):
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()


def test_a_share_goes_to_another_envelope_and_each_answer_names_its_own(
    registry, deployer, save, write
):
    main, other = save(_times(2.0), ok="yes"), save(_times(3.0))
    write(split=[{"when": other.id, "share": 0.3}], split_unit="customer")
    deployer.step()
    deployer.step()
    url = registry.endpoint("svc").address
    answers = {n: _asked(url, 1.0, {"customer": n})[1:] for n in range(60)}
    assert set(answers.values()) == {(2.0, main.id[:10]), (3.0, other.id[:10])}
    assert 5 < sum(1 for answer, _ in answers.values() if answer == 3.0) < 35

    write(split=[{"when": other.id, "share": 0.6}], split_unit="customer")
    deployer.step()
    deployer.step()
    more = {n: _asked(url, 1.0, {"customer": n})[1:] for n in range(60)}
    assert all(more[n] == answer for n, answer in answers.items() if answer[0] == 3.0)
    assert Endpoint("svc", registry).predict({"x": 1.0}) in (2.0, 3.0)
    text = _metrics(url)
    assert f'rows_total{{endpoint="svc",envelope="{other.id[:10]}"}}' in text

    write()
    deployer.step()
    deployer.step()
    assert {_asked(url, 1.0, {"customer": n})[1] for n in range(60)} == {2.0}
    memory = MemoryFile(deployer._place.memory_of("svc")).memory
    assert memory.model.beside == ()


def test_a_canary_answers_a_share_and_is_promoted(registry, deployer, save, write):
    write(canary=0.5, canary_seconds=0, canary_requests=10)
    save(_times(2.0), ok="yes")
    deployer.step()
    url = registry.endpoint("svc").address
    new = save(_times(3.0), ok="yes")
    deployer.step()
    deployment = registry.deployments("svc")[0]
    assert (deployment.state, deployment.steps[-1].state) == ("running", "running")
    assert "canary" in deployment.steps[-1].fact
    found = [_asked(url, 1.0)[1] for _ in range(60)]
    assert set(found) == {2.0, 3.0}
    deployer._keepers["svc"]._canary_next = 0.0
    deployer.step()
    assert {_asked(url, 1.0)[1] for _ in range(20)} == {3.0}
    record = registry.endpoint("svc")
    assert (record.state, record.serving, record.address) == ("serving", new.id, url)
    assert registry.deployments("svc")[0].id == deployment.id
    assert [one.state for one in registry.deployments("svc")] == ["serving", "replaced"]


def test_a_canary_that_fails_is_rolled_back_and_not_tried_again(registry, deployer, save, write):
    write(canary=0.5, canary_seconds=0, canary_requests=1000, rollback_requests=5)
    first = save(_times(2.0), ok="yes")
    deployer.step()
    url = registry.endpoint("svc").address
    save(_fails_at_nine(3.0), ok="yes")
    deployer.step()
    statuses = [_asked(url, 9.0)[0] for _ in range(60)]
    assert set(statuses) == {200, 500}
    deployer.step()
    assert {_asked(url, 9.0)[:2] for _ in range(30)} == {(200, 18.0)}
    deployer.step()
    record = registry.endpoint("svc")
    assert (record.state, record.serving) == ("failed", first.id)
    assert "requests to the canary failed" in record.failure
    assert len(registry.deployments("svc")) == 2


def test_a_canary_outlives_its_deployer(registry, save, write):
    write(canary=0.5, canary_seconds=0, canary_requests=1)
    with Deployer(registry) as deployer:
        save(_times(2.0), ok="yes")
        deployer.step()
        new = save(_times(3.0), ok="yes")
        deployer.step()
    url = registry.endpoint("svc").address
    assert {_asked(url, 1.0)[1] for _ in range(40)} == {2.0, 3.0}
    with Deployer(registry) as deployer:
        deployer.step()
        assert registry.endpoint("svc").serving == new.id
        assert {_asked(url, 1.0)[1] for _ in range(10)} == {3.0}


def test_a_shadow_is_asked_in_a_process_of_its_own_and_nobody_gets_its_answers(
    registry, deployer, save, write
):
    save(_times(2.0), ok="yes")
    shadow = save(_times(3.0))
    write(shadow=shadow.id)
    deployer.step()
    deployer.step()
    url = registry.endpoint("svc").address
    assert [_asked(url, 1.0)[1] for _ in range(5)] == [2.0] * 5
    assert _asked(url, 0.0)[1] == 0.0
    folder = MemoryFile(deployer._place.memory_of("svc")).memory.model.folder
    assert (
        f"{shadow.id[:10]}/service.py"
        in (deployer._place.folder / folder / "service.py").read_text()
    )
    mine = f'jupyter_lifecycle_shadow_total{{endpoint="svc",envelope="{shadow.id[:10]}"'
    wanted = {f'{mine},answer="different"}} 5', f'{mine},answer="same"}} 1'}
    _until(lambda: wanted <= set(_metrics(url).splitlines()), lambda: _metrics(url))


def test_who_cannot_answer_beside_is_done_without(registry, deployer, save, write):
    save(_times(2.0), ok="yes")
    write(split=[{"when": "name = 'nobody'", "share": 0.5}])
    deployer.step()
    url = registry.endpoint("svc").address
    assert {_asked(url, 1.0)[1] for _ in range(10)} == {2.0}


def test_no_request_is_lost_while_the_company_changes(registry, deployer, save, write):
    save(_times(2.0), ok="yes")
    others = [save(_times(float(n))) for n in (3, 4, 5)]
    write()
    deployer.step()
    url = registry.endpoint("svc").address
    found, ending = [], threading.Event()

    def ask():
        connection = http.client.HTTPConnection(url.removeprefix("http://"))
        while not ending.is_set():
            connection.request(
                "POST", "/predict", '{"x": 1.0}', {"Content-Type": "application/json"}
            )
            response = connection.getresponse()
            response.read()
            found.append(response.status)
            if response.headers.get("connection") == "close":
                connection.close()
        connection.close()

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for one in askers:
        one.start()
    for other in [*others, *others]:
        write(split=[{"when": other.id, "share": 0.5}])
        deployer.step()
        deployer.step()
    ending.set()
    for one in askers:
        one.join()
    assert set(found) == {200}
    assert len(found) > 50


def _until(condition, explain):
    pause = threading.Event()
    for _ in range(300):
        if condition():
            return
        pause.wait(0.05)
    raise AssertionError(explain())
