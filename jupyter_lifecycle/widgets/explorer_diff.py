"""Two versions of a feature graph in one picture: added, removed, changed, other values."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from jupyter_lifecycle.errors import (
    EnvelopeError,
    FingerprintError,
    GraphError,
    NotFoundError,
    did_you_mean,
)
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.graph.order import post_order
from jupyter_lifecycle.widgets.explorer_graph import first_line
from jupyter_lifecycle.widgets.wire import GraphView, Inspection, NodeState, Parent, StatesView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from jupyter_lifecycle.hashing.trace import CodePart
    from jupyter_lifecycle.widgets.wire import Action, Mark

_MOST_DIFF = 60
"""Lines of a difference that the inspector shows."""


@runtime_checkable
class HasFeatures(Protocol):
    """An envelope, of a registry or a file, as the comparison needs it."""

    @property
    def id(self) -> str:
        """40 hex digits."""
        ...

    def read(self, name: str) -> bytes:
        """Give one of its files."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One feature of a version."""

    parents: tuple[str, ...]
    source: str
    doc: str
    origin: str
    title: str
    key: str = ""
    """Digest of its code and of all that it names; empty where it has none."""
    parts: Mapping[str, CodePart] = field(default_factory=dict)
    """What the key is made of, where the code itself is at hand."""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Version:
    """One of the two that are compared."""

    label: str
    features: Mapping[str, Entry]


def version_of(what: object, label: str = "") -> Version:
    """Read the features of a graph or of an envelope.

    Parameters
    ----------
    what : FeatureGraph or Envelope
    label : str
        What people call it; the start of an envelope's id by default.

    Raises
    ------
    GraphError
        For anything else, and for an envelope that was saved without features.
    """
    if isinstance(what, FeatureGraph):
        return Version(
            label or "this graph", {f.name: _entry(what, f) for f in what.features.values()}
        )
    if not isinstance(what, HasFeatures):
        kind = type(what).__name__
        raise GraphError(
            f"A {kind} has no features to compare. Give a FeatureGraph or an Envelope."
        )
    short = label or what.id[:10]
    try:
        recorded = json.loads(what.read("features.json"))
    except (EnvelopeError, NotFoundError):
        raise GraphError(
            f"{short} was saved without features, so there is nothing to compare with. "
            "Save with features= to record them."
        ) from None
    return Version(short, {each["name"]: _recorded(each) for each in recorded["features"]})


def _entry(graph: FeatureGraph, feature: Any) -> Entry:
    from jupyter_lifecycle.hashing import code_key

    key, parts = "", {}
    try:
        found = code_key(feature.function)
        key, parts = found.digest.hex(), {part.label: part for part in found.parts[1:]}
    except FingerprintError:
        pass  # The sources are compared instead; the node itself says elsewhere why it has no key.
    origin = feature.origin
    return Entry(
        graph.parents(feature.name), feature.source, feature.doc, origin.label,
        origin.title, key, parts, feature.tags,
    )  # fmt: skip


