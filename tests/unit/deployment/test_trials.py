"""Who is meant, who saw what, forced arms: the small parts under a service's experiments."""

import json
import os
import stat
import time

import pytest

from jupyter_lifecycle.deployment.exposed import send_exposures
from jupyter_lifecycle.deployment.service.exposing import ExposureLog
from jupyter_lifecycle.deployment.service.trials import Trials, sign
from jupyter_lifecycle.deployment.targeting import condition_of, tree_of
from jupyter_lifecycle.errors import InputError, QueryError
from jupyter_lifecycle.experiments import Arm, Experiment, Holdout, Layer
from jupyter_lifecycle.registry import Registry

A, B = "a" * 40, "b" * 40


@pytest.mark.parametrize(
    ("query", "attributes", "holds"),
    [
        ("", {}, True),
        ("country = 'de'", {"country": "de"}, True),
        ("country = 'de'", {"country": "at"}, False),
        ("country = 'de'", {}, False),
        ("country != 'de'", {}, True),
        ("country <> 'de'", {"country": "de"}, False),
        ("country in ('de', 'at')", {"country": "at"}, True),
        ("country not in ('de', 'at')", {}, True),
        ("age >= 18 and age < 65", {"age": 18}, True),
        ("age >= 18", {"age": "19"}, False),
        ("age in (1, 2)", {"age": 2.0}, True),
        ("age in (1, 2)", {"age": True}, False),
        ("age = 1", {"age": True}, False),
        ("staff = 'true'", {"staff": True}, True),
        ("not staff", {}, True),
        ("staff", {"staff": False}, True),
        ("exists staff", {"staff": None}, False),
        ("staff is null", {"staff": None}, True),
        ("name like 'An%'", {"name": "Ana"}, True),
        ("name like 'an%'", {"name": "Ana"}, False),
        ("name ilike 'STRASSE'", {"name": "straße"}, True),
        ("name like 'a_c'", {"name": "abc"}, True),
        (r"name like 'a\_c'", {"name": "abc"}, False),
        ("name like 'a.c'", {"name": "abc"}, False),
        ("name not like 'a%'", {"name": 3}, True),
        ("(a = 1 or b = 2) and not c = 3", {"b": 2}, True),
        ("device.os = 'ios'", {"device.os": "ios"}, True),
        ("`my key` = 'x'", {"my key": "x"}, True),
        ("name > 'b'", {"name": "c"}, True),
    ],
)
def test_whom_a_condition_means(query, attributes, holds):
    assert condition_of(query)(attributes) is holds
    assert json.loads(json.dumps(tree_of(query))) == tree_of(query)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("country = ", "The query ends"),
        ("a = 1 order by a", "not ordered by"),
        ("a in (1, 'x')", "in one list"),
        ("a.at(3) = 1", "has a step"),
        ("x" * 10_001, "10,000 are taken"),
    ],
)
def test_conditions_that_cannot_be(query, words):
    with pytest.raises(QueryError, match=words):
        tree_of(query)


# -- exposures


def test_a_unit_is_written_once_for_its_owner_alone(tmp_path):
    log = ExposureLog(tmp_path / "x")
    assert log.add("e", "u1", "a") is True
    assert log.add("e", "u1", "a") is False
    assert log.add("f", "u1", "b") is True
    (path,) = (tmp_path / "x").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row[:3] for row in rows] == [["e", "u1", "a"], ["f", "u1", "b"]]
    log.close()


def test_what_is_full_exposes_nobody_until_some_was_sent(tmp_path, monkeypatch):
    log = ExposureLog(tmp_path / "svc", most_bytes=200)
    said = [log.add("e", f"unit-{n}", "a") for n in range(20)]
    assert said.count(True) in {3, 4, 5}
    assert said[-1] is None
    assert log.add("e", "unit-0", "a") is False  # who is in stays in
    log.close()
    with Registry(tmp_path / "home") as registry:
        assert send_exposures(registry, tmp_path) == said.count(True)
    monkeypatch.setattr(log, "_look_next", 0.0)
    assert log.add("e", "unit-19", "a") is True
    log.close()


