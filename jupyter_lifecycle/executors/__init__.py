"""How features are run: in this process, on its threads, or on an engine: Dask or Ray."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.executors.engine import Engine, Task, Told
from jupyter_lifecycle.executors.protocol import Executor, executor_of
from jupyter_lifecycle.executors.sequential import SequentialExecutor
from jupyter_lifecycle.executors.threads import ThreadExecutor

if TYPE_CHECKING:
    from jupyter_lifecycle.executors.dask_engine import DaskExecutor
    from jupyter_lifecycle.executors.ray_engine import RayExecutor

__all__ = [
    "DaskExecutor",
    "Engine",
    "Executor",
    "RayExecutor",
    "SequentialExecutor",
    "Task",
    "ThreadExecutor",
    "Told",
    "executor_of",
]

_HOME = {"DaskExecutor": "dask_engine", "RayExecutor": "ray_engine"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
