"""``webhook`` and ``events``: who is told what happens, and what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.cli import output
from jupyter_lifecycle.cli.serve import add_database, keeper_of
from jupyter_lifecycle.registry import wire
from jupyter_lifecycle.registry.records import EVENT_KINDS

if TYPE_CHECKING:
    import argparse

    from jupyter_lifecycle.registry.records import Event

WAIT_SECONDS = 25.0


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the commands."""
    _add_webhook(commands)
    events = commands.add_parser(
        "events",
        help="what happened, who did it and when",
        description="What happened, oldest first: the audit log. A number tells each event; "
        "--after NUMBER goes on from there.",
    )
    events.add_argument("--after", type=int, default=0, metavar="NUMBER", help="what came after")
    events.add_argument("--limit", type=int, default=100, help="at most so many (100)")
    events.add_argument("--follow", action="store_true", help="go on until it's interrupted")
    output.add_registry(events)
    output.add_json(events)
    events.set_defaults(run=_events)


def _add_webhook(commands: argparse._SubParsersAction[Any]) -> None:
    webhook = commands.add_parser(
        "webhook",
        help="tell other programs what happens",
        description="Addresses that a registry's server tells what happens: on a server's address "
        "with a token that may administer, or, on its own machine, on its database.",
    )
    actions = webhook.add_subparsers(title="actions", metavar="ACTION", required=True)
    add = actions.add_parser(
        "add",
        help="tell an address",
        description="Tell an address what happens from now on. The secret that signs what it is "
        "sent is printed once, alone on stdout.",
    )
    add.add_argument("url", help="http(s)://…; it gets a POST with JSON")
    add.add_argument(
        "--event", action="append", default=[], choices=EVENT_KINDS, help="only these; else all"
    )
    add.add_argument(
        "--when", default="", metavar="QUERY", help="only what concerns an envelope that matches"
    )
    _add(add, _create)
    _add(actions.add_parser("list", help="list them", description="List webhooks."), _list)
    remove = actions.add_parser("remove", help="tell it no more", description="Remove a webhook.")
    remove.add_argument("id", help="its id, from the list")
    _add(remove, _remove)
    sent = actions.add_parser(
        "deliveries",
        help="what was sent, waits or died",
        description="What was and is on its way to a webhook, newest first.",
    )
    sent.add_argument("id", help="its id, from the list")
    sent.add_argument("--state", choices=("pending", "delivered", "dead"), help="only these")
    _add(sent, _deliveries)
    resend = actions.add_parser(
        "resend", help="send again", description="Send a delivery again, now and with all tries."
    )
    resend.add_argument("delivery", type=int, help="its number, from the deliveries")
    _add(resend, _resend)


def _add(parser: argparse.ArgumentParser, run: Any) -> None:
    output.add_registry(parser)
    add_database(parser)
    output.add_json(parser)
    parser.set_defaults(run=run)


def _create(arguments: argparse.Namespace) -> int:
    keeper = keeper_of(arguments)
    made, secret = keeper.mailbox.create(arguments.url, arguments.event, arguments.when)
    keeper.close()
    if arguments.json:
        output.print_json({**wire.encode(made), "secret": secret})
    else:
        print(secret)
    return 0


def _list(arguments: argparse.Namespace) -> int:
    keeper = keeper_of(arguments)
    found = keeper.mailbox.webhooks()
    keeper.close()
    if arguments.json:
        output.print_json(found)
        return 0
    rows = [
        (one.id, one.created_at.strftime("%Y-%m-%d"), " ".join(one.kinds) or "all", one.url)
        for one in found
    ]
    output.print_table(("id", "created", "events", "address"), rows)
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    keeper = keeper_of(arguments)
    keeper.mailbox.remove(arguments.id)
    keeper.close()
    if arguments.json:
        output.print_json({})
    else:
        print(f"Webhook {arguments.id} is removed.")
    return 0


def _deliveries(arguments: argparse.Namespace) -> int:
    keeper = keeper_of(arguments)
    found = keeper.mailbox.deliveries(arguments.id, arguments.state)
    keeper.close()
    if arguments.json:
        output.print_json(found)
        return 0
    rows = [
        (
            str(one.id),
            str(one.event),
            one.state,
            str(one.attempts),
            one.updated_at.strftime("%Y-%m-%d %H:%M:%S"),
            one.reason,
        )
        for one in found
    ]
    output.print_table(("delivery", "event", "state", "tries", "last", "reason"), rows)
    return 0


def _resend(arguments: argparse.Namespace) -> int:
    keeper = keeper_of(arguments)
    found = keeper.mailbox.resend(arguments.delivery)
    keeper.close()
    if arguments.json:
        output.print_json(found)
    else:
        print(f"Delivery {found.id} is sent again.")
    return 0


def _events(arguments: argparse.Namespace) -> int:
    after = arguments.after
    with output.registry_of(arguments) as registry:
        while True:
            wait = WAIT_SECONDS if arguments.follow else 0.0
            found = registry.events(after, arguments.limit, wait=wait)
            if arguments.json and not arguments.follow:
                output.print_json(found)
                return 0
            for event in found:
                _print_event(event, arguments)
                after = event.seq
            if not arguments.follow:
                return 0


def _print_event(event: Event, arguments: argparse.Namespace) -> None:
    if arguments.json:
        output.print_json_line(event)
        return
    at = event.at.strftime("%Y-%m-%d %H:%M:%S")
    subject = event.subject[:10] if len(event.subject) == 40 else event.subject
    output.print_line(f"{event.seq:>6}  {at}  {event.author}  {event.kind}  {subject}")
