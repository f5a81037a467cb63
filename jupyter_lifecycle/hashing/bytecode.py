"""What a code object does, read from its instructions.

The instructions are what runs: source may have changed on disk since it was imported, or be
missing. Comments, formatting, line numbers, docstrings and the names of functions are no part of
the digest; it's the same for all patch releases of a Python version, as their compiled files are.
"""

from __future__ import annotations

import dis
import linecache
import marshal
import sys
from dataclasses import dataclass
from functools import partial
from inspect import (
    CO_ASYNC_GENERATOR,
    CO_COROUTINE,
    CO_GENERATOR,
    CO_ITERABLE_COROUTINE,
    CO_VARARGS,
    CO_VARKEYWORDS,
)
from typing import TYPE_CHECKING, Any, Final

from jupyter_lifecycle.hashing.digest import combine, digest
from jupyter_lifecycle.hashing.instructions import Instructions
from jupyter_lifecycle.hashing.names import Names, Reference
from jupyter_lifecycle.hashing.values import SCALARS, scalar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

_FLAGS: Final = (
    CO_VARARGS
    | CO_VARKEYWORDS
    | CO_GENERATOR
    | CO_COROUTINE
    | CO_ITERABLE_COROUTINE
    | CO_ASYNC_GENERATOR
)
"""Flags that say how a function is called; the others say where it stands."""

_WITH_CONSTANT: Final = frozenset(dis.hasconst)
_PYTHON: Final = f"{sys.implementation.cache_tag}"
_READS_LOCALS: Final = frozenset(
    ["locals", "vars", "dir", "query", "eval", "exec", "_getframe", "currentframe", "f_locals"]
)
"""Names by which code reads local variables by their names."""
_MOST: Final = 20_000

_known: dict[int, tuple[CodeType, CodeFacts]] = {}


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """All that is known of a code object, and the code nested in it, from itself alone."""

    digest: bytes
    references: tuple[Reference, ...]
    attributes: frozenset[str]
    """Every attribute and method name that it reads of anything."""
    text: Callable[[], str]
    """Its source, for people to read, never for a key."""


def inspect_code(code: CodeType) -> CodeFacts:
    """Read a code object; remembered for as long as it's the same object.

    Parameters
    ----------
    code : CodeType
        Of a function, a class body or a module.

    Returns
    -------
    CodeFacts
        Its digest and the names that it needs.
    """
    known = _known.get(id(code))
    if known is not None:
        return known[1]
    facts = _inspect(code)
    if len(_known) >= _MOST:
        _known.clear()
    _known[id(code)] = (code, facts)
    return facts


def _inspect(code: CodeType) -> CodeFacts:
    pieces: list[bytes] = []
    names = Names()
    todo = [code]
    while todo:
        current = todo.pop()
        instructions = Instructions(current)
        nested: list[CodeType] = []
        pieces.append(_digest(current, instructions, nested))
        names.read(current, instructions)
        todo.extend(reversed(nested))
    lines = linecache.getlines(code.co_filename)
    return CodeFacts(
        pieces[0] if len(pieces) == 1 else combine("bytecode", *pieces),
        names.references(),
        frozenset(names.attributes),
        partial(_source, code, lines),
    )


def _digest(code: CodeType, instructions: Instructions, nested: list[CodeType]) -> bytes:
    """Digest one code object; code nested in it is handed out in the order of its use.

    Constants count in the order of their use as well: a docstring, which is a constant that
    nothing uses, moves the others.
    """
    order: dict[int, int] = {}
    operations = []
    for op, arg in instructions.settled():
        value = order.setdefault(arg, len(order)) if op in _WITH_CONSTANT else arg
        operations.append(op | value << 8)
    constants = []
    for position in order:
        value = code.co_consts[position]
        if hasattr(value, "co_code"):
            nested.append(value)
            constants.append(b"code")
        else:
            constants.append(_constant(value))
    parts = (
        _PYTHON,
        (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount),
        code.co_flags & _FLAGS,
        operations,
        code.co_names,
        _variables(code),
        code.co_freevars,
        code.co_cellvars,
        instructions.handlers(),
        constants,
    )
    return digest(b"instructions" + marshal.dumps(parts, 2))


def _variables(code: CodeType) -> tuple[str, ...]:
    """Give the names of parameters; those of other local variables where the code can read them."""
    if not _READS_LOCALS.isdisjoint(code.co_names):
        return code.co_varnames
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & CO_VARARGS) + bool(code.co_flags & CO_VARKEYWORDS)
    return code.co_varnames[:count]


def _constant(value: Any) -> bytes:
    if type(value) is tuple and not SCALARS.issuperset(map(type, value)):
        return combine("tuple", *map(_constant, value))
    if type(value) is frozenset:
        return combine("frozenset", *sorted(map(_constant, value)))
    return scalar(value)


def _source(code: CodeType, lines: list[str]) -> str:
    last = 0
    todo = [code]
    while todo:
        current = todo.pop()
        last = max(last, max((end or 0 for _, end, _, _ in current.co_positions()), default=0))
        todo.extend(c for c in current.co_consts if hasattr(c, "co_positions"))
    return "".join(lines[code.co_firstlineno - 1 : last])
