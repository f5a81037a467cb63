"""The one parser; errors are one line on stderr and a status, never a traceback."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from jupyter_lifecycle import __version__
from jupyter_lifecycle.cli import (
    apply,
    backup,
    batch,
    container,
    dashboard,
    deployer,
    experiments,
    find,
    keys,
    labels,
    monitor,
    pins,
    rules,
    serve,
    tokens,
    train,
    trash,
    trust,
    webhooks,
)
from jupyter_lifecycle.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Sequence

_DESCRIPTION = """\
Envelopes, rules and services from the command line.

Commands that look into a registry take --registry: a folder or the address of a server.
Without it they use your own. The token for a server comes from $JUPYTER_LIFECYCLE_TOKEN.
"""


def build_parser() -> argparse.ArgumentParser:
    """Give the parser of ``jupyter lifecycle``, with all its commands."""
    parser = argparse.ArgumentParser(
        prog="jupyter lifecycle",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"jupyter_lifecycle {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for part in (
        serve,
        find,
        labels,
        rules,
        apply,
        pins,
        experiments,
        monitor,
        trash,
        trust,
        keys,
        tokens,
        webhooks,
        backup,
        deployer,
        batch,
        train,
        container,
        dashboard,
    ):
        part.add_parser(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str, optional
        The words after ``jupyter lifecycle``; those of the process where not given.

    Returns
    -------
    int
        0, or 1 where it could not be done. Wrong usage ends with 2.
    """
    arguments = build_parser().parse_args(argv)
    try:
        status = int(arguments.run(arguments) or 0)
        sys.stdout.flush()
        return status
    except LifecycleError as error:
        print(f"jupyter lifecycle: {' '.join(error.message.split())}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader went away (``… | head``); Python must not complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
