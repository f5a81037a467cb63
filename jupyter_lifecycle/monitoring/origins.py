"""Where it began: the earliest features that moved, and the way from there to the model."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyter_lifecycle.monitoring.verdicts import FeatureSkew


@dataclass(frozen=True, slots=True)
class Origin:
    """A feature or raw input that moved though nothing upstream of it did.

    Parameters
    ----------
    name : str
        The feature or raw input.
    chain : tuple of str
        From it down to a column of the model, over what moved too where there is such a way.
    moved : tuple of str
        What moved downstream of it.
    cause : str
        ``data`` of a raw input; ``code`` where all that it needs was compared and is quiet, so that
        its code or its environment changed; ``unknown`` where something that it needs was not
        compared.
    unseen : tuple of str
        What it needs and was not compared.
    """

    name: str
    chain: tuple[str, ...]
    moved: tuple[str, ...]
    cause: str
    unseen: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        answer: dict[str, Any] = {"name": self.name, "chain": list(self.chain)}
        return answer | {
            "moved": list(self.moved),
            "cause": self.cause,
            "unseen": list(self.unseen),
        }

    @property
    def sentence(self) -> str:
        """What it means, in a sentence."""
        way = " → ".join((*self.chain, "model"))
        if self.cause == "code":
            why = "nothing that it is computed from moved: its code or environment changed"
        elif self.cause == "unknown":
            why = f"what it needs was not compared: {', '.join(self.unseen[:5])}"
        else:
            why = "a raw input"
        return f"It began at {self.name} ({why}): {way}."


def upstream_of(graph: Any) -> dict[str, tuple[str, ...]]:
    """Give what each feature needs.

    Parameters
    ----------
    graph : FeatureGraph or Mapping
        A feature graph, or a mapping of feature to the names that it needs.
    """
    features = getattr(graph, "features", None)
    if features is None:
        return {name: tuple(needed) for name, needed in graph.items()}
    return {
        name: tuple(parameter.name for parameter in one.parameters)
        for name, one in features.items()
    }


def origins_of(
    features: Sequence[FeatureSkew], upstream: Mapping[str, Sequence[str]]
) -> tuple[Origin, ...]:
    """Give the earliest features that moved, those with the most downstream first.

    Parameters
    ----------
    features : sequence of FeatureSkew
        Of raw inputs and features, in any order.
    upstream : Mapping
        Feature to the names that it needs; what has no entry is a raw input.
    """
    verdicts = {one.name: one.verdict for one in features}
    moved = {name for name, verdict in verdicts.items() if verdict == "moved"}
    downstream: dict[str, list[str]] = {}
    for name, needed in upstream.items():
        for parent in needed:
            downstream.setdefault(parent, []).append(name)
    earliest = [one.name for one in features if one.name in moved]
    tainted: set[str] = set()
    for name in earliest:
        if name not in tainted:
            tainted |= reached(name, downstream) - {name}
    found = []
    for name in earliest:
        if name in tainted:
            continue
        below = reached(name, downstream) - {name}
        needs = list(upstream.get(name, ()))
        unseen = tuple(one for one in needs if verdicts.get(one, "none") in ("none", "few"))
        cause = "data" if not needs else "unknown" if unseen else "code"
        also = tuple(one.name for one in features if one.name in below and one.name in moved)
        found.append(Origin(name, _chain(name, downstream, moved), also, cause, unseen))
    return tuple(sorted(found, key=lambda one: -len(one.moved)))


def reached(name: str, edges: Mapping[str, Sequence[str]]) -> set[str]:
    """Give all that is reached along edges, with the beginning; cycles do no harm."""
    seen = {name}
    waiting = deque([name])
    while waiting:
        for child in edges.get(waiting.popleft(), ()):
            if child not in seen:
                seen.add(child)
                waiting.append(child)
    return seen


def _chain(start: str, downstream: Mapping[str, Sequence[str]], moved: set[str]) -> tuple[str, ...]:
    """Shortest way to what nothing needs, over what moved if there is one."""
    for allowed in (moved, None):
        before: dict[str, str | None] = {start: None}
        waiting = deque([start])
        while waiting:
            name = waiting.popleft()
            children = downstream.get(name, ())
            if not children:
                return _way(name, before)
            for child in children:
                if child not in before and (allowed is None or child in allowed):
                    before[child] = name
                    waiting.append(child)
    return (start,)


def _way(end: str, before: Mapping[str, str | None]) -> tuple[str, ...]:
    way: list[str] = []
    at: str | None = end
    while at is not None:
        way.append(at)
        at = before[at]
    return tuple(reversed(way))
