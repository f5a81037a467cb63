"""The endpoint's client where the answer is no answer, with a registry that says what it's told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import requests

from jupyter_lifecycle import deployment
from jupyter_lifecycle.deployment import client, detach
from jupyter_lifecycle.deployment.client import Endpoint
from jupyter_lifecycle.deployment.deployer import Deployer, default_folder, lock_file
from jupyter_lifecycle.errors import DeploymentError, EndpointError, RuleError
from jupyter_lifecycle.registry.records import Deployment, EndpointRecord, Rule, Want

NOW = datetime(2026, 11, 2, 14, 8, tzinfo=UTC)
RULE = Rule("svc", "tags.ok = 'yes'")
A, B = "a" * 40, "b" * 40
RECORD = EndpointRecord(
    "svc",
    "local",
    "waiting",
    RULE,
    Want("svc", "local", A, 1, NOW, "tagged"),
    None,
    None,
    None,
    None,
)


@pytest.fixture
def endpoint(monkeypatch):
    monkeypatch.setattr(detach, "see_to_deployer", lambda registry, wait=False: False)

    def make(**facts):
        record = replace(RECORD, **facts)
        return Endpoint("svc", SimpleNamespace(endpoint=lambda name: record, location="/home"))

    return make


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (
            {"state": "failed", "serving": B, "failure": "It broke."},
            f"{A[:10]} was not deployed to svc. {B[:10]} keeps serving. It broke.",
        ),
        ({"state": "failed", "failure": "It broke."}, "Nothing serves. It broke."),
        (
            {
                "state": "failed",
                "failure": "It broke.",
                "last_deployment": Deployment(
                    "d", "svc", A, 1, "failed", NOW - timedelta(1), NOW - timedelta(1)
                ),
            },
            "does not serve after 0 s: it is failed",
        ),
        ({"rule": None, "want": None}, "has no rule any more"),
        (
            {"want": replace(RECORD.want, envelope=None)},
            "No envelope matches the rule of svc: tags",
        ),
        (
            {"state": "down", "failure": "It died."},
            "does not serve after 0 s: it is down, aaaaaaaaaa",
        ),
    ],
)
def test_waiting_ends_with_the_reason(endpoint, facts, said):
    with pytest.raises(EndpointError) as caught:
        endpoint(**facts).wait(0)
    assert said in caught.value.message


def test_waiting_gives_up_where_deployers_keep_ending(endpoint, monkeypatch):
    monkeypatch.setattr(detach, "see_to_deployer", lambda registry, wait=False: True)
    monkeypatch.setattr(client, "_LOOK", 0)
    with pytest.raises(EndpointError, match="keeps ending by itself"):
        endpoint().wait(60)


def test_what_matches_no_more_is_served_without_waiting(endpoint):
    found = endpoint(state="unmatched", serving=B)
    assert found.wait(0) is found


def test_an_endpoint_without_an_address(endpoint):
    with pytest.raises(EndpointError, match="no address yet: it is waiting, aaaaaaaaaa is wanted"):
        _ = endpoint().url


class Session:
    """Fails as it's told, or answers."""

    trust_env = True

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)

    def request(self, *_args, **_more):
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def response(status, text, envelope=A):
    found = requests.Response()
    found.status_code = status
    found._content = text.encode()
    found.headers["x-envelope"] = envelope[:10]
    return found


SCHEMA = (
    f'{{"envelope": "{A}", "schema": {{"form": "arguments", "container": "keywords", "inputs": [],'
    ' "outputs": [{"name": "value", "type": "number"}], "answer": "value", "aligned": true}}'
)


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ([requests.ConnectionError(), requests.ConnectionError()], "Nothing answers at http://h:1"),
        ([requests.ReadTimeout()], "did not answer in 300 s"),
        ([response(502, "<html>")], "answered 502"),
        (
            [response(500, '{"error": {"code": "model", "message": "It failed."}}')],
            "500: It failed.",
        ),
        ([response(503, '{"error": {"code": "endpoint", "message": "Retired."}}')], "^Retired.$"),
    ],
)
def test_no_answer_is_an_endpoint_error(endpoint, outcomes, said):
    found = endpoint(state="serving", serving=A, address="http://h:1")
    found._session = Session(response(200, SCHEMA), *outcomes)
    with pytest.raises(EndpointError, match=said):
        found.predict({})


def test_a_connection_that_was_closed_just_now_is_tried_once_more(endpoint):
    found = endpoint(state="serving", serving=A, address="http://h:1")
    found._session = Session(
        response(200, SCHEMA),
        requests.ConnectionError(),
        response(200, "1.5"),
        response(200, "2.5"),
    )
    assert [found.predict({}), found.predict({})] == [1.5, 2.5]


def test_another_version_is_asked_for_its_schema(endpoint):
    found = endpoint(state="serving", serving=A, address="http://h:1")
    newer = SCHEMA.replace(A, B).replace("number", "string")
    found._session = Session(
        response(200, SCHEMA), response(200, '"x"', envelope=B), response(200, newer, envelope=B)
    )
    assert found.predict({}) == "x"


def test_a_proxy_for_the_outside_is_not_asked_for_the_loopback(endpoint):
    assert endpoint()._open("http://127.0.0.1:1/predict").trust_env is False
    assert endpoint()._open("http://elsewhere:1/predict").trust_env is True


def test_nothing_to_roll_back_to(endpoint):
    found = endpoint(serving=A)
    found._registry.served_before = lambda name: None
    with pytest.raises(EndpointError, match=r"svc served nothing else before.*pin\(id\)"):
        found.rollback()


def test_names_of_the_package():
    assert deployment.Deployer is Deployer
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = deployment.nothing


def test_a_deployer_that_does_not_end_is_said(tmp_path):
    said = pytest.raises(DeploymentError, match="does not end")
    with lock_file(tmp_path / "deployer.lock"), said:
        detach.stop(tmp_path, seconds=0)
    assert detach.stop(tmp_path) == detach.Stopped(deployer=False, services=0)


def test_a_server_has_its_deployer_from_its_platform(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(tmp_path))
    registry = SimpleNamespace(is_local=False, location="https://host")
    assert detach.see_to_deployer(registry) is False
    assert default_folder(registry).parent == tmp_path / "deployers"
    local = SimpleNamespace(is_local=True, location=str(tmp_path))
    assert default_folder(local) == tmp_path / "deployer"
    monkeypatch.setattr(detach, "_POSIX", False)
    with pytest.raises(DeploymentError, match="needs Linux or macOS"):
        detach.see_to_deployer(local)


def test_options_that_this_version_does_not_know_are_said_on_the_endpoint(tmp_path):
    told = {}

    class Registry(SimpleNamespace):
        def set_endpoint(self, name, **values):
            told.update(values)

        def deployments(self, endpoint, limit):
            return ()

    registry = Registry(is_local=True, location=str(tmp_path))
    deployer = Deployer(registry)
    deployer._wants = {"svc": (RECORD.want, replace(RULE, options={"later": 1}))}
    deployer._start("svc")
    deployer._finish()
    deployer.close()
    assert "no option later" in told["failure"]
    assert issubclass(RuleError, DeploymentError)
