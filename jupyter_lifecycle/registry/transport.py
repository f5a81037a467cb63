"""Requests to a registry's server: pooled, timed, tried again where safe, errors as ours."""

from __future__ import annotations

import contextlib
import json
import random
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import requests
from requests.adapters import HTTPAdapter

from jupyter_lifecycle.errors import (
    InvalidValueError,
    RegistryError,
    RegistryUnavailableError,
    from_wire,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

TRIES: Final = 3
CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 60.0
PATIENCE_SECONDS: Final = 60.0
"""How long a request waits in all until its token may make one again."""
_TOO_MANY: Final = 429
_AWAY: Final = frozenset({502, 503, 504})


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    ``again``: the server may see it twice and nothing differs, so it's tried again where the
    answer was lost. Any request is where the server was never reached.
    """

    method: str
    path: str
    params: Mapping[str, Any] | None = None
    body: Any = None
    data: Iterable[bytes] | None = None
    """A body that is sent as it is; its ``len`` are its bytes."""
    again: bool = True
    tries: int = TRIES
    key: str | None = None
    """``Idempotency-Key``: the server carries out the request once, however often it comes."""


class Transport:
    """A pooled session with one server.

    Parameters
    ----------
    url : str
        ``http(s)://host:port``.
    token : str or None
        Sent as a bearer token; never to another host.
    """

    def __init__(self, url: str, token: str | None) -> None:
        self.url = url
        self._token = token
        self._local = threading.local()
        self._sessions: list[requests.Session] = []

    def json(self, call: Call) -> Any:
        """Send, and give the answer, decoded.

        Raises
        ------
        LifecycleError
            The one that the server meant.
        RegistryUnavailableError
            It did not answer.
        """
        with self.stream(call, stream=False) as answer:
            try:
                return answer.json()
            except requests.exceptions.JSONDecodeError:
                raise RegistryError(
                    f"{self.url} answered with something that is no registry's."
                    " Is the address right?",
                    location=self.url,
                ) from None

    @contextlib.contextmanager
    def stream(self, call: Call, *, stream: bool = True) -> Iterator[requests.Response]:
        """Send, and give the answer, its body yet to be read."""
        answer = self._answer(call, stream=stream)
        try:
            if answer.status_code >= 400:
                raise self._error(answer)
            yield answer
        except requests.exceptions.RequestException as error:
            raise RegistryUnavailableError(
                f"{self.url} broke off in the middle of an answer: {_reason(error)}.",
                location=self.url,
            ) from error
        finally:
            answer.close()

    def close(self) -> None:
        """Close all connections."""
        for session in self._sessions:
            session.close()
        self._sessions.clear()
        self._local = threading.local()

    def _answer(self, call: Call, *, stream: bool) -> requests.Response:
        started = time.perf_counter()
        reason, patience = "", PATIENCE_SECONDS
        for attempt in range(1, call.tries + 1):
            try:
                answer = self._send(call, stream=stream)
                while answer.status_code == _TOO_MANY and (pause := _pause(answer)) <= patience:
                    answer.close()
                    threading.Event().wait(pause)
                    patience -= pause
                    answer = self._send(call, stream=stream)
                if answer.status_code not in _AWAY or not call.again:
                    return answer
                if answer.headers.get("content-type", "").startswith("application/json"):
                    return answer  # the registry itself says why
                answer.close()
                reason = f"its proxy says {answer.status_code}"
            except requests.exceptions.RequestException as error:
                reason = _reason(error)
                if not (call.again or _never_arrived(error)):
                    raise self._away(attempt, started, reason) from error
            if attempt < call.tries:
                # Spread, so that clients of a server that restarts don't come back all at once.
                threading.Event().wait(0.1 * 4 ** (attempt - 1) * random.uniform(0.75, 1.25))  # noqa: S311
        raise self._away(call.tries, started, reason)

    def _send(self, call: Call, *, stream: bool) -> requests.Response:
        body, headers = call.body, {}
        if call.data is not None:
            body = call.data
        elif body is not None:
            body, headers = _json(body), {"Content-Type": "application/json"}
        if call.key is not None:
            headers["Idempotency-Key"] = call.key
        return self._session().request(
            call.method,
            self.url + call.path,
            params=call.params,
            data=body,
            headers=headers,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            stream=stream,
            allow_redirects=False,
        )

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            adapter = HTTPAdapter(pool_connections=1, pool_maxsize=4)
            session.mount("http://", adapter)
            session.mount("https://", adapter)
            session.headers["Accept"] = "application/json"
            session.auth = _Bearer(self._token)
            self._local.session = session
            self._sessions.append(session)
        return session

    def _error(self, answer: requests.Response) -> Exception:
        try:
            payload = answer.json()
        except requests.exceptions.RequestException:
            payload = {}
        return from_wire(payload, status=answer.status_code)

    def _away(self, tries: int, started: float, reason: str) -> RegistryUnavailableError:
        times = "once" if tries == 1 else f"{tries} times"
        seconds = time.perf_counter() - started
        return RegistryUnavailableError(
            f"{self.url} does not answer. Tried {times} in {seconds:.1f} s: {reason}.",
            location=self.url,
            tries=tries,
            seconds=round(seconds, 3),
        )


def _pause(answer: requests.Response) -> float:
    """Seconds that a server, or a proxy before it, asks to wait; a second where it says none."""
    said = answer.headers.get("retry-after", "")
    return float(said) if said.isdigit() and int(said) else 1.0


def _json(body: Any) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise InvalidValueError(f"This cannot be written as JSON: {error}.") from None


class _Bearer(requests.auth.AuthBase):
    """The token, or nothing: without this, requests would look for a password in ``~/.netrc``."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _never_arrived(error: requests.exceptions.RequestException) -> bool:
    """Whether no connection was made, so that the server cannot have seen the request."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    return "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)


def _reason(error: requests.exceptions.RequestException) -> str:
    """One plain clause about what went wrong on the way."""
    text = repr(error)
    for sign, words in (
        ("NameResolutionError", "no such host"),
        ("ConnectTimeout", f"no connection within {CONNECT_SECONDS:.0f} s"),
        ("Connection refused", "nothing listens there"),
        ("ReadTimeout", f"no answer within {READ_SECONDS:.0f} s"),
        ("CERTIFICATE_VERIFY_FAILED", "its certificate cannot be verified"),
        ("WRONG_VERSION_NUMBER", "it does not speak https; write http://"),
        ("ProxyError", "the proxy refuses"),
        ("RemoteDisconnected", "it closed the connection"),
        ("ConnectionResetError", "it closed the connection"),
        ("BrokenPipeError", "it closed the connection"),
        ("IncompleteRead", "the connection was cut"),
    ):
        if sign in text:
            return words
    return type(error).__name__
