"""One edit of a graph's structure: the same code builds a graph from nothing.

Only what the edit touches is looked at: the replaced features' edges, and for cycles what lies
downstream of them, because a new cycle passes through a feature that changed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING

from jupyter_lifecycle.errors import AnnotationError, CycleError, DuplicateFeatureError
from jupyter_lifecycle.graph.annotations import Annotations, written
from jupyter_lifecycle.graph.order import CycleFoundError, post_order
from jupyter_lifecycle.graph.sameness import same_code

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from jupyter_lifecycle.graph.feature import Feature, Parameter

_SHOWN = 12
_NONE: tuple[str, ...] = ()
_NAME: Callable[[Parameter], str] = attrgetter("name")


@dataclass(frozen=True, slots=True)
class Delta:
    """What an edit changed, each a tuple of names.

    ``changed`` compute something else than before; a feature that was defined again with the same
    code is in none of these. ``affected`` are the features downstream of all that was added,
    changed or removed, in topological order, without those themselves. ``renamed`` pairs old and
    new name of the same code; both names also stand under removed and added.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    affected: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


@dataclass(frozen=True, slots=True)
class Structure:
    """Nodes and edges; never changed after it was made. Versions share what did not change."""

    features: dict[str, Feature] = field(default_factory=dict)
    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    children: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """For each name that is read, feature or input, its readers in order of arrival."""
    owners: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """For each ``origin.key`` the names of its features."""
    fans: frozenset[str] = frozenset()
    """Features that fan out or collect."""


def edited(
    base: Structure, incoming: Sequence[Feature], gone: Collection[str]
) -> tuple[Structure, Delta]:
    """Put features in and take others out.

    Parameters
    ----------
    base : Structure
        Stays as it is.
    incoming : sequence of Feature
        New ones, and ones that take the place of a feature of the same name.
    gone : collection of str
        Names to remove; a name that also comes in is replaced.

    Returns
    -------
    Structure, Delta

    Raises
    ------
    DuplicateFeatureError, AnnotationError, CycleError
    """
    names = {each.name for each in incoming}
    if len(names) < len(incoming):
        _refuse_duplicates(incoming)
    removed = tuple(name for name in gone if name not in names)
    structure = _rewired(base, incoming, removed)
    _refuse_annotations(structure, incoming, names if base.features else None)
    old = base.features
    added = tuple([each.name for each in incoming if each.name not in old])
    changed = tuple(
        [each.name for each in incoming if each.name in old and not same_code(old[each.name], each)]
    )
    if not old and _in_order(incoming, structure.parents):
        return structure, Delta(added)
    touched = (*added, *changed, *removed)
    reached = _checked_downstream(structure, touched)
    inside = set(touched)
    affected = tuple([name for name in reversed(reached) if name not in inside])
    renamed = _renames(base, structure, added, removed)
    return structure, Delta(added, changed, removed, affected, renamed)


