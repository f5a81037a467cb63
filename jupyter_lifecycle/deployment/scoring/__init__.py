"""Batch: a table in, its answers out; one envelope, found once.

``job`` says what is to be done and is written down beside the output; ``tables`` reads and writes;
``work`` is the process in the envelope's own environment that scores; ``run`` starts it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_lifecycle.deployment.scoring.run import Batch as Batch
    from jupyter_lifecycle.deployment.scoring.run import batch as batch

__all__ = ["Batch", "batch"]


def __getattr__(name: str) -> Any:
    # The work process loads this package and must not load the registry with it.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("jupyter_lifecycle.deployment.scoring.run"), name)
