"""Artifacts that were added to envelopes: each name once, its content for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import insert, select

from jupyter_lifecycle.errors import ConflictError, InvalidValueError
from jupyter_lifecycle.registry.records import Artifact
from jupyter_lifecycle.registry.store import rows
from jupyter_lifecycle.registry.store.schema import attachments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from jupyter_lifecycle.registry.records import NewArtifact
    from jupyter_lifecycle.registry.store.events import Change

MAX_ARTIFACTS: Final = 1_000


def write(
    change: Change, seq: int, id_: str, new: Sequence[tuple[NewArtifact, int]]
) -> tuple[Artifact, ...]:
    """Write artifacts whose content is there; the same again is no change.

    Parameters
    ----------
    new : sequence of (NewArtifact, int)
        Each with its size in bytes.

    Raises
    ------
    ConflictError
        The envelope has another artifact of a name.
    InvalidValueError
        There are too many.
    """
    there = {one.name: one for one in listed(change.connection, seq)}
    added = []
    for one, size in new:
        known = there.get(one.name)
        if known is None:
            there[one.name] = _record(_insert(change, seq, one, size))
            added.append(one.name)
        elif (known.sha256, known.kind) != (one.sha256, one.kind):
            raise ConflictError(
                f"{id_[:10]} has an artifact {one.name} already, with other content, and artifacts"
                " never change. Give this one another name.",
                name=one.name,
            )
    if added and len(there) > MAX_ARTIFACTS:
        raise InvalidValueError(
            f"{id_[:10]} would have {len(there):,} artifacts; {MAX_ARTIFACTS:,} are taken."
        )
    for name in added:
        it = there[name]
        payload = {"name": name, "kind": it.kind, "sha256": it.sha256, "size": it.size}
        change.tell("artifact.added", id_, payload)
    return tuple(there[one.name] for one, _ in new)


def _insert(change: Change, seq: int, one: NewArtifact, size: int) -> Any:
    values = {
        "envelope": seq,
        "at": change.now,
        "author": change.author,
        "name": one.name,
        "kind": one.kind,
        "media_type": one.media_type,
        "sha256": one.sha256,
        "size": size,
    }
    written = insert(attachments).values(values).returning(*attachments.c)
    return change.connection.execute(written).one()


def listed(connection: Connection, seq: int) -> tuple[Artifact, ...]:
    """All artifacts of an envelope, in the order in which they came."""
    mine = attachments.c.envelope == seq
    found = select(attachments).where(mine).order_by(attachments.c.seq)
    return tuple(_record(row) for row in connection.execute(found))


def _record(row: Any) -> Artifact:
    at = rows.moment(row.at)
    return Artifact(row.name, row.kind, row.media_type, row.sha256, row.size, at, row.author)
