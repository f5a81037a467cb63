"""Whether Hamilton makes of an exported module what it is exported from."""

from __future__ import annotations

import linecache
import sys
from types import ModuleType
from typing import TYPE_CHECKING
from uuid import uuid4

from jupyter_lifecycle.errors import FeatureDefinitionError
from jupyter_lifecycle.interop.hamilton import node_names

if TYPE_CHECKING:
    from jupyter_lifecycle.graph import FeatureGraph


def refuse_unlike(graph: FeatureGraph, text: str) -> None:
    """Have Hamilton load a module whose modifiers became Hamilton's.

    Parameters
    ----------
    graph : FeatureGraph
        What the module is exported from.
    text : str
        The module.

    Raises
    ------
    FeatureDefinitionError
        If Hamilton refuses the module, with its reason, or makes no node of a feature's name.
    """
    name = f"exported_features_{uuid4().hex}"
    place = f"<{name}>"
    module = ModuleType(name)
    linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)
    sys.modules[name] = module
    try:
        exec(compile(text, place, "exec", dont_inherit=True), vars(module))  # noqa: S102 - the user's own
        found = node_names(module, config=graph.config)
    except FeatureDefinitionError as error:
        reason = error.message.replace(name, "the module")
        raise FeatureDefinitionError(
            f"These features cannot be exported for Hamilton. {reason} Export them for "
            "jupyter_lifecycle, or write what Hamilton asks for."
        ) from error
    except Exception as error:
        raise FeatureDefinitionError(
            "These features cannot be exported for Hamilton, whose modifiers refuse them: "
            f"{type(error).__name__}: {str(error).rstrip('.')}. Export them for jupyter_lifecycle."
        ) from error
    finally:
        del sys.modules[name]
        linecache.cache.pop(place, None)
    for each in graph.features:
        if each not in found:
            raise FeatureDefinitionError(
                f"{each} cannot be exported for Hamilton, which makes no node of that name of the "
                "same functions. Export it for jupyter_lifecycle.",
                feature=each,
            )
