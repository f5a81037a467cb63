"""Whom an experiment is for: the registry's query language, made ready for a service without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.deployment.service.targeting import compile_tree
from jupyter_lifecycle.registry.query import parse_attributes
from jupyter_lifecycle.registry.query.tree import And, Compare, Exists, In, Like, Not, Or

if TYPE_CHECKING:
    from jupyter_lifecycle.experiments.deciding import Condition
    from jupyter_lifecycle.registry.query.tree import Node


def tree_of(text: str) -> list[Any]:
    """Give a condition as nested lists, which a service reads without a parser.

    Parameters
    ----------
    text : str
        Such as ``country in ('de', 'at') and not staff``, over a request's attributes.

    Raises
    ------
    QueryError
        It does not parse; ``detail["position"]`` counts characters.
    """
    node = parse_attributes(text)
    return ["and"] if node is None else _tree(node)


def condition_of(text: str) -> Condition:
    """Give a condition as a function of attributes."""
    return compile_tree(tree_of(text))


def _tree(node: Node) -> list[Any]:
    match node:
        case Not(inner):
            return ["not", _tree(inner)]
        case And(items) | Or(items):
            return ["and" if isinstance(node, And) else "or", *map(_tree, items)]
        case Compare(field, operator, value):
            return [operator, field.key, value]
        case In(field, values):
            return ["in", field.key, list(values)]
        case Like(field, pattern, folded):
            return ["ilike" if folded else "like", field.key, pattern]
        case Exists(field):
            return ["exists", field.key]
