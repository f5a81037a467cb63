"""Whatever is stored comes back exactly, and a cache never gives what another key was given."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.errors import CacheError
from jupyter_lifecycle.hashing import combine, fingerprint

QUICK = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))

texts = st.none() | st.text(max_size=4)
zones = st.sampled_from([None, "UTC", "Europe/London"])
moments = st.datetimes(pd.Timestamp("1990-01-01"), pd.Timestamp("2030-01-01"))
odd = (
    st.none()
    | st.just(np.nan)
    | st.just(pd.NA)
    | st.text(max_size=2)
    | st.integers(-3, 3)
    | st.booleans()
)


@st.composite
def series(draw: Any) -> pd.Series:
    kind = draw(
        st.sampled_from(
            ["numpy", "str", "object", "category", "Int32", "boolean", "zoned", "arrow"]
        )
    )
    size = draw(st.integers(0, 6))

    def many(of: Any) -> list[Any]:
        return draw(st.lists(of, min_size=size, max_size=size))

    if kind == "numpy":
        dtype = draw(st.sampled_from(["f8", "f4", "f2", "i8", "u2", "?", "M8[s]", "m8[us]", "c8"]))
        values: Any = pd.Series(draw(hnp.arrays(dtype, size)))
    elif kind == "zoned":
        dates = pd.DatetimeIndex(many(moments), dtype="M8[us]")
        values = pd.Series(dates.tz_localize("UTC").tz_convert(draw(zones)))
    elif kind == "Int32":
        values = pd.Series(many(st.none() | st.integers(-9, 9)), dtype="Int32")
    elif kind == "boolean":
        values = pd.Series(many(st.none() | st.booleans()), dtype="boolean")
    elif kind == "arrow":
        values = pd.Series(many(st.none() | st.integers(-9, 9)), dtype="int16[pyarrow]")
    else:
        values = pd.Series(many(odd if kind == "object" else texts), dtype=kind)
    index = draw(st.sampled_from(["range", "numbers", "texts", "dates"]))
    if index == "numbers":
        values.index = pd.Index(many(st.integers(0, 3)), dtype="int64")
    elif index == "texts":
        values.index = pd.Index(many(st.text(max_size=2)), dtype="str")
    elif index == "dates":
        values.index = pd.DatetimeIndex(many(moments), dtype="M8[us]")
    values.name = draw(st.none() | st.text(max_size=2) | st.integers(0, 2))
    return values


frames = st.lists(series(), max_size=3).map(
    lambda columns: (
        pd.concat([c.reset_index(drop=True) for c in columns], axis=1)
        if columns
        else pd.DataFrame()
    )
)
arrays = hnp.arrays(
    st.sampled_from(["f8", "i4", "?", "M8[D]", "U2", "c16"]), hnp.array_shapes(min_side=0)
)
objects = st.recursive(
    st.none() | st.floats() | st.text() | series(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
anything = series() | frames | arrays | objects


@QUICK
@given(anything)
def test_what_is_stored_comes_back(value: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for cache in (ColumnCache(folder), ColumnCache()):
            entry = cache.store(b"k" * 16, value, seconds=0)
            reading = cache if cache.path is None else ColumnCache(folder)
            found = reading.lookup(b"k" * 16).load()
            assert fingerprint(found) == fingerprint(value) == entry.output
            assert type(found) is type(value)


class TwoKernels(RuleBasedStateMachine):
    """Two caches on one folder, a hand that damages it, and what each key was last given."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.caches = [ColumnCache(self.path, disk_bytes=20_000) for _ in range(2)]
        self.given: dict[bytes, set[bytes]] = {}

    names = st.integers(0, 5).map(lambda i: combine("key", bytes([i])))
    which = st.integers(0, 1)
    contents = st.integers(0, 9)

    @staticmethod
    def value(content: int) -> Any:
        return [
            content,
            np.arange(200.0) + content,
            pd.Series([content] * 300, index=range(5, 305)),
        ][content % 3]

    @rule(which=which, key=names, content=contents)
    def store(self, which: int, key: bytes, content: int) -> None:
        value = self.value(content)
        self.caches[which].store(key, value, seconds=0)
        self.given.setdefault(key, set()).add(fingerprint(value))

    @rule(which=which, key=names, other=names)
    def alias(self, which: int, key: bytes, other: bytes) -> None:
        entry = self.caches[which].lookup(other)
        if entry is not None:
            self.caches[which].alias(key, entry)
            self.given.setdefault(key, set()).add(entry.output)

    @rule(which=which)
    def restart(self, which: int) -> None:
        self.caches[which] = ColumnCache(self.path, disk_bytes=20_000)

    @rule(which=which)
    def clear(self, which: int) -> None:
        self.caches[which].clear()

    @rule(place=st.integers(0, 10_000), whom=st.integers(0, 50))
    def damage(self, place: int, whom: int) -> None:
        files = [path for path in sorted(self.path.rglob("*")) if path.is_file()]
        if files:
            path = files[whom % len(files)]
            data = bytearray(path.read_bytes())
            if data:
                data[place % len(data)] ^= 0x10
                # put in place as a whole: a file that is mapped may not shrink under its reader
                replacement = path.with_name(path.name + ".new")
                replacement.write_bytes(data)
                replacement.replace(path)

    @invariant()
    def nothing_wrong_is_served(self) -> None:
        for cache in self.caches:
            for key, outputs in self.given.items():
                entry = cache.lookup(key)
                if entry is None:
                    continue
                try:
                    found = entry.load()
                except CacheError:
                    continue
                assert fingerprint(found) == entry.output
                assert entry.output in outputs

    def teardown(self) -> None:
        self.folder.cleanup()


TwoKernels.TestCase.settings = settings(
    deadline=None, max_examples=30, stateful_step_count=20, suppress_health_check=list(HealthCheck)
)
TestTwoKernels = TwoKernels.TestCase
