"""Layers, holdouts and experiments as a registry keeps them, read as the values that they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_lifecycle.errors import NotFoundError
from jupyter_lifecycle.experiments.assignment import BUCKETS
from jupyter_lifecycle.experiments.layers import Experiment, Holdout, Layer
from jupyter_lifecycle.experiments.slots import free

if TYPE_CHECKING:
    from jupyter_lifecycle.registry.trials import Board


@dataclass(frozen=True)
class Trials:
    """All layers and experiments at one revision of a registry's board."""

    layers: tuple[Layer, ...] = ()
    experiments: tuple[Experiment, ...] = ()
    holdouts: tuple[Holdout, ...] = ()

    @classmethod
    def of(cls, board: Board) -> Trials:
        """Read a board.

        Raises
        ------
        ExperimentError
            A document that a newer version wrote.
        """
        return cls(
            tuple(Layer.from_json(one.body or {}) for one in board.of("layer")),
            tuple(Experiment.from_json(one.body or {}) for one in board.of("experiment")),
            tuple(Holdout.from_json(one.body or {}) for one in board.of("holdout")),
        )

    def layer(self, name: str) -> Layer | None:
        """Give a layer; None where there is none of that name."""
        return next((one for one in self.layers if one.name == name), None)

    def experiment(self, name: str) -> Experiment | None:
        """Give an experiment; None where there is none of that name."""
        return next((one for one in self.experiments if one.name == name), None)

    def newest(self) -> str:
        """Name the experiment that started last of those that run, else any.

        Raises
        ------
        NotFoundError
            There is none.
        """
        if not self.experiments:
            raise NotFoundError(
                "There is no experiment yet. jl.experiment(name, layer=…, arms=…) plans one."
            )
        running = [one for one in self.experiments if one.status == "running"]
        return max(running or self.experiments, key=lambda one: one.started or "").name

    def in_layer(self, name: str) -> tuple[Experiment, ...]:
        """Give the experiments of a layer."""
        return tuple(one for one in self.experiments if one.layer == name)

    def free_share(self, layer: Layer) -> float:
        """Give the part of a layer's slots that nobody holds."""
        return sum(end - start for start, end in free(layer, self.experiments)) / BUCKETS

    def lines(self) -> list[str]:
        """Say each layer in a line."""
        return [
            f"{layer.name} by {layer.unit}: {self.free_share(layer):.0%} free, "
            + (
                ", ".join(f"{one.name} {one.status}" for one in self.in_layer(layer.name))
                or "empty"
            )
            for layer in self.layers
        ]
