"""``train``: run a notebook or script that saves an envelope."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.cli import output
from jupyter_lifecycle.deployment.training import as_json, train

if TYPE_CHECKING:
    import argparse


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "train",
        help="run a notebook or script that saves an envelope",
        description="Run a notebook (by papermill) or a script with parameters, and say what it "
        "saved. What serves follows by rule alone.",
    )
    parser.add_argument("notebook", type=Path, help="an .ipynb or a .py")
    parser.add_argument(
        "-p",
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter, JSON or text; several times",
    )
    parser.add_argument("--output", type=Path, help="where the notebook goes with its outputs")
    output.add_registry(parser)
    output.add_json(parser)
    parser.set_defaults(run=_train)


def _train(arguments: argparse.Namespace) -> int:
    with output.registry_of(arguments) as registry:
        done = train(
            arguments.notebook,
            parameters=dict(map(_parameter, arguments.parameter)),
            output=arguments.output,
            registry=registry,
        )
    if arguments.json:
        output.print_json(as_json(done))
    else:
        output.print_line(str(done))
    return 0


def _parameter(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
