"""Versions as text that sorts as PEP 440 orders them, so that a database can compare them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Iterator


def version_order(version: str) -> str:
    """Give the text by which a version is ordered, code point by code point.

    ``1.5`` and ``1.5.0`` have the same. What is no version by PEP 440 comes before all that are,
    in the order of its text.

    References
    ----------
    https://packaging.python.org/en/latest/specifications/version-specifiers/

    Examples
    --------
    >>> version_order("1.5") == version_order("1.5.0")
    True
    >>> version_order("3.9") < version_order("3.12rc1") < version_order("3.12")
    True
    """
    try:
        found = Version(version)
    except InvalidVersion:
        return f"!{version}"
    return " ".join(_parts(found))


def is_version(text: str) -> bool:
    """Whether PEP 440 knows what this text means."""
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def _parts(version: Version) -> Iterator[str]:
    # A blank sorts before everything used inside a part: a shorter one comes before its extension.
    yield _number(version.epoch)
    release = list(version.release)
    while len(release) > 1 and not release[-1]:
        release.pop()
    yield ".".join(map(_number, release))
    if version.pre is not None:
        letter, number = version.pre
        yield {"a": "1", "b": "2", "rc": "3"}[letter] + _number(number)
    else:
        only_dev = version.post is None and version.dev is not None
        yield "0" if only_dev else "4"
    yield "0" if version.post is None else "1" + _number(version.post)
    yield "1" if version.dev is None else "0" + _number(version.dev)
    for segment in (version.local or "").split(".") if version.local else ():
        yield "b" + _number(int(segment)) if segment.isdigit() else "a" + segment


def _number(number: int) -> str:
    """Write a number so that text sorts as numbers do: its length stands before it."""
    digits = str(number)
    return f"{len(digits):02d}{digits}"
