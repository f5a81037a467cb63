"""``jl.compute``: features to a frame in one call."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Literal

from jupyter_lifecycle.executors import Engine, executor_of
from jupyter_lifecycle.materialise.binding import bind
from jupyter_lifecycle.materialise.checking import CheckWarning
from jupyter_lifecycle.materialise.failures import own_lines
from jupyter_lifecycle.materialise.frame import assembled
from jupyter_lifecycle.materialise.uncached import run_uncached

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from jupyter_lifecycle.cache import ColumnCache
    from jupyter_lifecycle.executors import Executor
    from jupyter_lifecycle.graph import FeatureGraph


def compute(  # noqa: PLR0913 - the one call of the package, with what it can be told
    graph: FeatureGraph,
    targets: Sequence[str],
    *,
    inputs: Mapping[str, Any] | pd.DataFrame | None = None,
    cache: ColumnCache | None = None,
    executor: Executor | Engine | str | None = None,
    overrides: Mapping[str, Any] | None = None,
    result: Literal["frame", "dict"] | None = None,
) -> pd.DataFrame | dict[str, Any]:
    """Compute features.

    Parameters
    ----------
    graph : FeatureGraph
    targets : sequence of str
        Features, or inputs that are to be in the result; also patterns and tags, such as
        ``origin_*`` and ``tag:owner=pricing``, as for :meth:`FeatureGraph.select`.
    inputs : mapping of str to any, or DataFrame, optional
        The values of the graph's inputs; a frame stands for its columns.
    cache : ColumnCache, optional
        Takes from it what was computed before from the same code and inputs.
    executor : Executor, Engine, {"sequential", "threads", "dask", "ray"}, optional
        Sequential where not given. On Dask and Ray columns stay on the workers, and only the
        targets come back; without an address a cluster starts on this machine.
    overrides : mapping of str to any, optional
        Values to use in the place of features.
    result : {"frame", "dict"}, optional
        A frame where at least one target is aligned with rows, else a dict, where not given.

    Returns
    -------
    DataFrame or dict
        In the order of the targets.

    Raises
    ------
    UnboundError
        If something that is needed is neither feature nor input; nothing has run then.
    ResultError
        If the values do not fit the result; the message names the other.
    ComputeError
        If a check with ``importance="fail"`` does not hold; others give a :class:`CheckWarning`.
    BaseException
        What a feature raised, as the same object, with notes.

    Examples
    --------
    >>> from jupyter_lifecycle.graph import FeatureGraph
    >>> def total(price, quantity):
    ...     return price * quantity
    >>> compute(FeatureGraph.from_functions(total), ["total"], inputs={"price": 3, "quantity": 4})
    {'total': 12}
    """
    runner = executor_of(executor)
    if cache is not None:
        from jupyter_lifecycle.materialise.materialiser import Materialiser

        run = Materialiser(cache, runner).run(graph, targets, inputs, overrides=overrides)
        _warn(run.remarks)
        return assembled(run.values, tuple(run.values), result)
    binding = bind(graph, targets, inputs, overrides)
    try:
        if isinstance(runner, Engine):
            from jupyter_lifecycle.materialise.elsewhere import run_uncached_elsewhere

            values, remarks = run_uncached_elsewhere(binding, runner)
        else:
            values, remarks = run_uncached(binding, runner)
    except BaseException as error:  # noqa: BLE001 - raised again, without our frames
        raise error.with_traceback(own_lines(error.__traceback__))  # noqa: B904 - the same object
    _warn(remarks)
    return assembled(values, binding.targets, result)


def _warn(remarks: Mapping[str, str]) -> None:
    for name, remark in remarks.items():
        warnings.warn(f"{name}: {remark}", CheckWarning, stacklevel=3)
