"""The client where the network, the proxy or the server is not as it should be; and saving."""

import http.server
import json
import re
import socket
import threading

import pytest
import requests

from jupyter_lifecycle.errors import (
    ExampleError,
    InvalidValueError,
    QueryError,
    RegistryError,
    RegistryUnavailableError,
)
from jupyter_lifecycle.registry import Registry, Rule, save
from jupyter_lifecycle.registry.server import create_app
from jupyter_lifecycle.registry.store import Store


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(tmp_path / "home"))


@pytest.fixture
def answers():
    """A server that gives these answers in turn, or hangs up; gives its address and what it saw."""
    running = []

    def serve(*scripted):
        left, seen = list(scripted), []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do(self):
                length = int(self.headers.get("content-length", 0))
                seen.append((self.command, self.path, self.rfile.read(length), self.headers))
                answer = left.pop(0)
                if answer is None:
                    self.connection.setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
                    )
                    self.close_connection = True
                    self.connection.close()
                    return
                status, kind, body, *length = answer
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(length[0] if length else len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = True

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do  # noqa: N815

            def log_message(self, *_):
                pass

            def finish(self):
                try:
                    super().finish()
                except OSError:
                    self.rfile.close()

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.handle_error = lambda *_: None
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}", seen

    yield serve
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


def ok(value):
    return 200, "application/json", json.dumps(value).encode()


GATEWAY = (502, "text/html", b"<h1>Bad gateway</h1>")


def test_a_server_that_is_not_there():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(RegistryUnavailableError) as caught:
        Registry(f"http://127.0.0.1:{port}", token="t").count()
    assert re.fullmatch(
        rf"http://127\.0\.0\.1:{port} does not answer\. Tried 3 times in \d\.\d s: nothing listens there\.",
        caught.value.message,
    )
    assert caught.value.detail["tries"] == 3


def test_a_host_that_is_not_there():
    with pytest.raises(RegistryUnavailableError, match=r"no such host\.$"):
        Registry("http://no-such-host.invalid:8765", token="t").count()


def test_it_tries_again_where_that_is_safe(answers):
    address, seen = answers(None, GATEWAY, ok({"count": 7}))
    assert Registry(address, token="t").count() == 7
    assert len(seen) == 3


def test_what_must_not_be_done_twice_is_sent_once(answers):
    address, seen = answers(None, ok({}))
    with pytest.raises(RegistryUnavailableError, match=r"Tried once in .*it closed the connection"):
        Registry(address, token="t").set_rule(Rule("x", when=""))
    assert len(seen) == 1


class Forgetful:
    """Carries a request out and loses the first answer to each."""

    def __init__(self, app):
        self.app, self.keys = app, []

    async def __call__(self, scope, receive, send):
        key = dict(scope.get("headers", ())).get(b"idempotency-key")
        lost = key is not None and key not in self.keys
        self.keys.append(key)

        async def forget(message):
            if message["type"] == "http.response.start":
                await send({"type": "http.response.start", "status": 503, "headers": []})
            elif not message.get("more_body"):
                await send({"type": "http.response.body", "body": b""})

        await self.app(scope, receive, forget if lost else send)


def test_what_comes_twice_since_its_answer_was_lost_counts_once(tmp_path, serve_app, make_bundle):
    store = Store.in_folder(tmp_path / "server", author="admin")
    proxy = Forgetful(create_app(store))
    registry = Registry(serve_app(proxy), token=store.keyring.create("ana", ["admin"])[1])
    envelope = registry.add(make_bundle())
    registry.log_metrics(envelope.id, {"mae": 1.0}, 3)
    registry.log_metrics(envelope.id, {"mae": 1.0}, 3)
    found = registry.tag(envelope.id, {"a": "b"}, expect={"a": None})
    assert dict(found.tags) == {"a": "b"}
    assert len(registry.metric_history(envelope.id, "mae")) == 2
    assert len(envelope.refresh().history()) == 1
    assert sorted(proxy.keys.count(key) for key in set(proxy.keys) - {None}) == [2, 2, 2]
    registry.close()
    store.close()


def test_a_proxy_that_says_the_server_is_away(answers):
    address, _ = answers(GATEWAY, GATEWAY, GATEWAY)
    with pytest.raises(RegistryUnavailableError, match=r"Tried 3 times in .*its proxy says 502"):
        Registry(address, token="t").count()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((200, "text/html", b"<html>login"), "something that is no registry's"),
        ((302, "text/html", b""), "something that is no registry's"),
        ((404, "text/html", b"nope"), "answered 404 in a form that is not ours"),
        ((500, "application/json", b'{"detail": "x"}'), "answered 500 in a form that is not ours"),
    ],
)
def test_a_server_that_is_another_one(answers, answer, message):
    address, _ = answers(answer)
    with pytest.raises(RegistryError, match=message):
        Registry(address, token="t").count()


