"""Whether two definitions are the same code: what a cell that ran again did not change."""

from __future__ import annotations

from opcode import hasconst
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_lifecycle.graph.feature import Feature

_PLAIN = (int, float, complex, bool, str, bytes, type(None))


def same_code(one: Feature, other: Feature) -> bool:
    """Whether both compute the same from the same parameters, whatever they are called.

    Compared are byte code, constants, defaults and closures, not comments, docstrings or line
    numbers. Both must live in one namespace, so that global names mean the same to both. Where
    it cannot be told, the answer is no.
    """
    mine, theirs = one.function, other.function
    if mine is theirs or one.cache != other.cache:
        return one.cache == other.cache
    if type(mine) is not FunctionType or type(theirs) is not FunctionType:
        return False
    return (
        mine.__globals__ is theirs.__globals__
        and "__wrapped__" not in mine.__dict__
        and "__wrapped__" not in theirs.__dict__
        and _same_value(mine.__defaults__, theirs.__defaults__)
        and _same_value(_items(mine.__kwdefaults__), _items(theirs.__kwdefaults__))
        and _same_closure(mine, theirs)
        and _same_shape(mine.__code__, theirs.__code__)
        and _same_value(_constants(mine), _constants(theirs))
    )


def _items(mapping: dict[str, Any] | None) -> tuple[tuple[str, Any], ...] | None:
    return None if mapping is None else tuple(sorted(mapping.items()))


def _same_closure(mine: FunctionType, theirs: FunctionType) -> bool:
    one, other = mine.__closure__ or (), theirs.__closure__ or ()
    if len(one) != len(other):
        return False
    try:
        return all(
            _same_value(a.cell_contents, b.cell_contents) for a, b in zip(one, other, strict=True)
        )
    except ValueError:  # a cell that is not filled yet
        return False


def _same_value(one: Any, other: Any) -> bool:
    """Equality that can be trusted: type by type, never a library's ``==``."""
    pending = [(one, other)]
    while pending:
        a, b = pending.pop()
        if a is b:
            continue
        if type(a) is not type(b):
            return False
        if type(a) is CodeType:
            if not _same_shape(a, b):
                return False
            pending.append((a.co_consts, b.co_consts))
        elif type(a) is tuple:
            if len(a) != len(b):
                return False
            pending.extend(zip(a, b, strict=True))
        elif type(a) is frozenset:
            if {(type(each), each) for each in a} != {(type(each), each) for each in b}:
                return False
        elif not isinstance(a, _PLAIN) or repr(a) != repr(b):  # repr tells 0.0 from -0.0
            return False
    return True


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
