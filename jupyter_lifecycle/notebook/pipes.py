"""Cells that change another cell's function by ``@mutate``: refused, since that one is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lifecycle.errors import FeatureDefinitionError
from jupyter_lifecycle.graph.definition import MARK, options_of

if TYPE_CHECKING:
    from jupyter_lifecycle.graph import FeatureGraph


class Pipes:
    """The modifiers of a graph's functions as they are before a cell runs.

    Parameters
    ----------
    graph : FeatureGraph
        As it stands.
    """

    def __init__(self, graph: FeatureGraph) -> None:
        functions = {id(each.written): each for each in graph.features.values()}
        self._before = [(each, options_of(each.written)) for each in functions.values()]

    def refuse_changed(self, label: str) -> None:
        """Refuse a cell that put steps behind another cell's function.

        Raises
        ------
        FeatureDefinitionError
            Naming the function and its cell.
        """
        for feature, options in self._before:
            if options_of(feature.written).modifiers != options.modifiers:
                name = feature.written.__name__
                raise FeatureDefinitionError(
                    f"{label} changes {name}, which {feature.origin.label} defines. A cell can "
                    f"mutate only its own functions: move the mutate(…) below {name}, into its "
                    "cell.",
                    feature=name,
                )

    def put_back(self) -> None:
        """Undo what the cell changed."""
        for feature, options in self._before:
            if options_of(feature.written) is not options:
                setattr(feature.written, MARK, options)
