"""What a code object does and which names it needs, read from its instructions.

The instructions are what runs: source may have changed on disk since it was imported, or be
missing. Line numbers, comments, docstrings and the names of functions are no part of the digest.
"""

from __future__ import annotations

import dis
import linecache
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from jupyter_lifecycle.hashing.digest import combine
from jupyter_lifecycle.hashing.values import SCALARS, scalar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

_OP: Final = dis.opmap
_EXTENDED: Final = _OP["EXTENDED_ARG"]
_LOADS_CONST: Final = _OP["LOAD_CONST"]
_MODERN: Final = sys.version_info >= (3, 12)

_SKIP: Final = frozenset(
    _OP[name]
    for name in ("CACHE", "PRECALL", "PUSH_NULL", "NOP", "RESUME", "COPY_FREE_VARS", "NOT_TAKEN")
    if name in _OP
)
_GLOBALS: Final = frozenset(
    _OP[name] for name in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS") if name in _OP
)
_DEREFS: Final = frozenset(
    _OP[name]
    for name in ("LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF", "LOAD_CLOSURE")
    if name in _OP
)
_ATTRIBUTES: Final = frozenset(_OP[name] for name in ("LOAD_ATTR", "LOAD_METHOD") if name in _OP)
_CALLS: Final = frozenset(_OP[name] for name in ("CALL", "CALL_KW", "CALL_FUNCTION") if name in _OP)
_WRITES: Final = frozenset(_OP[name] for name in ("STORE_GLOBAL", "DELETE_GLOBAL"))


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that code needs from outside, with the attributes that it reads of it at once.

    ``np.random.default_rng(7)`` is ``global``, ``np``, ``("random", "default_rng")`` and seeded.
    """

    scope: str
    """``global``, ``closure``, ``import`` or ``write``."""
    name: str
    attributes: tuple[str, ...] = ()
    seeded: bool = False
    """Whether it's called at once with a first argument that isn't None."""


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """All that is known of a code object from itself alone."""

    digest: bytes
    references: tuple[Reference, ...]
    attributes: frozenset[str]
    """Every attribute and method name that it reads of anything."""
    text: str


_known: dict[int, tuple[CodeType, CodeFacts]] = {}
_MOST: Final = 20_000


def inspect_code(code: CodeType) -> CodeFacts:
    """Read a code object; remembered for as long as it's the same object.

    Parameters
    ----------
    code : CodeType
        Of a function, a class body or a module.

    Returns
    -------
    CodeFacts
        Its digest and the names that it and the code nested in it need.
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
    references: dict[Reference, None] = {}
    attributes: set[str] = set()
    todo = [code]
    while todo:
        current = todo.pop()
        instructions = list(_instructions(current))
        nested: list[CodeType] = []
        pieces.append(_digest(current, instructions, nested))
        references |= dict.fromkeys(_references(current, instructions))
        attributes.update(_name(current, op, arg) for op, arg in instructions if op in _ATTRIBUTES)
        todo.extend(reversed(nested))
    return CodeFacts(
        combine("bytecode", *pieces), tuple(references), frozenset(attributes), source_of(code)
    )


def _instructions(code: CodeType) -> Iterator[tuple[int, int]]:
    raw = code.co_code
    high = 0
    for position in range(0, len(raw), 2):
        op = raw[position]
        arg = raw[position + 1] | high
        if op == _EXTENDED:
            high = arg << 8
            continue
        high = 0
        if op not in _SKIP:
            yield op, arg


def _digest(code: CodeType, instructions: list[tuple[int, int]], nested: list[CodeType]) -> bytes:
    """Digest one code object; code nested in it is handed out in the order of its use."""
    order: dict[int, int] = {}
    operations = []
    for op, arg in instructions:
        value = order.setdefault(arg, len(order)) if op == _LOADS_CONST else arg
        operations.append(op | value << 8)
    constants = []
    for position in order:
        value = code.co_consts[position]
        if hasattr(value, "co_code"):
            nested.append(value)
            constants.append(b"code")
        else:
            constants.append(_constant(value))
    rest = [c for i, c in enumerate(code.co_consts) if i not in order and hasattr(c, "co_code")]
    nested.extend(rest)
    counts = (
        code.co_argcount,
        code.co_posonlyargcount,
        code.co_kwonlyargcount,
        code.co_flags & 0xFF,
    )
    return combine(
        "instructions",
        sys.implementation.cache_tag.encode() if sys.implementation.cache_tag else b"",
        scalar(counts),
        scalar(operations),
        scalar(code.co_names),
        scalar(code.co_varnames),
        scalar(code.co_freevars),
        scalar(code.co_cellvars),
        code.co_exceptiontable,
        *constants,
    )


