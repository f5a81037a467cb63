"""What a program can tell apart has different fingerprints; what it can't has the same."""

from __future__ import annotations

import datetime as dt
import functools
import io
import os
import re
import weakref
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from itertools import pairwise
from pathlib import Path, PurePosixPath
from types import MappingProxyType, SimpleNamespace
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from jupyter_lifecycle.errors import FingerprintError
from jupyter_lifecycle.hashing import combine, fingerprint


class Colour(Enum):
    RED = 1
    GREEN = 2


class Shade(Enum):
    RED = 1


@dataclass
class Point:
    x: int
    y: int = 0
    tags: list[str] = field(default_factory=list)


@dataclass
class Vector:
    x: int
    y: int = 0
    tags: list[str] = field(default_factory=list)


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a: object, b: object) -> None:
        self.a = a
        self.b = b


class Names(list):
    pass


class Flags(set):
    pass


class Track(np.ndarray):
    pass


class Pair(NamedTuple):
    left: int
    right: int


class OtherPair(NamedTuple):
    left: int
    right: int


def frame(**columns: object) -> pd.DataFrame:
    return pd.DataFrame(columns)


def series(values: object, **kw: object) -> pd.Series:
    return pd.Series(values, **kw)


def with_attrs(value: pd.Series) -> pd.Series:
    value.attrs["unit"] = "m"
    return value


def strict(value: pd.Series) -> pd.Series:
    return value.set_flags(allows_duplicate_labels=False)


UTC = dt.UTC
NOON = dt.datetime(2024, 10, 27, 1, 30)
LONDON = ZoneInfo("Europe/London")
OBJECT = np.array(["a", None, np.nan], dtype=object)

