"""Which remote registries' code this user runs."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jupyter_lifecycle.errors import RegistryError
from jupyter_lifecycle.places import config_home

if TYPE_CHECKING:
    from pathlib import Path


def normal(url: str) -> str:
    """Write the address of a registry in the form in which two are compared.

    Raises
    ------
    RegistryError
        It's no http address.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise RegistryError(
            f"{url!r} is no registry's address. Write it as http://host:8765 or https://host."
        )
    port = f":{parts.port}" if parts.port else ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"


def trusted() -> tuple[str, ...]:
    """Give the addresses that the user trusts.

    Raises
    ------
    RegistryError
        The file that says so cannot be read.
    """
    path = _file()
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return tuple(str(url) for url in found["trusted"])
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RegistryError(f"{path} cannot be read: {error}. Mend it or delete it.") from error


def trust(url: str) -> str:
    """Trust a registry's models from now on; its address in normal form."""
    address = normal(url)
    _write(dict.fromkeys([*trusted(), address]))
    return address


def distrust(url: str) -> bool:
    """Trust it no longer; whether it was."""
    address = normal(url)
    before = trusted()
    _write(dict.fromkeys(one for one in before if one != address))
    return address in before


def is_trusted(url: str) -> bool:
    """Whether the user trusts this registry."""
    return normal(url) in trusted()


def _file() -> Path:
    return config_home() / "trusted.json"


def _write(urls: dict[str, None]) -> None:
    path = _file()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    temporary.write_text(json.dumps({"trusted": list(urls)}, indent=2) + "\n", encoding="utf-8")
    temporary.replace(path)
