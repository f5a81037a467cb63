"""How features are run: one small protocol, and two ways within this process."""

from __future__ import annotations

from jupyter_lifecycle.executors.protocol import Executor, executor_of
from jupyter_lifecycle.executors.sequential import SequentialExecutor
from jupyter_lifecycle.executors.threads import ThreadExecutor

__all__ = ["Executor", "SequentialExecutor", "ThreadExecutor", "executor_of"]
