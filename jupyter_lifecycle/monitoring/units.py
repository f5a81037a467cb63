"""Which units were seen, in a megabyte, however many there are."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

_BITS = 2**23


class Units:
    """Remembers units by one bit each (Bloom, 1970, with one hash).

    A unit that was seen is always known. One that was not is taken for known with the chance that
    its bit is set, 1 % after 84,000 units and 63 % after eight million; that does not depend on
    what its row holds, so what is counted stays a fair sample.
    """

    def __init__(self) -> None:
        self._seen: bytearray | None = None

    def add(self, unit: Any) -> bool:
        """Give whether a unit is new, and remember it; what is missing is always new."""
        if unit is None or unit != unit:  # noqa: PLR0124 - NaN is not itself
            return True
        if self._seen is None:
            self._seen = bytearray(_BITS // 8)
        text = f"{type(unit).__name__}:{unit}".encode("utf-8", "backslashreplace")
        place = int.from_bytes(blake2b(text, digest_size=8).digest(), "big") % _BITS
        byte, bit = divmod(place, 8)
        known = bool(self._seen[byte] >> bit & 1)
        self._seen[byte] |= 1 << bit
        return not known
