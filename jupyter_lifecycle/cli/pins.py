"""``pin``, ``unpin`` and ``rollback``: hold an endpoint at an envelope, and let go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.cli import output
from jupyter_lifecycle.deployment import endpoint as endpoint_of

if TYPE_CHECKING:
    import argparse

    from jupyter_lifecycle.deployment.client import Endpoint


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the commands."""
    pin = commands.add_parser(
        "pin",
        help="hold an endpoint at an envelope",
        description="Have an endpoint serve one envelope, whatever its rule says, until unpin.",
    )
    pin.add_argument("endpoint")
    pin.add_argument("id", help="the envelope's id, or the first digits of it")
    unpin = commands.add_parser(
        "unpin",
        help="let its rule decide again",
        description="Let an endpoint's rule decide again.",
    )
    unpin.add_argument("endpoint")
    rollback = commands.add_parser(
        "rollback",
        help="pin an endpoint to what it served before",
        description="Pin an endpoint to what it served before what it serves now.",
    )
    rollback.add_argument("endpoint")
    for parser, run in ((pin, _pin), (unpin, _unpin), (rollback, _rollback)):
        output.add_registry(parser)
        output.add_json(parser)
        parser.add_argument("--preview", action="store_true", help="say what would move, and stop")
        parser.set_defaults(run=run)


def _pin(arguments: argparse.Namespace) -> int:
    with output.registry_of(arguments) as registry:
        found = endpoint_of(arguments.endpoint, registry=registry)
        if arguments.preview:
            return _previewed(arguments, registry.preview_pin(found.name, arguments.id))
        return _told(arguments, found.pin(arguments.id))


def _unpin(arguments: argparse.Namespace) -> int:
    with output.registry_of(arguments) as registry:
        found = endpoint_of(arguments.endpoint, registry=registry)
        if arguments.preview:
            return _previewed(arguments, registry.preview_pin(found.name, None))
        return _told(arguments, found.unpin())


def _rollback(arguments: argparse.Namespace) -> int:
    with output.registry_of(arguments) as registry:
        found = endpoint_of(arguments.endpoint, registry=registry)
        before = registry.served_before(found.name)
        if arguments.preview and before is not None:
            return _previewed(arguments, registry.preview_pin(found.name, before))
        return _told(arguments, found.rollback())


def _previewed(arguments: argparse.Namespace, preview: Any) -> int:
    if arguments.json:
        output.print_json(preview)
    elif preview.changes:
        print(preview)
    else:
        print("No endpoint would move.")
    return 0


def _told(arguments: argparse.Namespace, endpoint: Endpoint) -> int:
    record = endpoint.record
    if arguments.json:
        output.print_json(record)
        return 0
    want = record.want.envelope if record.want is not None else None
    held = f"pinned to {record.pin.envelope[:10]}" if record.pin else "not pinned"
    print(f"{record.name}: {held}, wants {want[:10] if want else 'nothing'}")
    return 0
