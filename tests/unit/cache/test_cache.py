"""What is stored comes back exactly, or not at all."""

from __future__ import annotations

import os
import shutil
import threading
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.cache.log import Log, frame
from jupyter_lifecycle.cache.packs import Packs
from jupyter_lifecycle.cache.seal import Seal, Secret
from jupyter_lifecycle.errors import CacheError, FingerprintError
from jupyter_lifecycle.hashing import combine, fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def key(name: object) -> bytes:
    return combine("test", str(name).encode())


def named(value: pd.Series, **attrs: object) -> pd.Series:
    value.attrs.update(attrs)
    return value


MIXED = pd.Series(["a", None, np.nan, pd.NA, 1, 1.0, True], dtype=object)
FRAME = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [1.5, np.nan]}, index=["p", "q"])


class Model:
    def __init__(self, weights: np.ndarray) -> None:
        self.weights = weights


VALUES: dict[str, Any] = {
    "floats": pd.Series([1.5, -0.0, np.nan, np.inf], name="f"),
    "small floats": pd.Series([1.5, np.nan], dtype="float32"),
    "half floats": pd.Series([1.5, np.nan], dtype="float16"),
    "integers": pd.Series([1, -2], dtype="int8"),
    "unsigned": pd.Series([1, 2**63], dtype="uint64"),
    "truths": pd.Series([True, False, True]),
    "complex": pd.Series([1 + 2j, np.nan]),
    "text": pd.Series(["a", None, "", "é\0b"]),
    "text in python": pd.Series(["a", None], dtype=pd.StringDtype("python")),
    "nullable text": pd.Series(["a", None], dtype="string"),
    "objects": MIXED,
    "dates": pd.Series([pd.Timestamp("2024-03-31"), pd.NaT]),
    "dates in ns": pd.Series(pd.date_range("2024", periods=3, unit="ns")),
    "zoned dates": pd.Series(pd.date_range("2024-10-27", periods=5, freq="h", tz="Europe/London")),
    "durations": pd.Series(pd.to_timedelta([1, None], unit="h")),
    "periods": pd.Series(pd.period_range("2024", periods=2, freq="M")),
    "intervals": pd.Series(pd.interval_range(0, 2)),
    "categories": pd.Series(["a", None, "b"], dtype=pd.CategoricalDtype(["b", "a", "z"], ordered=True)),
    "categories of dates": pd.Series(pd.Categorical(pd.date_range("2024", periods=2))),
    "nullable integers": pd.Series([1, None], dtype="Int16"),
    "nullable floats": pd.Series([1.5, None], dtype="Float32"),
    "nullable truths": pd.Series([True, None], dtype="boolean"),
    "arrow integers": pd.Series([1, None], dtype="int64[pyarrow]"),
    "arrow lists": pd.Series([[1], None], dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
    "sparse": pd.Series([0, 0, 1], dtype="Sparse[int]"),
    "empty": pd.Series([], dtype="float64"),
    "empty text": pd.Series([], dtype="str"),
    "an index with duplicates": pd.Series([1, 2], index=["x", "x"]),
    "an index of dates": pd.Series([1.0, 2.0], index=pd.date_range("2024", periods=2, freq="D", name="t")),
    "an index of tuples": pd.Series([1, 2], index=pd.MultiIndex.from_tuples([(1, "a"), (2, None)], names=["n", None])),
    "an index with steps": pd.Series([1, 2], index=pd.RangeIndex(10, 6, -2, name=3)),
    "an odd name": pd.Series([1, 2], name=("a", 1, None)),
    "attributes": named(pd.Series([1, 2]), unit="m", limits=[0, 1]),
    "unique labels": pd.Series([1, 2]).set_flags(allows_duplicate_labels=False),
    "big endian": pd.Series(np.array([1, 2], ">i4")),
    "a frame": FRAME,
    "a frame with one name twice": pd.DataFrame([[1, "a"], [2, "b"]], columns=["x", "x"]),
    "a frame with levels": pd.DataFrame(np.eye(2), columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2)])),
    "a frame without columns": pd.DataFrame(index=[1, 2]),
    "a frame without rows": FRAME[:0],
    "a frame with attributes": named(FRAME.copy(), source="here"),
    "an array": np.arange(6.0).reshape(2, 3),
    "an array by columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "an array without rows": np.zeros((0, 3)),
    "an array of nothing": np.array(3.5),
    "an array with strides": np.arange(10)[::3],
    "an array of text": np.array(["a", "bc"]),
    "an array of dates": np.array(["2024-01-01", "NaT"], "M8[D]"),
    "an array of records": np.array([(1, 2.0)], [("a", "i4"), ("b", "f8")]),
    "an array of objects": np.array(["a", None], object),
    "an index": pd.Index([3, 1, 2], name="i"),
    "a range": pd.RangeIndex(3),
    "an index with a frequency": pd.date_range("2024", periods=3, freq="B"),
    "an index of categories": pd.CategoricalIndex(["a", "b"]),
    "levels": pd.MultiIndex.from_product([[1, 2], ["a", "b"]]),
    "a number": 3,
    "a float": 0.1,
    "nothing": None,
    "a numpy number": np.float64(2.5),
    "not a time": pd.NaT,
    "a time": pd.Timestamp("2024", tz="UTC"),
    "a dict": {"a": [1, {"b": (None, {1, 2})}]},
    "a long list": list(range(1000)),
    "a series subclass's values": [pd.Series([1]), FRAME],
    "a model": Model(np.arange(100.0)),
    "a function of this module": key,
    "a lambda": lambda x: x + 1,
    "an arrow table": pa.table({"a": [1, None]}),
}  # fmt: skip


