"""Waiting for what happens next."""

import threading
import time

import pytest
import requests

from jupyter_lifecycle.errors import InvalidValueError
from jupyter_lifecycle.registry import Registry
from jupyter_lifecycle.registry.server import create_app
from jupyter_lifecycle.registry.store import Store


@pytest.fixture(params=["embedded", "remote"])
def pair(request, tmp_path, serve_app):
    """The same registry twice: one waits, the other writes."""
    store = Store.in_folder(tmp_path / "registry", author="admin")
    token = store.keyring.create("ana", ["write"])[1]
    if request.param == "embedded":
        waiting = Registry(tmp_path / "registry")
    else:
        waiting = Registry(serve_app(create_app(store)), token=token)
    with waiting, Registry(tmp_path / "registry") as writing:
        yield waiting, writing
    store.close()


def test_who_waits_hears_what_happens(pair, make_bundle):
    waiting, writing = pair
    last = waiting.events()[-1].seq
    heard = []
    thread = threading.Thread(target=lambda: heard.extend(waiting.events(last, wait=30)))
    thread.start()
    envelope = writing.add(make_bundle())
    thread.join(30)
    assert heard[0].kind == "envelope.saved"
    assert heard[0].subject == envelope.id


def test_what_is_there_is_not_waited_for(pair):
    started = time.monotonic()
    assert pair[0].events(wait=30)
    assert time.monotonic() - started < 25


def test_nothing_happens(pair):
    last = pair[0].events()[-1].seq
    started = time.monotonic()
    assert pair[0].events(last, wait=0.3) == ()
    assert time.monotonic() - started >= 0.3


@pytest.mark.parametrize("wait", [-1, 31, float("nan")])
def test_a_wait_that_cannot_be(pair, wait):
    with pytest.raises(InvalidValueError, match="waited for 0 to 30 seconds"):
        pair[0].events(wait=wait)


def test_a_server_that_ends_answers_who_waits(tmp_path, serve_app):
    store = Store.in_folder(tmp_path / "registry", author="admin")
    app = create_app(store)
    app.state.is_ending = lambda: True
    token = store.keyring.create("ana", ["read"])[1]
    address = serve_app(app)
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.get(
        f"{address}/v1/events", params={"after": 99, "wait": 30}, headers=headers, timeout=20
    )
    assert answer.json() == {"items": []}
    for wrong in ({"wait": 31}, {"after": -1}, {"after": 2**63}, {"limit": -1}):
        found = requests.get(f"{address}/v1/events", params=wrong, headers=headers, timeout=20)
        assert found.status_code == 422
    store.close()
