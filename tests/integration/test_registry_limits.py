"""Tokens that may change only some names, or make only so many requests."""

import pytest
import requests

from jupyter_lifecycle.errors import ForbiddenError, InvalidValueError, RateLimitError
from jupyter_lifecycle.registry import Registry, Rule, transport


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("JUPYTER_LIFECYCLE_TOKEN", raising=False)


@pytest.fixture
def server(registry_server):
    address, token = registry_server()
    admin = Registry(address, token=token("admin"))
    yield (
        admin,
        lambda *scopes, **limits: Registry(
            address, token=admin._backend.keyring.create("ana", scopes, **limits)["token"]
        ),
    )
    admin.close()


def test_a_token_changes_only_what_its_patterns_name(server, make_bundle):
    admin, make = server
    theirs = admin.add(make_bundle("churn"))
    admin.set_rule(Rule("churn-live", when="name = 'churn'"))
    started = admin.start_deployment("churn-live", theirs.id, 1)
    with make("write", "deploy", only=["ltv", "ltv-*"]) as mine:
        own = mine.add(make_bundle("ltv"), tags={"a": "b"})
        mine.tag(own.id[:12], {"c": "d"})
        mine.log_metrics(own.id, {"mae": 1})
        assert mine.get(own.id).tags == {"a": "b", "c": "d"}
        mine.set_rule(Rule("ltv-live", when="name = 'ltv'"))
        mine.pin("ltv-live", own)
        mine.unpin("ltv-live")
        mine.set_endpoint("ltv-live", failure="x")
        attempt = mine.start_deployment("ltv-live", own.id, 1)
        mine.update_deployment(attempt.id, state="failed")
        mine.remove_rule("ltv-live")
        before = admin.events(after=0, limit=1_000)
        for change in (
            lambda: mine.add(make_bundle("churn")),
            lambda: mine.add(make_bundle("LTV")),
            lambda: mine.tag(theirs.id, {"a": "b"}),
            lambda: mine.log_metrics(theirs.id, {"mae": 1}),
            lambda: mine.set_rule(Rule("churn-live", when="")),
            lambda: mine.remove_rule("churn-live"),
            lambda: mine.pin("churn-live", own),
            lambda: mine.unpin("churn-live"),
            lambda: mine.set_endpoint("churn-live", failure="x"),
            lambda: mine.start_deployment("churn-live", own.id, 1),
            lambda: mine.update_deployment(started.id, state="failed"),
        ):
            with pytest.raises(
                ForbiddenError, match=r"only what is called ltv or ltv-\*"
            ) as caught:
                change()
        assert caught.value.detail == {"only": ["ltv", "ltv-*"]}
        assert admin.events(after=0, limit=1_000) == before
        assert mine.count() == 2
        assert mine.preview(theirs.id, {"a": "b"}).rules_checked == 1


def test_the_words_of_a_limit(server, make_bundle):
    admin, make = server
    envelope = admin.add(make_bundle("churn"))
    with make("write", only=["ltv*"]) as mine, pytest.raises(ForbiddenError) as caught:
        mine.tag(envelope.id, {"a": "b"})
    assert caught.value.message == (
        "The token may change only what is called ltv*, and this envelope is called churn."
        " Ask for a token without that limit."
    )


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"only": [""]}, "is no pattern of names"),
        ({"only": ["a b"]}, "'a b' is no pattern of names: it is empty or has a space in it"),
        ({"rate": 0.0}, r"cannot make 0\.0 requests a second"),
        ({"rate": -1.0}, "Write more than 0"),
        ({"seconds": 0.0}, "cannot last"),
        ({"scopes": ["admin"], "only": ["x"]}, "that administers cannot be limited to names"),
    ],
)
def test_limits_that_cannot_be(server, limits, message):
    keyring = server[0]._backend.keyring
    with pytest.raises(InvalidValueError, match=message):
        keyring.create("ana", **{"scopes": ["read"], **limits})


def test_a_rate_is_kept_and_waited_for(server, monkeypatch):
    _, make = server
    with make("read", rate=1.0) as slow:
        headers = {"Authorization": f"Bearer {slow._backend._transport._token}"}
        answers = [
            requests.get(f"{slow.location}/v1/names", headers=headers, timeout=30)
            for _ in range(20)
        ]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        assert refused[0].headers["retry-after"] == "1"
        assert refused[0].json()["error"]["code"] == "rate_limit"
        assert slow.count() == 0  # after as long as it was asked to wait
        monkeypatch.setattr(transport, "PATIENCE_SECONDS", 0.0)
        with pytest.raises(RateLimitError, match="may make 1 requests a second and made more"):
            [slow.count() for _ in range(20)]


def test_limits_are_listed(server):
    admin, _ = server
    admin._backend.keyring.create("team", ["write"], only=["ltv*"], rate=50.0)
    *_, shown = admin._backend.keyring.tokens()
    assert (shown["only"], shown["rate"]) == (["ltv*"], 50.0)
    told = [event.payload for event in admin.events() if event.kind == "token.created"]
    assert told[-1]["only"] == ["ltv*"]
