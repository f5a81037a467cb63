"""``layers`` and ``experiments``: list, plan, start, ramp, stop, ship."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.cli import output
from jupyter_lifecycle.errors import ExperimentError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add both commands."""
    _add_layers(commands)
    _add_experiments(commands)


def _add_layers(commands: argparse._SubParsersAction[Any]) -> None:
    layers = commands.add_parser(
        "layers",
        help="list and make layers of experiments",
        description="A layer has 10,000 slots; its experiments exclude each other.",
    )
    output.add_registry(layers)
    output.add_json(layers)
    layers.set_defaults(run=_layers)
    actions = layers.add_subparsers(title="actions", metavar="ACTION")
    put = actions.add_parser("set", help="make a layer", description="Make or change a layer.")
    put.add_argument("name")
    put.add_argument("--unit", help="attribute of a request that is assigned")
    put.add_argument("--holdout", type=float, metavar="SHARE", help="kept from its experiments")
    put.set_defaults(run=_set_layer)


def _add_experiments(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "experiments",
        help="list, plan, start, ramp, stop and ship experiments",
        description="Without a word after it, experiments lists them.",
    )
    output.add_registry(parser)
    output.add_json(parser)
    parser.set_defaults(run=_list)
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    plan = _action(actions, "plan", "take slots and expose nobody", _plan)
    plan.add_argument("--layer", required=True)
    plan.add_argument("--endpoint", required=True)
    plan.add_argument(
        "--arm", action="append", required=True, metavar="NAME=QUERY", help="a query or an id"
    )
    plan.add_argument("--share", type=float, default=0.2, help="of all units (0.2)")
    plan.add_argument("--metric", action="append", default=[], metavar="NAME")
    plan.add_argument("--targeting", metavar="QUERY", help="over the request's attributes")
    plan.add_argument("--description", default="")
    _action(actions, "preview", "say what starting it would do", _preview)
    _action(actions, "start", "pin the arms and start", _start)
    ramp = _action(actions, "ramp", "change the share", _ramp)
    ramp.add_argument("share", type=float)
    assign = _action(actions, "assign", "say in which arm a unit is; no exposure", _assign)
    assign.add_argument("unit")
    assign.add_argument("--attributes", default="{}", metavar="JSON", help="for targeting")
    _action(actions, "stop", "end it", _stop)
    _action(actions, "discard", "remove a plan", _discard)
    results = _action(actions, "results", "analyse what came of it", _results)
    results.add_argument("--outcomes", required=True, metavar="PARQUET")
    ship = _action(actions, "ship", "tag the winner, end it, freeze its report", _ship)
    ship.add_argument("arm")
    ship.add_argument("tags", nargs="+", metavar="KEY=VALUE")
    ship.add_argument("--outcomes", metavar="PARQUET")
    reports = actions.add_parser(
        "reports", help="find what was frozen", description="Find reports by query."
    )
    reports.add_argument("query", nargs="?", default="", metavar="QUERY")
    reports.set_defaults(run=_reports)


