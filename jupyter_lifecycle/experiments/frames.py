"""Places of a whole column of units at once: numpy over Arrow's own buffers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jupyter_lifecycle.errors import AssignmentError
from jupyter_lifecycle.experiments.assignment import (
    BUCKETS,
    FNV_OFFSET,
    FNV_PRIME,
    fnv1a,
    unit_text,
    utf16_units,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from jupyter_lifecycle.experiments.assignment import Range
    from jupyter_lifecycle.experiments.layers import Experiment, Layer

    Places = npt.NDArray[np.float64]
    Words = npt.NDArray[np.uint32]

BLOCK = 1 << 15
"""Units at a time: their states stay in the processor's cache."""

_PRIME = np.uint32(FNV_PRIME)
_WIDE_OFFSET = 0xCBF29CE484222325
_WIDE_PRIME = np.uint64(0x100000001B3)
_UTF_16 = np.dtype(np.uint16).newbyteorder("<")


class Units:
    """A column of units as text, hashed under any number of seeds.

    Parameters
    ----------
    values : pandas.Series, numpy.ndarray, pyarrow.Array, polars.Series or list
        (n,) text or whole numbers; what is null, NaN or empty is no unit.

    Raises
    ------
    AssignmentError
        Values that languages write differently (:func:`~.assignment.unit_text`).
    """

    def __init__(self, values: Any) -> None:
        texts = _texts(values)
        self.codes: npt.NDArray[np.intp] | None = None
        if pa.types.is_dictionary(texts.type):
            codes = texts.indices
            self.codes = np.asarray(pc.fill_null(codes, len(texts.dictionary)), dtype=np.intp)
            texts = texts.dictionary.cast(pa.large_string())
        self._units, offsets = _code_units(texts)
        self._starts, self._lengths = offsets[:-1], np.diff(offsets)
        self._missing = self._lengths == 0

    def __len__(self) -> int:
        return len(self._missing) if self.codes is None else len(self.codes)

    def buckets(self, seed: str, version: int = 2) -> npt.NDArray[np.int64]:
        """Give each unit's bucket: 0 … 9,999 (version 1: 0 … 999), -1 where there is no unit."""
        if version not in {1, 2}:
            raise AssignmentError(
                f"Hash version {version!r} is not known: there are 1 and 2.", version=version
            )
        found = np.empty(len(self._missing), dtype=np.int64)
        before = fnv1a(utf16_units(seed)) if version == 2 else FNV_OFFSET
        for start in range(0, len(found), BLOCK):
            part = slice(start, min(start + BLOCK, len(found)))
            states = _over_text(self._units, self._starts[part], self._lengths[part], before)
            if version == 2:
                found[part] = _over_digits(states) % np.uint32(BUCKETS)
            else:
                for unit in utf16_units(seed):
                    states = (states ^ np.uint32(unit)) * _PRIME
                found[part] = states % np.uint32(1000)
        found[self._missing] = -1
        return found if self.codes is None else np.append(found, -1)[self.codes]

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Where there is no unit, (n,)."""
        return self._missing if self.codes is None else np.append(self._missing, True)[self.codes]

    def digests(self) -> npt.NDArray[np.uint64]:
        """Give a 64-bit hash of each unit (FNV-1a over its UTF-16 units), for joins."""
        found = np.empty(len(self._missing), dtype=np.uint64)
        for start in range(0, len(found), BLOCK):
            part = slice(start, min(start + BLOCK, len(found)))
            found[part] = _over_text(
                self._units, self._starts[part], self._lengths[part], _WIDE_OFFSET, _WIDE_PRIME
            )
        return found if self.codes is None else np.append(found, np.uint64(0))[self.codes]

    def take(self, rows: npt.NDArray[np.intp]) -> Units:
        """Give the units of these rows."""
        some = object.__new__(Units)
        some.codes, some._units = None, self._units
        picked = rows if self.codes is None else self.codes[rows]
        some._starts = np.append(self._starts, 0)[picked]
        some._lengths = np.append(self._lengths, 0)[picked]
        some._missing = some._lengths == 0
        return some

    def places(self, seed: str, version: int = 2) -> Places:
        """Give each unit's place in [0, 1), NaN where there is no unit."""
        buckets = self.buckets(seed, version)
        found = buckets / (BUCKETS if version == 2 else 1000)
        found[buckets < 0] = np.nan
        return found


