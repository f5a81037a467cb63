"""Whether two definitions are the same code: what a cell that ran again did not change."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from opcode import hasconst
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_lifecycle.graph.feature import Feature

_OWN = __name__.partition(".")[0]
_PLAIN = (int, float, complex, bool, str, bytes, type(None))


def same_code(one: Feature, other: Feature) -> bool:
    """Whether both compute the same from the same parameters, whatever they are called.

    Compared are byte code, constants, defaults and closures, not comments, docstrings or line
    numbers; of checks and how it is cached, all. Both must live in one namespace, so that global
    names mean the same to both. Where it cannot be told, the answer is no.
    """
    if one.cache != other.cache or not _same_value(one.checks, other.checks):
        return False
    mine, theirs = one.function, other.function
    return mine is theirs or (
        type(mine) is FunctionType and type(theirs) is FunctionType and _same_value(mine, theirs)
    )


def _items(mapping: dict[str, Any] | None) -> tuple[tuple[str, Any], ...] | None:
    return None if mapping is None else tuple(sorted(mapping.items()))


def _same_value(one: Any, other: Any) -> bool:
    """Equality that can be trusted: type by type, never a library's ``==``."""
    pending = [(one, other)]
    met: set[tuple[int, int]] = set()
    while pending:
        a, b = pending.pop()
        if a is b or (id(a), id(b)) in met:
            continue
        if type(a) is not type(b):
            return False
        if isinstance(a, _PLAIN):
            if repr(a) != repr(b):  # repr tells 0.0 from -0.0
                return False
        else:
            met.add((id(a), id(b)))
            within = _pairs(a, b)
            if within is None:
                return False
            pending += within
    return True


def _pairs(a: Any, b: Any) -> list[tuple[Any, Any]] | None:
    """Return what must be the same for two values of one type to be; None where they are not."""
    kind = type(a)
    if kind is FunctionType:
        return _function_pairs(a, b)
    if kind is CodeType and _same_shape(a, b):
        return [(a.co_consts, b.co_consts)]
    if kind is tuple:
        return list(zip(a, b, strict=True)) if len(a) == len(b) else None
    if kind is frozenset:
        same = {(type(each), each) for each in a} == {(type(each), each) for each in b}
        return [] if same else None
    return _member_pairs(a, b)


def _member_pairs(a: Any, b: Any) -> list[tuple[Any, Any]] | None:
    if is_dataclass(a) and type(a).__module__.startswith(_OWN):
        return [(getattr(a, each.name), getattr(b, each.name)) for each in fields(a)]
    return None


def _function_pairs(mine: FunctionType, theirs: FunctionType) -> list[tuple[Any, Any]] | None:
    if (
        mine.__globals__ is not theirs.__globals__
        or "__wrapped__" in mine.__dict__
        or "__wrapped__" in theirs.__dict__
        or not _same_shape(mine.__code__, theirs.__code__)
    ):
        return None
    one, other = mine.__closure__ or (), theirs.__closure__ or ()
    if len(one) != len(other):
        return None
    try:
        held = [(a.cell_contents, b.cell_contents) for a, b in zip(one, other, strict=True)]
    except ValueError:  # a cell that is not filled yet
        return None
    return [
        (mine.__defaults__, theirs.__defaults__),
        (_items(mine.__kwdefaults__), _items(theirs.__kwdefaults__)),
        (_constants(mine), _constants(theirs)),
        *held,
    ]


def _same_shape(one: CodeType, other: CodeType) -> bool:
    return (
        one.co_code == other.co_code
        and one.co_names == other.co_names
        and one.co_varnames == other.co_varnames
        and one.co_freevars == other.co_freevars
        and one.co_cellvars == other.co_cellvars
        and one.co_argcount == other.co_argcount
        and one.co_kwonlyargcount == other.co_kwonlyargcount
        and one.co_flags == other.co_flags
    )


def _constants(function: FunctionType) -> tuple[Any, ...]:
    """Return the constants without a docstring, which stands first, unless the code reads it."""
    constants = function.__code__.co_consts
    if not constants or constants[0] is not function.__doc__:
        return constants
    code = function.__code__.co_code
    read = any(code[at] in hasconst and code[at + 1] == 0 for at in range(0, len(code), 2))
    return constants if read and constants[0] is not None else (None, *constants[1:])
