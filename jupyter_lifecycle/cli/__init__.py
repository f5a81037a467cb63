"""``jupyter lifecycle …``: the registry, its envelopes and rules, and the deployer."""

from jupyter_lifecycle.cli.main import main

__all__ = ["main"]