GROUPS: dict[str, list[object]] = {
    "one and its kin": [
        *(1, 1.0, True, "1", b"1", 1 + 0j, Decimal(1), Decimal("1.0"), Fraction(1), Colour.RED),
        *(np.int64(1), np.int32(1), np.float64(1), np.float32(1), np.bool_(1), np.array(1)),
        *(
            [1],
            (1,),
            {1},
            frozenset({1}),
            {1: None},
            deque([1]),
            range(1),
            slice(1),
            bytearray(b"1"),
        ),
    ],
    "zero": [0, 0.0, -0.0, False, "", b"", None, [], (), {}, set(), frozenset(), deque(), "0"],
    "nothing": [
        *(None, float("nan"), pd.NaT, pd.NA, np.datetime64("NaT", "s"), np.timedelta64("NaT", "s")),
        *(np.float32("nan"), "nan", "None", Ellipsis, NotImplemented, [None], Decimal("NaN")),
    ],
    "concatenate alike": [
        *(["ab", "c"], ["a", "bc"], ["abc"], ("ab", "c"), ["a", "b", "c"], "abc", [["ab"], "c"]),
        *({"ab": "c"}, {"a": "bc"}, [["ab", "c"]], [["a"], ["bc"]], [[], "abc"], ["abc", []]),
    ],
    "order": [[1, 2], [2, 1], (1, 2), {"a": 1, "b": 2}, {"b": 2, "a": 1}, {1: 2}, {2: 1}],
    "mappings": [
        *({"a": 1}, OrderedDict(a=1), defaultdict(int, a=1), defaultdict(list, a=1)),
        *(Counter(a=1), MappingProxyType({"a": 1}), SimpleNamespace(a=1), [("a", 1)]),
    ],
    "sequences": [
        *(
            Pair(1, 2),
            OtherPair(1, 2),
            (1, 2),
            [1, 2],
            Names([1, 2]),
            deque([1, 2]),
            deque([1, 2], 3),
        ),
        *(Flags({1, 2}), {1, 2}, frozenset({1, 2}), Slotted(1, 2), Slotted(2, 1), range(1, 3)),
    ],
    "classes": [
        *(Point(1), Point(1, 1), Point(1, 0, ["a"]), Vector(1), Point, Vector, Colour, Shade),
        *(Colour.RED, Colour.GREEN, Shade.RED, Slotted(1, None), Slotted(Slotted(1, None), None)),
    ],
    "times": [
        *(NOON, NOON.replace(fold=1), NOON.replace(tzinfo=UTC), NOON.replace(tzinfo=LONDON)),
        *(NOON.replace(tzinfo=ZoneInfo("Europe/Paris")), NOON.date(), NOON.time(), str(NOON)),
        *(NOON.replace(tzinfo=dt.timezone(dt.timedelta(0), "GMT")), dt.timedelta(1), LONDON),
        *(pd.Timestamp(NOON), pd.Timestamp(NOON, tz="UTC"), pd.Timestamp(NOON).as_unit("s")),
        *(pd.Timedelta(days=1), np.datetime64(NOON, "us"), np.datetime64(NOON, "ns")),
        *(np.timedelta64(1, "D"), np.timedelta64(24, "h"), pd.Period("2024-10"), pd.Period("2024")),
    ],
    "arrays": [
        *(np.arange(6.0), np.arange(6.0).reshape(2, 3), np.arange(6.0).reshape(3, 2), np.arange(6)),
        *(np.arange(6.0).reshape(2, 3).T, np.arange(6.0)[::-1], np.arange(6.0, dtype="f4")),
        *(np.arange(6.0, dtype=">f8"), np.arange(6.0).astype("f2"), np.arange(6.0).astype(object)),
        *(np.arange(6).astype("m8[s]"), np.arange(6).astype("M8[s]"), np.arange(6).astype("M8[D]")),
        *(np.arange(6).astype("U1"), np.arange(6).astype("S1"), np.arange(6).astype(bool)),
        *(np.ma.array(np.arange(6.0)), np.ma.array(np.arange(6.0), mask=[1, 0, 0, 0, 0, 0])),
        *(
            np.zeros(0),
            np.zeros((0, 3)),
            np.zeros((3, 0)),
            np.zeros(0, "i8"),
            np.zeros(0).view(Track),
        ),
        *(np.zeros(2, [("a", "i4"), ("b", "f8")]), np.zeros(2, [("a", "i4"), ("c", "f8")])),
        *(np.zeros(2, [("a", "i4"), ("b", "f8")])[0], OBJECT, OBJECT[::-1], OBJECT[:2]),
        *(np.array([None, None], object), np.array([np.nan, np.nan], object), np.array([1.0])),
        *(np.longdouble(1), np.array([1], np.longdouble), np.array([1, 2], np.clongdouble)),
        *(
            np.array(["a", "bc"], np.dtypes.StringDType()),
            np.array(["ab", "c"], np.dtypes.StringDType()),
        ),
    ],
    "series": [
        *(series([1.0, 2.0]), series([2.0, 1.0]), series([1, 2]), series([1.0, 2.0], name="a")),
        *(
            series([1.0, 2.0], name=0),
            series([1.0, 2.0], name="0"),
            series([1.0, 2.0], name=("a",)),
        ),
        *(series([1.0, 2.0], index=[1, 2]), series([1.0, 2.0], index=[0, 1]), frame(a=[1.0, 2.0])),
        *(series([1.0, 2.0], index=["x", "y"]), series([1.0, 2.0], index=["x", "x"])),
        *(series([1.0, 2.0], index=pd.Index([0, 1], name="i")), with_attrs(series([1.0, 2.0]))),
        *(series([1.0, 2.0], index=pd.date_range("2024", periods=2)), strict(series([1.0, 2.0]))),
        *(series([1.0, 2.0], index=pd.date_range("2024", periods=2, tz="UTC")), [1.0, 2.0]),
        *(
            series([1.0, 2.0], index=pd.MultiIndex.from_tuples([(1, "a"), (1, "b")])),
            np.array([1.0, 2.0]),
        ),
        *(series([1.0, 2.0], dtype="Float64"), series([1.0, 2.0], dtype="float64[pyarrow]")),
        *(
            series([1, 2], dtype="Int64"),
            series([1, 2], dtype="Int32"),
            series([1, 2], dtype="UInt8"),
        ),
        *(series([1, None], dtype="Int64"), series([1, 0], dtype="Int64"), series([1.0, None])),
        *(
            series([True, False]),
            series([True, False], dtype="boolean"),
            series([True, None], dtype="boolean"),
        ),
        *(series([1, 2], dtype=object), series([1.0, 2.0], dtype=object), series(["1", "2"])),
        *(series([1.0, 2.0], dtype="Sparse[float]"), series([1, 2], dtype="Sparse[int]")),
    ],
    "text": [
        *(series(["a", "b"]), series(["a", "b"], dtype=object), series(["a", None], dtype=object)),
        *(series(["a", "b"], dtype="string[python]"), series(["a", "b"], dtype="string[pyarrow]")),
        *(
            series(["a", np.nan], dtype=object),
            series(["a", None]),
            series(["a", pd.NA], dtype=object),
        ),
        *(series(["ab", ""]), series(["", "ab"]), series(["a", "b"], dtype="category")),
        *(series(["a", "b"], dtype=pd.CategoricalDtype(["a", "b", "c"])), series(["a", ""])),
        *(series(["a", "b"], dtype=pd.CategoricalDtype(["b", "a"])),),
        *(series(["a", "b"], dtype=pd.CategoricalDtype(["a", "b"], ordered=True)), ["a", "b"]),
        *(
            series(["a", "b"], dtype=pd.ArrowDtype(pa.string())),
            series(["a", None], dtype="category"),
        ),
        *(series(["a", "b"], dtype=pd.ArrowDtype(pa.large_string())),),
    ],
    "dates": [
        *(
            series(pd.date_range("2024", periods=2)),
            series(pd.date_range("2024", periods=2, tz="UTC")),
        ),
        *(
            series(pd.date_range("2024", periods=2, unit="ns")),
            series(pd.date_range("2024", periods=2, unit="s")),
        ),
        *(
            series(pd.date_range("2024", periods=2, tz="Europe/London")),
            series(pd.to_timedelta([1, 2], "s")),
        ),
        *(
            series(pd.period_range("2024", periods=2)),
            series(pd.period_range("2024", periods=2, freq="M")),
        ),
        *(series(pd.interval_range(0, 2)), series(pd.interval_range(0, 2, closed="left"))),
        *(series([pd.Timestamp("2024"), pd.NaT]), series([pd.NaT, pd.NaT])),
        *(pd.date_range("2024", periods=2), pd.DatetimeIndex(["2024-01-01", "2024-01-02"])),
        *(pd.date_range("2024", periods=2, freq="B"), series(pd.interval_range(0.0, 2.0))),
    ],
    "indices": [
        *(
            pd.RangeIndex(3),
            pd.RangeIndex(3, name="a"),
            pd.RangeIndex(0, 3, 2),
            pd.Index([0, 1, 2]),
        ),
        *(pd.Index([0.0, 1.0, 2.0]), pd.Index(list("abc")), pd.Index(list("abc"), dtype=object)),
        *(
            pd.MultiIndex.from_tuples([(1, 2)]),
            pd.MultiIndex.from_tuples([(1, 2)], names=["a", "b"]),
        ),
        *(
            pd.MultiIndex.from_tuples([(2, 1)]),
            pd.CategoricalIndex(list("abc")),
            pd.Index([(1, 2)], tupleize_cols=False),
        ),
        *(
            pd.IntervalIndex.from_breaks([0, 1]),
            pd.PeriodIndex(["2024"], freq="Y"),
            pd.Index([0, 1, 2], dtype="i4"),
        ),
    ],
    "frames": [
        *(
            frame(a=[1, 2], b=[3, 4]),
            frame(b=[3, 4], a=[1, 2]),
            frame(a=[1, 2], c=[3, 4]),
            frame(a=[1, 2]),
        ),
        *(frame(a=[3, 4], b=[1, 2]), frame(a=[1.0, 2], b=[3, 4]), frame(a=[1, 2], b=[3, 4]).T),
        *(pd.DataFrame([[1, 3], [2, 4]], columns=["a", "a"]), pd.DataFrame([[1, 3], [2, 4]])),
        *(frame(a=[1, 2], b=[3, 4]).set_index("a"), frame(a=[2, 1], b=[4, 3]), pd.DataFrame()),
        *(frame(a=[1, 2], b=[3, 4]).rename_axis(columns="c"), frame(a=[1, 2], b=[3, 4])[::-1]),
        *(
            pd.DataFrame(index=[0, 1]),
            pd.DataFrame(columns=["a"]),
            pd.DataFrame([[1, 3], [2, 4]], columns=list("ab"), index=[1, 2]),
        ),
    ],
    "arrow": [
        *(pa.array([1, 2]), pa.array([1, 2], pa.int32()), pa.array([1, None]), pa.array([1, 0])),
        *(pa.chunked_array([[1, 2]]), pa.table({"a": [1, 2]}), pa.table({"b": [1, 2]})),
        *(pa.array(["ab", "c"]), pa.array(["a", "bc"]), pa.array(["ab", "c"], pa.large_string())),
        *(
            pa.array([[1], [2, 3]]),
            pa.array([[1, 2], [3]]),
            pa.array([[1], None, [2, 3]]),
            pa.array([[1, 2, 3]]),
        ),
        *(pa.array([{"a": 1}]), pa.array([{"b": 1}]), pa.array([None]), pa.scalar(1), pa.int64()),
        *(
            pa.array(["a", "b"]).dictionary_encode(),
            pa.array([True, False]),
            pa.array([True, None]),
        ),
        *(
            pa.array([[1, 2]], pa.list_(pa.int64(), 2)),
            pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
        ),
        *(pa.schema([("a", pa.int64())]), pa.schema([("a", pa.int64())], metadata={"u": "m"})),
        *(pa.record_batch({"a": [1, 2]}), pa.array([b"ab", b"c"]), pa.array([Decimal("1.10")])),
    ],
    "generators": [
        *(np.random.default_rng(0), np.random.default_rng(1), np.random.RandomState(0)),
        *(np.random.Generator(np.random.MT19937(0)), np.random.SeedSequence(0)),
    ],
    "code": [
        *(lambda x: x, lambda x: x + 1, lambda x, y=1: x, lambda x, y=2: x, len, max, str.upper),
        *(functools.partial(max, 1), functools.partial(max, 2), functools.partial(min, 1), np.sin),
        *(
            [].append,
            [1].append,
            re.compile("a"),
            re.compile("a", re.IGNORECASE),
            re.compile("b"),
            dt,
            np.cos,
        ),
        *(
            {"f": lambda x: x},
            {"f": lambda x: x * 2},
            [len],
            [max],
            int,
            float,
            list[int],
            list[str],
        ),
        *(
            property(lambda self: 1),
            property(lambda self: 2),
            staticmethod(len),
            functools.lru_cache(len),
        ),
        *(
            "a".upper,
            "b".upper,
            Point(1).__repr__,
            Point(2).__repr__,
            (lambda: 1).__code__,
            (lambda: 2).__code__,
        ),
    ],
    "nested": [
        *([[1, 2], [3]], [[1], [2, 3]], [1, [2, [3]]], {"a": {"b": 1}}, {"a": [("b", 1)]}),
        *([np.arange(2), np.arange(3)], [np.arange(3), np.arange(2)], (np.arange(2), np.arange(3))),
        *([frame(a=[1])], {"a": frame(a=[1])}, {"a": series([1], name="a")}, [[frame(a=[1])]]),
        *(
            [Slotted(1, [2])],
            [Slotted(1, (2,))],
            [Slotted(Slotted(1, 2), 3)],
            [Slotted(1, Slotted(2, 3))],
        ),
    ],
    "paths": [Path("nowhere"), PurePosixPath("nowhere"), "nowhere", Path("nowhere/else")],
    "words": [
        UUID(int=1),
        UUID(int=2),
        1,
        "\ud800",
        "é",
        "e\u0301",
        memoryview(b"a"),
        b"a",
        complex(0, 1),
        1j * 2,
    ],
}


