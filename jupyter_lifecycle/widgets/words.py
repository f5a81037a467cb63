"""Figures as words, one way on all surfaces: durations, bytes, times, numbers, counts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_BYTES = ("bytes", "kB", "MB", "GB", "TB")


def duration(seconds: float) -> str:
    """Say a duration: ``4 ms``, ``1.1 s``, ``2 min``, ``3 h``, ``4 days``.

    Parameters
    ----------
    seconds : float
        Seconds, not negative.

    Examples
    --------
    >>> duration(0.0042), duration(0.09), duration(3.81), duration(130), duration(4 * 86400)
    ('4 ms', '90 ms', '3.8 s', '2 min', '4 days')
    """
    if seconds < 0.0005:
        return "under 1 ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE:.0f} min"
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR:.0f} h"
    return f"{seconds // _DAY:.0f} days"


def sentence(words: str) -> str:
    """Write words that stand alone as a sentence: a capital and a full stop.

    >>> sentence("not cached: it reads the clock (line 3)"), sentence("")
    ('Not cached: it reads the clock (line 3).', '')
    """
    if not words:
        return ""
    return words[0].upper() + words[1:] + ("" if words.endswith((".", "?")) else ".")


def size(count: int) -> str:
    """Bytes in powers of ten: ``812 bytes``, ``2.1 MB``.

    >>> size(812), size(2_140_000), size(15_800_000)
    ('812 bytes', '2.1 MB', '16 MB')
    """
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(_BYTES) - 1:
        value, unit = value / 1000, unit + 1
    digits = 1 if unit and value < 9.95 else 0
    return f"{value:.{digits}f} {_BYTES[unit]}"


def moment(at: datetime, now: datetime) -> str:
    """Say a moment as people do: ``today 14:02``, ``19 November 09:12``, ``3 March 2024``.

    Parameters
    ----------
    at, now : datetime
        Aware times; both are shown in the zone of ``now``.
    """
    local = at.astimezone(now.tzinfo)
    if local.date() == now.date():
        return f"today {local:%H:%M}"
    if local.year == now.year:
        return f"{local.day} {_MONTHS[local.month - 1]} {local:%H:%M}"
    return f"{local.day} {_MONTHS[local.month - 1]} {local.year}"


def number(value: float) -> str:
    """Write a number with four significant digits, whole ones with their thousands apart.

    >>> number(13.2837), number(328521), number(0.00012), number(-0.5), number(float("nan"))
    ('13.28', '328,521', '0.00012', '−0.5', 'NaN')
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    whole = float(value).is_integer() and abs(value) < 1e15
    return (f"{int(value):,}" if whole else f"{value:.4g}").replace("-", "−")


def count(number_of: int, one: str, many: str = "") -> str:
    """Write a count with its noun.

    >>> count(1, "package"), count(1400, "row"), count(2, "query", "queries")
    ('1 package', '1,400 rows', '2 queries')
    """
    return f"{number_of:,} {one if number_of == 1 else many or one + 's'}"
