"""What services count: rows of every shape of request, windows as files, sending them once."""

import json
import os
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from jupyter_lifecycle.deployment.collecting import Collector, records_of
from jupyter_lifecycle.deployment.service import Settings, counting
from jupyter_lifecycle.deployment.service.counting import Counting
from jupyter_lifecycle.deployment.service.sides import InputRows, output_plan, plans_of, units_of
from jupyter_lifecycle.deployment.service.windows import (
    WindowFile,
    make_room,
    read_window,
    window_files,
)
from jupyter_lifecycle.envelope import Field, Schema
from jupyter_lifecycle.errors import InvalidValueError, RegistryUnavailableError
from jupyter_lifecycle.monitoring import ColumnPlan, Counter, Plan, Profile

ID = "7f" * 20
NOON = 1_750_000_000 // 3600 * 3600
A = Field("a", "number")
B = Field("b", "string")
FRAME = Schema("frame", "frame", (A, B), (Field("value", "number"),), "array", True)
PLAN = Plan(
    (ColumnPlan("a", "number", edges=(1.0, 2.0)), ColumnPlan("b", "string", categories=("x",)))
)


class Clock:
    def __init__(self, now=NOON + 10.0):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def service(tmp_path, clock):
    made = []

    def service(schema=FRAME, plans=None):
        settings = Settings("svc", ID, window_folder=str(tmp_path / "svc" / ID[:10]))
        plans = plans or {"inputs": PLAN, "outputs": output_plan(schema, [0.5, 1.5])}
        made.append(Counting(settings, schema, plans, clock))
        return made[-1]

    yield service
    for one in made:
        one.close()


def profile(path, side="inputs"):
    return Profile.from_json(read_window(path).sides[side]["profile"])


def add_inputs(counter, schema, payload):
    found = InputRows(counter.plan, schema).of(payload)
    (counter.add_columns if isinstance(found, dict) else counter.add_rows)(found)


@pytest.mark.parametrize(
    ("schema", "payload"),
    [
        (FRAME, [{"a": 0.5, "b": "x"}, {"b": "y", "a": 1.5}]),
        (FRAME, {"a": [0.5, 1.5], "b": ["x", "y"]}),
        (Schema("frame", "array", (A, B)), [[0.5, "x"], [1.5, "y"]]),
        (Schema("arguments", "keywords", (A, B)), [{"a": 0.5, "b": "x"}, {"a": 1.5, "b": "y"}]),
    ],
    ids=["rows", "columns", "lists", "arguments"],
)
def test_rows_of_every_shape_count_alike(schema, payload):
    counter = Counter(PLAN)
    add_inputs(counter, schema, payload)
    found = counter.profile()
    assert found.rows == 2
    assert found["a"].counts == (1, 1, 0)
    assert (found["b"].counts, found["b"].others) == ((1,), 1)


@pytest.mark.parametrize(
    ("schema", "payload"),
    [
        (FRAME, {"a": 0.5, "b": "x"}),
        (Schema("arguments", "keywords", (A, B)), {"a": 0.5, "b": "x"}),
    ],
)
def test_one_row_is_one_row(schema, payload):
    counter = Counter(PLAN)
    add_inputs(counter, schema, payload)
    assert (counter.rows, counter.profile()["a"].counts) == (1, (1, 0, 0))


@pytest.mark.parametrize("payload", [[0.5, 1.5, 3.0], {"a": [0.5, 1.5, 3.0]}])
def test_values_without_a_name_are_counted(payload):
    counter = Counter(Plan(PLAN.columns[:1]))
    add_inputs(counter, Schema("frame", "vector", (A,)), payload)
    assert counter.profile()["a"].counts == (1, 1, 1)
    add_inputs(counter, Schema("frame", "vector", (A,)), 0.1)
    assert counter.rows == 4


def test_an_argument_that_was_not_given_is_missing():
    counter = Counter(PLAN)
    add_inputs(counter, Schema("arguments", "keywords", (A, B)), {"a": 1.0})
    add_inputs(counter, Schema("arguments", "keywords", (A, B)), [{"a": 1.0}, {"b": "x", "a": 1.0}])
    assert (counter.rows, counter.profile()["b"].missing) == (3, 2)


