"""What was deleted from a registry behind a server: the same as the store's, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lifecycle.registry import wire
from jupyter_lifecycle.registry.transport import Call
from jupyter_lifecycle.registry.words import check_prefix

if TYPE_CHECKING:
    from jupyter_lifecycle.registry.records import Collected, DeletedEnvelope
    from jupyter_lifecycle.registry.transport import Transport


class RemoteBin:
    """The methods of :class:`~jupyter_lifecycle.registry.store.bin.Bin` as requests."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def delete(self, id_: str) -> DeletedEnvelope:
        """Move an envelope into the trash."""
        call = Call("DELETE", f"/v1/envelopes/{check_prefix(id_)}", again=False)
        return wire.deleted(self._transport.json(call))

    def restore(self, id_: str) -> str:
        """Take an envelope out of the trash, with all that it had; gives its id."""
        call = Call("POST", f"/v1/trash/{check_prefix(id_)}/restore", again=False)
        return str(self._transport.json(call)["id"])

    def deleted(self) -> tuple[DeletedEnvelope, ...]:
        """All that is in the trash, the newest first."""
        found = self._transport.json(Call("GET", "/v1/trash"))
        return tuple(wire.deleted(item) for item in found["items"])

    def collect(self, seconds: float) -> Collected:
        """Remove for good what has been in the trash for so long, and files without an envelope."""
        call = Call("POST", "/v1/trash/collect", body={"seconds": float(seconds)})
        return wire.collected(self._transport.json(call))
