"""The query language: text to a tree (:mod:`parse`), and the tree to bound SQL (:mod:`compile`).

The grammar and what it means stand in docs/registry.md.
"""

from jupyter_lifecycle.registry.query.parse import parse, parse_condition, parse_order
from jupyter_lifecycle.registry.query.tree import Field, Query

__all__ = ["Field", "Query", "parse", "parse_condition", "parse_order"]
