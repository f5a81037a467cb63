"""``python -m jupyter_lifecycle.deployment LOCATION [--idle SECONDS]``: the detached deployer."""

from __future__ import annotations

import argparse
import sys

from jupyter_lifecycle.deployment.serving import serve_registry


def _main() -> int:
    parser = argparse.ArgumentParser(description="Run the deployer of a registry.")
    parser.add_argument("location", help="folder of an embedded registry, or a server's address")
    parser.add_argument("--idle", type=float, help="end after so many seconds without work")
    arguments = parser.parse_args()
    return serve_registry(arguments.location, idle_seconds=arguments.idle)


if __name__ == "__main__":
    sys.exit(_main())
