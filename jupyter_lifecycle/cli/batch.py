"""``batch``: answer every row of a file with an envelope."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.cli import output
from jupyter_lifecycle.deployment import batch as run_batch

if TYPE_CHECKING:
    import argparse


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    batch = commands.add_parser(
        "batch",
        help="answer every row of a file with an envelope",
        description="Answer every row of a Parquet or CSV file with the first match of a query, or "
        "with an envelope, in the envelope's own environment. After a crash the same command goes "
        "on where it was. The output is there whole or not at all.",
    )
    batch.add_argument("query", help="which envelope: a query, or an id or the first digits of it")
    batch.add_argument("--input", required=True, type=Path, help="Parquet or CSV, or a folder")
    batch.add_argument(
        "--output", required=True, type=Path, help="the Parquet or CSV file to write"
    )
    batch.add_argument("--engine", choices=("pandas", "dask"), default="pandas", help="pandas")
    batch.add_argument(
        "--keep", metavar="COLUMNS", help="columns of the input that go along, by commas; all"
    )
    batch.add_argument(
        "--chunk-rows", type=int, default=262_144, help="so many rows are in memory (262144)"
    )
    batch.add_argument(
        "--endpoint", metavar="NAME", help="whose what was seen is counted as; batch-NAME"
    )
    output.add_registry(batch)
    output.add_json(batch)
    batch.set_defaults(run=_batch)


def _batch(arguments: argparse.Namespace) -> int:
    keep = None if arguments.keep is None else [name for name in arguments.keep.split(",") if name]
    with output.registry_of(arguments) as registry, redirect_stdout(sys.stderr):
        done = run_batch(
            arguments.query,
            input=arguments.input,
            output=arguments.output,
            engine=arguments.engine,
            keep=keep,
            chunk_rows=arguments.chunk_rows,
            endpoint=arguments.endpoint,
            registry=registry,
        )
    if arguments.json:
        output.print_json(asdict(done))
    else:
        output.print_line(str(done))
    return 0
