"""A registry behind a server: the same as the store, over HTTP. Needs no database."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jupyter_lifecycle.registry import sending, wire, words
from jupyter_lifecycle.registry.lazy import LazyMapping
from jupyter_lifecycle.registry.records import NO_SERIES, Page
from jupyter_lifecycle.registry.remote_bin import RemoteBin
from jupyter_lifecycle.registry.remote_keyring import RemoteKeyring
from jupyter_lifecycle.registry.remote_mailbox import RemoteMailbox
from jupyter_lifecycle.registry.remote_observing import RemoteObserving
from jupyter_lifecycle.registry.remote_trialing import RemoteTrialing
from jupyter_lifecycle.registry.transport import Call, Transport

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from jupyter_lifecycle.registry.backend import Progress
    from jupyter_lifecycle.registry.records import (
        Artifact,
        Deployment,
        EndpointRecord,
        EnvelopeRecord,
        Event,
        Facet,
        MetricPoint,
        NewArtifact,
        Preview,
        Rule,
        Series,
        TagChange,
        Want,
    )

_MANY = 1_000


class Client(RemoteObserving, RemoteTrialing):
    """The methods of :class:`~jupyter_lifecycle.registry.backend.Backend` as requests.

    Parameters
    ----------
    url : str
        ``http(s)://host:port``, in normal form.
    token : str or None
        Who asks; without one the server answers with an :class:`AuthenticationError`.
    """

    is_local = False

    def __init__(self, url: str, token: str | None) -> None:
        self.location = url
        self._transport = Transport(url, token)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    @property
    def mailbox(self) -> RemoteMailbox:
        """The webhooks, and what is on its way to them."""
        return RemoteMailbox(self._transport)

    @property
    def keyring(self) -> RemoteKeyring:
        """The tokens of the server."""
        return RemoteKeyring(self._transport)

    @property
    def bin(self) -> RemoteBin:
        """What was deleted."""
        return RemoteBin(self._transport)

    # -- envelopes

    def search(
        self, query: str, limit: int, cursor: str | None, skip: int = 0
    ) -> Page[EnvelopeRecord]:
        """One page of the envelopes that match, so many rows after where the cursor stands."""
        params = {"query": query, "limit": limit, "cursor": cursor, "skip": skip or None}
        found = self._get("/v1/envelopes", params)
        return Page(tuple(self._envelope(item) for item in found["items"]), found["cursor"])

    def latest(self, query: str) -> EnvelopeRecord:
        """Give the first match."""
        return self._envelope(self._get("/v1/envelopes/latest", {"query": query}))

    def count(self, query: str) -> int:
        """How many match."""
        return int(self._get("/v1/envelopes/count", {"query": query})["count"])

    def get(self, prefix: str) -> EnvelopeRecord:
        """Give the envelope whose id starts so."""
        return self._envelope(self._get(_envelope_path(prefix)))

    def manifest(self, id_: str) -> bytes:
        """Give the manifest, byte for byte."""
        with self._transport.stream(Call("GET", f"{_envelope_path(id_)}/manifest")) as answer:
            return answer.content

    def names(self) -> tuple[str, ...]:
        """Give the names in use."""
        return tuple(self._get("/v1/names")["items"])

    def keys(self, family: str) -> tuple[str, ...]:
        """Give the keys of ``tags`` or ``metrics`` in use."""
        return tuple(self._get(f"/v1/keys/{quote(family, safe='')}")["items"])

    def facet(self, field: str, prefix: str, limit: int) -> Facet:
        """Describe a field by what it holds."""
        params = {"field": field, "prefix": prefix, "limit": limit}
        return wire.facet(self._get("/v1/facets", params))

    def add(
        self,
        manifest: bytes,
        tags: Mapping[str, str],
        metrics: Mapping[str, float],
        author: str | None,
        artifacts: Sequence[NewArtifact] = (),
        series: Series = NO_SERIES,
    ) -> tuple[EnvelopeRecord, bool]:
        """Add an envelope whose files are there; whether it existed before."""
        body: dict[str, Any] = {
            "manifest": manifest.decode(),
            "tags": dict(tags),
            "metrics": dict(metrics),
            "author": author,
        }
        # Left out where there is none, so that an older server takes it.
        body |= {"artifacts": wire.encode(list(artifacts))} if artifacts else {}
        body |= {"series": wire.encode(series)} if series else {}
        found = self._transport.json(Call("POST", "/v1/envelopes", body=body))
        return self._envelope(found["envelope"]), bool(found["existed"])

    def attach(self, id_: str, new: Sequence[NewArtifact]) -> tuple[Artifact, ...]:
        """Add artifacts whose content is there, all or none."""
        body = {"items": wire.encode(list(new))}
        call = Call("POST", f"{_envelope_path(id_)}/artifacts", body=body)
        return tuple(wire.artifact(item) for item in self._transport.json(call)["items"])

    def attached(self, id_: str) -> tuple[Artifact, ...]:
        """All artifacts of an envelope."""
        found = self._get(f"{_envelope_path(id_)}/artifacts")
        return tuple(wire.artifact(item) for item in found["items"])

    def log_series(self, id_: str, series: Series) -> EnvelopeRecord:
        """Log metrics by step, all or none."""
        body = {"series": wire.encode(series)}
        path = f"{_envelope_path(id_)}/metrics/series"
        call = Call("POST", path, body=body, key=secrets.token_hex(16))
        return self._envelope(self._transport.json(call))

    # -- files

    def missing(self, digests: Sequence[str]) -> tuple[str, ...]:
        """Those of these blobs that have to be sent."""
        found: list[str] = []
        for start in range(0, len(digests), _MANY):
            body = {"digests": list(digests[start : start + _MANY])}
            found += self._transport.json(Call("POST", "/v1/blobs/missing", body=body))["items"]
        return tuple(found)

    def send(self, digest: str, path: Path, progress: Progress | None) -> None:
        """Store a file under its digest; nothing is seen of it before it's whole."""
        sending.send(self._transport, digest, path, progress)

    def fetch(self, digest: str, target: Path, progress: Progress | None) -> None:
        """Have a blob as a file at ``target``, checked."""
        sending.fetch(self._transport, digest, target, progress)

    # -- tags and metrics

    def tag(
        self,
        id_: str,
        set_: Mapping[str, str],
        unset: Sequence[str],
        expect: Mapping[str, str | None] | None,
    ) -> EnvelopeRecord:
        """Change tags, all or none."""
        body = {"set": dict(set_), "unset": list(unset), "expect": expect and dict(expect)}
        call = Call("PATCH", f"{_envelope_path(id_)}/tags", body=body, key=secrets.token_hex(16))
        return self._envelope(self._transport.json(call))

    def log_metrics(
        self, id_: str, values: Mapping[str, float], step: int | None
    ) -> EnvelopeRecord:
        """Log metrics."""
        body = {"values": dict(values), "step": step}
        call = Call("POST", f"{_envelope_path(id_)}/metrics", body=body, key=secrets.token_hex(16))
        return self._envelope(self._transport.json(call))

    def tag_history(self, id_: str) -> tuple[TagChange, ...]:
        """Every change of every tag."""
        found = self._get(f"{_envelope_path(id_)}/tags/history")
        return tuple(wire.tag_change(item) for item in found["items"])

    def metric_history(self, id_: str, key: str) -> tuple[MetricPoint, ...]:
        """Every value of one metric."""
        found = self._get(f"{_envelope_path(id_)}/metrics/history", {"key": key})
        return tuple(wire.metric_point(item) for item in found["items"])

    # -- rules

    def set_rule(self, rule: Rule) -> Rule:
        """Write a rule."""
        call = Call("PUT", _path("rules", rule.endpoint), body=_rule_body(rule), again=False)
        return wire.rule(self._transport.json(call))

    def remove_rule(self, endpoint: str) -> None:
        """Remove a rule."""
        self._transport.json(Call("DELETE", _path("rules", endpoint), again=False))

    def rules(self) -> tuple[Rule, ...]:
        """All rules."""
        return tuple(wire.rule(item) for item in self._get("/v1/rules")["items"])

    def preview(self, id_: str, set_: Mapping[str, str], unset: Sequence[str]) -> Preview:
        """Say what changing tags would move."""
        body = {"set": dict(set_), "unset": list(unset)}
        call = Call("POST", f"{_envelope_path(id_)}/preview", body=body)
        return wire.preview(self._transport.json(call))

    def preview_rule(self, rule: Rule) -> Preview:
        """Say what writing a rule would move."""
        call = Call("POST", f"{_path('rules', rule.endpoint)}/preview", body=_rule_body(rule))
        return wire.preview(self._transport.json(call))

    def set_pin(self, endpoint: str, id_: str | None) -> EndpointRecord:
        """Hold an endpoint at an envelope; None lets its rule decide again."""
        path = f"{_path('endpoints', endpoint)}/pin"
        call = Call("DELETE", path) if id_ is None else Call("PUT", path, body={"envelope": id_})
        return wire.endpoint(self._transport.json(call))

    def preview_pin(self, endpoint: str, id_: str | None) -> Preview:
        """Say what a pin would move."""
        path = f"{_path('endpoints', endpoint)}/pin/preview"
        return wire.preview(self._transport.json(Call("POST", path, body={"envelope": id_})))

    def wants(self) -> tuple[Want, ...]:
        """Say what the endpoints should serve."""
        return tuple(wire.want(item) for item in self._get("/v1/wants")["items"])

    # -- endpoints and deployments

    def endpoint(self, name: str) -> EndpointRecord:
        """One endpoint."""
        return wire.endpoint(self._get(_path("endpoints", name)))

    def endpoints(self) -> tuple[EndpointRecord, ...]:
        """All endpoints."""
        return tuple(wire.endpoint(item) for item in self._get("/v1/endpoints")["items"])

    def set_endpoint(self, name: str, values: Mapping[str, Any]) -> EndpointRecord:
        """Write what a deployer reports of an endpoint."""
        call = Call("PATCH", _path("endpoints", name), body=dict(values))
        return wire.endpoint(self._transport.json(call))

    def start_deployment(
        self, endpoint: str, envelope: str, rule_version: int, id_: str
    ) -> Deployment:
        """Write a new attempt; the id makes it the same one when it's sent twice."""
        body = {
            "id": id_,
            "endpoint": endpoint,
            "envelope": envelope,
            "rule_version": rule_version,
        }
        return wire.deployment(self._transport.json(Call("POST", "/v1/deployments", body=body)))

    def update_deployment(self, id_: str, values: Mapping[str, Any]) -> Deployment:
        """Write how an attempt goes."""
        call = Call("PATCH", _path("deployments", id_), body=wire.encode(dict(values)))
        return wire.deployment(self._transport.json(call))

    def deployments(self, endpoint: str, limit: int) -> tuple[Deployment, ...]:
        """Give the attempts of an endpoint, newest first."""
        found = self._get("/v1/deployments", {"endpoint": endpoint, "limit": limit})
        return tuple(wire.deployment(item) for item in found["items"])

    def lease(self, name: str, holder: str, seconds: float) -> bool:
        """Take or renew a lease."""
        body = {"holder": holder, "seconds": float(seconds)}
        return bool(self._transport.json(Call("PUT", _lease_path(name), body=body))["held"])

    def release(self, name: str, holder: str) -> None:
        """Give a lease back."""
        self._transport.json(Call("DELETE", _lease_path(name), params={"holder": holder}))

    def lease_holder(self, name: str) -> str | None:
        """Who holds a lease."""
        found: str | None = self._get(_lease_path(name))["holder"]
        return found

    def events(self, after: int, limit: int, wait: float = 0.0) -> tuple[Event, ...]:
        """Say what happened after a number; wait so many seconds for the first."""
        found = self._get("/v1/events", {"after": after, "limit": limit, "wait": wait})
        return tuple(wire.event(item) for item in found["items"])

    def _get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        return self._transport.json(Call("GET", path, params=params))

    def _envelope(self, found: Mapping[str, Any]) -> EnvelopeRecord:
        id_ = str(found["id"])
        return wire.envelope(found, LazyMapping(lambda: json.loads(self.manifest(id_))))


def _path(kind: str, name: str) -> str:
    return f"/v1/{kind}/{quote(name, safe='')}"


def _lease_path(name: str) -> str:
    return _path("leases", words.check_lease("A lease's name", name))


def _envelope_path(id_: str) -> str:
    return _path("envelopes", words.check_prefix(id_))


def _rule_body(rule: Rule) -> dict[str, Any]:
    return {
        "when": rule.when,
        "order_by": rule.order_by,
        "target": rule.target,
        "on_none": rule.on_none,
        "options": dict(rule.options),
    }
