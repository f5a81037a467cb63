"""From the first feature function to a live, monitored model without leaving the notebook.

Importing the package only defines names: what a name needs is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_lifecycle import experiments as experiments
    from jupyter_lifecycle import monitoring as monitoring
    from jupyter_lifecycle.cache import ColumnCache as ColumnCache
    from jupyter_lifecycle.deployment import batch as batch
    from jupyter_lifecycle.deployment import endpoint as endpoint
    from jupyter_lifecycle.deployment import experiment as experiment
    from jupyter_lifecycle.deployment import holdout as holdout
    from jupyter_lifecycle.deployment import layer as layer
    from jupyter_lifecycle.deployment import preview as preview
    from jupyter_lifecycle.deployment import reports as reports
    from jupyter_lifecycle.deployment import rule as rule
    from jupyter_lifecycle.deployment import train as train
    from jupyter_lifecycle.envelope import diff as diff
    from jupyter_lifecycle.envelope import expect as expect
    from jupyter_lifecycle.envelope import open_bundle as open  # noqa: A004 - the name that users see
    from jupyter_lifecycle.errors import LifecycleError as LifecycleError
    from jupyter_lifecycle.executors import DaskExecutor as DaskExecutor
    from jupyter_lifecycle.executors import RayExecutor as RayExecutor
    from jupyter_lifecycle.experiments import analyse as analyse
    from jupyter_lifecycle.graph import Feature as Feature
    from jupyter_lifecycle.graph import FeatureGraph as FeatureGraph
    from jupyter_lifecycle.graph import feature as feature
    from jupyter_lifecycle.materialise import compute as compute
    from jupyter_lifecycle.materialise import inspect as inspect
    from jupyter_lifecycle.materialise import to_parquet as to_parquet
    from jupyter_lifecycle.monitoring import check as check
    from jupyter_lifecycle.monitoring import profile as profile
    from jupyter_lifecycle.monitoring import skew as skew
    from jupyter_lifecycle.notebook import current_session as session
    from jupyter_lifecycle.notebook import load_ipython_extension as load_ipython_extension
    from jupyter_lifecycle.notebook import unload_ipython_extension as unload_ipython_extension
    from jupyter_lifecycle.registry import Envelope as Envelope
    from jupyter_lifecycle.registry import Registry as Registry
    from jupyter_lifecycle.registry import confusion_matrix as confusion_matrix
    from jupyter_lifecycle.registry import pr_curve as pr_curve
    from jupyter_lifecycle.registry import roc_curve as roc_curve
    from jupyter_lifecycle.registry import save as save
    from jupyter_lifecycle.widgets import compare as compare
    from jupyter_lifecycle.widgets import compare_panel as compare_panel
    from jupyter_lifecycle.widgets import deploy_panel as deploy_panel
    from jupyter_lifecycle.widgets import experiment_panel as experiment_panel
    from jupyter_lifecycle.widgets import explore as explore
    from jupyter_lifecycle.widgets import features_panel as features_panel
    from jupyter_lifecycle.widgets import fleet_panel as fleet_panel
    from jupyter_lifecycle.widgets import layers_panel as layers_panel
    from jupyter_lifecycle.widgets import monitor_panel as monitor_panel
    from jupyter_lifecycle.widgets import registry_panel as registry_panel
    from jupyter_lifecycle.widgets import save_panel as save_panel
    from jupyter_lifecycle.widgets import tag_panel as tag_panel
    from jupyter_lifecycle.widgets import trend_panel as trend_panel

__version__ = "0.1.0"

# public name -> (module, name there)
_HOME = {
    "ColumnCache": ("cache", "ColumnCache"),
    "DaskExecutor": ("executors", "DaskExecutor"),
    "Envelope": ("registry", "Envelope"),
    "Feature": ("graph", "Feature"),
    "FeatureGraph": ("graph", "FeatureGraph"),
    "LifecycleError": ("errors", "LifecycleError"),
    "RayExecutor": ("executors", "RayExecutor"),
    "Registry": ("registry", "Registry"),
    "analyse": ("experiments", "analyse"),
    "batch": ("deployment", "batch"),
    "check": ("monitoring", "check"),
    "compare": ("widgets", "compare"),
    "compare_panel": ("widgets", "compare_panel"),
    "compute": ("materialise", "compute"),
    "confusion_matrix": ("registry", "confusion_matrix"),
    "deploy_panel": ("widgets", "deploy_panel"),
    "diff": ("envelope", "diff"),
    "endpoint": ("deployment", "endpoint"),
    "expect": ("envelope", "expect"),
    "experiment": ("deployment", "experiment"),
    "explore": ("widgets", "explore"),
    "feature": ("graph", "feature"),
    "experiment_panel": ("widgets", "experiment_panel"),
    "features_panel": ("widgets", "features_panel"),
    "fleet_panel": ("widgets", "fleet_panel"),
    "holdout": ("deployment", "holdout"),
    "inspect": ("materialise", "inspect"),
    "layer": ("deployment", "layer"),
    "layers_panel": ("widgets", "layers_panel"),
    "load_ipython_extension": ("notebook", "load_ipython_extension"),
    "monitor_panel": ("widgets", "monitor_panel"),
    "open": ("envelope", "open_bundle"),
    "pr_curve": ("registry", "pr_curve"),
    "preview": ("deployment", "preview"),
    "profile": ("monitoring", "profile"),
    "registry_panel": ("widgets", "registry_panel"),
    "reports": ("deployment", "reports"),
    "roc_curve": ("registry", "roc_curve"),
    "rule": ("deployment", "rule"),
    "save": ("registry", "save"),
    "save_panel": ("widgets", "save_panel"),
    "session": ("notebook", "current_session"),
    "skew": ("monitoring", "skew"),
    "tag_panel": ("widgets", "tag_panel"),
    "to_parquet": ("materialise", "to_parquet"),
    "train": ("deployment", "train"),
    "trend_panel": ("widgets", "trend_panel"),
    "unload_ipython_extension": ("notebook", "unload_ipython_extension"),
}

# packages whose own names are public too
_PACKAGES = ("experiments", "monitoring")

__all__ = sorted([*_HOME, *_PACKAGES, "__version__"])  # noqa: PLE0605 - one list of names, not two


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return import_module(f"{__name__}.{name}")
    try:
        module, attribute = _HOME[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    value = getattr(import_module(f"{__name__}.{module}"), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyter-lifecycle"}]