@pytest.mark.parametrize("group", GROUPS)
def test_values_of_a_group_are_all_told_apart(group: str) -> None:
    seen: dict[bytes, object] = {}
    for value in GROUPS[group]:
        digest = fingerprint(value)
        assert len(digest) == 16
        assert digest not in seen, f"{value!r} and {seen[digest]!r}"
        seen[digest] = value
        assert fingerprint(value) == digest


def sliced(table: pa.Table) -> pa.Array:
    return pa.concat_tables([table, table]).column(0).slice(len(table), len(table))


def unconsolidated() -> pd.DataFrame:
    made = frame(a=[1, 2])
    made["b"] = [3, 4]
    return made


def levelled() -> pd.MultiIndex:
    return pd.MultiIndex.from_product([[1, 2, 3], ["a", "b"]])[:2]


EQUAL: dict[str, tuple[object, object]] = {
    "layout of an array": (np.arange(6).reshape(2, 3), np.asfortranarray(np.arange(6).reshape(2, 3))),
    "strides of an array": (np.arange(0, 10, 2), np.arange(10)[::2]),
    "order of a set": ({"a", "b", "c", 1}, {1, "c", "b", "a"}),
    "blocks of a frame": (frame(a=[1, 2], b=[3, 4]), unconsolidated()),
    "a copy of a frame": (frame(a=[1], b=["x"]), frame(a=[1], b=["x"]).copy()),
    "a slice of a series": (series([2.0, 3.0], index=[1, 2]), series([1.0, 2.0, 3.0])[1:].set_axis([1, 2])),
    "unused levels": (levelled(), pd.MultiIndex.from_tuples([(1, "a"), (1, "b")])),
    "chunks": (pa.chunked_array([[1], [2, 3]]), pa.chunked_array([[1, 2], [3]])),
    "slices of text": (pa.array(["b", None]), pa.array(["a", "b", None]).slice(1)),
    "what lies under nulls": (
        pa.Array.from_buffers(pa.int64(), 2, [pa.py_buffer(b"\1"), pa.py_buffer(np.array([1, 7]))]),
        pa.array([1, None]),
    ),
    "what lies under a mask": (
        np.ma.array([1, 2], mask=[False, True]), np.ma.array([1, 3], mask=[False, True]),
    ),
    "nullable numbers": (
        pd.Series(pd.arrays.IntegerArray(np.array([1, 9]), np.array([False, True]))),
        series([1, None], dtype="Int64"),
    ),
    "sharing": ([[1, [2]]] * 2, [[1, [2]], [1, [2]]]),
    "attributes set in another order": (
        SimpleNamespace(a=[1], b=2), SimpleNamespace(b=2, a=[1]),
    ),
    "a lambda at another line": (lambda x: x + 1, lambda x: x + 1),
    "lists within arrow": (pa.array([[1], [2, 3]]).slice(1), pa.array([[2, 3]])),
    "a memory map": (np.arange(3), np.arange(3).view()),
}  # fmt: skip


