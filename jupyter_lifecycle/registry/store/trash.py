"""The trash: envelopes that were deleted, whole, until they are restored or their time is over.

A deleted envelope leaves the tables that queries look at, so none of them has to know. Its files
stay: what is in the trash refers to them like everything else does.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, delete, insert, select, update

from jupyter_lifecycle.errors import ConflictError, NotFoundError
from jupyter_lifecycle.registry.manifest import read_manifest
from jupyter_lifecycle.registry.records import DeletedEnvelope
from jupyter_lifecycle.registry.store import evaluation, rows
from jupyter_lifecycle.registry.store.envelopes import folded, insert_envelope, seq_of
from jupyter_lifecycle.registry.store.schema import (
    attachments,
    endpoints,
    envelope_files,
    envelopes,
    manifests,
    metric_points,
    metrics,
    pins,
    skews,
    tag_changes,
    tags,
    trash,
    trash_files,
    wants,
)
from jupyter_lifecycle.registry.words import check_prefix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from jupyter_lifecycle.registry.store.events import Change

_LABELS = (tags, tag_changes, metrics, metric_points, attachments, skews)


def move_in(change: Change, prefix: str) -> DeletedEnvelope:
    """Delete an envelope, with its tags, metrics and their history, so that it can come back.

    Raises
    ------
    NotFoundError
        There is none.
    ConflictError
        An endpoint serves it, or should.
    """
    connection = change.connection
    seq, id_ = seq_of(connection, prefix)
    _refuse_where_used(connection, id_)
    row = connection.execute(select(envelopes).where(envelopes.c.seq == seq)).one()
    manifest = connection.scalar(select(manifests.c.body).where(manifests.c.envelope == seq))
    body = {
        "author": row.author,
        "created_at": row.created_at,
        "manifest": manifest,
        "labels": {table.name: _dump(connection, table, seq) for table in _LABELS},
    }
    values = {"id": id_, "name": row.name, "size": row.size, "body": rows.dumps(body)}
    connection.execute(
        insert(trash).values(**values, deleted_at=change.now, deleted_by=change.author)
    )
    own = select(envelope_files.c.digest).where(envelope_files.c.envelope == seq)
    added = select(attachments.c.sha256).where(attachments.c.envelope == seq)
    digests = {bytes(one) for one in connection.scalars(own)}
    digests |= {bytes.fromhex(one) for one in connection.scalars(added)}
    files = [{"envelope": id_, "digest": digest} for digest in sorted(digests)]
    connection.execute(insert(trash_files), files)
    for table in (*_LABELS, envelope_files, manifests):
        connection.execute(delete(table).where(table.c.envelope == seq))
    connection.execute(delete(envelopes).where(envelopes.c.seq == seq))
    change.tell("envelope.deleted", id_, {"name": row.name})
    return get(connection, id_)


def _refuse_where_used(connection: Connection, id_: str) -> None:
    used = (
        (pins, pins.c.endpoint, pins.c.envelope == id_, "is pinned to it"),
        (wants, wants.c.endpoint, wants.c.envelope == id_, "should serve it"),
        (endpoints, endpoints.c.name, endpoints.c.serving == id_, "serves it"),
    )
    for table, name, mine, words in used:
        found = connection.scalar(select(name).select_from(table).where(mine).limit(1))
        if found is not None:
            raise ConflictError(
                f"{id_[:10]} was not deleted: {found} {words}."
                " Change the endpoint's rule, or unpin it, first.",
                endpoint=found,
            )


def _dump(connection: Connection, table: Table, seq: int) -> list[dict[str, Any]]:
    found = select(table).where(table.c.envelope == seq)
    if "seq" in table.c:
        found = found.order_by(table.c.seq)
    left_out = {"envelope", "seq", "value_folded"}
    return [
        {key: value for key, value in row.items() if key not in left_out}
        for row in connection.execute(found).mappings()
    ]


def move_out(change: Change, prefix: str) -> str:
    """Restore an envelope with all that it had; rules are decided again. Gives its id.

    Raises
    ------
    NotFoundError
        There is none in the trash.
    """
    connection = change.connection
    id_ = get(connection, prefix).id
    body = json.loads(connection.scalar(select(trash.c.body).where(trash.c.id == id_)) or "")
    facts = read_manifest(body["manifest"].encode())
    seq = insert_envelope(change, facts, body["manifest"], body["author"] or "")
    created = update(envelopes).where(envelopes.c.seq == seq)
    connection.execute(created.values(created_at=body["created_at"]))
    for table in _LABELS:
        values = [{**one, "envelope": seq} for one in body["labels"].get(table.name, ())]
        if table is tags:
            values = [{**one, "value_folded": folded(one["value"])} for one in values]
        if values:
            connection.execute(insert(table), values)
    _forget(connection, [id_])
    change.tell("envelope.restored", id_, {"name": facts.name})
    evaluation.settle_new(change, seq, id_)
    return id_


def get(connection: Connection, prefix: str) -> DeletedEnvelope:
    """Give what is in the trash under this id, or the first digits of it.

    Raises
    ------
    NotFoundError
        There is none.
    ConflictError
        There are several.
    """
    text = check_prefix(prefix)
    among = select(trash).where(trash.c.id >= text, trash.c.id < text + "g").limit(2)
    found = connection.execute(among).all()
    if not found:
        raise NotFoundError(f"There is no envelope {text[:10]} in the trash.", id=text)
    if len(found) > 1:
        raise ConflictError(f"Several envelopes in the trash start with {text}. Write more digits.")
    return _record(found[0])


def holds(connection: Connection, id_: str) -> bool:
    """Whether the envelope with this id is in the trash."""
    return connection.scalar(select(trash.c.id).where(trash.c.id == id_)) is not None


def listed(connection: Connection) -> tuple[DeletedEnvelope, ...]:
    """All that is in the trash, the newest first."""
    found = connection.execute(select(trash).order_by(trash.c.deleted_at.desc(), trash.c.id))
    return tuple(_record(row) for row in found)


def purge(change: Change, before: int) -> tuple[str, ...]:
    """Forget what was deleted before a time, in microseconds since 1970; gives the ids."""
    old = select(trash.c.id).where(trash.c.deleted_at < before).order_by(trash.c.id)
    ids = tuple(change.connection.scalars(old))
    if ids:
        _forget(change.connection, ids)
        change.tell("trash.purged", "trash", {"envelopes": list(ids)})
    return ids


def unreferenced(connection: Connection, digests: list[str]) -> set[str]:
    """Give those of some files that nothing refers to, neither an envelope nor the trash."""
    raw = [bytes.fromhex(digest) for digest in digests]
    used: set[str] = set()
    for table in (envelope_files, trash_files):
        found = select(table.c.digest).where(table.c.digest.in_(raw)).distinct()
        used |= {bytes(digest).hex() for digest in connection.scalars(found)}
    added = select(attachments.c.sha256).where(attachments.c.sha256.in_(digests)).distinct()
    used |= set(connection.scalars(added))
    return set(digests) - used


def _forget(connection: Connection, ids: Sequence[str]) -> None:
    for table, column in ((trash_files, trash_files.c.envelope), (trash, trash.c.id)):
        connection.execute(delete(table).where(column.in_(ids)))


def _record(row: Any) -> DeletedEnvelope:
    return DeletedEnvelope(
        id=row.id,
        name=row.name,
        size=row.size,
        deleted_at=rows.moment(row.deleted_at),
        deleted_by=row.deleted_by,
    )
