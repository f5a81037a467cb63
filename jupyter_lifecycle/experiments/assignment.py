"""Which bucket a unit falls into: the same in every language, from the seed and the unit alone.

The bucketing is the public one of GrowthBook's SDKs, described under "Hashing" in
https://docs.growthbook.io/lib/build-your-own: 32-bit FNV-1a
(http://www.isthe.com/chongo/tech/comp/fnv/) over the text's UTF-16 units, twice in version 2.
Version 1 is for those who come from there: its buckets under two seeds are not independent.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from jupyter_lifecycle.errors import AssignmentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

BUCKETS = 10_000
"""How fine a share can be: one part in ten thousand."""

FNV_OFFSET = 0x811C9DC5
FNV_PRIME = 0x01000193
_UTF_16 = "utf-16-le" if sys.byteorder == "little" else "utf-16-be"

Range = tuple[float, float]
"""From (included) to (excluded), both shares between 0 and 1."""


def fnv1a(units: Iterable[int], state: int = FNV_OFFSET) -> int:
    """Go on with 32-bit FNV-1a from ``state`` over ``units``, whole numbers."""
    # its constants stand here as numbers: looking names up took a quarter of the time
    for unit in units:
        state = (state ^ unit) * 0x01000193 & 0xFFFFFFFF
    return state


def utf16_units(text: str) -> Sequence[int]:
    """Give the UTF-16 code units of ``text``: what JavaScript, Java and C# index a string by."""
    if text.isascii():
        return text.encode("ascii")
    return memoryview(text.encode(_UTF_16, "surrogatepass")).cast("H")


def unit_text(value: object) -> str | None:
    """Write a unit as every language writes it, or give None where there is none.

    Parameters
    ----------
    value : str, int, bool, float or None
        Whole floats are written without their point, as JSON's readers in JavaScript do, so that
        ``1.0`` and ``1`` are one unit; booleans are ``true`` and ``false``.

    Returns
    -------
    str or None
        None for None, NaN and the empty string: no unit.

    Raises
    ------
    AssignmentError
        For a float with a fraction and for any other type: languages write those differently.
    """
    if isinstance(value, str):
        return value or None
    if value is None:
        return None
    if isinstance(value, bool) or type(value).__name__ in {"bool", "bool_"}:
        return "true" if value else "false"
    if isinstance(value, int) or hasattr(value, "__index__"):
        return str(int(value))
    if isinstance(value, float) or type(value).__name__ in {"float32", "float16"}:
        return _whole_text(float(value))  # type: ignore[arg-type]
    if type(value).__name__ in {"NAType", "NaTType"}:
        return None
    raise AssignmentError(
        f"A unit is text or a whole number, but {value!r} is a {type(value).__name__}:"
        " languages write those differently. Turn it into text first.",
        unit=repr(value),
    )


def _whole_text(value: float) -> str | None:
    if value != value:  # noqa: PLR0124 - only NaN is not itself
        return None
    if not value.is_integer() or abs(value) > 2**53:
        raise AssignmentError(
            f"A unit is text or a whole number up to 2**53, but this one is {value!r}:"
            " languages write such a float differently. Turn it into text first.",
            unit=repr(value),
        )
    return str(int(value))


def hash_unit(seed: str, value: object, version: int = 2) -> float | None:
    """Give the place of a unit between 0 and 1: uniform over units, fixed for seed and unit.

    Parameters
    ----------
    seed : str
        Another seed gives places that are independent of these (version 2 only).
    value : str, int, bool or None
        The unit; numbers are written as text first (:func:`unit_text`).
    version : int
        2: ``fnv(str(fnv(seed + value))) % 10000 / 10000``, four decimals.
        1: ``fnv(value + seed) % 1000 / 1000``, three decimals.

    Returns
    -------
    float or None
        In [0, 1). None where there is no unit, or the version is not one of these, as GrowthBook's
        SDKs answer.

    Raises
    ------
    AssignmentError
        The unit is of a type that languages write differently.

    Examples
    --------
    >>> hash_unit("seed", "a"), hash_unit("b", "a", version=1)
    (0.0505, 0.946)
    """
    text = unit_text(value)
    if text is None:
        return None
    if version == 2:
        return second_hash(fnv1a(utf16_units(seed + text))) / BUCKETS
    if version == 1:
        return fnv1a(utf16_units(text + seed)) % 1000 / 1000
    return None


def second_hash(first: int) -> int:
    """Hash the first hash's decimal digits again: a bucket from 0 to 9,999.

    One pass of FNV-1a leaves seeds that differ in a few characters related to each other.
    """
    return fnv1a(b"%d" % first) % BUCKETS


def equal_weights(n: int) -> list[float]:
    """Give ``n`` weights of ``1 / n``; none where ``n`` is under one.

    Examples
    --------
    >>> equal_weights(2)
    [0.5, 0.5]
    """
    return [1 / n] * n if n > 0 else []


def bucket_ranges(
    n: int, coverage: float | None = 1.0, weights: Sequence[float] | None = None
) -> list[Range]:
    """Give each of ``n`` arms its range of places.

    A range starts where its arm would start at full coverage and covers a part of the way to the
    next: when coverage grows, ranges grow at their ends, and nobody changes arm.

    Parameters
    ----------
    n : int
        How many arms.
    coverage : float, optional
        The part of all units that are in, clipped to 0 … 1.
    weights : sequence of float, optional
        One a arm. As GrowthBook's SDKs do, weights of another number than ``n``, or whose sum is
        not
        between 0.99 and 1.01, give way to equal ones; an :class:`~jupyter_lifecycle.experiments.
        Experiment` refuses them.

    Returns
    -------
    list of (float, float)
        From (included) to (excluded).

    Examples
    --------
    >>> bucket_ranges(2, 0.5)
    [(0.0, 0.25), (0.5, 0.75)]
    """
    share = min(max(1.0 if coverage is None else coverage, 0.0), 1.0)
    fair = weights is not None and len(weights) == n and 0.99 <= sum(weights) <= 1.01
    ranges = []
    start = 0.0
    for weight in weights if fair and weights is not None else equal_weights(n):
        ranges.append((start, start + share * weight))
        start += weight
    return ranges


def choose_variation(u: float | None, ranges: Sequence[Range]) -> int:
    """Give the first range that holds place ``u``, counted from 0, or -1 where none does.

    Examples
    --------
    >>> choose_variation(0.6, [(0, 0.25), (0.5, 0.75)]), choose_variation(0.4, [(0, 0.25)])
    (1, -1)
    """
    if u is not None:
        for index, (start, end) in enumerate(ranges):
            if start <= u < end:
                return index
    return -1


def in_namespace(unit: object, namespace: tuple[str, float, float]) -> bool:
    """Tell whether a unit is in a namespace ``(name, start, end)`` of GrowthBook.

    That is how version 1 keeps experiments apart: for those who move running ones from there. Here
    layers do it.

    Examples
    --------
    >>> in_namespace("1", ("namespace1", 0.4, 1))
    True
    """
    name, start, end = namespace
    place = hash_unit(f"__{name}", unit, version=1)
    return place is not None and start <= place < end
