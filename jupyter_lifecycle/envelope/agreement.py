"""Whether two answers are the same: as JSON, numbers to the last bits that threads may change."""

from __future__ import annotations

import math
from typing import Any

_RELATIVE = 1e-6
_ABSOLUTE = 1e-12


def first_difference(here: Any, there: Any, path: str = "the answer") -> str:
    """Where two JSON answers differ, in words; empty where they agree.

    Numbers agree to 1e-6 relative: the order in which threads add differs between processes,
    and single precision keeps no more. Null agrees with null only.

    Parameters
    ----------
    here, there
        JSON values.
    path : str
        How to name what is compared.
    """
    if isinstance(here, list) and isinstance(there, list):
        if len(here) != len(there):
            return f"{path} has {len(here)} values here and {len(there)} there"
        pairs = (
            (f"{path}[{place}]", *pair) for place, pair in enumerate(zip(here, there, strict=True))
        )
        return next(filter(None, (first_difference(a, b, where) for where, a, b in pairs)), "")
    if isinstance(here, dict) and isinstance(there, dict):
        if here.keys() != there.keys():
            return f"{path} has the keys {sorted(here)} here and {sorted(there)} there"
        pairs = ((f"{path}[{key!r}]", here[key], there[key]) for key in here)
        return next(filter(None, (first_difference(a, b, where) for where, a, b in pairs)), "")
    return "" if _equal(here, there) else f"{path} is {here!r} here and {there!r} there"


def _equal(here: Any, there: Any) -> bool:
    if type(here) is float or type(there) is float:
        if isinstance(here, int | float) and isinstance(there, int | float):
            return math.isclose(here, there, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE)
        return False
    return type(here) is type(there) and bool(here == there)