def test_a_folder_that_cannot_be_made_exposes_nobody(tmp_path):
    (tmp_path / "x").write_text("")
    assert ExposureLog(tmp_path / "x" / "y").add("e", "u", "a") is None


def test_memory_is_bounded_by_two_generations(tmp_path, monkeypatch):
    monkeypatch.setattr("jupyter_lifecycle.deployment.service.exposing._MOST_SEEN", 10)
    log = ExposureLog(tmp_path / "svc")
    for n in range(35):
        log.add("e", f"u{n}", "a")
    assert len(log._seen) + len(log._before) <= 20
    assert log.add("e", "u0", "a") is True  # written again; the registry keeps one
    assert log.add("e", "u34", "a") is False
    log.close()


@pytest.fixture
def registry(tmp_path):
    with Registry(tmp_path / "home") as registry:
        yield registry


def _rows(registry, experiment="e"):
    return sorted(
        (unit, arm)
        for one in registry.exposures(experiment)
        for unit, arm in zip(one.units, one.arms, strict=True)
    )


def test_what_is_written_is_sent_once_and_removed_when_its_process_ended(tmp_path, registry):
    folder = tmp_path / "exposures"
    log = ExposureLog(folder / "svc")
    log.add("e", "u1", "a")
    assert send_exposures(registry, folder) == 1
    assert send_exposures(registry, folder) == 0
    log.add("e", "u2", "b")
    log.add("other", "u2", "b")
    assert send_exposures(registry, folder) == 2
    log.close()
    assert send_exposures(registry, folder) == 0
    assert list((folder / "svc").iterdir()) == []
    assert _rows(registry) == [("u1", "a"), ("u2", "b")]


def test_a_sender_that_is_killed_before_it_noted_what_it_sent_counts_nothing_twice(
    tmp_path, registry, monkeypatch
):
    folder = tmp_path / "exposures"
    log = ExposureLog(folder / "svc")
    log.add("e", "u1", "a")
    with monkeypatch.context() as patched:
        patched.setattr("jupyter_lifecycle.deployment.exposed._write_mark", _killed)
        with pytest.raises(KeyboardInterrupt):
            send_exposures(registry, folder)
    log.add("e", "u2", "a")
    assert send_exposures(registry, folder) == 1
    log.close()
    assert _rows(registry) == [("u1", "a"), ("u2", "a")]


def _killed(*_):
    raise KeyboardInterrupt


def test_torn_lines_are_passed_over_and_nothing_else(tmp_path, registry):
    folder = tmp_path / "exposures"
    log = ExposureLog(folder / "svc")
    log.add("e", "u1", "a")
    os.write(log._file, b'["e","u2"\n["e","u3","a",5]\n["e","u4","a"')
    log.close()
    send_exposures(registry, folder)
    assert _rows(registry) == [("u1", "a"), ("u3", "a")]
    assert list((folder / "svc").iterdir()) == []


def test_a_full_disk_tears_a_line_and_exposes_nobody(tmp_path, monkeypatch):
    log = ExposureLog(tmp_path / "svc")
    log.add("e", "u1", "a")
    written = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda file, line: written(file, line[:5]))
        assert log.add("e", "u2", "a") is None
    assert log.add("e", "u2", "a") is True
    log.close()


# -- in a service


def _told(**more):
    layer = Layer("ranking", "id", "s1")
    arms = (Arm("control", 0.5, envelope=A), Arm("treatment", 0.5, envelope=B))
    one = Experiment("depth", "ranking", arms, "s2", "svc", ((0, 5000),), status="running", **more)
    conditions = {one.targeting: tree_of(one.targeting)} if one.targeting else {}
    return {
        "layers": [layer.to_json()],
        "holdouts": [],
        "experiments": [one.to_json()],
        "conditions": conditions,
        "keys": {"depth": "k" * 64},
    }


