"""A PostgreSQL server that is not there, says no, or goes away while it is used."""

import pytest
from sqlalchemy import text

from jupyter_lifecycle.errors import RegistryUnavailableError
from jupyter_lifecycle.registry.store.database import Database

COUNT = text("SELECT count(*) FROM envelopes")


@pytest.fixture
def database(postgres_url):
    made = Database(postgres_url)
    with made.writing():
        pass
    yield made
    made.dispose()


def test_connections_that_the_server_ended_are_replaced(database):
    with database.reading() as connection:
        assert connection.scalar(COUNT) == 0
    end_all = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    def read_past_the_end():
        with database.reading() as kept:
            kept.scalar(COUNT)
            with database.writing() as (other, _):
                other.execute(end_all)
            kept.execute(COUNT)

    with pytest.raises(RegistryUnavailableError, match="cannot be used now"):
        read_past_the_end()
    for _ in range(3):
        with database.reading() as connection:
            assert connection.scalar(COUNT) == 0


def test_a_database_that_is_not_there(postgres):
    with (
        pytest.raises(RegistryUnavailableError, match='database "nothing" does not exist'),
        Database(f"postgresql://postgres@/nothing?host={postgres}").reading(),
    ):
        pass


def test_a_server_that_is_not_there(tmp_path):
    with (
        pytest.raises(RegistryUnavailableError, match="No such file or directory"),
        Database(f"postgresql://postgres@/postgres?host={tmp_path}").reading(),
    ):
        pass
    with (
        pytest.raises(RegistryUnavailableError, match="Connection refused"),
        Database("postgresql://postgres@127.0.0.1:1/postgres").reading(),
    ):
        pass


def test_a_password_is_never_said():
    with (
        pytest.raises(RegistryUnavailableError) as caught,
        Database("postgresql://ana:s3cret@127.0.0.1:1/models").reading(),
    ):
        pass
    assert "s3cret" not in str(caught.value)
    assert "ana:***@127.0.0.1" in str(caught.value)
