"""Deployments, and the leases by which deployers take turns."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from jupyter_lifecycle.errors import ConflictError, InvalidValueError, NotFoundError
from jupyter_lifecycle.registry.records import STEPS, Deployment, Step
from jupyter_lifecycle.registry.store import rows
from jupyter_lifecycle.registry.store.schema import deployments, endpoints, leases
from jupyter_lifecycle.registry.words import check_lease, check_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from jupyter_lifecycle.registry.store.events import Change

STATES = ("running", "serving", "failed", "replaced", "retired")
STEP_STATES = ("waiting", "running", "done", "failed")
MAX_LOG_LINES = 2_000
MAX_LINE = 10_000


def start(
    change: Change, endpoint: str, envelope: str, rule_version: int, id_: str | None
) -> Deployment:
    """Write a new attempt.

    Raises
    ------
    NotFoundError
        There is no such endpoint.
    ConflictError
        The id is taken by another attempt.
    """
    known = change.connection.scalar(select(endpoints.c.name).where(endpoints.c.name == endpoint))
    if known is None:
        raise NotFoundError(f"There is no endpoint {endpoint[:80]}.", endpoint=endpoint[:80])
    chosen = check_text("A deployment's id", id_ or secrets.token_hex(8), 64)
    again = change.connection.execute(select(deployments).where(deployments.c.id == chosen)).first()
    if again is not None:
        found = rows.deployment(again)
        if (found.endpoint, found.envelope) == (endpoint, envelope):
            return found
        raise ConflictError(f"Deployment {chosen} is another one, of {found.endpoint}.")
    change.connection.execute(
        insert(deployments).values(
            id=chosen,
            endpoint=endpoint,
            envelope=envelope,
            rule_version=rule_version,
            state="running",
            created_at=change.now,
            updated_at=change.now,
            steps=rows.steps_text(tuple(Step(name) for name in STEPS)),
            reason="",
            log="[]",
        )
    )
    _tell(change, chosen, {"endpoint": endpoint, "envelope": envelope, "state": "running"})
    return get(change.connection, chosen)


def write(change: Change, id_: str, values: Mapping[str, Any]) -> Deployment:
    """Write how an attempt goes; ``steps`` and ``log`` replace what was there.

    Raises
    ------
    NotFoundError
        There is no such deployment.
    RegistryError
        A value cannot be.
    """
    before = get(change.connection, id_)
    new: dict[str, Any] = {"updated_at": change.now}
    if values.get("state") is not None:
        if values["state"] not in STATES:
            raise InvalidValueError(
                f"A deployment is {', '.join(STATES)}, not {values['state']!r}."
            )
        new["state"] = values["state"]
    if values.get("steps") is not None:
        new["steps"] = rows.steps_text(_checked_steps(values["steps"]))
    if values.get("reason") is not None:
        new["reason"] = check_text("A deployment's reason", values["reason"], 10_000)
    if values.get("log") is not None:
        lines = tuple(values["log"])[-MAX_LOG_LINES:]
        new["log"] = rows.dumps([check_text("A line of a log", x, 2**20)[:MAX_LINE] for x in lines])
    mine = deployments.c.id == id_
    change.connection.execute(update(deployments).where(mine).values(new))
    after = get(change.connection, id_)
    if (after.state, after.steps, after.reason) != (before.state, before.steps, before.reason):
        step = next((s.name for s in after.steps if s.state in {"running", "failed"}), None)
        told = {"endpoint": after.endpoint, "envelope": after.envelope, "state": after.state}
        _tell(change, id_, {**told, "step": step, "reason": after.reason})
    return after


def _checked_steps(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    for step in steps:
        if step.name not in STEPS or step.state not in STEP_STATES:
            raise InvalidValueError(
                f"{step.name!r}, {step.state!r} is no step: a step is {', '.join(STEPS)}"
                f" and {', '.join(STEP_STATES)}."
            )
        check_text("A step's fact", step.fact, 10_000)
    return tuple(steps)


def _tell(change: Change, id_: str, payload: Mapping[str, Any]) -> None:
    change.tell("deployment.changed", id_, payload)


def get(connection: Connection, id_: str) -> Deployment:
    """One attempt.

    Raises
    ------
    NotFoundError
        There is none with this id.
    """
    row = connection.execute(select(deployments).where(deployments.c.id == id_)).first()
    if row is None:
        raise NotFoundError(f"There is no deployment {id_[:80]}.", deployment=id_[:80])
    return rows.deployment(row)


def of_endpoint(connection: Connection, endpoint: str, limit: int) -> tuple[Deployment, ...]:
    """Give the attempts of an endpoint, newest first."""
    mine = deployments.c.endpoint == endpoint
    found = select(deployments).where(mine).order_by(deployments.c.seq.desc())
    found = found.limit(max(1, min(limit, 1_000)))
    return tuple(rows.deployment(row) for row in connection.execute(found))


def last_deployment(connection: Connection, endpoint: str) -> Deployment | None:
    """Give the newest attempt of an endpoint."""
    return next(iter(of_endpoint(connection, endpoint, 1)), None)


def lease(change: Change, name: str, holder: str, seconds: float) -> bool:
    """Take or renew a lease; False where somebody else has it."""
    check_lease("A lease's name", name)
    check_lease("A lease's holder", holder)
    if not 0 < seconds <= 86_400:
        raise InvalidValueError(f"A lease lasts up to a day, not {seconds} seconds.")
    mine = leases.c.name == name
    row = change.connection.execute(select(leases).where(mine)).first()
    values = {"holder": holder, "expires_at": change.now + int(seconds * 1_000_000)}
    if row is None:
        change.connection.execute(insert(leases).values(name=name, **values))
        return True
    if row.holder != holder and row.expires_at > change.now:
        return False
    change.connection.execute(update(leases).where(mine).values(values))
    return True


def release(change: Change, name: str, holder: str) -> None:
    """Give a lease back; nothing happens where somebody else has it."""
    mine = (leases.c.name == name) & (leases.c.holder == holder)
    change.connection.execute(delete(leases).where(mine))


def lease_holder(connection: Connection, name: str, now: int) -> str | None:
    """Who holds a lease now."""
    mine = (leases.c.name == name) & (leases.c.expires_at > now)
    found: str | None = connection.scalar(select(leases.c.holder).where(mine))
    return found
