"""Where packages come from: what the user configured for pip, said to uv, which does not read it.

What is configured for uv itself (``UV_…`` variables, ``uv.toml``) comes first and is left alone.
"""

from __future__ import annotations

import configparser
import os
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_UV_OWN = {
    "index-url": ("UV_DEFAULT_INDEX", "UV_INDEX_URL"),
    "extra-index-url": ("UV_INDEX", "UV_EXTRA_INDEX_URL"),
    "find-links": ("UV_FIND_LINKS",),
    "no-index": ("UV_NO_INDEX",),
    "cert": ("SSL_CERT_FILE",),
    "trusted-host": ("UV_INSECURE_HOST",),
    "timeout": ("UV_HTTP_TIMEOUT",),
    "proxy": ("HTTPS_PROXY", "ALL_PROXY"),
}
_SECRET = re.compile(r"(?<=://)[^/@\s]+@")


def pip_settings(environ: Mapping[str, str], files: Iterable[Path]) -> dict[str, str]:
    """Read what pip would go by: its files in order, then its environment variables.

    Parameters
    ----------
    environ : Mapping
        Environment variables; ``PIP_…`` count.
    files : iterable of pathlib.Path
        Configuration files, the weakest first; those that do not exist are passed over.

    Returns
    -------
    dict
        Option to value, options without their dashes in front; only those that uv needs to know.
    """
    settings: dict[str, str] = {}
    for file in files:
        parser = configparser.RawConfigParser()
        try:
            parser.read(file, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue  # pip itself will say so; a service's environment can do without it
        for section in ("global", "install"):
            if parser.has_section(section):
                settings |= {k.replace("_", "-"): v.strip() for k, v in parser.items(section)}
    for name, value in environ.items():
        if name.startswith("PIP_") and value.strip():
            settings[name[4:].lower().replace("_", "-")] = value.strip()
    settings["timeout"] = settings.get("timeout") or settings.get("default-timeout", "")
    return {option: settings[option] for option in _UV_OWN if settings.get(option)}


def pip_files(environ: Mapping[str, str]) -> list[Path]:
    """List pip's configuration files for this user and interpreter, the weakest first."""
    if environ.get("PIP_CONFIG_FILE") == os.devnull:
        return []
    shared = environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(os.pathsep)
    home = Path.home()
    own = Path(environ.get("XDG_CONFIG_HOME", home / ".config")) / "pip" / "pip.conf"
    mac = "Library/Application Support/pip/pip.conf"
    files = [Path(folder) / "pip" / "pip.conf" for folder in shared]
    files += [Path("/") / mac, Path("/etc/pip.conf"), home / ".pip" / "pip.conf", home / mac, own]
    files.append(Path(sys.prefix) / "pip.conf")
    if named := environ.get("PIP_CONFIG_FILE"):
        files.append(Path(named))
    return files


def uv_configured(environ: Mapping[str, str]) -> bool:
    """Whether a ``uv.toml`` of the user or the machine says where packages come from."""
    config = Path(environ.get("XDG_CONFIG_HOME", Path.home() / ".config"))
    files = [Path("/etc/uv/uv.toml"), config / "uv" / "uv.toml"]
    if named := environ.get("UV_CONFIG_FILE"):
        files = [Path(named)]
    words = {"index", "index-url", "extra-index-url", "find-links", "no-index"}
    for file in files:
        try:
            settings = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue  # not there, or uv says itself what is wrong with it
        if words & {*settings, *settings.get("pip", {})}:
            return True
    return False


def uv_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Make the environment variables for uv, with pip's settings where uv has none of its own.

    Parameters
    ----------
    environ : Mapping
        The variables of this process.

    Returns
    -------
    dict
        A copy with ``UV_…`` variables added.
    """
    result = dict(environ)
    for name in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"):
        result.pop(name, None)
    if uv_configured(environ):
        return result
    for option, value in pip_settings(environ, pip_files(environ)).items():
        names = _UV_OWN[option]
        if any(environ.get(name) for name in names):
            continue
        said = " ".join(value.split())
        if option == "find-links":
            said = ",".join(said.split())
        if option == "no-index" and said.lower() in {"0", "false", "no", "off"}:
            continue
        result[names[0]] = said
    # pip takes the best version of all its indexes, so the pinned one may lie in any of them.
    result.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    return result


def without_secrets(text: str) -> str:
    """Strike user names and passwords out of addresses, so that text may be shown."""
    return _SECRET.sub("***@", text)
