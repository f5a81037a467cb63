"""What a registry knows, as values: the same from the embedded store and from the server.

Times are UTC and aware. Ids are the first 40 hex digits of a manifest's SHA-256; ten are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar, overload

if TYPE_CHECKING:
    from datetime import datetime

Item = TypeVar("Item")

OnNone = Literal["keep", "retire"]
StepName = Literal["decide", "build", "start", "replay", "switch"]
StepState = Literal["waiting", "running", "done", "failed"]
DeploymentState = Literal["running", "serving", "failed", "replaced", "retired"]
DeliveryState = Literal["pending", "delivered", "dead"]
EndpointState = Literal["waiting", "deploying", "serving", "unmatched", "failed", "retired", "down"]

EVENT_KINDS = (
    "envelope.saved",
    "envelope.deleted",
    "envelope.restored",
    "trash.purged",
    "tag.changed",
    "metric.logged",
    "artifact.added",
    "rule.changed",
    "pin.changed",
    "want.changed",
    "deployment.changed",
    "endpoint.changed",
    "skew.changed",
    "skew.reaction",
    "layer.changed",
    "holdout.changed",
    "experiment.changed",
    "report.saved",
    "token.created",
    "token.revoked",
    "webhook.created",
    "webhook.removed",
)
"""What may happen in a registry."""

SHOWN = 10
"""Digits of an id that people see."""

STEPS: tuple[StepName, ...] = ("decide", "build", "start", "replay", "switch")


class _Printer(Protocol):
    """What IPython hands to ``_repr_pretty_``."""

    def text(self, text: str) -> object: ...


def _show(record: object, printer: _Printer, _cycle: bool) -> None:
    """Show a record in a notebook as what ``str`` says of it.

    Assigned in each class: IPython prefers a ``__repr__`` that stands nearer than this.
    """
    printer.text(str(record))


@dataclass(frozen=True, slots=True)
class EnvelopeRecord:
    """One saved envelope: immutable but for ``tags`` and ``metrics``."""

    id: str
    name: str
    author: str
    created_at: datetime
    size: int
    """Bytes of all its files."""
    tags: Mapping[str, str]
    metrics: Mapping[str, float]
    """The latest value of each metric."""
    manifest: Mapping[str, Any]
    """The manifest as JSON: schema, environment, files; see docs/envelope.md."""


@dataclass(frozen=True, slots=True)
class TagChange:
    """One change of one tag; ``None`` where there was or is none."""

    at: datetime
    author: str
    key: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One logged value of a metric."""

    at: datetime
    author: str
    key: str
    value: float
    step: int | None


@dataclass(frozen=True, slots=True)
class NewArtifact:
    """An artifact on its way into a registry; its content was sent before."""

    name: str
    kind: str
    """What it is to people: ``file``, ``figure``, ``table``, ``confusion``, ``roc``, ``pr``, …"""
    media_type: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Artifact:
    """Something that was added to an envelope, such as a figure; it never changes."""

    name: str
    kind: str
    media_type: str
    sha256: str
    size: int
    """Bytes."""
    at: datetime
    author: str


Series = Mapping[str, Sequence[tuple[int, float]]]
"""Values of metrics by step, in the order in which they came."""

NO_SERIES: Series = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Rule:
    """Endpoint E on target T serves the best match of a query.

    ``version`` and what follows are filled in by the registry.
    """

    endpoint: str
    when: str
    order_by: str = "created_at desc"
    target: str = "local"
    on_none: OnNone = "keep"
    options: Mapping[str, Any] = field(default_factory=dict)
    version: int = 0
    author: str = ""
    updated_at: datetime | None = None

    _repr_pretty_ = _show

    def __str__(self) -> str:
        """Say the rule in words, one line."""
        none = "is retired" if self.on_none == "retire" else "keeps the last one"
        return (
            f"{self.endpoint} on {self.target} serves the first match of {self.when} "
            f"order by {self.order_by}; where none is left it {none}."
        )


@dataclass(frozen=True, slots=True)
class Want:
    """What the rules say an endpoint should serve, decided in the transaction of the change.

    ``envelope`` is None where nothing matches; ``because`` says in one line what led here.
    """

    endpoint: str
    target: str
    envelope: str | None
    rule_version: int
    since: datetime
    because: str


