"""``registry``: the server."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import RegistryError

if TYPE_CHECKING:
    import argparse

    from fastapi import FastAPI

    from jupyter_lifecycle.registry.artifacts import Artifacts
    from jupyter_lifecycle.registry.store import Store

GRACE_SECONDS = 20


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "registry",
        help="run a registry's server",
        description="Run a registry's server until it's interrupted. Without --database and "
        "--artifacts it serves your own registry. Its first start makes a token that may do all.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="where it listens (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8765, help="0 takes a free one (8765)")
    add_database(parser)
    parser.add_argument(
        "--artifacts",
        metavar="WHERE",
        help="the folder for envelopes' files, s3://bucket/prefix, gs://…",
    )
    parser.add_argument(
        "--token-file",
        metavar="FILE",
        help="write the first token there, readable by you alone, instead of printing it",
    )
    parser.add_argument(
        "--max-file", type=int, metavar="BYTES", help="largest file of an envelope (20 GiB)"
    )
    parser.add_argument(
        "--private-webhooks",
        action="store_true",
        help="let webhooks go into private networks and to this machine",
    )
    parser.add_argument(
        "--json-logs", action="store_true", help="log as lines of JSON, one for each request too"
    )
    parser.set_defaults(run=_serve, registry=None)


def add_database(parser: argparse.ArgumentParser) -> None:
    """Add ``--database``."""
    parser.add_argument(
        "--database",
        metavar="URL",
        help="sqlite:///file.db or postgresql://user@host/name; a password may come from "
        "PGPASSWORD or ~/.pgpass",
    )


def store_of(arguments: argparse.Namespace) -> Store:
    """Give the store that ``--database``, ``--artifacts`` and ``--registry`` name."""
    from jupyter_lifecycle.places import data_home
    from jupyter_lifecycle.registry.facade import user_name
    from jupyter_lifecycle.registry.store import Store
    from jupyter_lifecycle.registry.store.database import Database

    home = Path(arguments.registry).expanduser().absolute() if arguments.registry else data_home()
    folder = getattr(arguments, "artifacts", None)
    files = _artifacts(folder or str(home / "artifacts"))
    if arguments.database:
        database = Database(arguments.database)
    else:
        file = home / "registry.db"
        database = Database(f"sqlite:///{file}", file=file)
    return Store(database, files, author=user_name())


def _artifacts(where: str) -> Artifacts:
    if "://" in where:
        from jupyter_lifecycle.registry.objects import ObjectArtifacts

        return ObjectArtifacts(where)
    from jupyter_lifecycle.registry.artifacts import FolderArtifacts

    return FolderArtifacts(Path(where).expanduser().absolute())


def keeper_of(arguments: argparse.Namespace) -> Any:
    """Give what an administrator works on: a server, or the store on its own machine."""
    where = arguments.registry or ""
    if where.lower().startswith(("http://", "https://")):
        from jupyter_lifecycle.registry.client import Client
        from jupyter_lifecycle.registry.facade import TOKEN_VARIABLE
        from jupyter_lifecycle.registry.trust import normal

        return Client(normal(where), os.environ.get(TOKEN_VARIABLE))
    return store_of(arguments)


def _serve(arguments: argparse.Namespace) -> int:
    listening = _listen(arguments.host, arguments.port)
    store = store_of(arguments)
    try:
        store.prepare()
        _first_token(store, arguments.token_file)
        from jupyter_lifecycle.registry.server import create_app, logs
        from jupyter_lifecycle.registry.server.app import BLOB_LIMIT
        from jupyter_lifecycle.registry.server.courier import Courier

        private = bool(arguments.private_webhooks)
        app = create_app(
            store,
            blob_limit=arguments.max_file or BLOB_LIMIT,
            private_webhooks=private,
            log_requests=arguments.json_logs,
        )
        if arguments.json_logs:
            logs.configure()
        courier = Courier(store, private=private)
        courier.start()
        _run(app, listening, store.location)
        courier.stop()
    finally:
        store.close()
        listening.close()
    return 0


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port < 65_536:  # getaddrinfo would take it modulo 65,536
        raise RegistryError(f"Cannot listen on {host}:{port}: ports go from 0 to 65535.")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        return listening
    except OSError as error:
        reason = error.strerror or str(error)
        raise RegistryError(
            f"Cannot listen on {host}:{port}: {reason}."
            " Choose another with --port, or 0 for a free one."
        ) from error


def _first_token(store: Store, file: str | None) -> None:
    """Make the first token and hand it over; whoever starts first gets it."""
    if store.keyring.tokens():
        return
    if file is None:
        secret = store.keyring.first()
        print(f"The first token, which may do all and is shown only now:\n\n    {secret}\n")
        return
    target = Path(file).expanduser()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise RegistryError(
            f"Cannot write the first token to {target}: {error.strerror}. Name another file."
        ) from error
    with os.fdopen(descriptor, "w") as writing:
        writing.write(f"{store.keyring.first() or ''}\n")
    print(f"The first token, which may do all, is in {target}")


def _run(app: FastAPI, listening: socket.socket, location: str) -> None:
    import uvicorn

    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    print(f"Registry {location} on http://{shown}:{port} (Ctrl+C ends it)", flush=True)
    if host not in {"127.0.0.1", "::1"}:
        print(
            "It listens beyond this machine without TLS: put a proxy that speaks https before it.",
            file=sys.stderr,
            flush=True,
        )
    config = uvicorn.Config(
        app,
        log_level="warning",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = uvicorn.Server(config)
    app.state.is_ending = lambda: server.should_exit  # who waits for events is answered then
    server.run(sockets=[listening])
