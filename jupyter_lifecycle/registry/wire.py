"""Records as JSON and back: what the server says and the client hears."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from jupyter_lifecycle.registry.records import (
    Artifact,
    Collected,
    DeletedEnvelope,
    Delivery,
    Deployment,
    EndpointChange,
    EndpointRecord,
    EnvelopeRecord,
    Event,
    Facet,
    MetricPoint,
    Pin,
    Preview,
    Rule,
    Step,
    TagChange,
    Want,
    Webhook,
)


def encode(value: Any) -> Any:
    """Turn a record, or anything made of records, into JSON values; times in ISO 8601."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    return value


def envelope(found: Mapping[str, Any], manifest: Mapping[str, Any]) -> EnvelopeRecord:
    """Read an envelope; the manifest comes apart from it."""
    return EnvelopeRecord(
        id=found["id"],
        name=found["name"],
        author=found["author"],
        created_at=_time(found["created_at"]),
        size=found["size"],
        tags=found["tags"],
        metrics=found["metrics"],
        manifest=manifest,
    )


def envelope_json(record: EnvelopeRecord) -> dict[str, Any]:
    """Write an envelope without its manifest, which has an address of its own."""
    return {
        field.name: encode(getattr(record, field.name))
        for field in fields(record)
        if field.name != "manifest"
    }


def tag_change(found: Mapping[str, Any]) -> TagChange:
    """One change of a tag."""
    return TagChange(**{**found, "at": _time(found["at"])})


def metric_point(found: Mapping[str, Any]) -> MetricPoint:
    """One value of a metric."""
    return MetricPoint(**{**found, "at": _time(found["at"])})


def artifact(found: Mapping[str, Any]) -> Artifact:
    """Something that was added to an envelope."""
    return Artifact(**{**found, "at": _time(found["at"])})


def rule(found: Mapping[str, Any]) -> Rule:
    """Read a rule."""
    return Rule(**{**found, "updated_at": _optional_time(found["updated_at"])})


def want(found: Mapping[str, Any]) -> Want:
    """Read what an endpoint should serve."""
    return Want(**{**found, "since": _time(found["since"])})


def deployment(found: Mapping[str, Any]) -> Deployment:
    """Read an attempt."""
    return Deployment(
        **{
            **found,
            "created_at": _time(found["created_at"]),
            "updated_at": _time(found["updated_at"]),
            "steps": tuple(Step(**step) for step in found["steps"]),
            "log": tuple(found["log"]),
        }
    )


def endpoint(found: Mapping[str, Any]) -> EndpointRecord:
    """Read an endpoint."""
    last, pin = found["last_deployment"], found.get("pin")
    return EndpointRecord(
        **{
            **found,
            "rule": None if found["rule"] is None else rule(found["rule"]),
            "want": None if found["want"] is None else want(found["want"]),
            "serving_since": _optional_time(found["serving_since"]),
            "last_deployment": None if last is None else deployment(last),
            "pin": None if pin is None else Pin(**{**pin, "at": _time(pin["at"])}),
        }
    )


def preview(found: Mapping[str, Any]) -> Preview:
    """Read what would move."""
    changes = tuple(
        EndpointChange(**{**change, "rule": rule(change["rule"])}) for change in found["changes"]
    )
    return Preview(changes, found["rules_checked"])


def event(found: Mapping[str, Any]) -> Event:
    """Something that happened."""
    return Event(**{**found, "at": _time(found["at"])})


def facet(found: Mapping[str, Any]) -> Facet:
    """Read what a field holds."""
    return Facet(**{**found, "values": tuple((str(v), int(n)) for v, n in found["values"])})


def deleted(found: Mapping[str, Any]) -> DeletedEnvelope:
    """Read what is in the trash."""
    return DeletedEnvelope(**{**found, "deleted_at": _time(found["deleted_at"])})


def collected(found: Mapping[str, Any]) -> Collected:
    """Read what was removed for good."""
    return Collected(**{**found, "envelopes": tuple(found["envelopes"])})


def webhook(found: Mapping[str, Any]) -> Webhook:
    """Read who is told what."""
    return Webhook(
        **{**found, "kinds": tuple(found["kinds"]), "created_at": _time(found["created_at"])}
    )


def delivery(found: Mapping[str, Any]) -> Delivery:
    """Read what is on its way."""
    times = {"updated_at": _time(found["updated_at"]), "next_at": _optional_time(found["next_at"])}
    return Delivery(**{**found, **times})


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _optional_time(text: str | None) -> datetime | None:
    return None if text is None else _time(text)