def test_an_error_of_its_own_database_comes_through(answers):
    error = {
        "error": {"code": "registry_unavailable", "message": "The database sleeps.", "detail": {}}
    }
    address, seen = answers((503, "application/json", json.dumps(error).encode()))
    with pytest.raises(RegistryUnavailableError, match="The database sleeps"):
        Registry(address, token="t").count()
    assert len(seen) == 1


def test_an_answer_that_breaks_off(answers):
    address, _ = answers((200, "application/json", b'{"items', 5_000))
    with pytest.raises(RegistryUnavailableError):
        Registry(address, token="t").bundle("0" * 40)


def test_the_token_goes_to_the_server_and_a_netrc_does_not(answers, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ana password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    address, seen = answers(ok({"count": 1}), ok({"count": 1}))
    monkeypatch.delenv("JUPYTER_LIFECYCLE_TOKEN", raising=False)
    Registry(address).count()
    Registry(address, token="jl_x").count()
    assert [headers.get("authorization") for *_, headers in seen] == [None, "Bearer jl_x"]


def test_what_is_no_json_is_not_sent(answers):
    address, seen = answers()
    with pytest.raises(InvalidValueError, match="cannot be written as JSON"):
        Registry(address, token="t").set_rule(Rule("x", when="", options={"a": {1, 2}}))
    assert seen == []


def test_connections_are_kept_and_threads_have_their_own(registry_server):
    address, token = registry_server()
    registry = Registry(address, token=token("read"))
    for _ in range(3):
        registry.count()
    sessions = registry._backend._transport._sessions
    assert len(sessions) == 1
    thread = threading.Thread(target=registry.count)
    thread.start()
    thread.join()
    assert len(sessions) == 2
    registry.close()
    assert registry.count() == 0
    registry.close()


# -- saving


def double(x: int) -> int:
    return 2 * x


@pytest.fixture(params=["embedded", "remote"])
def registry(request, tmp_path):
    if request.param == "embedded":
        return Registry(tmp_path / "embedded")
    address, token = request.getfixturevalue("registry_server")()
    return Registry(address, token=token("write"), trust=True)


def test_save_load_and_predict(registry):
    told = []
    envelope = save(
        double,
        name="double",
        example={"x": 1},
        tags={"a": "b"},
        metrics={"mae": 0},
        registry=registry,
        progress=lambda step, seconds, fact: told.append((step, seconds, fact)),
    )
    assert not envelope.existed
    assert registry.get(envelope.id) == envelope
    assert envelope.predict({"x": 21}) == 42
    assert envelope.load()(4) == 8
    assert [field.type for field in envelope.schema.inputs] == ["integer"]
    assert told[-1][0] == "store"
    assert told[-1][2] == f"as {envelope.short_id}"
    assert all(seconds >= 0 and step and isinstance(fact, str) for step, seconds, fact in told)

    again = save(
        double,
        name="double",
        example={"x": 1},
        registry=registry,
        progress=lambda *fact: told.append(fact),
    )
    assert again.existed
    assert again == envelope
    assert told[-1][2] == "nothing new: it was there already"


def test_save_into_a_folder_and_into_one_s_own(tmp_path):
    envelope = save(double, name="double", example={"x": 1}, registry=tmp_path / "there")
    assert envelope.registry.location == str(tmp_path / "there")
    own = save(double, name="double", example={"x": 1})
    assert own.id == envelope.id
    assert Registry().get(own.id).author == own.author


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"name": "a b"}, InvalidValueError, "'a-b' would do"),
        ({"tags": {"n": 1}}, InvalidValueError, "tags are text"),
        ({"metrics": {"n": float("nan")}}, InvalidValueError, "finite"),
        ({"example": {"x": "text"}}, ExampleError, ""),
    ],
)
def test_what_cannot_be_saved_leaves_nothing(tmp_path, more, error, message):
    def half(x):
        return x / 2

    with pytest.raises(error) as caught:
        save(half, **{"name": "half", "example": {"x": 2}, "registry": tmp_path / "there", **more})
    assert message in str(caught.value)
    assert not (tmp_path / "there").exists()


def test_search_errors_are_the_same_class_from_afar(registry):
    with pytest.raises(QueryError) as caught:
        registry.search("name = ")
    assert caught.value.detail["position"] == 7


def test_requests_of_other_programs(registry_server):
    address, token = registry_server()
    answer = requests.get(
        f"{address}/v1/envelopes/count",
        params={"query": "tags.x"},
        headers={"Authorization": f"bearer {token('read')}"},
        timeout=30,
    )
    assert answer.json() == {"count": 0}
