"""The registry and the envelope in the hand, where the contract's suite does not look."""

import json
import os
from html.parser import HTMLParser

import pytest

from jupyter_lifecycle import places
from jupyter_lifecycle.errors import IntegrityError, NotFoundError, RegistryError, TrustError
from jupyter_lifecycle.registry import Registry, trust
from jupyter_lifecycle.registry.facade import user_name
from jupyter_lifecycle.registry.handle import bytes_text, figure


def test_where_it_is(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(tmp_path / "home"))
    assert Registry().location == str(tmp_path / "home")
    assert Registry(tmp_path / "x").location == str(tmp_path / "x")
    assert Registry("~").location == os.path.expanduser("~")  # noqa: PTH111
    assert Registry().is_local
    assert Registry().trust
    assert not Registry(trust=False).trust
    assert not (tmp_path / "home").exists()
    remote = Registry("HTTP://Host:8765/", token="t")
    assert (remote.location, remote.is_local, remote.trust) == ("http://host:8765", False, False)
    assert repr(remote) == "Registry('http://host:8765', remote, not trusted)"
    assert repr(Registry(tmp_path)) == f"Registry({str(tmp_path)!r}, embedded)"


def test_the_environment_may_name_the_registry(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_LIFECYCLE_REGISTRY", "http://models:8765")
    assert Registry().location == "http://models:8765"
    assert Registry(tmp_path).is_local
    monkeypatch.setenv("JUPYTER_LIFECYCLE_REGISTRY", str(tmp_path / "team"))
    assert Registry().location == str(tmp_path / "team")
    monkeypatch.setenv("JUPYTER_LIFECYCLE_REGISTRY", "")
    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(tmp_path / "home"))
    assert Registry().location == str(tmp_path / "home")


@pytest.mark.parametrize(
    ("platform", "home", "folder"),
    [
        ("linux", "data_home", ".local/share/jupyter_lifecycle"),
        ("linux", "config_home", ".config/jupyter_lifecycle"),
        ("linux", "cache_home", ".cache/jupyter_lifecycle"),
        ("darwin", "data_home", "Library/Application Support/jupyter_lifecycle"),
        ("darwin", "cache_home", "Library/Caches/jupyter_lifecycle"),
        ("win32", "data_home", "AppData/Local/jupyter_lifecycle"),
    ],
)
def test_the_platform_s_folders(monkeypatch, tmp_path, platform, home, folder):
    for name in (
        "JUPYTER_LIFECYCLE_HOME",
        "XDG_DATA_HOME",
        "XDG_CONFIG_HOME",
        "XDG_CACHE_HOME",
        "LOCALAPPDATA",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", platform)
    assert getattr(places, home)() == tmp_path / folder


def test_one_variable_moves_all_of_them(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(tmp_path))
    assert places.data_home() == places.config_home() == tmp_path
    assert places.cache_home() == tmp_path / "cache"
    monkeypatch.delenv("JUPYTER_LIFECYCLE_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "d"))
    assert places.data_home() == tmp_path / "d" / "jupyter_lifecycle"


@pytest.mark.parametrize("location", ["postgresql://x/y", "sqlite:///x", "s3://x"])
def test_what_is_no_registry(location):
    with pytest.raises(
        RegistryError, match=r"is no registry that can be opened here.*--database URL"
    ):
        Registry(location)


def test_an_address_without_a_host():
    with pytest.raises(RegistryError, match="is no registry's address"):
        Registry("http://")


def test_who_acts_where_the_container_knows_no_user(monkeypatch):
    def nobody():
        raise OSError("no such user")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert user_name() == "unknown"


def test_trust_is_kept_and_its_file_may_be_broken(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(tmp_path))
    assert trust.trusted() == ()
    trust.trust("http://Host:80/")
    trust.trust("http://[::1]:8765")
    assert trust.trusted() == ("http://host:80", "http://[::1]:8765")
    assert trust.is_trusted("http://HOST:80")
    assert [path.name for path in tmp_path.iterdir()] == ["trusted.json"]
    for broken in ("{", "[]", '{"trusted": 3}'):
        (tmp_path / "trusted.json").write_text(broken)
        with pytest.raises(
            RegistryError, match=r"trusted\.json cannot be read.*Mend it or delete it"
        ):
            trust.trusted()


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


def test_the_card_is_small_and_shows_data_as_text(registry, make_bundle):
    evil = "<script>alert(1)</script>"
    envelope = registry.add(
        make_bundle("ltv"),
        tags={evil: evil, "long": "x" * 200},
        metrics={"m<b>": 1234.5},
        author=evil,
    )
    reader = Reader()
    reader.feed(envelope._repr_html_())
    assert set(reader.tags) <= {"div", "span", "b"}
    assert evil in reader.text
    assert f"ltv {envelope.short_id}" in reader.text
    assert "m<b> 1,234" in reader.text
    assert len(envelope._repr_html_()) < 4_000
    assert repr(envelope).startswith(f"<Envelope ltv {envelope.short_id} ")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (3.0, "3"),
        (12_000.0, "12,000"),
        (0.12345, "0.123"),
        (12.345, "12.3"),
        (1234.5, "1,234"),
        (-0.00012345, "-0.000123"),
        (1.5e-9, "1.5e-09"),
        (1.5e30, "1.5e+30"),
        (1234567.8, "1.23e+06"),
    ],
)
def test_a_metric_as_it_is_shown(value, shown):
    assert figure(value) == shown


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_400, "1.4 kB"),
        (123_456, "123 kB"),
        (2.5e9, "2.5 GB"),
        (5e13, "50.0 TB"),
    ],
)
def test_bytes_as_they_are_shown(size, shown):
    assert bytes_text(size) == shown


