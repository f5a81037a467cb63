"""What deployers report to a registry, and the leases that keep two of them apart."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import EllipsisType

    from jupyter_lifecycle.registry.backend import Backend
    from jupyter_lifecycle.registry.records import (
        Deployment,
        DeploymentState,
        EndpointRecord,
        Step,
    )


class Reporting:
    """The part of a registry that is for deployers."""

    _backend: Backend

    def set_endpoint(
        self,
        name: str,
        *,
        address: str | EllipsisType | None = ...,
        serving: str | EllipsisType | None = ...,
        state: str | EllipsisType | None = ...,
        failure: str | EllipsisType = ...,
    ) -> EndpointRecord:
        """Report how an endpoint stands; what is not given stays.

        Parameters
        ----------
        name : str
            The endpoint; its rule made it.
        address : str or None
            ``http://host:port``.
        serving : str or None
            The id of the envelope that answers there now.
        state : {"serving", "down", "retired"} or None
            The other states follow from the rule and the deployments.
        failure : str
            Why it's down or did not move; empty when all is well.
        """
        given = {"address": address, "serving": serving, "state": state, "failure": failure}
        values = {key: value for key, value in given.items() if value is not ...}
        return self._backend.set_endpoint(name, values)

    def start_deployment(self, endpoint: str, envelope: str, rule_version: int) -> Deployment:
        """Write a new attempt, with all steps waiting."""
        id_ = secrets.token_hex(8)  # made here: a request that is sent twice is one attempt
        return self._backend.start_deployment(endpoint, envelope, rule_version, id_)

    def update_deployment(
        self,
        id_: str,
        *,
        state: DeploymentState | None = None,
        steps: Sequence[Step] | None = None,
        reason: str | None = None,
        log: Sequence[str] | None = None,
    ) -> Deployment:
        """Write how an attempt goes; ``steps`` and ``log`` replace what was there."""
        given: dict[str, Any] = {"state": state, "steps": steps, "reason": reason, "log": log}
        values = {key: value for key, value in given.items() if value is not None}
        return self._backend.update_deployment(id_, values)

    def deployments(self, endpoint: str, limit: int = 20) -> tuple[Deployment, ...]:
        """Give the attempts of an endpoint, newest first."""
        return self._backend.deployments(endpoint, limit)

    def lease(self, name: str, holder: str, seconds: float) -> bool:
        """Take or renew a lease for some seconds; False where somebody else has it."""
        return self._backend.lease(name, holder, seconds)

    def release(self, name: str, holder: str) -> None:
        """Give a lease back; nothing happens where somebody else has it."""
        self._backend.release(name, holder)

    def lease_holder(self, name: str) -> str | None:
        """Who holds a lease now."""
        return self._backend.lease_holder(name)
