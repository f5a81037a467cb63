"""Signed envelopes: saved, sent to a server, exported, and held to the policy before they run."""

import pandas as pd
import pytest

import jupyter_lifecycle as jl
from jupyter_lifecycle.cli.main import main
from jupyter_lifecycle.envelope import keys
from jupyter_lifecycle.errors import EnvelopeError, TrustError
from jupyter_lifecycle.registry import Registry

ROWS = pd.DataFrame({"a": [1.0, 2.0]})


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def saved(**more):
    return jl.save(lambda rows: rows["a"] * 2, name="double", example=ROWS, **more)


def test_a_signed_save_runs_where_the_policy_asks_for_it(tmp_path):
    keys.create_key("ana")
    plain, signed = saved(), saved(sign="ana")
    assert plain.id == signed.id
    keys.set_policy("always")
    assert [one.signer for one in signed.signatures] == ["ana"]
    assert signed.predict(ROWS).tolist() == [2.0, 4.0]
    other = jl.save(lambda rows: rows["a"] * 3, name="triple", example=ROWS)
    with pytest.raises(TrustError, match="asks for a signature"):
        other.predict(ROWS)
    assert other.sign("ana").predict(ROWS).tolist() == [3.0, 6.0]
    file = other.export(tmp_path / "triple")
    assert jl.open(file).predict(ROWS).tolist() == [3.0, 6.0]  # by its signature alone
    keys.distrust_key("ana")
    with pytest.raises(TrustError):
        jl.open(file, trust=other.id).load()


def test_no_key_no_work(tmp_path):
    steps = []
    with pytest.raises(EnvelopeError, match="no key 'ana' to sign with"):
        saved(sign="ana", progress=lambda *step: steps.append(step))
    assert steps == []


def test_a_servers_envelope_runs_by_its_signature(registry_server):
    address, token = registry_server(None)
    keys.create_key("ana")
    keys.set_policy(sign_with="ana")
    with Registry(address, token=token("write")) as registry:
        envelope = saved(registry=registry)
        assert not registry.trust
        assert envelope.predict(ROWS).tolist() == [2.0, 4.0]
        keys.distrust_key("ana")
        with pytest.raises(TrustError, match="which you have not trusted"):
            registry.get(envelope.id).load()


def test_the_commands(capsys, tmp_path):
    envelope = saved()

    def said(*words):
        assert main(list(words)) == 0, words
        return capsys.readouterr().out.strip()

    public = said("key", "create", "ana")
    assert said("key", "trust", "team", public, "--only", "double*").endswith("may run now.")
    assert said("key", "policy", "--require", "always", "--sign", "ana") == (
        "Every envelope must be signed by a trusted key before it runs. Saves are signed with ana."
    )
    listed = said("key", "list")
    assert f"yours    ana  {public}" in listed
    assert "for double*" in listed
    assert said("sign", envelope.short_id).startswith(f"{envelope.short_id} is signed by ana (")
    assert said("export", envelope.short_id, str(tmp_path / "x")) == str(tmp_path / "x.envelope")
    assert jl.open(tmp_path / "x.envelope").predict(ROWS).tolist() == [2.0, 4.0]
    assert said("key", "remove", "team") == "team is trusted no longer."
    assert main(["key", "remove", "team"]) == 1
    assert "No key 'team' is trusted" in capsys.readouterr().err
