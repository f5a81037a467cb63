"""``skew`` and ``outcomes``: what an endpoint sees, and what came of its answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.cli import output
from jupyter_lifecycle.deployment import endpoint as endpoint_of
from jupyter_lifecycle.errors import EndpointError

if TYPE_CHECKING:
    import argparse


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the commands."""
    skew = commands.add_parser(
        "skew",
        help="whether what an endpoint sees has moved",
        description="Hold what an endpoint saw against a reference, column by column: what moved, "
        "beyond chance, and where it began. Ends with 3 where --check is given and a column moved.",
    )
    skew.add_argument("endpoint")
    skew.add_argument("--since", default="24h", help="such as 24h, 7d or a date (24h)")
    skew.add_argument(
        "--against",
        default="training",
        help="training, previous, 'last week', or the id of an envelope (training)",
    )
    skew.add_argument("--envelope", metavar="ID", help="whose requests; what serves now")
    skew.add_argument("--check", action="store_true", help="end with 3 where a column moved")
    output.add_registry(skew)
    output.add_json(skew)
    skew.set_defaults(run=_skew)
    outcomes = commands.add_parser(
        "outcomes",
        help="what came of an endpoint's answers",
        description="Metrics of the answers whose outcome is known, by window and envelope, beside "
        "the metric at save. With --log, outcomes are read from a file with request_id and outcome "
        "first; one that is logged again replaces the one before.",
    )
    outcomes.add_argument("endpoint")
    outcomes.add_argument("--log", type=Path, metavar="FILE", help="Parquet or CSV, to be logged")
    outcomes.add_argument("--since", default="30d", help="such as 24h, 7d or a date (30d)")
    outcomes.add_argument("--every", default="day", help="how long a window is (day)")
    output.add_registry(outcomes)
    output.add_json(outcomes)
    outcomes.set_defaults(run=_outcomes)


def _skew(arguments: argparse.Namespace) -> int:
    with output.registry_of(arguments) as registry:
        endpoint = endpoint_of(arguments.endpoint, registry=registry)
        report = endpoint.skew(arguments.since, arguments.against, envelope=arguments.envelope)
    if arguments.json:
        output.print_json(report.to_json())
    else:
        for line in report.text.splitlines():
            output.print_line(line)
    return 3 if arguments.check and report.moved else 0


def _outcomes(arguments: argparse.Namespace) -> int:
    with output.registry_of(arguments) as registry:
        endpoint = endpoint_of(arguments.endpoint, registry=registry)
        if arguments.log is not None:
            report = endpoint.log_outcomes(_frame(arguments.log), every=arguments.every)
        else:
            report = endpoint.outcomes(arguments.since, every=arguments.every)
    if arguments.json:
        output.print_json(report.to_json())
    else:
        if arguments.log is not None:
            output.print_line(f"{report.logged} outcomes logged")
        for line in str(report).splitlines():
            output.print_line(line)
    return 0


def _frame(path: Path) -> Any:
    import pandas as pd

    if not path.exists():
        raise EndpointError(f"There is no file {path}.")
    if path.suffix.lower() == ".csv":
        return pd.read_csv(path, dtype={"request_id": str})
    return pd.read_parquet(path)
