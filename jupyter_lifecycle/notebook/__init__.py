"""The notebook's face: the session, its magics and the extension that brings them."""

from __future__ import annotations

from jupyter_lifecycle.notebook.extension import (
    current_session,
    load_ipython_extension,
    open_save_panel,
    show_explorer,
    unload_ipython_extension,
)
from jupyter_lifecycle.notebook.session import Session

__all__ = [
    "Session",
    "current_session",
    "load_ipython_extension",
    "open_save_panel",
    "show_explorer",
    "unload_ipython_extension",
]
