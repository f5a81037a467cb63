"""A store that changes only what has a certain name: for tokens with patterns."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import ForbiddenError
from jupyter_lifecycle.registry.manifest import read_manifest
from jupyter_lifecycle.registry.records import NO_SERIES
from jupyter_lifecycle.registry.store import deployments, envelopes
from jupyter_lifecycle.registry.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyter_lifecycle.registry.observations import Outcome, Reaction, SkewState, Window
    from jupyter_lifecycle.registry.records import (
        Artifact,
        Deployment,
        EndpointRecord,
        EnvelopeRecord,
        NewArtifact,
        Rule,
        Series,
    )
    from jupyter_lifecycle.registry.trials import Board, Document, Exposures


class LimitedStore(Store):
    """Reads all of a registry, and changes envelopes and endpoints whose names match.

    A name never changes, so it's looked up before the transaction of the change.

    Parameters
    ----------
    store : Store
        Whose database and files these are.
    only : sequence of str
        Patterns as the shell has them: ``*``, ``?``, ``[abc]``; minds case.
    """

    def __init__(self, store: Store, only: Sequence[str]) -> None:
        super().__init__(
            store._database,  # noqa: SLF001 - of the same class
            store._artifacts,  # noqa: SLF001
            author=store._author,  # noqa: SLF001
            location=store.location,
            key=store._key,  # noqa: SLF001
        )
        self._only = tuple(only)

    def once(self, key: str | None) -> LimitedStore:
        """Give the same store, where tags and metrics of one key are written once."""
        return LimitedStore(super().once(key), self._only)

    def add(
        self,
        manifest: bytes,
        tags: Mapping[str, str],
        metrics: Mapping[str, float],
        author: str | None,
        artifacts: Sequence[NewArtifact] = (),
        series: Series = NO_SERIES,
    ) -> tuple[EnvelopeRecord, bool]:
        """Add an envelope, if its name matches."""
        self._check("envelope", read_manifest(manifest).name)
        return super().add(manifest, tags, metrics, author, artifacts, series)

    def attach(self, id_: str, new: Sequence[NewArtifact]) -> tuple[Artifact, ...]:
        """Add artifacts, if the envelope's name matches."""
        self._check_envelope(id_)
        return super().attach(id_, new)

    def log_series(self, id_: str, series: Series) -> EnvelopeRecord:
        """Log metrics by step, if the envelope's name matches."""
        self._check_envelope(id_)
        return super().log_series(id_, series)

    def tag(
        self,
        id_: str,
        set_: Mapping[str, str],
        unset: Sequence[str],
        expect: Mapping[str, str | None] | None,
    ) -> EnvelopeRecord:
        """Change tags, if the envelope's name matches."""
        self._check_envelope(id_)
        return super().tag(id_, set_, unset, expect)

    def log_metrics(
        self, id_: str, values: Mapping[str, float], step: int | None
    ) -> EnvelopeRecord:
        """Log metrics, if the envelope's name matches."""
        self._check_envelope(id_)
        return super().log_metrics(id_, values, step)

    def set_rule(self, rule: Rule) -> Rule:
        """Write a rule, if its endpoint matches."""
        self._check("endpoint", rule.endpoint)
        return super().set_rule(rule)

    def remove_rule(self, endpoint: str) -> None:
        """Remove a rule, if its endpoint matches."""
        self._check("endpoint", endpoint)
        super().remove_rule(endpoint)

    def set_pin(self, endpoint: str, id_: str | None) -> EndpointRecord:
        """Pin an endpoint, or let it go, if it matches."""
        self._check("endpoint", endpoint)
        return super().set_pin(endpoint, id_)

    def set_endpoint(self, name: str, values: Mapping[str, Any]) -> EndpointRecord:
        """Report an endpoint, if it matches."""
        self._check("endpoint", name)
        return super().set_endpoint(name, values)

    def start_deployment(
        self, endpoint: str, envelope: str, rule_version: int, id_: str
    ) -> Deployment:
        """Write a new attempt, if its endpoint matches."""
        self._check("endpoint", endpoint)
        return super().start_deployment(endpoint, envelope, rule_version, id_)

    def update_deployment(self, id_: str, values: Mapping[str, Any]) -> Deployment:
        """Write how an attempt goes, if its endpoint matches."""
        with self._database.reading() as connection:
            endpoint = deployments.get(connection, id_).endpoint
        self._check("endpoint", endpoint)
        return super().update_deployment(id_, values)

    def add_windows(self, windows: Sequence[Window]) -> int:
        """Write windows, if their endpoints match."""
        for one in windows:
            self._check("endpoint", one.endpoint)
        return super().add_windows(windows)

    def set_skew(self, state: SkewState) -> SkewState:
        """Write a skew state, if its endpoint matches."""
        self._check("endpoint", state.endpoint)
        return super().set_skew(state)

    def add_outcomes(self, outcomes: Sequence[Outcome]) -> int:
        """Write outcomes, if their endpoints match."""
        for one in outcomes:
            self._check("endpoint", one.endpoint)
        return super().add_outcomes(outcomes)

    def react(self, reaction: Reaction) -> bool:
        """Write how a reaction goes, if its endpoint matches."""
        self._check("endpoint", reaction.endpoint)
        return super().react(reaction)

    def write_board(self, expect: int, documents: Sequence[Document]) -> Board:
        """Write layers, experiments and so on, if their names match."""
        for one in documents:
            self._check(one.kind, one.name)
        return super().write_board(expect, documents)

    def experiment_key(self, name: str) -> str:
        """Give the key of an experiment, if its name matches."""
        self._check("experiment", name)
        return super().experiment_key(name)

    def add_exposures(self, items: Sequence[Exposures]) -> int:
        """Write exposures, if the names of their experiments match."""
        for one in items:
            self._check("experiment", one.experiment)
        return super().add_exposures(items)

    def _check_envelope(self, id_: str) -> None:
        with self._database.reading() as connection:
            name = envelopes.name_of(connection, envelopes.seq_of(connection, id_)[0])
        self._check("envelope", name)

    def _check(self, kind: str, name: str) -> None:
        if any(fnmatchcase(name, pattern) for pattern in self._only):
            return
        raise ForbiddenError(
            f"The token may change only what is called {' or '.join(self._only)}, and this"
            f" {kind} is called {name[:80]}. Ask for a token without that limit.",
            only=list(self._only),
        )
