"""Rules and endpoints: what people asked for and what deployers report."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from jupyter_lifecycle.errors import (
    InvalidValueError,
    NotFoundError,
    QueryError,
    RegistryError,
    did_you_mean,
)
from jupyter_lifecycle.registry.query import Query, parse_condition, parse_order
from jupyter_lifecycle.registry.query.tree import sources
from jupyter_lifecycle.registry.records import EndpointRecord
from jupyter_lifecycle.registry.store import evaluation, rows
from jupyter_lifecycle.registry.store.deployments import last_deployment
from jupyter_lifecycle.registry.store.schema import endpoints, pins, rules, wants
from jupyter_lifecycle.registry.words import check_endpoint, check_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from jupyter_lifecycle.registry.records import (
        Deployment,
        EndpointChange,
        EndpointState,
        Rule,
        Want,
    )
    from jupyter_lifecycle.registry.store.events import Change


def _check_part(part: str, text: str) -> None:
    """Read a condition or an order, and refuse what would make a rule chase its own tail."""
    query = parse_condition(text) if part == "when" else Query(None, parse_order(text))
    for source in sorted(sources(query)):
        if source.startswith("deployment."):
            position = max(text.find("deployment."), 0)
            raise QueryError(
                f"A rule decides what is deployed, so it cannot ask for {source} (position"
                f" {position}). Ask for tags, metrics or what the envelope has.",
                position=position,
                length=len(source),
            )


def check_rule(rule: Rule) -> Rule:
    """Check a rule.

    Raises
    ------
    RegistryError
        Its endpoint, target or options cannot be.
    QueryError
        Its condition or order does not parse; ``detail["part"]`` says which.
    """
    check_endpoint(rule.endpoint)
    check_text("A rule's target", rule.target, 500)
    if rule.on_none not in {"keep", "retire"}:
        raise InvalidValueError(f"on_none is 'keep' or 'retire', not {rule.on_none!r}.")
    for part in ("when", "order_by"):
        try:
            _check_part(part, getattr(rule, part))
        except QueryError as error:
            raise QueryError(
                f"{part} of the rule for {rule.endpoint}: {error.message}",
                **{**error.detail, "part": part},
            ) from None
    try:
        text = rows.dumps(dict(rule.options))
    except (TypeError, ValueError) as error:
        raise InvalidValueError(f"A rule's options are JSON: {error}.") from None
    if len(text) > 100_000:
        raise InvalidValueError("A rule's options have at most 100,000 characters.")
    return rule


def write_rule(change: Change, rule: Rule) -> tuple[Rule, EndpointChange]:
    """Write a new version of a rule and decide what its endpoint should serve."""
    endpoint = _ensure_endpoint(change, rule)
    written = replace(
        rule,
        version=endpoint.rule_version + 1,
        author=change.author,
        updated_at=rows.moment(change.now),
    )
    values = {
        "when": written.when,
        "order_by": written.order_by,
        "target": written.target,
        "on_none": written.on_none,
        "options": rows.dumps(dict(written.options)),
        "version": written.version,
        "author": written.author,
        "updated_at": change.now,
    }
    mine = rules.c.endpoint == rule.endpoint
    if change.connection.scalar(select(rules.c.endpoint).where(mine)) is None:
        change.connection.execute(insert(rules).values(endpoint=rule.endpoint, **values))
    else:
        change.connection.execute(update(rules).where(mine).values(values))
    change.connection.execute(
        update(endpoints)
        .where(endpoints.c.name == rule.endpoint)
        .values(rule_version=written.version, target=written.target)
    )
    change.tell("rule.changed", rule.endpoint, {**values, "options": dict(written.options)})
    return written, evaluation.settle_rule(change, written)


def _ensure_endpoint(change: Change, rule: Rule) -> Any:
    found = select(endpoints).where(endpoints.c.name == rule.endpoint)
    row = change.connection.execute(found).first()
    if row is None:
        change.connection.execute(
            insert(endpoints).values(
                name=rule.endpoint, target=rule.target, failure="", rule_version=0
            )
        )
        row = change.connection.execute(found).one()
    return row


def remove_rule(change: Change, endpoint: str) -> None:
    """Remove a rule; what serves goes on until somebody stops it.

    Raises
    ------
    NotFoundError
        There is no rule for this endpoint.
    """
    result = change.connection.execute(delete(rules).where(rules.c.endpoint == endpoint))
    if result.rowcount == 0:
        known = [rule.endpoint for rule in evaluation.all_rules(change.connection)]
        near = did_you_mean(endpoint, known)
        raise NotFoundError(f"There is no rule for an endpoint {endpoint}.{near}")
    change.tell("rule.changed", endpoint, {"removed": True})
    change.connection.execute(delete(pins).where(pins.c.endpoint == endpoint))
    evaluation.forget_want(change, endpoint)


def all_wants(connection: Connection) -> tuple[Want, ...]:
    """Say what each endpoint with a rule should serve."""
    found = connection.execute(select(wants).order_by(wants.c.endpoint))
    return tuple(rows.want(row) for row in found)


def endpoint_records(connection: Connection, name: str | None = None) -> tuple[EndpointRecord, ...]:
    """All endpoints by name, or one."""
    found = select(endpoints).order_by(endpoints.c.name)
    if name is not None:
        found = found.where(endpoints.c.name == name)
    rules_of = {rule.endpoint: rule for rule in evaluation.all_rules(connection)}
    wants_of = {want.endpoint: want for want in all_wants(connection)}
    held = evaluation.pinned(connection)
    return tuple(
        replace(
            _endpoint_record(connection, row, rules_of.get(row.name), wants_of.get(row.name)),
            pin=held.get(row.name),
        )
        for row in connection.execute(found).all()
    )


def endpoint_record(connection: Connection, name: str) -> EndpointRecord:
    """One endpoint.

    Raises
    ------
    NotFoundError
        There is none of this name.
    """
    found = endpoint_records(connection, name)
    if not found:
        known = connection.scalars(select(endpoints.c.name)).all()
        near = did_you_mean(name, known)
        raise NotFoundError(f"There is no endpoint {name[:80]}.{near}", endpoint=name[:80])
    return found[0]


def _endpoint_record(
    connection: Connection, row: Any, rule: Rule | None, want: Want | None
) -> EndpointRecord:
    last = last_deployment(connection, row.name)
    state = endpoint_state(row.state, want, row.serving, last)
    failure = row.failure
    if state == "failed":
        failure = (last.reason if last is not None else "") or row.failure
    return EndpointRecord(
        name=row.name,
        target=row.target,
        state=state,
        rule=rule,
        want=want,
        serving=row.serving,
        serving_since=rows.optional_moment(row.serving_since),
        address=row.address,
        last_deployment=last,
        failure=failure if state in {"failed", "down", "deploying", "waiting"} else "",
    )


def endpoint_state(
    reported: str | None, want: Want | None, serving: str | None, last: Deployment | None
) -> EndpointState:
    """How an endpoint stands, from what is wanted, what serves and how the last attempt went.

    Parameters
    ----------
    reported : str or None
        What its deployer said of it: ``down``, ``retired`` or nothing.
    want : Want or None
        None where it has no rule.
    serving : str or None
        The id of the envelope that serves.
    last : Deployment or None
        The last attempt.
    """
    wanted = want.envelope if want is not None else None
    failed = last is not None and last.state == "failed" and last.envelope == wanted
    cases: tuple[tuple[bool, EndpointState], ...] = (
        (last is not None and last.state == "running", "deploying"),
        (reported == "down", "down"),
        (wanted is None and serving is not None, "unmatched"),
        (wanted is None and reported == "retired", "retired"),
        (wanted is not None and wanted == serving, "serving"),
        (wanted is not None and failed, "failed"),
    )
    return next((state for holds, state in cases if holds), "waiting")


def set_endpoint(change: Change, name: str, values: Mapping[str, Any]) -> None:
    """Write what a deployer reports of an endpoint.

    Raises
    ------
    NotFoundError
        There is no such endpoint: a rule makes one.
    RegistryError
        A value cannot be.
    """
    before = endpoint_record(change.connection, name)
    new = dict(values)
    if "state" in new and new["state"] not in {None, "down", "retired", "serving"}:
        raise InvalidValueError(
            f"A deployer reports 'serving', 'down' or 'retired', not {new['state']!r}:"
            " the other states follow from its rule and its deployments."
        )
    for key in ("address", "failure", "serving"):
        if new.get(key) is not None:
            check_text(f"An endpoint's {key}", new[key], 10_000)
    if "failure" in new:
        new["failure"] = new["failure"] or ""
    if "serving" in new and new["serving"] != before.serving:
        new["serving_since"] = change.now if new["serving"] is not None else None
    if not new:
        raise RegistryError("Nothing to set on the endpoint.")
    change.connection.execute(update(endpoints).where(endpoints.c.name == name).values(new))
    change.tell("endpoint.changed", name, dict(values))
