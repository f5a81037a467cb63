"""Layers and experiments of a registry as values, changed together or not at all.

A change is worked out from what was read, checked against all the others, and written upon the
revision that was read. Where somebody was quicker it is worked out again from what they wrote.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import ConflictError, NotFoundError, did_you_mean
from jupyter_lifecycle.experiments.layers import Experiment, Holdout, Layer
from jupyter_lifecycle.experiments.running import check_change, check_layer, check_layers
from jupyter_lifecycle.registry.trials import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jupyter_lifecycle.registry import Registry

    Value = Layer | Holdout | Experiment

_TRIES = 12
_KINDS: dict[type, str] = {Layer: "layer", Holdout: "holdout", Experiment: "experiment"}


@dataclass(frozen=True, slots=True)
class Whiteboard:
    """What there is at one revision."""

    revision: int
    layers: tuple[Layer, ...]
    holdouts: tuple[Holdout, ...]
    experiments: tuple[Experiment, ...]

    @classmethod
    def read(cls, registry: Registry) -> Whiteboard:
        """Read it from a registry."""
        board = registry.board()

        def values(kind: str, read: Callable[[Any], Any]) -> tuple[Any, ...]:
            return tuple(read(dict(one.body or {})) for one in board.of(kind))

        return cls(
            board.revision,
            values("layer", Layer.from_json),
            values("holdout", Holdout.from_json),
            values("experiment", Experiment.from_json),
        )

    def layer(self, name: str) -> Layer:
        """Give a layer.

        Raises
        ------
        NotFoundError
            There is none; jl.layer makes one.
        """
        found = self.find_layer(name)
        if found is None:
            near = did_you_mean(name, [one.name for one in self.layers])
            raise NotFoundError(
                f"There is no layer {name!r}.{near} jl.layer({name!r}, unit=…) makes it.",
                layer=name,
            )
        return found

    def find_layer(self, name: str) -> Layer | None:
        """Give a layer, or None."""
        return next((one for one in self.layers if one.name == name), None)

    def find_experiment(self, name: str) -> Experiment | None:
        """Give an experiment, or None."""
        return next((one for one in self.experiments if one.name == name), None)

    def experiment(self, name: str) -> Experiment:
        """Give an experiment.

        Raises
        ------
        NotFoundError
            There is none.
        """
        found = self.find_experiment(name)
        if found is None:
            near = did_you_mean(name, [one.name for one in self.experiments])
            raise NotFoundError(f"There is no experiment {name!r}.{near}", experiment=name)
        return found

    def others(self, name: str) -> list[Experiment]:
        """Give all experiments but one."""
        return [one for one in self.experiments if one.name != name]

    def check(self, value: Value) -> None:
        """Check that a value goes together with all the others.

        Raises
        ------
        RunningError, OverlapError, ExperimentError
            It does not; the message has both names.
        """
        if isinstance(value, Layer):
            before = self.find_layer(value.name)
            if before is not None:
                check_layer(before, value, self.experiments)
        elif isinstance(value, Experiment):
            known = self.find_experiment(value.name)
            if known is not None:
                check_change(known, value)
            check_layers(self.layers, [*self.others(value.name), value])


def change(
    registry: Registry, work_out: Callable[[Whiteboard], Sequence[Value]]
) -> tuple[Whiteboard, Sequence[Value]]:
    """Change layers and experiments, all or none.

    Parameters
    ----------
    registry : Registry
        Has them.
    work_out : callable
        Gives the new values from what there is; called again where somebody was quicker.

    Returns
    -------
    (Whiteboard, sequence)
        What was there, and what was written.

    Raises
    ------
    ConflictError
        Others were quicker a dozen times.
    """
    for last in [False] * (_TRIES - 1) + [True]:
        now = Whiteboard.read(registry)
        values = work_out(now)
        for value in values:
            now.check(value)
        documents = [Document(_KINDS[type(one)], one.name, one.to_json()) for one in values]
        if not documents:
            return now, values
        try:
            registry.write_board(now.revision, documents)
        except ConflictError:
            if last:
                raise
            continue
        return now, values
    raise AssertionError  # the last try returned or raised


def remove(registry: Registry, kind: str, name: str) -> None:
    """Remove a document, whatever else is changed meanwhile."""
    for last in [False] * (_TRIES - 1) + [True]:
        try:
            registry.write_board(registry.board().revision, [Document(kind, name, None)])
        except ConflictError:
            if last:
                raise
            continue
        return
