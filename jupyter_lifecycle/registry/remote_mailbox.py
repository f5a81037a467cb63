"""The mailbox of a registry behind a server: the same as the store's, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from jupyter_lifecycle.registry import wire
from jupyter_lifecycle.registry.transport import Call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lifecycle.registry.records import Delivery, Webhook
    from jupyter_lifecycle.registry.transport import Transport


class RemoteMailbox:
    """The methods of :class:`~jupyter_lifecycle.registry.store.mailbox.Mailbox` for people."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, url: str, kinds: Sequence[str] = (), query: str = "") -> tuple[Webhook, str]:
        """Make a webhook, which hears what happens from now on; its secret is given this once."""
        body = {"url": url, "kinds": list(kinds), "query": query}
        found = self._transport.json(Call("POST", "/v1/webhooks", body=body, again=False))
        secret = str(found.pop("secret"))
        return wire.webhook(found), secret

    def webhooks(self) -> tuple[Webhook, ...]:
        """All webhooks, oldest first."""
        found = self._transport.json(Call("GET", "/v1/webhooks"))
        return tuple(wire.webhook(item) for item in found["items"])

    def remove(self, id_: str) -> None:
        """Remove a webhook and what is on its way to it."""
        self._transport.json(Call("DELETE", _path(id_), again=False))

    def deliveries(
        self, webhook: str, state: str | None = None, limit: int = 100
    ) -> tuple[Delivery, ...]:
        """Give what was and is on its way to a webhook, newest first."""
        params = {"state": state, "limit": limit}
        found = self._transport.json(Call("GET", f"{_path(webhook)}/deliveries", params=params))
        return tuple(wire.delivery(item) for item in found["items"])

    def resend(self, delivery: int) -> Delivery:
        """Send again, now and with all tries."""
        return wire.delivery(
            self._transport.json(Call("POST", f"/v1/deliveries/{delivery}/resend"))
        )


def _path(id_: str) -> str:
    return f"/v1/webhooks/{quote(id_, safe='')}"
