"""Sends windows to a registry's server, where no deployer fetches them: a container, a cluster.

Needs the standard library only. What is not acknowledged stays a file and is sent again; a window
that is sent twice counts once.
"""

from __future__ import annotations

import json
import logging
import os
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from jupyter_lifecycle.deployment.service.logs import LOGGER
from jupyter_lifecycle.deployment.service.windows import WindowFile, read_window, window_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LOG = logging.getLogger(LOGGER)
URL_VARIABLE = "JUPYTER_LIFECYCLE_WINDOWS"
TOKEN_VARIABLE = "JUPYTER_LIFECYCLE_TOKEN"  # noqa: S105 - the name of a variable
SEND_SECONDS = 10.0
_LONGEST_PAUSE = 300.0
_TIMEOUT = 10.0
_REFUSED = frozenset({400, 404, 413, 422})
"""What the same window would be answered with again."""


class Sender:
    """Sends a folder's windows in a thread of its own.

    Parameters
    ----------
    folder : pathlib.Path
        Where windows are written.
    url : str
        Of the registry's server.
    token : str
        May write; sent to no other host.
    clock : callable
        Unix time.
    """

    def __init__(
        self, folder: Path, url: str, token: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._folder = folder
        self._url = url.rstrip("/")
        self._token = token
        self._clock = clock
        self._sent: dict[Path, int] = {}
        self._end = Event()
        self._thread = Thread(target=self._work, name="sending", daemon=True)
        self._opener = urllib.request.build_opener(_NoRedirect)

    @classmethod
    def of_environment(cls, folder: Path) -> Sender | None:
        """Make the sender that the environment names; None where it names none.

        Raises
        ------
        ValueError
            Where the address is none of a server.
        """
        url = os.environ.get(URL_VARIABLE, "")
        if not url:
            return None
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"${URL_VARIABLE} is the address of a registry's server, not {url!r}.")
        return cls(folder, url, os.environ.get(TOKEN_VARIABLE, ""))

    def start(self) -> None:
        """Send from now on."""
        self._thread.start()

    def close(self) -> None:
        """Send what there is, once, and end; what is not taken waits for the next start."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join()
        self._send_patiently()

    def send(self) -> int:
        """Send what changed, and remove what is over; gives how many windows were taken.

        Raises
        ------
        OSError
            Where the server is away or does not take it now.
        """
        taken = 0
        for path in window_files(self._folder):
            window = read_window(path)
            if window is None:
                continue
            if self._sent.get(path) != window.flush:
                self._post(window)
                self._sent[path] = window.flush
                taken += 1
            if window.is_over(self._clock()):
                path.unlink(missing_ok=True)
                del self._sent[path]
        return taken

    def _work(self) -> None:
        pause = SEND_SECONDS
        while not self._end.wait(pause):
            pause = SEND_SECONDS if self._send_patiently() else min(_LONGEST_PAUSE, 2 * pause)

    def _send_patiently(self) -> bool:
        try:
            self.send()
        except OSError as problem:
            _LOG.warning("what was counted was not sent: %s; tried again later", problem)
            return False
        return True

    def _post(self, window: WindowFile) -> None:
        request = urllib.request.Request(  # noqa: S310 - http or https, looked at before
            f"{self._url}/v1/endpoints/{quote(window.endpoint, safe='')}/windows",
            json.dumps({"items": items_of(window)}).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"},
            method="POST",
        )
        try:
            with self._opener.open(request, timeout=_TIMEOUT) as answer:
                answer.read()
        except urllib.error.HTTPError as problem:
            with problem:
                if problem.code not in _REFUSED:
                    raise OSError(f"the registry answered {problem.code}") from problem
            _LOG.warning("a window was refused with %d and is not sent again", problem.code)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token goes to the host that was named, and not where that points."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow nothing."""
        return


def items_of(window: WindowFile) -> list[dict[str, Any]]:
    """Give a window's sides as the registry's server takes them."""
    start = datetime.fromtimestamp(window.start, UTC).isoformat()
    return [
        {
            "endpoint": window.endpoint,
            "envelope": window.envelope,
            "side": side,
            "start": start,
            "seconds": window.seconds,
            "run": window.run,
            "flush": window.flush,
            "rows": counted["rows"],
            "profile": counted["profile"],
        }
        for side, counted in window.sides.items()
    ]
