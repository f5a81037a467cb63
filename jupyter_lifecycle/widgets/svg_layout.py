"""Where the nodes of the static picture stand: the explorer's layout, small and without its speed.

Groups are layered grids, stand in columns by what they need, inputs stand at their left.
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
_TALL = 1400
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


def _grid(
    members: list[int], parents: Mapping[int, Sequence[int]], top: float, pad: float
) -> tuple[dict[int, tuple[float, float]], float, float]:
    """Places in one group, with its width and height."""
    depth = layers(members, parents)
    columns: list[list[int]] = [[] for _ in range(max(depth.values()) + 1)]
    for member in members:
        columns[depth[member]].append(member)
    row, rows = _rows(columns, parents)
    places = {m: (pad + depth[m] * _COLUMN, top + row[m] * _ROW) for m in members}
    width = pad + (len(columns) - 1) * _COLUMN + NODE[0] + pad
    return places, width, top + (rows - 1) * _ROW + NODE[1] + (pad + 2 if pad else 0)


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
        inputs: list[int] = []
        for node, kind in enumerate(self.view.kinds):
            (members[self.view.group[node]] if kind == "feature" else inputs).append(node)
        grids = {}
        for group, own in members.items():
            framed = group >= 0
            grids[group] = _grid(own, self.parents, _TITLE if framed else 0, _PAD if framed else 0)
        self._stand(grids)
        self._margin(inputs)
        self._settle()
        return self.places

    def _stand(self, grids: dict[int, tuple[dict[int, tuple[float, float]], float, float]]) -> None:
        group_of = self.view.group
        needs: dict[int, list[int]] = defaultdict(list)
        for child, parents in self.parents.items():
            for parent in parents:
                if self.view.kinds[parent] == "feature" and group_of[parent] != group_of[child]:
                    needs[group_of[child]].append(group_of[parent])
        order = sorted(grids, key=lambda group: group if group >= 0 else len(group_of))
        depth = layers(order, needs)
        middle: dict[int, float] = {}
        left = 0.0
        for column in self._columns(order, depth, grids):
            self._stand_column(column, left, grids, needs, middle)
            left += max(grids[group][1] for group in column) + _BETWEEN

    @staticmethod
    def _columns(
        order: list[int],
        depth: dict[int, int],
        grids: dict[int, tuple[dict[int, tuple[float, float]], float, float]],
    ) -> list[list[int]]:
        columns: list[list[int]] = []
        for layer in range(max(depth.values(), default=-1) + 1):
            height = 0.0
            columns.append([])
            for group in (g for g in order if depth[g] == layer):
                if columns[-1] and height + grids[group][2] > _TALL:
                    columns.append([])
                    height = 0.0
                columns[-1].append(group)
                height += grids[group][2] + _GAP
        return columns

    def _stand_column(
        self,
        column: list[int],
        left: float,
        grids: dict[int, tuple[dict[int, tuple[float, float]], float, float]],
        needs: Mapping[int, list[int]],
        middle: dict[int, float],
    ) -> None:
        wished, gaps, below = [], [], 0.0
        for position, group in enumerate(column):
            height = grids[group][2]
            known = [middle[need] for need in needs.get(group, ()) if need in middle]
            wished.append(sum(known) / len(known) - height / 2 if known else below)
            gaps.append(grids[column[position - 1]][2] + _GAP if position else 0.0)
            below += height + _GAP
        for group, top in zip(column, spread(wished, gaps), strict=True):
            places, width, height = grids[group]
            middle[group] = top + height / 2
            for node, (x, y) in places.items():
                self.places.nodes[node] = (left + x, top + y)
            if group >= 0:
                self.places.frames.append(Frame(group, left, top, width, height))

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
