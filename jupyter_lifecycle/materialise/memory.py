"""What a session remembers of its features between computations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from jupyter_lifecycle.hashing import CodePart
    from jupyter_lifecycle.materialise.keys import Node
    from jupyter_lifecycle.materialise.records import NodeReport

_KEPT = 8
_TEXT = 4_000


class Part(NamedTuple):
    """One part of a feature's code, with its text for a diff."""

    kind: str
    label: str
    digest: str
    text: str


class Origins(NamedTuple):
    """What one column was computed from: kept with it, so that a new kernel can say why."""

    feature: str
    token: str
    """Its key, or the digest of its content where it has no key; hexadecimal."""
    code: str
    parts: Sequence[Part]
    parents: Mapping[str, str]
    """Argument to the identity of its value."""
    inputs: tuple[str, ...]
    """The arguments that are inputs, not features."""
    remark: str = ""
    """What its checks said of it."""
    files: Mapping[str, str] = MappingProxyType({})
    """What it read besides its arguments: path to the digest of what was there."""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain lists and texts."""
        return {
            "feature": self.feature,
            "token": self.token,
            "code": self.code,
            "parts": [[p.kind, p.label, p.digest, p.text] for p in self.parts],
            "parents": dict(self.parents),
            "inputs": list(self.inputs),
            "remark": self.remark,
            "files": dict(self.files),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | None) -> Origins | None:
        """Read what :meth:`to_json` wrote; None for anything else, such as an older form."""
        try:
            assert stored is not None
            parts = tuple([Part(*[str(text) for text in part]) for part in stored["parts"]])
            parents = {str(name): str(token) for name, token in stored["parents"].items()}
            inputs = tuple([str(name) for name in stored["inputs"]])
            texts = [str(stored[name]) for name in ("feature", "token", "code")]
            remark = str(stored.get("remark", ""))
            files = {str(path): str(held) for path, held in stored.get("files", {}).items()}
            return cls(texts[0], texts[1], texts[2], parts, parents, inputs, remark, files)
        except (AssertionError, KeyError, TypeError, AttributeError, ValueError):
            return None


class Known(NamedTuple):
    """The last column of one feature."""

    origins: Origins
    report: NodeReport
    base: bytes | None
    """For a feature without key, what it was made from."""
    content: bytes | None
    """Identity of its content, where it was needed."""
    function: Any = None
    """Held, so that no other function gets its identity."""


@dataclass(slots=True)
class Memory:
    """The state between computations; only :class:`Materialiser` and its runs change it."""

    fresh: dict[str, bytes] = field(default_factory=dict)
    """Keys that were computed in this session."""
    last: dict[str, Known] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)
    """For each feature the token of the column that the last one took the place of."""
    failed: dict[str, tuple[bytes | None, str]] = field(default_factory=dict)
    """What a failing feature would have been computed from, and the error's words."""
    forgotten: set[bytes] = field(default_factory=set)
    """Keys that are not looked up, until a column was stored under them again."""
    invalidated: set[str] = field(default_factory=set)
    """Features that run even where their parents gave the same as before."""
    live: dict[str, Any] = field(default_factory=dict)
    """Values that are in no cache."""
    asked: set[str] = field(default_factory=set)
    """Names that the cache was asked for, for what an earlier session made of them."""
    _origins: dict[str, dict[str, Origins]] = field(default_factory=dict)

    def remember(self, name: str, known: Known) -> None:
        """Take over what a run found or computed."""
        earlier = self.last.get(name)
        token = known.origins.token
        if earlier is not None and earlier.origins.token != token:
            self.before[name] = earlier.origins.token
        self.last[name] = known
        self.failed.pop(name, None)
        self.note(known.origins)

    def note(self, origins: Origins) -> None:
        """Keep what a column was computed from; the last eight of each feature are kept."""
        kept = self._origins.setdefault(origins.feature, {})
        kept.pop(origins.token, None)
        kept[origins.token] = origins
        if len(kept) > _KEPT:
            del kept[next(iter(kept))]

    def origins(self, name: str, token: str) -> Origins | None:
        """Return what the column with this token was computed from, where it is still known."""
        return self._origins.get(name, {}).get(token)


class _Parts(Sequence[Part]):
    """The parts of a feature's code, made when somebody asks why it was computed."""

    __slots__ = ("_code", "_made")

    def __init__(self, code: Sequence[CodePart]) -> None:
        self._code = code
        self._made: tuple[Part, ...] | None = None

    def _parts(self) -> tuple[Part, ...]:
        if self._made is None:
            self._made = tuple(
                [Part(p.kind, p.label, p.digest.hex(), p.text[:_TEXT]) for p in self._code]
            )
        return self._made

    def __getitem__(self, place: Any) -> Any:
        return self._parts()[place]

    def __iter__(self) -> Iterator[Part]:
        return iter(self._parts())

    def __len__(self) -> int:
        return len(self._code)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._parts() == tuple(other)

    def __hash__(self) -> int:
        return hash(self._parts())


class OriginsWriter:
    """Makes :class:`Origins` of nodes; parts of equal code are one object."""

    def __init__(self) -> None:
        self._parts: dict[bytes, Sequence[Part]] = {}

    def of(
        self, node: Node, token: bytes | None, inputs: Container[str], remark: str = ""
    ) -> Origins:
        """Describe what a node's column is computed from."""
        digest = node.code.digest or b""
        parts = self._parts.get(digest) if digest else ()
        if parts is None:
            parts = self._parts[digest] = _Parts(node.code.parts)
        return Origins(
            node.name,
            token.hex() if token is not None else "",
            digest.hex(),
            parts,
            {name: each.hex() for name, each in node.tokens.items()},
            tuple([name for name in node.arguments if name in inputs]),
            remark,
            {each.path: each.digest.hex() for each in node.files},
        )
