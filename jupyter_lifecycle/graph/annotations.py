"""Whether what a feature gives is what its reader takes: thin, and without false alarms."""

from __future__ import annotations

from typing import Any, get_origin

from jupyter_lifecycle.graph.feature import MISSING
from jupyter_lifecycle.graph.hints import looked_up
from jupyter_lifecycle.graph.overlap import overlap


class Annotations:
    """Compares annotations; remembers what it resolved, so it lives for one edit only."""

    def __init__(self) -> None:
        self._resolved: dict[tuple[int, str], Any] = {}
        self._verdicts: dict[tuple[int, int], tuple[bool, Any, Any]] = {}

    def fit(self, given: Any, giver: Any, wanted: Any, taker: Any) -> bool:
        """Whether a reader can take what a feature gives.

        Parameters
        ----------
        given, wanted
            Annotations: classes, or text where the module postpones them.
        giver, taker : callable
            The functions, in whose namespaces text is resolved.

        Returns
        -------
        bool
            False only where no value can be meant to be both.
        """
        if given is wanted or given is MISSING or wanted is MISSING:
            return True
        if type(given) is str and type(wanted) is str and given == wanted:
            return True
        given, wanted = self.resolved(given, giver), self.resolved(wanted, taker)
        # The annotations are kept with the verdict: an id is only good while its object lives.
        key = (id(given), id(wanted))
        if key not in self._verdicts:
            self._verdicts[key] = (overlap(given, wanted), given, wanted)
        return self._verdicts[key][0]

    def resolved(self, annotation: Any, function: Any) -> Any:
        """Return what an annotation means; text is looked up where the function lives."""
        if type(annotation) is not str:
            return annotation
        namespace = getattr(function, "__globals__", None)
        if not isinstance(namespace, dict):
            return Any
        key = (id(namespace), annotation)
        if key not in self._resolved:
            self._resolved[key] = looked_up(annotation, namespace)
        return self._resolved[key]


def resolved_annotation(annotation: Any, function: Any) -> Any:
    """Return what an annotation means where it stands; ``Any`` where it is not understood."""
    return Annotations().resolved(annotation, function)


def written(annotation: Any) -> str:
    """Write an annotation as people write it."""
    if isinstance(annotation, str):
        return annotation
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return annotation.__qualname__
    return str(annotation).replace("typing.", "")
