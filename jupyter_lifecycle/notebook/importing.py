"""``%import``: a module's features in the notebook, as they are or as the text of a cell."""

from __future__ import annotations

import importlib
import inspect
import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_lifecycle.errors import LifecycleError
from jupyter_lifecycle.graph import Origin
from jupyter_lifecycle.graph.modules import feature_functions
from jupyter_lifecycle.notebook.definitions import DefinedCell, Definition, code_of

if TYPE_CHECKING:
    from types import ModuleType

MAGIC = "%%feature\n"


class Modules:
    """The modules that a notebook took features from, and their texts at that time.

    A module whose file changed since is loaded again; one that did not is left alone.
    """

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def take(self, name: str) -> ModuleType:
        """Import a module by its name or its file.

        Parameters
        ----------
        name : str
            ``my_features``, ``package.features`` or a path that ends with ``.py``.

        Raises
        ------
        LifecycleError
            If there is no such module, or another one has the file's name.
        Exception
            Whatever the module raises while it is imported.
        """
        importlib.invalidate_caches()
        module = _by_path(Path(name).expanduser()) if name.endswith(".py") else _by_name(name)
        known = self._texts.get(module.__name__)
        text = text_of(module)
        if known is not None and known != text:
            module = _again(module)
        self._texts[module.__name__] = text
        return module


def _again(module: ModuleType) -> ModuleType:
    """Run a module anew, without the names that it had: what its file lost is gone."""
    before = dict(vars(module))
    for name in before:
        if not name.startswith("__"):
            delattr(module, name)
    try:
        return importlib.reload(module)
    except BaseException:
        vars(module).update(before)
        raise


def _by_name(name: str) -> ModuleType:
    try:
        found = find_spec(name) is not None
    except (ImportError, ValueError):  # a package above it is missing, or it is no name
        found = False
    if not found:
        raise LifecycleError(
            f"There is no module {name}. Write its name as in an import, or the path of its file."
        )
    return importlib.import_module(name)


def _by_path(path: Path) -> ModuleType:
    name = path.stem
    if not path.is_file() or not name.isidentifier():
        raise LifecycleError(f"{path} is no file that can be imported.")
    known = sys.modules.get(name)
    if known is not None:
        other = getattr(known, "__file__", None)
        if other is None or Path(other).resolve() != path.resolve():
            raise LifecycleError(
                f"Another module is called {name} already: {other or 'a built-in one'}. "
                f"Rename {path}."
            )
        return known
    spec = spec_from_file_location(name, path.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def text_of(module: ModuleType) -> str:
    """Return a module's source as its file has it now.

    Raises
    ------
    LifecycleError
        Where it has no file of Python.
    """
    path = inspect.getsourcefile(module)
    if path is None:
        raise LifecycleError(f"{module.__name__} has no source: its functions cannot be features.")
    return Path(path).read_text(encoding="utf-8")


def defined_in(module: ModuleType) -> DefinedCell:
    """Return a module's functions as those of a cell.

    Raises
    ------
    FeatureDefinitionError
        If the module defines none.
    """
    functions = []
    for function in feature_functions(module):
        code = code_of(function)
        line = code.co_firstlineno if code is not None else 1
        functions.append(Definition(function.__name__, line, function))
    label = Path(module.__file__ or module.__name__).name
    origin = Origin(label, f"module:{module.__name__}", title=module.__name__)
    return DefinedCell(tuple(functions), origin, {}, None)


def as_cell(module: ModuleType) -> str:
    """Return the text of a ``%%feature`` cell that defines what a module does.

    The whole module: imports, constants and helpers are plain Python in such a cell too.
    """
    return MAGIC + text_of(module).strip() + "\n"
