"""What Hamilton runs once an item: from ``Parallelizable`` to ``Collect``, as one feature.

The node that expands gives a list. All between it and the node that collects is computed for each
item, one after the other, inside the feature that collects. Those nodes are no features of their
own: a value for each item is no column.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import FeatureDefinitionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Block:
    """A node that collects, and what is computed for each item before."""

    collector: Any
    expander: str
    inner: tuple[Any, ...]
    """Nodes between the two, in an order in which they can run."""

    def readers(self) -> dict[str, tuple[Any, ...]]:
        """Return what the block reads from outside, and for each name the nodes that read it."""
        own = {node.name for node in self.inner}
        found: dict[str, tuple[Any, ...]] = {self.expander: ()}
        for node in (*self.inner, self.collector):
            for name in node.input_types:
                if name not in own and name != self.expander:
                    found[name] = (*found.get(name, ()), node)
        return found


def blocks_of(nodes: Mapping[str, Any]) -> dict[str, Block]:
    """Find all blocks.

    Parameters
    ----------
    nodes : mapping of str to Hamilton node
        All of a graph that compute something.

    Returns
    -------
    dict of str to Block
        By the name of the node that collects.

    Raises
    ------
    FeatureDefinitionError
        Where what is collected is not computed for each item, or blocks nest.
    """
    from hamilton.node import NodeType

    roles = {name: node.node_role for name, node in nodes.items()}
    return {
        name: _block(nodes[name], nodes, roles)
        for name, role in roles.items()
        if role is NodeType.COLLECT
    }


def inside(nodes: Mapping[str, Any], blocks: Mapping[str, Block]) -> frozenset[str]:
    """Find the nodes that have a value for each item, and so are no features.

    Parameters
    ----------
    nodes : mapping of str to Hamilton node
        All of a graph that compute something.
    blocks : mapping of str to Block
        What :func:`blocks_of` found.

    Returns
    -------
    frozenset of str
        All downstream of what expands, up to what collects.

    Raises
    ------
    FeatureDefinitionError
        Where what collects also reads the value of one item.
    """
    from hamilton.node import NodeType

    found: set[str] = set()
    pending = [name for name, node in nodes.items() if node.node_role is NodeType.EXPAND]
    while pending:
        name = pending.pop()
        for reader in nodes[name].depended_on_by:
            block = blocks.get(reader.name)
            if block is None and reader.name not in found:
                found.add(reader.name)
                pending.append(reader.name)
            elif block is not None and name != block.collector.collect_dependency:
                raise FeatureDefinitionError(
                    f"{reader.name} collects {block.collector.collect_dependency} and also reads "
                    f"{name}, which is computed for each item. Collect one value that holds both."
                )
    return frozenset(found)


def _block(collector: Any, nodes: Mapping[str, Any], roles: Mapping[str, Any]) -> Block:
    """Go back from what is collected to what expands."""
    from hamilton.node import NodeType

    order: list[str] = []
    pending: list[tuple[str, bool]] = [(collector.collect_dependency, False)]
    met: set[str] = set()
    while pending:
        name, ready = pending.pop()
        if ready:
            order.append(name)
        elif name in nodes and name not in met:
            met.add(name)
            pending.append((name, True))
            if roles[name] is not NodeType.EXPAND:
                pending += [(each, False) for each in nodes[name].input_types]
    expanders = [name for name in order if roles[name] is NodeType.EXPAND]
    if len(expanders) != 1:
        found = " and ".join(expanders) or "no Parallelizable"
        raise FeatureDefinitionError(
            f"{collector.name} collects {collector.collect_dependency}, which comes from {found}. "
            "A Collect needs exactly one Parallelizable upstream."
        )
    below = {expanders[0]}
    for name in order:  # parents first
        if below & set(nodes[name].input_types):
            below.add(name)
    inner = tuple(nodes[name] for name in order if name in below and name != expanders[0])
    nested = [node.name for node in inner if roles[node.name] is NodeType.COLLECT]
    if nested:
        raise FeatureDefinitionError(
            f"{collector.name} collects what {nested[0]} collected for each item, and blocks do "
            "not nest. Make the inner block a plain function."
        )
    return Block(collector, expanders[0], inner)


def listed(expand: Callable[..., Any]) -> Callable[..., list[Any]]:
    """Give all items of a node that expands at once."""

    def items(**columns: Any) -> list[Any]:
        return list(expand(**columns))

    return items


def collecting(block: Block, run_of: Callable[[Any], Callable[..., Any]]) -> Callable[..., Any]:
    """Make the function of a whole block.

    Parameters
    ----------
    block : Block
    run_of : callable
        Gives what a node calls.

    Returns
    -------
    callable
        Takes what the block reads by name, the items under the name of what expands.
    """
    steps = tuple((node.name, tuple(node.input_types), run_of(node)) for node in block.inner)
    expander, collected = block.expander, block.collector.collect_dependency
    others = tuple(name for name in block.collector.input_types if name != collected)
    collect = run_of(block.collector)

    def for_each(**columns: Any) -> Any:
        results = []
        for item in columns[expander]:
            known = {**columns, expander: item}
            for name, needs, run in steps:
                known[name] = run(**{each: known[each] for each in needs if each in known})
            results.append(known[collected])
        given = {each: columns[each] for each in others if each in columns}
        return collect(**{collected: results}, **given)

    return for_each


def is_block(function: Callable[..., Any]) -> bool:
    """Tell whether a function is that of a whole block."""
    code = getattr(function, "__code__", None)
    return code is not None and code in collecting.__code__.co_consts