def _action(
    actions: argparse._SubParsersAction[Any],
    name: str,
    help_: str,
    run: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = actions.add_parser(
        name, help=help_, description=f"{help_[0].upper()}{help_[1:]}."
    )
    made.add_argument("name")
    made.set_defaults(run=run)
    return made


def _layers(arguments: argparse.Namespace) -> int:
    from jupyter_lifecycle.deployment.whiteboard import Whiteboard
    from jupyter_lifecycle.experiments.slots import held

    with output.registry_of(arguments) as registry:
        board = Whiteboard.read(registry)
    if arguments.json:
        output.print_json([one.to_json() for one in board.layers])
        return 0
    rows = []
    for layer in board.layers:
        parts = held(layer, board.experiments)
        taken = sum(part.end - part.start for part in parts)
        who = ", ".join(dict.fromkeys(part.experiment or "(holdout)" for part in parts)) or "-"
        rows.append((layer.name, layer.unit, f"{1 - taken / 10_000:.2%}", who))
    output.print_table(("layer", "unit", "free", "held by"), rows)
    return 0


def _set_layer(arguments: argparse.Namespace) -> int:
    from jupyter_lifecycle.deployment import layer

    with output.registry_of(arguments) as registry:
        made = layer(
            arguments.name, unit=arguments.unit, holdout=arguments.holdout, registry=registry
        )
        print(f"{made.name}: by {made.value.unit}, {made.free:.2%} free")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    from jupyter_lifecycle.deployment.whiteboard import Whiteboard

    with output.registry_of(arguments) as registry:
        found = Whiteboard.read(registry).experiments
    if arguments.json:
        output.print_json([one.to_json() for one in found])
        return 0
    rows = [
        (
            one.name,
            one.status,
            one.layer,
            one.endpoint or "-",
            f"{one.share:.2%}",
            ", ".join(f"{arm.name} {(arm.envelope or '-')[:10]}" for arm in one.arms),
        )
        for one in found
    ]
    output.print_table(("experiment", "status", "layer", "endpoint", "share", "arms"), rows)
    return 0


def _plan(arguments: argparse.Namespace) -> int:
    from jupyter_lifecycle.deployment import experiment

    arms = dict(one.split("=", 1) if "=" in one else (one, "") for one in arguments.arm)
    with output.registry_of(arguments) as registry:
        made = experiment(
            arguments.name,
            layer=arguments.layer,
            endpoint=arguments.endpoint,
            arms=arms,
            share=arguments.share,
            metrics=arguments.metric,
            targeting=arguments.targeting,
            description=arguments.description,
            registry=registry,
        )
        output.print_line(repr(made))
    return 0


def _preview(arguments: argparse.Namespace) -> int:
    with output.registry_of(arguments) as registry:
        found = _named(arguments, registry).preview()
    output.print_line(str(found))
    return 3 if found.problems else 0


def _start(arguments: argparse.Namespace) -> int:
    return _changed(arguments, lambda one: one.start())


def _ramp(arguments: argparse.Namespace) -> int:
    return _changed(arguments, lambda one: one.ramp(arguments.share))


def _stop(arguments: argparse.Namespace) -> int:
    return _changed(arguments, lambda one: one.stop())


def _discard(arguments: argparse.Namespace) -> int:
    with output.registry_of(arguments) as registry:
        _named(arguments, registry).discard()
    print(f"{arguments.name}: the plan is gone")
    return 0


def _assign(arguments: argparse.Namespace) -> int:
    try:
        attributes = dict(json.loads(arguments.attributes))
    except (TypeError, ValueError) as problem:
        raise ExperimentError(
            f'--attributes is no JSON object: {problem}. Write it as \'{{"country": "de"}}\'.'
        ) from problem
    with output.registry_of(arguments) as registry:
        arm = _named(arguments, registry).assign(arguments.unit, attributes, expose=False)
    print(arm or "not in the experiment")
    return 0


def _results(arguments: argparse.Namespace) -> int:
    with output.registry_of(arguments) as registry:
        found = _named(arguments, registry).results(arguments.outcomes)
    if arguments.json:
        output.print_json(found.to_json())
    else:
        output.print_line(str(found))
    return 0


def _ship(arguments: argparse.Namespace) -> int:
    tags = dict(one.partition("=")[::2] for one in arguments.tags)
    with output.registry_of(arguments) as registry:
        report = _named(arguments, registry).ship(arguments.arm, tags, arguments.outcomes)
    if arguments.json:
        output.print_json(report)
    else:
        output.print_line(str(report))
    return 0


def _reports(arguments: argparse.Namespace) -> int:
    from jupyter_lifecycle.deployment import reports

    with output.registry_of(arguments) as registry:
        found = reports(arguments.query, registry=registry)
    if arguments.json:
        output.print_json(found)
        return 0
    for one in found:
        output.print_line(str(one))
    return 0


def _changed(arguments: argparse.Namespace, do: Callable[[Any], object]) -> int:
    with output.registry_of(arguments) as registry:
        one = _named(arguments, registry)
        do(one)
        output.print_line(repr(one))
    return 0


def _named(arguments: argparse.Namespace, registry: Any) -> Any:
    from jupyter_lifecycle.deployment import experiment

    return experiment(arguments.name, registry=registry)
