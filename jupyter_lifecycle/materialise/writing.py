"""``jl.to_parquet``: features to a data set, written where they are computed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import ComputeError
from jupyter_lifecycle.executors import executor_of
from jupyter_lifecycle.graph import MISSING, Feature, Parameter
from jupyter_lifecycle.graph.feature import Origin
from jupyter_lifecycle.materialise.binding import bind
from jupyter_lifecycle.materialise.computing import compute
from jupyter_lifecycle.materialise.failures import own_lines
from jupyter_lifecycle.materialise.frame import assembled
from jupyter_lifecycle.materialise.parquet import Written, refuse_occupied, write_frame
from jupyter_lifecycle.materialise.partitioned import run_partitioned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from jupyter_lifecycle.executors import Engine, Executor
    from jupyter_lifecycle.graph import FeatureGraph

_WRITER = "to parquet"
"""No function has this name, so no feature has it either."""


def to_parquet(  # noqa: PLR0913 - what compute can be told, and where to
    graph: FeatureGraph,
    targets: Sequence[str],
    path: str | Path,
    *,
    inputs: Mapping[str, Any] | pd.DataFrame | str | Path | Sequence[str | Path],
    executor: Executor | Engine | str | None = None,
    overrides: Mapping[str, Any] | None = None,
    partitioned: bool = False,
) -> Written:
    """Compute features and write them as Parquet files, without bringing them here.

    Parameters
    ----------
    graph : FeatureGraph
    targets : sequence of str
        As for :func:`compute`.
    path : str or Path
        A new folder, which the workers must see. It gets parts of rows, whole or not at all.
    inputs : mapping, DataFrame, path or paths
        As for :func:`compute`; with ``partitioned`` a folder of Parquet files, files, or a Dask
        DataFrame.
    executor : Executor, Engine, {"sequential", "threads", "dask", "ray"}, optional
        Sequential where not given.
    overrides : mapping of str to any, optional
        Values to use in the place of features.
    partitioned : bool
        Whether the graph is computed for each partition of the files on its own, so that they may
        be larger than memory. Each row must stand for itself, which is checked. Parts that are
        there from the same code and data are kept, so that what was stopped goes on.

    Returns
    -------
    Written

    Raises
    ------
    ComputeError
        If the folder has something else in it, or a feature needs more than a row to answer for it.
    UnboundError
        With all that is missing.
    BaseException
        What a feature raised, with notes.
    """
    folder = Path(path).absolute()
    runner = executor_of(executor)
    try:
        if partitioned:
            return run_partitioned(graph, targets, inputs, folder, runner, overrides)
        refuse_occupied(folder)
        given = _in_memory(inputs)
        named = bind(graph, targets, given, overrides).targets
        writing = graph.with_features(_writer(named, folder))[0]
        told = compute(writing, [_WRITER], inputs=given, executor=runner, overrides=overrides)
    except BaseException as error:  # noqa: BLE001 - raised again, without our frames
        raise error.with_traceback(own_lines(error.__traceback__))  # noqa: B904 - the same object
    found: Any = told[_WRITER]
    assert isinstance(found, Written)
    return found


def _in_memory(inputs: Any) -> Any:
    if isinstance(inputs, (str, Path, list, tuple)):
        raise ComputeError("inputs are files: read them, or give partitioned=True.")
    return inputs


def _writer(targets: tuple[str, ...], folder: Path) -> Feature:
    """Make a feature that reads the targets, writes them, and gives what it wrote."""

    def write(**columns: Any) -> Written:
        frame: Any = assembled(columns, targets, "frame")
        return write_frame(frame, folder)

    return Feature(
        _WRITER,
        write,
        tuple([Parameter(name) for name in targets]),
        MISSING,
        "",
        "",
        Origin("jl.to_parquet", "jl.to_parquet"),
        {},
        "never",
    )
