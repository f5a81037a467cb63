"""Where a save was made: the notebook and the cell. No part of an envelope's id.

Who knows is outside: the notebook's extension says how to find out, for as long as it is loaded.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

from jupyter_lifecycle.registry.contents import JSON, Content

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Finder = Callable[[], Mapping[str, str]]

KIND: Final = "origin"
_finders: list[Finder] = []


def told_by(finder: Finder) -> None:
    """Ask it from now on for ``notebook``, ``cell`` and ``heading``, empty where unknown."""
    _finders[:] = [finder]


def forget(finder: Finder) -> None:
    """Ask it no longer."""
    if finder in _finders:
        _finders.clear()


def as_artifacts() -> dict[str, Content]:
    """Give the place of the save that runs now as an artifact; none where nobody knows it.

    The name has the content's digest in it: the same place again is no change, another one is
    one more artifact.
    """
    found = _finders[0]() if _finders else {}
    known = {key: value for key, value in found.items() if value}
    if not known:
        return {}
    data = json.dumps(known, sort_keys=True, ensure_ascii=False).encode()
    return {f"origins/{hashlib.sha256(data).hexdigest()[:12]}.json": Content(KIND, JSON, data)}
