"""Making and opening the database: whole, at once, from several processes, by migration or directly."""

import os
import re
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from jupyter_lifecycle.errors import RegistryError, RegistryUnavailableError
from jupyter_lifecycle.registry import Registry
from jupyter_lifecycle.registry.migrations import configuration, upgrade
from jupyter_lifecycle.registry.store import Store
from jupyter_lifecycle.registry.store.database import HEAD, Database


def tables(path):
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        made = {name: " ".join(sql.replace("\t", " ").split()) for name, sql in found}
    connection.close()
    return made


def parts(made):
    """Tables without the order in which their parts were written."""
    found = {}
    for name, sql in made.items():
        head, _, rest = sql.partition("(")
        inside, _, tail = rest.rpartition(")")
        named = re.sub(r"CONSTRAINT \w+ ", "", inside)
        found[name] = (
            head.strip(),
            sorted(part.strip() for part in named.split(", ")),
            tail.strip(),
        )
    return found


def test_migrations_make_what_the_code_describes(tmp_path):
    direct = tmp_path / "direct.db"
    database = Database(f"sqlite:///{direct}", file=direct)
    with database.writing():
        pass
    database.dispose()
    migrated = tmp_path / "migrated.db"
    engine = create_engine(f"sqlite:///{migrated}")
    upgrade(engine, None)
    engine.dispose()
    assert parts(tables(migrated)) == parts(tables(direct))


def test_the_newest_migration_is_the_one_that_the_code_knows():
    from alembic.script import ScriptDirectory

    assert ScriptDirectory.from_config(configuration()).get_current_head() == HEAD


def test_a_registry_of_a_newer_version_is_refused(folder, registry, make_bundle):
    registry.add(make_bundle())
    registry.close()
    with sqlite3.connect(folder / "registry.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(
        RegistryError, match=r"revision 9999.*a newer one made it\. Upgrade with: pip"
    ):
        registry.count()


def test_an_empty_file_becomes_a_registry(folder, make_bundle):
    folder.mkdir()
    (folder / "registry.db").touch()
    with Registry(folder) as registry:
        registry.add(make_bundle())
        assert registry.count() == 1


def test_reading_makes_nothing(folder, registry):
    assert registry.count() == 0
    assert registry.search() == registry.search("tags.x")
    assert not folder.exists()


def test_reading_sees_what_another_process_made_meanwhile(folder, registry, make_bundle):
    assert registry.count() == 0
    with Registry(folder) as other:
        other.add(make_bundle())
    assert registry.count() == 1


def test_a_file_that_is_no_database(folder):
    folder.mkdir()
    (folder / "registry.db").write_text("something else that is long enough to be looked at" * 50)
    with pytest.raises(RegistryError, match="is no SQLite database"):
        Registry(folder).count()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://x/y", "lives in SQLite or PostgreSQL, not in mysql"),
        ("nonsense", "is no address of a database"),
    ],
)
def test_an_address_that_is_none(url, message):
    with pytest.raises(RegistryError, match=message):
        Database(url)


def test_a_password_is_not_shown():
    store = Store(Database("postgresql://ana:secret@127.0.0.1:9/x"), None, author="ana")
    with pytest.raises(RegistryUnavailableError) as caught:
        store.names()
    assert "secret" not in caught.value.message + store.location
    assert "127.0.0.1:9" in caught.value.message


def test_a_folder_that_cannot_be_written(tmp_path, make_bundle):
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(RegistryError, match="is a file, and a registry is a folder"):
        Registry(blocked)
    with pytest.raises(RegistryError, match="could not write"):
        Registry(blocked / "below").add(make_bundle())


WORKER = """
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from jupyter_lifecycle.registry import Registry, Rule
registry = Registry(sys.argv[1])
registry.set_rule(Rule("e" + sys.argv[2], when=""))
for n in range(10):
    registry.lease(f"lease{sys.argv[2]}", str(n), 0.000001)
    assert registry.lease("only", sys.argv[2], 60) in (True, False)
"""


def test_several_processes_make_and_use_one_registry(folder):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(folder), str(index)],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for index in range(4)
    ]
    for worker in workers:
        _, said = worker.communicate(timeout=120)
        assert worker.returncode == 0, said
    with Registry(folder) as registry:
        assert [rule.endpoint for rule in registry.rules()] == ["e0", "e1", "e2", "e3"]
        assert registry.lease_holder("only") in {"0", "1", "2", "3"}


def test_a_change_that_fails_in_the_middle_leaves_nothing(
    store, make_bundle, monkeypatch, registry
):
    envelope = registry.add(make_bundle())
    before = registry.events()

    def broken(*_):
        raise RuntimeError("in the middle")

    monkeypatch.setattr("jupyter_lifecycle.registry.store.evaluation.settle", broken)
    with pytest.raises(RuntimeError):
        store.tag(envelope.id, {"a": "b"}, (), None)
    assert registry.get(envelope.id).tags == {}
    assert registry.events() == before


def test_durable_settings(folder, registry, make_bundle):
    registry.add(make_bundle())
    database = Database(f"sqlite:///{folder / 'registry.db'}")
    with database.reading() as connection:
        pragma = lambda name: connection.execute(text(f"PRAGMA {name}")).scalar()  # noqa: E731
        assert pragma("journal_mode") == "wal"
        assert pragma("synchronous") == 2
        assert pragma("foreign_keys") == 1
        assert pragma("busy_timeout") >= 10_000
    database.dispose()


def test_a_registry_of_the_first_revision_is_migrated_with_what_it_has(tmp_path):
    from alembic import command

    old = create_engine(f"sqlite:///{tmp_path / 'registry.db'}")
    with old.begin() as connection:
        config = configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for statement in (
            "INSERT INTO schemas (key, digest) VALUES (1, x'00')",
            "INSERT INTO environments (key, digest) VALUES (1, x'00')",
            "INSERT INTO environment_packages VALUES (1, 'numpy', '1.9'), (1, 'scipy', 'trunk')",
            """INSERT INTO envelopes (seq, id, name, created_at, size, python, schema, environment)
               VALUES (1, '00aa', 'ltv', 1, 0, '3.9.1', 1, 1)""",
        ):
            connection.execute(text(statement))
    old.dispose()
    with Registry(tmp_path) as registry:
        assert registry.count("package.numpy < '1.10' and python < '3.12'") == 1
        assert registry.count("package.scipy = 'trunk' and not package.scipy >= '0'") == 1
        assert registry.count("feature.gust or deployment.eta or metrics.x.at(1) > 0") == 0


def test_what_is_not_there_yet_is_empty_to_every_thread(tmp_path):
    file = tmp_path / "registry.db"
    database = Database(f"sqlite:///{file}", file=file)
    together = threading.Barrier(4)

    def count(_):
        with database.reading() as connection:
            together.wait()  # four threads, each in a transaction of its own
            return connection.scalar(text("SELECT count(*) FROM envelopes"))

    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            assert list(pool.map(count, range(4))) == [0] * 4
    assert not file.exists()
    database.dispose()
