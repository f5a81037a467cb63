"""The tokens of a registry behind a server: the same as the store's, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jupyter_lifecycle.registry.transport import Call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lifecycle.registry.transport import Transport


class RemoteKeyring:
    """The methods of :class:`~jupyter_lifecycle.registry.store.keyring.Keyring` as requests."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        name: str,
        scopes: Sequence[str],
        seconds: float | None = None,
        *,
        only: Sequence[str] = (),
        rate: float | None = None,
    ) -> dict[str, Any]:
        """Make a token; ``token`` of the answer is given this once."""
        body = {
            "name": name,
            "scopes": list(scopes),
            "seconds": seconds,
            "only": list(only),
            "rate": rate,
        }
        call = Call("POST", "/v1/tokens", body=body, again=False)
        found: dict[str, Any] = self._transport.json(call)
        return found

    def tokens(self) -> list[dict[str, Any]]:
        """All tokens, oldest first; never their text."""
        found: list[dict[str, Any]] = self._transport.json(Call("GET", "/v1/tokens"))["items"]
        return found

    def revoke(self, id_: str) -> dict[str, Any]:
        """End a token now."""
        call = Call("DELETE", f"/v1/tokens/{quote(id_, safe='')}")
        found: dict[str, Any] = self._transport.json(call)
        return found