def test_half_of_the_units_are_in_and_stay():
    trials = Trials(_told(), {A, B})
    found = {n: trials.choose({"id": n}, None) for n in range(2000)}
    assert 900 < sum(one is not None for one in found.values()) < 1100
    assert {one.envelope for one in found.values() if one is not None} == {A, B}
    assert found == {n: trials.choose({"id": str(n)}, None) for n in range(2000)}


def test_an_experiment_waits_for_all_of_its_arms():
    assert Trials(_told(), {A}).running == ()
    assert Trials(_told(), {A}).choose({"id": 1}, None) is None
    assert Trials({}, {A}).running == ()


def test_who_is_not_meant_held_back_or_nobody_is_not_in():
    told = _told(targeting="country = 'de'")
    trials = Trials(told, {A, B})
    mine = next(n for n in range(100) if Trials(_told(), {A, B}).choose({"id": n}, None))
    assert trials.choose({"id": mine, "country": "de"}, None) is not None
    assert trials.choose({"id": mine, "country": "at"}, None) is None
    for unit in (None, 1.5, [1], ""):
        assert trials.choose({"id": unit, "country": "de"}, None) is None
    told["holdouts"] = [Holdout("all", "id", "h", 0.9999).to_json()]
    assert Trials(told, {A, B}).choose({"id": mine, "country": "de"}, None) is None


def _header(said, key="k" * 64):
    return f"{said};{sign(key, said)}".encode()


def test_a_signed_header_forces_an_arm():
    later = int(time.time()) + 60
    found = Trials(_told(), {A, B}).choose({}, _header(f"depth=treatment;{later}"))
    assert (found.arm, found.envelope, found.forced) == ("treatment", B, True)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (_header("depth=treatment;9999999999", "x"), "is not signed"),
        (_header("other=treatment;9999999999"), "is not signed"),
        (b"depth=treatment", "is not signed"),
        (b"\xff" * 3000, "is not signed"),
        (_header("depth=treatment;1"), "is over"),
        (_header("depth=treatment;soon"), "is over"),
        (_header("depth=third;9999999999"), "names no arm"),
    ],
)
def test_a_header_that_nobody_signed_is_refused(header, words):
    with pytest.raises(InputError, match=words):
        Trials(_told(), {A, B}).choose({}, header)


def test_what_is_remembered_is_what_would_be_decided(monkeypatch):
    monkeypatch.setattr("jupyter_lifecycle.deployment.service.remembering.MOST", 20)
    told = _told(targeting="country = 'de' and age >= 18")
    trials = Trials(told, {A, B})
    units = [*range(60), *map(str, range(60)), True, 1.0, 2.0, None, "true", [1]]
    for _ in range(2):
        for unit in units:
            for country, age in (("de", 20), ("de", 20.0), ("at", 20), ("de", "20"), ("de", True)):
                said = {"id": unit, "country": country, "age": age}
                fresh = Trials(told, {A, B}).choose(said, None)
                header = json.dumps(said).encode()
                assert trials.choose_for({"x": 1}, header, None) == fresh
                assert trials.choose_for(said, None, None) == fresh
                part = json.dumps({"id": unit}).encode()
                assert trials.choose_for({"country": country, "age": age}, part, None) == fresh


def test_names_that_no_header_takes_are_written_for_one():
    told = _told()
    told["experiments"][0]["name"] = "prix été; a=b"
    told["keys"] = {"prix été; a=b": "k" * 64}
    trials = Trials(told, {A, B})
    word = trials.words["prix été; a=b", "treatment"]
    assert word == b"prix%20%C3%A9t%C3%A9%3B%20a%3Db=treatment"
    later = int(time.time()) + 60
    assert trials.choose({}, _header(f"{word.decode()};{later}")).arm == "treatment"
