"""Rules, evaluated in the transaction of the change that may matter.

A change of one envelope can only matter to a rule that reads what was changed; and there only
where the envelope matches now or is what the rule wanted. So a change costs a few look-ups.
A pinned endpoint wants what it is pinned to, whatever its rule would say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from jupyter_lifecycle.registry.query import Query, parse_condition, parse_order
from jupyter_lifecycle.registry.query.tree import Atom, Node, atoms, sources
from jupyter_lifecycle.registry.records import EndpointChange, Pin, Preview, Rule
from jupyter_lifecycle.registry.store import planning, rows
from jupyter_lifecycle.registry.store.compile import condition
from jupyter_lifecycle.registry.store.schema import envelopes, pins, rules, wants

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from jupyter_lifecycle.registry.store.events import Change

MAX_COLUMNS = 500
"""Of one SELECT; PostgreSQL takes 1,664 and SQLite 2,000."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A rule that a change may matter to, and how its conditions stood before."""

    rule: Rule
    query: Query
    atoms: tuple[Atom, ...]
    before: tuple[bool, ...]


def query_of(rule: Rule) -> Query:
    """Give a rule's condition and order as one query."""
    return Query(parse_condition(rule.when).where, parse_order(rule.order_by))


def all_rules(connection: Connection) -> tuple[Rule, ...]:
    """Every rule, by endpoint."""
    found = connection.execute(select(rules).order_by(rules.c.endpoint))
    return tuple(rows.rule(row) for row in found)


def watch(connection: Connection, seq: int, touched: Iterable[str]) -> tuple[Watched, ...]:
    """Give the rules that read one of the touched fields (``tags.approved``), before the change."""
    changing = frozenset(touched)
    read = [(rule, query_of(rule)) for rule in all_rules(connection)]
    concerned = [(rule, query) for rule, query in read if sources(query) & changing]
    tests = [
        tuple(test for test in atoms(query.where) if test.field.source in changing)
        for _, query in concerned
    ]
    before = iter(_truths(connection, seq, [test for some in tests for test in some]))
    return tuple(
        Watched(rule, query, some, tuple(next(before) for _ in some))
        for (rule, query), some in zip(concerned, tests, strict=True)
    )


def settle(
    change: Change, seq: int, id_: str, watched: tuple[Watched, ...]
) -> tuple[EndpointChange, ...]:
    """Decide again after one envelope changed, and write what became different."""
    if not watched:
        return ()
    connection, found = change.connection, []
    wanted_now, held = _wanted_by_endpoint(connection), pinned(connection)
    matches = _truths(connection, seq, [item.query.where for item in watched])
    for item, matching in zip(watched, matches, strict=True):
        if item.rule.endpoint in held:
            continue
        before = wanted_now.get(item.rule.endpoint)
        if before != id_ and not matching:
            continue
        after = planning.first(connection, item.query)
        if after != before:
            because = _because(item, _truths(connection, seq, item.atoms), id_, after)
            found.append(write_want(change, item.rule, before, after, because))
    return tuple(found)


def settle_new(change: Change, seq: int, id_: str) -> tuple[EndpointChange, ...]:
    """Decide again after an envelope was added."""
    read = [(rule, query_of(rule)) for rule in all_rules(change.connection)]
    matches = _truths(change.connection, seq, [query.where for _, query in read])
    held = pinned(change.connection)
    found = []
    for (rule, query), matching in zip(read, matches, strict=True):
        if not matching or rule.endpoint in held:
            continue
        before = wanted(change.connection, rule.endpoint)
        after = planning.first(change.connection, query)
        if after != before:
            because = f"{id_[:10]} was saved and matches"
            found.append(write_want(change, rule, before, after, because))
    return tuple(found)


def settle_rule(change: Change, rule: Rule) -> EndpointChange:
    """Decide for a rule that was written just now: even the same want is a new version's."""
    held = pinned(change.connection).get(rule.endpoint)
    because = f"rule version {rule.version}"
    if held is not None:
        because = f"{because}; pinned by {held.author}"
    return decide(change, rule, because)


