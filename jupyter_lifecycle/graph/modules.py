"""The features of a module: its public functions, in the order in which it defines them."""

from __future__ import annotations

from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import FeatureDefinitionError

if TYPE_CHECKING:
    from collections.abc import Callable


def feature_functions(module: ModuleType) -> list[Callable[..., Any]]:
    """Find the functions that a module defines itself and whose names do not begin with ``_``.

    Parameters
    ----------
    module : module
        An imported module.

    Returns
    -------
    list of callable
        In the order of their definition; what the module imports is not among them.

    Raises
    ------
    FeatureDefinitionError
        If it is no module, or defines no function.
    """
    if not isinstance(module, ModuleType):
        raise FeatureDefinitionError(
            f"from_modules takes imported modules, not {module!r}. Functions go to from_functions."
        )
    own_name = module.__name__
    found = [
        value
        for name, value in vars(module).items()
        if not name.startswith("_")
        and _is_function(value)
        and value.__module__ == own_name
        and value.__name__ == name  # a second name for the same function is no second feature
    ]
    if not found:
        raise FeatureDefinitionError(
            f"Module {own_name} defines no feature: it has no function of its own whose name does "
            "not begin with '_'. Imported functions do not count."
        )
    return found


def _is_function(value: Any) -> bool:
    if isinstance(value, type) or not callable(value):
        return False
    return isinstance(value, FunctionType) or (
        hasattr(value, "__wrapped__")
        and hasattr(value, "__name__")
        and hasattr(value, "__module__")
    )
