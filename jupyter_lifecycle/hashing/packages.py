"""Where a module comes from: the user's own code, the standard library, or an installed package.

Installed packages count by name and version only where they came as a wheel. What was installed
from a folder or is edited in place counts by content, as the user's own code does.
"""

from __future__ import annotations

import json
import site
import sys
import sysconfig
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import jupyter_lifecycle
from jupyter_lifecycle.hashing.digest import combine

if TYPE_CHECKING:
    from types import ModuleType


@dataclass(frozen=True, slots=True)
class Home:
    """Where code lives."""

    kind: Literal["user", "stdlib", "library"]
    name: str
    """Of the distribution; ``python`` for the standard library; empty for the user's code."""
    version: str

    @property
    def text(self) -> str:
        """Name and version, as people write them."""
        return f"{self.name} {self.version}"

    digest: bytes = field(init=False, default=b"")
    """16 bytes; the same for the same name and version."""

    def __post_init__(self) -> None:
        found = combine("package", self.name.encode(), self.version.encode())
        object.__setattr__(self, "digest", found)


USER = Home("user", "", "")
_OWN = Home("library", "jupyter_lifecycle", jupyter_lifecycle.__version__)
STDLIB = Home("stdlib", "python", f"{sys.version_info.major}.{sys.version_info.minor}")


def home(name: str) -> Home:
    """Where a module lives.

    Parameters
    ----------
    name : str
        Dotted name of a module, imported or not.

    Returns
    -------
    Home
        ``user`` where nothing better is known.
    """
    top = name.partition(".")[0]
    if top in {"", "__main__", "__mp_main__"}:
        return USER
    if top == _OWN.name:
        return _OWN
    module = sys.modules.get(top)
    return _home(top, _location(top, module))


def _location(top: str, module: ModuleType | None) -> str | None:
    """Return the file or folder of a top-level module, None for one that was made at run time."""
    if module is not None:
        spec = getattr(module, "__spec__", None)
        origin = getattr(module, "__file__", None) or getattr(spec, "origin", None)
        if origin is None:
            return next(iter(getattr(module, "__path__", [])), None)
        return str(origin)
    if top in sys.builtin_module_names:
        return "built-in"
    found = PathFinder.find_spec(top)
    if found is None:
        return None
    return found.origin or next(iter(found.submodule_search_locations or []), None)


@cache
def _roots() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Folders of installed packages, and of the standard library."""
    paths = sysconfig.get_paths()
    installed = {
        paths["purelib"],
        paths["platlib"],
        *site.getsitepackages(),
        site.getusersitepackages(),
    }
    standard = {paths["stdlib"], paths["platstdlib"]}
    return _real(installed), _real(standard)


def _real(folders: set[str]) -> tuple[str, ...]:
    return tuple(sorted({str(Path(folder).resolve()) for folder in folders} | folders))


def _under(location: str, roots: tuple[str, ...]) -> bool:
    return any(location.startswith((root + "/", root + "\\")) for root in roots)


def is_installed(path: str) -> bool:
    """Tell whether a file belongs to an installed package, by where it lies."""
    return _under(path, _roots()[0])


def is_standard(path: str) -> bool:
    """Tell whether a file belongs to the standard library, by where it lies."""
    return _under(path, _roots()[1]) and not _under(path, _roots()[0])


@cache
def _home(top: str, location: str | None) -> Home:
    if location in {"built-in", "frozen"}:
        return STDLIB
    if location is None:
        return STDLIB if top in sys.builtin_module_names else USER
    installed, standard = _roots()
    if _under(location, installed):
        return _library(top, location)
    if _under(location, standard) and top in sys.stdlib_module_names:
        return STDLIB
    return USER


def _library(top: str, location: str) -> Home:
    found = [_distribution(name) for name in _owners(top, location)]
    if not found or None in found:
        return USER
    named = [item for item in found if item is not None]
    return Home("library", "+".join(n for n, _ in named), "+".join(v for _, v in named))


def _owners(top: str, location: str) -> list[str]:
    """Names of the distributions that a top-level module belongs to."""
    try:
        distribution = metadata.distribution(top)
    except metadata.PackageNotFoundError:
        pass
    else:
        where = str(distribution.locate_file(""))
        if location.startswith(where) and not location.endswith(f"{top}"):
            return [top]
    return sorted(set(_all_owners().get(top, [])))


@cache
def _all_owners() -> dict[str, list[str]]:
    return {top: list(owners) for top, owners in metadata.packages_distributions().items()}


def _distribution(name: str) -> tuple[str, str] | None:
    """Name and version of an installed distribution; None where its content must count."""
    distribution = metadata.distribution(name)
    version = distribution.version
    direct = distribution.read_text("direct_url.json")
    if direct is not None:
        source = json.loads(direct)
        if "dir_info" in source:
            return None
        version += f" ({json.dumps(source, sort_keys=True)})"
    return distribution.metadata["Name"], version


@cache
def runtime() -> tuple[Home, ...]:
    """Return what any answer depends on without naming it: Python and what columns are made of."""
    found = [STDLIB]
    for name in ("numpy", "pandas", "pyarrow"):
        try:
            found.append(Home("library", name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            continue
    return tuple(found)
