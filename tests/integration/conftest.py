"""Real servers for tests: PostgreSQL in a folder of its own, the registry under uvicorn."""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest


def _binaries():
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name)
    )
    for folder in [*reversed(found), *map(Path, os.environ.get("PATH", "").split(os.pathsep))]:
        if (folder / "initdb").exists():
            return folder
    return pytest.fail(
        "PostgreSQL is not installed, and the registry is tested on it."
        " `make test` installs it as root; else: apt-get install postgresql",
        pytrace=False,
    )


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL cluster in a folder of its own; its socket is in that folder too."""
    binaries = _binaries()
    # PostgreSQL refuses to run as root, and its user cannot look into pytest's folders.
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="jl-pg-"))
    who = {}
    if user is not None:
        entry = pwd.getpwnam(user)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
        who = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    data = folder / "data"
    subprocess.run(
        [
            binaries / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "-N",
        ],
        check=True,
        capture_output=True,
        cwd=folder,
        **who,
    )
    log = (folder / "log").open("wb")
    server = subprocess.Popen(
        [
            binaries / "postgres",
            "-D",
            data,
            "-k",
            folder,
            "-c",
            "listen_addresses=",
            "-c",
            "fsync=off",
            "-c",
            "max_connections=200",
            "-c",
            "shared_buffers=64MB",
        ],
        stdout=log,
        stderr=log,
        cwd=folder,
        **who,
    )
    try:
        _wait_for(folder, server)
        yield folder
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(folder, server):
    import psycopg

    tick = threading.Event()
    for _ in range(600):
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(f"host={folder} user=postgres dbname=postgres").close()
            return
        if server.poll() is not None:
            break
        tick.wait(0.05)
    pytest.fail(f"PostgreSQL did not start:\n{(folder / 'log').read_text()[-2000:]}", pytrace=False)


@pytest.fixture
def postgres_url(postgres):
    """The URL of an empty PostgreSQL database."""
    import psycopg

    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(
        f"host={postgres} user=postgres dbname=postgres", autocommit=True
    ) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield f"postgresql://postgres@/{name}?host={postgres}"
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def serve_app():
    """Run an ASGI application under uvicorn on a free port of the loopback; gives its address."""
    import uvicorn

    running = []

    def serve(app):
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        ready = threading.Event()

        class Server(uvicorn.Server):
            async def startup(self, sockets=None):
                await super().startup(sockets)
                ready.set()

        server = Server(
            uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=5, lifespan="off")
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        assert ready.wait(30)
        running.append((server, thread, listening))
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield serve
    for server, thread, listening in running:
        server.should_exit = True
        thread.join(30)
        listening.close()


@pytest.fixture
def registry_server(tmp_path, serve_app):
    """Serve a registry; ``registry_server(url=None)`` gives its address and a function for tokens.

    ``url`` is a database; without it it's SQLite in ``tmp_path``.
    """
    from jupyter_lifecycle.registry.artifacts import FolderArtifacts
    from jupyter_lifecycle.registry.server import create_app
    from jupyter_lifecycle.registry.store import Store
    from jupyter_lifecycle.registry.store.database import Database

    stores = []

    def serve(url=None, **limits):
        folder = tmp_path / f"server-{len(stores)}"
        folder.mkdir()
        database = Database(url or f"sqlite:///{folder / 'registry.db'}")
        store = Store(database, FolderArtifacts(folder / "artifacts"), author="admin")
        stores.append(store)

        def token(*scopes, name="ana", seconds=None):
            return store.create_token(name, scopes or ("admin",), seconds)[1]

        return serve_app(create_app(store, **limits)), token

    yield serve
    for store in stores:
        store.close()
