"""Whether somebody drew from the global generators of random numbers, at next to no cost.

``random.getstate()`` and ``numpy.random.get_state()`` copy 2.5 kB into Python objects, which takes
tens of microseconds. The generators' own memory is read instead, where a trial at first use shows
that it's laid out as expected, and their states are asked for where it doesn't.
"""

from __future__ import annotations

import ctypes
import random
import sys
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

import xxhash

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_HEAD: Final = object.__basicsize__
_WORDS: Final = 624
"""Of the state of a Mersenne Twister."""

Mark = tuple[object, ...]
"""What tells one state of the generators from another."""


def mark() -> Mark:
    """Return what changes whenever a number is drawn from a global generator.

    Returns
    -------
    tuple
        Equal to an earlier one where nothing was drawn or seeded since.
    """
    drawn = _random_mark()()
    module: Any = sys.modules.get("numpy.random.mtrand")
    if module is None:
        if "numpy" not in sys.modules:
            return drawn
        from numpy.random import mtrand as module  # numpy itself does when it's first asked
    return (*drawn, *_numpy_mark(module._rand))  # noqa: SLF001


def _memory(owner: Any, start: int, size: int) -> Callable[[], int]:
    """Return a function that digests a part of an object's memory; the object must live on."""
    view = memoryview((ctypes.c_char * size).from_address(id(owner) + start)).cast("B")
    return lambda: xxhash.xxh3_64_intdigest(view)


@cache
def _random_mark() -> Callable[[], Mark]:
    owner: Any = random._inst  # noqa: SLF001
    if not _is_laid_out():
        return lambda: (random.getstate(),)
    memory = _memory(owner, _HEAD, 4 * (1 + _WORDS))
    return lambda: (memory(), owner.gauss_next)


@cache
def _is_laid_out() -> bool:
    """Try whether a generator's memory holds its index and its state right behind its head."""
    trial = random.Random(7)  # noqa: S311 - nothing secret is drawn
    trial.random()
    if sys.implementation.name != "cpython" or type(trial).__basicsize__ < _HEAD + 4 * (1 + _WORDS):
        return False
    held = (ctypes.c_uint32 * (1 + _WORDS)).from_address(id(trial) + _HEAD)
    state = trial.getstate()[1]
    return bool((*held[1:], held[0]) == state)


def _numpy_mark(owner: Any) -> Mark:
    return _numpy_reader(owner, owner._bit_generator)()  # noqa: SLF001


@cache
def _numpy_reader(owner: Any, bits: Any) -> Callable[[], Mark]:
    """Read the bit generator's own state, and the half of a pair of normal numbers kept aside."""
    if type(bits).__name__ != "MT19937" or not _keeps_in_itself(cast("Hashable", type(owner))):
        return lambda: (repr(owner.get_state(legacy=False)),)
    address = int(bits.ctypes.state_address)
    view = memoryview((ctypes.c_char * (4 * (_WORDS + 1))).from_address(address)).cast("B")
    kept = _memory(owner, _HEAD, type(owner).__basicsize__ - _HEAD)
    return lambda: (xxhash.xxh3_64_intdigest(view), kept())


@cache
def _keeps_in_itself(kind: Hashable) -> bool:
    """Try whether an object's own memory shows the number that is kept aside, and nothing else."""
    if sys.implementation.name != "cpython":
        return False
    made: Any = kind
    trial = made(7)
    memory = _memory(trial, _HEAD, made.__basicsize__ - _HEAD)
    before, again = memory(), memory()
    trial.standard_normal()
    one = memory()
    trial.standard_normal()
    return before == again and before != one and one != memory()
