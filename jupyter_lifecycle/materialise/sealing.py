"""Values on their way between processes: an object of the user's own class stays one of that class.

An engine has a serialiser of its own, and where it meets a class of the notebook it either finds no
such class or makes a second one, of which nothing is an instance. So whatever may hold objects of
such classes travels as bytes that we wrote and that we read; numbers, texts, arrays and columns of
them are left to the engine, which carries them without a copy.
"""

from __future__ import annotations

import pickle
from typing import Any

from jupyter_lifecycle.errors import ComputeError
from jupyter_lifecycle.materialise.travelling import by_value

_SCALARS = frozenset({int, float, str, bool, bytes, complex, type(None)})
_MISSING = object()


class Sealed:
    """A value as bytes; opened once in each process that has it."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._value: Any = _MISSING

    def open(self) -> Any:
        """Return the value."""
        if self._value is _MISSING:
            self._value = pickle.loads(self._data)  # noqa: S301 - what the user's own session sent
        return self._value

    def __reduce__(self) -> tuple[type[Sealed], tuple[bytes]]:
        return Sealed, (self._data,)

    def __sizeof__(self) -> int:
        return 100 + len(self._data)


def sealed(value: Any) -> Any:
    """Return a value as it may be given to an engine's serialiser: as it is, or :class:`Sealed`.

    Parameters
    ----------
    value : any

    Returns
    -------
    any
    """
    if _is_plain(value):
        return value
    import cloudpickle

    return Sealed(cloudpickle.dumps(value, 5))


def sealed_source(name: str, value: Any, engine: str) -> Any:
    """Do the same with a source of a computation, and with modules beside the notebook.

    Parameters
    ----------
    name : str
    value : any
    engine : str
        Where it travels to.

    Returns
    -------
    any

    Raises
    ------
    ComputeError
        If it cannot be serialised.
    """
    if _is_plain(value):
        return value
    try:
        with by_value():
            return sealed(value)
    except Exception as error:
        raise ComputeError(
            f"{name} (a {type(value).__name__}) cannot be sent to {engine}: it cannot be "
            f"serialised ({type(error).__name__}: {error}). Give what it is made from instead, and "
            "make it in a feature.",
            name=name,
        ) from error


def unsealed(value: Any) -> Any:
    """Return a value as it was before it was sealed."""
    return value.open() if isinstance(value, Sealed) else value


def _is_plain(value: Any) -> bool:
    import numpy as np
    import pandas as pd

    kind = type(value)
    if kind in _SCALARS or isinstance(value, np.generic):
        return True
    if kind is np.ndarray:
        return not value.dtype.hasobject
    if kind is pd.Series:
        return not value.attrs and not any(map(_holds_objects, (value.dtype, value.index.dtype)))
    if kind is pd.DataFrame:
        types = [*value.dtypes, value.index.dtype, value.columns.dtype]
        return not value.attrs and not any(map(_holds_objects, types))
    return False


def _holds_objects(dtype: Any) -> bool:
    import numpy as np

    categories = getattr(dtype, "categories", None)
    if categories is not None:
        return _holds_objects(categories.dtype)
    return isinstance(dtype, np.dtype) and dtype.hasobject
