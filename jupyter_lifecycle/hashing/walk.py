"""The walk over a value: without recursion, through cycles, with the path to what fails.

A *handler* turns a value of one type into a digest. It's a generator that yields the parts of the
value, each with the step that leads to it, is sent their digests, and returns its own. The
:class:`Walker` drives the handlers on its own stack, so depth is bounded by memory alone.

Cycles: a value that is met again while it is still open stands for "as far up as it is"; one that
is closed, but belongs to a cycle that is still open, stands for "as many values ago as it was".
Both are relative, so a cycle has the same digest wherever it is met (the strongly connected
components are found as in Tarjan 1972). Values that are closed for good are remembered, so that
what is shared is walked once.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Literal, TypeAlias

from jupyter_lifecycle.errors import FingerprintError
from jupyter_lifecycle.hashing.digest import combine

Step: TypeAlias = tuple[Literal["item", "attribute", "code", "same"], Any]
"""How a part is reached; ``same`` is another view of the value itself."""

Steps: TypeAlias = Generator[tuple[Step, Any], bytes, bytes]
Handler: TypeAlias = Callable[[Any], Steps]
Leaf: TypeAlias = Callable[[Any], "bytes | None"]

_LARGE = 1 << 62


class _Frame:
    """A value whose handler has not returned yet."""

    __slots__ = ("low", "number", "run", "step", "value")

    def __init__(self, run: Any, value: Any, step: Step, number: int) -> None:
        self.run = run
        self.value = value
        self.step = step
        self.number = number
        self.low = _LARGE


def path_of(root: str, steps: list[Step]) -> str:
    """Return steps as a reader would write them.

    Parameters
    ----------
    root : str
        What the walk began with.
    steps : list of Step
        From the root down.

    Returns
    -------
    str
        Such as ``value['a'][3].callback``.
    """
    text = root
    for kind, key in steps:
        if kind == "item":
            text += f"[{key!r}]"
        elif kind == "attribute":
            text += f".{key}"
        elif kind == "code":
            text += f" → {key}"
    return text


class Walker:
    """One walk; holds every value that it has met, so that identities stay true.

    Parameters
    ----------
    leaf : callable
        Gives a digest at once for a value that needs no walk, else None.
    start : callable
        Begins the walk over a value's parts.
    root : str
        How messages call the value that the walk begins with.
    """

    def __init__(
        self,
        leaf: Leaf,
        start: Handler,
        *,
        root: str = "value",
    ) -> None:
        self._leaf = leaf
        self._start = start
        self._root = root
        self._stack: list[_Frame] = []
        self._depth: dict[int, int] = {}
        self._closed: dict[int, tuple[Any, bytes]] = {}
        self._pending: dict[int, tuple[Any, int, int]] = {}
        self._count = 0

    def digest(self, value: Any) -> bytes:
        """Return the digest of a value.

        Parameters
        ----------
        value : object
            Anything.

        Returns
        -------
        bytes
            16 bytes.

        Raises
        ------
        FingerprintError
            With the path to the part that can't be fingerprinted.
        """
        steps: list[Step] = []
        try:
            result = self._open(value, ("item", None))
            while self._stack:
                frame = self._stack[-1]
                try:
                    step, child = frame.run.send(result)
                except StopIteration as stop:
                    result = stop.value
                    self._close(frame, stop.value)
                else:
                    steps = [step]
                    result = self._open(child, step)
                steps = []
        except FingerprintError as error:
            if "path" in error.detail:
                raise
            path = path_of(self._root, [frame.step for frame in self._stack[1:]] + steps)
            raise FingerprintError(
                f"Can't fingerprint {path}: {error.message}", path=path, reason=error.message
            ) from error.__cause__
        assert result is not None
        return result

    def _open(self, value: Any, step: Step) -> bytes | None:
        found = self._leaf(value)
        if found is not None:
            return found
        key = id(value)
        closed = self._closed.get(key)
        if closed is not None:
            return closed[1]
        if key in self._depth:
            return self._up(self._depth[key])
        pending = self._pending.get(key)
        if pending is not None:
            self._lower(pending[2])
            return combine("seen", (self._count - pending[1]).to_bytes(8, "little"))
        run = self._start(value)
        self._depth[key] = len(self._stack)
        self._stack.append(_Frame(run, value, step, self._count))
        self._count += 1
        return None

    def _up(self, depth: int) -> bytes:
        self._lower(depth)
        return combine("up", (len(self._stack) - depth).to_bytes(8, "little"))

    def _lower(self, depth: int) -> None:
        top = self._stack[-1]
        top.low = min(top.low, depth)

    def _close(self, frame: _Frame, result: bytes) -> None:
        self._stack.pop()
        key = id(frame.value)
        depth = self._depth.pop(key)
        if frame.low >= depth:
            self._closed[key] = (frame.value, result)
            self._forget(frame.number)
        else:
            self._pending[key] = (frame.value, frame.number, frame.low)
            self._lower(frame.low)

    def _forget(self, number: int) -> None:
        """Drop what was closed inside a cycle that is now closed as a whole: the last ones in."""
        while self._pending:
            key, entry = self._pending.popitem()
            if entry[1] < number:
                self._pending[key] = entry
                return
