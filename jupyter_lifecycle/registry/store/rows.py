"""Between rows and records."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from jupyter_lifecycle.registry.records import (
    Delivery,
    Deployment,
    Event,
    MetricPoint,
    Pin,
    Rule,
    Step,
    TagChange,
    Want,
    Webhook,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(micros: int) -> datetime:
    """Read a stored time as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=micros)


def optional_moment(micros: int | None) -> datetime | None:
    """Read the same where there may be none."""
    return None if micros is None else moment(micros)


def dumps(value: Any) -> str:
    """JSON without spaces, in any letters."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def tag_change(row: Any) -> TagChange:
    """Read a row of ``tag_changes``."""
    return TagChange(moment(row.at), row.author, row.key, row.before, row.after)


def metric_point(row: Any) -> MetricPoint:
    """Read a row of ``metric_points``."""
    return MetricPoint(moment(row.at), row.author, row.key, row.value, row.step)


def rule(row: Any) -> Rule:
    """Read a row of ``rules``."""
    return Rule(
        endpoint=row.endpoint,
        when=row.when,
        order_by=row.order_by,
        target=row.target,
        on_none=row.on_none,
        options=json.loads(row.options),
        version=row.version,
        author=row.author,
        updated_at=moment(row.updated_at),
    )


def pin(row: Any) -> Pin:
    """Read a row of ``pins``."""
    return Pin(row.endpoint, row.envelope, row.author, moment(row.at))


def want(row: Any) -> Want:
    """Read a row of ``wants``."""
    return Want(
        endpoint=row.endpoint,
        target=row.target,
        envelope=row.envelope,
        rule_version=row.rule_version,
        since=moment(row.since),
        because=row.because,
    )


def steps_text(steps: tuple[Step, ...]) -> str:
    """Write steps as they are stored."""
    return dumps([[step.name, step.state, step.seconds, step.fact] for step in steps])


def deployment(row: Any) -> Deployment:
    """Read a row of ``deployments``."""
    return Deployment(
        id=row.id,
        endpoint=row.endpoint,
        envelope=row.envelope,
        rule_version=row.rule_version,
        state=row.state,
        created_at=moment(row.created_at),
        updated_at=moment(row.updated_at),
        steps=tuple(Step(*step) for step in json.loads(row.steps)),
        reason=row.reason,
        log=tuple(json.loads(row.log)),
    )


def event(row: Any) -> Event:
    """Read a row of ``events``."""
    return Event(
        seq=row.seq,
        at=moment(row.at),
        kind=row.kind,
        subject=row.subject,
        author=row.author,
        payload=json.loads(row.payload),
    )


def webhook(row: Any) -> Webhook:
    """Read a row of ``webhooks``, without its secret."""
    return Webhook(
        id=row.id,
        url=row.url,
        kinds=tuple(row.kinds.split()),
        query=row.query,
        created_at=moment(row.created_at),
        created_by=row.created_by,
    )


def delivery(row: Any) -> Delivery:
    """Read a row of ``deliveries``."""
    return Delivery(
        id=row.seq,
        webhook=row.webhook,
        event=row.event,
        state=row.state,
        attempts=row.attempts,
        updated_at=moment(row.updated_at),
        next_at=optional_moment(row.next_at),
        status=row.status,
        reason=row.reason,
    )