def hash_units(seed: str, values: Any, version: int = 2) -> Places:
    """Give the places of a column of units: :func:`~.assignment.hash_unit` of each.

    Parameters
    ----------
    seed : str
        As for one unit.
    values : column
        (n,) text or whole numbers (:class:`Units`).
    version : int
        2, or 1 for those who come from GrowthBook's first.

    Returns
    -------
    numpy.ndarray
        (n,) float64 in [0, 1), NaN where there is no unit.

    Examples
    --------
    >>> hash_units("seed", ["a", "b", None]).tolist()
    [0.0505, 0.2696, nan]
    """
    return Units(values).places(seed, version)


def choose_variations(places: Places, ranges: Sequence[Range]) -> npt.NDArray[np.int64]:
    """Give each place's range, counted from 0, or -1 (:func:`~.assignment.choose_variation`)."""
    chosen = np.full(len(places), -1, dtype=np.int64)
    for index in reversed(range(len(ranges))):
        start, end = ranges[index]
        chosen[(places >= start) & (places < end)] = index
    return chosen


class Assigned(NamedTuple):
    """What one layer decided of a column of units.

    ``experiment`` and ``arm`` are (n,) whole numbers, -1 where there is none: an experiment's place
    in ``experiments``, an arm's in that experiment's arms.
    """

    experiments: tuple[Experiment, ...]
    experiment: npt.NDArray[np.int64]
    arm: npt.NDArray[np.int64]

    def names(self) -> tuple[Any, Any]:
        """Give the experiments' and the arms' names, as two Arrow dictionaries with nulls."""
        arms = [arm.name for one in self.experiments for arm in one.arms]
        firsts = np.cumsum([0, *(len(one.arms) for one in self.experiments)])
        within = firsts[np.maximum(self.experiment, 0)] + self.arm
        return (
            _dictionary(self.experiment, [one.name for one in self.experiments]),
            _dictionary(np.where(self.arm < 0, -1, within), arms),
        )


def assign(layer: Layer, experiments: Iterable[Experiment], units: Any) -> Assigned:
    """Assign a column of units in one layer: what a :class:`~.deciding.Decider` says of each.

    Targeting and holdouts of all layers are left to the caller, who has the other columns.

    Parameters
    ----------
    layer : Layer
        The deal.
    experiments : iterable of Experiment
        Those of other layers and those that do not run are passed over.
    units : Units or column
        (n,) text or whole numbers; make :class:`Units` once for several layers.

    Returns
    -------
    Assigned
        Experiment and arm of each unit.
    """
    column = units if isinstance(units, Units) else Units(units)
    mine = tuple(one for one in experiments if one.layer == layer.name and one.status == "running")
    owners = np.full(BUCKETS + 1, -1, dtype=np.int64)  # the last one is for those without a unit
    for index, one in enumerate(mine):
        for start, end in one.slots:
            owners[start:end] = index
    buckets = column.buckets(layer.seed, layer.version)
    slots = buckets if layer.version == 2 else np.where(buckets < 0, -1, buckets * 10)
    found = owners[slots]
    arms = np.full(len(found), -1, dtype=np.int64)
    for index, one in enumerate(mine):
        rows = np.flatnonzero(found == index)
        places = column.take(rows).places(one.seed, layer.version)
        arms[rows] = choose_variations(places, one.ranges)
    return Assigned(mine, np.where(arms < 0, -1, found), arms)


def _dictionary(codes: npt.NDArray[np.int64], names: list[str]) -> Any:
    indices = pa.array(codes.astype(np.int32), mask=codes < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(names, type=pa.string()))


