"""Which modules are the user's own, so that they travel with the model by value.

A module is a library's where its file lies in the interpreter's library folders or belongs to an
installed distribution; editable installs and everything beside the notebook are local.
"""

from __future__ import annotations

import site
import sys
import sysconfig
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

_OURS = "jupyter_lifecycle"
_MAIN = frozenset({"__main__", "__mp_main__"})


@cache
def library_folders() -> tuple[str, ...]:
    """Folders whose modules are installed, not local; each ends with a separator."""
    found = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    found += [*site.getsitepackages(), site.getusersitepackages()]
    folders = {str(Path(path)) for path in found} | {str(Path(path).resolve()) for path in found}
    return tuple(sorted(f"{folder}/" for folder in folders))


@cache
def _installed_beside(folder: str) -> frozenset[str]:
    """Top-level names of distributions that lie in a folder of their own on ``sys.path``."""
    if not any(Path(folder).glob("*.dist-info")):
        return frozenset()
    return frozenset(metadata.packages_distributions())


def is_local(name: str, file: str | None) -> bool:
    """Whether a module is the user's own.

    Parameters
    ----------
    name : str
        Its full name.
    file : str or None
        Its ``__file__``; None for builtins and namespaces, which are not.
    """
    top = name.partition(".")[0]
    if not file or top == _OURS or top in _MAIN or not file.endswith(".py"):
        return False
    if file.startswith(library_folders()) or top in sys.stdlib_module_names:
        return False
    if "." in name and _file_of(top).startswith(library_folders()):
        return False  # a library made it while it ran, as PyTorch does
    above = Path(file).parents
    root = above[min(len(above) - 1, name.count(".") + (Path(file).name == "__init__.py"))]
    return top not in _installed_beside(str(root))


def _file_of(name: str) -> str:
    return getattr(sys.modules.get(name), "__file__", None) or ""


def local_modules() -> tuple[str, ...]:
    """Names of the user's own modules that are imported now, sorted."""
    found = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and is_local(name, file):
            found.append(name)
    return tuple(sorted(found))


def library_modules(tops: Container[str] | None = None) -> list[str]:
    """Names of the installed modules that are imported now: what another process may import.

    Parameters
    ----------
    tops : container of str, optional
        Only modules of these top-level packages.
    """
    folders = library_folders()
    return [
        name
        for name, module in list(sys.modules.items())
        if (tops is None or name.partition(".")[0] in tops)
        and isinstance(file := getattr(module, "__file__", None), str)
        and file.startswith(folders)
        and not name.endswith("__main__")
        and getattr(module, "__name__", None) == name
    ]


@contextmanager
def by_value(names: tuple[str, ...]) -> Iterator[None]:
    """Let cloudpickle carry these modules' code by value; what was registered before stays so."""
    import cloudpickle

    before = cloudpickle.list_registry_pickle_by_value()
    added = [sys.modules[name] for name in names if name in sys.modules and name not in before]
    for module in added:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in added:
            cloudpickle.unregister_pickle_by_value(module)
