"""Tags and metrics: what an envelope has now, and everything that was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from jupyter_lifecycle.errors import ConflictError
from jupyter_lifecycle.registry.store import rows
from jupyter_lifecycle.registry.store.envelopes import folded
from jupyter_lifecycle.registry.store.schema import metric_points, metrics, tag_changes, tags

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from jupyter_lifecycle.registry.records import MetricPoint, Series, TagChange
    from jupyter_lifecycle.registry.store.events import Change


def current_tags(connection: Connection, seq: int) -> dict[str, str]:
    """Give the tags of an envelope."""
    found = select(tags.c.key, tags.c.value).where(tags.c.envelope == seq)
    return {row.key: row.value for row in connection.execute(found)}


def tag_differences(
    now: Mapping[str, str],
    set_: Mapping[str, str],
    unset: Sequence[str],
    expect: Mapping[str, str | None] | None,
) -> dict[str, str | None]:
    """Find what would really change.

    Raises
    ------
    ConflictError
        A tag is not what the caller expects it to be.
    """
    for key, value in (expect or {}).items():
        if now.get(key) != value:
            was = f"{key} = {now[key]!r}" if key in now else f"no tag {key}"
            raise ConflictError(
                f"Somebody changed the tags meanwhile: there is {was} now. Look, and tag again.",
                key=key,
                now=now.get(key),
            )
    wanted: dict[str, str | None] = {**dict.fromkeys(unset), **set_}
    return {key: value for key, value in wanted.items() if now.get(key) != value}


def write_tags(change: Change, seq: int, id_: str, differences: Mapping[str, str | None]) -> None:
    """Write tags with their history and one event."""
    now = current_tags(change.connection, seq)
    for key, value in differences.items():
        if value is None:
            mine = (tags.c.envelope == seq) & (tags.c.key == key)
            change.connection.execute(delete(tags).where(mine))
        elif key in now:
            mine = (tags.c.envelope == seq) & (tags.c.key == key)
            values = {"value": value, "value_folded": folded(value)}
            change.connection.execute(update(tags).where(mine).values(values))
        else:
            change.connection.execute(
                insert(tags).values(envelope=seq, key=key, value=value, value_folded=folded(value))
            )
    history = [
        {
            "envelope": seq,
            "at": change.now,
            "author": change.author,
            "key": key,
            "before": now.get(key),
            "after": value,
        }
        for key, value in differences.items()
    ]
    change.connection.execute(insert(tag_changes), history)
    payload = {
        "set": {key: value for key, value in differences.items() if value is not None},
        "unset": [key for key, value in differences.items() if value is None],
        "before": {key: now[key] for key in differences if key in now},
    }
    change.tell("tag.changed", id_, payload)


def new_metrics(connection: Connection, seq: int, values: Mapping[str, float]) -> dict[str, float]:
    """Those that are not the latest value already."""
    found = select(metrics.c.key, metrics.c.latest).where(metrics.c.envelope == seq)
    now = {row.key: row.latest for row in connection.execute(found)}
    return {key: value for key, value in values.items() if now.get(key) != value}


def write_metrics(
    change: Change, seq: int, id_: str, values: Mapping[str, float], step: int | None
) -> None:
    """Log metrics: a point each, and the figures that queries look at."""
    for key, value in values.items():
        mine = (metrics.c.envelope == seq) & (metrics.c.key == key)
        row = change.connection.execute(select(metrics.c.min, metrics.c.max).where(mine)).first()
        if row is None:
            figures = {"latest": value, "first": value, "min": value, "max": value}
            change.connection.execute(insert(metrics).values(envelope=seq, key=key, **figures))
        else:
            figures = {"latest": value, "min": min(row.min, value), "max": max(row.max, value)}
            change.connection.execute(update(metrics).where(mine).values(figures))
    points = [
        {
            "envelope": seq,
            "at": change.now,
            "author": change.author,
            "key": key,
            "value": value,
            "step": step,
        }
        for key, value in values.items()
    ]
    change.connection.execute(insert(metric_points), points)
    change.tell("metric.logged", id_, {"values": dict(values), "step": step})


def new_series(connection: Connection, seq: int, series: Series) -> dict[str, Any]:
    """Those whose points are not all there already."""
    found = {}
    for key, steps in series.items():
        points = select(metric_points.c.step, metric_points.c.value).where(
            (metric_points.c.envelope == seq) & (metric_points.c.key == key)
        )
        there = {(row.step, row.value) for row in connection.execute(points)}
        if not there.issuperset(steps):
            found[key] = steps
    return found


def write_series(change: Change, seq: int, id_: str, series: Series) -> None:
    """Log metrics by step, in one event with the latest of each."""
    for key, steps in series.items():
        values = [value for _, value in steps]
        mine = (metrics.c.envelope == seq) & (metrics.c.key == key)
        row = change.connection.execute(select(metrics.c.min, metrics.c.max).where(mine)).first()
        figures = {"latest": values[-1], "min": min(values), "max": max(values)}
        if row is None:
            new = {"envelope": seq, "key": key, "first": values[0], **figures}
            change.connection.execute(insert(metrics).values(new))
        else:
            figures |= {"min": min(row.min, figures["min"]), "max": max(row.max, figures["max"])}
            change.connection.execute(update(metrics).where(mine).values(figures))
    same = {"envelope": seq, "at": change.now, "author": change.author}
    points = [
        {**same, "key": key, "value": value, "step": step}
        for key, steps in series.items()
        for step, value in steps
    ]
    change.connection.execute(insert(metric_points), points)
    latest = {key: steps[-1][1] for key, steps in series.items()}
    change.tell("metric.logged", id_, {"values": latest, "step": None})


def tag_history(connection: Connection, seq: int) -> tuple[TagChange, ...]:
    """Every change of every tag, oldest first."""
    found = select(tag_changes).where(tag_changes.c.envelope == seq).order_by(tag_changes.c.seq)
    return tuple(rows.tag_change(row) for row in connection.execute(found))


def metric_history(connection: Connection, seq: int, key: str) -> tuple[MetricPoint, ...]:
    """Every logged value of a metric, in the order in which they came."""
    mine = (metric_points.c.envelope == seq) & (metric_points.c.key == key)
    found = select(metric_points).where(mine).order_by(metric_points.c.seq)
    return tuple(rows.metric_point(row) for row in connection.execute(found))