def _texts(values: Any) -> Any:
    if isinstance(values, pa.ChunkedArray | pa.Array):
        array = values
    else:
        try:
            array = pa.array(values, from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            array = pa.array([unit_text(value) for value in values], type=pa.large_string())
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
        if isinstance(array, pa.ChunkedArray):  # more than one chunk where text passes 2 GB
            array = pa.concat_arrays(array.cast(pa.large_string()).chunks)
    kind = array.type
    if pa.types.is_dictionary(kind):
        if _is_text(kind.value_type):
            return array.cast(pa.dictionary(pa.int64(), kind.value_type))
        return _texts(array.cast(kind.value_type))
    if pa.types.is_floating(kind):
        array = _whole(array)
    elif not (_is_text(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        for value in array.drop_null()[:1]:
            unit_text(value.as_py())  # says what is wrong with it
    return array.cast(pa.large_string())


def _is_text(kind: Any) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _whole(array: Any) -> Any:
    """Floats as whole numbers, NaN as nulls."""
    floats = np.asarray(array.cast(pa.float64()).fill_null(np.nan))
    known = ~np.isnan(floats)
    with np.errstate(invalid="ignore"):
        odd = known & ((np.floor(floats) != floats) | (np.abs(floats) > 2**53))
    if odd.any():
        unit_text(float(floats[odd][0]))
    return pa.array(np.where(known, floats, 0).astype(np.int64), mask=~known)


def _code_units(texts: Any) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """All texts' UTF-16 units in one array, and where each text starts in it."""
    _, offsets_buffer, data_buffer = texts.buffers()
    count = len(texts)
    if count == 0 or data_buffer is None:
        return np.zeros(0, dtype=np.uint8), np.zeros(count + 1, dtype=np.int64)
    first = texts.offset
    offsets = np.frombuffer(offsets_buffer, dtype=np.int64)[first : first + count + 1]
    data = np.frombuffer(data_buffer, dtype=np.uint8)[offsets[0] : offsets[-1]]
    offsets = offsets - offsets[0]
    if not len(data) or data.max() < 0x80:
        return data, offsets
    # a character of four bytes is two units, every other one is one
    width = ((data & 0xC0) != 0x80).astype(np.int64) + (data >= 0xF0)
    starts = np.concatenate([[0], np.cumsum(width)])
    units = np.frombuffer(data.tobytes().decode().encode("utf-16-le"), dtype=_UTF_16)
    return units, starts[offsets]


def _over_text(
    units: npt.NDArray[Any],
    starts: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int64],
    before: int,
    prime: Any = _PRIME,
) -> Any:
    """FNV-1a over each text of a block, from the state ``before``, as wide as the prime is."""
    longest = int(lengths.max(initial=0))
    order = None
    shorter = -lengths
    if longest != int(lengths.min(initial=longest)):
        order = np.argsort(shorter, kind="stable")
        starts, shorter = starts[order], shorter[order]
    states = np.full(len(starts), before, dtype=prime.dtype)
    # longest first, so that those with a unit left are always the first ones
    left = len(starts)
    for position in range(longest):
        if order is not None:
            left = int(np.searchsorted(shorter, -position, side="left"))
        part = states[:left]
        part ^= units[starts[:left] + position]
        part *= prime
    if order is None:
        return states
    back = np.empty_like(states)
    back[order] = states
    return back


def _over_digits(states: Words) -> Words:
    """FNV-1a over each number's decimal digits, without leading zeros."""
    rest = states.copy()
    found = np.full(len(states), FNV_OFFSET, dtype=np.uint32)
    for power in range(9, -1, -1):
        scale = np.uint32(10**power)
        digit = rest // scale
        rest -= digit * scale
        following = (found ^ (digit + np.uint32(48))) * _PRIME
        found = following if power == 0 else np.where(states >= scale, following, found)
    return found
