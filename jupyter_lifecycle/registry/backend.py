"""What stands behind a :class:`~jupyter_lifecycle.registry.Registry`: a store here, or a server.

Both raise the same errors. Both know who acts: the store by its author, the server by the token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from jupyter_lifecycle.registry.observations import Outcome, Reaction, SkewState, Window
    from jupyter_lifecycle.registry.records import (
        Artifact,
        Collected,
        DeletedEnvelope,
        Deployment,
        EndpointRecord,
        EnvelopeRecord,
        Event,
        Facet,
        MetricPoint,
        NewArtifact,
        Page,
        Preview,
        Rule,
        Series,
        TagChange,
        Want,
    )
    from jupyter_lifecycle.registry.trials import Board, Document, Exposures

    Progress = Callable[[int, int], None]
    """Called with the bytes done and the bytes in all."""


class RubbishBin(Protocol):
    """Deleting, restoring, collecting garbage."""

    def delete(self, id_: str) -> DeletedEnvelope:
        """Move an envelope into the trash."""

    def restore(self, id_: str) -> str:
        """Take an envelope out of the trash; gives its id."""

    def deleted(self) -> tuple[DeletedEnvelope, ...]:
        """All that is in the trash."""

    def collect(self, seconds: float) -> Collected:
        """Remove for good what has been in the trash for so long."""


class Watching(Protocol):
    """What services see, and what came of it."""

    def add_windows(self, windows: Sequence[Window]) -> int:
        """Write windows; of one key the later flush counts."""

    def windows(
        self,
        endpoint: str,
        since: datetime,
        until: datetime,
        envelope: str | None = None,
        side: str | None = None,
    ) -> tuple[Window, ...]:
        """Give the windows that start in a stretch of time."""

    def set_skew(self, state: SkewState) -> SkewState:
        """Write how far an envelope is from its reference."""

    def skews(self, endpoint: str | None = None) -> tuple[SkewState, ...]:
        """Give the skew states."""

    def add_outcomes(self, outcomes: Sequence[Outcome]) -> int:
        """Write outcomes; a later one of the same row replaces the one before."""

    def outcomes(self, endpoint: str, since: datetime, until: datetime) -> tuple[Outcome, ...]:
        """Give the outcomes of what was answered in a stretch of time."""

    def react(self, reaction: Reaction) -> bool:
        """Write how a reaction goes; False where it was begun before."""

    def reactions(self, endpoint: str) -> tuple[Reaction, ...]:
        """Give what was done for an endpoint."""


class Trying(Protocol):
    """Layers, experiments and who saw what."""

    def board(self, reports: bool = False) -> Board:
        """Give all documents at the revision of now; reports where asked for."""

    def write_board(self, expect: int, documents: Sequence[Document]) -> Board:
        """Write documents, all or none, upon the revision that was read."""

    def experiment_key(self, name: str) -> str:
        """Give the key that signs forced arms of an experiment."""

    def add_exposures(self, items: Sequence[Exposures]) -> int:
        """Write stretches of exposures; of one key the longer counts."""

    def exposures(self, experiment: str, after: int, limit: int) -> tuple[Exposures, ...]:
        """Give stretches of exposures after a number."""


class Backend(Watching, Trying, Protocol):
    """Everything that a registry does, in records."""

    @property
    def location(self) -> str:
        """The folder or address."""

    @property
    def is_local(self) -> bool:
        """Whether the store is in this process."""

    def search(
        self, query: str, limit: int, cursor: str | None, skip: int = 0
    ) -> Page[EnvelopeRecord]:
        """One page of the envelopes that match, so many rows after where the cursor stands."""

    def latest(self, query: str) -> EnvelopeRecord:
        """Give the first match."""

    def count(self, query: str) -> int:
        """How many match."""

    def get(self, prefix: str) -> EnvelopeRecord:
        """Give the envelope whose id starts so."""

    def manifest(self, id_: str) -> bytes:
        """Give the manifest, byte for byte."""

    def names(self) -> tuple[str, ...]:
        """Give the names in use."""

    def keys(self, family: str) -> tuple[str, ...]:
        """Give the keys of ``tags`` or ``metrics`` in use."""

    def facet(self, field: str, prefix: str, limit: int) -> Facet:
        """Describe a field by what it holds."""

    def missing(self, digests: Sequence[str]) -> tuple[str, ...]:
        """Those of these blobs that have to be sent."""

    def send(self, digest: str, path: Path, progress: Progress | None) -> None:
        """Store a file under its digest."""

    def fetch(self, digest: str, target: Path, progress: Progress | None) -> None:
        """Have a blob as a file at ``target``, checked."""

    def add(
        self,
        manifest: bytes,
        tags: Mapping[str, str],
        metrics: Mapping[str, float],
        author: str | None,
        artifacts: Sequence[NewArtifact] = (),
        series: Series = ...,
    ) -> tuple[EnvelopeRecord, bool]:
        """Add an envelope whose files are there; whether it existed before."""

    def attach(self, id_: str, new: Sequence[NewArtifact]) -> tuple[Artifact, ...]:
        """Add artifacts whose content is there, all or none."""

    def attached(self, id_: str) -> tuple[Artifact, ...]:
        """All artifacts of an envelope."""

    def log_series(self, id_: str, series: Series) -> EnvelopeRecord:
        """Log metrics by step, all or none."""

    def tag(
        self,
        id_: str,
        set_: Mapping[str, str],
        unset: Sequence[str],
        expect: Mapping[str, str | None] | None,
    ) -> EnvelopeRecord:
        """Change tags, all or none."""

    def log_metrics(
        self, id_: str, values: Mapping[str, float], step: int | None
    ) -> EnvelopeRecord:
        """Log metrics."""

    def tag_history(self, id_: str) -> tuple[TagChange, ...]:
        """Every change of every tag."""

    def metric_history(self, id_: str, key: str) -> tuple[MetricPoint, ...]:
        """Every value of one metric."""

    def set_rule(self, rule: Rule) -> Rule:
        """Write a rule."""

    def remove_rule(self, endpoint: str) -> None:
        """Remove a rule."""

    def rules(self) -> tuple[Rule, ...]:
        """All rules."""

    def preview(self, id_: str, set_: Mapping[str, str], unset: Sequence[str]) -> Preview:
        """Say what changing tags would move."""

    def preview_rule(self, rule: Rule) -> Preview:
        """Say what writing a rule would move."""

    def set_pin(self, endpoint: str, id_: str | None) -> EndpointRecord:
        """Hold an endpoint at an envelope; None lets its rule decide again."""

    def preview_pin(self, endpoint: str, id_: str | None) -> Preview:
        """Say what a pin would move."""

    def wants(self) -> tuple[Want, ...]:
        """Say what the endpoints should serve."""

    def endpoint(self, name: str) -> EndpointRecord:
        """One endpoint."""

    def endpoints(self) -> tuple[EndpointRecord, ...]:
        """All endpoints."""

    def set_endpoint(self, name: str, values: Mapping[str, Any]) -> EndpointRecord:
        """Write what a deployer reports of an endpoint."""

    def start_deployment(
        self, endpoint: str, envelope: str, rule_version: int, id_: str
    ) -> Deployment:
        """Write a new attempt."""

    def update_deployment(self, id_: str, values: Mapping[str, Any]) -> Deployment:
        """Write how an attempt goes."""

    def deployments(self, endpoint: str, limit: int) -> tuple[Deployment, ...]:
        """Give the attempts of an endpoint, newest first."""

    def lease(self, name: str, holder: str, seconds: float) -> bool:
        """Take or renew a lease."""

    def release(self, name: str, holder: str) -> None:
        """Give a lease back."""

    def lease_holder(self, name: str) -> str | None:
        """Who holds a lease."""

    @property
    def bin(self) -> RubbishBin:
        """What was deleted."""

    def events(self, after: int, limit: int, wait: float = 0.0) -> tuple[Event, ...]:
        """Say what happened after a number; wait so many seconds for the first."""

    def close(self) -> None:
        """Close connections and files."""
