"""Real servers for tests: PostgreSQL in a folder of its own, the registry under uvicorn."""

import asyncio
import contextlib
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from sqlalchemy import make_url, text
from sqlalchemy.exc import DatabaseError, InterfaceError

from jupyter_lifecycle.registry.store.postgres import postgres_engine


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


class Cluster:
    """A PostgreSQL cluster in a folder of its own; its socket is in that folder too.

    PostgreSQL refuses to run as root, and its user cannot look into pytest's folders.
    """

    def __init__(self, *settings):
        self.folder = Path(tempfile.mkdtemp(prefix="jl-pg-"))
        self._binaries = _binaries()
        self._settings = [part for setting in settings for part in ("-c", setting)]
        self._who = {}
        if os.geteuid() == 0:
            entry = pwd.getpwnam("postgres")
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
            self._who = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        words = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
        subprocess.run(
            [self._binaries / "initdb", "-D", self.folder / "data", *words],
            check=True,
            capture_output=True,
            cwd=self.folder,
            **self._who,
        )
        self.start()

    def start(self):
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [
                    *(self._binaries / "postgres", "-D", self.folder / "data", "-k", self.folder),
                    *("-c", "listen_addresses=", "-c", "max_connections=200"),
                    *("-c", "shared_buffers=64MB", *self._settings),
                ],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **self._who,
            )
        _wait_for(self.folder, self._server)

    def stop(self, how=signal.SIGINT):
        self._server.send_signal(how)
        self._server.wait(30)

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture
def make_cluster():
    """``make_cluster("fsync=on")``: a PostgreSQL cluster that a test may do with as it likes."""
    made = []

    def make(*settings):
        made.append(Cluster(*settings))
        return made[-1]

    yield make
    for cluster in made:
        cluster.remove()


@pytest.fixture(scope="session")
def postgres():
    """The folder of a PostgreSQL cluster that all tests share; its socket is in it."""
    cluster = Cluster("fsync=off")
    yield cluster.folder
    cluster.remove()


def run_on_postgres(folder, statement):
    """Run one statement, outside a transaction, on the cluster whose socket is in a folder."""
    engine = postgres_engine(make_url(f"postgresql+pg8000://postgres@/postgres?host={folder}"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))
    engine.dispose()


def _wait_for(folder, server):
    tick = threading.Event()
    for _ in range(600):
        with contextlib.suppress(InterfaceError, DatabaseError):
            run_on_postgres(folder, "SELECT 1")
            return
        if server.poll() is not None:
            break
        tick.wait(0.05)
    pytest.fail(f"PostgreSQL did not start:\n{(folder / 'log').read_text()[-2000:]}", pytrace=False)


@pytest.fixture
def postgres_url(postgres):
    """The URL of an empty PostgreSQL database."""
    name = f"test_{secrets.token_hex(6)}"
    run_on_postgres(postgres, f"CREATE DATABASE {name}")
    yield f"postgresql://postgres@/{name}?host={postgres}"
    run_on_postgres(postgres, f"DROP DATABASE {name} WITH (FORCE)")


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
            return store.keyring.create(name, scopes or ("admin",), seconds)[1]

        return serve_app(create_app(store, **limits)), token

    yield serve
    for store in stores:
        store.close()


# -- kernels ---------------------------------------------------------------------------


LOOP = asyncio.new_event_loop()


class Kernel:
    """A notebook whose cells are run one by one, as nbclient runs them."""

    def __init__(self, folder):
        self.notebook = nbformat.v4.new_notebook()
        self.client = NotebookClient(
            self.notebook,
            timeout=120,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
        )

    def __enter__(self):
        self.client.create_kernel_manager()
        self.wait(self.client.async_start_new_kernel())
        self.wait(self.client.async_start_new_kernel_client())
        return self

    def __exit__(self, *_):
        self.wait(self.client._async_cleanup_kernel())

    def run(self, source):
        """The outputs of a cell."""
        cell = nbformat.v4.new_code_cell(source)
        self.notebook.cells.append(cell)
        self.wait(self.client.async_execute_cell(cell, len(self.notebook.cells) - 1))
        return cell.outputs

    def text(self, source):
        return self.text_of(self.run(source))

    @staticmethod
    def wait(coroutine):
        return LOOP.run_until_complete(coroutine)

    @staticmethod
    def text_of(outputs):
        parts = []
        for output in outputs:
            if output.output_type == "stream":
                parts.append(output.text)
            elif output.output_type in {"display_data", "execute_result"}:
                parts.append(output.data.get("text/plain", ""))
        return "\n".join(parts)

    @staticmethod
    def traceback_of(outputs):
        (error,) = [output for output in outputs if output.output_type == "error"]
        return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error.traceback))

    def fail(self, source):
        """The outputs and the error of a cell that stops Run All."""
        with pytest.raises(CellExecutionError) as error:
            self.run(source)
        return self.notebook.cells[-1].outputs, error.value


@pytest.fixture
def kernels(tmp_path, monkeypatch):
    for name in ("CACHE", "HOME"):
        monkeypatch.setenv(f"JUPYTER_LIFECYCLE_{name}", str(tmp_path / name.lower()))
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    assert os.environ["JUPYTER_LIFECYCLE_HOME"]
    return lambda: Kernel(tmp_path)
