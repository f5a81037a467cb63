"""Features and their graph: knows no data, no storage and no engine. See docs/architecture.md."""

from __future__ import annotations

from jupyter_lifecycle.graph.checks import Check, Verdict
from jupyter_lifecycle.graph.definition import feature, make_feature
from jupyter_lifecycle.graph.edit import Delta
from jupyter_lifecycle.graph.fans import Collect, FanOut
from jupyter_lifecycle.graph.feature import MISSING, Feature, Origin, Parameter
from jupyter_lifecycle.graph.graph import FeatureGraph
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
from jupyter_lifecycle.graph.near import NearNames

__all__ = [
    "MISSING",
    "Check",
    "Collect",
    "Delta",
    "FanOut",
    "Feature",
    "FeatureGraph",
    "NearNames",
    "Origin",
    "Parameter",
    "ParameterizedExtract",
    "SubdagParams",
    "Verdict",
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
    "feature",
    "group",
    "inject",
    "make_feature",
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
