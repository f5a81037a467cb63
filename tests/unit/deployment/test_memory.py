"""What a deployer remembers, its folder, and how it notices changes."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from jupyter_lifecycle.deployment import place as places
from jupyter_lifecycle.deployment.changes import Changes
from jupyter_lifecycle.deployment.memory import Memory, MemoryFile, Placed
from jupyter_lifecycle.deployment.place import Place
from jupyter_lifecycle.errors import DeploymentError


def placed(n):
    return Placed(f"{n}" * 40, f"d{n}", f"/run/{n}.sock", f"/s/{n}", {"port": n})


def test_memory_is_read_back_as_it_was_written(tmp_path):
    file = MemoryFile(tmp_path / "svc" / "memory.json")
    assert file.memory == Memory()
    memory = Memory(
        "127.0.0.1", 8000, placed(1), placed(1), (placed(2),), (placed(3),), {"envelope": "x"}
    )
    file.write(memory)
    assert file.memory == memory
    assert MemoryFile(tmp_path / "svc" / "memory.json").memory == memory
    assert [path.name for path in (tmp_path / "svc").iterdir()] == ["memory.json"]


def test_memory_of_processes_that_come_and_go():
    memory = Memory().begin(placed(1))
    assert memory.starting == (placed(1),)
    first = memory.switch(placed(1), "h", 1)
    assert (first.serving, first.model, first.starting, first.leaving) == (
        placed(1),
        placed(1),
        (),
        (),
    )
    second = first.begin(placed(2)).switch(placed(2), "h", 1)
    assert (second.serving, second.leaving) == (placed(2), (placed(1),))
    assert second.forget(placed(1)).leaving == ()
    closed = Placed("", "", "/run/c.sock", "/s/c", {}, "retired")
    third = second.switch(closed, "h", 1)
    assert (third.serving, third.model) == (closed, placed(2)), "who answers 503 is no model"


@pytest.mark.parametrize("text", ["{", "[]", '{"host": "a"}', '{"host": 1, "port": 1, "x": 2}'])
def test_memory_that_is_not_ours_is_put_aside(tmp_path, text):
    path = tmp_path / "memory.json"
    path.write_text(text)
    assert MemoryFile(path).memory == Memory()
    assert path.with_suffix(".unreadable").read_text() == text


def test_a_place_is_for_its_owner_and_keeps_the_last_services(tmp_path):
    place = Place(tmp_path / "deployer")
    assert not place.folder.exists()
    place.make()
    assert place.folder.stat().st_mode & 0o077 == 0
    for n in range(14):
        folder = place.new_service("svc", f"s{n:02}")
        os.utime(folder, (n, n))
    assert [path.name for path in place.old_services("svc", set())] == ["s03", "s02", "s01", "s00"]
    used = {str(folder.parent / "s01")}
    assert [path.name for path in place.old_services("svc", used)] == ["s03", "s02", "s00"]
    assert place.endpoint_names() == []
    MemoryFile(place.memory_of("svc")).write(Memory())
    assert place.endpoint_names() == ["svc"]


def test_a_control_sockets_path_is_short_enough_and_private(tmp_path, monkeypatch):
    near = Place(Path("/tmp") / f"jl{os.getpid()}")
    try:
        assert near.new_control().parent == near.folder / "run"
    finally:
        (near.folder / "run").rmdir()
        near.folder.rmdir()
    monkeypatch.setattr(places.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(places, "_LONGEST_SOCKET", 10)
    far = Place(tmp_path / ("long" * 30)).new_control()
    assert far.parent.parent == tmp_path
    assert far.parent.stat().st_mode & 0o077 == 0
    far.parent.chmod(0o755)
    with pytest.raises(DeploymentError, match="is open to others"):
        Place(tmp_path / ("long" * 30)).new_control()


def test_changes_of_an_embedded_registry_are_seen_by_its_files(tmp_path, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(
        "jupyter_lifecycle.deployment.changes.time", SimpleNamespace(monotonic=lambda: clock[0])
    )
    changes = Changes(SimpleNamespace(is_local=True, location=str(tmp_path)))
    assert changes.pending()
    assert not changes.pending()
    (tmp_path / "registry.db-wal").write_bytes(b"a")
    assert changes.pending()
    assert not changes.pending()
    clock[0] += 6
    assert changes.pending(), "now and then it looks anyway"


def test_a_server_is_asked_once_a_second(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(
        "jupyter_lifecycle.deployment.changes.time", SimpleNamespace(monotonic=lambda: clock[0])
    )
    changes = Changes(SimpleNamespace(is_local=False, location="https://host"))
    assert [changes.pending(), changes.pending()] == [True, False]
    clock[0] += 1
    assert changes.pending()
