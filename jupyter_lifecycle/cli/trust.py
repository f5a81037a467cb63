"""``trust``: whose models this user loads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.registry import trust

if TYPE_CHECKING:
    import argparse


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "trust",
        help="trust a server's models",
        description="Loading a model runs its code. Your own registry is trusted, a server once "
        "you say so here. Without an address, trust lists those you trust.",
    )
    parser.add_argument("url", nargs="?", help="the server's address, such as http://host:8765")
    parser.add_argument("--remove", action="store_true", help="trust it no longer")
    parser.set_defaults(run=_trust)


def _trust(arguments: argparse.Namespace) -> int:
    if arguments.url is None:
        for url in trust.trusted():
            print(url)
    elif arguments.remove:
        known = trust.distrust(arguments.url)
        print("It's trusted no longer." if known else "It was not trusted.")
    else:
        print(f"Models from {trust.trust(arguments.url)} may be loaded now.")
    return 0
