"""The dashboards: which there are, where their notebooks lie, and the links between them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from jupyter_lifecycle.errors import LifecycleError
from jupyter_lifecycle.widgets.markup import Markup, element, join

PAGES: Final = {
    "fleet": "Fleet",
    "monitor": "Monitor",
    "layers": "Layers",
    "registry": "Registry",
    "trend": "Models over time",
    "features": "Features",
}
"""File of each notebook, without its ending, and its title."""

_BAR = "display:flex;flex-wrap:wrap;gap:4px 16px;padding:2px 4px 6px;font:13px/1.6 system-ui"
_LINK = "color:var(--jp-content-link-color,#0067a8)"


class Links:
    """Links from one dashboard to the others.

    Parameters
    ----------
    here : str
        The one that shows them.
    """

    def __init__(self, here: str) -> None:
        self.here = here

    def _repr_html_(self) -> str:
        return str(
            element("nav", join(map(self._link, PAGES)), style=_BAR, aria_label="Dashboards")
        )

    def _link(self, page: str) -> Markup:
        if page == self.here:
            return element("b", PAGES[page], aria_current="page")
        return element("a", PAGES[page], href=f"{page}.ipynb", style=_LINK)

    def __repr__(self) -> str:
        return " · ".join(PAGES.values())


def dashboard_links(here: str) -> Links:
    """Give links from a dashboard to the others: its first line.

    Parameters
    ----------
    here : str
        ``fleet``, ``registry``, ``trend`` or ``features``.
    """
    return Links(here)


def dashboard_folder() -> Path:
    """Find the folder of the dashboards' notebooks.

    Raises
    ------
    LifecycleError
        Where this installation has none.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "dashboards", package.parent / "notebooks" / "dashboards"):
        if (folder / "fleet.ipynb").is_file():
            return folder
    raise LifecycleError(
        f"The notebooks of the dashboards are not in {package}. Install the package anew: its wheel"
        " has them."
    )
