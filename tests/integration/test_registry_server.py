"""The server as the outside sees it: who may, what is refused and how, and what is never run."""

import contextlib
import hashlib
import json
import pickle
import re
import shutil
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from jupyter_lifecycle.errors import (
    AuthenticationError,
    ForbiddenError,
    IntegrityError,
    NotFoundError,
    TooLargeError,
    TrustError,
)
from jupyter_lifecycle.registry import Registry, Rule


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("JUPYTER_LIFECYCLE_TOKEN", raising=False)


@pytest.fixture
def server(registry_server):
    return registry_server()


def ask(server, method, path, *, token=None, **more):
    address, make = server
    secret = make("admin") if token is None else token
    headers = {"Authorization": f"Bearer {secret}", **more.pop("headers", {})}
    return requests.request(method, address + path, headers=headers, timeout=30, **more)


def error_of(answer):
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "detail"}
    return body["error"]


# -- who may


def routes(server):
    document = ask(server, "GET", "/openapi.json").json()
    for path, methods in document["paths"].items():
        for method in methods:
            filled = re.sub(r"\{digest\}", "0" * 64, path)
            yield method.upper(), re.sub(r"\{\w+\}", "abcd", filled)


def test_every_route_but_health_asks_for_a_token(server):
    checked = 0
    for method, path in routes(server):
        if path in {"/health", "/ready"}:
            continue
        for headers in ({}, {"Authorization": "Bearer jl_wrong"}, {"Authorization": "Basic eDp5"}):
            answer = requests.request(
                method, server[0] + path, headers=headers, json={}, timeout=30
            )
            assert answer.status_code == 401, (method, path)
            assert error_of(answer)["code"] == "authentication"
            assert answer.headers["www-authenticate"] == "Bearer"
            checked += 1
    assert checked > 80


def test_a_token_that_reads_changes_nothing(server):
    reader = server[1]("read")
    allowed = ("GET", "/v1/blobs/missing", "/preview")
    for method, path in routes(server):
        if method == "GET" and not path.startswith("/v1/tokens"):
            continue
        if path.endswith(allowed[1:]):
            continue
        answer = ask(server, method, path, token=reader, json={})
        assert answer.status_code == 403, (method, path)
        assert error_of(answer)["code"] == "forbidden"


@pytest.mark.parametrize(
    ("scope", "path", "status"),
    [
        ("write", "/v1/rules/ltv", 403),
        ("write", "/v1/leases/x", 403),
        ("deploy", "/v1/leases/x", 200),
        ("deploy", "/v1/blobs/" + "0" * 64, 403),
        ("admin", "/v1/leases/x", 200),
    ],
)
def test_scopes(server, scope, path, status):
    body = {"when": ""} if "rules" in path else {"holder": "me", "seconds": 1.5}
    assert ask(server, "PUT", path, token=server[1](scope), json=body).status_code == status


def test_the_words_of_a_refusal(server, make_bundle):
    address, make = server
    envelope = Registry(address, token=make("admin")).add(make_bundle())
    with pytest.raises(ForbiddenError) as caught:
        Registry(address, token=make("read")).tag(envelope.id, {"a": "b"})
    assert caught.value.message == (
        "The token may read but not tag. Ask for one with the scope write."
    )
    with pytest.raises(ForbiddenError, match=r"may read but not deploy.*scope deploy"):
        Registry(address, token=make("write")).set_rule(Rule("x", when=""))
    with pytest.raises(AuthenticationError, match="asks for a token"):
        Registry(address).count()
    with pytest.raises(AuthenticationError, match="not known here"):
        Registry(address, token="jl_x").count()


def test_a_token_from_the_environment(server, monkeypatch):
    monkeypatch.setenv("JUPYTER_LIFECYCLE_TOKEN", server[1]("read"))
    assert Registry(server[0]).count() == 0


def test_a_token_ends_when_it_was_revoked_or_its_time_is_over(server):
    address, make = server
    secret = make("read")
    assert Registry(address, token=secret).count() == 0
    listed = ask(server, "GET", "/v1/tokens").json()["items"]
    mine = next(item for item in listed if item["id"] == secret.split("_")[1])
    assert secret not in json.dumps(listed)
    assert ask(server, "DELETE", f"/v1/tokens/{mine['id']}").json()["revoked_at"]
    with pytest.raises(AuthenticationError):
        Registry(address, token=secret).count()
    with pytest.raises(AuthenticationError):
        Registry(address, token=make("read", seconds=1e-6)).count()


