"""Why a change that is wanted waits: no approval, what serves has moved, or it is too soon."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_lifecycle.deployment.memory import Memory
    from jupyter_lifecycle.deployment.options import Options
    from jupyter_lifecycle.registry import Registry
    from jupyter_lifecycle.registry.records import Want

_NO = {"", "no", "false", "0"}


@dataclass(frozen=True, slots=True)
class Hold:
    """A change that waits.

    ``seconds`` is None where it waits for a person: the change of a tag ends that.
    """

    reason: str
    seconds: float | None = None


def is_approved(tags: Mapping[str, str], key: str) -> bool:
    """Whether an envelope has the tag that ``approval`` names, and it does not say no."""
    return tags.get(key, "").strip().lower() not in _NO


def held_back(
    options: Options, envelope: str, tags: Mapping[str, str], since_change: float | None
) -> Hold | None:
    """Say whether, and why, a change waits.

    Parameters
    ----------
    options : Options
        Of the rule.
    envelope : str
        Id of what is wanted.
    tags : Mapping[str, str]
        Its tags.
    since_change : float or None
        Seconds since another version began to serve; None where none serves.

    Returns
    -------
    Hold or None
        None where it may be made now.
    """
    if options.approval and not is_approved(tags, options.approval):
        return Hold(
            f"{envelope[:10]} waits for approval: its tag {options.approval} is not set. "
            "jupyter lifecycle approve ENDPOINT sets it."
        )
    least = options.min_change_seconds
    if since_change is not None and since_change < least:
        left = least - since_change
        return Hold(
            f"{envelope[:10]} waits another {left:.0f} s: the rule lets what serves change every "
            f"{least:g} s at most. A pin does not wait.",
            left,
        )
    return None


class Holding:
    """Remembers that an endpoint's change waits, and says so once in the registry.

    Parameters
    ----------
    endpoint : str
        Its name.
    registry : Registry
        Has tags and pins, and hears why nothing happens.
    """

    def __init__(self, endpoint: str, registry: Registry) -> None:
        self._endpoint = endpoint
        self._registry = registry
        self._said = ""
        self._until = float("inf")

    def holds(self, want: Want, options: Options, memory: Memory) -> bool:
        """Whether the change that is wanted waits; says why where that is new."""
        serves = memory.model.envelope if memory.model is not None else None
        asks = bool(options.approval or options.hold_on) or options.min_change_seconds > 0
        if want.envelope is None or want.envelope == serves or not asks:
            return self._is(None)
        if self._registry.endpoint(self._endpoint).pin is not None:
            return self._is(None)  # a person decided, and does not want to wait
        if serves is not None and options.hold_on and self._is_true(options.hold_on, serves):
            return self._is(
                Hold(
                    f"{want.envelope[:10]} waits: {options.hold_on} holds for {serves[:10]}, which "
                    "serves. A pin does not wait."
                )
            )
        tags = self._registry.get(want.envelope).tags if options.approval else {}
        since = time.time() - memory.changed if serves is not None else None
        return self._is(held_back(options, want.envelope, tags, since))

    def _is_true(self, query: str, envelope: str) -> bool:
        return self._registry.count(f"id = '{envelope}' and ({query})") > 0

    def clear(self) -> None:
        """Wait for no time any more, until something is held back again."""
        self._until = float("inf")

    def is_over(self) -> bool:
        """Whether the time is up that a change waited for."""
        return time.monotonic() >= self._until

    def _is(self, hold: Hold | None) -> bool:
        left = hold.seconds if hold is not None else None
        self._until = float("inf") if left is None else time.monotonic() + left
        # The seconds that are left go down; that alone is nothing new to say.
        said = "" if hold is None else "time" if hold.seconds is not None else hold.reason
        if said != self._said:
            self._said = said
            self._registry.set_endpoint(self._endpoint, failure=hold.reason if hold else "")
        return hold is not None