@dataclass(frozen=True, slots=True)
class Pin:
    """An endpoint held at one envelope: its rule goes on deciding, and is not followed."""

    endpoint: str
    envelope: str
    author: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a deployment and one fact about it."""

    name: StepName
    state: StepState = "waiting"
    seconds: float | None = None
    fact: str = ""


@dataclass(frozen=True, slots=True)
class Deployment:
    """One attempt to have an endpoint serve an envelope."""

    id: str
    endpoint: str
    envelope: str
    rule_version: int
    state: DeploymentState
    created_at: datetime
    updated_at: datetime
    steps: tuple[Step, ...] = tuple(Step(name) for name in STEPS)
    reason: str = ""
    """Why it failed or ended, in one or two sentences; empty while all is well."""
    log: tuple[str, ...] = ()
    """The last lines of its log."""


@dataclass(frozen=True, slots=True)
class EndpointRecord:
    """One endpoint: its rule, what it should serve and what it does serve.

    ``serving`` may differ from ``want.envelope`` while a deployment runs, after one failed
    (state ``failed``) and where no envelope matches any more (state ``unmatched``).
    """

    name: str
    target: str
    state: EndpointState
    rule: Rule | None
    want: Want | None
    serving: str | None
    serving_since: datetime | None
    address: str | None
    """``http://host:port``, the same over all versions once assigned."""
    last_deployment: Deployment | None
    failure: str = ""
    """Why the last attempt failed or nothing happens yet, while that is all there is to say."""
    pin: Pin | None = None
    """What it is held at; None where its rule decides."""


@dataclass(frozen=True, slots=True)
class EndpointChange:
    """How one endpoint would move: part of a :class:`Preview`."""

    endpoint: str
    target: str
    before: str | None
    """Id of the envelope that the rules want now."""
    after: str | None
    rule: Rule
    because: str
    """The condition that becomes true or false, or the order that changes."""

    _repr_pretty_ = _show

    def __str__(self) -> str:
        """Say the change in words, one line."""
        before = self.before[:SHOWN] if self.before else "nothing"
        after = self.after[:SHOWN] if self.after else "nothing"
        return f"{self.endpoint} on {self.target}: {before} → {after}, because {self.because}"


@dataclass(frozen=True, slots=True)
class Preview:
    """What would change if a tag, metric or rule changed; nothing was written."""

    changes: tuple[EndpointChange, ...]
    rules_checked: int

    _repr_pretty_ = _show

    def __str__(self) -> str:
        """Say what would happen in words, a line an endpoint."""
        if not self.changes:
            asked = "no rule asks for it" if self.rules_checked else "there is no rule"
            return f"This changes nothing: {asked}."
        moved = "one endpoint" if len(self.changes) == 1 else f"{len(self.changes)} endpoints"
        return "\n".join([f"This moves {moved}:", *(f"  {change}" for change in self.changes)])


@dataclass(frozen=True, slots=True)
class Facet:
    """What a field holds in this registry."""

    field: str
    count: int
    """Envelopes (of packages: environments) that have it."""
    values: tuple[tuple[str, int], ...] = ()
    """The commonest values and how many have each; empty for numbers."""
    low: float | None = None
    high: float | None = None
    """The range of a metric's latest values."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, in order of ``seq``."""

    seq: int
    at: datetime
    kind: str
    """One of :data:`EVENT_KINDS`."""
    subject: str
    author: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DeletedEnvelope:
    """An envelope in the trash: it can be restored until its time is over."""

    id: str
    name: str
    size: int
    """Bytes of all its files."""
    deleted_at: datetime
    deleted_by: str


@dataclass(frozen=True, slots=True)
class Collected:
    """What a garbage collection removed for good."""

    envelopes: tuple[str, ...]
    """Ids whose time in the trash was over."""
    files: int
    """Files that nothing referred to any more."""
    bytes: int

    _repr_pretty_ = _show

    def __str__(self) -> str:
        """Say it in words, one line."""
        return (
            f"Removed for good: {len(self.envelopes):,} envelopes from the trash,"
            f" {self.files:,} files, {self.bytes:,} bytes."
        )


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that is told what happens."""

    id: str
    url: str
    kinds: tuple[str, ...]
    """Kinds of :class:`Event`; empty: all."""
    query: str
    """Only what concerns an envelope that matches; empty: everything."""
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one webhook."""

    id: int
    webhook: str
    event: int
    state: DeliveryState
    attempts: int
    updated_at: datetime
    next_at: datetime | None
    """When it's tried again; None where it isn't."""
    status: int | None
    """What the address answered last, as an HTTP status."""
    reason: str
    """Why the last attempt failed; empty where none did."""


@dataclass(frozen=True)
class Page(Sequence[Item], Generic[Item]):
    """One page of an answer; ``cursor`` leads to the next one, None on the last."""

    items: tuple[Item, ...]
    cursor: str | None = None

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | Sequence[Item]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)


def served_before(endpoint: EndpointRecord, deployments: Sequence[Deployment]) -> str | None:
    """Give the id of what an endpoint served last before what it serves now.

    Parameters
    ----------
    endpoint : EndpointRecord
        How it stands.
    deployments : sequence of Deployment
        Its attempts, newest first.
    """
    switched = (
        item.envelope
        for item in deployments
        if any(step.name == "switch" and step.state == "done" for step in item.steps)
    )
    return next((id_ for id_ in switched if id_ != endpoint.serving), None)
