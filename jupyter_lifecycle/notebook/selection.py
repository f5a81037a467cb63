"""A part of the session as an explorer of its own: some features and what they need."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jupyter_lifecycle.notebook.live import Listener
    from jupyter_lifecycle.notebook.session import Session
    from jupyter_lifecycle.widgets.wire import GraphView, Inspection, StatesView


class Selection:
    """Features and all that they need, live; follows the session's edits.

    Parameters
    ----------
    session : Session
        Whose graph it is; it also acts.
    names : iterable of str
        The features that were asked for.
    """

    def __init__(self, session: Session, names: Iterable[str]) -> None:
        self._session = session
        self._asked = tuple(names)

    def graph_view(self) -> GraphView:
        """Draw only the nodes of the selection, with the groups that they have."""
        whole = self._session.graph_view()
        kept = self._kept(whole.names)
        new = {old: at for at, old in enumerate(kept)}
        ends = zip(whole.edges[::2], whole.edges[1::2], strict=True)
        groups = sorted({whole.group[old] for old in kept if whole.group[old] >= 0})
        group_at = {old: at for at, old in enumerate(groups)}
        return replace(
            whole,
            names=[whole.names[old] for old in kept],
            kinds=[whole.kinds[old] for old in kept],
            groups=[whole.groups[old] for old in groups],
            group_notes=[whole.group_notes[old] for old in groups],
            group=[group_at.get(whole.group[old], -1) for old in kept],
            edges=[new[end] for pair in ends if set(pair) <= new.keys() for end in pair],
            docs=[whole.docs[old] for old in kept],
        )

    def states_view(self) -> StatesView:
        """States of the selection's nodes."""
        whole = self._session.states_view()
        kept = self._kept(self._session.graph_view().names)
        nodes = [replace(whole.nodes[old], index=at) for at, old in enumerate(kept)]
        return replace(whole, nodes=nodes)

    def inspect(self, name: str) -> Inspection:
        """As the session's."""
        return self._session.inspect(name)

    def act(self, action: str, names: list[str]) -> None:
        """As the session's."""
        self._session.act(action, names)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """As the session's."""
        return self._session.subscribe(listener)

    def _kept(self, names: list[str]) -> list[int]:
        graph = self._session.graph
        asked = [name for name in self._asked if name in names]
        in_graph = [name for name in asked if name in graph.features or name in graph.inputs]
        wanted = {*asked, *graph.upstream(*in_graph)}
        return [at for at, name in enumerate(names) if name in wanted]
