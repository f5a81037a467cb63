"""The store where only it can be asked: repeated ids, tokens, manifests that are too much."""

import json

import pytest

from jupyter_lifecycle.errors import ConflictError, IntegrityError, InvalidValueError
from jupyter_lifecycle.registry import Rule, manifest


def test_a_deployment_that_is_sent_twice_is_one(store, registry, make_bundle):
    envelope, other = registry.add(make_bundle()), registry.add(make_bundle())
    store.set_rule(Rule("ltv", when=""))
    first = store.start_deployment("ltv", envelope.id, 1, "abc")
    assert store.start_deployment("ltv", envelope.id, 1, "abc") == first
    with pytest.raises(ConflictError, match="Deployment abc is another one, of ltv"):
        store.start_deployment("ltv", other.id, 1, "abc")
    assert len(store.deployments("ltv", 10)) == 1


def test_a_log_keeps_its_end_and_lines_have_a_limit(store, registry, make_bundle):
    envelope = registry.add(make_bundle())
    store.set_rule(Rule("ltv", when=""))
    store.start_deployment("ltv", envelope.id, 1, "abc")
    log = store.update_deployment("abc", {"log": [*map(str, range(3_000)), "x" * 20_000]}).log
    assert (len(log), log[0], len(log[-1])) == (2_000, "1001", 10_000)


def test_what_only_moves_the_log_is_no_event(store, registry, make_bundle):
    envelope = registry.add(make_bundle())
    store.set_rule(Rule("ltv", when=""))
    store.start_deployment("ltv", envelope.id, 1, "abc")
    before = store.events(0, 1_000)
    store.update_deployment("abc", {"log": ["a line"]})
    assert store.events(0, 1_000) == before


def test_the_first_token_is_made_once(store):
    secret = store.keyring.first()
    assert store.keyring.find(secret).scopes == ("admin",)
    assert store.keyring.first() is None
    assert store.keyring.find("jl_wrong") is None
    assert store.keyring.find("\ud800") is None


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [
        (("read",), {"read"}),
        (("write",), {"read", "write"}),
        (("deploy",), {"read", "deploy"}),
        (("write", "deploy"), {"read", "write", "deploy"}),
        (("admin",), {"read", "write", "deploy", "admin"}),
    ],
)
def test_what_scopes_include(store, scopes, allowed):
    record, _ = store.keyring.create("ci", scopes)
    assert {scope for scope in ("read", "write", "deploy", "admin") if record.may(scope)} == allowed


def test_the_secret_is_kept_nowhere(store, folder):
    _, secret = store.keyring.create("ci", ["read"])
    store.close()
    for file in folder.rglob("*"):
        if file.is_file():
            assert secret.encode() not in file.read_bytes()


def test_keys_of_something_else(store):
    with pytest.raises(InvalidValueError, match="keys of tags and of metrics, not of 'names'"):
        store.keys("names")


def test_a_manifest_that_is_too_much(monkeypatch):
    good = {"name": "x", "files": {"a": {"sha256": "0" * 64, "size": 1}}}
    assert manifest.read_manifest(json.dumps(good).encode()).size == 1
    monkeypatch.setattr(manifest, "MAX_MANIFEST", 10)
    with pytest.raises(IntegrityError, match="10 are taken"):
        manifest.read_manifest(json.dumps(good).encode())


def test_outputs_of_several_types_are_an_object():
    def output_type(*kinds):
        outputs = [{"name": f"y{index}", "type": kind} for index, kind in enumerate(kinds)]
        text = {
            "name": "x",
            "schema": {"outputs": outputs},
            "files": {"a": {"sha256": "0" * 64, "size": 1}},
        }
        return manifest.read_manifest(json.dumps(text).encode()).output_type

    assert output_type() is None
    assert output_type("number") == output_type("number", "number") == "number"
    assert output_type("number", "string") == "object"