def test_columns_without_expectations_are_passed_over_in_lists():
    schema = Schema("frame", "array", (Field("list", "array"), A, B))
    counter = Counter(PLAN)
    add_inputs(counter, schema, [[[1, 2], 0.5, "x"]])
    assert counter.profile()["b"].counts == (1,)


@pytest.mark.parametrize(
    ("schema", "answers", "columns"),
    [
        (FRAME, [1.0, 2.0, 3.0], {"prediction": "number"}),
        (
            replace(FRAME, outputs=(Field("y", "boolean"),), answer="series"),
            [True, False],
            {"y": "boolean"},
        ),
        (
            replace(FRAME, outputs=(A, B), answer="frame"),
            [{"a": 1.0, "b": "u"}, {"a": 2.0, "b": "v"}],
            {"a": "number", "b": "string"},
        ),
        (
            replace(FRAME, outputs=(A, Field("l", "array"), B), answer="matrix"),
            [[1.0, [], "u"]],
            {"a": "number", "b": "string"},
        ),
        (replace(FRAME, aligned=False), 3.0, {}),
        (replace(FRAME, outputs=(Field("o", "object"),)), [{}], {}),
        (
            replace(FRAME, outputs=(Field("t", "datetime"),)),
            ["2026-01-01T00:00:00"],
            {"t": "datetime"},
        ),
    ],
)
def test_answers_are_counted_where_there_is_one_a_row(schema, answers, columns):
    assert {one.name: one.type for one in output_plan(schema, answers).columns} == columns


def test_the_edges_of_answers_are_the_examples_quantiles():
    (column,) = output_plan(FRAME, [float(n) for n in range(101)]).columns
    assert column.edges == tuple(float(n) for n in range(5, 100, 5))
    assert output_plan(FRAME, []).columns[0].edges == ()


def test_a_single_row_of_a_matrix_is_one_row(service):
    schema = replace(FRAME, outputs=(A, Field("c", "number")), answer="matrix")
    counted = service(schema, {"outputs": output_plan(schema, [[1.0, 2.0]])})
    counted.add({"a": 1.0, "b": "x"}, [1.0, 9.0], 10)
    counted.add([{"a": 1.0, "b": "x"}] * 2, [[1.0, 9.0]] * 2, 10)
    assert profile(counted.flush(), "outputs")["c"].rows == 3


def test_what_travels_is_counted_raw():
    manifest = SimpleNamespace(
        schema=FRAME, model=SimpleNamespace(features="features.pkl"), expectations=()
    )
    assert set(plans_of(manifest, [1.0])) == {"outputs"}


# -- windows


def test_a_window_is_written_with_all_that_is_in_it(service, tmp_path):
    counted = service()
    counted.add([{"a": 0.5, "b": "x"}], [1.0], 20)
    first = counted.flush()
    assert counted.flush() is None
    counted.add([{"a": 0.5, "b": "x"}], [1.0], 20)
    second = counted.flush()

    assert first == second
    window = read_window(second)
    assert (window.start, window.seconds, window.flush) == (NOON, 3600, 2)
    assert window.sides["inputs"]["rows"] == window.sides["outputs"]["rows"] == 2
    assert profile(second)["a"].counts == (2, 0, 0)
    assert second.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in second.parent.iterdir()] == [second.name]


def test_a_new_hour_is_a_new_window(service, clock):
    counted = service()
    counted.add([{"a": 0.5, "b": "x"}], [1.0], 20)
    counted.count()
    clock.now += 3600
    counted.add([{"a": 9.5, "b": "x"}], [1.0], 20)
    second = counted.flush()
    first, again = window_files(second.parent)
    assert again == second
    assert profile(first)["a"].counts == (1, 0, 0)
    assert profile(second)["a"].counts == (0, 0, 1)


def test_a_clock_that_jumps_never_replaces_a_window(service, clock):
    counted = service()
    for jump in (0, 3600, -7200, 365 * 86_400, -365 * 86_400, 3600):
        clock.now += jump
        counted.add([{"a": 0.5, "b": "x"}], [1.0], 20)
        counted.flush()
    found = [read_window(path) for path in window_files(counted._folder)]
    assert sum(window.sides["inputs"]["rows"] for window in found) == 6
    assert len({(window.start, window.run) for window in found}) == len(found) == 6


