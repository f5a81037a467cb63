"""After each window: how far what an endpoint saw is from its reference, and what is done then."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from jupyter_lifecycle.deployment.options import Options
from jupyter_lifecycle.deployment.reactions import Reactor
from jupyter_lifecycle.deployment.seen import Seen
from jupyter_lifecycle.errors import (
    LifecycleError,
    NotFoundError,
    RegistryUnavailableError,
)
from jupyter_lifecycle.monitoring import Limits
from jupyter_lifecycle.registry.observations import SkewState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from jupyter_lifecycle.monitoring import SkewReport
    from jupyter_lifecycle.registry import Registry
    from jupyter_lifecycle.registry.records import Rule

LOG = logging.getLogger("jupyter_lifecycle.deployer")


class Monitor:
    """Writes skew states and has rules react to them.

    Parameters
    ----------
    registry : Registry
        Has windows, rules and states.
    jobs : pathlib.Path
        Where training jobs run.
    """

    def __init__(self, registry: Registry, jobs: Path) -> None:
        self._registry = registry
        self._reactor = Reactor(registry, jobs)
        self._running: set[str] | None = None
        """Endpoints with a reaction that runs; None: not known yet."""

    def look(self, over: Iterable[str], rules: Mapping[str, Rule]) -> None:
        """Look at endpoints that have a new window, and carry on with what was begun.

        Parameters
        ----------
        over : iterable of str
            Endpoints with a window that is over and known to the registry.
        rules : Mapping
            Rules by endpoint.

        Raises
        ------
        RegistryUnavailableError
            Where the registry is away; what was begun goes on the next time.
        """
        news = [name for name in over if name in rules]
        for name in news:
            self._measure(name, Options.parse(rules[name].options))
        running = set(rules) if self._running is None else self._running
        due = sorted({*news, *running} & rules.keys())
        self._running = {name for name in due if self._react(name, rules[name])}

    def _react(self, endpoint: str, rule: Rule) -> bool:
        wishes = Options.parse(rule.options).on_skew
        if not wishes and self._running is not None and endpoint not in self._running:
            return False
        return self._reactor.look(endpoint, wishes)

    def _measure(self, endpoint: str, options: Options) -> None:
        seen = Seen(self._registry, endpoint)
        stretch = seen.stretch(timedelta(seconds=options.skew_seconds), datetime.now(UTC))
        windows = self._registry.windows(endpoint, stretch.since, stretch.until)
        limits = Limits(bits=options.skew_bits)
        for envelope in sorted({one.envelope for one in windows}):
            try:
                report = seen.skew(stretch, envelope, options.skew_against, limits)
                self._registry.set_skew(
                    state_of(endpoint, envelope, options.skew_against, report, stretch.since)
                )
            except RegistryUnavailableError:
                raise
            except NotFoundError:  # it was deleted meanwhile
                continue
            except LifecycleError as problem:
                LOG.warning("%s: no skew of %s: %s", endpoint, envelope[:10], problem)


def state_of(
    endpoint: str, envelope: str, against: str, report: SkewReport, since: datetime
) -> SkewState:
    """Give what queries and rules see of a report."""
    first = [one.name for one in report.origins if one.name in report.moved]
    return SkewState(
        endpoint=endpoint,
        envelope=envelope,
        max=report.max if report.enough else None,
        moved=tuple(dict.fromkeys([*first, *report.moved])),
        rows=report.rows[1],
        against=against,
        since=since,
        report=report.to_json(),
    )
