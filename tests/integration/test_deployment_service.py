"""A generated service as its clients see it: answers, refusals, facts, counters, capture, logs."""

import http.client
import json
import sys
from pathlib import Path

import pytest

import jupyter_lifecycle as jl
from jupyter_lifecycle.deployment import Deployer, Endpoint
from jupyter_lifecycle.deployment.detach import stop
from jupyter_lifecycle.deployment.service.capture import read_capture
from jupyter_lifecycle.errors import EndpointError, InputError
from jupyter_lifecycle.registry.records import Rule

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the local target needs Unix")

_JSON = {"Content-Type": "application/json"}


def of_arguments(x: float, n: int = 1) -> float:
    return float("nan") if x < 0 else 1 / (x - 7) * n


def of_frame(frame):
    import pandas as pd

    return pd.Series(frame["a"] * 2 + frame["b"].isna(), name="y")


def example_frame():
    import numpy as np
    import pandas as pd

    return pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, np.nan, 3.0]}, index=[5, 6, 7])


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """Two endpoints that serve: one of a function's arguments, one of a frame."""
    home = tmp_path_factory.mktemp("service") / "home"
    with jl.Registry(home) as registry:
        jl.save(of_arguments, name="svc", example=[{"x": 1.0}, {"x": 2.5}], registry=registry)
        jl.save(of_frame, name="frame", example=example_frame(), registry=registry)
        for name in ("svc", "frame"):
            registry.set_rule(Rule(name, f"name = '{name}'", options={"max_bytes": 200_000}))
        with Deployer(registry) as deployer:
            deployer.step()
        yield registry
        stop(home / "deployer")


@pytest.fixture
def url(registry):
    return registry.endpoint("svc").address


@pytest.fixture
def ask(registry):
    return Endpoint("svc", registry).predict


def get(url, path, method="GET", body=None, headers=None):
    host, _, port = url.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read(), dict(response.getheaders())
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status", "code", "problem"),
    [
        ("POST", "/predict", _JSON, b"{}", 400, "input", ("/x", "is missing")),
        ("POST", "/predict", _JSON, b'{"x": "a"}', 400, "input", ("/x", "expected a number")),
        ("POST", "/predict", _JSON, b'[{"x": 1}, {"x": 1, "y": 2}]', 400, "input", ("/1/y", "not")),
        ("POST", "/predict", _JSON, b'{"x": NaN}', 400, "input", ("", "NaN is no JSON")),
        ("POST", "/predict", _JSON, b'{"x": 1', 400, "input", ("", "not JSON")),
        ("POST", "/predict", _JSON, b"\xff", 400, "input", ("", "UTF-8")),
        ("POST", "/predict", _JSON, b"[" * 100_000, 400, "input", ("", "nested too deeply")),
        ("POST", "/predict", _JSON, b"9" * 5000, 400, "input", ("", "")),
        ("POST", "/predict", _JSON, b'{"x": 7}', 500, "model", None),
        ("POST", "/predict", _JSON, b"[" + b" " * 200_000 + b"]", 413, "too_large", None),
        ("POST", "/predict", {"Content-Type": "text/csv"}, b"x\n1", 415, "content_type", None),
        ("POST", "/predict", {}, b'{"x": 1}', 415, "content_type", None),
        ("GET", "/predict", {}, None, 405, "method_not_allowed", None),
        ("GET", "/nowhere", {}, None, 404, "not_found", None),
    ],
)
def test_bad_requests_have_one_error_shape(
    url, method, path, headers, body, status, code, problem, registry
):
    found, text, answered = get(url, path, method, body, headers)
    error = json.loads(text)["error"]
    assert (found, error["code"]) == (status, code)
    assert set(error) == {"code", "message", "detail"}
    assert answered["x-request-id"]
    assert registry.location not in text.decode()
    assert "Traceback" not in text.decode()
    if problem is not None:
        first = error["detail"]["problems"][0]
        assert first["path"] == problem[0]
        assert problem[1] in first["reason"]


