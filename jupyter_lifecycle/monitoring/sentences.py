"""What a report says of one column, in a sentence with the numbers that lead to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lifecycle.monitoring.facing import faced, histogram_of

if TYPE_CHECKING:
    from jupyter_lifecycle.monitoring.profiles import ColumnProfile
    from jupyter_lifecycle.monitoring.verdicts import FeatureSkew


def sentence_of(one: FeatureSkew) -> str:
    """Give a column's verdict with effect, floor and limit, and what differs most.

    Parameters
    ----------
    one : FeatureSkew
        Judged.
    """
    if one.verdict == "none":
        return f"{one.name} is not compared: {one.reason}."
    if one.verdict == "few":
        if one.reason:
            return f"{one.name}: not enough data, {one.reason}."
        rows = min(one.reference.rows, one.observed.rows)
        if one.observed.rows == rows:
            return f"{one.name}: not enough data ({rows} observed rows)."
        more = "jl.save(…, training=…) keeps more"
        return f"{one.name}: not enough data ({rows} reference rows; {more})."
    effect = f"{bits(one.bits)} (floor {bits(one.floor)}, limit {bits(one.limit)})"
    if one.bits < one.limit and one.l_infinity >= one.l_infinity_limit:
        points = f"{100 * one.l_infinity:.1f} points (limit {100 * one.l_infinity_limit:g})"
        effect = f"one share differs by {points}, {bits(one.bits)} (floor {bits(one.floor)})"
    if one.verdict == "noise":
        return f"{one.name} is within noise: {effect}."
    verb = "moved" if one.verdict == "moved" else "moved a little"
    return f"{one.name} {verb}: {effect}. {_difference(one)}"


def bits(value: float) -> str:
    """Give bits with two significant digits: ``0.31 bit``, ``0.004 bit``, ``under 0.0001 bit``."""
    if 0 < value < _LEAST:
        return f"under {_LEAST:.4f} bit"
    return f"{float(f'{value:.2g}'):g} bit"


def percent(share: float) -> str:
    """Give a share in percent, precise where it is small."""
    return f"{share:.1%}" if share >= 0.001 or share == 0 else f"{share:.2g}"


def _difference(one: FeatureSkew) -> str:
    cells = faced(one.reference, one.observed)
    n, m = sum(cells.reference), sum(cells.observed)
    shares = [
        (name, a / n, b / m)
        for name, a, b in zip(cells.names, cells.reference, cells.observed, strict=True)
    ]
    name, before, after = max(shares, key=lambda cell: abs(cell[1] - cell[2]))
    middle = _middles(one)
    if middle and name.startswith("bin "):
        return middle
    if name == "other":
        name = f"other categories{_newcomers(one.observed)}"
    elif one.kind == "category" and name not in ("missing", "wrong type"):
        name = repr(name)
    moved_too = one.distances.get("kolmogorov_smirnov", 0.0) >= _SEEN
    shown = f"{name[0].upper()}{name[1:]}: {percent(before)} → {percent(after)} of rows."
    return f"{shown} {middle}" if middle and moved_too else shown


def _newcomers(observed: ColumnProfile) -> str:
    counted = sorted(observed.frequent or observed.new, key=lambda pair: -pair[1])[:3]
    if not counted:
        return ""
    more = ", …" if observed.distinct_new > len(counted) else ""
    return f" ({', '.join(str(name) for name, _ in counted)}{more})"


def _middles(one: FeatureSkew) -> str:
    if one.kind != "number":
        return ""
    words = []
    for share, name in _AT.items():
        before, after = quantile(one.reference, share), quantile(one.observed, share)
        if before is None or after is None:
            return ""
        words.append(f"{name} {before:.4g} → {after:.4g}")
    return f"Quantiles: {', '.join(words)}."


_SEEN = 0.1
_LEAST = 1e-4
_AT = {0.1: "10 %", 0.5: "half", 0.9: "90 %"}


def quantile(profile: ColumnProfile, share: float) -> float | None:
    """Give the number that a share of a column's finite values do not exceed.

    Parameters
    ----------
    profile : ColumnProfile
        Of numbers; within a bin they lie evenly.
    share : float
        0 to 1.

    Returns
    -------
    float or None
        None where there is no number.
    """
    histogram = histogram_of(profile)
    wanted = share * sum(histogram.counts)
    if not wanted:
        return profile.minimum
    passed = 0.0
    ends = zip(histogram.edges, histogram.edges[1:], histogram.counts, strict=False)
    for low, high, count in ends:
        if count and passed + count >= wanted:
            return low + (high - low) * (wanted - passed) / count
        passed += count
    return profile.maximum