def test_handles_are_equal_by_what_they_stand_for(registry, make_bundle):
    first, second = registry.add(make_bundle()), registry.add(make_bundle())
    assert {first, registry.get(first.id)} == {first}
    assert first != second
    assert first != first.id
    assert first.registry is registry


def test_a_page_reads_no_manifest(registry, store, make_bundle, monkeypatch):
    registry.add(make_bundle(), tags={"a": "b"})
    read = []
    manifest = type(store).manifest
    monkeypatch.setattr(
        type(store), "manifest", lambda self, id_: (read.append(id_), manifest(self, id_))[1]
    )
    (envelope,) = registry.search()
    repr(envelope), envelope._repr_html_()
    assert read == []
    assert envelope.manifest["name"] == "ltv"
    assert len(envelope.manifest) > 5
    assert read == [envelope.id]
    assert "ltv" in repr(envelope.manifest)


def test_a_bundle_is_whole_or_not_there(registry, folder, make_bundle):
    envelope = registry.add(make_bundle(files={"b": b"two"}))
    blob = next(
        path
        for path in (folder / "artifacts").rglob("*")
        if path.is_file() and path.read_bytes() == b"two"
    )
    blob.unlink()
    with pytest.raises(RegistryError, match="no file with the digest"):
        registry.bundle(envelope.id)
    assert not list((folder / "envelopes").iterdir())


def test_a_manifest_that_was_changed_in_the_database(registry, store, make_bundle, monkeypatch):
    envelope = registry.add(make_bundle())
    monkeypatch.setattr(type(store), "manifest", lambda *_: b'{"files": {}}')
    with pytest.raises(IntegrityError, match="is not the one that was saved"):
        registry.bundle(envelope.id)


def test_a_manifest_that_was_changed_on_the_disk(registry, make_bundle):
    envelope = registry.add(make_bundle())
    kept = envelope.bundle.path / "manifest.json"
    assert envelope.bundle is envelope.bundle
    kept.write_text("{}")
    with pytest.raises(
        IntegrityError, match=r"is not the one that was saved\. Delete .*made again"
    ):
        registry.bundle(envelope.id)


def test_loading_from_where_nobody_trusts(folder, make_bundle):
    registry = Registry(folder, trust=False)
    envelope = registry.add(make_bundle())
    with pytest.raises(TrustError, match=r"trust=True"):
        envelope.load()
    registry.close()


def test_importing_the_registry_is_light():
    import subprocess
    import sys

    code = "import sys, jupyter_lifecycle.registry; print([m for m in ('sqlalchemy', 'alembic', 'fastapi', 'lark', 'requests', 'pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_records_go_over_the_wire_and_come_back(registry, make_bundle):
    from jupyter_lifecycle.registry import Rule, wire

    envelope = registry.add(make_bundle("ltv"), tags={"a": "b"}, metrics={"m": 1})
    registry.set_rule(Rule("ltv", when="tags.a", options={"n": [1, {"x": None}]}))
    attempt = registry.start_deployment("ltv", envelope.id, 1)
    sent = lambda value: json.loads(json.dumps(wire.encode(value)))  # noqa: E731
    assert wire.rule(sent(registry.rules()[0])) == registry.rules()[0]
    assert wire.want(sent(registry.wants()[0])) == registry.wants()[0]
    assert wire.deployment(sent(attempt)) == attempt
    assert wire.endpoint(sent(registry.endpoint("ltv"))) == registry.endpoint("ltv")
    registry.pin("ltv", envelope)
    assert wire.endpoint(sent(registry.endpoint("ltv"))) == registry.endpoint("ltv")
    preview = registry.preview(envelope.id, {}, ["a"])
    assert wire.preview(sent(preview)) == preview
    assert tuple(wire.event(sent(event)) for event in registry.events()) == registry.events()
    assert wire.tag_change(sent(envelope.history()[0])) == envelope.history()[0]
    (point,) = envelope.metric_history("m")
    assert wire.metric_point(sent(point)) == point


def test_one_file_is_read_without_the_others(tmp_path, make_bundle):
    registry = Registry(tmp_path / "here")
    envelope = registry.add(make_bundle(files={"features.json": b"{}"}))
    assert envelope.read("features.json") == b"{}"
    assert not (tmp_path / "here" / "envelopes" / envelope.id).exists()
    with pytest.raises(NotFoundError, match=r"has no file nope; it has answers\.json"):
        envelope.read("nope")


def test_two_envelopes_are_compared_from_the_registry(tmp_path, make_bundle):
    import jupyter_lifecycle as jl

    registry = Registry(tmp_path / "here")
    old = registry.add(make_bundle(), metrics={"mae": 2.0}, tags={"team": "a"})
    new = registry.add(make_bundle(inputs={"age": "number"}), metrics={"mae": 1.0})
    found = jl.diff(old, new)
    assert found.verdict == "widening"
    assert found.metrics[0].delta == -1.0
    assert found.tags[0].after is None
