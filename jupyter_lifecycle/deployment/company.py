"""Who answers at an endpoint beside its main envelope, and how requests are spread over them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.deployment.rules import envelope_of
from jupyter_lifecycle.deployment.service.routes import Routes, Shadow, Split
from jupyter_lifecycle.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from jupyter_lifecycle.deployment.environment import Interpreter
    from jupyter_lifecycle.deployment.options import Options
    from jupyter_lifecycle.envelope import Bundle
    from jupyter_lifecycle.registry import Registry

LOG = logging.getLogger("jupyter_lifecycle.deployer")


@dataclass(frozen=True, slots=True)
class Companion:
    """One envelope beside the main one: its files, what runs it, and whether it runs alone.

    One that is ``alone`` has a process of its own even where the main one's would do: a shadow
    must not slow anybody down.
    """

    bundle: Bundle
    interpreter: Interpreter
    alone: bool


@dataclass(frozen=True, slots=True)
class Crew:
    """The envelopes of one process, ready to be started."""

    main: Companion
    others: tuple[Companion, ...] = ()


@dataclass(frozen=True, slots=True)
class Company:
    """What is to answer at an endpoint beside its main envelope.

    Parameters
    ----------
    routes : Routes
        How requests are spread.
    arms : tuple of str
        Envelopes of running experiments.
    """

    routes: Routes = field(default_factory=Routes)
    arms: tuple[str, ...] = ()

    def beside(self, main: str) -> tuple[str, ...]:
        """List the envelopes that have to be there beside the main one, in order."""
        shadows = (one.envelope for one in self.routes.shadows)
        return tuple(sorted({*self.routes.envelopes(), *shadows, *self.arms} - {main}))

    def without(self, envelopes: Container[str]) -> Company:
        """Give a copy in which some envelopes answer nothing."""
        routes = replace(
            self.routes,
            splits=tuple(one for one in self.routes.splits if one.envelope not in envelopes),
            shadows=tuple(one for one in self.routes.shadows if one.envelope not in envelopes),
        )
        return Company(routes, tuple(one for one in self.arms if one not in envelopes))

    def with_canary(self, envelope: str, share: float) -> Company:
        """Give a copy in which a new version answers a share, before what else is split off."""
        others = tuple(one for one in self.routes.splits if one.envelope != envelope)
        splits = (Split(envelope, share), *others)
        return Company(replace(self.routes, splits=splits), self.arms)

    def alone(self) -> frozenset[str]:
        """Envelopes that only shadow, and get a process of their own."""
        shadows = {one.envelope for one in self.routes.shadows}
        return frozenset(shadows - {*self.routes.envelopes(), *self.arms})


def company_of(
    endpoint: str,
    main: str,
    options: Options,
    registry: Registry,
    experiments: Mapping[str, Any] | None = None,
) -> Company:
    """Say what a rule's options and the running experiments put beside the main envelope.

    Parameters
    ----------
    endpoint : str
        Its name.
    main : str
        Id of the envelope that its rule chose.
    options : Options
        ``split`` and ``shadow`` name others, by query or id; where one finds nothing, the main
        envelope has its share.
    registry : Registry
        Finds them.
    experiments : mapping, optional
        What the service is told of them, with the pinned envelopes under ``arms``.
    """
    splits = []
    for one in options.split:
        found = _found(str(one["when"]), endpoint, registry)
        if found is not None and found != main:
            splits.append(Split(found, float(one["share"])))
    shadow = _found(options.shadow, endpoint, registry) if options.shadow else None
    shadows = (Shadow(shadow, options.shadow_share),) if shadow and shadow != main else ()
    told = dict(experiments or {})
    arms = tuple(sorted(told.get("arms", ())))
    routes = Routes(
        tuple(splits),
        options.split_unit,
        f"{endpoint}:split",
        shadows,
        told,
    )
    return Company(routes, arms)


def _found(query_or_id: str, endpoint: str, registry: Registry) -> str | None:
    try:
        return envelope_of(query_or_id, registry).id
    except (NotFoundError, ConflictError) as problem:
        LOG.warning("%s: %s", endpoint, problem)
        return None
