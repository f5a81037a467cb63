"""Tags as chips, with a field that completes what was used before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import anywidget
from traitlets import Bool, Dict, List, Unicode

from jupyter_lifecycle.widgets.bundle import built

if TYPE_CHECKING:
    from collections.abc import Mapping


class Chips(anywidget.AnyWidget):
    """Tags that can be added and removed.

    In the mode ``direct`` the trait ``tags`` is what the person wants. In the mode ``pending`` it
    is what the registry has, and ``pending`` and ``removed`` hold the changes until they are
    applied.
    """

    _esm = Unicode().tag(sync=True)
    kind = Unicode("chips").tag(sync=True)
    label = Unicode("Tags").tag(sync=True)
    mode = Unicode("direct").tag(sync=True)
    tags = Dict(key_trait=Unicode(), value_trait=Unicode()).tag(sync=True)
    pending = Dict(key_trait=Unicode(), value_trait=Unicode()).tag(sync=True)
    removed = List(Unicode()).tag(sync=True)
    serving = List(Unicode()).tag(sync=True)
    known = Dict(key_trait=Unicode(), value_trait=List(Unicode())).tag(sync=True)
    problem = Unicode().tag(sync=True)
    disabled = Bool(default_value=False).tag(sync=True)

    def __init__(
        self, tags: Mapping[str, str], *, mode: Literal["direct", "pending"], label: str = "Tags"
    ) -> None:
        super().__init__(_esm=built("panels.js"), tags=dict(tags), mode=mode, label=label)