def test_a_service_says_what_it_is(url, registry):
    serving = registry.endpoint("svc").serving
    status, body, headers = get(url, "/predict", "POST", b'{"x": -1}', _JSON)
    assert (status, json.loads(body), headers["x-envelope"]) == (200, None, serving[:10])
    assert (
        get(url, "/predict", "POST", b'{"x": 1}', _JSON | {"X-Request-Id": "a.b-1"})[2][
            "x-request-id"
        ]
        == "a.b-1"
    )
    assert json.loads(get(url, "/health")[1]) == {"status": "ok"}
    assert json.loads(get(url, "/ready")[1])["envelope"] == serving
    assert json.loads(get(url, "/version")[1]) == {"endpoint": "svc", "envelope": serving}
    assert json.loads(get(url, "/schema")[1])["schema"]["inputs"][0]["name"] == "x"
    text = get(url, "/metrics")[1].decode()
    label = f'endpoint="svc",envelope="{serving[:10]}"'
    assert f'requests_total{{{label},path="/predict",status="200"}}' in text
    assert f'predict_seconds_bucket{{{label},le="+Inf"}}' in text
    document = json.loads(get(url, "/openapi.json")[1])
    schemas = document["components"]["schemas"]
    assert schemas["Row"]["properties"]["x"]["type"] == "number"
    assert set(document["paths"]["/predict"]["post"]["responses"]) >= {"200", "400", "413", "415"}
    assert get(url, "/docs")[0] == 404, "no page that loads from elsewhere"


def test_answered_requests_are_captured(url, registry):
    serving = registry.endpoint("svc").serving
    folder = Path(registry.location) / "deployer" / "captures" / "svc" / serving[:10]
    get(url, "/predict", "POST", b'{"x":\n 8}', _JSON | {"X-Request-Id": "one"})
    get(url, "/predict", "POST", b'{"x": "no"}', _JSON)
    kept = [record for record in read_capture(folder) if record["request"] == "one"]
    assert [(record["input"], record["output"]) for record in kept] == [({"x": 8}, 1.0)]
    assert all(record["input"] != {"x": "no"} for record in read_capture(folder))
    assert (folder / "requests.jsonl").stat().st_mode & 0o077 == 0


def test_failures_of_the_model_are_in_the_log_under_the_request(url, registry):
    get(url, "/predict", "POST", b'{"x": 7}', _JSON | {"X-Request-Id": "seven"})
    logs = (Path(registry.location) / "deployer" / "endpoints" / "svc").glob("*/service.log")
    lines = [json.loads(line) for log in logs for line in log.read_text().splitlines()]
    failed = next(line for line in lines if line.get("request") == "seven")
    assert failed["level"] == "error"
    assert "ZeroDivisionError" in failed["exception"]


def test_the_client_says_what_the_service_said(url, registry, ask):
    endpoint = Endpoint("svc", registry)
    with pytest.raises(InputError, match="/x") as caught:
        ask({"x": "a"})
    assert caught.value.detail["problems"][0]["path"] == "/x"
    with pytest.raises(EndpointError, match="ZeroDivisionError"):
        ask({"x": 7})
    assert endpoint.url == url
    assert endpoint.schema.inputs[0].name == "x"
    assert repr(endpoint) == f"<Endpoint svc serving on {url}>"
    assert endpoint.wait(10) is endpoint
    line = endpoint.curl()
    assert line.startswith(f"curl -sS {url}/predict ")
    assert "'{\"x\": 1.0}'" in line


def test_a_frame_is_answered_like_the_model_does(registry):
    import pandas as pd

    frame = example_frame()
    endpoint = Endpoint("frame", registry)
    pd.testing.assert_series_equal(endpoint.predict(frame), of_frame(frame))
    assert endpoint.predict({"a": 1.0, "b": None}) == 3.0
    assert endpoint.predict([{"a": 1.0, "b": None}, {"a": 1.0, "b": 1.0}]) == [3.0, 2.0]
