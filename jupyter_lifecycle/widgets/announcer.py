"""The small widget that every panel contains: live regions, clicks on marks, focus, stylesheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anywidget
from traitlets import Unicode

from jupyter_lifecycle.widgets.bundle import built

if TYPE_CHECKING:
    from collections.abc import Callable


class Announcer(anywidget.AnyWidget):
    """What plain ipywidgets cannot do for a panel.

    It carries the panels' one stylesheet; says a message politely and an alert at once; sends the
    ``data-jl`` value of what was clicked in any HTML of the panel; puts the focus where asked.
    """

    _esm = Unicode().tag(sync=True)
    _css = Unicode().tag(sync=True)
    kind = Unicode("announcer").tag(sync=True)
    message = Unicode().tag(sync=True)
    alert = Unicode().tag(sync=True)
    focus = Unicode().tag(sync=True)

    def __init__(self, clicked: Callable[[str], None]) -> None:
        super().__init__(_esm=built("panels.js"), _css=built("panels.css"), _view_count=0)
        self._clicked = clicked
        self._asked = 0
        self.on_msg(self._heard)

    def ask_focus(self, selector: str) -> None:
        """Put the focus on the first element of the panel that the CSS selector matches."""
        self._asked += 1
        self.focus = f"{selector} #{self._asked}"

    def _heard(self, _: object, content: Any, __: object) -> None:
        if isinstance(content, dict) and isinstance(content.get("value"), str):
            self._clicked(content["value"])
