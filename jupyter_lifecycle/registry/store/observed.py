"""Windows, skew states, outcomes and reactions in the tables."""

from __future__ import annotations

import json
import math
import re
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, func, insert, select, update

from jupyter_lifecycle.errors import InvalidValueError
from jupyter_lifecycle.registry.observations import (
    REACTION_STATES,
    SIDES,
    Outcome,
    Reaction,
    SkewState,
    Window,
)
from jupyter_lifecycle.registry.store import evaluation, rows
from jupyter_lifecycle.registry.store.envelopes import seq_of
from jupyter_lifecycle.registry.store.schema import outcomes, reactions, skews, windows
from jupyter_lifecycle.registry.words import check_endpoint, check_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection

    from jupyter_lifecycle.registry.store.events import Change

KEEP_DAYS: Final = 90
"""How long windows are kept."""
MAX_BODY: Final = 32 * 2**20
MAX_SECONDS: Final = 7 * 86_400
MAX_WINDOWS: Final = 5_000
MAX_OUTCOMES: Final = 10_000
EVERYWHERE: Final = ""
"""The row of ``skews`` that queries see: the worst of an envelope's endpoints."""
TOUCHED: Final = ("skew.max", "skew.moved", "skew.columns")
_RUN = re.compile(r"[0-9a-zA-Z-]{1,64}")
_DAY: Final = 86_400 * 1_000_000
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)


def micros(moment: datetime) -> int:
    """Microseconds since 1970 of an aware time.

    Raises
    ------
    InvalidValueError
        It has no time zone, or lies before 1970.
    """
    if moment.tzinfo is None or moment < _FIRST:
        raise InvalidValueError(f"A time has a zone and is after 1970, not {moment.isoformat()}.")
    delta = moment - _FIRST
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def _body(what: str, value: Any) -> str:
    try:
        text = rows.dumps(value)
    except (TypeError, ValueError) as error:
        raise InvalidValueError(f"{what} is JSON: {error}.") from None
    if len(text) > MAX_BODY:
        raise InvalidValueError(f"{what} has at most {MAX_BODY:,} characters.")
    return text


# -- windows


def check_window(one: Window) -> Window:
    """Check a window.

    Raises
    ------
    InvalidValueError
        A part of it cannot be.
    """
    check_endpoint(one.endpoint)
    if not re.fullmatch(r"[0-9a-f]{40}", one.envelope):
        raise InvalidValueError(f"A window's envelope is its whole id, not {one.envelope[:80]!r}.")
    if one.side not in SIDES:
        raise InvalidValueError(f"A window is of {', '.join(SIDES)}, not of {one.side[:80]!r}.")
    if not _RUN.fullmatch(one.run):
        raise InvalidValueError(f"A window's run has letters, digits and -, not {one.run[:80]!r}.")
    if not 1 <= one.seconds <= MAX_SECONDS:
        raise InvalidValueError(
            f"A window is 1 to {MAX_SECONDS:,} seconds long, not {one.seconds}."
        )
    if not (0 <= one.flush < 2**53 and 0 <= one.rows < 2**53):
        raise InvalidValueError("A window's flush and rows are whole numbers from 0.")
    return one


def add_windows(change: Change, given: Sequence[Window]) -> int:
    """Write windows; one that is here with the same or a later flush stays. Gives how many."""
    written = 0
    for one in given:
        written += _add_window(change.connection, check_window(one))
    for endpoint in {one.endpoint for one in given}:
        old = (windows.c.endpoint == endpoint) & (windows.c.start < change.now - KEEP_DAYS * _DAY)
        change.connection.execute(delete(windows).where(old))
    return written


def _add_window(connection: Connection, one: Window) -> int:
    key = {
        "endpoint": one.endpoint,
        "start": micros(one.start),
        "envelope": one.envelope,
        "side": one.side,
        "run": one.run,
    }
    mine = [windows.c[name] == value for name, value in key.items()]
    before = connection.scalar(select(windows.c.flush).where(*mine))
    if before is not None and before >= one.flush:
        return 0
    values = {
        "seconds": one.seconds,
        "flush": one.flush,
        "rows": one.rows,
        "body": zlib.compress(_body("A window's profile", dict(one.profile)).encode(), 1),
    }
    if before is None:
        connection.execute(insert(windows).values(**key, **values))
    else:
        connection.execute(update(windows).where(*mine).values(values))
    return 1


