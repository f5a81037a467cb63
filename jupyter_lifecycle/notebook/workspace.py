"""What a notebook has now: features, inputs, columns and their states. Views read it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import UnboundError, did_you_mean
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.notebook.badges import cell_views, states_now
from jupyter_lifecycle.notebook.cachefolder import open_cache
from jupyter_lifecycle.notebook.definitions import PlainHost
from jupyter_lifecycle.notebook.inputs import Inputs
from jupyter_lifecycle.notebook.live import LiveStates
from jupyter_lifecycle.notebook.picture import Picture
from jupyter_lifecycle.notebook.placing import Places
from jupyter_lifecycle.notebook.preview import items_of
from jupyter_lifecycle.notebook.targets import query_of, resolve
from jupyter_lifecycle.widgets.words import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from jupyter_lifecycle.cache import ColumnCache
    from jupyter_lifecycle.graph.graph import TypeChecks
    from jupyter_lifecycle.materialise import Materialiser, NodeEvent, NodeReport
    from jupyter_lifecycle.notebook.definitions import Host
    from jupyter_lifecycle.notebook.live import Listener
    from jupyter_lifecycle.widgets.wire import (
        CellPlace,
        CellView,
        GraphView,
        Inspection,
        State,
        StatesView,
    )


class Workspace:
    """Features, inputs and columns of one notebook, and what views need of them.

    Parameters
    ----------
    host : Host, optional
        What runs the cells; plain Python in a namespace of its own by default.
    cache : ColumnCache, optional
        Where columns are kept; by default on disk, opened when first needed.
    """

    def __init__(self, host: Host | None = None, *, cache: ColumnCache | None = None) -> None:
        self._host: Host = host or PlainHost()
        self._inputs = Inputs()
        self._graph = FeatureGraph()
        self._version = 0
        self._cache = cache
        self._materialiser: Materialiser | None = None
        self._live = LiveStates()
        self._places = Places()
        self._computed: dict[str, tuple[str, ...]] = {}
        self._computing: str | None = None
        self._scope = os.environ.get("JPY_SESSION_NAME", "")

    @property
    def graph(self) -> FeatureGraph:
        """The graph as it stands."""
        return self._graph

    @property
    def namespace(self) -> Mapping[str, Any]:
        """Where the cells run."""
        return self._host.namespace

    @property
    def given(self) -> Mapping[str, Any]:
        """The inputs, by name."""
        return self._inputs.values

    @property
    def used(self) -> Mapping[str, Any]:
        """The inputs that the graph reads: where a feature has the name, the feature is used."""
        features = self._graph.features
        return {name: value for name, value in self.given.items() if name not in features}

    @property
    def cache(self) -> ColumnCache:
        """The column cache, opened when first asked for."""
        if self._cache is None:
            self._cache = open_cache()
        return self._cache

    @property
    def materialiser(self) -> Materialiser:
        """Computes, and remembers what it computed."""
        if self._materialiser is None:
            from jupyter_lifecycle.materialise import Materialiser

            self._materialiser = Materialiser(self.cache, scope=self._scope)
        return self._materialiser

    @property
    def names(self) -> tuple[str, ...]:
        """Features and inputs, in order of definition."""
        return tuple(dict.fromkeys([*self._graph.features, *self.given]))

    def chosen(self, words: Sequence[str]) -> tuple[str, ...]:
        """Look up names, patterns and selections, in the order in which they were asked for.

        Raises
        ------
        UnboundError
            For a name that is not there, or a pattern that matches nothing.
        SelectionError
            For a selection that cannot be read or means nothing.
        """
        plain = resolve(words, self.names)
        if plain is not None:
            return plain
        from jupyter_lifecycle.widgets.selection import find

        graph = self.graph_view()
        found = find(query_of(words, self.names), graph, self.states_view())
        return tuple(graph.names[at] for at in found.nodes)

    def targets(self, names: Iterable[str]) -> list[str]:
        """Leave out what has no one value: features that are computed for each item of another."""
        wanted = list(names)
        if not self._graph.fans:
            return wanted
        features = [name for name in wanted if name in self._graph.features]
        inside = items_of(features, self._graph)
        return [name for name in wanted if name not in inside]

    def reports(self) -> Mapping[str, NodeReport]:
        """Return the last report of each feature."""
        return self._live.reports()

    def value(self, name: str) -> Any:
        """Return the current value of an input or a computed feature.

        Raises
        ------
        ComputeError
            If it has none now.
        UnboundError
            If there is no such feature or input.
        """
        if name not in self._graph.features:
            if name not in self.given:
                raise UnboundError(
                    f"No feature or input {name}.{did_you_mean(name, self.names)}", name=name
                )
            return self.given[name]
        return self.materialiser.value(name)

    # -- inputs --------------------------------------------------------------------------------

    def inputs(self, *frames: Any, **values: Any) -> str:
        """Give the columns that features start from; the plain call behind ``%inputs``.

        Parameters
        ----------
        *frames : DataFrame
            Each column becomes an input.
        **values
            One input each, whatever it is.

        Returns
        -------
        str
            What was taken, in words.

        Raises
        ------
        GraphError
            For what cannot be an input.
        """
        sources = [
            (_name_of(frame, self.namespace, index), frame) for index, frame in enumerate(frames)
        ]
        return self.give(sources, values)

    def give(self, frames: Iterable[tuple[str, Any]], values: Mapping[str, Any]) -> str:
        """As :meth:`inputs`, with the name that people know each frame by."""
        words = [self._inputs.add_frame(frame, source) for source, frame in frames]
        for name, value in values.items():
            self._inputs.add(name, value)
        if values:
            words.append(f"{count(len(values), 'input')}: {', '.join(values)}")
        self._version += 1
        self.refresh()
        self._live.tell("graph", [])
        hidden = [name for name in self.given if name in self._graph.features]
        said = "; ".join(words) + "."
        if hidden:
            said += f" {', '.join(hidden[:3])}: a feature of that name is used, not the input."
        unreadable = self._inputs.unreadable()
        if unreadable:
            said += (
                f" No parameter can read {', '.join(map(repr, unreadable[:3]))}: no Python name."
            )
        return said

    def listed_inputs(self) -> str:
        """Say which inputs there are."""
        if not self.given:
            return "No inputs yet. Give a frame: %inputs flights."
        return f"{count(len(self.given), 'input')}: {', '.join(self.given)}."

    def check_types(self, mode: TypeChecks) -> None:
        """Compare values with annotations from now on; see ``FeatureGraph.with_type_checks``.

        Raises
        ------
        FeatureDefinitionError
            If the mode is none of ``off``, ``warn`` and ``fail``.
        """
        self._replace(self._graph.with_type_checks(mode))

    def listed_configuration(self) -> str:
        """Say which configuration there is, and whether types are checked."""
        from jupyter_lifecycle.materialise.measure import short

        config, mode = self._graph.config, self._graph.type_checks
        words = ", ".join([f"{name}={short(repr(value))}" for name, value in config.items()])
        said = f"Configuration: {words}." if words else "No configuration: %configure name=value."
        return said if mode == "off" else f"{said} Types are checked: {mode}."

    def _replace(self, graph: FeatureGraph) -> None:
        self._graph = graph
        self._version += 1
        self.refresh()
        self._live.tell("graph", [])

    def refresh(self) -> None:
        """Look again which features are current: code, inputs or helpers may have changed."""
        reports = self.materialiser.states(self._graph, self.used)
        changed = self._live.set_reports(reports)
        if changed:
            self._live.tell("states", changed)

    def refresh_views(self) -> None:
        """As :meth:`refresh`, only where a view would show it."""
        if self._live.watched:
            self.refresh()

    # -- the lab extension ---------------------------------------------------------------------

    def arrange(self, notebook: str, cells: Sequence[CellPlace], *, was: str = "") -> None:
        """Learn which cells a notebook has: their order, their headings, and who is gone.

        Parameters
        ----------
        notebook : str
            Its path.
        cells : sequence of CellPlace
            All its code cells, in order.
        was : str
            Its path before, where it was renamed.
        """
        places = self._places.moved(notebook, cells, was=was)
        if places == self._places:
            return
        self._places = places
        self._version += 1
        self._live.tell("graph", [])

    def cells(self) -> tuple[dict[str, CellView], dict[str, State], dict[str, NodeEvent]]:
        """Read what each cell's badge says, each feature's state, and what runs."""
        events = self._live.events()
        states = states_now(self._graph, self._live.reports(), events)
        views = cell_views(self._graph, dict(self._computed), states, self._computing)
        return views, states, events

    # -- the explorer's source -----------------------------------------------------------------

    @property
    def _known(self) -> frozenset[str]:
        return frozenset([*self._graph.features, *self._graph.inputs])

    def _picture(self) -> Picture:
        return Picture(self._graph, self.given, self._live, self._version, self._places)

    def graph_view(self) -> GraphView:
        """Return the graph's structure, for the explorer."""
        return self._picture().graph_view()

    def states_view(self) -> StatesView:
        """All nodes' states, for the explorer."""
        return self._picture().states_view()

    def inspect(self, name: str) -> Inspection:
        """All that the inspector shows of one node."""
        return self._picture().inspect(name, self.materialiser)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Tell a view of changes until the answer is called."""
        return self._live.subscribe(listener)


def state_in(reports: Mapping[str, NodeReport], name: str) -> str:
    """Return a feature's state in these reports; ``new`` where it has none."""
    report = reports.get(name)
    return report.state if report is not None else "new"


def _name_of(value: Any, namespace: Mapping[str, Any], index: int) -> str:
    found = (name for name, one in namespace.items() if one is value and not name.startswith("_"))
    return next(found, f"frame {index + 1}")
