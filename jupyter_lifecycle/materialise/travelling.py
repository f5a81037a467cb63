"""Features on their way to other processes: the user's own code by value, libraries by name.

What was written in a notebook exists nowhere else, and a module beside it may have been edited
since a worker imported it. So all of the user's own modules travel with what they say now; only
what came as a package must be installed where the work is done.
"""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import ComputeError
from jupyter_lifecycle.hashing.packages import home

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

    from jupyter_lifecycle.graph import Feature

_OWN = ("__main__", "jupyter_lifecycle")
_registering = threading.Lock()


def packed(package: Any, features: Mapping[str, Feature], engine: str) -> bytes:
    """Write what features need as bytes.

    Parameters
    ----------
    package : any
        Holds the features.
    features : mapping of str to Feature
        To name the one that cannot travel.
    engine : str
        Where it travels to.

    Returns
    -------
    bytes

    Raises
    ------
    ComputeError
        Names the feature whose function cannot be serialised, and why.
    """
    import cloudpickle

    with by_value():
        try:
            return bytes(cloudpickle.dumps(package, 5))
        except Exception as error:
            raise _refusal(features, engine, error) from error


def _refusal(features: Mapping[str, Feature], engine: str, error: Exception) -> ComputeError:
    import cloudpickle

    for name, feature in features.items():
        try:
            cloudpickle.dumps(feature, 5)
        except Exception as own:  # noqa: BLE001 - pickling runs the objects' own code
            return ComputeError(
                f"{name} ({feature.origin.label}) cannot be sent to {engine}: what its function "
                f"uses cannot be serialised ({type(own).__name__}: {own}). Open connections, files "
                "and locks inside the function, not outside.",
                name=name,
            )
    return ComputeError(
        f"The features cannot be sent to {engine}: {type(error).__name__}: {error}."
    )


@contextmanager
def by_value() -> Iterator[None]:
    """Let cloudpickle write the user's own modules by value; one thread at a time."""
    import cloudpickle

    with _registering:
        already = cloudpickle.list_registry_pickle_by_value()
        mine = [module for module in _user_modules() if module.__name__ not in already]
        for module in mine:
            cloudpickle.register_pickle_by_value(module)
        try:
            yield
        finally:
            for module in mine:
                cloudpickle.unregister_pickle_by_value(module)


def _user_modules() -> list[ModuleType]:
    return [
        module
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] not in _OWN
        and getattr(module, "__name__", None) == name
        and home(name).kind == "user"
    ]