def test_a_full_disk_loses_nothing(service, monkeypatch, caplog):
    counted = service()
    counted.add([{"a": 0.5, "b": "x"}], [1.0], 20)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", _raise(OSError(28, "No space left on device")))
        assert counted.flush() is None
    assert "not written" in caplog.text
    assert read_window(counted.flush()).sides["inputs"]["rows"] == 1


def _raise(problem):
    def raises(*_):
        raise problem

    return raises


def test_what_cannot_be_counted_stops_nothing(service, caplog):
    counted = service()
    counted.add([{"a": 0.5, "b": "x"}], [1.0], 20)
    counted.add([3], [1.0], 20)
    counted.add([{"a": 0.5, "b": "x"}], [1.0], 20)
    assert read_window(counted.flush()).sides["inputs"]["rows"] == 2
    assert "not counted" in caplog.text


def test_many_requests_do_not_pile_up(service, monkeypatch):
    monkeypatch.setattr(counting, "_MOST_WAITING", 1_000)
    monkeypatch.setattr(counting, "_GATHER_SECONDS", 30.0)
    counted = service()
    for _ in range(500):
        counted.add([{"a": 0.5, "b": "x"}], [1.0], 100)
        assert counted._bytes <= 1_100
    counted._end.set()
    assert read_window(counted.flush()).sides["inputs"]["rows"] == 500


def test_hostile_values_keep_memory_bounded(service):
    counted = service()
    counted.add([{"a": 1.0, "b": "x"}], [1.0], 20)
    counted.flush()
    tracemalloc.start()
    try:
        for start in range(0, 100_000, 1_000):
            rows = [
                {"a": float("nan"), "b": f"{n}-{'é' * 50}"} for n in range(start, start + 1_000)
            ]
            counted.add(rows, [float("inf")] * 1_000, 100)
            counted.count()
        used = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    path = counted.flush()
    assert used < 2_000_000
    assert path.stat().st_size < 20_000
    assert profile(path)["b"].others == 100_000


def test_half_a_character_is_written_as_a_question_mark(service):
    counted = service()
    counted.add([{"a": 1.0, "b": json.loads('"\\ud800"')}], [1.0], 20)
    assert read_window(counted.flush()).sides["inputs"]["rows"] == 1


@pytest.mark.parametrize("settings", [{"window_seconds": 0}, {"window_folder": ""}])
def test_nothing_is_counted_where_nobody_asks(settings, tmp_path):
    made = Settings(
        **{"endpoint": "svc", "envelope": ID, "window_folder": str(tmp_path)} | settings
    )
    assert Counting.of(SimpleNamespace(), made) is None


def test_the_oldest_windows_make_room(tmp_path):
    for start in range(6):
        window(start).write(tmp_path)
    assert make_room(tmp_path, most_files=4) == 2
    assert [read_window(path).start for path in window_files(tmp_path)] == [2, 3, 4, 5]
    size = window_files(tmp_path)[0].stat().st_size
    assert make_room(tmp_path, most_bytes=int(2.5 * size)) == 2
    left = tmp_path / ".5-r.json.ab"
    left.touch()
    make_room(tmp_path)
    assert left.exists()
    os.utime(left, (1, 1))
    make_room(tmp_path)
    assert not left.exists()


# -- sending


def window(start=NOON, rows=3, flush=1, run="r"):
    return WindowFile("svc", ID, start, 3600, run, flush, {"inputs": {"rows": rows, "profile": {}}})


class Registry:
    def __init__(self):
        self.windows = {}
        self.problem = None
        self.calls = 0

    def add_windows(self, windows):
        self.calls += 1
        if self.problem is not None:
            raise self.problem
        for one in windows:
            self.windows[one.endpoint, one.envelope, one.side, one.start, one.run] = one


@pytest.fixture
def collector(tmp_path, clock):
    registry = Registry()
    return Collector(registry, tmp_path, clock), registry, tmp_path / "svc" / ID[:10]


