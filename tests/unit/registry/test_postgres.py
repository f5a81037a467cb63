"""Addresses of PostgreSQL as its own tools write them."""

import ssl

import pytest
from sqlalchemy import make_url

from jupyter_lifecycle.errors import RegistryError
from jupyter_lifecycle.registry.store import postgres


def read(address):
    return postgres._arguments(make_url(address))


def test_an_address_over_the_network():
    call = read("postgresql://ana:s%40cret@db.example:6543/models?application_name=models")
    assert call["address"] == ("db.example", 6543)
    assert call["seconds"] == 10.0
    assert call["login"] == {
        "user": "ana",
        "password": "s@cret",
        "database": "models",
        "host": "db.example",
        "ssl_context": None,
        "application_name": "models",
    }


def test_a_folder_with_a_socket():
    call = read("postgresql://ana@/models?host=/run/postgresql&connect_timeout=2.5")
    assert call["address"] == "/run/postgresql/.s.PGSQL.5432"
    assert call["seconds"] == 2.5
    assert call["login"]["ssl_context"] is False


def test_user_and_password_of_the_environment(monkeypatch):
    monkeypatch.setenv("PGUSER", "ben")
    monkeypatch.setenv("PGPASSWORD", "quiet")
    login = read("postgresql:///models")["login"]
    assert (login["user"], login["password"], login["host"]) == ("ben", "quiet", "localhost")
    assert read("postgresql://ana:loud@h/models")["login"]["password"] == "loud"
    monkeypatch.delenv("PGUSER")
    assert read("postgresql:///models")["login"]["user"]


@pytest.mark.parametrize(
    ("mode", "checks", "name"),
    [
        ("require", ssl.CERT_NONE, False),
        ("verify-ca", ssl.CERT_REQUIRED, False),
        ("verify-full", ssl.CERT_REQUIRED, True),
    ],
)
def test_how_much_of_a_certificate_is_checked(mode, checks, name):
    context = read(f"postgresql://h/models?sslmode={mode}")["login"]["ssl_context"]
    assert (context.verify_mode, context.check_hostname) == (checks, name)


def test_no_encryption_and_encryption_where_there_is_some():
    assert read("postgresql://h/m?sslmode=disable")["login"]["ssl_context"] is False
    assert read("postgresql://h/m?sslmode=prefer")["login"]["ssl_context"] is None


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("sslmode=always", "sslmode=always is none of disable, prefer, require"),
        ("sslmode=verify-ca&sslrootcert=/none.pem", "sslrootcert=/none.pem cannot be read"),
        ("connect_timeout=soon", "connect_timeout=soon is no number of seconds"),
        ("connect_timeout=0", "no number of seconds above 0"),
        ("charset=utf8", "has charset, which means nothing here"),
        ("host=/a&host=/b", "has host, which means nothing here"),
    ],
)
def test_what_an_address_cannot_say(query, said):
    with pytest.raises(RegistryError, match=said):
        read(f"postgresql://h/models?{query}")


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ValueError({"C": "57P01", "M": "terminating connection"}), "terminating connection"),
        (ValueError({"C": "3D000", "M": "database does not exist"}), "database does not exist"),
        (ValueError({"C": "42601", "M": "syntax error"}), None),
        (ValueError("odd"), None),
        (ValueError(), None),
        (None, None),
    ],
)
def test_why_a_server_does_not_answer(error, why):
    assert postgres.why_away(error) == why


def test_a_password_file(monkeypatch, tmp_path):
    file = tmp_path / "pgpass"
    file.write_text(
        "# host:port:database:user:password\n"
        "other:5432:models:ana:wrong\n"
        "too:few:parts\n"
        "db.example:*:mod\\:els:ana:a\\:b\\\\c\n"
        "*:*:*:*:rest\n"
    )
    file.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(file))
    monkeypatch.delenv("PGPASSWORD", raising=False)
    assert read("postgresql://ana@db.example/mod:els")["login"]["password"] == "a:b\\c"
    assert read("postgresql://ben@db.example/models")["login"]["password"] == "rest"
    file.chmod(0o644)
    assert read("postgresql://ben@db.example/models")["login"]["password"] is None
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    assert read("postgresql://ben@db.example/models")["login"]["password"] is None
