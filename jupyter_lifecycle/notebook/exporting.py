"""``%export``: the notebook's features as a file that production imports."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_lifecycle.errors import LifecycleError
from jupyter_lifecycle.interop.export import module_source
from jupyter_lifecycle.widgets.words import count

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jupyter_lifecycle.graph import FeatureGraph
    from jupyter_lifecycle.interop.export import Flavour


def export(graph: FeatureGraph, path: str, cells: Iterable[str], modifiers: Flavour) -> str:
    """Write a module, whole or not at all.

    Parameters
    ----------
    graph : FeatureGraph
        What it defines.
    path : str
        Ends with ``.py``; what stands there is replaced.
    cells : iterable of str
        What ran before, the last one last.
    modifiers : {"jupyter_lifecycle", "hamilton"}
        Whose modifiers it imports.

    Returns
    -------
    str
        What was written, and who can load it.

    Raises
    ------
    LifecycleError
        If the path is no Python file's, or there are no features.
    FeatureDefinitionError
        If something cannot be written.
    """
    target = Path(path).expanduser()
    if target.suffix != ".py" or not target.stem.isidentifier():
        raise LifecycleError(
            f"{path} is no module that can be imported. Write a name such as my_features.py."
        )
    if not graph.features:
        raise LifecycleError("There are no features to export yet. Define some with %%feature.")
    doc = f"Features, exported from a notebook: {count(len(graph), 'feature')}."
    text = module_source(graph, cells=cells, modifiers=modifiers, doc=doc)
    _write(target, text)
    loads = "" if needs_us(text) else "; Hamilton loads it too"
    return f"Wrote {target}: {count(len(graph), 'feature')}{loads}."


def needs_us(text: str) -> bool:
    """Tell whether a module uses modifiers that Hamilton would not see."""
    lines = [line for line in text.splitlines() if line.startswith("from jupyter_lifecycle")]
    return any(not line.endswith("import feature") for line in lines)


def _write(target: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}-", suffix=".py")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.chmod(0o644)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
