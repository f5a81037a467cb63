"""From a graph and inputs to columns and frames. See docs/architecture.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lifecycle.materialise.checking import CheckWarning
from jupyter_lifecycle.materialise.computing import compute
from jupyter_lifecycle.materialise.failures import Argument, Failure, failure_of
from jupyter_lifecycle.materialise.files import load_from, save_to
from jupyter_lifecycle.materialise.frame import assembled
from jupyter_lifecycle.materialise.hooks import Hooks
from jupyter_lifecycle.materialise.inspecting import GraphDiff, Inspection, inspect
from jupyter_lifecycle.materialise.materialiser import Materialiser
from jupyter_lifecycle.materialise.parquet import Written
from jupyter_lifecycle.materialise.profile import profile
from jupyter_lifecycle.materialise.records import (
    ColumnProfile,
    NodeEvent,
    NodeReport,
    PlanStep,
    Run,
    Why,
    WhyStep,
)
from jupyter_lifecycle.materialise.tracing import Tracing
from jupyter_lifecycle.materialise.writing import to_parquet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal

    import pandas as pd

__all__ = [
    "Argument",
    "CheckWarning",
    "ColumnProfile",
    "Failure",
    "GraphDiff",
    "Hooks",
    "Inspection",
    "Materialiser",
    "NodeEvent",
    "NodeReport",
    "PlanStep",
    "Run",
    "Tracing",
    "Why",
    "WhyStep",
    "Written",
    "assemble",
    "compute",
    "failure_of",
    "inspect",
    "load_from",
    "profile",
    "save_to",
    "to_parquet",
]


def assemble(
    run: Run, targets: Sequence[str], result: Literal["frame", "dict"] | None = None
) -> pd.DataFrame | dict[str, Any]:
    """Put a run's targets together as :func:`compute` does.

    Parameters
    ----------
    run : Run
    targets : sequence of str
    result : {"frame", "dict"}, optional

    Returns
    -------
    DataFrame or dict

    Raises
    ------
    UnboundError
        If a target is not among the run's values.
    ResultError
        If the values do not fit; the message names what would.
    """
    return assembled(run.values, targets, result)
