"""Arms that are envelopes: found, held to what the endpoint's clients ask, and pinned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.deployment.rules import envelope_of
from jupyter_lifecycle.envelope.compatibility import compare_schemas
from jupyter_lifecycle.errors import ExperimentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_lifecycle.envelope import Schema
    from jupyter_lifecycle.experiments.layers import Experiment
    from jupyter_lifecycle.registry import Envelope, Registry


@dataclass(frozen=True, slots=True)
class ResolvedArm:
    """What an arm would be if the experiment started now."""

    name: str
    weight: float
    envelope: str
    verdict: str
    """Of its schema against the endpoint's: same, compatible, widening or breaking."""
    why: str


def resolve(experiment: Experiment, registry: Registry) -> tuple[ResolvedArm, ...]:
    """Find each arm's envelope and compare its schema with what the endpoint serves.

    Raises
    ------
    NotFoundError
        An arm's query finds nothing, or no rule makes the endpoint.
    """
    if experiment.endpoint is None:
        return ()
    clients = _served(experiment.endpoint, registry)
    found = []
    for arm in experiment.arms:
        envelope = envelope_of(str(arm.envelope or arm.query), registry)
        diff = None if clients is None else compare_schemas(clients, _schema(envelope))
        verdict = "same" if diff is None else diff.verdict
        why = "" if diff is None else diff.text
        found.append(ResolvedArm(arm.name, arm.weight, envelope.id, verdict, why))
    return tuple(found)


def pinned(experiment: Experiment, registry: Registry) -> Experiment:
    """Give the experiment with its arms' envelopes, which no rule changes from now on.

    Raises
    ------
    ExperimentError
        An arm cannot answer what the endpoint's clients ask, or answers otherwise.
    """
    arms = resolve(experiment, registry)
    for arm in arms:
        if arm.verdict == "breaking":
            raise ExperimentError(
                f"Arm {arm.name!r} of experiment {experiment.name!r} is {arm.envelope[:10]}, which "
                f"cannot serve the clients of endpoint {experiment.endpoint}:\n{arm.why}",
                experiment=experiment.name,
                arm=arm.name,
                envelope=arm.envelope,
            )
    return experiment.pinned({arm.name: arm.envelope for arm in arms})


def arms_of(arms: Mapping[str, Any], weights: Mapping[str, float] | None) -> list[dict[str, Any]]:
    """Read the arms that somebody gave: a query, an id, an envelope, or values of parameters."""
    share = 1 / len(arms) if arms else 0.0
    if weights is not None and set(weights) != set(arms):
        raise ExperimentError(
            f"There are arms {', '.join(arms)} and weights for {', '.join(weights)}: give a weight "
            "for each arm, or none."
        )
    found = []
    for name, meant in arms.items():
        one: dict[str, Any] = {"name": name, "weight": share if weights is None else weights[name]}
        if isinstance(meant, str):
            one["query"] = meant
        elif isinstance(meant, dict):
            one["values"] = meant
        elif hasattr(meant, "id"):
            one["query"] = meant.id
        else:
            raise ExperimentError(
                f"Arm {name!r} is {meant!r}: give a query, an id, an envelope or a dict of values.",
                arm=name,
            )
        found.append(one)
    return found


def _served(endpoint: str, registry: Registry) -> Schema | None:
    """Give the schema that the endpoint's clients know."""
    record = registry.endpoint(endpoint)
    id_ = record.serving or (record.want.envelope if record.want is not None else None)
    return None if id_ is None else _schema(registry.get(id_))


def _schema(envelope: Envelope) -> Schema:
    return envelope.schema
