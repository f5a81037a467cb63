"""Where the nodes of the static picture stand: the explorer's layout, small and without its speed.

All groups share the columns of the longest path, so that every edge runs to the right.
Groups stand in notebook order, inputs at their left.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jupyter_lifecycle.widgets.wire import GraphView

NODE = (162, 34)
PILL = (118, 24)
_COLUMN, _ROW, _TITLE, _PAD, _GAP = 194, 44, 30, 8, 16
_BETWEEN = 44
_INPUT_ROW = 36


@dataclass(slots=True)
class Frame:
    """One group: its place and size, in pixels."""

    group: int
    x: float = 0
    y: float = 0
    width: float = 0
    height: float = 0


@dataclass(slots=True)
class Places:
    """Left top of each node, and the frames of the groups, in pixels."""

    nodes: dict[int, tuple[float, float]] = field(default_factory=dict)
    frames: list[Frame] = field(default_factory=list)
    width: float = 0
    height: float = 0


def spread(wished: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """Places nearest to what is wished, in order and at least a gap apart: isotonic regression.

    Parameters
    ----------
    wished : sequence of float
    gaps : sequence of float
        ``gaps[i]`` is the least distance from the place before; the first is not read.

    Examples
    --------
    >>> spread([0, 0, 5], [0, 2, 2])
    [-1.0, 1.0, 5.0]
    """
    offsets, offset = [], 0.0
    for position, gap in enumerate(gaps):
        offset += gap if position else 0
        offsets.append(offset)
    pools: list[list[float]] = []  # mean, size
    for wish, own in zip(wished, offsets, strict=True):
        pools.append([wish - own, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            mean, size = pools.pop()
            before = pools[-1]
            total = before[1] + size
            before[0] = (before[0] * before[1] + mean * size) / total
            before[1] = total
    means = [mean for mean, size in pools for _ in range(int(size))]
    return [float(mean + own) for mean, own in zip(means, offsets, strict=True)]


def layers(members: Iterable[int], parents: Mapping[int, Sequence[int]]) -> dict[int, int]:
    """Find the longest path to each member from the sources among them.

    The back edges of a cycle count not.

    Examples
    --------
    >>> layers([0, 1, 2], {1: [0], 2: [0, 1]})
    {0: 0, 1: 1, 2: 2}
    """
    waiting = dict.fromkeys(members, 0)
    children: dict[int, list[int]] = defaultdict(list)
    for member in waiting:
        for parent in parents.get(member, ()):
            if parent in waiting:
                waiting[member] += 1
                children[parent].append(member)
    depth = dict.fromkeys(waiting, 0)
    ready = [member for member, count in waiting.items() if count == 0]
    left = dict(waiting)
    while left:
        if not ready:
            ready = [min(left)]
        member = ready.pop()
        if left.pop(member, None) is None:
            continue
        for child in children[member]:
            if child not in left:
                continue
            depth[child] = max(depth[child], depth[member] + 1)
            left[child] -= 1
            if left[child] == 0:
                ready.append(child)
    return depth


def _rows(
    columns: list[list[int]], parents: Mapping[int, Sequence[int]]
) -> tuple[dict[int, int], int]:
    """Find a row for each member: at its parents' height where it is free."""
    count = max(len(column) for column in columns)
    row: dict[int, int] = {}
    for column in columns:
        wish = {}
        for position, member in enumerate(column):
            known = [row[parent] for parent in parents.get(member, ()) if parent in row]
            wish[member] = sum(known) / len(known) if known else position
        column.sort(key=lambda member: wish[member])
        wished = [wish[member] for member in column]
        lowest = 0
        for position, place in enumerate(spread(wished, [1.0] * len(column))):
            highest = count - (len(column) - position)
            lowest = min(max(round(place), lowest), highest)
            row[column[position]] = lowest
            lowest += 1
    return row, count


