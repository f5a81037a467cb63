"""Connections to PostgreSQL, by addresses as the database's own tools write them.

The driver is pg8000: it is in plain Python and under a permissive licence. It knows neither
``host=/folder`` nor ``sslmode`` nor the environment, so an address is read here; and it raises
one class for all that the server answers, so that :func:`why_away` reads the answer's code.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import re
import socket
import ssl
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import create_engine, event, func, select

from jupyter_lifecycle.errors import RegistryError

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine
    from sqlalchemy.engine import ExceptionContext

CONNECT_S: Final = 10.0
_WRITERS: Final = 0x6A6C7265  # the advisory lock of this program in a PostgreSQL database
_PORT: Final = 5432
_PART: Final = re.compile(r"(?:^|(?<=:))(?:[^:\\]|\\.)*")  # between colons that no \ stands before
_ESCAPED: Final = re.compile(r"\\(.)")
_TLS: Final = ("disable", "prefer", "require", "verify-ca", "verify-full")
_AWAY: Final = frozenset({"08", "28", "3D", "40", "53", "55", "57", "58"})
"""Classes of codes that speak of the server, not of the query: connection, authorisation, no such
database, rolled back, no resources, locked, interrupted, system (PostgreSQL, appendix A)."""
_KNOWN: Final = frozenset({"host", "sslmode", "sslrootcert", "connect_timeout", "application_name"})


def postgres_engine(url: URL) -> Engine:
    """Open a pool of connections; none is made before the first use.

    Parameters
    ----------
    url : URL
        ``postgresql://user:password@host:port/database``. As query parameters: ``host`` (a folder
        that has the server's socket), ``sslmode`` (``disable``, ``prefer``, which is the default,
        ``require``, ``verify-ca``, ``verify-full``), ``sslrootcert`` (a file), ``connect_timeout``
        (seconds, 10) and ``application_name``. A user or password that is not given is taken from
        ``PGUSER`` and ``PGPASSWORD``, the password else from the password file (``PGPASSFILE``,
        ``~/.pgpass``) if nobody else may read it.

    Raises
    ------
    RegistryError
        Another parameter, or a value that it can't have.
    """
    call = _arguments(url)

    def connect() -> Any:
        import pg8000

        try:
            channel = _socket(call["address"], call["seconds"])
            try:
                made = _connection_class()(sock=channel, **call["login"])
            except BaseException:
                channel.close()
                raise
        except OSError as error:
            raise pg8000.InterfaceError(error.strerror or str(error)) from error
        channel.settimeout(None)  # a query may take longer than reaching the server may
        return made

    engine = create_engine(
        url.set(query={}), creator=connect, pool_size=8, max_overflow=32, pool_pre_ping=True
    )
    event.listen(engine, "handle_error", _tell_lost_connections)
    return engine


def take_turn(connection: Connection) -> None:
    """Wait until no other writer, or server that migrates, is in a transaction."""
    connection.execute(select(func.pg_advisory_xact_lock(_WRITERS)))


def why_away(error: BaseException | None) -> str | None:
    """Say why the server does not answer, or None where it did and the query was at fault."""
    answer = error.args[0] if error is not None and error.args else None
    if not isinstance(answer, dict):
        return str(error) if type(error).__name__ == "InterfaceError" else None
    code = str(answer.get("C", ""))
    return str(answer.get("M", code)) if code[:2] in _AWAY else None


def _tell_lost_connections(context: ExceptionContext) -> None:
    """Have a connection that broke replaced, however its end was noticed."""
    error = context.original_exception
    answer = error.args[0] if error.args else None
    if isinstance(answer, dict) and str(answer.get("C", ""))[:3] in {"080", "57P"}:
        context.is_disconnect = True


@cache
def _connection_class() -> Any:
    import pg8000

    class Connection(pg8000.Connection):  # type: ignore[misc] # the driver has no types
        """Says in the driver's own words, too, that the network failed in the middle of a read."""

        def handle_messages(self, context: Any) -> None:
            try:
                super().handle_messages(context)
            except OSError as error:
                raise pg8000.InterfaceError("network error") from error

        def close(self) -> None:
            # A server that hung up wants no goodbye; what it said before is the news.
            with contextlib.suppress(pg8000.InterfaceError):
                super().close()

    return Connection


def _arguments(url: URL) -> dict[str, Any]:
    options = {key: value for key, value in url.query.items() if isinstance(value, str)}
    unknown = sorted(url.query.keys() - _KNOWN | url.query.keys() - options.keys())
    if unknown:
        raise RegistryError(
            f"The database's address has {', '.join(unknown)}, which means nothing here."
            f" There are {', '.join(sorted(_KNOWN))}, each once."
        )
    host = options.get("host") or url.host or "localhost"
    port = url.port or _PORT
    local = host.startswith("/")
    seconds = options.get("connect_timeout", str(CONNECT_S))
    if not seconds.replace(".", "", 1).isdigit() or float(seconds) == 0:
        raise RegistryError(f"connect_timeout={seconds} is no number of seconds above 0.")
    user = url.username or os.environ.get("PGUSER") or getpass.getuser()
    password = url.password or os.environ.get("PGPASSWORD")
    if password is None:
        password = _password_in_file("localhost" if local else host, port, url.database, user)
    return {
        "address": f"{host}/.s.PGSQL.{port}" if local else (host, port),
        "seconds": float(seconds),
        "login": {
            "user": user,
            "password": password,
            "database": url.database,
            "host": None if local else host,
            "ssl_context": False if local else _tls(options),
            "application_name": options.get("application_name", "jupyter_lifecycle"),
        },
    }


def _password_in_file(*wanted: object) -> str | None:
    """Look for host, port, database and user in the password file, as PostgreSQL's tools do."""
    file = Path(os.environ.get("PGPASSFILE") or Path.home() / ".pgpass")
    try:
        if file.stat().st_mode & 0o077:
            return None
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    for line in lines:
        found = [_ESCAPED.sub(r"\1", part) for part in _PART.findall(line)]
        if len(found) != len(wanted) + 1 or line.startswith("#"):
            continue
        if all(part in {"*", str(name)} for part, name in zip(found, wanted, strict=False)):
            return found[-1]
    return None


def _tls(options: dict[str, str]) -> ssl.SSLContext | bool | None:
    """Give what the driver takes: False for none, None for where the server has it."""
    mode = options.get("sslmode", "prefer")
    if mode not in _TLS:
        raise RegistryError(f"sslmode={mode} is none of {', '.join(_TLS)}.")
    if mode == "disable":
        return False
    if mode == "prefer":
        return None
    authority = options.get("sslrootcert")
    try:
        context = ssl.create_default_context(cafile=authority)
    except OSError as error:
        raise RegistryError(
            f"sslrootcert={authority} cannot be read: {error.strerror or error}."
        ) from None
    if mode != "verify-full":
        context.check_hostname = False
    if mode == "require" and authority is None:
        context.verify_mode = ssl.CERT_NONE
    return context


def _socket(address: str | tuple[str, int], seconds: float) -> socket.socket:
    if isinstance(address, tuple):
        made = socket.create_connection(address, seconds)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(seconds)
    try:
        made.connect(address)
    except OSError:
        made.close()
        raise
    return made
