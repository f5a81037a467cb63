"""Where this user's files are, by the platform's custom; nothing is made here."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_APP = "jupyter_lifecycle"
REGISTRY_VARIABLE = "JUPYTER_LIFECYCLE_REGISTRY"


def chosen_registry() -> str | None:
    """Give ``$JUPYTER_LIFECYCLE_REGISTRY``, a folder or a server's address, where it is set."""
    return os.environ.get(REGISTRY_VARIABLE) or None


def data_home() -> Path:
    """Give the embedded registry's folder: ``$JUPYTER_LIFECYCLE_HOME``, else the data folder."""
    chosen = os.environ.get("JUPYTER_LIFECYCLE_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    return _platform("XDG_DATA_HOME", ".local/share", "Application Support")


def config_home() -> Path:
    """Where settings are: ``$JUPYTER_LIFECYCLE_HOME``, else the user's configuration folder."""
    chosen = os.environ.get("JUPYTER_LIFECYCLE_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    return _platform("XDG_CONFIG_HOME", ".config", "Application Support")


def cache_home() -> Path:
    """Give the folder of what may be deleted at any time: downloaded envelopes."""
    chosen = os.environ.get("JUPYTER_LIFECYCLE_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute() / "cache"
    return _platform("XDG_CACHE_HOME", ".cache", "Caches")


def _platform(variable: str, unix: str, mac: str) -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / _APP
    if sys.platform == "darwin":
        return Path.home() / "Library" / mac / _APP
    return Path(os.environ.get(variable) or Path.home() / unix) / _APP
