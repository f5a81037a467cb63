"""An endpoint in the hand: wait for it, ask it."""

from __future__ import annotations

import json
import shlex
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jupyter_lifecycle.deployment.observed import Observed
from jupyter_lifecycle.deployment.progress import ProgressLine, describe
from jupyter_lifecycle.deployment.questions import from_answer, to_payload
from jupyter_lifecycle.errors import EndpointError, InputError, from_wire

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    import requests

    from jupyter_lifecycle.envelope import Schema
    from jupyter_lifecycle.registry import Envelope, Registry
    from jupyter_lifecycle.registry.records import EndpointRecord

_LOOK = 0.1
_STARTS = 3
_ASK_SECONDS = (5.0, 300.0)
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class Endpoint(Observed):
    """One endpoint.

    Parameters
    ----------
    name : str
        Its name.
    registry : Registry
        Where its rule is.
    """

    def __init__(self, name: str, registry: Registry) -> None:
        self.name = name
        self._registry = registry
        self._session: requests.Session | None = None
        self._schemas: dict[str, Schema] = {}
        self._address = ""
        self.last_request = ""
        """Id of the request that was answered last: what outcomes are logged by."""

    def __repr__(self) -> str:
        record = self.record
        where = f" on {record.address}" if record.address else ""
        return f"<Endpoint {self.name} {record.state}{where}>"

    @property
    def record(self) -> EndpointRecord:
        """How it stands: its rule, what it should serve, what it serves, its last deployment.

        Raises
        ------
        NotFoundError
            Where no rule has made it.
        """
        return self._registry.endpoint(self.name)

    @property
    def url(self) -> str:
        """Its address, the same over all versions.

        Raises
        ------
        EndpointError
            Where it has none yet.
        """
        record = self.record
        if record.address is None:
            raise EndpointError(f"{self.name} has no address yet: {_standing(record)}")
        self._address = record.address
        return record.address

    @property
    def schema(self) -> Schema:
        """What the version that serves now takes and gives.

        Raises
        ------
        EndpointError
            Where it does not serve.
        """
        return self._asked_schema(refresh=True)

    def wait(self, timeout: float = 300.0) -> Endpoint:
        """Wait until it serves what its rule wants, and show how that goes.

        Parameters
        ----------
        timeout : float
            Seconds to wait at most.

        Returns
        -------
        Endpoint
            Itself.

        Raises
        ------
        EndpointError
            Where the deployment failed, nothing matches the rule, or time ran out; says why.
        NotFoundError
            Where no rule has made the endpoint.
        """
        line = ProgressLine()
        try:
            self._wait(line, time.monotonic() + timeout, timeout)
        finally:
            line.end()
        return self

    def predict(
        self,
        rows: Any = None,
        *,
        request: str | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> Any:
        """Ask it.

        Parameters
        ----------
        rows : DataFrame, array, Series, dict, list, optional
            Rows of a table, one dict of arguments, a list of such, or nothing for what takes none.
        request : str, optional
            The request's id, up to 64 letters, digits, ``.``, ``_`` and ``-``; one is made where
            not given. ``last_request`` has it afterwards.
        attributes : Mapping, optional
            Who asks, for splits and experiments, such as ``{"customer_id": "c-17"}``; JSON values.

        Returns
        -------
        object
            In the form of the question, typed by the schema: for a frame what the model itself
            gives for one, for a dict one value, for a list a list.

        Raises
        ------
        InputError
            Where the rows do not fit; ``detail["problems"]`` has paths and reasons.
        EndpointError
            Where it does not serve, or the model fails.
        """
        schema = self._asked_schema(refresh=False)
        headers = {} if request is None else {"X-Request-Id": request}
        if attributes:
            headers["X-Attributes"] = json.dumps(attributes)
        response = self._ask("POST", "/predict", to_payload(rows, schema), headers)
        self.last_request = response.headers.get("x-request-id", "")
        now = response.headers.get("x-envelope", "")
        schema = self._schemas.get(now) or self._asked_schema(refresh=True, envelope=now)
        return from_answer(response.json(), rows, schema)

    def curl(self) -> str:
        """Give a line for a shell that asks it with a row of the envelope's example.

        Raises
        ------
        EndpointError
            Where it has no address yet.
        """
        url, serving = self.url, self.record.serving
        example: Any = {}
        if serving is not None:
            found = self._registry.bundle(serving).example_json()
            example = found[0] if isinstance(found, list) and found else found
        body = shlex.quote(json.dumps(example))
        return f"curl -sS {url}/predict -H 'Content-Type: application/json' -d {body}"

    # -- held

    def pin(self, envelope: Envelope | str) -> Endpoint:
        """Have it serve one envelope until :meth:`unpin`, whatever its rule says.

        The rule goes on deciding what would be served; the pin is on the record, in the events
        and in the panels. Where the envelope serves already nothing is started.

        Parameters
        ----------
        envelope : Envelope or str
            The envelope, or its id or the beginning of it.

        Raises
        ------
        NotFoundError
            Where no rule makes the endpoint, or there is no such envelope.
        """
        self._registry.pin(self.name, envelope)
        return self._moved()

    def unpin(self) -> Endpoint:
        """Have its rule decide again; nothing happens where it is not pinned."""
        self._registry.unpin(self.name)
        return self._moved()

    def approve(self, envelope: Envelope | str | None = None) -> Endpoint:
        """Say that an envelope may be deployed, where the rule asks for approval.

        Sets the tag that the rule's ``approval`` names; the tag's history has who and when.

        Parameters
        ----------
        envelope : Envelope or str, optional
            The envelope, or its id or the beginning of it; what the rule wants where not given.

        Raises
        ------
        EndpointError
            Where the rule asks for no approval, or nothing is wanted.
        """
        record = self.record
        key = str(record.rule.options.get("approval", "")) if record.rule is not None else ""
        wanted = record.want.envelope if record.want is not None else None
        meant = envelope if isinstance(envelope, str | None) else envelope.id
        meant = meant or wanted
        if not key or meant is None:
            why = "its rule asks for none" if not key else "nothing matches its rule"
            raise EndpointError(
                f"There is nothing to approve for {self.name}: {why}.", endpoint=self.name
            )
        self._registry.tag(meant, {key: "yes"})
        return self._moved()

    def rollback(self) -> Endpoint:
        """Pin it to what it served before what it serves now.

        Raises
        ------
        EndpointError
            Where it never served anything else.
        """
        before = self._registry.served_before(self.name)
        if before is None:
            raise EndpointError(
                f"{self.name} served nothing else before, so there is nothing to roll back to. "
                f"To hold it at an envelope: jl.endpoint({self.name!r}).pin(id).",
                endpoint=self.name,
            )
        return self.pin(before)

    def _moved(self) -> Endpoint:
        from jupyter_lifecycle.deployment.detach import see_to_deployer

        see_to_deployer(self._registry)
        return self

    # -- waiting

    def _wait(self, line: ProgressLine, deadline: float, timeout: float) -> None:
        from jupyter_lifecycle.deployment.detach import see_to_deployer

        see_to_deployer(self._registry)
        starts = 0
        pause = threading.Event()
        while True:
            record = self.record
            line.show(describe(record))
            if record.state == "unmatched" or (record.state == "serving" and self._answers()):
                return
            self._give_up(record)
            if time.monotonic() > deadline:
                raise EndpointError(
                    f"{self.name} does not serve after {timeout:g} s: {_standing(record)}"
                )
            if see_to_deployer(self._registry, wait=True):
                starts += 1
                if starts > _STARTS:
                    raise EndpointError(
                        f"The deployer of {self._registry.location} keeps ending by itself; "
                        "see `jupyter lifecycle deployer logs`."
                    )
            pause.wait(_LOOK)

    def _give_up(self, record: EndpointRecord) -> None:
        """Say why waiting longer would lead nowhere, where it would not."""
        if record.state == "failed" and _is_news(record):
            keeps = (
                f" {record.serving[:10]} keeps serving."
                if record.serving is not None
                else " Nothing serves."
            )
            wanted = record.want.envelope if record.want is not None else None
            what = f"{(wanted or '')[:10]} was not deployed to {self.name}."
            raise EndpointError(f"{what}{keeps} {record.failure}", endpoint=self.name)
        if record.rule is None:
            raise EndpointError(f"{self.name} has no rule any more. Write one with jl.rule.")
        matches = record.want is not None and record.want.envelope is not None
        if record.state in ("waiting", "retired") and not matches:
            raise EndpointError(
                f"No envelope matches the rule of {self.name}: {record.rule.when}. Tag one.",
                endpoint=self.name,
            )

    def _answers(self) -> bool:
        try:
            self._ask("GET", "/ready")
        except EndpointError:
            return False
        return True

    def answers_with(self, envelope: str) -> bool:
        """Whether an envelope answers here, as the main one or beside it.

        Raises
        ------
        EndpointError
            Where nothing answers at all.
        """
        try:
            self._ask("GET", f"/schema?envelope={envelope}")
        except EndpointError as problem:
            if problem.detail.get("status") == 404:
                return False
            raise
        return True

    # -- asking

    def _asked_schema(self, *, refresh: bool, envelope: str = "") -> Schema:
        if not refresh and self._schemas:
            return next(reversed(self._schemas.values()))
        from jupyter_lifecycle.envelope import Schema

        named = f"?envelope={envelope}" if envelope else ""
        answer = self._ask("GET", f"/schema{named}").json()
        schema = Schema.from_json(answer["schema"])
        self._schemas.pop(answer["envelope"][:10], None)
        self._schemas[answer["envelope"][:10]] = schema
        return schema

    def _ask(
        self, method: str, path: str, payload: Any = None, more: Mapping[str, str] | None = None
    ) -> requests.Response:
        import requests

        url = (self._address or self.url) + path
        body = None if method == "GET" else json.dumps(payload, allow_nan=False).encode()
        headers = {"Content-Type": "application/json"} if body is not None else {}
        headers |= more or {}
        session = self._open(url)
        for last in (False, True):
            try:
                response = session.request(
                    method, url, data=body, headers=headers, timeout=_ASK_SECONDS
                )
                break
            except requests.ConnectionError as problem:
                if last:  # once more: an idle connection may have been closed just now
                    raise EndpointError(self._unreachable(url), endpoint=self.name) from problem
            except requests.Timeout as problem:
                raise EndpointError(
                    f"{self.name} did not answer in {_ASK_SECONDS[1]:g} s.", endpoint=self.name
                ) from problem
        if response.ok:
            return response
        raise self._refused(response)

    def _open(self, url: str) -> requests.Session:
        if self._session is None:
            import requests

            self._session = requests.Session()
            # A proxy that is configured for the outside knows nothing of this machine's loopback.
            self._session.trust_env = urlsplit(url).hostname not in _LOOPBACK
        return self._session

    def _refused(self, response: requests.Response) -> Exception:
        try:
            payload = response.json()
        except ValueError:
            payload = {}
        meant = from_wire(payload, status=response.status_code)
        if isinstance(meant, InputError | EndpointError):
            return meant
        return EndpointError(
            f"{self.name} answered {response.status_code}: {meant.message}",
            endpoint=self.name,
            status=response.status_code,
        )

    def _unreachable(self, url: str) -> str:
        said = _standing(self.record)
        self._address = ""
        start = f"jl.endpoint({self.name!r}).wait()"
        return f"Nothing answers at {url}. {said} If its deployer was stopped, {start} starts it."


def endpoint(name: str, *, registry: Registry | str | os.PathLike[str] | None = None) -> Endpoint:
    """Give an endpoint by its name.

    Parameters
    ----------
    name : str
        As its rule says.
    registry : Registry, str or path, optional
        Where its rule is; None is the user's own.

    Returns
    -------
    Endpoint
        ``.wait()`` waits until it serves, ``.predict(rows)`` asks it.
    """
    from jupyter_lifecycle.deployment.rules import registry_of

    return Endpoint(name, registry_of(registry))


def _is_news(record: EndpointRecord) -> bool:
    """Whether the failure is of what is wanted now, not of an attempt before that."""
    last, want = record.last_deployment, record.want
    return last is None or want is None or last.created_at >= want.since


def _standing(record: EndpointRecord) -> str:
    wanted = record.want.envelope if record.want is not None else None
    what = f"it is {record.state}"
    if wanted is not None and wanted != record.serving:
        what += f", {wanted[:10]} is wanted"
    return f"{what}. {record.failure}".strip()
