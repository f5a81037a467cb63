"""``deployer``: run, stop, status, logs."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.cli import output
from jupyter_lifecycle.errors import DeploymentError

if TYPE_CHECKING:
    import argparse

    from jupyter_lifecycle.deployment.place import Place


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    deployer = commands.add_parser(
        "deployer",
        help="run and stop what keeps endpoints serving",
        description="The deployer makes what runs on this machine what the rules want. With your "
        "own registry it's started when it is needed; with a server, run it yourself.",
    )
    actions = deployer.add_subparsers(title="actions", metavar="ACTION", required=True)

    run = actions.add_parser(
        "run", help="run it here", description="Run the deployer until it's interrupted."
    )
    run.add_argument(
        "--idle", type=float, metavar="SECONDS", help="end after so long without anything to keep"
    )
    run.set_defaults(run=_run)

    stop = actions.add_parser(
        "stop",
        help="stop it and its services",
        description="Stop the deployer and the services that it keeps; they finish what they have. "
        "jl.endpoint(…).wait() starts them again at the same addresses.",
    )
    stop.add_argument(
        "--keep-services", action="store_true", help="stop the deployer only; services go on"
    )
    stop.set_defaults(run=_stop)

    status = actions.add_parser(
        "status", help="say how things stand", description="Say what runs, and what serves."
    )
    output.add_json(status)
    status.set_defaults(run=_status)

    logs = actions.add_parser(
        "logs",
        help="print its log, or a service's",
        description="Print the end of the deployer's log or, with an endpoint, of its service's.",
    )
    logs.add_argument("endpoint", nargs="?", help="whose service")
    logs.add_argument("-n", "--lines", type=int, default=50, help="how many lines (50)")
    logs.set_defaults(run=_logs)

    prune = actions.add_parser(
        "prune",
        help="remove what is old and not in use",
        description="Remove environments that were not used for long, captures that were not "
        "written for long, and the beginning of long logs. What is in use stays. A deployer that "
        "runs does it every hour with the defaults.",
    )
    for option, what in (("--environment-days", 30), ("--capture-days", 90)):
        prune.add_argument(
            option,
            type=float,
            default=float(what),
            metavar="DAYS",
            help=f"unused for so long ({what})",
        )
    prune.add_argument("--preview", action="store_true", help="say what would go, and stop")
    output.add_json(prune)
    prune.set_defaults(run=_prune)

    for parser in (run, stop, status, logs, prune):
        output.add_registry(parser)
        parser.add_argument("--folder", type=Path, help="where the deployer keeps things")


def _place(arguments: argparse.Namespace) -> Place:
    from jupyter_lifecycle.deployment.deployer import default_folder
    from jupyter_lifecycle.deployment.place import Place

    with output.registry_of(arguments) as registry:
        return Place(arguments.folder or default_folder(registry))


def _run(arguments: argparse.Namespace) -> int:
    from jupyter_lifecycle.deployment.serving import serve_registry

    return serve_registry(arguments.registry, folder=arguments.folder, idle_seconds=arguments.idle)


def _stop(arguments: argparse.Namespace) -> int:
    from jupyter_lifecycle.deployment.detach import stop

    place = _place(arguments)
    ended = stop(place.folder, services=not arguments.keep_services)
    print("The deployer ended." if ended.deployer else "No deployer was running.")
    if arguments.keep_services:
        print("Its services go on; a deployer that starts again takes them over.")
    elif ended.services:
        print(f"{ended.services} service{'s' if ended.services > 1 else ''} ended.")
    return 0


def _status(arguments: argparse.Namespace) -> int:
    from jupyter_lifecycle.deployment.deployer import running_deployer

    found = running_deployer(_place(arguments).lock)
    with output.registry_of(arguments) as registry:
        endpoints = registry.endpoints()
    if arguments.json:
        output.print_json({"deployer": found, "endpoints": endpoints})
        return 0
    if found is None:
        print("No deployer runs.")
    else:
        since = found.get("since")
        minutes = f", {_age(time.time() - since)}" if isinstance(since, float) else ""
        print(f"The deployer runs: process {found.get('pid', '?')}{minutes}.")
    rows = [
        (one.name, one.state, (one.serving or "-")[:10], one.address or "-", one.failure)
        for one in endpoints
    ]
    if rows:
        output.print_table(("endpoint", "state", "serving", "address", "failure"), rows)
    return 0


def _prune(arguments: argparse.Namespace) -> int:
    from jupyter_lifecycle.deployment.prune import Limits, prune

    limits = Limits(
        environment_days=arguments.environment_days, capture_days=arguments.capture_days
    )
    gone = prune(_place(arguments), limits, preview=arguments.preview)
    if arguments.json:
        output.print_json([{**asdict(one), "path": str(one.path)} for one in gone])
        return 0
    for one in gone:
        print(f"{one.kind}  {one.path.name}  {one.bytes / 1e6:.1f} MB  {one.because}")
    freed = sum(one.bytes for one in gone) / 1e6
    word = "would be freed" if arguments.preview else "freed"
    print(f"{freed:.1f} MB {word}." if gone else "There is nothing to remove.")
    return 0


def _age(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _logs(arguments: argparse.Namespace) -> int:
    from jupyter_lifecycle.deployment.memory import MemoryFile
    from jupyter_lifecycle.deployment.process import tail

    place = _place(arguments)
    log = place.log
    if arguments.endpoint is not None:
        if arguments.endpoint not in place.endpoint_names():
            known = ", ".join(place.endpoint_names()) or "none"
            raise DeploymentError(
                f"No service of {arguments.endpoint} has run here. Endpoints with one: {known}."
            )
        memory = MemoryFile(place.memory_of(arguments.endpoint)).memory
        placed = memory.serving or memory.model
        log = Path(placed.folder) / "service.log" if placed is not None else log
    for line in tail(log, max(1, arguments.lines)):
        print(line)
    return 0
