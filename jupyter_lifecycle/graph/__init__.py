"""Features and their graph: knows no data, no storage and no engine. See docs/architecture.md."""

from __future__ import annotations

from jupyter_lifecycle.graph.definition import feature, make_feature
from jupyter_lifecycle.graph.edit import Delta
from jupyter_lifecycle.graph.feature import MISSING, Feature, Origin, Parameter
from jupyter_lifecycle.graph.graph import FeatureGraph
from jupyter_lifecycle.graph.near import NearNames

__all__ = [
    "MISSING",
    "Delta",
    "Feature",
    "FeatureGraph",
    "NearNames",
    "Origin",
    "Parameter",
    "feature",
    "make_feature",
]
