"""What is added to envelopes after they were saved: artifacts and metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lifecycle.errors import IntegrityError
from jupyter_lifecycle.registry import words
from jupyter_lifecycle.registry.store import attachments, envelopes, evaluation, labels, once
from jupyter_lifecycle.registry.store.events import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from jupyter_lifecycle.registry.artifacts import Artifacts
    from jupyter_lifecycle.registry.records import (
        Artifact,
        EnvelopeRecord,
        MetricPoint,
        NewArtifact,
        Series,
    )
    from jupyter_lifecycle.registry.store.database import Database


class Attached:
    """The part of a store about artifacts and metrics; each method is a transaction."""

    _database: Database
    _artifacts: Artifacts
    _author: str
    _key: str | None
    _load_manifest: Callable[[str], Mapping[str, Any]]

    def attach(self, id_: str, new: Sequence[NewArtifact]) -> tuple[Artifact, ...]:
        """Add artifacts whose content is here, all or none; the same again is no change.

        Raises
        ------
        ConflictError
            The envelope has another artifact of a name.
        IntegrityError
            The content of one is not here.
        """
        sized = self._sized(new)
        with self._database.writing() as (connection, now):
            seq, whole = envelopes.seq_of(connection, id_)
            change = Change(connection, now, self._author)
            return attachments.write(change, seq, whole, sized)

    def attached(self, id_: str) -> tuple[Artifact, ...]:
        """All artifacts of an envelope, in the order in which they came."""
        with self._database.reading() as connection:
            return attachments.listed(connection, envelopes.seq_of(connection, id_)[0])

    def log_metrics(
        self, id_: str, values: Mapping[str, float], step: int | None
    ) -> EnvelopeRecord:
        """Log metrics; rules are evaluated in the same transaction."""
        checked, at = words.check_metrics(values), words.check_step(step)
        with self._database.writing() as (connection, now):
            change = Change(connection, now, self._author)
            seq, whole = envelopes.seq_of(connection, id_)
            if checked and not once.seen(change, self._key):
                watched = evaluation.watch(connection, seq, [f"metrics.{key}" for key in checked])
                labels.write_metrics(change, seq, whole, checked, at)
                evaluation.settle(change, seq, whole, watched)
            return envelopes.record(connection, seq, self._load_manifest)

    def log_series(self, id_: str, series: Series) -> EnvelopeRecord:
        """Log metrics by step, all or none; rules are evaluated in the same transaction."""
        checked = words.check_series(series)
        with self._database.writing() as (connection, now):
            change = Change(connection, now, self._author)
            seq, whole = envelopes.seq_of(connection, id_)
            if checked and not once.seen(change, self._key):
                watched = evaluation.watch(connection, seq, [f"metrics.{key}" for key in checked])
                labels.write_series(change, seq, whole, checked)
                evaluation.settle(change, seq, whole, watched)
            return envelopes.record(connection, seq, self._load_manifest)

    def metric_history(self, id_: str, key: str) -> tuple[MetricPoint, ...]:
        """Every logged value of a metric, in the order in which they came."""
        with self._database.reading() as connection:
            return labels.metric_history(connection, envelopes.seq_of(connection, id_)[0], key)

    def _sized(self, new: Sequence[NewArtifact]) -> list[tuple[NewArtifact, int]]:
        """Each with its size, which says that its content is here."""
        found = []
        for one in map(words.check_artifact, new):
            size = self._artifacts.size(one.sha256)
            if size is None:
                raise IntegrityError(
                    f"The content of artifact {one.name} is not here. Send it first.",
                    digest=one.sha256,
                )
            found.append((one, size))
        return found
