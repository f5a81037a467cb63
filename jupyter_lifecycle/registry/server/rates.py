"""How many requests a token may make: a bucket of drops for each, in this process."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from jupyter_lifecycle.errors import RateLimitError

if TYPE_CHECKING:
    from collections.abc import Callable


class Buckets:
    """A bucket for each token: a request takes a drop, and ``rate`` drops a second come in.

    It holds one second's drops, at least one. Two servers have two of them, so that a token may
    do twice as much there.

    Parameters
    ----------
    clock : callable
        Seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._levels: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, token: str, rate: float) -> None:
        """Take a drop.

        Raises
        ------
        RateLimitError
            There is none; ``detail["seconds"]`` says when there is.
        """
        room = max(1.0, rate)
        with self._lock:
            now = self._clock()
            level, before = self._levels.get(token, (room, now))
            level = min(room, level + (now - before) * rate)
            enough = level >= 1.0
            self._levels[token] = (level - 1.0 if enough else level, now)
        if not enough:
            seconds = (1.0 - level) / rate
            raise RateLimitError(
                f"The token may make {rate:g} requests a second and made more."
                f" Wait {seconds:.1f} s, or ask for a token with a higher --rate.",
                seconds=round(seconds, 3),
                rate=rate,
            )
