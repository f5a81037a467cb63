"""Values in short, for people to compare."""

from __future__ import annotations

import re
from reprlib import Repr
from typing import Any

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
"""Where an object lies in memory, which is another place each time."""

_SHORT = Repr()
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = _SHORT.maxset = _SHORT.maxfrozenset = 100
_SHORT.maxstring = _SHORT.maxother = 2_000
_SHORT.maxlong = 200


def summary(value: Any) -> str:
    """Return a value in short.

    Parameters
    ----------
    value : object
        Anything; tables and arrays by their shape alone, so that it's cheap.

    Returns
    -------
    str
        At most a few thousand characters.
    """
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        size = " × ".join(map(str, shape))
        return f"{type(value).__name__} {size}"
    try:
        return _ADDRESS.sub("", _SHORT.repr(value))
    except Exception:  # noqa: BLE001 - the object's own code runs here, and only words are wanted
        return f"<{type(value).__module__}.{type(value).__qualname__}>"
