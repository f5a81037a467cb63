"""What a service is told of the experiments of its endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.deployment.targeting import tree_of
from jupyter_lifecycle.experiments.layers import Experiment

if TYPE_CHECKING:
    from jupyter_lifecycle.registry import Registry


def told_of(endpoint: str, registry: Registry) -> dict[str, Any]:
    """Give the running experiments of an endpoint, their layers, and the holdouts, as JSON.

    Parameters
    ----------
    endpoint : str
        Its name.
    registry : Registry
        Has them; their keys need the scope ``deploy``.

    Returns
    -------
    dict
        What :class:`~jupyter_lifecycle.deployment.service.trials.Trials` takes, with the pinned
        envelopes under ``arms``; empty where no experiment runs.
    """
    board = registry.board()
    every = [Experiment.from_json(dict(one.body or {})) for one in board.of("experiment")]
    mine = [one for one in every if one.endpoint == endpoint and one.status == "running"]
    if not mine:
        return {}
    layers = {one.layer for one in mine}
    return {
        "layers": [dict(one.body or {}) for one in board.of("layer") if one.name in layers],
        "holdouts": [dict(one.body or {}) for one in board.of("holdout")],
        "experiments": [one.to_json() for one in mine],
        "conditions": {one.targeting: tree_of(one.targeting) for one in mine if one.targeting},
        "keys": {one.name: registry.experiment_key(one.name) for one in mine},
        "arms": sorted({str(arm.envelope) for one in mine for arm in one.arms}),
    }
