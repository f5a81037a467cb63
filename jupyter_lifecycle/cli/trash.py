"""``delete``, ``restore`` and ``gc``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.cli import output
from jupyter_lifecycle.registry.handle import bytes_text

if TYPE_CHECKING:
    import argparse


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the commands."""
    delete = commands.add_parser(
        "delete",
        help="move an envelope into the trash",
        description="Move an envelope into the trash: nothing finds it, and restore brings it "
        "back. One that an endpoint serves, or should, is refused.",
    )
    delete.add_argument("id", help="its id, or the first digits of it")
    _add(delete, _delete)
    restore = commands.add_parser(
        "restore",
        help="take an envelope out of the trash",
        description="Take an envelope out of the trash, with its tags, metrics and their history. "
        "Without an id it lists what is there.",
    )
    restore.add_argument("id", nargs="?", help="its id, or the first digits of it")
    _add(restore, _restore)
    collect = commands.add_parser(
        "gc",
        help="remove for good what is long in the trash",
        description="Remove for good what has been in the trash for some days, and files that no "
        "envelope refers to. A file that was sent within a day stays.",
    )
    collect.add_argument("--days", type=float, default=30, help="days in the trash (30)")
    _add(collect, _collect)


def _add(parser: argparse.ArgumentParser, run: Any) -> None:
    output.add_registry(parser)
    output.add_json(parser)
    parser.set_defaults(run=run)


def _delete(arguments: argparse.Namespace) -> int:
    with output.registry_of(arguments) as registry:
        found = registry.delete(arguments.id)
    if arguments.json:
        output.print_json(found)
    else:
        output.print_line(f"{found.id[:10]} of {found.name} is in the trash.")
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    with output.registry_of(arguments) as registry:
        if arguments.id is None:
            return _list(arguments, registry)
        found = registry.restore(arguments.id)
    if arguments.json:
        output.print_json(output.envelope_json(found))
    else:
        output.print_line(f"{found.short_id} of {found.name} is back.")
    return 0


def _list(arguments: argparse.Namespace, registry: Any) -> int:
    found = registry.deleted()
    if arguments.json:
        output.print_json(found)
        return 0
    rows = [
        (
            one.id[:10],
            one.name,
            one.deleted_at.strftime("%Y-%m-%d %H:%M"),
            one.deleted_by,
            bytes_text(one.size),
        )
        for one in found
    ]
    output.print_table(("id", "name", "deleted", "by", "size"), rows)
    return 0


def _collect(arguments: argparse.Namespace) -> int:
    with output.registry_of(arguments) as registry:
        found = registry.collect(days=arguments.days)
    if arguments.json:
        output.print_json(found)
    else:
        print(found)
    return 0
