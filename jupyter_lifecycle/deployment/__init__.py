"""Rules as people write them, the deployer, and the services that it generates.

Importing this defines names only, so that a generated service loads nothing that it does not need.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_lifecycle.deployment.client import Endpoint as Endpoint
    from jupyter_lifecycle.deployment.client import endpoint as endpoint
    from jupyter_lifecycle.deployment.deployer import Deployer as Deployer
    from jupyter_lifecycle.deployment.detach import see_to_deployer as see_to_deployer
    from jupyter_lifecycle.deployment.frozen import reports as reports
    from jupyter_lifecycle.deployment.layering import holdout as holdout
    from jupyter_lifecycle.deployment.layering import layer as layer
    from jupyter_lifecycle.deployment.rules import preview as preview
    from jupyter_lifecycle.deployment.rules import rule as rule
    from jupyter_lifecycle.deployment.scoring import Batch as Batch
    from jupyter_lifecycle.deployment.scoring import batch as batch
    from jupyter_lifecycle.deployment.training import Training as Training
    from jupyter_lifecycle.deployment.training import train as train
    from jupyter_lifecycle.deployment.trying import experiment as experiment

_HOME = {
    "Batch": "scoring",
    "Deployer": "deployer",
    "Endpoint": "client",
    "Training": "training",
    "batch": "scoring",
    "endpoint": "client",
    "experiment": "trying",
    "holdout": "layering",
    "layer": "layering",
    "preview": "rules",
    "reports": "frozen",
    "rule": "rules",
    "see_to_deployer": "detach",
    "train": "training",
}

__all__ = [
    "Batch",
    "Deployer",
    "Endpoint",
    "Training",
    "batch",
    "endpoint",
    "experiment",
    "holdout",
    "layer",
    "preview",
    "reports",
    "rule",
    "see_to_deployer",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value
