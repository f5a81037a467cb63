"""Fan-out and collect: the features between the two become one function over all items.

What collects takes over the work: it reads the fan-out's list and what the features between need
besides, computes them for each item, and calls its own function with the lists. So keys, caching,
failures and executors know nothing of items.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import ComputeError
from jupyter_lifecycle.graph import Collect, Parameter
from jupyter_lifecycle.graph.fans import is_marked
from jupyter_lifecycle.materialise.awaiting import Awaiter
from jupyter_lifecycle.materialise.guard import Guard
from jupyter_lifecycle.materialise.measure import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from jupyter_lifecycle.graph import Feature, FeatureGraph


@dataclass(frozen=True, slots=True)
class Block:
    """What is computed for each item of a fan-out, up to one feature that is collected."""

    fan_out: str
    output: str
    members: tuple[tuple[str, Callable[..., Any], tuple[str, ...]], ...]
    """Name, function and parameters, in topological order."""
    at_once: int


def fused(graph: FeatureGraph, targets: Iterable[str]) -> FeatureGraph:
    """Let features that collect do the work of all that is computed for each item.

    Parameters
    ----------
    graph : FeatureGraph
    targets : iterable of str
        Only what they need is looked at.

    Returns
    -------
    FeatureGraph
        The features in between are still there, for pictures; nothing reads them any more.

    Raises
    ------
    ComputeError
        If a fan-out lies within another one, items of two meet, or there is nothing to collect.
    """
    order = graph.order(targets)
    inside = inner(graph, order)
    collectors = [
        _collecting(graph, graph.features[name], inside)
        for name in order
        if name in graph.fans and _collected(graph.features[name])
    ]
    return graph.with_features(*collectors)[0]


def inner(graph: FeatureGraph, order: Iterable[str]) -> dict[str, str]:
    """Find the features that are computed for each item, and of which fan-out.

    Raises
    ------
    ComputeError
        If a fan-out lies within another one, or items of two meet.
    """
    features = graph.features
    inside: dict[str, str] = {}
    for name in order:
        feature = features[name]
        collected = _collected(feature)
        fans = {}
        for parent in graph.parents(name):
            fan = parent if parent in features and features[parent].fan == "out" else None
            fan = fan or inside.get(parent)
            if fan is not None and parent not in collected:
                fans[fan] = parent
        if len(fans) > 1:
            raise ComputeError(
                f"{name} ({feature.origin.label}) reads items of {' and of '.join(fans)}, and "
                "which belongs to which is not known. Collect one of them first.",
                name=name,
            )
        for fan, parent in fans.items():
            if feature.fan:
                word = "fans out" if feature.fan == "out" else "collects"
                raise ComputeError(
                    f"{name} ({feature.origin.label}) {word}, but reads {parent}, which is "
                    f"computed for each item of {fan}. Annotate {parent} with Collect[…].",
                    name=name,
                )
            inside[name] = fan
    return inside


def refuse_inner(graph: FeatureGraph, targets: Sequence[str]) -> None:
    """Refuse targets that have a value for each item only.

    Raises
    ------
    ComputeError
        With what to write.
    """
    inside = inner(graph, graph.order([name for name in targets if name in graph]))
    for name in targets:
        if name in inside:
            raise ComputeError(
                f"{name} is computed for each item of {inside[name]}, so it has no one value. Ask "
                f"for a feature that collects it: def all_of_it({name}: Collect[…]): …",
                name=name,
            )


def _collected(feature: Feature) -> set[str]:
    return {each.name for each in feature.parameters if is_marked(each.annotation, Collect)}


def _collecting(graph: FeatureGraph, feature: Feature, inside: Mapping[str, str]) -> Feature:
    blocks: list[Block] = []
    parameters: dict[str, Parameter] = {}
    for parameter in feature.parameters:
        if not is_marked(parameter.annotation, Collect):
            parameters.setdefault(parameter.name, parameter)
            continue
        output = parameter.name
        fan_out = inside.get(output)
        if fan_out is None and output in graph.features and graph.features[output].fan == "out":
            fan_out = output
        if fan_out is None:
            raise ComputeError(
                f"{feature.name} ({feature.origin.label}) collects {output}, which is not computed "
                "for each item of anything. Something above it must return FanOut[…].",
                name=feature.name,
            )
        block = _block(graph, fan_out, output, inside)
        blocks.append(block)
        for each in _outside(graph, block):
            known = parameters.get(each.name)
            if known is None or (each.required and not known.required):
                parameters[each.name] = each
    return replace(
        feature,
        function=_over_items(feature.function, tuple(blocks), _names(feature)),
        parameters=tuple(parameters.values()),
        definition=feature.written,
    )


def _names(feature: Feature) -> tuple[str, ...]:
    return tuple([each.name for each in feature.parameters])


def _block(graph: FeatureGraph, fan_out: str, output: str, inside: Mapping[str, str]) -> Block:
    features = graph.features
    names = [name for name in graph.order([output]) if inside.get(name) == fan_out]
    members = tuple([(n, features[n].function, _names(features[n])) for n in names])
    return Block(fan_out, output, members, features[fan_out].at_once)


def _outside(graph: FeatureGraph, block: Block) -> Iterator[Parameter]:
    yield Parameter(block.fan_out)
    members = {name for name, _, _ in block.members}
    for name, _, _ in block.members:
        for parameter in graph.features[name].parameters:
            if parameter.name not in members and parameter.name != block.fan_out:
                yield parameter


def _over_items(
    function: Callable[..., Any], blocks: tuple[Block, ...], names: tuple[str, ...]
) -> Callable[..., Any]:
    def call(**given: Any) -> Any:
        collected = {block.output: _gathered(block, given) for block in blocks}
        arguments = {name: given[name] for name in names if name in given}
        return function(**{**arguments, **collected})

    return call


def _gathered(block: Block, given: Mapping[str, Any]) -> list[Any]:
    items = given[block.fan_out]
    awaiter = Awaiter()
    try:
        work = _Items(block, given, awaiter)
        if block.at_once == 1:
            return [work.one(number, item) for number, item in enumerate(items)]
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(block.at_once, "feature-item") as pool:
            futures = deque([pool.submit(work.one, n, item) for n, item in enumerate(items)])
            try:
                return [futures.popleft().result() for _ in range(len(items))]
            finally:
                for future in futures:  # after a failure, those that have not begun never do
                    future.cancel()
    finally:
        awaiter.close()


class _Items:
    """The features of a block, for one item after the other or several at once."""

    def __init__(self, block: Block, given: Mapping[str, Any], awaiter: Awaiter) -> None:
        self._block = block
        self._given = given
        self._awaiter = awaiter

    def one(self, number: int, item: Any) -> Any:
        values = {**self._given, self._block.fan_out: item}
        guard = Guard()
        for name, function, parameters in self._block.members:
            arguments = {each: guard(values[each]) for each in parameters if each in values}
            try:
                values[name] = self._awaiter.finished(function(**arguments))
            except Exception as error:
                error.add_note(f"{name}, for item {number} of {self._block.fan_out}: {shown(item)}")
                raise
        return values[self._block.output]