def read_windows(
    connection: Connection,
    endpoint: str,
    since: datetime,
    until: datetime,
    envelope: str | None,
    side: str | None,
) -> tuple[Window, ...]:
    """Give an endpoint's windows that start in a stretch of time, oldest first."""
    where: list[ColumnElement[bool]] = [
        windows.c.endpoint == endpoint,
        windows.c.start >= micros(since),
        windows.c.start < micros(until),
    ]
    if envelope is not None:
        where.append(windows.c.envelope == envelope)
    if side is not None:
        where.append(windows.c.side == side)
    found = select(windows).where(*where).order_by(windows.c.start, windows.c.seq)
    return tuple(_window(row) for row in connection.execute(found.limit(MAX_WINDOWS)))


def _window(row: Any) -> Window:
    return Window(
        endpoint=row.endpoint,
        envelope=row.envelope,
        side=row.side,
        start=rows.moment(row.start),
        seconds=row.seconds,
        run=row.run,
        flush=row.flush,
        rows=row.rows,
        profile=json.loads(zlib.decompress(row.body)),
    )


# -- skew


def set_skew(change: Change, state: SkewState) -> SkewState:
    """Write how far an envelope's window at an endpoint is from its reference; rules follow."""
    check_endpoint(state.endpoint)
    check_text("What a skew is against", state.against, 200)
    if state.max is not None and not math.isfinite(state.max):
        raise InvalidValueError(f"The largest distance is a finite number, not {state.max}.")
    moved = tuple(check_text("A column that moved", name, 500) for name in state.moved)
    connection = change.connection
    seq, whole = seq_of(connection, state.envelope)
    before = _state_of(connection, seq, whole, state.endpoint)
    watched = evaluation.watch(connection, seq, TOUCHED)
    said: dict[str, Any] = {
        "moved": list(moved),
        "rows": state.rows,
        "against": state.against,
        "since": None if state.since is None else state.since.isoformat(),
        "report": dict(state.report),
    }
    body = _body("A skew report", said)
    values = {"max": state.max, "moved": moved[0] if moved else None, "columns": len(moved)}
    _put(connection, seq, state.endpoint, {**values, "at": change.now, "body": body})
    _put(connection, seq, EVERYWHERE, {**_worst(connection, seq), "at": change.now, "body": "{}"})
    if before is None or (before.moved, before.max) != (moved, state.max):
        told: dict[str, Any] = {"endpoint": state.endpoint, "envelope": whole, "max": state.max}
        told |= {"moved": list(moved), "rows": state.rows, "against": state.against}
        change.tell("skew.changed", whole, told)
    evaluation.settle(change, seq, whole, watched)
    found = _state_of(connection, seq, whole, state.endpoint)
    assert found is not None
    return found


def _put(connection: Connection, seq: int, endpoint: str, values: dict[str, Any]) -> None:
    mine = (skews.c.envelope == seq) & (skews.c.endpoint == endpoint)
    if connection.scalar(select(skews.c.at).where(mine)) is None:
        connection.execute(insert(skews).values(envelope=seq, endpoint=endpoint, **values))
    else:
        connection.execute(update(skews).where(mine).values(values))


def _worst(connection: Connection, seq: int) -> dict[str, Any]:
    mine = (skews.c.envelope == seq) & (skews.c.endpoint != EVERYWHERE)
    largest = connection.scalar(select(func.max(skews.c.max)).where(mine))
    moved = select(skews.c.moved, skews.c.columns).where(mine & skews.c.moved.is_not(None))
    most = connection.execute(moved.order_by(skews.c.columns.desc(), skews.c.endpoint)).first()
    return {
        "max": largest,
        "moved": None if most is None else most.moved,
        "columns": 0 if most is None else most.columns,
    }


def _state_of(connection: Connection, seq: int, whole: str, endpoint: str) -> SkewState | None:
    mine = (skews.c.envelope == seq) & (skews.c.endpoint == endpoint)
    row = connection.execute(select(skews).where(mine)).first()
    return None if row is None else _state(row, whole)


def _state(row: Any, whole: str) -> SkewState:
    body = json.loads(row.body)
    return SkewState(
        endpoint=row.endpoint,
        envelope=whole,
        max=row.max,
        moved=tuple(body["moved"]),
        rows=body["rows"],
        against=body["against"],
        since=None if body["since"] is None else datetime.fromisoformat(body["since"]),
        at=rows.moment(row.at),
        report=body["report"],
    )