def _in_order(incoming: Sequence[Feature], parents: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether all of a new graph stand behind what they read, as in most modules: no cycle then."""
    later = {each.name for each in incoming}
    for each in incoming:
        if not later.isdisjoint(parents[each.name]):
            return False
        later.discard(each.name)
    return True


def _refuse_duplicates(incoming: Sequence[Feature]) -> None:
    seen: dict[str, Feature] = {}
    problems = []
    for each in incoming:
        first = seen.setdefault(each.name, each)
        if first is not each:
            problems.append(duplicate_line(each.name, first, each))
    if problems:
        raise DuplicateFeatureError(several(problems), problems=problems)


def duplicate_line(name: str, first: Feature, second: Feature) -> str:
    """Describe one duplicate, with both places and what to do."""
    return (
        f"{name} is defined twice: in {place(first)} and in {place(second)}. "
        "Rename or remove one of them."
    )


def place(feature: Feature) -> str:
    """``cell 4, line 2``."""
    return f"{feature.origin.label}, line {feature.origin.line}"


def several(problems: Sequence[str]) -> str:
    """Make one message of one or many problems, one a line."""
    if len(problems) == 1:
        return problems[0]
    shown = [f"  - {problem}" for problem in problems[:_SHOWN]]
    if len(problems) > _SHOWN:
        shown.append(f"  … and {len(problems) - _SHOWN} more")
    return "\n".join([f"{len(problems)} problems:", *shown])


def _rewired(base: Structure, incoming: Sequence[Feature], removed: Iterable[str]) -> Structure:
    features, parents = base.features.copy(), base.parents.copy()
    owners = base.owners.copy()
    lost: defaultdict[str, set[str]] = defaultdict(set)
    won: defaultdict[str, list[str]] = defaultdict(list)
    leaving: defaultdict[str, set[str]] = defaultdict(set)
    arriving: defaultdict[str, list[str]] = defaultdict(list)
    for name in removed:
        leaving[features[name].origin.key].add(name)
        for parent in parents.pop(name):
            lost[parent].add(name)
        del features[name]
    for each in incoming:
        name = each.name
        after = tuple(map(_NAME, each.parameters))
        key = each.origin.key
        known = features.get(name)
        features[name] = each
        if known is None:
            arriving[key].append(name)
            parents[name] = after
            for parent in after:
                won[parent].append(name)
            continue
        if known.origin.key != key:
            arriving[key].append(name)
            leaving[known.origin.key].add(name)
        before = parents[name]
        if before != after:
            parents[name] = after
            for parent in before:
                if parent not in after:
                    lost[parent].add(name)
            for parent in after:
                if parent not in before:
                    won[parent].append(name)
    children = _regrouped(base.children, lost, won)
    fans = frozenset([each.name for each in incoming if each.fan])
    if base.fans:
        touched = {*removed, *[each.name for each in incoming]}
        fans = fans | (base.fans - touched)
    return Structure(features, parents, children, _regrouped(owners, leaving, arriving), fans)


def _regrouped(
    groups: dict[str, tuple[str, ...]],
    leaving: Mapping[str, Collection[str]],
    arriving: Mapping[str, list[str]],
) -> dict[str, tuple[str, ...]]:
    groups = groups.copy()
    for key, names in leaving.items():
        left = tuple([name for name in groups[key] if name not in names])
        if left:
            groups[key] = left
        else:
            del groups[key]
    for key, new in arriving.items():
        groups[key] = (*groups[key], *new) if key in groups else tuple(new)
    return groups


def _refuse_annotations(
    structure: Structure, incoming: Sequence[Feature], names: Collection[str] | None
) -> None:
    """Compare along the edges of what comes in; without ``names``, that is all there is."""
    features, children = structure.features, structure.children
    annotations = Annotations()
    problems: list[str] = []

    def check(giver: Feature, taker: Feature, parameter: Parameter) -> None:
        wanted = parameter.annotation
        if not annotations.fit(giver.returns, giver.written, wanted, taker.written):
            problems.append(
                f"{taker.name} ({place(taker)}) takes {giver.name} as {written(wanted)}, but "
                f"{giver.name} ({place(giver)}) gives {written(giver.returns)}. "
                "Change one of the two annotations."
            )

    find = features.get
    for each in incoming:
        for parameter in each.parameters:
            giver = find(parameter.name)
            if giver is not None and giver.returns is not parameter.annotation:
                check(giver, each, parameter)
        for reader in children.get(each.name, _NONE) if names is not None else _NONE:
            if names is not None and reader not in names:
                taker = features[reader]
                for parameter in taker.parameters:
                    if parameter.name == each.name:
                        check(each, taker, parameter)
    if problems:
        raise AnnotationError(several(problems), problems=problems)


def _checked_downstream(structure: Structure, starts: Iterable[str]) -> list[str]:
    try:
        return post_order(starts, structure.children)
    except CycleFoundError as found:
        raise _cycle_error(structure, found.path) from None


def _cycle_error(structure: Structure, path: tuple[str, ...]) -> CycleError:
    features = structure.features
    cells = [features[name].origin.label for name in path]
    if len(path) == 2:
        name = path[0]
        message = (
            f"{name} ({place(features[name])}) needs itself: it takes {name} as a parameter. "
            "Give the new column a name of its own."
        )
    else:
        steps = [f"{name} ({cell})" for name, cell in zip(path, cells, strict=True)]
        if len(steps) > 2 * _SHOWN:
            hidden = f"… {len(steps) - 2 * _SHOWN} more …"
            steps = [*steps[:_SHOWN], hidden, *steps[-_SHOWN:]]
        message = (
            f"These features need each other in a circle: {' → '.join(steps)}. "
            "Each is a parameter of the one behind its arrow; remove one of these parameters."
        )
    return CycleError(message, path=list(path), cells=cells)


def _renames(
    base: Structure, structure: Structure, added: Sequence[str], removed: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    pairs = []
    open_ = list(added)
    for old in removed:
        before = base.features[old]
        for new in open_:
            after = structure.features[new]
            if before.origin.key == after.origin.key and same_code(before, after):
                pairs.append((old, new))
                open_.remove(new)
                break
    return tuple(pairs)
