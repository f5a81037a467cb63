"""Envelopes: adding them whole, finding them by id."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select

from jupyter_lifecycle.errors import ConflictError, NotFoundError
from jupyter_lifecycle.registry.lazy import LazyMapping
from jupyter_lifecycle.registry.records import EnvelopeRecord
from jupyter_lifecycle.registry.store import rows
from jupyter_lifecycle.registry.store.schema import (
    envelope_files,
    envelopes,
    environment_packages,
    environments,
    lineage_features,
    lineages,
    manifests,
    metrics,
    schema_fields,
    schemas,
    tags,
)
from jupyter_lifecycle.registry.versions import version_order
from jupyter_lifecycle.registry.words import check_prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection, Table

    from jupyter_lifecycle.registry.manifest import Facts
    from jupyter_lifecycle.registry.store.events import Change

COLUMNS = (
    envelopes.c.seq,
    envelopes.c.id,
    envelopes.c.name,
    envelopes.c.author,
    envelopes.c.created_at,
    envelopes.c.size,
)


def folded(text: str | None) -> str | None:
    """Give the casefolded text where it differs, which is what ``ilike`` looks at."""
    fold = text.casefold() if text is not None else None
    return None if fold == text else fold


def name_of(connection: Connection, seq: int) -> str:
    """Give the name of an envelope."""
    return str(connection.scalar(select(envelopes.c.name).where(envelopes.c.seq == seq)))


def seq_of(connection: Connection, prefix: str) -> tuple[int, str]:
    """Give the key and whole id of the envelope whose id starts so.

    Raises
    ------
    NotFoundError
        There is none.
    ConflictError
        There are several; ``detail["candidates"]`` has some.
    """
    text = check_prefix(prefix)
    among = select(envelopes.c.seq, envelopes.c.id).where(
        envelopes.c.id >= text, envelopes.c.id < text + "g"
    )
    found = connection.execute(among.order_by(envelopes.c.id).limit(4)).all()
    if not found:
        raise NotFoundError(f"There is no envelope {text[:10]}.", id=text)
    if len(found) > 1:
        some = [row.id for row in found]
        shown = ", ".join(_telling(some)[:3])
        raise ConflictError(
            f"Several envelopes start with {text}: {shown}. Write more digits.", candidates=some
        )
    return found[0].seq, found[0].id


def known(connection: Connection, id_: str) -> int | None:
    """Give the key of the envelope with this id, if there is one."""
    found: int | None = connection.scalar(select(envelopes.c.seq).where(envelopes.c.id == id_))
    return found


def _telling(ids: list[str]) -> list[str]:
    length = next(n for n in range(10, 41) if len({one[:n] for one in ids}) == len(ids))
    return [one[:length] for one in ids]


def records(
    connection: Connection,
    found: Sequence[Any],
    load: Callable[[str], Mapping[str, Any]],
) -> tuple[EnvelopeRecord, ...]:
    """Make records of rows that have :data:`COLUMNS`.

    Manifests are read through ``load`` when somebody looks into them.
    """
    keys = [row.seq for row in found]
    tags_of = _grouped(connection, tags, "value", keys)
    metrics_of = _grouped(connection, metrics, "latest", keys)
    return tuple(
        EnvelopeRecord(
            id=row.id,
            name=row.name,
            author=row.author or "",
            created_at=rows.moment(row.created_at),
            size=row.size,
            tags=tags_of.get(row.seq, {}),
            metrics=metrics_of.get(row.seq, {}),
            manifest=_lazy(load, row.id),
        )
        for row in found
    )


def _lazy(load: Callable[[str], Mapping[str, Any]], id_: str) -> Mapping[str, Any]:
    return LazyMapping(lambda: load(id_))


def _grouped(
    connection: Connection, table: Table, value: str, keys: Sequence[int]
) -> dict[int, dict[str, Any]]:
    if not keys:
        return {}
    found = (
        select(table.c.envelope, table.c.key, table.c[value])
        .where(table.c.envelope.in_(keys))
        .order_by(table.c.envelope, table.c.key)
    )
    grouped: dict[int, dict[str, Any]] = {}
    for envelope, key, latest in connection.execute(found):
        grouped.setdefault(envelope, {})[key] = latest
    return grouped


def record(
    connection: Connection, seq: int, load: Callable[[str], Mapping[str, Any]]
) -> EnvelopeRecord:
    """One envelope."""
    row = connection.execute(select(*COLUMNS).where(envelopes.c.seq == seq)).one()
    return records(connection, [row], load)[0]


def manifest_text(connection: Connection, id_: str) -> str:
    """Give the manifest, byte for byte as it was saved.

    Raises
    ------
    NotFoundError
        There is no such envelope.
    """
    seq, _ = seq_of(connection, id_)
    body = connection.scalar(select(manifests.c.body).where(manifests.c.envelope == seq))
    assert isinstance(body, str)
    return body


def names(connection: Connection) -> tuple[str, ...]:
    """Give the names in use, in order; found by leaps through the index, not by reading it."""
    found: list[str] = []
    last: str | None = connection.scalar(select(func.min(envelopes.c.name)))
    while last is not None:
        found.append(last)
        last = connection.scalar(select(func.min(envelopes.c.name)).where(envelopes.c.name > last))
    return tuple(found)


def insert_envelope(change: Change, facts: Facts, manifest: str, author: str) -> int:
    """Write the rows of a new envelope; its files are there already."""
    result = change.connection.execute(
        insert(envelopes).values(
            id=facts.id,
            name=facts.name,
            name_folded=folded(facts.name),
            author=author or None,
            author_folded=folded(author or None),
            created_at=change.now,
            size=facts.size,
            python=facts.python,
            schema=_schema(change.connection, facts),
            environment=_environment(change.connection, facts),
            python_order=version_order(facts.python) if facts.python else None,
            lineage=_lineage(change.connection, facts),
        )
    )
    (seq,) = result.inserted_primary_key or (None,)
    assert isinstance(seq, int)
    change.connection.execute(insert(manifests).values(envelope=seq, body=manifest))
    digests = dict.fromkeys(bytes.fromhex(file.digest) for file in facts.files)
    change.connection.execute(
        insert(envelope_files), [{"envelope": seq, "digest": digest} for digest in digests]
    )
    return seq


def _schema(connection: Connection, facts: Facts) -> int:
    key, new = _shared(
        connection, schemas, [facts.fields, facts.output_type], {"output_type": facts.output_type}
    )
    if new and facts.fields:
        values = [
            {"schema": key, "side": side, "name": name, "type": kind}
            for side, name, kind in facts.fields
        ]
        connection.execute(insert(schema_fields), values)
    return key


def _environment(connection: Connection, facts: Facts) -> int:
    key, new = _shared(connection, environments, sorted(facts.packages), {})
    if new and facts.packages:
        values = [
            {
                "environment": key,
                "name": name,
                "version": version,
                "version_order": version_order(version),
            }
            for name, version in facts.packages
        ]
        connection.execute(insert(environment_packages), values)
    return key


def _lineage(connection: Connection, facts: Facts) -> int | None:
    if not facts.features:
        return None
    key, new = _shared(connection, lineages, sorted(facts.features), {})
    if new:
        values = [{"lineage": key, "name": name, "code": code} for name, code in facts.features]
        connection.execute(insert(lineage_features), values)
    return key


def _shared(
    connection: Connection, table: Table, content: object, more: Mapping[str, Any]
) -> tuple[int, bool]:
    """Find or make the row for this content: many envelopes share one."""
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).digest()
    found = connection.scalar(select(table.c.key).where(table.c.digest == digest))
    if found is not None:
        return int(found), False
    result = connection.execute(insert(table).values(digest=digest, **more))
    (key,) = result.inserted_primary_key or (None,)
    assert isinstance(key, int)
    return key, True
