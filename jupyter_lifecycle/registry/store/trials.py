"""Documents with one revision, and exposures by a key that makes a replay count once."""

from __future__ import annotations

import json
import secrets
import zlib
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, func, insert, select, update

from jupyter_lifecycle.errors import ConflictError, InvalidValueError, NotFoundError, did_you_mean
from jupyter_lifecycle.registry.store import rows
from jupyter_lifecycle.registry.store.schema import documents, exposures
from jupyter_lifecycle.registry.trials import KINDS, Board, Document, Exposures
from jupyter_lifecycle.registry.words import check_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from jupyter_lifecycle.registry.store.events import Change

MAX_BODY: Final = 1_000_000
"""Characters of a document as JSON."""
MAX_UNITS: Final = 20_000
"""Exposures in one stretch."""


def read(connection: Connection, *, reports: bool = False) -> Board:
    """Give all documents at the revision of now; reports, which only add up, where asked for."""
    wanted = select(documents).order_by(documents.c.kind, documents.c.name)
    if not reports:
        wanted = wanted.where(documents.c.kind != "report")
    found = connection.execute(wanted)
    read = (_document(row) for row in found)
    return Board(_revision(connection), tuple(one for one in read if one.body is not None))


def write(change: Change, expect: int, items: Sequence[Document]) -> Board:
    """Write documents, all or none, upon what was read.

    Raises
    ------
    ConflictError
        Something was written since revision `expect`, or a report would change.
    InvalidValueError
        A kind, name or body that cannot be.
    """
    now = _revision(change.connection)
    if now != expect:
        raise ConflictError(
            f"Layers and experiments were changed meanwhile: revision {now}, not {expect}. "
            "Read them again.",
            revision=now,
            expected=expect,
        )
    for one in items:
        _write(change, now + 1, one)
    return read(change.connection)


def _write(change: Change, revision: int, one: Document) -> None:
    body = _checked(one)
    mine = (documents.c.kind == one.kind) & (documents.c.name == one.name)
    row = change.connection.execute(select(documents).where(mine)).first()
    before = None if row is None else json.loads(row.body)
    if one.kind == "report" and row is not None and before != one.body:
        raise ConflictError(f"The report {one.name} is there already, and a report never changes.")
    values = {"revision": revision, "author": change.author, "updated_at": change.now}
    values["body"] = body or "null"  # a row that is removed stays: the revision never goes back
    if before is None:
        values |= {"created_at": change.now, "secret": secrets.token_hex(32)}
    if row is None:
        made = {"kind": one.kind, "name": one.name}
        change.connection.execute(insert(documents).values(**made, **values))
    else:
        change.connection.execute(update(documents).where(mine).values(values))
    word = "report.saved" if one.kind == "report" else f"{one.kind}.changed"
    change.tell(word, one.name, {"before": before, "after": one.body, "revision": revision})


def _checked(one: Document) -> str | None:
    if one.kind not in KINDS:
        near = did_you_mean(one.kind, KINDS)
        raise InvalidValueError(f"A document is {', '.join(KINDS)}, not {one.kind!r}.{near}")
    _check_name(f"The name of a {one.kind}", one.name)
    if one.body is None:
        if one.kind == "report":
            raise InvalidValueError(f"The report {one.name} is kept for good.")
        return None
    body = rows.dumps(one.body)
    if len(body) > MAX_BODY:
        raise InvalidValueError(
            f"The {one.kind} {one.name} has {len(body):,} characters; {MAX_BODY:,} are taken."
        )
    return body


def _check_name(what: str, name: str) -> None:
    if not check_text(what, name, 200).strip():
        raise InvalidValueError(f"{what} is empty.")


def key(connection: Connection, name: str) -> str:
    """Give the key that signs forced arms of an experiment.

    Raises
    ------
    NotFoundError
        There is no such experiment.
    """
    mine = (documents.c.kind == "experiment") & (documents.c.name == name)
    found = connection.scalar(select(documents.c.secret).where(mine))
    if found is None:
        known = connection.scalars(select(documents.c.name).where(documents.c.kind == "experiment"))
        near = did_you_mean(name, list(known))
        raise NotFoundError(f"There is no experiment {name[:80]}.{near}", experiment=name[:80])
    return str(found)


def add_exposures(change: Change, items: Sequence[Exposures]) -> int:
    """Write stretches of exposures; of one key the longer counts. Gives how many were new."""
    written = 0
    for one in items:
        _check_exposures(one)
        key = (
            (exposures.c.experiment == one.experiment)
            & (exposures.c.source == one.source)
            & (exposures.c.place == one.place)
        )
        had = change.connection.execute(select(exposures.c.rows).where(key)).first()
        if had is not None and had.rows >= len(one.units):
            continue
        change.connection.execute(delete(exposures).where(key))
        body = rows.dumps({"units": one.units, "arms": one.arms, "at": one.at}).encode()
        change.connection.execute(
            insert(exposures).values(
                experiment=one.experiment,
                source=one.source,
                place=one.place,
                rows=len(one.units),
                body=zlib.compress(body),
            )
        )
        written += len(one.units) - (0 if had is None else had.rows)
    return written


def _check_exposures(one: Exposures) -> None:
    _check_name("The name of an experiment", one.experiment)
    _check_name("The source of exposures", one.source)
    if not len(one.units) == len(one.arms) == len(one.at) <= MAX_UNITS or one.place < 0:
        raise InvalidValueError(
            f"Exposures are as many units as arms and times, {MAX_UNITS:,} at most and from "
            f"place 0 on; here are {len(one.units):,}, {len(one.arms):,} and {len(one.at):,} "
            f"at place {one.place}."
        )


def read_exposures(
    connection: Connection, experiment: str, after: int, limit: int
) -> tuple[Exposures, ...]:
    """Give stretches of exposures after a number, in the order in which they came."""
    mine = (exposures.c.experiment == experiment) & (exposures.c.seq > after)
    found = select(exposures).where(mine).order_by(exposures.c.seq).limit(limit)
    return tuple(_exposures(row) for row in connection.execute(found))


def _exposures(row: Any) -> Exposures:
    lists = json.loads(zlib.decompress(row.body))
    return Exposures(
        row.experiment,
        row.source,
        row.place,
        **{name: tuple(items) for name, items in lists.items()},
        seq=row.seq,
    )


def _revision(connection: Connection) -> int:
    return int(connection.scalar(select(func.max(documents.c.revision))) or 0)


def _document(row: Any) -> Document:
    body: Mapping[str, Any] | None = json.loads(row.body)
    return Document(
        row.kind,
        row.name,
        body,
        row.revision,
        row.author,
        rows.moment(row.created_at),
        rows.moment(row.updated_at),
    )
