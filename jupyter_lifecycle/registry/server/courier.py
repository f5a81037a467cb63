"""The courier: tells webhooks what happened, with retries, and looks where it's sent.

One server of many delivers at a time, by lease. What is sent may arrive twice (its ``delivery``
is the same then), never not at all, as long as the address answers within the tries.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import os
import secrets
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from jupyter_lifecycle.errors import InvalidValueError, RegistryError
from jupyter_lifecycle.registry import wire
from jupyter_lifecycle.registry.signing import SIGNATURE, TIMESTAMP, sign
from jupyter_lifecycle.registry.store.deliveries import Outcome

if TYPE_CHECKING:
    from jupyter_lifecycle.registry.store import Store
    from jupyter_lifecycle.registry.store.deliveries import Due

log = logging.getLogger("jupyter_lifecycle.registry.webhooks")

WAITS: Final = (10.0, 60.0, 300.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0)
"""Seconds before each further try; after the last one a delivery is dead."""
SECONDS: Final = 10.0
BATCH: Final = 50
LEASE: Final = "webhooks"
LEASE_SECONDS: Final = 60.0
TICK_SECONDS: Final = 0.5


class Courier:
    """Delivers what is due.

    Parameters
    ----------
    store : Store
        Where deliveries are.
    private : bool
        Whether addresses in private networks and on this machine may be told.
    """

    def __init__(self, store: Store, *, private: bool = False) -> None:
        self._store = store
        self._private = private
        self._holder = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Deliver in the background until :meth:`stop`."""
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish what is being sent, and end."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                busy = self.work()
            except RegistryError as error:  # the database is away; it's asked again
                log.warning("Webhooks wait: %s", error.message)
                busy = False
            if not busy:
                self._stopping.wait(TICK_SECONDS)
        try:
            self._store.release(LEASE, self._holder)
        except RegistryError as error:
            log.warning("The lease of webhooks ends by itself: %s", error.message)

    def work(self) -> bool:
        """Deliver what is due now; whether there was something to do."""
        if not self._store.mailbox.is_due():
            return False
        if not self._store.lease(LEASE, self._holder, LEASE_SECONDS):
            return False
        made = self._store.mailbox.enqueue()
        waiting = self._store.mailbox.due(BATCH)
        for one in waiting:
            self._store.mailbox.record(one.delivery.id, self._deliver(one))
            if self._stopping.is_set():
                break
        return bool(made or waiting)

    def _deliver(self, one: Due) -> Outcome:
        body = json.dumps(
            {
                "delivery": one.delivery.id,
                "webhook": one.webhook.id,
                "event": wire.encode(one.event),
            },
            ensure_ascii=False,
        ).encode()
        status, reason = self._send(one, body)
        if not reason:
            return Outcome(status)
        tried = one.delivery.attempts
        again = WAITS[tried] if tried < len(WAITS) else None
        log.warning(
            "Webhook %s was not told of event %d: %s", one.webhook.id, one.event.seq, reason
        )
        return Outcome(status, reason, again)

    def _send(self, one: Due, body: bytes) -> tuple[int | None, str]:
        """Send; gives the answer's status and why that is no delivery."""
        import urllib3

        now = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "jupyter_lifecycle",
            TIMESTAMP: str(now),
            SIGNATURE: sign(one.secret, now, body),
        }
        try:
            pool, path = connect(one.webhook.url, private=self._private)
        except InvalidValueError as error:
            return None, error.message
        try:
            answer = pool.urlopen(
                "POST",
                path,
                body=body,
                headers={**headers, "Host": urlsplit(one.webhook.url).netloc},
                redirect=False,
                retries=False,
                timeout=urllib3.Timeout(connect=SECONDS, read=SECONDS),
                preload_content=False,
            )
        except urllib3.exceptions.HTTPError as error:
            return None, f"It does not answer: {_plain(error)}."
        finally:
            pool.close()
        answer.close()
        fine = 200 <= answer.status < 300
        return answer.status, "" if fine else f"It answered {answer.status}."


def connect(url: str, *, private: bool) -> tuple[Any, str]:
    """Open the way to an address: to the very machine that was looked at.

    Parameters
    ----------
    url : str
        ``http(s)://…``.
    private : bool
        Whether it may be in a private network.

    Returns
    -------
    (urllib3.HTTPConnectionPool, str)
        For one connection, and the path to ask for.

    Raises
    ------
    InvalidValueError
        It leads into a private network, or nowhere.
    """
    import urllib3

    parts = urlsplit(url)
    host, https = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if https else 80)
    address = _public_address(host, port, private=private)
    path = parts.path or "/"
    if parts.query:
        path += f"?{parts.query}"
    if not https:
        return urllib3.HTTPConnectionPool(address, port, maxsize=1), path
    context = ssl.create_default_context(cafile=os.environ.get("REQUESTS_CA_BUNDLE"))
    pool = urllib3.HTTPSConnectionPool(
        address, port, maxsize=1, ssl_context=context, server_hostname=host, assert_hostname=host
    )
    return pool, path


def _public_address(host: str, port: int, *, private: bool) -> str:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise InvalidValueError(f"There is no host {host[:100]}.") from None
    addresses = [str(one[4][0]) for one in found]
    for address in addresses:
        if not private and not ipaddress.ip_address(address.partition("%")[0]).is_global:
            raise InvalidValueError(
                f"{host} is {address}, in a private network, where webhooks do not go."
                " Whoever runs the registry may allow it: --private-webhooks."
            )
    return addresses[0]


def _plain(error: Exception) -> str:
    """Say what went wrong without the object that urllib3 names first."""
    return str(error).rpartition(">: ")[2] or str(error)
