"""Order and cycles of a directed graph, without recursion: chains of 100,000 are fine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

_NONE: tuple[str, ...] = ()


class CycleFoundError(Exception):
    """A cycle; ``path`` begins and ends with the same name, each reads the one before it."""

    def __init__(self, path: tuple[str, ...]) -> None:
        super().__init__(path)
        self.path = path


def post_order(starts: Iterable[str], after: Mapping[str, Collection[str]]) -> list[str]:
    """Order all names reachable from ``starts``, each behind all that it leads to.

    Parameters
    ----------
    starts : iterable of str
        Where to begin; their order decides ties.
    after : mapping of str to collection of str
        Where each name leads. With parents, the result is a topological order; with children, its
        reverse is one.

    Returns
    -------
    list of str
        ``(n_reachable,)``, the starts included.

    Raises
    ------
    CycleFoundError
        With a shortest cycle through one of its names.
    """
    done: set[str] = set()
    open_: set[str] = set()
    ordered: list[str] = []
    for start in starts:
        if start in done:
            continue
        leads = after.get(start, _NONE)
        if done.issuperset(leads):  # nearly all, where the starts are in order already
            done.add(start)
            ordered.append(start)
            continue
        path = [start]
        open_.add(start)
        pending = [iter(leads)]
        while path:
            for name in pending[-1]:
                if name in done:
                    continue
                if name in open_:
                    raise CycleFoundError(_shortened(path[path.index(name) :], after))
                leads = after.get(name, _NONE)
                if not leads:
                    done.add(name)
                    ordered.append(name)
                    continue
                path.append(name)
                open_.add(name)
                pending.append(iter(leads))
                break
            else:
                pending.pop()
                name = path.pop()
                open_.discard(name)
                done.add(name)
                ordered.append(name)
    return ordered


def _shortened(cycle: list[str], after: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """Find a shortest way round through the first name, using only names of the cycle."""
    within = set(cycle)
    start = cycle[0]
    came_from: dict[str, str] = {}
    frontier = [start]
    while True:  # there is a cycle, so that the start is reached again
        further = []
        for name in frontier:
            for reached in after.get(name, _NONE):
                if reached == start:
                    back = [start, name]
                    while name != start:
                        name = came_from[name]  # noqa: PLW2901 - walking back
                        back.append(name)
                    return tuple(reversed(back))
                if reached in within and reached not in came_from:
                    came_from[reached] = name
                    further.append(reached)
        frontier = further
