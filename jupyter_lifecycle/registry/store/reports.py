"""What deployers report: how endpoints stand, how attempts go, and who may make them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.registry.store import deployments, envelopes, rules
from jupyter_lifecycle.registry.store.events import Change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_lifecycle.registry.records import Deployment, EndpointRecord
    from jupyter_lifecycle.registry.store.database import Database


class Reports:
    """The part of a store about endpoints, which deployers write; each method is a transaction."""

    _database: Database
    _author: str

    def endpoint(self, name: str) -> EndpointRecord:
        """One endpoint."""
        with self._database.reading() as connection:
            return rules.endpoint_record(connection, name)

    def endpoints(self) -> tuple[EndpointRecord, ...]:
        """All endpoints, by name."""
        with self._database.reading() as connection:
            return rules.endpoint_records(connection)

    def set_endpoint(self, name: str, values: Mapping[str, Any]) -> EndpointRecord:
        """Write what a deployer reports: ``address``, ``serving``, ``state``, ``failure``."""
        with self._database.writing() as (connection, now):
            rules.set_endpoint(Change(connection, now, self._author), name, values)
            return rules.endpoint_record(connection, name)

    def start_deployment(
        self, endpoint: str, envelope: str, rule_version: int, id_: str
    ) -> Deployment:
        """Write a new attempt; the same id again is the same attempt."""
        with self._database.writing() as (connection, now):
            _, whole = envelopes.seq_of(connection, envelope)
            change = Change(connection, now, self._author)
            return deployments.start(change, endpoint, whole, rule_version, id_)

    def update_deployment(self, id_: str, values: Mapping[str, Any]) -> Deployment:
        """Write how an attempt goes; ``steps`` and ``log`` replace what was there."""
        with self._database.writing() as (connection, now):
            return deployments.write(Change(connection, now, self._author), id_, values)

    def deployments(self, endpoint: str, limit: int) -> tuple[Deployment, ...]:
        """Give the attempts of an endpoint, newest first."""
        with self._database.reading() as connection:
            return deployments.of_endpoint(connection, endpoint, limit)

    def lease(self, name: str, holder: str, seconds: float) -> bool:
        """Take or renew a lease; False where somebody else has it."""
        with self._database.writing() as (connection, now):
            return deployments.lease(Change(connection, now, self._author), name, holder, seconds)

    def release(self, name: str, holder: str) -> None:
        """Give a lease back; nothing happens where somebody else has it."""
        with self._database.writing() as (connection, now):
            deployments.release(Change(connection, now, self._author), name, holder)

    def lease_holder(self, name: str) -> str | None:
        """Who holds a lease now."""
        with self._database.reading() as connection:
            return deployments.lease_holder(connection, name, self._database.now(connection))
