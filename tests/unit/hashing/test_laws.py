"""Laws of fingerprints, on values that nobody thought of."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from jupyter_lifecycle.hashing import combine, fingerprint

settings.register_profile(
    "laws", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("laws")

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
    | st.complex_numbers() | st.datetimes() | st.timedeltas() | st.decimals(allow_nan=False)
)  # fmt: skip
keys = st.text(max_size=3) | st.integers(-5, 5) | st.booleans() | st.none()
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(keys, inner, max_size=4)
        | st.frozensets(st.integers() | st.text(max_size=3), max_size=4)
    ),
    max_leaves=12,
)
arrays = hnp.arrays(
    st.sampled_from(["f8", "f4", "i8", "i2", "u1", "?", "M8[s]", "m8[ms]", "U3", "c16"]),
    hnp.array_shapes(max_dims=3, max_side=4, min_side=0),
)


def written(value: Any) -> str:
    """A text that differs wherever a program can tell two values apart, except in NaN's payload."""
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}[{','.join(map(written, value))}]"
    if isinstance(value, dict):
        inside = ",".join(f"{written(k)}:{written(v)}" for k, v in value.items())
        return f"dict[{inside}]"
    if isinstance(value, frozenset):
        return f"frozenset[{','.join(sorted(map(written, value)))}]"
    return f"{type(value).__name__}({value!r})"


@given(values, values)
def test_values_are_the_same_exactly_where_they_are_written_the_same(one: Any, other: Any) -> None:
    if written(one) != written(other):
        assert fingerprint(one) != fingerprint(other)


@given(values)
def test_a_copy_and_a_pickled_copy_are_the_same(value: Any) -> None:
    assert fingerprint(copy.deepcopy(value)) == fingerprint(value)
    assert fingerprint(pickle.loads(pickle.dumps(value))) == fingerprint(value)


@given(st.lists(st.integers(), unique=True, max_size=20), st.randoms())
def test_the_order_of_a_set_is_nothing(members: list[int], random: Any) -> None:
    shuffled = list(members)
    random.shuffle(shuffled)
    assert fingerprint(set(members)) == fingerprint(set(shuffled))


@given(values, values, values)
def test_nesting_is_seen(one: Any, two: Any, three: Any) -> None:
    shapes = [[one, two, three], [[one, two], three], [one, [two, three]], [[one, two, three]]]
    texts = {written(shape): fingerprint(shape) for shape in shapes}
    assert len(set(texts.values())) == len(texts)


@given(st.lists(st.binary(max_size=6), max_size=5), st.lists(st.binary(max_size=6), max_size=5))
def test_combined_parts_are_the_same_only_if_all_are(one: list[bytes], other: list[bytes]) -> None:
    assert (combine("t", *one) == combine("t", *other)) == (one == other)


@given(arrays, st.data())
def test_an_array_is_known_by_dtype_shape_and_elements_alone(array: Any, data: Any) -> None:
    digest = fingerprint(array)
    assert fingerprint(np.asfortranarray(array)) == digest
    padded = np.empty((*array.shape, 2), array.dtype)
    padded[..., 0] = array
    if array.ndim:
        assert fingerprint(padded[..., 0]) == digest
    assert fingerprint(array.reshape((*array.shape, 1))) != digest
    if array.size:
        place = data.draw(st.integers(0, array.size - 1))
        changed = array.copy()
        changed.view("u1").reshape(array.size, -1)[place, 0] ^= 1 if array.dtype.kind != "U" else 7
        if changed.tobytes() != array.tobytes():
            assert fingerprint(changed) != digest


columns = st.one_of(
    st.lists(st.floats(), max_size=6).map(lambda v: pd.Series(v, dtype="float64")),
    st.lists(st.none() | st.text(max_size=3), max_size=6).map(lambda v: pd.Series(v, dtype="str")),
    st.lists(st.none() | st.integers(-9, 9), max_size=6).map(lambda v: pd.Series(v, dtype="Int64")),
    st.lists(st.none() | st.booleans(), max_size=6).map(lambda v: pd.Series(v, dtype="boolean")),
    st.lists(st.sampled_from("abc"), max_size=6).map(lambda v: pd.Series(v, dtype="category")),
    st.lists(scalars, max_size=6).map(lambda v: pd.Series(v, dtype=object)),
)


@given(columns)
def test_a_series_is_told_from_its_relatives(series: pd.Series) -> None:
    digest = fingerprint(series)
    assert fingerprint(series.copy()) == digest
    assert fingerprint(pd.concat([series, series])[: len(series)].set_axis(series.index)) == digest
    assert fingerprint(series.rename("other")) != digest
    assert fingerprint(series.to_frame("a")) != digest
    assert fingerprint(series.set_axis(series.index + 1)) != digest or series.empty
    if len(series) > 1 and written(series[0]) != written(series[len(series) - 1]):
        assert fingerprint(series[::-1].reset_index(drop=True)) != digest


@given(st.dictionaries(st.text(max_size=2), columns, min_size=2, max_size=3))
def test_a_frame_is_known_by_its_columns_in_their_order(members: dict[str, pd.Series]) -> None:
    frame = pd.DataFrame(members)
    again = pd.DataFrame(index=frame.index)
    for name in frame:
        again[name] = frame[name]
    again.columns = frame.columns
    assert fingerprint(again) == fingerprint(frame)
    names = list(frame)
    assert fingerprint(frame[names[::-1]]) != fingerprint(frame)
