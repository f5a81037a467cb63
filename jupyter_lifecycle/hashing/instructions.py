"""Instructions without what says nothing: caches, no-operations, positions, how a call is prepared.

The same source gives different instructions depending on where it stands: a call of a module's
function is prepared in another way where the module is imported in the same cell, and each kind of
instruction has caches of its own length, which move the targets of jumps. None of that is left.
"""

from __future__ import annotations

import dis
import sys
from bisect import bisect_left
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

Step: TypeAlias = tuple[int, int]
"""Operation and argument."""

_OP: Final = dis.opmap
_CACHE: Final = _OP["CACHE"]
_EXTENDED: Final = _OP["EXTENDED_ARG"]
_SILENT: Final = frozenset(
    _OP[name]
    for name in ("PRECALL", "PUSH_NULL", "NOP", "RESUME", "COPY_FREE_VARS", "NOT_TAKEN")
    if name in _OP
)
_PAIRS: Final = {
    _OP[pair]: (_OP[first], _OP[second])
    for pair, first, second in (
        ("LOAD_FAST_LOAD_FAST", "LOAD_FAST", "LOAD_FAST"),
        ("LOAD_FAST_BORROW_LOAD_FAST_BORROW", "LOAD_FAST_BORROW", "LOAD_FAST_BORROW"),
        ("STORE_FAST_LOAD_FAST", "STORE_FAST", "LOAD_FAST"),
        ("STORE_FAST_STORE_FAST", "STORE_FAST", "STORE_FAST"),
    )
    if pair in _OP
}
"""Instructions of later Python versions that stand for two, and share out their argument's bits."""

_FORWARD: Final = frozenset(
    op for op in (*dis.hasjrel, *dis.hasjabs) if "BACKWARD" not in dis.opname[op]
)
_BACKWARD: Final = frozenset(dis.hasjrel) - _FORWARD
_JUMPS: Final = _FORWARD | _BACKWARD
_POP_JUMP: Final = {
    _OP[f"POP_JUMP_{way}_IF_{wanted}"]: wanted
    for way in ("FORWARD", "BACKWARD")
    for wanted in ("TRUE", "FALSE")
    if f"POP_JUMP_{way}_IF_{wanted}" in _OP
}
_OR_POP: Final = {
    _OP[f"JUMP_IF_{wanted}_OR_POP"]: (wanted, _OP[f"POP_JUMP_FORWARD_IF_{wanted}"])
    for wanted in ("TRUE", "FALSE")
    if f"JUMP_IF_{wanted}_OR_POP" in _OP
}
"""Of Python 3.11; later versions have no such instruction."""

_LOAD_GLOBAL: Final = _OP["LOAD_GLOBAL"]
_LOAD_ATTR: Final = _OP["LOAD_ATTR"]
_LOAD_METHOD: Final = _OP.get("LOAD_METHOD", -1)
_ATTRIBUTE_HAS_FLAG: Final = sys.version_info >= (3, 12)


_NULL_AFTER: Final = _OP["PUSH_NULL"] if sys.version_info >= (3, 13) else -1
"""From Python 3.13 on it stands after what is called, before that it stood in front of it."""


class Instructions:
    """The instructions of one code object.

    Parameters
    ----------
    code : CodeType
        Of a function, a class body or a module.
    """

    __slots__ = ("_code", "_ends", "_starts", "called", "steps")

    def __init__(self, code: CodeType) -> None:
        self._code = code
        self.steps: list[Step] = []
        self.called: set[int] = set()
        """Numbers of the instructions whose result is made ready to be called right after."""
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._decode(code.co_code)

    def _decode(self, raw: bytes) -> None:
        steps, starts, ends = self.steps, self._starts, self._ends
        high, start, kept = 0, -1, False
        for position, (op, low) in enumerate(zip(raw[::2], raw[1::2], strict=True)):
            if op == _CACHE:
                if kept:
                    ends[-1] = position + 1
                continue
            if start < 0:
                start = position
            if op == _EXTENDED:
                high = (low | high) << 8
                continue
            kept = op not in _SILENT
            if op == _NULL_AFTER:
                self.called.add(len(steps) - 1)
            if kept:
                arg = low | high
                pair = _PAIRS.get(op)
                found = [(op, arg)] if pair is None else [(pair[0], arg >> 4), (pair[1], arg & 15)]
                steps += found
                starts += [start] * len(found)
                ends += [position + 1] * len(found)
            high, start = 0, -1

    def settled(self) -> Iterator[Step]:
        """Give each instruction in the form that doesn't depend on where the code stands.

        Yields
        ------
        int
            The operation.
        int
            Its argument; for a jump the number of the instruction that it leads to.
        """
        for number, (op, arg) in enumerate(self.steps):
            if op == _LOAD_GLOBAL or (_ATTRIBUTE_HAS_FLAG and op == _LOAD_ATTR):
                yield op, arg >> 1
            elif op == _LOAD_METHOD:
                yield _LOAD_ATTR, arg
            elif op in _JUMPS:
                yield self._thread(op, self._target(number))
            else:
                yield op, arg

    def _target(self, number: int) -> int:
        op, arg = self.steps[number]
        return self._number(self._ends[number] + (-arg if op in _BACKWARD else arg))

    def _thread(self, op: int, target: int) -> Step:
        """Follow a jump to another test of the same value, as the compiler does within a line."""
        while op in _OR_POP and target < len(self.steps):
            wanted, plain = _OR_POP[op]
            tested = self.steps[target][0]
            if tested == op:
                target = self._target(target)
            elif tested in _OR_POP:
                return plain, target + 1
            elif tested in _POP_JUMP:
                return plain, self._target(target) if _POP_JUMP[tested] == wanted else target + 1
            else:
                break
        return op, target

    def _number(self, position: int) -> int:
        return bisect_left(self._starts, position)

    def handlers(self) -> list[int]:
        """Give the exception table with numbers of instructions in place of positions.

        Returns
        -------
        list of int
            First and last instruction, handler and stack depth of each entry, in a row. Its format:
            ``Objects/exception_handling_notes.txt`` of CPython.
        """
        numbers = list(_variable_length(self._code.co_exceptiontable))
        found = []
        for at in range(0, len(numbers) - 3, 4):
            start, length, target, depth = numbers[at : at + 4]
            begin, end = self._number(start), self._number(start + length)
            if begin < end:
                found += [begin, end, self._number(target), depth]
        return found


def _variable_length(data: bytes) -> Iterator[int]:
    value = 0
    for byte in data:
        value = value << 6 | byte & 63
        if not byte & 64:
            yield value
            value = 0
