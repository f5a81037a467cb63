"""Layers, experiments and exposures behind a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jupyter_lifecycle.registry import trials
from jupyter_lifecycle.registry.transport import Call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lifecycle.registry.transport import Transport
    from jupyter_lifecycle.registry.trials import Board, Document, Exposures


class RemoteTrialing:
    """The part of a client about experiments."""

    _transport: Transport

    def board(self, reports: bool = False) -> Board:
        """Give all documents at the revision of now; reports where asked for."""
        params = {"reports": str(reports).lower()}
        return trials.board(self._transport.json(Call("GET", "/v1/board", params=params)))

    def write_board(self, expect: int, documents: Sequence[Document]) -> Board:
        """Write documents, all or none, upon the revision that was read."""
        items = [{"kind": one.kind, "name": one.name, "body": one.body} for one in documents]
        body = {"expect": expect, "documents": items}
        # Not again by itself: where the answer was lost, the revision says whether it was done.
        return trials.board(self._transport.json(Call("PUT", "/v1/board", body=body, again=False)))

    def experiment_key(self, name: str) -> str:
        """Give the key that signs forced arms of an experiment."""
        return str(self._transport.json(Call("GET", f"{_path(name)}/key"))["key"])

    def add_exposures(self, items: Sequence[Exposures]) -> int:
        """Write stretches of exposures; of one key the longer counts, so twice does no harm."""
        written = 0
        for one in items:
            lists = {"units": list(one.units), "arms": list(one.arms), "at": list(one.at)}
            body = {"source": one.source, "place": one.place, **lists}
            call = Call("POST", f"{_path(one.experiment)}/exposures", body=body)
            written += int(self._transport.json(call)["count"])
        return written

    def exposures(self, experiment: str, after: int, limit: int) -> tuple[Exposures, ...]:
        """Give stretches of exposures after a number, in the order in which they came."""
        params: dict[str, Any] = {"after": after, "limit": limit}
        call = Call("GET", f"{_path(experiment)}/exposures", params=params)
        return tuple(trials.exposures(one) for one in self._transport.json(call)["items"])


def _path(experiment: str) -> str:
    return f"/v1/experiments/{quote(experiment, safe='')}"
