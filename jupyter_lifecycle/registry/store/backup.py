"""Backups: a registry as files that need no database, checked before they come back.

``backup.json`` says what there is, with digests, and is written last; ``tables/*.jsonl.gz`` has the
rows of one state of the database, ``artifacts/`` the files by content. A backup of one kind of
database comes back into another.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import json
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import MetaData, func, insert, select, text

from jupyter_lifecycle.errors import IntegrityError, NotFoundError
from jupyter_lifecycle.registry.artifacts import FolderArtifacts, copy_out, put, read_chunks
from jupyter_lifecycle.registry.store.database import HEAD
from jupyter_lifecycle.registry.store.schema import (
    attachments,
    envelope_files,
    metadata,
    trash_files,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine, Table

    from jupyter_lifecycle.registry.artifacts import Artifacts
    from jupyter_lifecycle.registry.store.database import Database

    Progress = Callable[[int, int], None]
    """Called with the files done and the files in all."""

FORMAT: Final = 1
INDEX: Final = "backup.json"
_BATCH: Final = 1_000


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds."""

    folder: Path
    made_at: datetime
    revision: str
    """Of the tables."""
    rows: dict[str, int]
    """How many rows each table has."""
    tables: dict[str, str]
    """SHA-256 of each table's file."""
    files: int
    bytes: int

    def __str__(self) -> str:
        """Say it in words, one line."""
        return (
            f"{self.rows.get('envelopes', 0):,} envelopes, {self.files:,} files,"
            f" {self.bytes:,} bytes, of {self.made_at:%Y-%m-%d %H:%M} UTC"
        )


def create(
    database: Database, artifacts: Artifacts, folder: Path, progress: Progress | None = None
) -> Backup:
    """Write a registry into a folder; what is there of an earlier backup is not written again.

    Parameters
    ----------
    database, artifacts : Database, Artifacts
        The registry; others go on using it.
    folder : Path
        Where to; made where it's not there.
    progress : callable, optional
        Called with files done and files in all.

    Raises
    ------
    IntegrityError
        A file of an envelope is not what its digest says, or not there.
    """
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    (folder / INDEX).unlink(missing_ok=True)  # until the end this is no backup
    rows, digests = {}, {}
    with database.reading() as connection:
        for table in metadata.sorted_tables:
            rows[table.name], digests[table.name] = _dump(connection, table, folder)
        wanted = sorted(_referenced(connection))
    kept = FolderArtifacts(folder / "artifacts")
    size = 0
    for done, digest in enumerate(wanted, 1):
        size += _copy(artifacts, kept, digest)
        if progress is not None:
            progress(done, len(wanted))
    made = Backup(folder, datetime.now(UTC), HEAD, rows, digests, len(wanted), size)
    _write_index(made)
    return made


def verify(folder: Path, progress: Progress | None = None) -> Backup:
    """Check that a backup is whole: every row and every file is as it was written.

    Raises
    ------
    NotFoundError
        There is no backup in the folder, or it was not finished.
    IntegrityError
        Something in it is not as it was written.
    """
    found = read(folder)
    for name, digest in found.tables.items():
        path = _table_path(folder, name)
        if not path.exists() or _digest(path) != digest:
            raise IntegrityError(f"{path} of the backup is not as it was written.")
    kept = FolderArtifacts(folder / "artifacts")
    wanted = sorted(_referenced_in(folder, found))
    for done, digest in enumerate(wanted, 1):
        path = kept.folder / digest[:2] / digest
        if not path.exists() or _digest(path) != digest:
            raise IntegrityError(f"File {digest} of the backup is not there whole.", digest=digest)
        if progress is not None:
            progress(done, len(wanted))
    return found


def restore(
    database: Database, artifacts: Artifacts, folder: Path, progress: Progress | None = None
) -> Backup:
    """Bring a backup back into a registry that has nothing yet; it's checked first.

    Raises
    ------
    RegistryError
        The registry is not empty.
    IntegrityError
        The backup is not as it was written; nothing was restored.
    """
    engine = database.blank()
    try:
        return _fill(engine, artifacts, folder, progress)
    finally:
        engine.dispose()


def _fill(engine: Engine, artifacts: Artifacts, folder: Path, progress: Progress | None) -> Backup:
    from jupyter_lifecycle.registry.migrations import upgrade

    found = verify(folder)
    for done, digest in enumerate(wanted := sorted(_referenced_in(folder, found)), 1):
        with (folder / "artifacts" / digest[:2] / digest).open("rb") as stream:
            put(artifacts, digest, read_chunks(stream))
        if progress is not None:
            progress(done, len(wanted))
    upgrade(engine, None, found.revision)
    with engine.execution_options(jl_begin="BEGIN IMMEDIATE").begin() as connection:
        there = MetaData()
        there.reflect(connection)
        for name in found.rows:
            _load(connection, there.tables[name], folder)
    upgrade(engine, found.revision)
    return found