def decide(change: Change, rule: Rule, because: str) -> EndpointChange:
    """Write what an endpoint should serve now: what it is pinned to, else the first match."""
    before = wanted(change.connection, rule.endpoint)
    held = pinned(change.connection).get(rule.endpoint)
    after = held.envelope if held else planning.first(change.connection, query_of(rule))
    return write_want(change, rule, before, after, because)


def pinned(connection: Connection) -> dict[str, Pin]:
    """Give the endpoints that are held at one envelope."""
    return {row.endpoint: rows.pin(row) for row in connection.execute(select(pins))}


def preview(changes: Iterable[EndpointChange], checked: int) -> Preview:
    """Only what really moves."""
    moved = (change for change in changes if change.before != change.after)
    return Preview(tuple(moved), checked)


def wanted(connection: Connection, endpoint: str) -> str | None:
    """Give the id of the envelope that an endpoint should serve now."""
    found: str | None = connection.scalar(
        select(wants.c.envelope).where(wants.c.endpoint == endpoint)
    )
    return found


def forget_want(change: Change, endpoint: str) -> None:
    """Want nothing there any more: the rule is gone."""
    change.connection.execute(delete(wants).where(wants.c.endpoint == endpoint))
    change.tell("want.changed", endpoint, {"envelope": None, "because": "the rule was removed"})


def write_want(
    change: Change, rule: Rule, before: str | None, after: str | None, because: str
) -> EndpointChange:
    """Write what an endpoint should serve, with its event."""
    values = {
        "target": rule.target,
        "envelope": after,
        "rule_version": rule.version,
        "since": change.now,
        "because": because,
    }
    mine = wants.c.endpoint == rule.endpoint
    if change.connection.scalar(select(wants.c.endpoint).where(mine)) is None:
        change.connection.execute(insert(wants).values(endpoint=rule.endpoint, **values))
    else:
        change.connection.execute(update(wants).where(mine).values(values))
    change.tell(
        "want.changed",
        rule.endpoint,
        {
            "envelope": after,
            "before": before,
            "because": because,
            "rule_version": rule.version,
            "target": rule.target,
        },
    )
    return EndpointChange(rule.endpoint, rule.target, before, after, rule, because)


def unmoved(rule: Rule, wanted_now: str | None, because: str) -> EndpointChange:
    """Say that an endpoint goes on wanting what it wants."""
    return EndpointChange(rule.endpoint, rule.target, wanted_now, wanted_now, rule, because)


def _wanted_by_endpoint(connection: Connection) -> dict[str, str | None]:
    found = connection.execute(select(wants.c.endpoint, wants.c.envelope))
    return {row.endpoint: row.envelope for row in found}


def _truths(connection: Connection, seq: int, tests: Sequence[Node | None]) -> list[bool]:
    """Say which conditions hold for an envelope; many are asked in one statement."""
    truths: list[bool] = []
    for start in range(0, len(tests), MAX_COLUMNS):
        columns = [
            condition(test).label(f"test_{index}")
            for index, test in enumerate(tests[start : start + MAX_COLUMNS])
        ]
        row = connection.execute(select(*columns).where(envelopes.c.seq == seq)).one()
        truths += map(bool, row)
    return truths


def _because(item: Watched, now: Sequence[bool], id_: str, after: str | None) -> str:
    flips = [
        f"{test.text} became {'true' if true else 'false'}"
        for test, was, true in zip(item.atoms, item.before, now, strict=True)
        if was != true
    ]
    if flips:
        found = f"{' and '.join(dict.fromkeys(flips))} for {id_[:10]}"
    else:
        found = f"{id_[:10]} changed its place in the order by {item.rule.order_by}"
    if after is None:
        return f"{found}; nothing else matches"
    return found if after == id_ else f"{found}; {after[:10]} is the next best"