def _recorded(each: Mapping[str, Any]) -> Entry:
    return Entry(
        tuple(each["parameters"]), each["source"], each["doc"],
        each["origin"], "", each.get("key", ""),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """How one node differs."""

    mark: Mark
    note: str


def differences(before: Version, after: Version) -> dict[str, Difference]:
    """Say of each node that differs how it does, in order of computation."""
    found: dict[str, Difference] = {}
    same_code = {
        entry.key: name
        for name, entry in before.features.items()
        if entry.key and name not in after.features
    }
    for name, entry in after.features.items():
        was = before.features.get(name)
        if was is None:
            old = same_code.get(entry.key)
            note = f"{old} under a new name" if old else f"new in {entry.origin}"
            found[name] = Difference("added", note)
        elif _is_changed(was, entry):
            found[name] = Difference("changed", _what_changed(was, entry))
    reads = {name: entry.parents for name, entry in after.features.items()}
    for name in post_order(after.features, reads):
        if name not in after.features or name in found:
            continue
        cause = next((p for p in reads[name] if p in found), None)
        if cause is not None:
            found[name] = Difference("values", f"from {cause}")
    for name, entry in before.features.items():
        if name not in after.features:
            found[name] = Difference("removed", f"removed from {entry.origin}")
    return found


def _is_changed(was: Entry, now: Entry) -> bool:
    if was.key and now.key:
        return was.key != now.key
    return (was.source.strip(), was.parents) != (now.source.strip(), now.parents)


def _what_changed(was: Entry, now: Entry) -> str:
    if was.source.strip() != now.source.strip():
        return "its code changed"
    if was.parts and now.parts:
        for label, part in now.parts.items():
            if label in was.parts and was.parts[label].digest != part.digest:
                return f"{label} changed"
        gone = next((label for label in was.parts if label not in now.parts), None)
        new = next((label for label in now.parts if label not in was.parts), None)
        if new or gone:
            return f"names {new} now" if new else f"names {gone} no more"
    return "what it names changed"


class DiffSource:
    """An :class:`~jupyter_lifecycle.widgets.explorer.ExplorerSource` of two versions at once.

    Parameters
    ----------
    before, after : Version
        Nodes that are in either are shown; places are those of one graph.
        The same one twice is shown without marks.
    """

    def __init__(self, before: Version, after: Version) -> None:
        self._before, self._after = before, after
        self._alone = before is after
        self._differences = differences(before, after)
        self._entries = {**after.features, **{
            name: entry for name, entry in before.features.items() if name not in after.features
        }}  # fmt: skip
        read = [p for entry in self._entries.values() for p in entry.parents]
        self._inputs = [name for name in dict.fromkeys(read) if name not in self._entries]
        self._view = self._graph_view()

    def _graph_view(self) -> GraphView:
        names = [*self._inputs, *self._entries]
        index = {name: at for at, name in enumerate(names)}
        groups: dict[tuple[str, str], int] = {}
        group = [-1] * len(self._inputs)
        tags: dict[tuple[str, str], list[int]] = {}
        for name, entry in self._entries.items():
            title = (entry.title or entry.origin, entry.origin if entry.title else "")
            group.append(groups.setdefault(title, len(groups)))
            for key, value in entry.tags.items():
                tags.setdefault((key, str(value)), []).append(index[name])
        unmarked = Difference("", "")
        found = [self._differences.get(name, unmarked) for name in names]
        return GraphView(
            version=1,
            names=names,
            kinds=[*["input"] * len(self._inputs), *["feature"] * len(self._entries)],  # type: ignore[list-item]
            groups=[title for title, _ in groups],
            group_notes=[note for _, note in groups],
            group=group,
            edges=[
                at
                for name, entry in self._entries.items()
                for parent in entry.parents
                for at in (index[parent], index[name])
            ],
            docs=[first_line(self._entries[n].doc) if n in self._entries else "" for n in names],
            live=False,
            tags=[(key, value, nodes) for (key, value), nodes in sorted(tags.items())],
            marks=[] if self._alone else [each.mark for each in found],
            mark_notes=[] if self._alone else [each.note for each in found],
            versions=[] if self._alone else [self._before.label, self._after.label],
        )

    def graph_view(self) -> GraphView:
        """Give the nodes of both versions, marked."""
        return self._view

    def states_view(self) -> StatesView:
        """Give all nodes without a state: what is compared is code."""
        notes = self._view.mark_notes or [""] * len(self._view.names)
        nodes = [
            NodeState(at, "input" if kind == "input" else "new", note, "", *[None] * 5)
            for at, (kind, note) in enumerate(zip(self._view.kinds, notes, strict=True))
        ]
        if self._alone:
            return StatesView(1, nodes, "", 0, 0, "")
        same = sum(not mark for mark in self._view.marks) - len(self._inputs)
        differ = len(self._differences)
        return StatesView(1, nodes, "", 0, 0, f"{differ} of {differ + same} features differ.")

    def inspect(self, name: str) -> Inspection:
        """Tell how a node differs, with its source before and after.

        Raises
        ------
        GraphError
            For a name that neither version has.
        """
        if name not in self._view.names:
            near = did_you_mean(name, self._view.names)
            raise GraphError(f"No feature or input {name} in either version.{near}")
        entry = self._entries.get(name)
        difference = self._differences.get(name)
        note = difference.note if difference else "The same in both versions."
        at = self._view.names.index(name)
        pairs = list(zip(self._view.edges[::2], self._view.edges[1::2], strict=True))
        return Inspection(
            name=name,
            state="new" if entry else "input",
            kind="feature" if entry else "input",
            doc=entry.doc if entry else "",
            source=entry.source if entry else "",
            origin=entry.origin if entry else "",
            dtype="", facts=[], histogram=[], categories=[], head=[],
            why=[] if self._alone else ["\n".join([note, *self._diff(name)])],
            error="",
            tags=sorted(entry.tags.items()) if entry else [],
            parents=[self._parent(a) for a, b in pairs if b == at],
            children=[self._parent(b) for a, b in pairs if a == at],
        )  # fmt: skip

    def _parent(self, at: int) -> Parent:
        return Parent(self._view.names[at], "input" if self._view.kinds[at] == "input" else "new")

    def _diff(self, name: str) -> Iterator[str]:
        was, now = self._before.features.get(name), self._after.features.get(name)
        old = was.source.splitlines() if was else []
        new = now.source.splitlines() if now else []
        if old != new:
            lines = list(difflib.unified_diff(old, new, n=1, lineterm=""))[2 : 2 + _MOST_DIFF]
            yield from (f"{x[0]} {x[1:]}" for x in lines if not x.startswith("@@"))
        elif was and now:
            yield from _parts_diff(was, now)

    def act(self, action: Action, names: Sequence[str]) -> None:
        """Refuse: two versions are looked at, not run.

        Raises
        ------
        GraphError
            Always.
        """
        raise GraphError(
            f"{action} needs a session, and this compares two versions ({', '.join(names[:3])})."
        )

    def subscribe(self, listener: Callable[..., None]) -> Callable[[], None]:
        """Take a listener that is never called: versions do not change."""
        del listener
        return lambda: None


def _parts_diff(was: Entry, now: Entry) -> Iterator[str]:
    for label, part in now.parts.items():
        old = was.parts.get(label)
        if old is None or old.digest == part.digest:
            continue
        yield f"- {old.text.splitlines()[0] if old.text else label}"
        yield f"+ {part.text.splitlines()[0] if part.text else label}"


def compared(
    after: FeatureGraph | HasFeatures,
    before: FeatureGraph | HasFeatures | None,
    *,
    now: str = "",
) -> DiffSource:
    """Put two versions in one picture, or one alone.

    Parameters
    ----------
    after, before : FeatureGraph or Envelope
        ``before`` may be None: then nothing is compared.
    now : str
        What people call the later one.
    """
    later = version_of(after, now)
    if before is None:
        return DiffSource(later, later)
    earlier = version_of(before)
    if earlier.label == later.label:
        earlier = replace(earlier, label=f"{earlier.label} before")
    return DiffSource(earlier, later)
