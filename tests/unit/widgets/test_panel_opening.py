import types

import pytest

import jupyter_lifecycle
from jupyter_lifecycle.errors import NotFoundError
from jupyter_lifecycle.widgets import opening

pytestmark = pytest.mark.usefixtures("front_end")


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch, worker):
    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(tmp_path / "own"))
    monkeypatch.setattr("jupyter_lifecycle.widgets.panel.Threads", lambda: worker)


def test_registries_are_the_given_one_then_those_of_the_namespace_then_the_own(registry, tmp_path):
    from jupyter_lifecycle.registry import Registry

    with Registry(tmp_path / "other") as other:
        found = opening.registries({"other": other}, registry)
    assert list(found) == [registry.location, str(tmp_path / "other"), "Local registry"]
    assert found[registry.location][0] == f"jl.Registry({registry.location!r})"
    assert found[str(tmp_path / "other")][0] == "other"
    assert found["Local registry"][0] == ""
    assert list(opening.registries({}, None)) == ["Local registry"]
    assert opening.registries({"mine": registry}, registry)[registry.location][0] == "mine"


def test_the_save_panel_finds_everything_in_a_namespace():
    def double(a: int) -> int:
        return a * 2

    namespace = {"jl": jupyter_lifecycle}
    panel = jupyter_lifecycle.save_panel(namespace, model=double, example={"a": 3}, name="twice")
    assert (
        panel.form.code
        == 'envelope = jl.save(model, name="twice",\n                   example=example)'
    )
    assert namespace == {"jl": jupyter_lifecycle}
    panel.close()


def test_without_a_namespace_it_is_that_of_the_notebook(monkeypatch):
    shell = types.SimpleNamespace(user_ns={"x": 1})
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    panel = opening.save_panel()
    assert panel._namespace is shell.user_ns
    panel.close()
    monkeypatch.setattr("IPython.get_ipython", lambda: None)
    panel = opening.save_panel()
    assert panel._namespace == {}
    panel.close()


def test_the_tag_panel_takes_an_envelope_or_an_id(registry, shelf, monkeypatch):
    envelope = shelf()
    monkeypatch.setattr(
        "IPython.get_ipython", lambda: types.SimpleNamespace(user_ns={"mine": envelope})
    )
    panel = opening.tag_panel(envelope)
    panel._chips.pending = {"a": "b"}
    assert panel.code == 'mine.tag(a="b")'
    panel.close()
    panel = opening.tag_panel(envelope.short_id, registry=registry)
    assert panel.plain().startswith(f"departure-delay {envelope.short_id}")
    panel.close()
    with pytest.raises(NotFoundError):
        opening.tag_panel("0123456789")


def test_the_deploy_panel_opens_the_first_endpoint(registry):
    from jupyter_lifecycle.registry import Rule

    registry.set_rule(Rule("live", "name = 'x'"))
    panel = opening.deploy_panel(registry=registry)
    assert panel._name == "live"
    panel.close()
    panel = opening.deploy_panel()
    assert panel._name == ""
    panel.close()