def read_skews(connection: Connection, endpoint: str | None) -> tuple[SkewState, ...]:
    """Give the skew states, of one endpoint or of all, the newest first."""
    from jupyter_lifecycle.registry.store.schema import envelopes

    found = select(skews, envelopes.c.id).join(envelopes, envelopes.c.seq == skews.c.envelope)
    of = skews.c.endpoint != EVERYWHERE if endpoint is None else skews.c.endpoint == endpoint
    ordered = found.where(of).order_by(skews.c.at.desc(), skews.c.endpoint)
    return tuple(_state(row, row.id) for row in connection.execute(ordered))


# -- outcomes


def add_outcomes(change: Change, given: Sequence[Outcome]) -> int:
    """Write outcomes; one of the same request and row replaces the one before."""
    if len(given) > MAX_OUTCOMES:
        raise InvalidValueError(f"At most {MAX_OUTCOMES:,} outcomes at once; got {len(given):,}.")
    for one in given:
        check_endpoint(one.endpoint)
        key = {
            "endpoint": one.endpoint,
            "request": check_text("A request's id", one.request, 64),
            "row": one.row,
        }
        mine = [outcomes.c[name] == value for name, value in key.items()]
        values = {
            "envelope": check_text("An envelope's id", one.envelope, 40),
            "at": micros(one.at),
            "logged_at": change.now,
            "body": _body("An outcome", [one.prediction, one.outcome]),
        }
        if change.connection.scalar(select(outcomes.c.at).where(*mine)) is None:
            change.connection.execute(insert(outcomes).values(**key, **values))
        else:
            change.connection.execute(update(outcomes).where(*mine).values(values))
    return len(given)


def read_outcomes(
    connection: Connection, endpoint: str, since: datetime, until: datetime
) -> tuple[Outcome, ...]:
    """Give the outcomes of what was answered in a stretch of time, oldest first."""
    where = (
        (outcomes.c.endpoint == endpoint)
        & (outcomes.c.at >= micros(since))
        & (outcomes.c.at < micros(until))
    )
    ordered = select(outcomes).where(where).order_by(outcomes.c.at, outcomes.c.request)
    return tuple(_outcome(row) for row in connection.execute(ordered.order_by(outcomes.c.row)))


def _outcome(row: Any) -> Outcome:
    prediction, outcome = json.loads(row.body)
    return Outcome(
        endpoint=row.endpoint,
        request=row.request,
        row=row.row,
        envelope=row.envelope,
        at=rows.moment(row.at),
        prediction=prediction,
        outcome=outcome,
        logged_at=rows.moment(row.logged_at),
    )


# -- reactions


def react(change: Change, one: Reaction) -> bool:
    """Write how a reaction goes; False where it was to begin and was begun before."""
    check_endpoint(one.endpoint)
    if one.state not in REACTION_STATES:
        raise InvalidValueError(
            f"A reaction is {', '.join(REACTION_STATES)}, not {one.state[:80]!r}."
        )
    key = {
        "endpoint": one.endpoint,
        "envelope": check_text("An envelope's id", one.envelope, 40),
        "action": check_text("An action", one.action, 200),
    }
    fact = check_text("A reaction's fact", one.fact, 10_000)
    mine = [reactions.c[name] == value for name, value in key.items()]
    known = change.connection.scalar(select(reactions.c.state).where(*mine))
    if known is not None and one.state == "running":
        return False
    values = {"state": one.state, "fact": fact, "at": change.now}
    if known is None:
        change.connection.execute(insert(reactions).values(**key, **values))
    else:
        change.connection.execute(update(reactions).where(*mine).values(values))
    change.tell("skew.reaction", one.endpoint, {**key, "state": one.state, "fact": fact})
    return True


def read_reactions(connection: Connection, endpoint: str) -> tuple[Reaction, ...]:
    """Give what was done for an endpoint, the newest first."""
    found = select(reactions).where(reactions.c.endpoint == endpoint)
    return tuple(
        Reaction(row.endpoint, row.envelope, row.action, row.state, row.fact, rows.moment(row.at))
        for row in connection.execute(found.order_by(reactions.c.at.desc(), reactions.c.action))
    )
