"""What services see, behind a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jupyter_lifecycle.registry import observations, wire
from jupyter_lifecycle.registry.transport import Call

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from jupyter_lifecycle.registry.observations import Outcome, Reaction, SkewState, Window
    from jupyter_lifecycle.registry.transport import Transport


class RemoteObserving:
    """The part of a client about what services see."""

    _transport: Transport

    def add_windows(self, windows: Sequence[Window]) -> int:
        """Write windows; of one key the later flush counts, so sending twice does no harm."""
        return sum(
            int(self._observed("POST", endpoint, "windows", {"items": wire.encode(some)})["count"])
            for endpoint, some in _by_endpoint(windows).items()
        )

    def windows(
        self,
        endpoint: str,
        since: datetime,
        until: datetime,
        envelope: str | None = None,
        side: str | None = None,
    ) -> tuple[Window, ...]:
        """Give an endpoint's windows that start in a stretch of time, oldest first."""
        params = {**_stretch(since, until), "envelope": envelope, "side": side}
        found = self._transport.json(Call("GET", _path(endpoint, "windows"), params=params))
        return tuple(observations.window(item) for item in found["items"])

    def set_skew(self, state: SkewState) -> SkewState:
        """Write how far an envelope is from its reference."""
        body = wire.encode(state)
        del body["endpoint"], body["at"]
        return observations.skew_state(self._observed("PUT", state.endpoint, "skew", body))

    def skews(self, endpoint: str | None = None) -> tuple[SkewState, ...]:
        """Give the skew states, of one endpoint or of all, the newest first."""
        found = self._transport.json(Call("GET", "/v1/skews", params={"endpoint": endpoint}))
        return tuple(observations.skew_state(item) for item in found["items"])

    def add_outcomes(self, outcomes: Sequence[Outcome]) -> int:
        """Write outcomes; one of the same request and row replaces the one before."""
        return sum(
            int(self._observed("POST", endpoint, "outcomes", {"items": wire.encode(some)})["count"])
            for endpoint, some in _by_endpoint(outcomes).items()
        )

    def outcomes(self, endpoint: str, since: datetime, until: datetime) -> tuple[Outcome, ...]:
        """Give the outcomes of what was answered in a stretch of time, oldest first."""
        call = Call("GET", _path(endpoint, "outcomes"), params=_stretch(since, until))
        found = self._transport.json(call)
        return tuple(observations.outcome(item) for item in found["items"])

    def react(self, reaction: Reaction) -> bool:
        """Write how a reaction goes; False where it was to begin and was begun before."""
        body = wire.encode(reaction)
        del body["endpoint"], body["at"]
        # Sent once: the second answer to the same question would be no.
        call = Call("POST", _path(reaction.endpoint, "reactions"), body=body, again=False)
        return bool(self._transport.json(call)["written"])

    def reactions(self, endpoint: str) -> tuple[Reaction, ...]:
        """Give what was done for an endpoint, the newest first."""
        found = self._transport.json(Call("GET", _path(endpoint, "reactions")))
        return tuple(observations.reaction(item) for item in found["items"])

    def _observed(self, method: str, endpoint: str, what: str, body: Mapping[str, Any]) -> Any:
        return self._transport.json(Call(method, _path(endpoint, what), body=body))


def _by_endpoint(given: Sequence[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for one in given:
        found.setdefault(one.endpoint, []).append(one)
    return found


def _stretch(since: datetime, until: datetime) -> dict[str, str]:
    return {"since": since.isoformat(), "until": until.isoformat()}


def _path(endpoint: str, what: str) -> str:
    return f"/v1/endpoints/{quote(endpoint, safe='')}/{what}"
