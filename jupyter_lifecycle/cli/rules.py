"""``rules``: list, set, remove."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.cli import output
from jupyter_lifecycle.deployment import see_to_deployer
from jupyter_lifecycle.registry import Rule

if TYPE_CHECKING:
    import argparse


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    rules = commands.add_parser(
        "rules",
        help="list, set and remove rules",
        description="A rule says which envelope an endpoint serves: the best match of a query. "
        "Without a word after it, rules lists them with how their endpoints stand.",
    )
    output.add_registry(rules)
    output.add_json(rules)
    rules.set_defaults(run=_list)
    actions = rules.add_subparsers(title="actions", metavar="ACTION")

    put = actions.add_parser(
        "set", help="write a rule", description="Write a rule, or a new version of it."
    )
    put.add_argument("endpoint", help="lower case letters, digits and -")
    put.add_argument("--when", required=True, metavar="QUERY", help="which envelopes match")
    put.add_argument("--order-by", default="created_at desc", help="the first of them is best")
    put.add_argument("--target", default="local", help="where it's served (local)")
    put.add_argument(
        "--on-none", choices=("keep", "retire"), default="keep", help="when none matches any more"
    )
    put.add_argument("--preview", action="store_true", help="say what would move, and stop")
    put.set_defaults(run=_set)

    remove = actions.add_parser(
        "remove", help="remove a rule", description="Remove a rule; what serves goes on."
    )
    remove.add_argument("endpoint")
    remove.set_defaults(run=_remove)


def _list(arguments: argparse.Namespace) -> int:
    with output.registry_of(arguments) as registry:
        endpoints = registry.endpoints()
    if arguments.json:
        output.print_json(endpoints)
        return 0
    if not endpoints:
        print("There are no rules.")
        return 0
    rows = []
    for endpoint in endpoints:
        rule = endpoint.rule
        when = f"{rule.when} order by {rule.order_by}" if rule is not None else "(no rule)"
        serving = endpoint.serving[:10] if endpoint.serving else "-"
        when = f"{when} (pinned by {endpoint.pin.author})" if endpoint.pin else when
        row = (endpoint.name, endpoint.state, serving, endpoint.address or "-", when)
        rows.append(row)
    output.print_table(("endpoint", "state", "serving", "address", "rule"), rows)
    return 0


def _set(arguments: argparse.Namespace) -> int:
    rule = Rule(
        endpoint=arguments.endpoint,
        when=arguments.when,
        order_by=arguments.order_by,
        target=arguments.target,
        on_none=arguments.on_none,
    )
    with output.registry_of(arguments) as registry:
        if arguments.preview:
            preview = registry.preview_rule(rule)
            if arguments.json:
                output.print_json(preview)
                return 0
            for change in preview.changes:
                after = change.after[:10] if change.after else "nothing"
                print(f"{change.endpoint} would serve {after}.")
            if not preview.changes:
                print("No endpoint would move.")
            return 0
        written = registry.set_rule(rule)
        want = next(want for want in registry.wants() if want.endpoint == rule.endpoint)
        if rule.target == "local":
            see_to_deployer(registry)
    if arguments.json:
        output.print_json(written)
        return 0
    serves = want.envelope[:10] if want.envelope else "nothing yet: no envelope matches"
    print(f"{written.endpoint}: version {written.version}, wants {serves}")
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    with output.registry_of(arguments) as registry:
        registry.remove_rule(arguments.endpoint)
    print(f"{arguments.endpoint}: the rule is gone; what serves goes on.")
    return 0