def test_a_window_is_sent_when_it_changed_and_removed_when_it_is_over(collector, clock):
    collect, registry, folder = collector
    path = window().write(folder)
    os.utime(path, (clock.now, clock.now))
    assert collect.collect() == frozenset()
    assert collect.collect() == frozenset()
    assert registry.calls == 1
    window(rows=5, flush=2).write(folder)
    os.utime(path, (clock.now, clock.now))
    collect.collect()
    (kept,) = registry.windows.values()
    assert (kept.rows, kept.start) == (5, datetime.fromtimestamp(NOON, UTC))
    clock.now = NOON + 3600 + 61
    assert collect.collect() == {"svc"}
    assert registry.calls == 2
    assert window_files(folder) == []


def test_a_registry_that_is_away_gets_it_later(collector, clock):
    collect, registry, folder = collector
    window().write(folder)
    clock.now = NOON + 10_000
    registry.problem = RegistryUnavailableError("away")
    with pytest.raises(RegistryUnavailableError):
        collect.collect()
    registry.problem = None
    assert collect.collect() == {"svc"}
    assert len(registry.windows) == 1


def test_what_is_refused_or_torn_does_not_stand_in_the_way(collector, clock, caplog):
    collect, registry, folder = collector
    path = window().write(folder)
    registry.problem = InvalidValueError("no")
    collect.collect()
    assert not path.exists()
    torn = folder / f"{NOON}-t.json"
    torn.write_text('{"version": 1')
    os.utime(torn, (clock.now, clock.now))
    collect.collect()
    assert torn.exists()
    clock.now += 4000
    collect.collect()
    assert not torn.exists()


def test_a_window_of_a_clock_that_was_ahead_is_removed_by_the_time_of_its_file(collector, clock):
    collect, registry, folder = collector
    path = window(start=NOON + 365 * 86_400).write(folder)
    os.utime(path, (clock.now, clock.now))
    assert collect.collect() == frozenset()
    clock.now += 2 * 3600 + 61
    assert collect.collect() == {"svc"}
    assert len(registry.windows) == 1


def test_a_file_of_another_version_is_no_window(tmp_path):
    path = window().write(tmp_path)
    found = json.loads(path.read_text())
    path.write_text(json.dumps(found | {"version": 99}))
    assert read_window(path) is None
    assert read_window(tmp_path / "none.json") is None
    assert len(records_of(window())) == 1


@pytest.mark.parametrize(
    ("schema", "payloads"),
    [
        (
            FRAME,
            [
                [{"a": 0.5, "b": "x"}, {"a": 1.5, "b": "x"}],
                [{"a": 0.5, "b": "x"}, {"a": 9.0, "b": "y"}],
            ],
        ),
        (FRAME, [{"a": [0.5, 1.5], "b": ["x", "x"]}, {"a": [0.5, 9.0], "b": ["x", "y"]}]),
        (
            Schema("frame", "array", (A, B), FRAME.outputs, "array", True),
            [[[0.5, "x"], [1.5, "x"]], [[0.5, "x"], [9.0, "y"]]],
        ),
    ],
    ids=["rows", "columns", "lists"],
)
def test_each_unit_counts_once_a_window(tmp_path, clock, schema, payloads):
    settings = Settings("svc", ID, window_folder=str(tmp_path), window_unit="b")
    plans = {"inputs": PLAN, "outputs": output_plan(schema, [0.5, 1.5])}
    counted = Counting(settings, schema, plans, clock)
    for payload in payloads:
        counted.add(payload, [1.0, 2.0], 10)
    path = counted.flush()
    assert profile(path)["a"].counts == (1, 0, 1)
    assert profile(path, "outputs")["prediction"].rows == 2
    clock.now += 3600
    counted.add(payloads[0], [1.0, 2.0], 10)
    assert read_window(counted.flush()).sides["inputs"]["rows"] == 1
    counted.close()


@pytest.mark.parametrize(
    ("schema", "payload", "units"),
    [
        (FRAME, {"a": 1.0, "b": "x"}, ["x"]),
        (FRAME, [{"a": 1.0}], [None]),
        (Schema("frame", "vector", (A,)), [1.0, 2.0], [1.0, 2.0]),
        (Schema("frame", "array", (A,)), [[1.0]], [None]),
    ],
)
def test_what_a_row_is_about(schema, payload, units):
    assert units_of(schema, "b", payload) == units
