"""What the save panel built to look at is what a click saves, where nothing changed since."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import FingerprintError
from jupyter_lifecycle.widgets.findings import findings_of
from jupyter_lifecycle.widgets.save_views import Finding
from jupyter_lifecycle.widgets.words import size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jupyter_lifecycle.envelope import Bundle
    from jupyter_lifecycle.registry import Envelope, Registry

Step = tuple[str, float, str]
_GOES_IN = ("example", "training", "features")
"""Arguments of a save that are part of what is built; the others only go with it."""


@dataclass(frozen=True, slots=True)
class _Built:
    key: bytes
    bundle: Bundle
    steps: tuple[Step, ...]


class Preparation:
    """Builds the envelope that the panel shows and hands it over at the click.

    Whether something changed is found by fingerprints of model, example, training rows and
    features, with all the code that they name: a model that was fitted again in place, or a
    helper that was edited, is built anew. What has no fingerprint is always built anew.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._built: _Built | None = None

    def find(self, model: Any, keywords: dict[str, Any], found: Callable[[Finding], None]) -> None:
        """Make the envelope that a save would store and say what it holds.

        Parameters
        ----------
        model
            What would be saved.
        keywords : dict
            ``example`` and, where there are any, ``training`` and ``features``.
        found : callable
            Given each finding.

        Raises
        ------
        LifecycleError
            Where it could not be saved.
        """
        from jupyter_lifecycle.envelope import build

        steps: list[Step] = []

        def progress(step: str, seconds: float, fact: str) -> None:
            steps.append((step, seconds, fact))
            if step.startswith("Environment"):
                words = fact.split(" on ")[::-1]
                found(Finding("environment", "Environment", "fresh", f"{', '.join(words)} locked"))

        with self._lock:
            self._built = None
            key = key_of(model, keywords)
            bundle = build(model, name="preview", **keywords, progress=progress)
            if key is not None:
                self._built = _Built(key, bundle, tuple(steps))
        for finding in findings_of(bundle.manifest):
            found(finding)
        total = sum(entry.size for entry in bundle.manifest.files.values())
        found(Finding("size", "Size", "fresh", size(total)))

    def save(
        self,
        model: Any,
        *,
        name: str,
        registry: Registry,
        progress: Callable[[str, float, str], None],
        **keywords: Any,
    ) -> Envelope:
        """Save as :func:`jupyter_lifecycle.save` does, with what was built where it is the same.

        Raises
        ------
        LifecycleError
            As :func:`jupyter_lifecycle.save` does.
        """
        from jupyter_lifecycle.registry import save
        from jupyter_lifecycle.registry.facade import user_name
        from jupyter_lifecycle.registry.saving import Labels, keep

        with self._lock:  # one that is still being built is waited for, not built twice
            built = self._built
            same = built is not None and built.key == key_of(model, keywords)
        if built is None or not same:
            return save(model, name=name, registry=registry, progress=progress, **keywords)
        for step in built.steps:
            progress(*step)
        bundle = built.bundle.renamed(name)
        bundle.author = user_name()
        labels = Labels(keywords.get("tags") or {}, keywords.get("metrics") or {})
        return keep(bundle, registry, labels, progress)


def key_of(model: Any, keywords: Mapping[str, Any]) -> bytes | None:
    """Give a fingerprint of all that goes into an envelope; None where something has none."""
    from jupyter_lifecycle.hashing import combine, fingerprint

    parts = [model, *(keywords.get(word) for word in _GOES_IN[:2])]
    features = keywords.get("features")
    if features is not None:  # a graph, or a session with the inputs too
        graph = getattr(features, "graph", features)
        parts += [(name, one.function) for name, one in graph.features.items()]
        parts += [dict(getattr(features, "given", {}))]
    try:
        return combine("preparation", *(fingerprint(part) for part in parts))
    except FingerprintError:
        return None
