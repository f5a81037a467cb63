"""What a cache keeps beside its values: reasons, notes, and what is pinned."""

from __future__ import annotations

import json
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, Literal

from jupyter_lifecycle.cache.told import Told
from jupyter_lifecycle.errors import CacheError, did_you_mean
from jupyter_lifecycle.hashing import combine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_lifecycle.cache.entries import Entry
    from jupyter_lifecycle.cache.shelf import Shelf

_json: Final = json.JSONEncoder(default=str, ensure_ascii=False, separators=(",", ":")).encode


SHARED: Final = b"shared"
"""Begins the keys of what several columns have in common."""


def shared_key(output: bytes) -> bytes:
    """Return the key of what several columns have in common, by its fingerprint."""
    return SHARED + combine("shared", output)[: 16 - len(SHARED)]


class Keeping:
    """The part of a cache that answers people, not computations."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._rows: dict[bytes, bytes] = {}
        self._shelf: Shelf | None = None
        self._trouble = ""
        self._batches = 0
        self._names, self._reasons = Told(None), Told(None)

    def _pin(self, label: str, key: bytes, entry: Entry | None) -> None:
        from jupyter_lifecycle.cache import codec

        if entry is None or self._shelf is None or key in self._rows:
            raise CacheError(f"{label} is not on disk, so it can't be pinned. Compute it first.")
        encoded = codec.encode(entry.load(), entry.output)
        shared = [] if encoded is None else [shared_key(part) for part in encoded.shared]
        self._shelf.pins.put(label, (key, *shared))

    def unpin(self, label: str) -> None:
        """Let a pinned value leave again when its time has come.

        Raises
        ------
        CacheError
            If nothing is pinned under the label, or it can't be written.
        """
        if self._shelf is None or label not in self.pins:
            raise CacheError(f"{label} is not pinned.{did_you_mean(label, self.pins)}")
        self._shelf.pins.put(label, None)

    @property
    def pins(self) -> Mapping[str, bytes]:
        """The keys that are pinned, by label."""
        if self._shelf is None:
            return {}
        return {label: keys[0] for label, keys in self._shelf.pins.read().items() if keys}

    def _told(self, what: Literal["names", "reasons"]) -> Told:
        mine: Told = getattr(self, f"_{what}")
        return mine if self._shelf is None or self._trouble else getattr(self._shelf, what)

    def _recalled(self, what: Literal["names", "reasons"], key: bytes) -> bytes | None:
        with self._lock:
            mine: Told = getattr(self, f"_{what}")
            found = mine.get(key)
            if found is not None or self._shelf is None:
                return found
            told: Told = getattr(self._shelf, what)
            return told.get(key, batched=self._batches > 0)

    def tell(self, key: bytes, why: Mapping[str, Any]) -> None:
        """Keep JSON-ready facts about a key, for :meth:`explain`; written with the next rows."""
        with self._lock:
            self._told("reasons").tell(key, _json(why).encode("utf-8", "surrogatepass"))

    def explain(self, key: bytes) -> Mapping[str, Any] | None:
        """Say how a key came to be, as it was told when the value was stored, by any process.

        Parameters
        ----------
        key : bytes
            16 bytes.

        Returns
        -------
        Mapping or None
            None where nothing was told.
        """
        text = self._recalled("reasons", key)
        if text is None:
            return None
        found: Mapping[str, Any] = json.loads(text.decode("utf-8", "surrogatepass"))
        return found

    def note(self, key: bytes, text: bytes) -> None:
        """Keep a few bytes under a key of 16, in the place of those that it had."""
        with self._lock:
            self._told("names").tell(key, text)

    def noted(self, key: bytes) -> bytes | None:
        """Return what was noted under a key, by any process; None where nothing was."""
        return self._recalled("names", key)
