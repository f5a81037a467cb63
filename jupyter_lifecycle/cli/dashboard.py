"""``dashboard``: the registry, the fleet, models over time and features as pages, by Voila."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.cli import output
from jupyter_lifecycle.places import REGISTRY_VARIABLE
from jupyter_lifecycle.registry.facade import TOKEN_VARIABLE
from jupyter_lifecycle.widgets.dashboards import PAGES, dashboard_folder

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    dashboard = commands.add_parser(
        "dashboard",
        help="open the dashboards in a browser",
        description="Serve the dashboards with Voila until it's interrupted: fleet, registry, "
        "models over time, features. They only read. For a server give a token with the scope "
        f"read in ${TOKEN_VARIABLE}. Who can reach the port sees them: it listens on this "
        "machine only, unless --ip says otherwise.",
    )
    dashboard.add_argument(
        "page", nargs="?", default="fleet", choices=tuple(PAGES), help="which to open (fleet)"
    )
    output.add_registry(dashboard)
    dashboard.add_argument("--ip", default="127.0.0.1", help="where it listens (127.0.0.1)")
    dashboard.add_argument("--port", type=int, default=8866, help="its port (8866)")
    dashboard.add_argument(
        "--theme", choices=("light", "dark"), default="light", help="its colours (light)"
    )
    dashboard.add_argument(
        "--no-browser", action="store_true", help="print the address, open nothing"
    )
    dashboard.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    with output.registry_of(arguments) as registry:
        registry.count("")  # one that is away or refuses the token is said here, not on the page
        location = registry.location
    address = f"http://{arguments.ip}:{arguments.port}/voila/render/{arguments.page}.ipynb"
    print(f"{PAGES[arguments.page]}: {address}", flush=True)
    if not arguments.no_browser:
        import webbrowser

        webbrowser.open(address)
    done = subprocess.run(command(arguments), env=environment(location), check=False)  # noqa: S603 - ours
    return done.returncode


def command(arguments: argparse.Namespace) -> list[str]:
    """Give the words that start Voila on the dashboards."""
    return [
        sys.executable,
        "-m",
        "voila",
        str(dashboard_folder()),
        "--no-browser",
        "--template=jupyter_lifecycle",
        f"--theme={arguments.theme}",
        f"--Voila.ip={arguments.ip}",
        f"--port={arguments.port}",
    ]


def environment(location: str, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give the variables of its process: which registry the notebooks open."""
    return {**(os.environ if given is None else given), REGISTRY_VARIABLE: location}
