"""Sixteen-byte digests of tagged, length-prefixed parts.

XXH3-128 is used throughout: it is not meant to withstand somebody who searches for collisions, but
whoever can do that to a cache key already decides what code runs.
"""

from __future__ import annotations

from struct import Struct
from typing import Any, Final

import xxhash

SIZE: Final = 16
"""Length of a digest, bytes."""

_LENGTH = Struct("<I").pack


def combine(tag: str, *parts: bytes) -> bytes:
    """One digest of several parts, so that no two lists of parts can look alike.

    Parameters
    ----------
    tag : str
        What kind of thing this is; different tags never share a digest.
    *parts : bytes
        Digests or other byte strings; each is prefixed with its length.

    Returns
    -------
    bytes
        16 bytes.

    Examples
    --------
    >>> combine("pair", b"ab", b"c") == combine("pair", b"a", b"bc")
    False
    """
    name = tag.encode()
    pieces = [_LENGTH(len(name)), name]
    for part in parts:
        pieces.append(_LENGTH(len(part)))
        pieces.append(part)
    return xxhash.xxh3_128_digest(b"".join(pieces))


def digest(data: Any) -> bytes:
    """Return the digest of a buffer's bytes.

    Parameters
    ----------
    data : buffer
        A C-contiguous buffer: bytes, an array, a memory map.

    Returns
    -------
    bytes
        16 bytes.
    """
    return xxhash.xxh3_128_digest(data)
