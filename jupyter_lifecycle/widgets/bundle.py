"""The built front end of the panels, read when the first panel is made and not at import."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jupyter_lifecycle.errors import LifecycleError


@cache
def built(name: str) -> str:
    """Read a built file of the front end.

    Parameters
    ----------
    name : str
        Such as ``panels.js``.

    Raises
    ------
    LifecycleError
        Where it was not built: only in a checkout, the wheel has it.
    """
    path = files("jupyter_lifecycle") / "widgets" / "static" / name
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise LifecycleError(
            f"{name} of the panels is not built. In a checkout: cd labextension && npm ci && "
            "npm run build. An installed wheel has it."
        ) from None
