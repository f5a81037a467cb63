"""``token``: create, list, revoke."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.cli import output
from jupyter_lifecycle.cli.serve import add_database, keeper_of
from jupyter_lifecycle.registry import wire

if TYPE_CHECKING:
    import argparse

_SCOPES = ("read", "write", "deploy", "admin")


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    token = commands.add_parser(
        "token",
        help="make, list and revoke tokens of a server",
        description="Tokens of a registry's server: on a server's address with a token that may "
        "administer, or, on its own machine, on its database.",
    )
    actions = token.add_subparsers(title="actions", metavar="ACTION", required=True)

    create = actions.add_parser(
        "create",
        help="make a token",
        description="Make a token. It's printed once, alone on stdout, and kept nowhere.",
    )
    create.add_argument("name", help="who uses it: the author of what is done with it")
    create.add_argument(
        "--scope",
        action="append",
        required=True,
        choices=_SCOPES,
        help="read; write saves and tags; deploy writes rules and serves; admin does all",
    )
    create.add_argument("--days", type=float, help="how long it lasts; for ever where not given")
    create.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="PATTERN",
        help="change only envelopes and endpoints of such names, as 'ltv*'; may be given again",
    )
    create.add_argument(
        "--rate", type=float, metavar="N", help="at most N requests a second, to each server"
    )
    _add_common(create)
    create.set_defaults(run=_create)

    listed = actions.add_parser(
        "list", help="list tokens", description="List tokens; their text is not kept."
    )
    _add_common(listed)
    listed.set_defaults(run=_list)

    revoke = actions.add_parser("revoke", help="end a token", description="End a token now.")
    revoke.add_argument("id", help="its id, from the list")
    _add_common(revoke)
    revoke.set_defaults(run=_revoke)


def _add_common(parser: argparse.ArgumentParser) -> None:
    output.add_registry(parser)
    add_database(parser)
    output.add_json(parser)


def _create(arguments: argparse.Namespace) -> int:
    seconds = None if arguments.days is None else arguments.days * 86_400
    keeper = keeper_of(arguments)
    found = keeper.keyring.create(
        arguments.name, arguments.scope, seconds, only=arguments.only, rate=arguments.rate
    )
    keeper.close()
    if isinstance(found, tuple):  # from the store; a server says it in one
        record, secret = found
        found = {**wire.encode(record), "token": secret}
    if arguments.json:
        output.print_json(found)
    else:
        print(found["token"])
    return 0


def _list(arguments: argparse.Namespace) -> int:
    keeper = keeper_of(arguments)
    found = wire.encode(keeper.keyring.tokens())
    keeper.close()
    if arguments.json:
        output.print_json(found)
        return 0
    rows = [
        (
            item["id"],
            item["name"],
            _day(item["created_at"]),
            _state(item),
            " ".join(item["scopes"]),
            " ".join([*item["only"], f"{item['rate']:g}/s" if item["rate"] else ""]).strip(),
        )
        for item in found
    ]
    output.print_table(("id", "name", "created", "state", "scopes", "limits"), rows)
    return 0


def _revoke(arguments: argparse.Namespace) -> int:
    keeper = keeper_of(arguments)
    found = wire.encode(keeper.keyring.revoke(arguments.id))
    keeper.close()
    if arguments.json:
        output.print_json(found)
    else:
        print(f"Token {found['id']} of {found['name']} is revoked.")
    return 0


def _day(moment: str) -> str:
    return moment[:10]


def _state(item: dict[str, Any]) -> str:
    if item["revoked_at"]:
        return f"revoked {_day(item['revoked_at'])}"
    return f"until {_day(item['expires_at'])}" if item["expires_at"] else "valid"
