"""What a notebook shows: the explorer, the panels, and the markup of cards and messages.

The names are imported when they are first used, so that a card needs no widget.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_lifecycle.widgets.comparison import Comparison as Comparison
    from jupyter_lifecycle.widgets.comparison import compare as compare
    from jupyter_lifecycle.widgets.dashboards import dashboard_links as dashboard_links
    from jupyter_lifecycle.widgets.explorer import Explorer as Explorer
    from jupyter_lifecycle.widgets.explorer import ExplorerSource as ExplorerSource
    from jupyter_lifecycle.widgets.explorer import explore as explore
    from jupyter_lifecycle.widgets.opening import compare_panel as compare_panel
    from jupyter_lifecycle.widgets.opening import deploy_panel as deploy_panel
    from jupyter_lifecycle.widgets.opening import experiment_panel as experiment_panel
    from jupyter_lifecycle.widgets.opening import features_panel as features_panel
    from jupyter_lifecycle.widgets.opening import fleet_panel as fleet_panel
    from jupyter_lifecycle.widgets.opening import layers_panel as layers_panel
    from jupyter_lifecycle.widgets.opening import monitor_panel as monitor_panel
    from jupyter_lifecycle.widgets.opening import registry_panel as registry_panel
    from jupyter_lifecycle.widgets.opening import save_panel as save_panel
    from jupyter_lifecycle.widgets.opening import tag_panel as tag_panel
    from jupyter_lifecycle.widgets.opening import trend_panel as trend_panel

_HOME = {
    "Explorer": "explorer",
    "ExplorerSource": "explorer",
    "Comparison": "comparison",
    "compare": "comparison",
    "compare_panel": "opening",
    "dashboard_links": "dashboards",
    "deploy_panel": "opening",
    "explore": "explorer",
    "experiment_panel": "opening",
    "features_panel": "opening",
    "fleet_panel": "opening",
    "trend_panel": "opening",
    "layers_panel": "opening",
    "monitor_panel": "opening",
    "registry_panel": "opening",
    "save_panel": "opening",
    "tag_panel": "opening",
}

__all__ = sorted(_HOME)  # noqa: PLE0605 - one list of names, not two


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
