"""``tag`` and ``untag``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.cli import output

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyter_lifecycle.registry import EndpointChange, Preview


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the commands."""
    tag = commands.add_parser(
        "tag",
        help="set tags of an envelope",
        description="Set tags of an envelope. A rule may deploy it then: --preview says what "
        "would move and changes nothing.",
    )
    tag.add_argument("id", help="the envelope's id, or the first digits of it")
    tag.add_argument("tags", nargs="+", metavar="KEY=VALUE", type=_pair)
    _add_common(tag)
    tag.set_defaults(run=_tag)

    untag = commands.add_parser(
        "untag",
        help="remove tags of an envelope",
        description="Remove tags of an envelope; one that is not there is no error.",
    )
    untag.add_argument("id", help="the envelope's id, or the first digits of it")
    untag.add_argument("keys", nargs="+", metavar="KEY")
    _add_common(untag)
    untag.set_defaults(run=_untag)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--preview", action="store_true", help="say what would move, and stop")
    output.add_registry(parser)
    output.add_json(parser)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value


def _tag(arguments: argparse.Namespace) -> int:
    return _change(arguments, dict(arguments.tags), ())


def _untag(arguments: argparse.Namespace) -> int:
    return _change(arguments, {}, arguments.keys)


def _change(arguments: argparse.Namespace, set_: Mapping[str, str], unset: Sequence[str]) -> int:
    with output.registry_of(arguments) as registry:
        preview = registry.preview(arguments.id, set_, unset)
        if arguments.preview:
            return _print_preview(arguments, preview)
        envelope = registry.tag(arguments.id, set_, unset)
    if arguments.json:
        output.print_json(output.envelope_json(envelope))
        return 0
    tags = output.labels_text(envelope.tags) or "no tags"
    output.print_facts([(f"{envelope.name} {envelope.short_id}", tags)])
    _print_changes(preview.changes)
    return 0


def _print_preview(arguments: argparse.Namespace, preview: Preview) -> int:
    if arguments.json:
        output.print_json(preview)
    elif preview.changes:
        _print_changes(preview.changes)
    else:
        print("No endpoint would move.")
    return 0


def _print_changes(changes: Sequence[EndpointChange]) -> None:
    for change in changes:
        before = change.before[:10] if change.before else "nothing"
        after = change.after[:10] if change.after else "nothing"
        moved = f"{before} → {after} ({change.because})"
        output.print_facts([(f"{change.endpoint} on {change.target}", moved)])
