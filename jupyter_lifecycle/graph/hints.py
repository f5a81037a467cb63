"""What an annotation written as text means, without evaluating it.

A module that postpones annotations leaves text, and under ``TYPE_CHECKING`` it may name what does
not exist: whatever is not found is ``Any``.
"""

from __future__ import annotations

import ast
import builtins
import types
from typing import TYPE_CHECKING, Any, Literal, Union

if TYPE_CHECKING:
    from collections.abc import Mapping


def looked_up(text: str, namespace: Mapping[str, Any]) -> Any:
    """Find the type that a text stands for.

    Parameters
    ----------
    text : str
        Names, attributes, subscripts and unions; nothing else counts as understood.
    namespace : mapping of str to any
        Where the annotated function lives.

    Returns
    -------
    type or any
        ``Any`` for what is not understood, also within a generic.

    Examples
    --------
    >>> looked_up("dict[str, Missing] | None", {})
    dict[str, typing.Any] | None
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return Any
    return _meaning(tree, namespace)


def _meaning(node: ast.expr, namespace: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Name):
        return namespace.get(node.id, getattr(builtins, node.id, Any))
    if isinstance(node, ast.Attribute):
        return getattr(_meaning(node.value, namespace), node.attr, Any)
    if isinstance(node, ast.Subscript):
        return _generic(node, namespace)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union(_meaning(node.left, namespace), _meaning(node.right, namespace))
    if isinstance(node, (ast.List, ast.Tuple)):
        parts = [_meaning(each, namespace) for each in node.elts]
        return tuple(parts) if isinstance(node, ast.Tuple) else parts
    return _constant(node.value, namespace) if isinstance(node, ast.Constant) else Any


def _constant(value: Any, namespace: Mapping[str, Any]) -> Any:
    if value is None:
        return types.NoneType
    if isinstance(value, str):
        return looked_up(value, namespace)
    return value if value is ... else Any


def _generic(node: ast.Subscript, namespace: Mapping[str, Any]) -> Any:
    base = _meaning(node.value, namespace)
    if base is Any:
        return Any
    if base is Literal:
        try:
            return Literal[ast.literal_eval(node.slice)]
        except ValueError:  # a member of an enumeration
            return Any
    arguments = _meaning(node.slice, namespace)
    try:
        return base[arguments]
    except (TypeError, AttributeError):
        return base


def _union(one: Any, other: Any) -> Any:
    try:
        return one | other
    except TypeError:  # one of them knows no |
        pass
    try:
        return Union[one, other]  # noqa: UP007 - see above
    except TypeError:  # one of them is no type
        return Any
