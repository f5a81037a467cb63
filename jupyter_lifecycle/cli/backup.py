"""``backup``: create, verify, restore."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.cli import output
from jupyter_lifecycle.cli.serve import add_database, store_of
from jupyter_lifecycle.registry import wire

if TYPE_CHECKING:
    import argparse

    from jupyter_lifecycle.registry.store.backup import Backup


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    backup = commands.add_parser(
        "backup",
        help="back a registry up, check a backup, bring one back",
        description="Backups of a registry, on its own machine: files that need no database. What "
        "was backed up from one kind of database may come back into another.",
    )
    actions = backup.add_subparsers(title="actions", metavar="ACTION", required=True)
    create = actions.add_parser(
        "create",
        help="back up",
        description="Write everything into a folder, while others go on using the registry. "
        "Files that an earlier backup left there are not written again.",
    )
    create.add_argument("folder", type=Path, help="where to")
    _add(create, _create, where=True)
    verify = actions.add_parser(
        "verify", help="check a backup", description="Check every row and every file of a backup."
    )
    verify.add_argument("folder", type=Path, help="the backup")
    _add(verify, _verify, where=False)
    restore = actions.add_parser(
        "restore",
        help="bring a backup back",
        description="Check a backup and bring it back into a new database and an artifact store.",
    )
    restore.add_argument("folder", type=Path, help="the backup")
    _add(restore, _restore, where=True)


def _add(parser: argparse.ArgumentParser, run: Any, *, where: bool) -> None:
    if where:
        output.add_registry(parser)
        add_database(parser)
        parser.add_argument("--artifacts", metavar="WHERE", help="where envelopes' files are")
    output.add_json(parser)
    parser.set_defaults(run=run)


def _create(arguments: argparse.Namespace) -> int:
    store = store_of(arguments)
    try:
        return _say(arguments, "Backed up", store.back_up(arguments.folder.absolute(), _progress()))
    finally:
        store.close()


def _verify(arguments: argparse.Namespace) -> int:
    from jupyter_lifecycle.registry.store.backup import verify

    return _say(arguments, "Whole", verify(arguments.folder.absolute(), _progress()))


def _restore(arguments: argparse.Namespace) -> int:
    store = store_of(arguments)
    try:
        found = store.bring_back(arguments.folder.absolute(), _progress())
    finally:
        store.close()
    return _say(arguments, "Restored", found)


def _say(arguments: argparse.Namespace, word: str, found: Backup) -> int:
    if arguments.json:
        output.print_json({**wire.encode(found), "folder": str(found.folder)})
    else:
        output.print_line(f"{word}: {found}.")
    return 0


def _progress() -> Any:
    """Show files done on a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        return None

    def show(done: int, total: int) -> None:
        end = "\n" if done == total else "\r"
        print(f"{done:,} of {total:,} files", end=end, file=sys.stderr, flush=True)

    return show
