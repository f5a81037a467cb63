"""What users call to see a panel: the outside supplied, everything else found."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.widgets.introspection import find_graph, module_alias, visible
from jupyter_lifecycle.widgets.panel_compare import ComparePanel
from jupyter_lifecycle.widgets.panel_deploy import DeployPanel
from jupyter_lifecycle.widgets.panel_registry import RegistryPanel
from jupyter_lifecycle.widgets.panel_save import SavePanel
from jupyter_lifecycle.widgets.panel_tag import TagPanel
from jupyter_lifecycle.widgets.prepared import Preparation
from jupyter_lifecycle.widgets.proposal import Given, adopt, propose
from jupyter_lifecycle.widgets.save_form import Tools

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

    from jupyter_lifecycle.registry import Envelope, Registry
    from jupyter_lifecycle.widgets.monitor_values import Monitored
    from jupyter_lifecycle.widgets.panel_experiment import ExperimentPanel
    from jupyter_lifecycle.widgets.panel_features import FeaturesPanel
    from jupyter_lifecycle.widgets.panel_fleet import FleetPanel
    from jupyter_lifecycle.widgets.panel_layers import LayersPanel
    from jupyter_lifecycle.widgets.panel_monitor import MonitorPanel
    from jupyter_lifecycle.widgets.panel_trend import TrendPanel


def save_panel(
    namespace: MutableMapping[str, Any] | None = None,
    *,
    registry: Registry | None = None,
    model: Any = None,
    example: Any = None,
    name: str | None = None,
    features: str = "",
) -> SavePanel:
    """Show a panel that saves a model with one click.

    Parameters
    ----------
    namespace : MutableMapping, optional
        Where model, example and metrics are looked for, and where the envelope is bound to
        ``envelope``; in a notebook its own.
    registry : Registry, optional
        Where to save; the user's own by default. Registries that the namespace has can be chosen.
    model, example : object or str, optional
        What to save and its example, or expressions of them; found by themselves otherwise.
    name : str, optional
        Name of the envelope; otherwise the one last used, or the notebook's.
    features : str, optional
        Expression of the feature graph that is recorded with the model; otherwise the newest one
        that the namespace has.

    Returns
    -------
    SavePanel
        A widget.
    """
    given = Given(model, example, name)
    names = adopt(_user_namespace() if namespace is None else namespace, given)
    prepared = Preparation()
    tools = Tools(
        save=prepared.save,
        find=prepared.find,
        tag_panel=tag_panel,
        registries=registries(names, registry),
        features=features or find_graph(names),
    )
    return SavePanel(names, propose(names, given, os.environ.get("JPY_SESSION_NAME", "")), tools)


def tag_panel(
    envelope: Envelope | str,
    *,
    registry: Registry | None = None,
    pending: Mapping[str, str] | None = None,
) -> TagPanel:
    """Show a panel that changes the tags of an envelope and previews what that deploys.

    Parameters
    ----------
    envelope : Envelope or str
        An envelope, or an id or the start of one.
    registry : Registry, optional
        Where to look up an id; the user's own by default.
    pending : Mapping, optional
        Tags that are proposed; nothing is set before somebody applies them.

    Returns
    -------
    TagPanel
        A widget.

    Raises
    ------
    NotFoundError
        There is no envelope of that id.
    """
    from jupyter_lifecycle.deployment import see_to_deployer
    from jupyter_lifecycle.registry import Registry

    if isinstance(envelope, str):
        envelope = (registry or Registry()).get(envelope)
    names = visible(_user_namespace())
    variable = next((name for name, value in names.items() if value is envelope), "envelope")
    panel = TagPanel(envelope, variable, see_to_deployer)
    panel.propose(pending or {})
    return panel


def deploy_panel(endpoint: str | None = None, *, registry: Registry | None = None) -> DeployPanel:
    """Show a panel of an endpoint: its rule, its deployments as they run, a form to try it.

    Parameters
    ----------
    endpoint : str, optional
        Its name. Without one the first that the registry has; where there is none, or no rule
        for it yet, the panel opens with the form of a rule, filled from the last save.
    registry : Registry, optional
        The user's own by default.

    Returns
    -------
    DeployPanel
        A widget.
    """
    from jupyter_lifecycle import deployment
    from jupyter_lifecycle.registry import Registry

    chosen = registry or Registry()
    if endpoint is None:
        endpoint = next((rule.endpoint for rule in chosen.rules()), "")
    return DeployPanel(endpoint, chosen, deployment, module_alias(_user_namespace()))


def monitor_panel(endpoint: str | None = None, *, registry: Registry | None = None) -> MonitorPanel:
    """Show what an endpoint sees, held against what its model learned, input by input.

    Parameters
    ----------
    endpoint : str, optional
        Its name; without one the first that the registry has.
    registry : Registry, optional
        The user's own by default.

    Returns
    -------
    MonitorPanel
        A widget.
    """
    from jupyter_lifecycle import deployment, monitoring
    from jupyter_lifecycle.registry import Registry
    from jupyter_lifecycle.widgets.monitor_source import DAYS, Watcher
    from jupyter_lifecycle.widgets.panel_monitor import MonitorPanel

    chosen = registry or Registry()
    watcher = Watcher(
        chosen,
        monitoring.skew,
        lambda name: deployment.endpoint(name, registry=chosen).outcomes(f"{DAYS}d"),
    )
    openers: dict[str, Callable[[Monitored], Any]] = {
        "explore": lambda shown: _coloured(chosen, shown)
    }
    if not chosen.read_only:
        openers["tag"] = lambda shown: tag_panel(
            shown.envelope, registry=chosen, pending={"skew": "moved"}
        )
        openers["deploy"] = lambda shown: deploy_panel(shown.endpoint, registry=chosen)
    alias = module_alias(_user_namespace())
    if endpoint is None:
        endpoint = next(iter(watcher.endpoints()), "")
    return MonitorPanel(endpoint, watcher, alias, openers)


def experiment_panel(
    name: str = "", *, outcomes: Any = None, registry: Registry | None = None
) -> ExperimentPanel:
    """Show an experiment: what it would do before it starts, then its effect, split and guardrails.

    Parameters
    ----------
    name : str
        Its name; without one the newest that runs, else the first that there is.
    outcomes : DataFrame, pyarrow.Table, path or callable, optional
        What came of the units, a row or more each; a function is asked each time.
    registry : Registry, optional
        The user's own by default.

    Returns
    -------
    ExperimentPanel
        A widget.

    Raises
    ------
    NotFoundError
        There is no such experiment, or none at all.
    """
    from jupyter_lifecycle import deployment
    from jupyter_lifecycle.registry import Registry
    from jupyter_lifecycle.widgets.panel_experiment import ExperimentPanel
    from jupyter_lifecycle.widgets.trials import Trials

    chosen = registry or Registry()
    if not name:
        name = Trials.of(chosen.board()).newest()
    trial = deployment.experiment(name, registry=chosen)
    return ExperimentPanel(trial, outcomes, module_alias(_user_namespace()))


def layers_panel(*, registry: Registry | None = None) -> LayersPanel:
    """Show the layers: which experiments occupy which slots, when, and what is free.

    Parameters
    ----------
    registry : Registry, optional
        The user's own by default.

    Returns
    -------
    LayersPanel
        A widget.
    """
    from jupyter_lifecycle import deployment
    from jupyter_lifecycle.registry import Registry
    from jupyter_lifecycle.widgets.panel_design import DesignPanel
    from jupyter_lifecycle.widgets.panel_layers import LayersPanel

    chosen = registry or Registry()
    alias = module_alias(_user_namespace())

    def opened(name: str) -> ExperimentPanel:
        return experiment_panel(name, registry=chosen)

    openers: dict[str, Callable[..., Any]] = {"experiment": opened}
    if not chosen.read_only:
        openers["new"] = lambda: DesignPanel(chosen, deployment.experiment, opened, alias)
    return LayersPanel(chosen, alias, openers)


def compare_panel(*envelopes: Envelope | str, registry: Registry | None = None) -> ComparePanel:
    """Show a panel that compares two to five envelopes.

    Parameters
    ----------
    *envelopes : Envelope or str
        Envelopes, or ids or the beginnings of ids; none to choose them in the panel.
    registry : Registry, optional
        Where ids are looked up; the user's own by default.

    Returns
    -------
    ComparePanel
        A widget.

    Raises
    ------
    NotFoundError
        There is no envelope of an id.
    """
    from jupyter_lifecycle.registry import Registry

    first = next((one for one in envelopes if not isinstance(one, str)), None)
    chosen = registry or (first.registry if first is not None else Registry())
    found = [chosen.get(one) if isinstance(one, str) else one for one in envelopes]
    alias = module_alias(_user_namespace())
    openers: dict[str, Callable[[Any], Any]] = {"graph": _graph_of}
    if not chosen.read_only:
        openers["tag"] = tag_panel
    return ComparePanel(found, chosen, alias, openers)


def registry_panel(query: str = "", *, registry: Registry | None = None) -> RegistryPanel:
    """Show a browser of a registry: a query that completes itself, a table, one in detail.

    Parameters
    ----------
    query : str
        What it opens with; all envelopes, newest first, by default.
    registry : Registry, optional
        The user's own by default.

    Returns
    -------
    RegistryPanel
        A widget.
    """
    from jupyter_lifecycle.registry import Registry

    chosen = registry or Registry()
    openers: dict[str, Callable[[Any], Any]] = {
        "compare": lambda found: compare_panel(*found, registry=chosen),
    }
    if not chosen.read_only:
        openers["tag"] = tag_panel
    return RegistryPanel(chosen, query, module_alias(_user_namespace()), openers)


def fleet_panel(*, registry: Registry | None = None) -> FleetPanel:
    """Show every endpoint: what it serves, since when and why. It only reads.

    Parameters
    ----------
    registry : Registry, optional
        The user's own by default.

    Returns
    -------
    FleetPanel
        A widget.
    """
    from jupyter_lifecycle.registry import Registry
    from jupyter_lifecycle.widgets.panel_fleet import FleetPanel

    return FleetPanel(registry or Registry())


def trend_panel(
    name: str = "", metric: str = "", tag: str = "", *, registry: Registry | None = None
) -> TrendPanel:
    """Show a metric of all envelopes of a name over time, a line for each value of a tag.

    Parameters
    ----------
    name, metric, tag : str
        What it opens with; found by themselves where empty.
    registry : Registry, optional
        The user's own by default.

    Returns
    -------
    TrendPanel
        A widget.
    """
    from jupyter_lifecycle.registry import Registry
    from jupyter_lifecycle.widgets.panel_trend import TrendPanel

    return TrendPanel(registry or Registry(), name, metric, tag)


def features_panel(envelope: str = "", *, registry: Registry | None = None) -> FeaturesPanel:
    """Show the features behind an envelope's inputs, in the explorer.

    Parameters
    ----------
    envelope : str
        Its id or the beginning of it; the newest that has features where empty.
    registry : Registry, optional
        The user's own by default.

    Returns
    -------
    FeaturesPanel
        A widget.
    """
    from jupyter_lifecycle.registry import Registry
    from jupyter_lifecycle.widgets.explorer import explore
    from jupyter_lifecycle.widgets.panel_features import FeaturesPanel

    return FeaturesPanel(registry or Registry(), explore, envelope)


def _coloured(registry: Registry, shown: Monitored) -> Any:
    from jupyter_lifecycle.widgets.explorer import explore

    return explore(registry.get(shown.envelope), skew=shown.report)


def _graph_of(pair: tuple[Envelope, Envelope]) -> Any:
    from jupyter_lifecycle.widgets.explorer import explore

    after, before = pair
    return explore(after, against=before)


def registries(
    namespace: Mapping[str, Any], registry: Registry | None
) -> dict[str, tuple[str, Registry]]:
    """Find the registries that can be chosen: the given one first, then those in the namespace.

    Returns
    -------
    dict
        What is shown, to the expression and the registry; the expression of the user's own
        registry is empty, since a save needs none for it.
    """
    from jupyter_lifecycle.registry import Registry

    own = Registry()
    named = [
        (name, value) for name, value in visible(namespace).items() if isinstance(value, Registry)
    ]
    first = own if registry is None else registry
    found: dict[str, tuple[str, Registry]] = {}
    for name, value in [("", first), *named, ("", own)]:
        known = next((key for key, other in named if other is value), name)
        expression = "" if value.location == own.location else known or _expression(value)
        shown = "Local registry" if value.location == own.location else value.location
        found.setdefault(shown, (expression, value))
    return found


def _expression(registry: Registry) -> str:
    return f"jl.Registry({registry.location!r})"


def _user_namespace() -> MutableMapping[str, Any]:
    from IPython import get_ipython

    shell = get_ipython()
    return {} if shell is None else shell.user_ns
