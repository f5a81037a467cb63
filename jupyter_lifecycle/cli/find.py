"""``search`` and ``show``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.cli import output
from jupyter_lifecycle.registry.handle import bytes_text

if TYPE_CHECKING:
    import argparse


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the commands."""
    search = commands.add_parser(
        "search",
        help="list the envelopes that match a query",
        description="List the envelopes that match a query, newest first if it has no order. "
        "Example: jupyter lifecycle search \"tags.team = 'x' order by metrics.mae\"",
    )
    search.add_argument("query", nargs="?", default="", help="see docs/registry.md; all if empty")
    search.add_argument("--limit", type=int, default=20, help="envelopes on a page (20)")
    search.add_argument("--cursor", help="where the page before ended")
    search.add_argument("--count", action="store_true", help="print how many match, nothing else")
    output.add_registry(search)
    output.add_json(search)
    search.set_defaults(run=_search)

    show = commands.add_parser(
        "show",
        help="show one envelope",
        description="Show one envelope: its schema, environment, tags, metrics and history.",
    )
    show.add_argument("id", help="its id, or the first digits of it")
    output.add_registry(show)
    output.add_json(show)
    show.set_defaults(run=_show)


def _search(arguments: argparse.Namespace) -> int:
    with output.registry_of(arguments) as registry:
        if arguments.count:
            print(registry.count(arguments.query))
            return 0
        page = registry.search(arguments.query, limit=arguments.limit, cursor=arguments.cursor)
    if arguments.json:
        items = [output.envelope_json(item) for item in page]
        output.print_json({"items": items, "cursor": page.cursor})
        return 0
    if not page:
        print("No envelope matches." if arguments.query else "The registry is empty.")
        return 0
    rows = [
        (
            item.short_id,
            item.name,
            item.created_at.strftime("%Y-%m-%d %H:%M"),
            item.author,
            output.figures_text(item.metrics),
            output.labels_text(item.tags),
        )
        for item in page
    ]
    output.print_table(("id", "name", "saved (UTC)", "by", "metrics", "tags"), rows)
    if page.cursor:
        print(f"more: --cursor {page.cursor}")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    with output.registry_of(arguments) as registry:
        envelope = registry.get(arguments.id)
        history = envelope.history()
        manifest = dict(envelope.manifest)
    if arguments.json:
        found = output.envelope_json(envelope)
        output.print_json({**found, "manifest": manifest, "history": history})
        return 0
    environment, schema = manifest["environment"], manifest["schema"]
    output.print_facts(
        [
            ("name", envelope.name),
            ("id", envelope.id),
            ("saved", f"{envelope.created_at:%Y-%m-%d %H:%M:%S} UTC by {envelope.author}"),
            ("size", f"{bytes_text(envelope.size)} in {len(manifest['files'])} files"),
            ("inputs", _fields(schema["inputs"])),
            ("outputs", _fields(schema["outputs"])),
            ("python", str(environment["python"])),
            ("packages", _packages(environment["packages"])),
            ("tags", output.labels_text(envelope.tags)),
            ("metrics", output.figures_text(envelope.metrics)),
        ]
    )
    for change in history:
        before, after = change.before or "(none)", change.after or "(removed)"
        what = f"{change.key}: {before} → {after}"
        output.print_facts([(f"{change.at:%Y-%m-%d %H:%M}", f"{what} by {change.author}")])
    return 0


def _fields(fields: list[dict[str, Any]]) -> str:
    return ", ".join(f"{field['name']} {field['type']}" for field in fields)


def _packages(packages: list[dict[str, Any]]) -> str:
    return ", ".join(f"{package['name']} {package['version']}" for package in packages)
