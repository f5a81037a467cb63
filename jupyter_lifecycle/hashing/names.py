"""The names that code needs from outside, with the attributes that it reads of them at once."""

from __future__ import annotations

import dis
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

    from jupyter_lifecycle.hashing.instructions import Instructions

_OP: Final = dis.opmap
_MODERN: Final = sys.version_info >= (3, 12)


def _ops(*names: str) -> frozenset[int]:
    return frozenset(_OP[name] for name in names if name in _OP)


LOAD_CONST: Final = _OP["LOAD_CONST"]
_IMPORT: Final = _OP["IMPORT_NAME"]
_IMPORT_FROM: Final = _OP["IMPORT_FROM"]
_LOAD_GLOBAL: Final = _OP["LOAD_GLOBAL"]
_STORE_FAST: Final = _OP["STORE_FAST"]
_GLOBALS: Final = _ops("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
_DEREFS: Final = _ops("LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF", "LOAD_CLOSURE")
_FASTS: Final = _ops("LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_FAST_BORROW")
_ATTRIBUTES: Final = _ops("LOAD_ATTR", "LOAD_METHOD")
_WRITES: Final = _ops("STORE_GLOBAL", "DELETE_GLOBAL")
_LOADS: Final = frozenset(op for name, op in _OP.items() if name.startswith("LOAD_"))

_STACK: Final = _ops("SWAP", "POP_TOP")
"""What ``import a.b as c`` does between its parts."""

_BY_TEXT: Final = frozenset({"query", "eval"})
"""Methods of frames that find ``@name`` in their text among the caller's names."""

_NAMED_IN_TEXT: Final = re.compile(r"@([^\W\d]\w*)")
_MOMENTS: Final = frozenset({"now", "today"})
_READS_MOMENTS: Final = frozenset({"Timestamp", "to_datetime", "datetime64", "DatetimeIndex"})


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that code needs from outside.

    ``np.random.default_rng(7)`` is global, ``np``, ``("random", "default_rng")`` and seeded.
    """

    scope: Literal["global", "closure", "import", "from", "write", "moment"]
    """``import`` binds a package, ``from`` a module; ``moment`` is a text that means the time."""
    name: str
    attributes: tuple[str, ...] = ()
    seeded: bool = False
    """Whether it's called at once with a first argument that isn't None."""


class Names:
    """Collects the names of a code object and of the code nested in it."""

    def __init__(self) -> None:
        self._found: dict[Reference, None] = {}
        self._text: list[str] = []
        self.attributes: set[str] = set()

    def references(self) -> tuple[Reference, ...]:
        """Give all that was found, each once."""
        if not self.attributes.isdisjoint(_BY_TEXT):
            for text in self._text:
                for name in _NAMED_IN_TEXT.findall(text):
                    self._found[Reference("global", name)] = None
        if not _MOMENTS.isdisjoint(self._text):
            mentioned = self.attributes | {reference.name for reference in self._found}
            for name in sorted(mentioned & _READS_MOMENTS):
                self._found[Reference("moment", name)] = None
        return tuple(self._found)

    def read(self, code: CodeType, instructions: Instructions) -> None:
        """Read one code object.

        Parameters
        ----------
        code : CodeType
            Any.
        instructions : Instructions
            Its own.
        """
        self._text += [c for c in code.co_consts if type(c) is str]
        scan = _Scan(code, instructions)
        read = (step for step in instructions.steps if step[0] in _ATTRIBUTES)
        self.attributes |= {scan.name(*step) for step in read}
        for reference in scan.references():
            self._found[reference] = None


class _Scan:
    """One pass over the instructions of one code object."""

    def __init__(self, code: CodeType, instructions: Instructions) -> None:
        self._code = code
        self._steps = instructions.steps
        self._called = instructions.called
        self._end = len(self._steps)
        self._modules: dict[int, tuple[Literal["import", "from"], str, tuple[str, ...]]] = {}
        """Local variables that hold what an import statement bound, and nothing else."""

    def name(self, op: int, arg: int) -> str:
        """Return the name that an instruction speaks of."""
        if op in _DEREFS:
            return self._local(arg)
        if op == _LOAD_GLOBAL or (_MODERN and op == _OP["LOAD_ATTR"]):
            arg >>= 1
        return str(self._code.co_names[arg])

    def _local(self, arg: int) -> str:
        code = self._code
        # an argument that is also a cell has one slot, the argument's
        cells = tuple(name for name in code.co_cellvars if name not in code.co_varnames)
        return str((code.co_varnames + cells + code.co_freevars)[arg])

    def references(self) -> Iterator[Reference]:
        steps, code = self._steps, self._code
        position = 0
        while position < self._end:
            op, arg = steps[position]
            position += 1
            if op in _GLOBALS:
                name = self.name(op, arg)
                found = self._through_getattr(position) if name == "getattr" else None
                if found is not None:
                    yield found[0]
                    position = found[1]
                position, reference = self._chained("global", name, (), position)
                yield reference
            elif op in _DEREFS:
                name = self._local(arg)
                if name in code.co_freevars:
                    position, reference = self._chained("closure", name, (), position)
                    yield reference
            elif op in _FASTS and arg in self._modules:
                scope, name, first = self._modules[arg]
                position, reference = self._chained(scope, name, first, position)
                yield reference
            elif op == _IMPORT:
                yield from self._imports(position)
            elif op in _WRITES:
                yield Reference("write", str(code.co_names[arg]))

    def _chained(
        self,
        scope: Literal["global", "closure", "import", "from"],
        name: str,
        first: tuple[str, ...],
        position: int,
    ) -> tuple[int, Reference]:
        chain, after = self._chain(position)
        called = self._is_called(position - 1) or self._is_called(after - 1)
        seeded = called and self._is_given(after)
        return after, Reference(scope, name, first + chain, seeded)

    def _chain(self, position: int) -> tuple[tuple[str, ...], int]:
        names = []
        while position < self._end and self._steps[position][0] in _ATTRIBUTES:
            names.append(self.name(*self._steps[position]))
            position += 1
        return tuple(names), position

    def _through_getattr(self, position: int) -> tuple[Reference, int] | None:
        """``getattr(module, "name")`` with a constant name reads ``module.name``."""
        if position >= self._end or self._steps[position][0] not in _GLOBALS:
            return None
        name = self.name(*self._steps[position])
        chain, after = self._chain(position + 1)
        constant = self._constant(after)
        if not isinstance(constant, str):
            return None
        return Reference("global", name, (*chain, constant)), after + 1

    def _constant(self, position: int) -> object:
        if position >= self._end or self._steps[position][0] != LOAD_CONST:
            return None
        found: object = self._code.co_consts[self._steps[position][1]]
        return found

    def _is_called(self, position: int) -> bool:
        """Tell whether what an instruction loads, or an attribute of it, is loaded to be called."""
        op, arg = self._steps[position]
        flagged = op == _LOAD_GLOBAL or (_MODERN and op == _OP["LOAD_ATTR"])
        if op == _OP.get("LOAD_METHOD") or (flagged and arg & 1):
            return True
        return position in self._called

    def _is_given(self, position: int) -> bool:
        """Tell whether the first argument of a call is there, and isn't a literal None."""
        if position >= self._end:
            return False
        op = self._steps[position][0]
        if op == LOAD_CONST:
            return self._constant(position) is not None
        return op in _LOADS

    def _imports(self, position: int) -> Iterator[Reference]:
        """Read an import statement; its instruction stands before ``position``."""
        module = "." * self._level(position) + str(
            self._code.co_names[self._steps[position - 1][1]]
        )
        whole = self._constant(position - 2) is None
        scope: Literal["import", "from"] = "import" if whole else "from"
        chain: tuple[str, ...] = ()
        after = position
        while after < self._end:
            op, arg = self._steps[after]
            after += 1
            if op == _IMPORT_FROM:
                name = str(self._code.co_names[arg])
                chain = (*chain, name) if whole else (name,)
            elif op == _STORE_FAST and self._stored_once(arg):
                self._modules[arg] = (scope, module, chain)
                if chain and not whole:
                    yield Reference(scope, module, chain)
            elif dis.opname[op].startswith("STORE_"):
                yield Reference(scope, module, chain)
            elif op not in _STACK:
                break
            if whole and dis.opname[op].startswith("STORE_"):
                break

    def _stored_once(self, slot: int) -> bool:
        return sum(1 for op, arg in self._steps if op == _STORE_FAST and arg == slot) == 1

    def _level(self, position: int) -> int:
        op, arg = self._steps[position - 3] if position >= 3 else (0, 0)
        if op == _OP.get("LOAD_SMALL_INT"):
            return arg
        value = self._code.co_consts[arg] if op == LOAD_CONST else 0
        return value if isinstance(value, int) else 0
