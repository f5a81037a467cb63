"""What a Hamilton node runs, freed from what it carries and never uses.

Hamilton's decorators answer with closures. These hold nodes, nodes hold their neighbours, and so
each closure reaches the whole graph; functions hold their decorators. A key made from that would
change with every edit anywhere. Here a closure is rebuilt around nodes without neighbours and
functions without decorators: it computes the same, and it's known by what it computes from.
"""

from __future__ import annotations

import copy
import functools
from types import CellType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Final

from jupyter_lifecycle.hashing.packages import home

if TYPE_CHECKING:
    from collections.abc import Callable

_MARKS: Final = frozenset({"__config_decorated__", "__original_name__"})
"""What Hamilton hangs on a function besides its decorators."""


def freed(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a callable that does the same and holds only what it needs.

    Parameters
    ----------
    function : callable
        Of a Hamilton node.

    Returns
    -------
    callable
        The same object where nothing had to go.
    """
    result: Callable[..., Any] = _Freeing().of(function)
    return result


def is_hamiltons(value: Any) -> bool:
    """Tell whether Hamilton itself defines a function or class."""
    return str(getattr(value, "__module__", "")).partition(".")[0] == "hamilton"


def own_functions(function: Callable[..., Any]) -> list[FunctionType]:
    """List the functions of the user's modules that a closure of Hamilton's or ours calls.

    Parameters
    ----------
    function : callable
        What :func:`freed` gave, or a closure around it.

    Returns
    -------
    list of FunctionType
        Those that a module has under a public name, as nodes are.
    """
    found: dict[int, FunctionType] = {}
    pending: list[Any] = [function]
    met: set[int] = set()
    while pending:
        each = pending.pop()
        if id(each) in met:
            continue
        met.add(id(each))
        if isinstance(each, FunctionType) and home(each.__module__ or "").kind == "user":
            if each.__qualname__.isidentifier() and each.__name__[0] != "_":
                found[id(each)] = each
        elif isinstance(each, FunctionType):
            pending += [cell.cell_contents for cell in each.__closure__ or ()]
        elif isinstance(each, functools.partial):
            pending += [each.func, *each.args, *each.keywords.values()]
        elif isinstance(each, (tuple, list)):
            pending += each
        elif isinstance(each, dict):
            pending += each.values()
        elif isinstance(each, MethodType) or is_hamiltons(type(each)):
            pending += [each.__self__] if isinstance(each, MethodType) else vars(each).values()
    return list(found.values())


class _Freeing:
    """One walk through what a callable holds; what is shared stays shared."""

    def __init__(self) -> None:
        from hamilton.function_modifiers.base import NodeTransformLifecycle
        from hamilton.node import Node

        self._node: type = Node
        self._decorator: type = NodeTransformLifecycle
        self._ways: dict[type, Callable[[Any, bool], Any]] = {
            FunctionType: self._function,
            MethodType: self._method,
            functools.partial: self._partial,
            **dict.fromkeys((list, tuple, dict), self._container),
        }
        self._done: dict[tuple[int, bool], Any] = {}
        self._kept: list[Any] = []

    def of(self, value: Any, *, ours: bool = False) -> Any:
        """Free a value; ``ours`` says that only Hamilton's own code reads it."""
        way = self._way(value)
        if way is None:
            return value
        key = (id(value), ours)
        if key not in self._done:
            self._kept.append(value)  # an id is only good while its object lives
            self._done[key] = value  # where a closure holds itself
            self._done[key] = way(value, ours)
        return self._done[key]

    def _way(self, value: Any) -> Callable[[Any, bool], Any] | None:
        kind = type(value)
        if kind is self._node:
            return self._plain_node
        if is_hamiltons(kind) and isinstance(value, self._decorator):
            return self._instance
        return self._ways.get(kind)

    def _function(self, function: FunctionType, _: bool) -> FunctionType:
        ours = is_hamiltons(function)
        cells = [self._cell(cell, ours=ours) for cell in function.__closure__ or ()]
        defaults = self.of(function.__defaults__, ours=ours)
        keywords = self.of(function.__kwdefaults__, ours=ours)
        kept = {
            name: item for name, item in vars(function).items() if not self._is_mark(name, item)
        }
        if (
            all(new is old for new, old in zip(cells, function.__closure__ or (), strict=True))
            and defaults is function.__defaults__
            and keywords is function.__kwdefaults__
            and len(kept) == len(vars(function))
        ):
            return function
        result = FunctionType(
            function.__code__, function.__globals__, function.__name__, defaults, tuple(cells)
        )
        result.__kwdefaults__ = keywords
        result.__annotations__ = function.__annotations__
        result.__doc__, result.__module__ = function.__doc__, function.__module__
        result.__qualname__ = function.__qualname__
        vars(result).update(kept)
        return result

    def _is_mark(self, name: str, item: Any) -> bool:
        decorators = isinstance(item, list) and item and isinstance(item[0], self._decorator)
        return bool(decorators) or name in _MARKS

    def _cell(self, cell: CellType, *, ours: bool) -> CellType:
        try:
            held = cell.cell_contents
        except ValueError:  # not filled yet
            return cell
        found = self.of(held, ours=ours)
        return cell if found is held else CellType(found)

    def _container(self, value: Any, ours: bool) -> Any:
        if type(value) is dict:
            items = {key: self.of(item, ours=ours) for key, item in value.items()}
            return items if any(items[key] is not value[key] for key in value) else value
        found = [self.of(item, ours=ours) for item in value]
        same = all(new is old for new, old in zip(found, value, strict=True))
        return value if same else type(value)(found)

    def _partial(self, value: functools.partial[Any], _: bool) -> functools.partial[Any]:
        # keywords are what the function is called with, so nobody but the function reads them
        function = self.of(value.func)
        ours = is_hamiltons(value.func)
        arguments, keywords = self.of(value.args, ours=ours), self.of(value.keywords, ours=ours)
        return functools.partial(function, *arguments, **keywords)

    def _method(self, value: MethodType, _: bool) -> MethodType:
        owner = self.of(value.__self__, ours=is_hamiltons(value.__func__))
        return value if owner is value.__self__ else MethodType(value.__func__, owner)

    def _plain_node(self, value: Any, ours: bool) -> Any:
        result = copy.copy(value)
        state = vars(result)
        state |= {"_dependencies": [], "_depended_on_by": [], "_originating_functions": None}
        state["_callable"] = self.of(value.callable)
        if ours:
            state |= {"_tags": {}, "_doc": ""}
        return result

    def _instance(self, value: Any, ours: bool) -> Any:
        state = {name: self.of(item, ours=ours) for name, item in vars(value).items()}
        if all(state[name] is item for name, item in vars(value).items()):
            return value
        result = copy.copy(value)
        vars(result).update(state)
        return result