def test_tokens_over_http(server):
    made = ask(server, "POST", "/v1/tokens", json={"name": "ci", "scopes": ["write"]})
    assert made.status_code == 201
    assert made.json()["scopes"] == ["write"]
    assert ask(server, "GET", "/v1/names", token=made.json()["token"]).status_code == 200
    for body, words in [
        ({"name": "ci", "scopes": []}, "no token without a scope"),
        ({"name": "ci", "scopes": ["all"]}, "no scope 'all'"),
        ({"name": " ", "scopes": ["read"]}, "needs a name"),
        ({"name": "ci", "scopes": ["read"], "seconds": -1.0}, "cannot last"),
    ]:
        answer = ask(server, "POST", "/v1/tokens", json=body)
        assert answer.status_code == 422
        assert words in error_of(answer)["message"]
    assert ask(server, "DELETE", "/v1/tokens/nope").status_code == 404


def test_what_is_done_is_in_the_name_of_the_token(server, make_bundle):
    address, make = server
    registry = Registry(address, token=make("write", name="ci"))
    envelope = registry.add(make_bundle(), tags={"a": "b"}, author="Ana")
    assert (envelope.author, envelope.history()[0].author) == ("Ana", "ci")
    assert {event.author for event in registry.events() if event.kind == "tag.changed"} == {"ci"}


# -- how it refuses


@pytest.mark.parametrize(
    ("method", "path", "more", "status", "code", "words"),
    [
        ("GET", "/nope", {}, 404, "not_found", "nothing at /nope"),
        ("GET", "/v1/envelopes/", {}, 404, "not_found", "nothing at"),
        ("DELETE", "/v1/names", {}, 405, "method_not_allowed", "does not take DELETE"),
        ("GET", "/v1/envelopes?limit=x", {}, 422, "invalid_request", "/query/limit"),
        ("GET", "/v1/envelopes?limit=0", {}, 422, "invalid_value", "A page has"),
        ("GET", "/v1/envelopes?query=name%20%3D", {}, 400, "query", "position 6"),
        ("GET", "/v1/envelopes/zzzz", {}, 404, "not_found", "no envelope's id"),
        ("GET", "/v1/keys/bogus", {}, 422, "invalid_value", "keys of tags and of metrics"),
        ("POST", "/v1/envelopes", {"json": {}}, 422, "invalid_request", "/body/manifest"),
        ("POST", "/v1/envelopes", {"data": b"{"}, 422, "invalid_request", "not understood"),
        ("POST", "/v1/envelopes", {"data": b"\xff"}, 422, "invalid_request", "not understood"),
        (
            "PATCH",
            "/v1/envelopes/abcd/tags",
            {"json": {"set": {"a": 1}}},
            422,
            "invalid_request",
            "/body/set/a",
        ),
        (
            "PATCH",
            "/v1/envelopes/abcd/tags",
            {"json": {"sett": {}}},
            422,
            "invalid_request",
            "/body/sett",
        ),
        ("GET", "/v1/blobs/xyz", {}, 422, "invalid_request", "/path/digest"),
        ("GET", "/v1/blobs/" + "0" * 64, {}, 404, "not_found", "no file with the digest"),
        (
            "POST",
            "/v1/blobs/missing",
            {"json": {"digests": ["../../etc/passwd"]}},
            422,
            "integrity",
            "no SHA-256",
        ),
    ],
)
def test_every_error_has_the_one_shape(server, method, path, more, status, code, words):
    answer = ask(server, method, path, **more)
    found = error_of(answer)
    assert (answer.status_code, found["code"]) == (status, code)
    assert words in found["message"]
    assert answer.headers["content-type"] == "application/json"