class _Layout:
    def __init__(self, view: GraphView) -> None:
        self.view = view
        self.places = Places()
        self.parents: dict[int, list[int]] = defaultdict(list)
        self.children: dict[int, list[int]] = defaultdict(list)
        for parent, child in zip(view.edges[::2], view.edges[1::2], strict=True):
            self.parents[child].append(parent)
            self.children[parent].append(child)

    def run(self) -> Places:
        members: dict[int, list[int]] = defaultdict(list)
        margin: list[int] = []
        for node, kind in enumerate(self.view.kinds):
            (members[self.view.group[node]] if kind == "feature" else margin).append(node)
        depth = layers([node for own in members.values() for node in own], self.parents)
        skyline = [-float(_GAP)] * (max(depth.values(), default=0) + 1)
        for group in sorted(members, key=lambda group: (group < 0, group)):
            self._stand(group, members[group], depth, skyline)
        self._margin(margin)
        self._settle()
        return self.places

    def _stand(
        self, group: int, members: list[int], depth: Mapping[int, int], skyline: list[float]
    ) -> None:
        """Stand a group under the others in its columns, or at its parents' height beside them."""
        framed = group >= 0
        first = min(depth[node] for node in members)
        last = max(depth[node] for node in members)
        columns: list[list[int]] = [[] for _ in range(last - first + 1)]
        for node in members:
            columns[depth[node] - first].append(node)
        row, rows = _rows(columns, self.parents)
        head = _TITLE if framed else 0
        height = head + (rows - 1) * _ROW + NODE[1] + (_PAD + 2 if framed else 0)
        top = max(0.0, max(skyline[first : last + 1]) + _GAP)
        middle = self._parents_height(members)
        if first > 0 and middle is not None:
            top = max(top, middle - height / 2)
        for node in members:
            self.places.nodes[node] = (depth[node] * _COLUMN, top + head + row[node] * _ROW)
        if framed:
            width = (last - first) * _COLUMN + NODE[0] + 2 * _PAD
            self.places.frames.append(Frame(group, first * _COLUMN - _PAD, top, width, height))
        skyline[first : last + 1] = [top + height] * (last - first + 1)

    def _parents_height(self, members: list[int]) -> float | None:
        """Find the mean height of what a group reads from groups that stand already."""
        known = [
            self.places.nodes[parent][1] + NODE[1] / 2
            for node in members
            for parent in self.parents[node]
            if parent in self.places.nodes
        ]
        return sum(known) / len(known) if known else None

    def _margin(self, inputs: list[int]) -> None:
        wish = {}
        for node in inputs:
            at = [
                self.places.nodes[child][1] + NODE[1] / 2
                for child in self.children[node]
                if child in self.places.nodes
            ]
            wish[node] = sum(at) / len(at) - PILL[1] / 2 if at else 0.0
        inputs.sort(key=lambda node: wish[node])
        tops = spread([wish[node] for node in inputs], [float(_INPUT_ROW)] * len(inputs))
        for node, top in zip(inputs, tops, strict=True):
            self.places.nodes[node] = (-(PILL[0] + _BETWEEN), top)

    def _settle(self) -> None:
        nodes, frames = self.places.nodes, self.places.frames
        if not nodes:
            return
        left = min([x for x, _ in nodes.values()] + [f.x for f in frames])
        top = min([y for _, y in nodes.values()] + [f.y for f in frames])
        for node, (x, y) in nodes.items():
            nodes[node] = (x - left, y - top)
        for frame in frames:
            frame.x, frame.y = frame.x - left, frame.y - top
        right = [x + NODE[0] for x, _ in nodes.values()] + [f.x + f.width for f in frames]
        bottom = [y + NODE[1] for _, y in nodes.values()] + [f.y + f.height for f in frames]
        self.places.width, self.places.height = max(right), max(bottom)


def place(view: GraphView) -> Places:
    """Places for all nodes of a graph, from 0, 0 on.

    Parameters
    ----------
    view : GraphView
        At most some hundreds of nodes.
    """
    return _Layout(view).run()
