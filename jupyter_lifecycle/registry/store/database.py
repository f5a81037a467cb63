"""The database: opening it, making or migrating its tables, and transactions.

Writers take turns: ``BEGIN IMMEDIATE`` on SQLite, one advisory lock on PostgreSQL. So rules are
evaluated on what is there and events come in the order in which they become visible.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, OperationalError
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateTable

from jupyter_lifecycle.errors import RegistryError, RegistryUnavailableError
from jupyter_lifecycle.registry.store.postgres import postgres_engine, take_turn, why_away
from jupyter_lifecycle.registry.store.schema import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine

HEAD: Final = "0010"
"""The revision that :mod:`schema` describes; a test holds it to the newest migration."""

BUSY_MS: Final = 20_000
_VERSION_TABLE: Final = (
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,"
    " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)


class Database:
    """One database; opened at the first use.

    Parameters
    ----------
    url : str
        ``sqlite:///path`` or ``postgresql://…``.
    file : Path, optional
        The SQLite file of an embedded registry. Where it's not there yet, reading finds an
        empty registry and writes nothing; the first write makes it.
    """

    def __init__(self, url: str, *, file: Path | None = None) -> None:
        try:
            self.url = make_url(url)
        except ArgumentError:
            raise RegistryError(
                f"{url!r} is no address of a database."
                " Write sqlite:///file.db or postgresql://host/database."
            ) from None
        if self.url.drivername in {"postgres", "postgresql"}:
            self.url = self.url.set(drivername="postgresql+pg8000")
        if self.url.get_backend_name() not in {"sqlite", "postgresql"}:
            raise RegistryError(
                f"A registry lives in SQLite or PostgreSQL, not in {self.url.get_backend_name()}."
                " Write sqlite:///file.db or postgresql://host/database."
            )
        self._file = file
        self._engine: Engine | None = None
        self._empty: Engine | None = None
        self._opening = threading.Lock()

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite, where readers and writers share one file."""
        return self.url.get_backend_name() == "sqlite"

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that sees one state and changes nothing."""
        engine = self._open(create=False)
        with _spoken_errors(self), engine.connect() as connection, connection.begin():
            if not self.is_sqlite:
                connection.execute(
                    text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                )
            yield connection

    @contextlib.contextmanager
    def writing(self, *, keep: bool = True) -> Iterator[tuple[Connection, int]]:
        """Open a transaction that no other writer runs beside; gives the time in it too.

        Parameters
        ----------
        keep : bool
            False: roll back at the end, which is how a preview is made.
        """
        engine = self._open(create=True)
        writer = engine.execution_options(jl_begin="BEGIN IMMEDIATE")
        with (
            _spoken_errors(self),
            writer.connect() as connection,
            connection.begin() as transaction,
        ):
            yield connection, self._take_turn(connection)
            if not keep:
                transaction.rollback()

    def blank(self) -> Engine:
        """Open a database that nothing was made in yet, and leave it so.

        Raises
        ------
        RegistryError
            There is a registry already.
        """
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        engine = _sqlite_engine(self.url) if self.is_sqlite else postgres_engine(self.url)
        with _spoken_errors(self), engine.connect() as connection:
            revision = _revision(connection)
        if revision is not None:
            engine.dispose()
            where = self.url.render_as_string(hide_password=True)
            raise RegistryError(f"There is a registry in {where} already. Name a new database.")
        return engine

    def dispose(self) -> None:
        """Close all connections."""
        with self._opening:
            for engine in (self._engine, self._empty):
                if engine is not None:
                    engine.dispose()
            self._engine = self._empty = None

    def _take_turn(self, connection: Connection) -> int:
        if not self.is_sqlite:
            take_turn(connection)
        return self.now(connection)

    def now(self, connection: Connection) -> int:
        """Microseconds since 1970 by the clock that all writers share."""
        if self.is_sqlite:
            return time.time_ns() // 1000
        micros = connection.scalar(
            text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
        )
        assert isinstance(micros, int)
        return micros

    def _open(self, *, create: bool) -> Engine:
        if self._engine is not None:
            return self._engine
        with self._opening:
            return self._opened(create=create)

    def _opened(self, *, create: bool) -> Engine:
        if self._engine is not None:  # another thread was quicker
            return self._engine
        if self._file is not None:
            if not create and not self._file.exists():
                if self._empty is None:
                    self._empty = _empty_engine()
                    weakref.finalize(self, self._empty.dispose)
                return self._empty
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        engine = _sqlite_engine(self.url) if self.is_sqlite else postgres_engine(self.url)
        try:
            with _spoken_errors(self):
                _bring_up_to_date(engine)
        except BaseException:
            engine.dispose()
            raise
        self._engine = engine
        weakref.finalize(self, engine.dispose)
        return engine


def _sqlite_engine(url: Any) -> Engine:
    engine = create_engine(url, pool_size=8, max_overflow=32)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _empty_engine() -> Engine:
    """Make a database in memory, with all tables and no row, for each reader.

    SQLite lets no other thread use a connection, and panels read in threads of their own.
    """
    engine = create_engine("sqlite://", poolclass=NullPool)
    tables = [str(CreateTable(each).compile(engine)) for each in metadata.sorted_tables]
    script = ";".join(tables)
    event.listen(engine, "connect", lambda connection, _: connection.executescript(script))
    return engine


def _configure_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # this file says BEGIN, not the driver
    run = connection.execute
    run(f"PRAGMA busy_timeout = {BUSY_MS}")
    if run("PRAGMA journal_mode").fetchone()[0] != "wal":
        _switch_to_wal(connection)
    run("PRAGMA synchronous = FULL")  # what was acknowledged survives a power cut
    run("PRAGMA foreign_keys = ON")
    run("PRAGMA case_sensitive_like = ON")
    run("PRAGMA cache_size = -16000")
    run("PRAGMA mmap_size = 268435456")


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    # The busy timeout does not cover this switch; another process may be making it right now.
    deadline = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            threading.Event().wait(0.005)


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("jl_begin", "BEGIN"))


def _bring_up_to_date(engine: Engine) -> None:
    with engine.connect() as connection:
        revision = _revision(connection)
    if revision == HEAD:
        return
    if revision is None:
        _create(engine)
        return
    from jupyter_lifecycle.registry.migrations import upgrade

    upgrade(engine, revision)


def _create(engine: Engine) -> None:
    """Make all tables in one transaction: another process sees none or all of them."""
    with engine.execution_options(jl_begin="BEGIN IMMEDIATE").begin() as connection:
        if engine.dialect.name == "postgresql":
            take_turn(connection)
        if _revision(connection) is not None:
            return  # another process was quicker
        metadata.create_all(connection, checkfirst=False)
        connection.execute(text(_VERSION_TABLE))
        connection.execute(
            text("INSERT INTO alembic_version (version_num) VALUES (:head)"), {"head": HEAD}
        )


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return str(found) if found is not None else None


@contextlib.contextmanager
def _spoken_errors(database: Database) -> Iterator[None]:
    """Say in our words what a database that is away, locked or no database has to say."""
    address = database.url.set(drivername=database.url.get_backend_name())
    where = address.render_as_string(hide_password=True)
    try:
        yield
    except DBAPIError as error:
        if isinstance(error, OperationalError):
            reason: str | None = str(error.orig).strip().splitlines()[0]
        else:
            reason = why_away(error.orig)
        if reason is not None:
            raise RegistryUnavailableError(
                f"The registry's database {where} cannot be used now: {reason}.", location=where
            ) from error
        if isinstance(error, DatabaseError) and "file is not a database" in str(error.orig):
            raise RegistryError(
                f"{where} is no SQLite database. Name another file, or move it away.",
                location=where,
            ) from error
        raise