@pytest.mark.parametrize("name", EQUAL)
def test_what_nobody_can_tell_apart_is_the_same(name: str) -> None:
    one, other = EQUAL[name]
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize("dtype", ["f8", "i4", "?", "M8[s]", "m8[s]", "O", "c16"])
def test_the_short_way_for_common_columns_gives_what_the_walk_gives(
    dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jupyter_lifecycle.hashing import frames

    value = pd.Series(np.arange(5).astype(dtype), name="a")
    short = fingerprint(value)
    monkeypatch.setattr(frames, "_plain_series", lambda value: None)
    assert fingerprint(value) == short


def test_structs_are_compared_field_by_field_not_by_their_padding() -> None:
    kind = np.dtype([("a", "i1"), ("b", "f8")], align=True)
    one, other = np.zeros(2, kind), np.frombuffer(bytearray(b"\xff" * 32), kind).copy()
    other["a"], other["b"] = 0, 0
    assert fingerprint(one) == fingerprint(other)


def test_a_file_counts_by_its_content(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    missing = fingerprint(file)
    file.write_text("1")
    first = fingerprint(file)
    file.write_text("2")
    second = fingerprint(file)
    file.write_text("1")
    assert first == fingerprint(file)
    assert len({missing, first, second}) == 3


def test_a_folder_counts_by_its_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a").write_text("1")
    first = fingerprint(tmp_path)
    (tmp_path / "sub" / "a").rename(tmp_path / "sub" / "b")
    second = fingerprint(tmp_path)
    (tmp_path / "sub" / "b").write_text("2")
    assert len({first, second, fingerprint(tmp_path)}) == 3


def test_a_settled_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from jupyter_lifecycle.hashing import files

    file = tmp_path / "a"
    file.write_text("1")
    os.utime(file, (1, 1))
    monkeypatch.setattr(files, "_SETTLED", -1)
    first = fingerprint(file)
    reads = []
    monkeypatch.setattr(files, "_content", lambda path: reads.append(path) or b"x")
    assert fingerprint(file) == first
    assert reads == []


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(FingerprintError, match="neither a file nor a folder"):
        fingerprint(pipe)


def test_a_file_that_cant_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jupyter_lifecycle.hashing import files

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    file = tmp_path / "a"
    file.write_text("1")
    monkeypatch.setattr(files, "_content", refuse)
    with pytest.raises(FingerprintError, match="Permission denied"):
        fingerprint({"source": file})


class Callback:
    def __init__(self, callback: object) -> None:
        self.callback = callback


def generator() -> object:
    return (i for i in [1])


REFUSED = [
    (lambda: {"a": [0, 1, 2, Callback(generator())]}, "value['a'][3].callback"),
    (lambda: [generator()], "value[0]"),
    (lambda: {"k": (1, {"x": weakref.ref(Point)})}, "value['k'][1]['x']"),
    (lambda: frame(a=[generator()]), "value['a'][0]"),
    (lambda: functools.partial(len, generator()), "value.args[0]"),
    (lambda: series([1], name="a", index=[generator()]), "value.index[0]"),
]


@pytest.mark.parametrize(("make", "path"), REFUSED)
def test_what_has_no_state_is_refused_with_its_path(make: object, path: str) -> None:
    with pytest.raises(FingerprintError) as caught:
        fingerprint(make())
    assert path in caught.value.message
    assert caught.value.detail["path"].startswith(path)
    assert caught.value.detail["reason"]


def test_a_zone_without_a_name_is_refused() -> None:
    with pytest.raises(FingerprintError, match="time zone"):
        fingerprint(ZoneInfo.from_file(io.BytesIO(zone_bytes())))


def zone_bytes() -> bytes:
    """A minimal TZif file: UTC (RFC 8536)."""
    head = b"TZif" + b"\0" * 16 + b"".join(n.to_bytes(4, "big") for n in (0, 0, 0, 0, 1, 4))
    return head + b"\0\0\0\0\0\0UTC\0"


def test_a_ufunc_that_was_made_at_run_time_is_refused() -> None:
    with pytest.raises(FingerprintError, match="made at run time"):
        fingerprint(np.frompyfunc(lambda x: x + 1, 1, 1))


def test_a_global_that_isnt_where_it_says_is_refused() -> None:
    class Named:
        def __reduce__(self) -> str:
            return "nowhere"

    with pytest.raises(FingerprintError, match="nowhere"):
        fingerprint(Named())


def test_an_arrow_type_without_known_layout_is_refused() -> None:
    union = pa.UnionArray.from_dense(
        pa.array([0, 1], pa.int8()), pa.array([0, 0], pa.int32()), [pa.array([1]), pa.array(["a"])]
    )
    with pytest.raises(FingerprintError, match="no known layout"):
        fingerprint(union)


def test_cycles_end() -> None:
    one: list[object] = [1]
    one.append(one)
    other: list[object] = [1]
    other.append(other)
    longer: list[object] = [1, [1]]
    longer[1].append(longer)  # type: ignore[attr-defined]
    assert fingerprint(one) == fingerprint(other)
    assert fingerprint(one) != fingerprint(longer)
    assert fingerprint([one, 2]) != fingerprint([2, one])


def test_a_doubly_linked_list_is_told_apart_by_every_value() -> None:
    def linked(*values: int) -> Slotted:
        nodes = [Slotted(value, {}) for value in values]
        for left, right in pairwise(nodes):
            left.b["next"] = right
            right.b["previous"] = left
        return nodes[0]

    assert fingerprint(linked(1, 2, 3, 4)) == fingerprint(linked(1, 2, 3, 4))
    assert fingerprint(linked(1, 2, 3, 4)) != fingerprint(linked(1, 2, 3, 5))
    assert fingerprint(linked(1, 2, 3)) != fingerprint(linked(1, 2))


def test_a_web_of_references_takes_no_exponential_time() -> None:
    nodes = [Slotted(i, []) for i in range(60)]
    for node in nodes:
        node.b.extend(nodes)
    assert fingerprint(nodes[0]) != fingerprint(nodes[1])


def test_depth_is_no_limit() -> None:
    deep: object = [1]
    for _ in range(20_000):
        deep = [deep, "x"]
    assert len(fingerprint(deep)) == 16
    while isinstance(deep, list):  # or its destructor would recurse
        deep = deep.pop(0)


def test_shared_parts_are_walked_once() -> None:
    part: object = [np.arange(3), "x"]
    for _ in range(100):
        part = [part, part]
    assert len(fingerprint(part)) == 16


def test_a_fitted_model_is_known_by_what_it_learned() -> None:
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows = np.arange(40.0).reshape(20, 2) % 7
    answer = rows.sum(axis=1)

    def forest(seed: int) -> object:
        return RandomForestRegressor(3, random_state=seed).fit(rows, answer)

    def pipe(scale: float) -> object:
        return make_pipeline(StandardScaler(), LinearRegression()).fit(rows * scale, answer)

    assert fingerprint(forest(0)) == fingerprint(forest(0))
    assert fingerprint(forest(0)) != fingerprint(forest(1))
    assert fingerprint(pipe(1.0)) == fingerprint(pipe(1.0))
    assert fingerprint(pipe(1.0)) != fingerprint(pipe(2.0))
    assert fingerprint(LinearRegression()) != fingerprint(LinearRegression(fit_intercept=False))


def test_combine_keeps_parts_apart() -> None:
    digests = [
        combine("t", b"ab", b"c"), combine("t", b"a", b"bc"), combine("t", b"abc"),
        combine("t", b"", b"abc"), combine("ta", b"bc"), combine("u", b"abc"), combine("t"),
    ]  # fmt: skip
    assert len(set(digests)) == len(digests)
    assert all(len(digest) == 16 for digest in digests)
