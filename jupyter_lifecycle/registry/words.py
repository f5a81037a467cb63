"""What names, tags and metrics may look like: the same everywhere."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final, Never

from jupyter_lifecycle.errors import InvalidValueError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jupyter_lifecycle.registry.records import NewArtifact, Series

MAX_WAIT_SECONDS: Final = 30.0
MAX_NAME: Final = 100
MAX_KEY: Final = 200
MAX_VALUE: Final = 5_000
MAX_CHANGES: Final = 500
MAX_STEP: Final = 2**53
MAX_POINTS: Final = 100_000
SHORTEST_PREFIX: Final = 4

_NAME = re.compile(r"[^\W_][\w.-]*")
_KIND = re.compile(r"[a-z][a-z0-9-]{0,39}")
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]+/[A-Za-z0-9.+_-]+(?:; ?[a-z]+=[A-Za-z0-9._-]+)*")
_ENDPOINT = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")


def check_name(name: object) -> str:
    """Check an envelope's name: letters, digits, ``- _ .``, at most 100 characters.

    Raises
    ------
    InvalidValueError
        With what is wrong and, where one is near, a name that would do.
    """
    if not isinstance(name, str) or not name:
        _refuse("An envelope needs a name, such as 'departure-delay'.", name=repr(name))
    if len(name) > MAX_NAME:
        _refuse(f"A name has at most {MAX_NAME} characters; this one has {len(name)}.")
    if not _NAME.fullmatch(name):
        better = re.sub(r"[^\w.]+", "-", name).strip("-_.")
        hint = f" {better!r} would do." if better else ""
        _refuse(
            f"{name!r} cannot be a name: it has letters, digits, '-', '_' and '.', and starts"
            f" with a letter or digit.{hint}",
            name=name,
        )
    return name


def check_prefix(prefix: str) -> str:
    """Check an envelope's id or the first digits of one.

    Raises
    ------
    NotFoundError
        No id looks like that.
    """
    text = prefix.strip().lower()
    if not SHORTEST_PREFIX <= len(text) <= 40 or not set(text) <= set("0123456789abcdef"):
        raise NotFoundError(
            f"{prefix[:80]!r} is no envelope's id: write at least the first {SHORTEST_PREFIX} of"
            " its 40 hex digits. To look for a name, use search.",
            id=prefix[:80],
        )
    return text


def check_lease(what: str, text: str) -> str:
    """Check a lease's name or holder: letters, digits and ``. _ : @ -``, at most 200."""
    if not re.fullmatch(r"[\w.:@-]{1,200}", text):
        _refuse(f"{what} has letters, digits and . _ : @ - only, not {text[:80]!r}.")
    return text


def check_endpoint(name: object) -> str:
    """Check an endpoint's name, a part of addresses: lower case letters, digits and ``-``."""
    if not isinstance(name, str) or len(name) > 63 or not _ENDPOINT.fullmatch(name):
        better = re.sub(r"[^a-z0-9]+", "-", str(name).lower()).strip("-")[:63]
        hint = f" {better!r} would do." if better else ""
        _refuse(
            f"{name!r} cannot be an endpoint's name: it has up to 63 lower case letters, digits"
            f" and '-', and starts and ends with a letter or digit.{hint}",
            endpoint=str(name),
        )
    return name


def check_tags(tags: Mapping[str, Any]) -> dict[str, str]:
    """Tags: text keys of at most 200 characters, text values of at most 5,000."""
    _count("tags", tags)
    for key, value in tags.items():
        check_key("tag", key)
        if not isinstance(value, str):
            _refuse(
                f"Tag {key!r} is {value!r}, and tags are text."
                f" Write {key}={_as_text(value)!r}, or log_metrics for a number.",
                key=key,
            )
        if len(value) > MAX_VALUE:
            _refuse(f"Tag {key!r} has {len(value):,} characters; {MAX_VALUE:,} are taken.", key=key)
        _clean(f"The value of tag {key!r}", value)
    return dict(tags)


def check_keys(keys: Iterable[str]) -> tuple[str, ...]:
    """Keys of tags to remove; one text is refused, since it's a list of letters by mistake."""
    if isinstance(keys, str):
        _refuse(f"unset takes a list of keys: [{keys!r}].", key=keys)
    found = tuple(dict.fromkeys(keys))
    _count("tags", found)
    return tuple(check_key("tag", key) for key in found)


