"""Layers and holdouts in the hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.deployment.rules import registry_of
from jupyter_lifecycle.deployment.whiteboard import Whiteboard, change
from jupyter_lifecycle.errors import ExperimentError
from jupyter_lifecycle.experiments.assignment import BUCKETS
from jupyter_lifecycle.experiments.layers import Holdout, Layer, new_seed
from jupyter_lifecycle.experiments.slots import free, held

if TYPE_CHECKING:
    import os

    from jupyter_lifecycle.experiments.slots import Held
    from jupyter_lifecycle.registry import Registry


@dataclass(frozen=True, slots=True)
class LayerHandle:
    """One layer of a registry.

    Parameters
    ----------
    name : str
        Its name.
    registry : Registry
        Where it is.
    """

    name: str
    registry: Registry

    @property
    def value(self) -> Layer:
        """As it is now: unit, seed, version, holdout.

        Raises
        ------
        NotFoundError
            There is none of this name.
        """
        return Whiteboard.read(self.registry).layer(self.name)

    @property
    def held(self) -> list[Held]:
        """Ranges of its 10,000 slots that somebody holds, in order, and who."""
        board = Whiteboard.read(self.registry)
        return held(board.layer(self.name), board.experiments)

    @property
    def free(self) -> float:
        """The share of all units that nobody holds yet."""
        board = Whiteboard.read(self.registry)
        ranges = free(board.layer(self.name), board.experiments)
        return sum(end - start for start, end in ranges) / BUCKETS

    def __repr__(self) -> str:
        board = Whiteboard.read(self.registry)
        layer = board.layer(self.name)
        parts = [
            f"{part.experiment or 'holdout'} {(part.end - part.start) / BUCKETS:.2%}"
            for part in held(layer, board.experiments)
        ]
        return f"<Layer {self.name} by {layer.unit}: {', '.join(parts) or 'all free'}>"


def layer(
    name: str,
    *,
    unit: str | None = None,
    seed: str | None = None,
    version: int | None = None,
    holdout: float | None = None,
    registry: Registry | str | os.PathLike[str] | None = None,
) -> LayerHandle:
    """Make a layer, change it, or give the one that is there.

    Experiments of one layer exclude each other; layers are independent of each other.

    Parameters
    ----------
    name : str
        What people call it.
    unit : str, optional
        The attribute of a request that is assigned, such as ``customer_id``; needed for a new one.
    seed : str, optional
        Of its deal; a new layer gets one that nobody used before.
    version : int, optional
        Of the hash: 2, or 1 for those who come from GrowthBook's first.
    holdout : float, optional
        The share of all units that no experiment of this layer may touch.
    registry : Registry, str or path, optional
        None is the user's own.

    Raises
    ------
    ExperimentError
        A new layer without a unit.
    RunningError
        Unit, seed or version would change while an experiment runs.
    OverlapError
        More would be held back than is free.
    """
    where = registry_of(registry)
    given = {"unit": unit, "seed": seed, "version": version}
    said: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if holdout is not None:
        said["holdout"] = round(holdout * BUCKETS)

    def work_out(board: Whiteboard) -> list[Layer]:
        before = board.find_layer(name)
        if before is None:
            if unit is None:
                board.layer(name)
            return [Layer(**{"name": name, "seed": new_seed(), **said})]
        after = replace(before, **said)
        return [] if after == before else [after]

    change(where, work_out)
    return LayerHandle(name, where)


def holdout(
    name: str,
    *,
    unit: str,
    share: float,
    registry: Registry | str | os.PathLike[str] | None = None,
) -> Holdout:
    """Keep a share of all units out of every experiment of every layer.

    Parameters
    ----------
    name : str
        What people call it.
    unit : str
        The attribute that is kept out by.
    share : float
        The part of all units, between 0 and 1.
    registry : Registry, str or path, optional
        None is the user's own.

    Raises
    ------
    ExperimentError
        Unit or share of one that is there would change while an experiment runs: units would
        leave or enter it.
    """
    where = registry_of(registry)

    def work_out(board: Whiteboard) -> list[Holdout]:
        before = next((one for one in board.holdouts if one.name == name), None)
        made = Holdout(name, unit, new_seed() if before is None else before.seed, share)
        running = [one.name for one in board.experiments if one.status == "running"]
        if made == before:
            return []
        if running:
            raise ExperimentError(
                f"Holdout {name!r} cannot change while experiment {running[0]!r} runs: units would "
                "leave or enter it halfway. Stop it first.",
                holdout=name,
                experiment=running[0],
            )
        return [made]

    change(where, work_out)
    return next(one for one in Whiteboard.read(where).holdouts if one.name == name)