def test_what_goes_wrong_inside_is_not_shown(server, registry_server, monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("secret path /srv/models")

    monkeypatch.setattr("jupyter_lifecycle.registry.store.Store.names", broken)
    answer = ask(server, "GET", "/v1/names")
    found = error_of(answer)
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert found["detail"]["number"] in caplog.text
    assert "secret path" in caplog.text


def test_a_body_has_a_limit_with_and_without_its_length(registry_server):
    server = registry_server(body_limit=1_000, blob_limit=2_000)
    big = json.dumps({"manifest": "x" * 2_000}).encode()
    for body in (big, iter([big[:900], big[900:]])):
        answer = ask(
            server, "POST", "/v1/envelopes", data=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 413
        assert error_of(answer)["detail"] == {"limit": 1_000}
    blob = b"x" * 2_001
    for body in (blob, iter([blob[:1_500], blob[1_500:]])):
        answer = ask(server, "PUT", f"/v1/blobs/{hashlib.sha256(blob).hexdigest()}", data=body)
        assert answer.status_code == 413
        assert "at most 2,000 bytes" in error_of(answer)["message"]


def test_a_file_that_is_too_large_is_said_so_by_the_client(registry_server, make_bundle):
    address, make = registry_server(blob_limit=5)
    with pytest.raises(TooLargeError, match="at most 5 bytes"):
        Registry(address, token=make("write")).add(make_bundle())


def test_answers_tell_their_time_and_health_needs_no_token(server):
    answer = requests.get(server[0] + "/health", timeout=30)
    assert answer.json() == {"status": "ok"}
    assert re.fullmatch(r"total;dur=\d+\.\d\d", answer.headers["server-timing"])
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_ready_where_database_and_files_can_be_used(server, tmp_path):
    address = server[0]
    assert requests.get(address + "/ready", timeout=30).json() == {"status": "ok"}
    kept = tmp_path / "server-0" / "artifacts"
    shutil.rmtree(kept)
    kept.write_text("no folder")
    answer = requests.get(address + "/ready", timeout=30)
    assert answer.status_code == 503
    assert error_of(answer)["code"] == "registry_unavailable"
    assert "files cannot be written now" in error_of(answer)["message"]
    assert requests.get(address + "/health", timeout=30).status_code == 200


def test_figures_are_counted_by_route_and_never_by_data(server):
    token = server[1]("read")
    for id_ in ("abcd", "ef01"):
        ask(server, "GET", f"/v1/envelopes/{id_}", token=token)
    ask(server, "GET", "/nowhere/secret", token=token)
    ask(server, "PROPFIND", "/v1/envelopes", token=token)
    answer = ask(server, "GET", "/metrics", token=token)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    head = "jupyter_lifecycle_registry_"
    by_route = head + 'requests_total{method="GET",route="/v1/envelopes/{id}",status="404"} 2'
    assert by_route in lines
    assert head + 'requests_total{method="GET",route="other",status="404"} 1' in lines
    assert head + 'requests_total{method="other",route="/v1/envelopes",status="405"} 1' in lines
    assert head + 'request_seconds_bucket{le="+Inf"} 4' in lines
    assert head + "request_seconds_count 4" in lines
    assert any(re.fullmatch(head + r"events [1-9]\d*", line) for line in lines)
    assert head + "deliveries_dead 0" in lines
    assert "secret" not in answer.text
    for line in lines:
        assert line.startswith("# ") or re.fullmatch(r"\w+(\{[^}]*\}?[^}]*\})? [-+\d.e]+", line)


# -- files


def blobs(folder):
    return sorted(path.name for path in Path(folder).rglob("*") if path.is_file())


def test_a_file_is_seen_only_when_it_is_whole(server, tmp_path):
    kept = tmp_path / "server-0" / "artifacts"
    data = b"x" * 3_000_000
    digest = hashlib.sha256(data).hexdigest()
    path = f"/v1/blobs/{digest}"

    wrong = ask(server, "PUT", path, data=data[:-1])
    assert wrong.status_code == 422
    assert "it was changed or cut on the way" in error_of(wrong)["message"]
    assert blobs(kept) == []

    cut_off(server, path, data)
    assert ask(server, "HEAD", "/health").status_code in {200, 405}
    assert digest not in blobs(kept)

    first = ask(server, "PUT", path, data=data)
    again = ask(server, "PUT", path, data=data)
    assert (first.status_code, first.json()["existed"]) == (201, False)
    assert (again.json()["existed"], again.json()["size"]) == (True, len(data))
    assert digest in blobs(kept)
    back = ask(server, "GET", path)
    assert back.content == data
    assert back.headers["content-type"] == "application/octet-stream"
    assert ask(
        server, "POST", "/v1/blobs/missing", json={"digests": [digest, "0" * 64]}
    ).json() == {"items": ["0" * 64]}


def cut_off(server, path, data):
    """Send half of a file, then go away."""
    host, port = server[0].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        head = (
            f"PUT {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server[1]('write')}\r\n"
            f"Content-Length: {len(data)}\r\n\r\n"
        )
        connection.sendall(head.encode() + data[: len(data) // 2])
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def test_an_envelope_without_its_files_is_refused(server, make_bundle):
    bundle = make_bundle()
    body = {"manifest": bundle.manifest.to_bytes().decode()}
    answer = ask(server, "POST", "/v1/envelopes", json=body)
    assert answer.status_code == 422
    assert "Send its files first" in error_of(answer)["message"]


GOOD = {
    "name": "x",
    "schema": {},
    "environment": {},
    "files": {"a": {"sha256": "0" * 64, "size": 1}},
}


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ("", "no JSON"),
        ("[1]", "no JSON object"),
        ("[" * 100_000, "no JSON"),
        ('{"name": NaN}', "no JSON"),
        ("\ud800", "no JSON"),
        ({**GOOD, "name": "../x"}, "cannot be a name"),
        ({**GOOD, "name": None}, "needs a name"),
        ({**GOOD, "name": "x" * 101}, "at most 100"),
        ({**GOOD, "files": {}}, "1 to 10,000 files"),
        ({**GOOD, "files": {"../x": GOOD["files"]["a"]}}, "no path inside"),
        ({**GOOD, "files": {"/etc/x": GOOD["files"]["a"]}}, "no path inside"),
        ({**GOOD, "files": {"C:\\x": GOOD["files"]["a"]}}, "no path inside"),
        ({**GOOD, "files": {"a/./b": GOOD["files"]["a"]}}, "no path inside"),
        ({**GOOD, "files": {"a": {"sha256": "../x", "size": 1}}}, "no sha256"),
        ({**GOOD, "files": {"a": {"sha256": "0" * 64, "size": -1}}}, "no size"),
        ({**GOOD, "files": {"a": {"sha256": "0" * 64, "size": True}}}, "no size"),
        ({**GOOD, "files": {"a": None}}, "no sha256"),
        ({**GOOD, "schema": []}, "schema of the manifest is no object"),
        ({**GOOD, "schema": {"inputs": {}}}, "is no list"),
        ({**GOOD, "schema": {"inputs": [1]}}, "no object"),
        ({**GOOD, "schema": {"inputs": [{"name": "a\0", "type": "x"}]}}, "NUL"),
        ({**GOOD, "schema": {"inputs": [{"name": "a", "type": "é"}]}}, "no word"),
        (
            {
                **GOOD,
                "schema": {"inputs": [{"name": "a", "type": "x"}, {"name": "a", "type": "y"}]},
            },
            "twice",
        ),
        ({**GOOD, "environment": {"packages": [1]}}, "no object"),
        ({**GOOD, "environment": {"packages": 1}}, "is no list"),
        (
            {
                **GOOD,
                "environment": {
                    "packages": [{"name": "a", "version": "1"}, {"name": "A", "version": "2"}]
                },
            },
            "twice",
        ),
        ({**GOOD, "environment": {"python": "3 11"}}, "no word"),
    ],
)
def test_hostile_manifests(server, manifest, words):
    text = manifest if isinstance(manifest, str) else json.dumps(manifest)
    answer = ask(server, "POST", "/v1/envelopes", json={"manifest": text})
    assert answer.status_code == 422
    assert words in error_of(answer)["message"]
    assert ask(server, "GET", "/v1/envelopes").json()["items"] == []


class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def test_nothing_is_unpickled(server, make_bundle, tmp_path):
    address, make = server
    sprung = tmp_path / "sprung"
    trap = pickle.dumps(Trap(sprung))
    bundle = make_bundle("trap", files={"model.pkl": trap, "query.pkl": trap, "features.pkl": trap})
    registry = Registry(address, token=make("admin"))

    envelope = registry.add(bundle, tags={"a": "b"}, metrics={"m": 1})
    registry.set_rule(Rule("trap", when="tags.a"))
    found = registry.get(envelope.id)
    assert found.schema.inputs
    assert found._repr_html_()
    downloaded = registry.bundle(envelope.id)
    downloaded.verify_files()
    with pytest.raises(TrustError):
        found.load()
    with pytest.raises(TrustError):
        found.predict({"age": 1})
    assert not sprung.exists()

    with contextlib.suppress(Exception):
        downloaded.load(trust=True)
    assert sprung.exists(), "the trap is one"


def test_a_download_that_is_not_what_it_should_be(server, make_bundle, tmp_path):
    address, make = server
    registry = Registry(address, token=make("admin"), trust=True)
    envelope = registry.add(make_bundle(salt="a"))
    kept = tmp_path / "server-0" / "artifacts"
    model = next(
        path for path in kept.rglob("*") if path.is_file() and path.read_bytes() == b"model a"
    )
    model.chmod(0o644)
    model.write_bytes(b"model b")
    with pytest.raises(IntegrityError, match="sent something else than file"):
        registry.bundle(envelope.id)
    folder = Path(tmp_path / "home")
    assert not [path for path in folder.rglob("*") if path.is_file()]


# -- several at once


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_many_clients_lose_nothing(request, registry_server, make_bundle, kind):
    url = request.getfixturevalue("postgres_url") if kind == "postgresql" else None
    address, make = registry_server(url)
    secret = make("admin")
    shared = Registry(address, token=secret).add(make_bundle("shared"))
    Registry(address, token=secret).set_rule(
        Rule("best", when="exists metrics.m", order_by="metrics.m desc")
    )
    bundles = [make_bundle("ltv") for _ in range(12)]

    def work(index):
        registry = Registry(address, token=secret)
        registry.add(bundles[index], metrics={"m": float(index)})
        for step in range(4):
            registry.tag(shared.id, {f"k{index}.{step}": "x"})
            registry.log_metrics(shared.id, {"count": index * 4 + step})
        registry.close()

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(work, range(12)))

    registry = Registry(address, token=secret)
    assert len(registry.get(shared.id).tags) == 48
    assert len(registry.tag_history(shared.id)) == 48
    assert sorted(p.value for p in registry.metric_history(shared.id, "count")) == list(range(48))
    assert registry.wants()[0].envelope == bundles[11].id
    events = [event.seq for event in registry.events(limit=1_000)]
    assert events == sorted(set(events))


def test_the_feed_loses_nothing_while_others_write(registry_server, postgres_url, make_bundle):
    address, make = registry_server(postgres_url)
    secret = make("admin")
    envelopes = [Registry(address, token=secret).add(make_bundle()) for _ in range(4)]
    done = threading.Event()
    followed = []

    def follow():
        reader, after = Registry(address, token=secret), 0
        while True:
            last = done.is_set()
            page = reader.events(after=after, limit=7)
            followed.extend(event.seq for event in page)
            after = followed[-1] if followed else 0
            if last and not page:
                return

    def write(envelope):
        for step in range(10):
            Registry(address, token=secret).tag(envelope.id, {"n": str(step)})

    watcher = threading.Thread(target=follow)
    watcher.start()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, envelopes))
    done.set()
    watcher.join(60)

    everything = [event.seq for event in Registry(address, token=secret).events(limit=1_000)]
    assert followed == everything


def test_two_writers_with_the_same_expectation(server, make_bundle):
    address, make = server
    secret = make("admin")
    envelope = Registry(address, token=secret).add(make_bundle(), tags={"n": "0"})

    def step(_):
        registry = Registry(address, token=secret)
        while True:
            now = registry.get(envelope.id).tags["n"]
            with contextlib.suppress(Exception):
                registry.tag(envelope.id, {"n": str(int(now) + 1)}, expect={"n": now})
                return

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(step, range(18)))
    assert Registry(address, token=secret).get(envelope.id).tags["n"] == "18"


def test_an_unknown_envelope_by_http(server):
    with pytest.raises(NotFoundError, match="There is no envelope abcd"):
        Registry(server[0], token=server[1]("read")).bundle("abcd")
