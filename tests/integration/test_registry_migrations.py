"""The migrations on PostgreSQL; SQLite's are in the unit tests."""

import threading
from concurrent.futures import ThreadPoolExecutor

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import make_url, text

from jupyter_lifecycle.registry.migrations import upgrade
from jupyter_lifecycle.registry.store.database import HEAD, Database
from jupyter_lifecycle.registry.store.postgres import postgres_engine
from jupyter_lifecycle.registry.store.schema import metadata

COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, collation_name
FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position
"""
INDEXES = (
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname"
)


def described(engine):
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(COLUMNS))]
        return found, [tuple(row) for row in connection.execute(text(INDEXES))]


def test_migrations_make_what_the_code_describes(postgres_url):
    engine = postgres_engine(make_url(postgres_url.replace("postgresql:", "postgresql+pg8000:")))
    upgrade(engine, None)
    migrated = described(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == HEAD
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    database = Database(postgres_url)
    with database.writing():
        pass
    assert described(engine) == migrated
    database.dispose()
    engine.dispose()


def test_a_migrated_database_is_one_to_use(postgres_url):
    engine = postgres_engine(make_url(postgres_url.replace("postgresql:", "postgresql+pg8000:")))
    upgrade(engine, None)
    engine.dispose()
    database = Database(postgres_url)
    with database.reading() as connection:
        assert connection.scalar(text("SELECT count(*) FROM envelopes")) == 0
    database.dispose()


def test_servers_that_start_together_migrate_once(postgres_url):
    engine = postgres_engine(make_url(postgres_url.replace("postgresql:", "postgresql+pg8000:")))
    upgrade(engine, None, "0001")
    servers = [Database(postgres_url) for _ in range(4)]
    together = threading.Barrier(len(servers))

    def start(database):
        together.wait()
        with database.reading() as connection:
            return connection.scalar(text("SELECT version_num FROM alembic_version"))

    with ThreadPoolExecutor(len(servers)) as pool:
        assert list(pool.map(start, servers)) == [HEAD] * len(servers)
    for database in servers:
        database.dispose()
    engine.dispose()
