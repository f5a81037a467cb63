"""One suite for a registry that is embedded, behind SQLite's server and behind PostgreSQL's."""

import pytest

from jupyter_lifecycle.registry import Registry


@pytest.fixture(params=["embedded", "sqlite", "postgresql"])
def registry(request, tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(tmp_path / "home"))
    if request.param == "embedded":
        found = Registry(tmp_path / "embedded")
    else:
        url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
        address, token = request.getfixturevalue("registry_server")(url)
        found = Registry(address, token=token("admin"), trust=True)
    with found:
        yield found


def test_a_new_registry_is_empty(registry):
    assert list(registry.search()) == []
    assert registry.count() == 0
    assert registry.names() == ()
    assert registry.rules() == registry.wants() == registry.endpoints() == ()