def check_metrics(values: Mapping[str, Any]) -> dict[str, float]:
    """Metrics: finite numbers under text keys."""
    _count("metrics", values)
    checked: dict[str, float] = {}
    for key, value in values.items():
        check_key("metric", key)
        if isinstance(value, (str, bytes)) or not hasattr(value, "__float__"):
            _refuse(f"Metric {key!r} is {value!r}, and metrics are numbers.", key=key)
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            _refuse(f"Metric {key!r} is not one number: {value!r}.", key=key)
        if not math.isfinite(number):
            _refuse(
                f"Metric {key!r} is {number}; a metric is a finite number."
                " Leave it out, or look for a division by zero in how it was computed.",
                key=key,
            )
        checked[key] = number
    return checked


def check_wait(seconds: float) -> float:
    """Check how long somebody waits for an event.

    Raises
    ------
    InvalidValueError
        It's below 0 or above 30 seconds.
    """
    if not 0 <= seconds <= MAX_WAIT_SECONDS:
        raise InvalidValueError(
            f"Events are waited for 0 to {MAX_WAIT_SECONDS:.0f} seconds, not {seconds}."
        )
    return float(seconds)


def check_step(step: object) -> int | None:
    """Check a metric's step: a whole number, or None."""
    if step is None:
        return None
    if isinstance(step, bool) or not hasattr(step, "__index__"):
        _refuse(f"A step is a whole number, not {step!r}.")
    number = step.__index__()
    if abs(number) > MAX_STEP:
        _refuse(f"Step {number} is too large.")
    return int(number)


def check_series(series: Series) -> dict[str, list[tuple[int, float]]]:
    """Metrics by step: finite numbers at whole steps, at most 100,000 at once; empty ones go."""
    _count("metrics", series)
    points = sum(map(len, series.values()))
    if points > MAX_POINTS:
        _refuse(f"{points:,} points at once are too many; {MAX_POINTS:,} are taken.")
    checked: dict[str, list[tuple[int, float]]] = {}
    for key, steps in series.items():
        check_key("metric", key)
        for step, value in steps:
            number = check_step(step)
            if number is None:
                _refuse(f"Metric {key!r} has a value without a step.", key=key)
            checked.setdefault(key, []).append((number, check_metrics({key: value})[key]))
    return checked


def check_artifact(new: NewArtifact) -> NewArtifact:
    """Check an artifact's name, which may be a path as files have it, kind and digest."""
    name = new.name
    parts = name.split("/")
    if len(name) > MAX_KEY or not name.isprintable() or "\\" in name or {"", ".", ".."} & {*parts}:
        _refuse(
            f"{name!r} cannot be an artifact's name: it is a relative path such as"
            f" 'plots/residuals.png', of at most {MAX_KEY} printable characters.",
            name=name,
        )
    if not _KIND.fullmatch(new.kind):
        _refuse(f"An artifact's kind is a word such as figure, not {new.kind[:80]!r}.", name=name)
    if len(new.media_type) > MAX_KEY or not _MEDIA_TYPE.fullmatch(new.media_type):
        _refuse(f"{new.media_type[:80]!r} is no media type such as image/png.", name=name)
    return new


def check_key(what: str, key: object) -> str:
    """Check a key of a tag or metric: any text of 1 to 200 printable characters."""
    if not isinstance(key, str) or not key.strip():
        _refuse(f"A {what}'s key is text, not {key!r}.", key=str(key))
    if len(key) > MAX_KEY:
        _refuse(f"A {what}'s key has at most {MAX_KEY} characters: {key[:40]!r}… has {len(key)}.")
    if not key.isprintable():
        _refuse(f"A {what}'s key has printable characters only: {key!r}.", key=repr(key))
    return key


def check_text(what: str, text: object, limit: int = MAX_VALUE) -> str:
    """Any other text that comes from outside."""
    if not isinstance(text, str) or len(text) > limit:
        _refuse(f"{what} is text of at most {limit:,} characters.")
    _clean(what, text)
    return text


def package_name(name: str) -> str:
    """Normalise a distribution's name as PEP 503 does: ``Scikit_Learn`` is ``scikit-learn``."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _clean(what: str, text: str) -> None:
    # PostgreSQL stores neither, and no file or terminal gains by them.
    if "\0" in text or any(0xD800 <= ord(character) < 0xE000 for character in text):
        _refuse(f"{what} has a NUL or half a character in it.")


def _count(what: str, values: Mapping[str, Any] | tuple[str, ...]) -> None:
    if len(values) > MAX_CHANGES:
        _refuse(f"{len(values):,} {what} at once are too many; {MAX_CHANGES} are taken.")


def _as_text(value: object) -> str:
    return (
        {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
    )


def _refuse(message: str, **detail: Any) -> Never:
    raise InvalidValueError(message, **detail)
