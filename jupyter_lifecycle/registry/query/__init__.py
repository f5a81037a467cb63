"""The query language: from text to a tree; the store turns the tree into bound SQL.

The grammar and what it means stand in docs/registry.md.
"""

from jupyter_lifecycle.registry.query.completing import Completion, Suggestion, complete
from jupyter_lifecycle.registry.query.fields import field_of
from jupyter_lifecycle.registry.query.parse import (
    parse,
    parse_attributes,
    parse_condition,
    parse_order,
)
from jupyter_lifecycle.registry.query.tree import Field, Query

__all__ = [
    "Completion",
    "Field",
    "Query",
    "Suggestion",
    "complete",
    "field_of",
    "parse",
    "parse_attributes",
    "parse_condition",
    "parse_order",
]
