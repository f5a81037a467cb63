"""Keys: what a column is computed from, as a digest.

The key of a feature chains the key of its code with the keys of its parents; only sources are
hashed by content. A feature that cannot have a key (its code is impure, or cannot be seen through)
is known by the content of what it gave, and what reads it gets its key once that is there.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import FingerprintError
from jupyter_lifecycle.hashing import CodeKey, CodePart, code_key, combine, fingerprint
from jupyter_lifecycle.materialise.openings import uncached

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jupyter_lifecycle.cache import Entry
    from jupyter_lifecycle.graph import Check, Feature
    from jupyter_lifecycle.hashing import Source
    from jupyter_lifecycle.materialise.binding import Binding
    from jupyter_lifecycle.materialise.openings import Openings


@dataclass(frozen=True, slots=True)
class Code:
    """A feature's code as far as keys are concerned."""

    digest: bytes | None
    """None where it cannot be seen through."""
    parts: tuple[CodePart, ...]
    reason: str
    """Why its columns are not cached; empty where they are."""
    key: CodeKey | None = None
    """What the digest was made from; None where it cannot be seen through."""


@dataclass(slots=True)
class Node:
    """A feature with its parents' identities, while a computation is planned or runs."""

    name: str
    feature: Feature
    code: Code
    arguments: tuple[str, ...]
    key: bytes | None
    """None until known: see :attr:`reason` and :attr:`open_parents`."""
    tokens: dict[str, bytes]
    """For each argument the identity of its value: a key, or a digest of content."""
    open_parents: tuple[str, ...]
    """Arguments whose identity is known only once they were computed."""
    plain: bytes | None = None
    """The key by code and arguments alone, where files count in :attr:`key` as well."""
    files: tuple[Source, ...] = ()
    """What it reads besides its arguments, as far as it is known."""
    overruled: bool = False
    """Whether it was seen to be impure, and is kept because the user says so."""
    entry: Entry | None = None
    """What the cache has under the key, where it was looked up with it."""

    @property
    def reason(self) -> str:
        """Why it has no key of its own, however much of its parents is known."""
        return self.code.reason


class SourceDigests:
    """Digests of the values that a computation starts from; each is hashed once a run."""

    def __init__(self, sources: Mapping[str, Any]) -> None:
        self._sources = sources
        self._known: dict[str, bytes | None] = {}
        self.reasons: dict[str, str] = {}
        """For sources that cannot be fingerprinted."""

    def __contains__(self, name: str) -> bool:
        return name in self._sources

    def __getitem__(self, name: str) -> bytes | None:
        """Return the digest of a source, or None where it has none."""
        if name not in self._known:
            try:
                self._known[name] = combine("value", fingerprint(self._sources[name]))
            except FingerprintError as error:
                self._known[name] = None
                self.reasons[name] = f"not cached: input {name}: {error.message}"
        return self._known[name]


def read_code(feature: Feature) -> Code:
    """Find the key of a feature's code, or why its columns cannot be cached."""
    try:
        found = code_key(feature.function)
    except FingerprintError as error:
        return Code(None, (), f"not cached: {error.message}")
    reason = ""
    if feature.cache == "never":
        reason = 'not cached: cache="never"'
    elif found.impure and feature.cache != "always":
        reason = uncached(found.impure)
    if feature.checks:
        try:
            checks = [_check_part(each) for each in feature.checks]
        except FingerprintError as error:
            return Code(None, (), f"not cached: {error.message}")
        digest = combine("checked", found.digest, *[part.digest for part in checks])
        return Code(digest, (*found.parts, *checks), reason, found)
    return Code(found.digest, found.parts, reason, found)


def _check_part(check: Check) -> CodePart:
    """Make a check part of a feature's code: another condition looks at the values anew."""
    digest = combine(
        "check", check.kind.encode(), check.importance.encode(), fingerprint(check.limit)
    )
    return CodePart("constant", f"check {check.name}", digest, repr(check.limit))


def resolve(
    binding: Binding,
    digests: SourceDigests,
    token_of: Callable[[Node], bytes | None] | None = None,
    openings: Openings | None = None,
) -> dict[str, Node]:
    """Give each feature its key, where it can be known before anything runs.

    Parameters
    ----------
    binding : Binding
    digests : SourceDigests
        Of the binding's sources.
    token_of : callable, optional
        Gives the identity of the last value of a feature without key, where it still holds.
    openings : Openings, optional
        Knows what features opened before, which counts in their keys.

    Returns
    -------
    dict of str to Node
        In topological order.
    """
    with _uncollected():
        return _resolve(binding, digests, token_of, openings)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Have no garbage collected meanwhile: nearly all that is made here stays.

    A thousand first keys are 40,000 objects, enough to make the collector look at everything in
    the process, which took as long again as the keys.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _resolve(
    binding: Binding,
    digests: SourceDigests,
    token_of: Callable[[Node], bytes | None] | None,
    openings: Openings | None,
) -> dict[str, Node]:
    features = binding.features
    nodes: dict[str, Node] = {}
    known: dict[str, bytes | None] = {}
    for name in binding.order:
        feature = features[name]
        tokens, open_parents = {}, []
        for each in binding.arguments[name]:
            token = known[each] if each in known else digests[each]
            if token is None:
                open_parents.append(each)
            else:
                tokens[each] = token
        arguments = binding.arguments[name]
        node = Node(name, feature, read_code(feature), arguments, None, tokens, tuple(open_parents))
        node.key = key_of(node)
        if openings is not None:
            openings.settle(node)
        known[name] = node.key
        if node.key is None and token_of is not None and not open_parents:
            known[name] = token_of(node)
        nodes[name] = node
    return nodes


def key_of(node: Node) -> bytes | None:
    """Return the key of a node all of whose parents are identified; None where it has none."""
    if node.open_parents or node.code.reason or node.code.digest is None:
        return None
    return combine("feature", node.code.digest, *_pairs(node.arguments, node.tokens))


def output_key_of(node: Node, outputs: Mapping[str, bytes]) -> bytes:
    """Return the key by the content of the parents: equal where they gave the same as before.

    The node must have a key, and ``outputs`` the identity of each argument's content.
    """
    assert node.code.digest is not None
    return combine("outputs", node.code.digest, *_pairs(node.arguments, outputs))


def base_of(node: Node) -> bytes | None:
    """Return what the value of a feature without key was made from, to know when it changes.

    Code that cannot be seen through counts as the same as long as it is the same object, which is
    good enough to say what was computed last, and for nothing else.
    """
    if node.open_parents:
        return None
    code = node.code.digest or combine("object", id(node.feature.function).to_bytes(8, "little"))
    return combine("base", code, *_pairs(node.arguments, node.tokens))


def _pairs(arguments: tuple[str, ...], tokens: Mapping[str, bytes]) -> list[bytes]:
    parts = []
    for each in arguments:
        parts.append(each.encode())
        parts.append(tokens[each])
    return parts