@pytest.fixture(params=["memory", "disk", "another process"])
def reader(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A cache to write to, and one to read from."""
    if request.param == "memory":
        cache = ColumnCache()
        return cache, lambda: cache
    cache = ColumnCache(tmp_path / "cache")
    return cache, (lambda: cache) if request.param == "disk" else lambda: ColumnCache(cache.path)


@pytest.mark.parametrize("name", VALUES)
def test_a_value_comes_back_exactly(name: str, reader: Any) -> None:
    cache, other = reader
    value = VALUES[name]
    stored = cache.store(key(name), value, seconds=1.5)
    entry = other().lookup(key(name))
    assert entry is not None
    for _ in range(2):
        found = entry.load()
        assert fingerprint(found) == fingerprint(value) == entry.output == stored.output
        assert type(found) is type(value)
    if isinstance(value, pd.Series):
        pd.testing.assert_series_equal(found, value, check_freq=True, check_flags=True)
        assert found.attrs == value.attrs
    if isinstance(value, pd.DataFrame):
        pd.testing.assert_frame_equal(found, value)


META = {
    "floats": ("series", "float64", 4, 1),
    "text": ("series", "str", 4, 1),
    "dates": ("series", "datetime64[us]", 2, 1),
    "nullable integers": ("series", "Int16", 2, 1),
    "objects": ("series", "object", 7, 3),
    "truths": ("series", "bool", 3, 0),
    "a frame": ("frame", "3 columns", 2, 2),
    "an array": ("array", "float64", 2, 0),
    "an array of nothing": ("array", "float64", None, 0),
    "an array of objects": ("array", "object", 2, 1),
    "an array of dates": ("array", "datetime64[D]", 2, 1),
    "an array of records": ("array", "[('a', '<i4'), ('b', '<f8')]", 1, None),
    "an index": ("index", "int64", 3, 0),
    "levels": ("index", "object", 4, None),
    "a model": ("object", "Model", None, None),
    "nothing": ("object", "NoneType", None, None),
}


@pytest.mark.parametrize("name", META)
def test_a_value_is_described_without_reading_it(name: str, tmp_path: Path) -> None:
    ColumnCache(tmp_path).store(key(name), VALUES[name], seconds=2.5)
    entry = ColumnCache(tmp_path).lookup(key(name))
    assert entry is not None
    meta = entry.meta
    assert (meta.kind, meta.dtype, meta.rows, meta.nulls) == META[name]
    assert meta.seconds == 2.5
    assert meta.created > 1e9
    assert meta.bytes > 0
    assert meta.kind in repr(entry)


def test_a_key_that_nobody_stored_is_not_found(reader: Any) -> None:
    _, other = reader
    assert other().lookup(key("nobody")) is None


def test_a_large_columns_file_is_plain_arrow(tmp_path: Path) -> None:
    value = pd.Series(np.arange(50_000.0))
    ColumnCache(tmp_path).store(key("a"), value, seconds=0)
    ColumnCache(tmp_path).store(key("b"), value.astype(str), seconds=0)
    tables = [pa.ipc.open_file(pa.memory_map(str(path))).read_all() for path in objects(tmp_path)]
    columns = [table.column(0).to_pylist() for table in tables]
    assert value.tolist() in columns
    assert value.astype(str).tolist() in columns


def objects(folder: Path) -> list[Path]:
    """Files with values: packs, and large objects."""
    return sorted(
        path
        for name in ("objects", "packs")
        for path in (folder / "v2" / name).rglob("*")
        if path.is_file()
    )


def test_numbers_are_read_without_a_copy_and_refuse_writes(tmp_path: Path) -> None:
    ColumnCache(tmp_path).store(key("a"), pd.Series(np.arange(1000.0)), seconds=0)
    ColumnCache(tmp_path).store(key("b"), np.arange(1000.0), seconds=0)
    ColumnCache(tmp_path).store(key("c"), pd.Series(np.arange(100_000.0)), seconds=0)
    cache = ColumnCache(tmp_path)
    for name in "abc":
        array = np.asarray(cache.lookup(key(name)).load())
        assert not array.flags.owndata
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 9
        with pytest.raises(ValueError, match=r"(?i)writ"):
            array.flags.writeable = True


def test_what_a_reader_does_to_a_column_stays_with_him(reader: Any) -> None:
    cache, other = reader
    value = pd.Series([1.0, 2.0], name="a")
    frame_ = pd.DataFrame({"a": [1, 2]})
    cache.store(key("s"), value, seconds=0)
    cache.store(key("f"), frame_, seconds=0)
    cache = other()
    for _ in range(2):
        mine = cache.lookup(key("s")).load()
        mine.name = "changed"
        mine.attrs["x"] = 1
        mine.index = ["p", "q"]
        table = cache.lookup(key("f")).load()
        table["b"] = 1
        table.loc[0, "a"] = 7
        table.columns = ["x", "y"]
    assert fingerprint(cache.lookup(key("s")).load()) == fingerprint(value)
    assert fingerprint(cache.lookup(key("f")).load()) == fingerprint(frame_)


def test_what_the_writer_does_afterwards_doesnt_reach_the_cache(reader: Any) -> None:
    cache, other = reader
    array, listed, model = np.zeros(5000), [1, 2], Model(np.zeros(5000))
    before = [fingerprint(value) for value in (array, listed, model)]
    for name, value in zip("alm", (array, listed, model), strict=True):
        cache.store(key(name), value, seconds=0)
    array[0] = 1
    listed.append(3)
    model.weights[0] = 1
    assert [fingerprint(other().lookup(key(n)).load()) for n in "alm"] == before


def local_instance() -> Any:
    class Local:
        def __init__(self) -> None:
            self.n = 1

    return Local()


def test_what_cant_be_written_stays_in_memory_while_it_is_unchanged(tmp_path: Path) -> None:
    """A class that lives in a function would come back as another class."""
    cache = ColumnCache(tmp_path)
    value = local_instance()
    cache.store(key("a"), value, seconds=0)
    assert cache.lookup(key("a")).load() is value
    assert ColumnCache(tmp_path).lookup(key("a")) is None
    entry = cache.lookup(key("a"))
    value.n = 2
    with pytest.raises(CacheError, match="gone or damaged"):
        entry.load()
    assert cache.lookup(key("a")) is None


def test_what_has_no_fingerprint_is_refused() -> None:
    with pytest.raises(FingerprintError):
        ColumnCache().store(key("a"), (i for i in [1]), seconds=0)


def test_an_index_that_columns_share_is_stored_once_and_read_once(tmp_path: Path) -> None:
    cache = ColumnCache(tmp_path)
    index = pd.Index([f"row {i}" for i in range(1000)])
    for i in range(5):
        cache.store(key(i), pd.Series(np.arange(1000.0) + i, index=index), seconds=0)
    assert sum(path.stat().st_size for path in objects(tmp_path)) < 5 * 8_000 + 30_000
    assert cache.status().columns == 5
    other = ColumnCache(tmp_path)
    loaded = [other.lookup(key(i)).load() for i in range(5)]
    assert all(one.index.is_(loaded[0].index) or one.index is loaded[0].index for one in loaded)


def test_equal_values_are_stored_once(tmp_path: Path) -> None:
    cache = ColumnCache(tmp_path)
    for name in "abc":
        cache.store(key(name), pd.Series([1.0, 2.0]), seconds=0)
    assert [path.stat().st_size for path in objects(tmp_path)] == [16]
    assert cache.status().columns == 3


def test_an_alias_leads_to_the_same_value(reader: Any) -> None:
    cache, other = reader
    entry = cache.store(key("a"), pd.Series([1.0]), seconds=0)
    cache.alias(key("b"), entry)
    cache.alias(key("b"), entry)
    found = other().lookup(key("b"))
    assert found.output == entry.output
    assert found.load().tolist() == [1.0]


def test_an_alias_that_says_nothing_new_writes_nothing(tmp_path: Path) -> None:
    cache = ColumnCache(tmp_path)
    entry = cache.store(key("a"), pd.Series([1.0]), seconds=0)
    cache.alias(key("b"), entry)
    size = (tmp_path / "v2" / "index").stat().st_size
    cache.alias(key("b"), entry)
    assert (tmp_path / "v2" / "index").stat().st_size == size


def test_a_name_that_moves_leads_to_the_last(tmp_path: Path) -> None:
    cache = ColumnCache(tmp_path)
    for value in (1.0, 2.0):
        cache.alias(key("name"), cache.store(key(value), pd.Series([value]), seconds=0))
    assert ColumnCache(tmp_path).lookup(key("name")).load().tolist() == [2.0]


def test_reasons_are_kept_for_other_processes(tmp_path: Path) -> None:
    cache = ColumnCache(tmp_path)
    cache.store(key("a"), 1, seconds=0, why={"feature": "a", "path": tmp_path})
    cache.store(key("b"), 2, seconds=0)
    for reading in (cache, ColumnCache(tmp_path)):
        assert reading.explain(key("a")) == {"feature": "a", "path": str(tmp_path)}
        assert reading.explain(key("b")) is None
    other = ColumnCache(tmp_path)
    assert other.explain(key("c")) is None
    cache.store(key("c"), 3, seconds=0, why={"feature": "c"})
    assert other.explain(key("c")) == {"feature": "c"}
    assert ColumnCache().explain(key("a")) is None


def test_status_counts(tmp_path: Path) -> None:
    cache = ColumnCache(tmp_path, memory_bytes=10_000, disk_bytes=20_000)
    cache.store(key("a"), pd.Series(np.arange(100.0)), seconds=0)
    cache.lookup(key("a")).load()
    cache.lookup(key("b"))
    status = cache.status()
    assert (status.columns, status.hits, status.misses, status.trouble) == (1, 1, 1, "")
    assert status.disk_bytes == sum(path.stat().st_size for path in objects(tmp_path))
    assert 0 < status.memory_bytes <= 10_000
    assert (status.memory_limit, status.disk_limit, status.path) == (10_000, 20_000, tmp_path)
    assert ColumnCache().status().path is None


def test_clear_forgets_everything_for_everybody(tmp_path: Path) -> None:
    cache, other = ColumnCache(tmp_path), None
    cache.store(key("a"), pd.Series([1.0]), seconds=0, why={"a": 1})
    other = ColumnCache(tmp_path)
    cache.clear()
    assert cache.lookup(key("a")) is None
    assert cache.explain(key("a")) is None
    assert other.lookup(key("b")) is None
    assert other.lookup(key("a")) is None
    assert objects(tmp_path) == []
    cache.store(key("a"), pd.Series([2.0]), seconds=0)
    assert other.lookup(key("a")).load().tolist() == [2.0]
    memory = ColumnCache()
    memory.store(key("a"), 1, seconds=0)
    memory.clear()
    assert memory.lookup(key("a")) is None


def test_a_cache_that_cant_be_cleared_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pathlib import Path as AnyPath

    cache = ColumnCache(tmp_path)
    cache.store(key("a"), 1, seconds=0)

    def refuse(self: object, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(AnyPath, "unlink", refuse)
    with pytest.raises(CacheError, match="can't be cleared"):
        cache.clear()


# Budgets


def test_memory_keeps_what_was_used_last() -> None:
    cache = ColumnCache(memory_bytes=100_000)
    for i in range(10):
        cache.store(key(i), np.arange(2000.0) + i, seconds=0)
        cache.lookup(key(0)).load()
    assert cache.lookup(key(0)) is not None
    assert cache.lookup(key(1)) is None
    assert cache.lookup(key(9)) is not None
    assert cache.status().memory_bytes <= 100_000


def test_what_is_larger_than_the_memory_is_not_kept() -> None:
    cache = ColumnCache(memory_bytes=1000)
    cache.store(key("a"), np.arange(2000.0), seconds=0)
    assert cache.lookup(key("a")) is None


def test_disk_keeps_what_was_used_last(tmp_path: Path) -> None:
    writer = ColumnCache(tmp_path, disk_bytes=200_000)
    for i in range(10):
        writer.store(key(i), np.arange(2000.0) + i, seconds=0)
    for position, path in enumerate(objects(tmp_path)):
        os.utime(path, (position + 1, 1))
    assert len(objects(tmp_path)) == 10
    reading = ColumnCache(tmp_path)
    reading.lookup(key(0)).load()
    cache = ColumnCache(tmp_path, disk_bytes=100_000)
    cache.store(key("new"), np.arange(2000.0) - 1, seconds=0)
    assert sum(path.stat().st_size for path in objects(tmp_path)) <= 100_000
    for which in (cache, ColumnCache(tmp_path)):
        assert which.lookup(key(0)) is not None
        assert which.lookup(key("new")).load()[0] == -1
        assert sum(which.lookup(key(i)) is not None for i in range(10)) < 6


def test_abandoned_files_are_swept(tmp_path: Path) -> None:
    cache = ColumnCache(tmp_path, disk_bytes=1)
    cache.store(key("a"), np.arange(50_000.0), seconds=0)
    old, new = (tmp_path / "v2" / "objects" / f".{name}.tmp" for name in ("old", "new"))
    for path in (old, new):
        path.write_bytes(b"torn")
    os.utime(old, (1, 1))
    cache.store(key("b"), np.arange(200.0), seconds=0)
    assert not old.exists()
    assert new.exists()


def test_an_index_with_many_replaced_rows_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jupyter_lifecycle.cache import shelf

    monkeypatch.setattr(shelf, "_MANY", 20)
    cache = ColumnCache(tmp_path)
    for i in range(100):
        cache.store(key("a"), i, seconds=0)
    before = (tmp_path / "v2" / "index").stat().st_size
    other = ColumnCache(tmp_path)
    other.store(key("b"), 1, seconds=0)
    assert (tmp_path / "v2" / "index").stat().st_size < before / 10
    cache.store(key("c"), 2, seconds=0)
    for which in (cache, other, ColumnCache(tmp_path)):
        assert [which.lookup(key(n)).load() for n in "abc"] == [99, 1, 2]


# Damage: whatever happens to the folder, nothing wrong is served


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def flip_first(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])


def grow(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


def foreign(path: Path) -> None:
    path.write_bytes(b"\0" * path.stat().st_size)


def remove(path: Path) -> None:
    path.unlink()


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES = [truncate, empty, flip, flip_first, grow, foreign, remove, folder]


def value_or_none(cache: ColumnCache, name: object) -> Any:
    """As the materialiser reads: None means that it's computed again."""
    entry = cache.lookup(key(name))
    try:
        return None if entry is None else entry.load()
    except CacheError:
        assert cache.lookup(key(name)) is None
        return None


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("known", [False, True], ids=["not looked up before", "looked up before"])
@pytest.mark.parametrize(
    "value",
    [
        np.arange(500.0),
        np.arange(50_000.0),
        pd.Series(["é"] * 500),
        pd.Series(["a"] * 500, dtype=object),
        pd.Series([str(n) for n in range(50_000)], dtype=object),
    ],
    ids=["plain", "large plain", "arrow", "pickle", "large pickle"],
)
def test_a_damaged_object_is_never_served(
    damage: Any, known: bool, value: Any, tmp_path: Path
) -> None:
    ColumnCache(tmp_path).store(key("a"), value, seconds=0)
    cache = ColumnCache(tmp_path)
    if known:
        assert cache.lookup(key("a")) is not None
    (path,) = objects(tmp_path)
    damage(path)
    if damage is grow and path.parent.name == "packs":  # what is behind an object is not its part
        assert fingerprint(value_or_none(cache, "a")) == fingerprint(value)
        return
    assert value_or_none(cache, "a") is None
    assert value_or_none(ColumnCache(tmp_path), "a") is None
    if damage is not folder:
        cache.store(key("a"), value, seconds=0)
        assert fingerprint(value_or_none(ColumnCache(tmp_path), "a")) == fingerprint(value)


@pytest.mark.parametrize("small", [True, False])
def test_two_objects_that_changed_places_are_never_served(small: bool, tmp_path: Path) -> None:
    size = 500.0 if small else 50_000.0
    ColumnCache(tmp_path).store(key("a"), np.arange(size), seconds=0)
    ColumnCache(tmp_path).store(key("b"), np.arange(size) + 1, seconds=0)
    one, other = objects(tmp_path)
    one.rename(tmp_path / "x")
    other.rename(one)
    (tmp_path / "x").rename(other)
    fresh = ColumnCache(tmp_path)
    assert value_or_none(fresh, "a") is None
    assert value_or_none(fresh, "b") is None


def test_a_shared_index_that_is_gone_takes_its_columns_along(tmp_path: Path) -> None:
    cache = ColumnCache(tmp_path)
    value = pd.Series(np.arange(50_000.0), index=pd.Index(np.arange(50_000, dtype="int32") * 2))
    cache.store(key("a"), value, seconds=0)
    (small,) = [path for path in objects(tmp_path) if path.parent.name == "packs"]
    small.unlink()
    fresh = ColumnCache(tmp_path)
    assert value_or_none(fresh, "a") is None
    fresh.store(key("a"), value, seconds=0)
    assert fingerprint(value_or_none(ColumnCache(tmp_path), "a")) == fingerprint(value)


@pytest.mark.parametrize("cut", range(1, 200, 7))
def test_a_torn_index_loses_rows_and_serves_none_wrong(cut: int, tmp_path: Path) -> None:
    cache = ColumnCache(tmp_path)
    for i in range(4):
        cache.store(key(i), np.arange(50.0) + i, seconds=0)
    index = tmp_path / "v2" / "index"
    data = index.read_bytes()
    index.write_bytes(data[:-cut])
    torn = ColumnCache(tmp_path)
    assert value_or_none(torn, 0)[0] == 0
    assert value_or_none(torn, 3) is None
    torn.store(key(3), np.arange(50.0) + 3, seconds=0)
    assert value_or_none(ColumnCache(tmp_path), 3)[0] == 3


def test_rubbish_in_the_index_is_skipped(tmp_path: Path) -> None:
    cache = ColumnCache(tmp_path)
    cache.store(key("a"), 1, seconds=0)
    index = tmp_path / "v2" / "index"
    mine, theirs = Secret(index.with_name("secret")).made(), Seal(b"somebody else")
    sealed = frame(b"short", mine) + frame(b"\xff" * 300, mine) + frame(b"\2" * 300, theirs)
    rubbish = b"rubbish JLC2 \xff\xff\xff\xff" + sealed
    index.write_bytes(rubbish + index.read_bytes() + rubbish)
    again = ColumnCache(tmp_path)
    again.store(key("b"), 2, seconds=0)
    assert [value_or_none(ColumnCache(tmp_path), name) for name in "ab"] == [1, 2]


@pytest.mark.parametrize("position", range(0, 180, 5))
def test_a_flipped_bit_in_the_index_is_noticed(position: int, tmp_path: Path) -> None:
    ColumnCache(tmp_path).store(key("a"), np.arange(50.0), seconds=0)
    index = tmp_path / "v2" / "index"
    data = bytearray(index.read_bytes())
    data[position % len(data)] ^= 4
    index.write_bytes(data)
    assert value_or_none(ColumnCache(tmp_path), "a") is None


def test_arrow_that_somebody_else_wrote_is_refused() -> None:
    from jupyter_lifecycle.cache import codec

    sink = pa.BufferOutputStream()
    table = pa.table({"a": [1]})
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(CacheError, match="not written by it"):
        codec.decode(sink.getvalue(), {}.__getitem__)


def test_a_class_that_is_gone_is_a_miss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = ColumnCache(tmp_path)
    cache.store(key("a"), Model(np.arange(200.0)), seconds=0)
    monkeypatch.delitem(globals(), "Model")
    assert value_or_none(ColumnCache(tmp_path), "a") is None


# Trouble: work goes on


def store_some(cache: ColumnCache, *numbers: int) -> None:
    for number in numbers:
        cache.store(key(number), np.arange(50_000.0) + number, seconds=0, why={"i": number})


def test_a_folder_that_cant_be_made_gives_one_warning_and_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = ColumnCache(tmp_path / "file" / "cache")
    with pytest.warns(RuntimeWarning, match="can't be written") as caught:
        store_some(cache, *range(3))
    assert len(caught) == 1
    assert [value_or_none(cache, i)[0] for i in range(3)] == [0, 1, 2]
    assert cache.explain(key(1)) == {"i": 1}
    assert "directory" in cache.status().trouble


def full(*_: object, **__: object) -> int:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("call", ["open", "write", "rename"])
def test_a_full_disk_gives_one_warning_and_leaves_nothing_half_written(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = ColumnCache(tmp_path)
    cache.store(key("before"), np.arange(100.0), seconds=0)
    monkeypatch.setattr(os, call, full)
    with pytest.warns(RuntimeWarning, match="No space left") as caught:
        store_some(cache, 1, 2, 3)
    cache.store(key("inline"), 7, seconds=0)
    assert len(caught) == 1
    monkeypatch.undo()
    assert [value_or_none(cache, name)[0] for name in ("before", 1, 2, 3)] == [0, 1, 2, 3]
    assert value_or_none(cache, "inline") == 7
    assert [path.name for path in objects(tmp_path) if path.name.endswith(".tmp")] == []
    assert value_or_none(ColumnCache(tmp_path), "before")[0] == 0


def test_a_write_that_stops_in_the_middle_of_a_row_is_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = ColumnCache(tmp_path)
    cache.store(key("a"), 1, seconds=0)
    whole = os.write
    monkeypatch.setattr(os, "write", lambda file, data: whole(file, data[:40]))
    with pytest.warns(RuntimeWarning, match="No space left"):
        cache.store(key("b"), 2, seconds=0)
    monkeypatch.undo()
    ColumnCache(tmp_path).store(key("c"), 3, seconds=0)
    fresh = ColumnCache(tmp_path)
    assert [value_or_none(fresh, name) for name in "abc"] == [1, None, 3]


def test_a_folder_that_is_read_only_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ColumnCache(tmp_path).store(key("a"), np.arange(100.0), seconds=0)
    whole = os.open

    def refuse(path: Any, flags: int, *rest: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise PermissionError(13, "Permission denied")
        return whole(path, flags, *rest)

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(os, "utime", full)
    cache = ColumnCache(tmp_path)
    assert value_or_none(cache, "a")[1] == 1
    with pytest.warns(RuntimeWarning, match="Permission denied"):
        cache.store(key("b"), np.arange(100.0) + 1, seconds=0)
    assert value_or_none(cache, "b")[0] == 1


def test_a_folder_that_vanishes_is_made_again(tmp_path: Path) -> None:
    cache = ColumnCache(tmp_path / "cache")
    cache.store(key("a"), np.arange(100.0), seconds=0)
    shutil.rmtree(tmp_path / "cache")
    assert value_or_none(cache, "a") is None
    cache.store(key("a"), np.arange(100.0), seconds=0)
    assert value_or_none(ColumnCache(tmp_path / "cache"), "a") is not None


# Company


def test_two_kernels_see_each_others_columns(tmp_path: Path) -> None:
    one, other = ColumnCache(tmp_path), ColumnCache(tmp_path)
    for i in range(20):
        writer, reading = (one, other) if i % 2 else (other, one)
        assert reading.lookup(key(i)) is None
        writer.store(key(i), np.arange(10.0) + i, seconds=0)
        assert value_or_none(reading, i)[0] == i
    assert one.status().columns == other.status().columns == 20


def test_threads_share_a_cache(tmp_path: Path) -> None:
    cache = ColumnCache(tmp_path)
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for i in range(30):
                cache.store(key(i), np.arange(50.0) + i, seconds=0)
                assert value_or_none(cache, i)[0] == i
        except BaseException as error:  # noqa: BLE001 - the thread must hand it over
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert cache.status().columns == 30


def test_looking_up_reads_no_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = ColumnCache(tmp_path)
    for i in range(10):
        cache.store(key(i), np.arange(100.0) + i, seconds=0)
    fresh = ColumnCache(tmp_path)
    monkeypatch.setattr("jupyter_lifecycle.cache.shelf.Shelf.read", full)
    assert all(fresh.lookup(key(i)) is not None for i in range(10))


@pytest.mark.parametrize("part", ["packs", "log"])
def test_files_are_closed_even_where_the_interpreter_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    held: Any
    if part == "packs":
        held = Packs(tmp_path, 1 << 20)
        held.write(b"object")
    else:
        held = Log(tmp_path / "log")
        held.append(b"record")
    file = held._file
    for name in ("os", "contextlib"):
        monkeypatch.setattr(f"jupyter_lifecycle.cache.{part}.{name}", None)
    held.__del__()
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(file)
    held._file = None


@pytest.fixture(autouse=True)
def no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
