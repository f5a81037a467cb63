"""Which features run as one task on an engine: thin chains, and what is known to be cheap.

A task gives one value, its last feature's. A feature joins the task of its parent where nobody else
reads the parent and it has no other computed parent: nothing could have run beside it. Where it has
several, a parent whose task is known to take less than a millisecond joins it too: the engine's own
work for a task costs as much. A chain whose recorded time is long is cut, so that what is lost with
a worker is bounded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_CHEAP = 1e-3
_LONG = 60.0


def fused_groups(
    order: Sequence[str],
    arguments: Mapping[str, Collection[str]],
    targets: Collection[str],
    seconds: Mapping[str, float],
) -> list[tuple[str, ...]]:
    """Put features together into tasks.

    Parameters
    ----------
    order : sequence of str
        ``(n_features,)`` that are to run, topological.
    arguments : mapping of str to collection of str
        What each reads; what is not in the order is there already.
    targets : collection of str
        Features whose own value is wanted: each ends a task.
    seconds : mapping of str to float
        What features took when they ran last, seconds; those that never ran are not in it.

    Returns
    -------
    list of tuple of str
        Each a task, its features in topological order; the tasks are in topological order too.

    Examples
    --------
    >>> edges = {"a": ["x"], "b": ["a"], "c": ["b"], "d": ["b"]}
    >>> fused_groups(["a", "b", "c", "d"], edges, ["c", "d"], {})
    [('a', 'b'), ('c',), ('d',)]
    """
    running = set(order)
    parents = {
        name: list(dict.fromkeys([each for each in arguments[name] if each in running]))
        for name in order
    }
    readers = dict.fromkeys(targets, 1)
    for names in parents.values():
        for each in names:
            readers[each] = readers.get(each, 0) + 1
    groups: dict[str, list[str]] = {}
    cost: dict[str, float] = {}
    for name in order:
        own = [each for each in parents[name] if readers[each] == 1]
        joined = [each for each in own if cost[each] <= _CHEAP]
        if own == parents[name] and len(own) == 1 and cost[own[0]] <= _LONG:
            joined = own
        groups[name] = _together([groups.pop(each) for each in joined], name)
        # What never ran may take long: alone in its task it is no reason to cut a chain.
        known = [cost.pop(each) for each in joined]
        cost[name] = sum(known) + seconds.get(name, 2 * _CHEAP)
    return [tuple(group) for group in groups.values()]


def _together(groups: list[list[str]], name: str) -> list[str]:
    if not groups:
        return [name]
    longest = max(groups, key=len)
    for group in groups:
        if group is not longest:
            longest.extend(group)
    longest.append(name)
    return longest
