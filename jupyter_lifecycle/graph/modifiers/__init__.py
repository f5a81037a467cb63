"""Modifiers, with the field's names: what stands above a function and makes more of it.

Importing a name from here or from :mod:`jupyter_lifecycle.graph` is the same.
"""

from __future__ import annotations

from jupyter_lifecycle.graph.modifiers.checking import check_output, check_output_custom
from jupyter_lifecycle.graph.modifiers.choosing import (
    config,
    exclude,
    resolve,
    resolve_from_config,
)
from jupyter_lifecycle.graph.modifiers.dependencies import configuration, group, source, value
from jupyter_lifecycle.graph.modifiers.expanding import (
    ParameterizedExtract,
    inject,
    parameterize,
    parameterize_extract_columns,
    parameterize_sources,
    parameterize_values,
)
from jupyter_lifecycle.graph.modifiers.extracting import (
    extract_columns,
    extract_fields,
    unpack_fields,
)
from jupyter_lifecycle.graph.modifiers.labelling import at_once, cache, schema, tag, tag_outputs
from jupyter_lifecycle.graph.modifiers.piping import (
    apply_to,
    mutate,
    pipe_input,
    pipe_output,
    step,
)
from jupyter_lifecycle.graph.modifiers.replacing import does
from jupyter_lifecycle.graph.modifiers.resolution import make_features
from jupyter_lifecycle.graph.modifiers.subgraphs import SubdagParams, parameterized_subdag, subdag

__all__ = [
    "ParameterizedExtract",
    "SubdagParams",
    "apply_to",
    "at_once",
    "cache",
    "check_output",
    "check_output_custom",
    "config",
    "configuration",
    "does",
    "exclude",
    "extract_columns",
    "extract_fields",
    "group",
    "inject",
    "make_features",
    "mutate",
    "parameterize",
    "parameterize_extract_columns",
    "parameterize_sources",
    "parameterize_values",
    "parameterized_subdag",
    "pipe_input",
    "pipe_output",
    "resolve",
    "resolve_from_config",
    "schema",
    "source",
    "step",
    "subdag",
    "tag",
    "tag_outputs",
    "unpack_fields",
    "value",
]
