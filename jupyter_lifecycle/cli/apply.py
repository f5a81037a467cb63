"""``apply``: rules from a file. ``approve``: let what a rule wants be deployed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.cli import output
from jupyter_lifecycle.deployment import endpoint as endpoint_of
from jupyter_lifecycle.deployment import see_to_deployer

if TYPE_CHECKING:
    import argparse

WOULD_CHANGE = 3


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the commands."""
    apply = commands.add_parser(
        "apply",
        help="write the rules of a file",
        description="Make the registry's rules those of a YAML file. All of it is checked before "
        "anything is written. With --preview, status 0 says that nothing would change, 3 that "
        "something would, 1 that the file cannot be applied.",
    )
    apply.add_argument("file", type=Path, help="rules: a list with endpoint, when, options …")
    apply.add_argument(
        "--prune", action="store_true", help="remove the rules that are not in the file"
    )
    apply.set_defaults(run=_apply)
    approve = commands.add_parser(
        "approve",
        help="let what a rule wants be deployed",
        description="Set the tag that the rule's option approval names on what the rule wants, or "
        "on one envelope.",
    )
    approve.add_argument("endpoint")
    approve.add_argument("id", nargs="?", help="the envelope's id, or the first digits of it")
    approve.set_defaults(run=_approve)
    for parser in (apply, approve):
        output.add_registry(parser)
        output.add_json(parser)
    apply.add_argument("--preview", action="store_true", help="say what would change, and stop")


def _apply(arguments: argparse.Namespace) -> int:
    from jupyter_lifecycle.deployment.rule_files import plan, read_rules

    rules = read_rules(arguments.file)
    with output.registry_of(arguments) as registry:
        planned = plan(registry, rules, prune=arguments.prune)
        if not arguments.preview:
            planned.apply(registry)
            if rules:
                see_to_deployer(registry)
    if arguments.json:
        output.print_json([asdict(change) for change in planned.changes])
    else:
        for line in str(planned).splitlines():
            output.print_line(line)
    return WOULD_CHANGE if arguments.preview and not planned.is_empty else 0


def _approve(arguments: argparse.Namespace) -> int:
    with output.registry_of(arguments) as registry:
        record = endpoint_of(arguments.endpoint, registry=registry).approve(arguments.id).record
    if arguments.json:
        output.print_json(record)
        return 0
    wanted = record.want.envelope if record.want is not None else None
    print(f"{record.name}: approved, wants {wanted[:10] if wanted else 'nothing'}")
    return 0
