"""What a notebook has now, and how its models get into its registry."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.notebook.workspace import Workspace

if TYPE_CHECKING:
    from jupyter_lifecycle.cache import ColumnCache
    from jupyter_lifecycle.notebook.definitions import Host
    from jupyter_lifecycle.registry import Registry


class Saving(Workspace):
    """A workspace with a registry.

    Parameters
    ----------
    host : Host, optional
        What runs the cells; plain Python in a namespace of its own by default.
    cache : ColumnCache, optional
        Where columns are kept; by default on disk, opened when first needed.
    """

    def __init__(self, host: Host | None = None, *, cache: ColumnCache | None = None) -> None:
        super().__init__(host, cache=cache)
        self._registry: Registry | None = None

    @property
    def registry(self) -> Registry:
        """The registry of this notebook: the user's own until another is chosen."""
        if self._registry is None:
            from jupyter_lifecycle.registry import Registry

            self._registry = Registry()
        return self._registry

    def use_registry(self, location: str, *, trust: bool | None = None) -> Registry:
        """Choose the registry of this notebook; the plain call behind ``%registry``.

        Every call in this kernel that names no registry follows: it is named by the environment,
        which those calls read, and no part need know of another.
        """
        from jupyter_lifecycle.registry import REGISTRY_VARIABLE, Registry

        self._registry = Registry(location, trust=trust)
        os.environ[REGISTRY_VARIABLE] = self._registry.location
        return self._registry

    def save_panel(self) -> Any:
        """Give a save panel for this notebook; the plain call behind ``%save``."""
        from jupyter_lifecycle.widgets import save_panel

        features = "jl.session()" if len(self.graph) else ""
        return save_panel(self._host.namespace, registry=self.registry, features=features)

    def save(self, model: Any, *, name: str, example: Any, **options: Any) -> Any:
        """Save a model in this notebook's registry, with the notebook's features.

        Those that can travel do, where finding out takes about a second
        (:mod:`jupyter_lifecycle.envelope.travel_offer`); ``features=session`` lets them in any
        case, ``features=session.graph`` records their sources only.

        Parameters
        ----------
        model, name, example, **options
            As :func:`jupyter_lifecycle.save` takes them.

        Returns
        -------
        Envelope
        """
        from jupyter_lifecycle.envelope.travel_offer import why_not_offered
        from jupyter_lifecycle.registry import save

        features: Any = None
        if self._graph.features:
            features = self._graph if why_not_offered(self, example) else self
        given = {"registry": self.registry, "features": features} | options
        return save(model, name=name, example=example, **given)