def _constant(value: Any) -> bytes:
    if type(value) is tuple and not SCALARS.issuperset(map(type, value)):
        return combine("tuple", *map(_constant, value))
    if type(value) is frozenset:
        return combine("frozenset", *sorted(map(_constant, value)))
    return scalar(value)


def _name(code: CodeType, op: int, arg: int) -> str:
    if op in _DEREFS:
        return _local_name(code, arg)
    shift = 0
    if op == _OP["LOAD_GLOBAL"] or (_MODERN and op == _OP["LOAD_ATTR"]):
        shift = 1
    return str(code.co_names[arg >> shift])


def _local_name(code: CodeType, arg: int) -> str:
    """Name of a cell: cells that are arguments share their slot with the argument."""
    cells = tuple(name for name in code.co_cellvars if name not in code.co_varnames)
    return str((code.co_varnames + cells + code.co_freevars)[arg])


def _references(code: CodeType, instructions: list[tuple[int, int]]) -> Iterator[Reference]:
    stop = len(instructions)
    position = 0
    while position < stop:
        op, arg = instructions[position]
        position += 1
        if op in _GLOBALS or (op in _DEREFS and _local_name(code, arg) in code.co_freevars):
            scope = "global" if op in _GLOBALS else "closure"
            name = _name(code, op, arg)
            chain, after = _chain(code, instructions, position)
            found = _through_getattr(code, instructions, position) if name == "getattr" else None
            if found is not None:
                yield Reference(scope, name)
                yield found[0]
                position = found[1]
                continue
            position = after
            yield Reference(scope, name, chain, _is_seeded(code, instructions, after))
        elif op == _OP["IMPORT_NAME"]:
            yield from _imports(code, instructions, position)
        elif op in _WRITES:
            yield Reference("write", str(code.co_names[arg]))


def _chain(
    code: CodeType, instructions: list[tuple[int, int]], position: int
) -> tuple[tuple[str, ...], int]:
    names = []
    while position < len(instructions) and instructions[position][0] in _ATTRIBUTES:
        names.append(_name(code, *instructions[position]))
        position += 1
    return tuple(names), position


def _through_getattr(
    code: CodeType, instructions: list[tuple[int, int]], position: int
) -> tuple[Reference, int] | None:
    """``getattr(module, "name")`` with a constant name reads ``module.name``."""
    if position >= len(instructions) or instructions[position][0] not in _GLOBALS:
        return None
    name = _name(code, *instructions[position])
    chain, after = _chain(code, instructions, position + 1)
    if after >= len(instructions) or instructions[after][0] != _LOADS_CONST:
        return None
    attribute = code.co_consts[instructions[after][1]]
    if not isinstance(attribute, str):
        return None
    return Reference("global", name, (*chain, attribute)), after + 1


def _is_seeded(code: CodeType, instructions: list[tuple[int, int]], position: int) -> bool:
    """Whether what follows is a call with a first argument that isn't a literal None."""
    if position >= len(instructions):
        return False
    op, arg = instructions[position]
    if op == _LOADS_CONST:
        return code.co_consts[arg] is not None
    return op not in _CALLS and dis.opname[op].startswith("LOAD_")


def _imports(
    code: CodeType, instructions: list[tuple[int, int]], position: int
) -> Iterator[Reference]:
    module = str(code.co_names[instructions[position - 1][1]])
    names = []
    for op, arg in instructions[position:]:
        if op == _OP["IMPORT_FROM"]:
            names.append(str(code.co_names[arg]))
        elif not dis.opname[op].startswith("STORE_"):
            break
    level = _import_level(code, instructions, position)
    module = "." * level + module
    if not names:
        yield Reference("import", module)
    for name in names:
        yield Reference("import", module, (name,))


def _import_level(code: CodeType, instructions: list[tuple[int, int]], position: int) -> int:
    op, arg = instructions[position - 3] if position >= 3 else (0, 0)
    if op == _OP.get("LOAD_SMALL_INT"):
        return arg
    value = code.co_consts[arg] if op == _LOADS_CONST else 0
    return value if isinstance(value, int) else 0


def source_of(code: CodeType) -> str:
    """Return the source text of a code object, empty where there is none.

    Parameters
    ----------
    code : CodeType
        Of a function or lambda.

    Returns
    -------
    str
        Its lines, decorators included; for people to read, never for a key.
    """
    lines = linecache.getlines(code.co_filename)
    first = code.co_firstlineno
    last = max((end or 0 for _, end, _, _ in code.co_positions()), default=0)
    for constant in code.co_consts:
        if hasattr(constant, "co_positions"):
            last = max(last, max((end or 0 for _, end, _, _ in constant.co_positions()), default=0))
    return "".join(lines[first - 1 : last])
