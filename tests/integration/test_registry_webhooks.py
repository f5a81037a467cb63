"""Webhooks to a real receiver: told once it's written, signed, tried again, never into private networks."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from jupyter_lifecycle.errors import (
    ForbiddenError,
    InvalidValueError,
    NotFoundError,
    QueryError,
)
from jupyter_lifecycle.registry import verify_webhook
from jupyter_lifecycle.registry.artifacts import FolderArtifacts
from jupyter_lifecycle.registry.bundles import send
from jupyter_lifecycle.registry.client import Client
from jupyter_lifecycle.registry.server import courier
from jupyter_lifecycle.registry.server.courier import Courier
from jupyter_lifecycle.registry.store import Store
from jupyter_lifecycle.registry.store.database import Database


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(tmp_path / "home"))


class Receiver:
    """Takes what it's sent and answers as it's told to."""

    def __init__(self):
        self.got = []
        self.answers = []
        taken = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                taken.got.append((self.path, dict(self.headers), body))
                status = taken.answers.pop(0) if taken.answers else 204
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "http://127.0.0.1:1/")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?x=1"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def events(self):
        return [json.loads(body)["event"] for _, _, body in self.got]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    url = f"sqlite:///{tmp_path / 'registry.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    store = Store(Database(url), FolderArtifacts(tmp_path / "artifacts"), author="ana")
    store.prepare()
    yield store
    store.close()


def save(store, bundle, tags):
    store.add(send(store, bundle), tags, {}, None)


def deliver(carrier):
    while carrier.work():
        pass


def test_what_happens_is_told_once_in_order_and_signed(store, receiver, make_bundle):
    store.keyring.create("before", ["read"])
    made, secret = store.mailbox.create(receiver.url)
    carrier = Courier(store, private=True)
    deliver(carrier)
    bundle = make_bundle()
    save(store, bundle, {"team": "x"})
    store.tag(bundle.id, {"team": "y"}, (), None)
    deliver(carrier)
    assert [event["kind"] for event in receiver.events()] == [
        "webhook.created",
        "envelope.saved",
        "tag.changed",
        "tag.changed",
    ]
    assert receiver.events()[-1]["payload"]["set"] == {"team": "y"}
    assert receiver.events()[-1]["author"] == "ana"
    for path, headers, body in receiver.got:
        assert path == "/hook?x=1"
        assert headers["Host"] == f"127.0.0.1:{receiver.server.server_port}"
        assert verify_webhook(secret, headers, body)
    states = {one.state for one in store.mailbox.deliveries(made.id)}
    assert states == {"delivered"}
    deliver(carrier)
    assert len(receiver.got) == 4


def test_only_what_was_asked_for(store, receiver, make_bundle):
    store.mailbox.create(receiver.url, ["tag.changed"], "name = 'ltv' and tags.stage = 'live'")
    ltv, other = make_bundle("ltv"), make_bundle("churn")
    for bundle in (ltv, other):
        save(store, bundle, {"team": "x"})
        store.tag(bundle.id, {"stage": "live"}, (), None)
    deliver(Courier(store, private=True))
    # Its tags are looked at when the courier comes: by then both changes of ltv match.
    assert [(event["kind"], event["subject"]) for event in receiver.events()] == [
        ("tag.changed", ltv.id),
        ("tag.changed", ltv.id),
    ]


def test_it_is_tried_again_then_dead_then_sent_again_by_hand(store, receiver, monkeypatch):
    monkeypatch.setattr(courier, "WAITS", (0.0, 0.0))
    made, _ = store.mailbox.create(receiver.url, ["token.created"])
    store.keyring.create("x", ["read"])
    receiver.answers = [500, 302, 404]
    carrier = Courier(store, private=True)
    deliver(carrier)
    (dead,) = store.mailbox.deliveries(made.id)
    assert (dead.state, dead.attempts, dead.status) == ("dead", 3, 404)
    assert dead.reason == "It answered 404."
    assert dead.next_at is None
    assert store.mailbox.deliveries(made.id, "dead") == (dead,)
    assert store.mailbox.deliveries(made.id, "pending") == ()

    again = store.mailbox.resend(dead.id)
    assert (again.state, again.attempts) == ("pending", 0)
    deliver(carrier)
    (done,) = store.mailbox.deliveries(made.id)
    assert (done.state, done.status, done.reason) == ("delivered", 204, "")
    numbers = {json.loads(body)["delivery"] for _, _, body in receiver.got}
    assert numbers == {dead.id}


def test_one_that_is_away_holds_up_nobody(store, receiver):
    away, _ = store.mailbox.create("http://127.0.0.1:9/", ["token.created"])
    store.mailbox.create(receiver.url, ["token.created"])
    store.keyring.create("x", ["read"])
    deliver(Courier(store, private=True))
    assert [event["kind"] for event in receiver.events()] == ["token.created"]
    (waiting,) = store.mailbox.deliveries(away.id)
    assert waiting.state == "pending"
    assert waiting.next_at > waiting.updated_at
    assert waiting.reason.startswith("It does not answer: ")
    assert "object at 0x" not in waiting.reason


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/", "http://[::1]/", "http://169.254.169.254/", "http://10.0.0.1/"]
)
def test_private_networks_are_not_told(tmp_path, url):
    store = Store.in_folder(tmp_path / "registry", author="ana")
    made, _ = store.mailbox.create(url, ["token.created"])
    store.keyring.create("x", ["read"])
    deliver(Courier(store))
    (waiting,) = store.mailbox.deliveries(made.id)
    assert "in a private network, where webhooks do not go" in waiting.reason
    assert waiting.status is None
    store.close()


def test_two_couriers_take_turns(store, receiver):
    store.mailbox.create(receiver.url, ["token.created"])
    first, second = Courier(store, private=True), Courier(store, private=True)
    store.keyring.create("x", ["read"])
    assert first.work()
    store.keyring.create("y", ["read"])
    assert not second.work()
    deliver(first)
    assert len(receiver.got) == 2


def test_a_courier_in_the_background_delivers_and_gives_its_lease_back(store, receiver):
    store.mailbox.create(receiver.url, ["token.created"])
    carrier = Courier(store, private=True)
    carrier.start()
    store.keyring.create("x", ["read"])
    tick = threading.Event()
    for _ in range(1_000):
        if receiver.got:
            break
        tick.wait(0.02)
    carrier.stop()
    assert len(receiver.got) == 1
    assert store.lease_holder("webhooks") is None


def test_removed_webhooks_hear_nothing_more(store, receiver):
    made, _ = store.mailbox.create(receiver.url)
    store.mailbox.remove(made.id)
    deliver(Courier(store, private=True))
    assert receiver.got == []
    assert store.mailbox.webhooks() == ()
    with pytest.raises(NotFoundError, match="There is no webhook"):
        store.mailbox.deliveries(made.id)
    with pytest.raises(NotFoundError, match="There is no delivery 7"):
        store.mailbox.resend(7)


@pytest.mark.parametrize(
    ("words", "problem", "message"),
    [
        (("ftp://x/",), InvalidValueError, r"'ftp://x/' is no http\(s\) address"),
        (("http://",), InvalidValueError, "is no http"),
        (("http://x:99999/",), InvalidValueError, "is no http"),
        (("http://me:secret@x.org/",), InvalidValueError, "has no name and password in it"),
        (("http://x.org/", ["tag.change"]), InvalidValueError, r"Did you mean tag\.changed\?"),
        (("http://x.org/", [], "nmae = 'x'"), QueryError, "There is no field nmae"),
    ],
)
def test_what_cannot_be_one(tmp_path, words, problem, message):
    store = Store.in_folder(tmp_path / "registry", author="ana")
    with pytest.raises(problem, match=message):
        store.mailbox.create(*words)
    store.close()


def test_over_http_they_are_for_administrators(registry_server, receiver):
    address, token = registry_server(private_webhooks=True)
    mailbox = Client(address, token("admin")).mailbox
    made, secret = mailbox.create(receiver.url, ["token.created"], "name = 'ltv'")
    assert secret.startswith("jlwh_")
    assert mailbox.webhooks() == (made,)
    assert mailbox.deliveries(made.id) == ()
    with pytest.raises(InvalidValueError, match="pending, delivered, dead, not 'lost'"):
        mailbox.deliveries(made.id, "lost")
    with pytest.raises(NotFoundError):
        mailbox.resend(1)
    with pytest.raises(ForbiddenError):
        Client(address, token("write")).mailbox.webhooks()
    mailbox.remove(made.id)
    assert mailbox.webhooks() == ()


def test_a_server_refuses_a_private_address_at_once(registry_server):
    address, token = registry_server()
    mailbox = Client(address, token("admin")).mailbox
    with pytest.raises(InvalidValueError, match=r"127\.0\.0\.1, in a private network"):
        mailbox.create("http://127.0.0.1:9/")
    with pytest.raises(InvalidValueError, match=r"There is no host nowhere\.invalid"):
        mailbox.create("http://nowhere.invalid/")
