"""The exposed units, each once, found again by their keys in any other table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from jupyter_lifecycle.errors import AnalysisError
from jupyter_lifecycle.experiments.frames import Units
from jupyter_lifecycle.experiments.tables import ROWS, Codes, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Keys = npt.NDArray[np.uint64]

MOST_ARMS = 100
MOST_VALUES = 1_000
_DAY = 86_400
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def keys(column: Any) -> tuple[Keys, npt.NDArray[np.bool_]]:
    """Give a 64-bit key of each unit, and where there is none.

    Whole numbers are mixed one to one; text is hashed, so that two of ten million different texts
    fall together with a probability of three in a million.
    """
    kind = column.type
    if pa.types.is_integer(kind):
        missing = np.asarray(column.is_null())
        whole = np.asarray(column.fill_null(0)).astype(np.int64).view(np.uint64)
        return _mixed(whole.copy()), missing
    units = Units(column)
    return _mixed(units.digests()), units.missing


def _mixed(found: Keys) -> Keys:
    """Spread keys over all 64 bits, one to one (the finaliser of SplitMix64).

    G. L. Steele, D. Lea and C. H. Flood, "Fast splittable pseudorandom number generators",
    OOPSLA 2014.
    """
    for shift, factor in zip((30, 27), _MIX, strict=True):
        found ^= found >> np.uint64(shift)
        found *= factor
    found ^= found >> np.uint64(31)
    return found


@dataclass
class Exposed:
    """The units of an experiment, in the order of their keys.

    Parameters
    ----------
    keys : numpy.ndarray
        (n,) sorted, each once.
    arm : numpy.ndarray
        (n,) codes in ``arms``; -1 for units that were seen in more than one.
    arms : list of str
        Names.
    day : numpy.ndarray, optional
        (n,) days since the first exposure, of the unit's own first one.
    first_day : int
        Days since 1970.
    columns : mapping
        Codes of other columns at the first exposure, with their values.
    crossed : int
        How many units were seen in more than one arm.
    rows : int
        How many exposures were read.
    """

    keys: Keys
    arm: npt.NDArray[np.int16]
    arms: list[str]
    day: npt.NDArray[np.int16] | None
    first_day: int
    columns: dict[str, tuple[npt.NDArray[np.int16], list[str]]]
    crossed: int
    rows: int

    def __post_init__(self) -> None:
        bits = max(1, len(self.keys).bit_length())
        self._shift = np.uint64(64 - bits)
        self._starts = np.zeros((1 << bits) + 1, dtype=np.int32)
        for start in range(0, len(self.keys), ROWS):
            bucket = (self.keys[start : start + ROWS] >> self._shift).astype(np.int64) + 1
            self._starts[bucket[0] : bucket[-1] + 1] += np.bincount(bucket - bucket[0]).astype(
                np.int32
            )
        np.cumsum(self._starts, out=self._starts)

    def order(self, arms: list[str]) -> None:
        """Give the arms this order, and their codes with it; arms that nobody was in may be new."""
        codes = np.full(len(self.arms) + 1, -1, dtype=np.int16)  # the last one is -1's
        for old, name in enumerate(self.arms):
            codes[old] = arms.index(name)
        self.arm, self.arms = codes[self.arm], arms

    def rows_of(self, wanted: Keys) -> npt.NDArray[np.int32]:
        """Give each key's row here, -1 where it was not exposed.

        Keys are spread evenly, so their first bits lead to within one or two rows of the place.
        """
        at = self._starts[(wanted >> self._shift).astype(np.int32)]
        found = np.full(len(wanted), -1, dtype=np.int32)
        if not len(self.keys):
            return found
        last = np.int32(len(self.keys) - 1)
        left = np.arange(len(wanted), dtype=np.int32)
        while len(left):
            here = self.keys[np.minimum(at, last)]
            hit = here == wanted
            found[left[hit]] = at[hit]
            more = (here < wanted) & (at < last)
            left, at, wanted = left[more], at[more] + np.int32(1), wanted[more]
        return found


def read_exposures(
    table: Table, unit: str, arm: str, time: str | None, others: list[str]
) -> Exposed:
    """Read the exposures: each unit's arm, its first day, and what else was known of it.

    Raises
    ------
    AnalysisError
        Columns that are missing, or no exposure at all.
    """
    wanted = [unit, arm, *([time] if time else []), *others]
    table.need([unit], "the unit")
    table.need([arm], "the arm")
    table.need([time] if time else [], "the time of exposure")
    table.need(others, "a segment")
    arms = Codes(arm, MOST_ARMS)
    codes = {name: Codes(name, MOST_VALUES) for name in others}
    read: list[list[npt.NDArray[Any]]] = [[] for _ in wanted]
    for piece in table.pieces(wanted):
        made, missing = keys(piece.column(0))
        own: list[npt.NDArray[Any]] = [made, arms.of(piece.column(1))]
        if time:
            own.append(_seconds(piece.column(2), time))
        rest = piece.columns[len(own) :]
        own.extend(codes[name].of(column) for name, column in zip(others, rest, strict=True))
        known = ~missing & (own[1] >= 0)
        for parts, part in zip(read, own, strict=True):
            parts.append(part if known.all() else part[known])
    if not sum(len(part) for part in read[0]):
        raise AnalysisError("There is no exposure with a unit and an arm.")
    # one column at a time, so that no more than one is there twice
    whole = [_joined(parts) for parts in read]
    pa.default_memory_pool().release_unused()
    return _once(whole, list(arms.values), time is not None, codes)


def _joined(parts: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    found = np.concatenate(parts)
    parts.clear()
    return found


def _once(
    whole: list[npt.NDArray[Any]], arms: list[str], timed: bool, codes: Mapping[str, Codes]
) -> Exposed:
    """Each unit once, with what its first exposure says."""
    rows = len(whole[0])
    order = _by_key(whole[0], whole[2] if timed else None)
    ordered = whole[0][order]
    whole[0] = ordered[:0]
    first = np.empty(rows, dtype=bool)
    first[0] = True
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    crossed = np.zeros(0, dtype=np.intp)
    if not first.all():
        group = np.cumsum(first) - 1
        arm = whole[1][order]
        crossed = np.unique(group[arm != arm[first][group]])
        order, ordered = order[first], ordered[first]
    chosen = whole[1][order]
    chosen[crossed] = -1
    day, first_day = None, 0
    if timed:
        days = (whole[2] // _DAY).astype(np.int32)
        first_day = int(days.min())
        day = np.minimum(days - first_day, MOST_VALUES - 1).astype(np.int16)[order]
    columns = {
        name: (part[order], list(code.values))
        for (name, code), part in zip(codes.items(), whole[2 + timed :], strict=True)
    }
    return Exposed(ordered, chosen, arms, day, first_day, columns, len(crossed), rows)


def _by_key(made: Keys, seconds: npt.NDArray[Any] | None) -> npt.NDArray[np.uint32]:
    """Give the rows in the order of key, then time, then reading.

    A key's first bits and its row make one number, and plain numbers sort twice as fast as their
    places do; only where the first bits are the same, more is looked at.
    """
    bits = np.uint64(max(1, len(made).bit_length()))
    packed = made >> bits
    packed <<= bits
    for start in range(0, len(made), ROWS):
        part = packed[start : start + ROWS]
        part |= np.arange(start, start + len(part), dtype=np.uint64)
    packed.sort()
    order = np.empty(len(made), dtype=np.uint32)
    np.bitwise_and(packed, (np.uint64(1) << bits) - np.uint64(1), out=order, casting="unsafe")
    packed >>= bits
    several = np.zeros(len(made), dtype=bool)
    np.equal(packed[1:], packed[:-1], out=several[1:])
    several[:-1] |= several[1:]
    places = np.flatnonzero(several)
    rows = order[places]
    when = rows if seconds is None else seconds[rows]
    order[places] = rows[np.lexsort((rows, when, made[rows]))]
    return order


def _seconds(column: Any, name: str) -> npt.NDArray[np.uint32]:
    """Seconds since 1970, at four bytes each."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        column = _parsed(column, name)
    elif pa.types.is_date(kind):
        column = column.cast(pa.timestamp("us"))
    elif not pa.types.is_timestamp(kind):
        raise AnalysisError(f"Column {name!r} holds {kind}, no times.", column=name)
    if column.null_count:
        raise AnalysisError(
            f"{column.null_count:,} exposures have no time in {name!r}.", column=name
        )
    zone = pa.timestamp("us", getattr(column.type, "tz", None))
    found = np.asarray(column.cast(zone, safe=False).cast(pa.int64())) // 1_000_000
    seconds: npt.NDArray[np.uint32] = np.clip(found, 0, 2**32 - 1).astype(np.uint32)
    return seconds


def _parsed(column: Any, name: str) -> Any:
    """Text as times: ISO 8601, with a zone in all of them or in none."""
    for kind in (pa.timestamp("us", "UTC"), pa.timestamp("us")):
        try:
            return pc.cast(column, kind)
        except pa.ArrowInvalid:
            continue
    raise AnalysisError(f"Column {name!r} holds text that is no time in ISO 8601.", column=name)


def joined(table: Table, exposed: Exposed, unit: str, columns: list[str]) -> Iterator[Any]:
    """Give pieces of another table as the exposed rows' numbers and the pieces' own columns."""
    for piece in table.pieces([unit, *columns]):
        made, missing = keys(piece.column(0))
        rows = exposed.rows_of(made)
        rows[missing] = -1
        yield rows, piece.columns[1:]


def other_arms(
    exposed: Exposed, source: Any, name: str, unit: str, arm: str
) -> tuple[npt.NDArray[np.int16], list[str]]:
    """Give each unit's arm in another experiment, -1 where it is in none or in several."""
    other = read_exposures(Table(source, f"exposures of {name}"), unit, arm, None, [])
    rows = other.rows_of(exposed.keys)
    return np.where(rows < 0, np.int16(-1), other.arm[rows]), other.arms
