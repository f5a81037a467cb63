"""What a deployer removes, and what it must not."""

import os
import time
from dataclasses import replace

import pytest

from jupyter_lifecycle.deployment.memory import Memory, MemoryFile, Placed
from jupyter_lifecycle.deployment.place import Place
from jupyter_lifecycle.deployment.prune import Limits, in_use, mark_used, prune

DAY = 86_400


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path / "deployer")
    place.make()
    return place


@pytest.fixture
def environment(place):
    def environment(name, *, days, size=10):
        folder = place.environments / name
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").write_bytes(b"x" * size)
        mark_used(folder)
        _age(folder / ".used", days)
        return folder

    return environment


@pytest.fixture
def serves(place):
    """An endpoint whose service runs in an environment."""

    def serves(environment, *, envelope="e" * 40, note=True):
        folder = place.new_service("svc", "one")
        if note:
            (folder / "interpreter").write_text(str(environment / "bin" / "python"))
        placed = Placed(envelope, "d", str(folder / "c.sock"), str(folder))
        MemoryFile(place.memory_of("svc")).write(Memory(serving=placed, model=placed))

    return serves


def _age(path, days):
    then = time.time() - days * DAY
    os.utime(path, (then, then))


def _names(gone):
    return sorted((one.kind, one.path.name) for one in gone)


def test_an_old_environment_goes_unless_a_service_is_in_it(place, environment, serves):
    used = environment("used", days=99)
    old, young = environment("old", days=31), environment("young", days=29)
    serves(used)
    assert _names(prune(place, preview=True)) == [("environment", "old")]
    assert old.exists()
    (gone,) = prune(place)
    assert (gone.path, gone.because) == (old, "not used for 31 days")
    assert gone.bytes == 10
    assert not old.exists()
    assert used.exists()
    assert young.exists()
    assert prune(place) == ()


def test_above_the_limit_those_go_that_were_not_used_for_longest(place, environment):
    for name, days in (("a", 5), ("b", 4), ("c", 3)):
        environment(name, days=days, size=100)
    environment("new", days=0, size=1000)
    gone = prune(place, Limits(environment_bytes=1150))
    assert _names(gone) == [("environment", "a"), ("environment", "b")]
    assert "GiB are kept" in gone[0].because


def test_what_was_used_within_the_hour_stays_however_little_is_kept(place, environment):
    kept = environment("kept", days=0)
    assert prune(place, Limits(environment_days=0, environment_bytes=0)) == ()
    assert kept.exists()


def test_an_environment_that_is_held_stays(place, environment):
    held = environment("held", days=99)
    with in_use(held):
        _age(held / ".used", 99)
        assert prune(place) == ()
        assert held.exists()
    _age(held / ".used", 99)
    assert _names(prune(place)) == [("environment", "held")]
    with in_use(None):
        assert prune(place) == ()


def test_one_that_is_used_again_after_it_was_looked_at_stays(place, environment, monkeypatch):
    again = environment("again", days=99)
    from jupyter_lifecycle.deployment import prune as module

    remove = module._remove
    monkeypatch.setattr(module, "_remove", lambda one: (mark_used(one.path), remove(one))[1])
    assert prune(place) == ()
    assert again.exists()


def test_where_a_service_does_not_say_its_interpreter_no_environment_goes(
    place, environment, serves
):
    old = environment("old", days=99)
    serves(old, note=False)
    assert prune(place) == ()
    assert old.exists()


def test_old_captures_go_unless_their_version_serves(place, environment, serves):
    serves(environment("used", days=0))
    for envelope, days in (("e" * 40, 200), ("f" * 40, 200), ("a" * 40, 10)):
        folder = place.captures_of("svc", envelope)
        folder.mkdir(parents=True)
        (folder / "requests.jsonl").write_text("{}\n")
        _age(folder / "requests.jsonl", days)
    assert _names(prune(place)) == [("captures", "f" * 10)]
    assert _names(prune(place, Limits(capture_bytes=0))) == [("captures", "a" * 10)]
    assert [path.name for path in (place.captures / "svc").iterdir()] == ["e" * 10]


def test_old_services_go_and_the_one_that_serves_does_not(place, environment, serves):
    serves(environment("used", days=0))
    os.utime(place.memory_of("svc").parent / "one", (1, 1))
    for n in range(12):
        os.utime(place.new_service("svc", f"s{n:02}"), (100 + n, 100 + n))
    assert _names(prune(place)) == [("service", "s00"), ("service", "s01")]
    assert (place.memory_of("svc").parent / "one").exists()


def test_a_long_log_keeps_its_end_and_its_writer(place):
    with place.log.open("ab") as writer:
        writer.write(b"".join(b"line %06d\n" % n for n in range(1000)))
        writer.flush()
        (gone,) = prune(place, Limits(log_bytes=5000))
        assert (gone.kind, gone.path) == ("log", place.log)
        writer.write(b"after\n")
    lines = place.log.read_text().splitlines()
    assert lines[-2:] == ["line 000999", "after"]
    assert lines[0].startswith("line 0009")
    assert len(lines) < 60
    assert prune(place, Limits(log_bytes=5000)) == ()


def test_what_a_killed_one_began_to_remove_is_finished(place, environment):
    environment("x", days=0)
    half = place.environments / ".removing-1234"
    half.mkdir()
    assert prune(place) == ()
    assert not half.exists()


def test_what_answers_beside_the_main_envelope_keeps_its_environment_and_captures(
    place, environment, serves
):
    main, beside = environment("main", days=99), environment("beside", days=99)
    environment("old", days=99)
    serves(main)
    own = place.new_service("svc", "one") / ("b" * 10)
    own.mkdir()
    (own / "interpreter").write_text(str(beside / "bin" / "python"))
    file = MemoryFile(place.memory_of("svc"))
    placed = replace(file.memory.model, beside=("b" * 40,))
    file.write(replace(file.memory, serving=placed, model=placed))
    for envelope in ("b" * 40, "c" * 40):
        folder = place.captures_of("svc", envelope)
        folder.mkdir(parents=True)
        (folder / "requests.jsonl").write_text("{}")
        _age(folder / "requests.jsonl", 99)
    assert _names(prune(place)) == [("captures", "c" * 10), ("environment", "old")]