def read(folder: Path) -> Backup:
    """Read what a backup says of itself.

    Raises
    ------
    NotFoundError
        There is no backup in the folder, or it was not finished.
    IntegrityError
        Its index cannot be read.
    """
    try:
        found = json.loads((folder / INDEX).read_text("utf-8"))
        if found["format"] != FORMAT:
            raise IntegrityError(
                f"{folder} is a backup in format {found['format']}, which this version of"
                " jupyter_lifecycle does not know. Upgrade with: pip install -U jupyter_lifecycle"
            )
        return Backup(
            folder,
            datetime.fromisoformat(found["made_at"]),
            found["revision"],
            {str(name): int(number) for name, number in found["rows"].items()},
            {_checked(name): str(digest) for name, digest in found["tables"].items()},
            int(found["files"]),
            int(found["bytes"]),
        )
    except FileNotFoundError:
        raise NotFoundError(f"There is no finished backup in {folder}.") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise IntegrityError(f"{folder / INDEX} is no index of a backup: {error}.") from None


def _checked(name: str) -> str:
    if not name.isidentifier():
        raise ValueError(f"{name!r} is no table")
    return name


def _write_index(made: Backup) -> None:
    content = {
        "format": FORMAT,
        "made_at": made.made_at.isoformat(),
        "revision": made.revision,
        "rows": made.rows,
        "tables": made.tables,
        "files": made.files,
        "bytes": made.bytes,
    }
    temporary = made.folder / f".{INDEX}.{secrets.token_hex(8)}"
    with temporary.open("w", encoding="utf-8") as writing:
        json.dump(content, writing, indent=2)
        writing.flush()
        os.fsync(writing.fileno())
    temporary.replace(made.folder / INDEX)


def _dump(connection: Connection, table: Table, folder: Path) -> tuple[int, str]:
    number = 0
    path = _table_path(folder, table.name)
    columns = [column.name for column in table.columns]
    streamed = connection.execution_options(yield_per=_BATCH).execute(select(table))
    # Without time and name in it, the same rows are the same bytes.
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=5) as packed,
    ):
        for row in streamed:
            line = dict(zip(columns, map(_to_json, row), strict=True))
            packed.write(json.dumps(line, ensure_ascii=True).encode() + b"\n")
            number += 1
    return number, _digest(path)


def _load(connection: Connection, table: Table, folder: Path) -> None:
    batch: list[dict[str, Any]] = []
    for row in _rows(folder, table.name):
        batch.append(row)
        if len(batch) == _BATCH:
            connection.execute(insert(table), batch)
            batch = []
    if batch:
        connection.execute(insert(table), batch)
    if connection.dialect.name == "postgresql" and "seq" in table.c:
        newest = connection.scalar(select(func.max(table.c.seq)))
        sequence = text("SELECT setval(pg_get_serial_sequence(:name, 'seq'), :newest)")
        if newest is not None:
            connection.execute(sequence, {"name": table.name, "newest": newest})


def _rows(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(_table_path(folder, name), "rt", encoding="ascii") as lines:
        for line in lines:
            yield {key: _from_json(value) for key, value in json.loads(line).items()}


def _to_json(value: Any) -> Any:
    if isinstance(value, (bytes, memoryview)):
        return {"bytes": base64.b64encode(bytes(value)).decode()}
    return value


def _from_json(value: Any) -> Any:
    return base64.b64decode(value["bytes"]) if isinstance(value, dict) else value


def _referenced(connection: Connection) -> set[str]:
    found: set[str] = set()
    for table in (envelope_files, trash_files):
        found |= {bytes(one).hex() for one in connection.scalars(select(table.c.digest).distinct())}
    found |= set(connection.scalars(select(attachments.c.sha256).distinct()))
    return found


def _referenced_in(folder: Path, backup: Backup) -> set[str]:
    tables = {"envelope_files", "trash_files"} & backup.rows.keys()
    found = {row["digest"].hex() for name in tables for row in _rows(folder, name)}
    if "attachments" in backup.rows:
        found |= {row["sha256"] for row in _rows(folder, "attachments")}
    return found


def _copy(artifacts: Artifacts, kept: FolderArtifacts, digest: str) -> int:
    target = kept.folder / digest[:2] / digest
    with contextlib.suppress(FileNotFoundError):
        if target.stat().st_size == artifacts.size(digest) and _digest(target) == digest:
            return target.stat().st_size
    try:
        copy_out(artifacts, digest, target)
    except NotFoundError:
        raise IntegrityError(
            f"File {digest} of an envelope is not there: this registry lost it.", digest=digest
        ) from None
    return target.stat().st_size


def _table_path(folder: Path, name: str) -> Path:
    return folder / "tables" / f"{name}.jsonl.gz"


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
