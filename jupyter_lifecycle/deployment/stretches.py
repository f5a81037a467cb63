"""Stretches of time as people write them: ``24h``, ``7d``, a moment, a duration."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from jupyter_lifecycle.errors import EndpointError

Since: TypeAlias = str | datetime | timedelta
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_WORDS = {"hour": 3600, "day": 86_400, "week": 7 * 86_400}
_FORM = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*")


def length_of(text: str | timedelta) -> timedelta:
    """Read a duration: ``90m``, ``24h``, ``7d``, ``hour``, ``day``, ``week``.

    Raises
    ------
    EndpointError
        Where it is none, or nothing long.
    """
    if isinstance(text, timedelta):
        found = text
    elif text in _WORDS:
        found = timedelta(seconds=_WORDS[text])
    else:
        match = _FORM.fullmatch(text)
        if match is None:
            raise EndpointError(f"{text!r} is no duration. Write it as 90m, 24h, 7d or 2w.")
        found = timedelta(seconds=float(match[1]) * _UNITS[match[2]])
    if not timedelta(0) < found < timedelta(days=36_500):
        raise EndpointError(f"A duration is longer than nothing, not {text}.")
    return found


def moment_of(since: Since, now: datetime) -> datetime:
    """Give the begin of a stretch that ends now.

    Parameters
    ----------
    since : str, datetime or timedelta
        A duration, or a moment: aware, or in UTC; as text in ISO 8601.
    now : datetime
        Aware.

    Raises
    ------
    EndpointError
        Where it is neither.
    """
    if isinstance(since, str) and not _FORM.fullmatch(since) and since not in _WORDS:
        try:
            since = datetime.fromisoformat(since)
        except ValueError:
            raise EndpointError(
                f"{since!r} is neither a duration, such as 24h or 7d, nor a time in ISO 8601."
            ) from None
    if isinstance(since, datetime):
        return since if since.tzinfo is not None else since.replace(tzinfo=UTC)
    return now - length_of(since)


def floored(moment: datetime, step: timedelta) -> datetime:
    """Give the begin of the window that a moment lies in, counted from 1970."""
    first = datetime(1970, 1, 1, tzinfo=UTC)
    return moment - (moment - first) % step
