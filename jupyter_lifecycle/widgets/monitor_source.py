"""What the monitor asks: the windows that services counted, held against training."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import MonitoringError, NotFoundError
from jupyter_lifecycle.monitoring import Profile
from jupyter_lifecycle.monitoring.sentences import sentence_of
from jupyter_lifecycle.widgets.introspection import direction_of
from jupyter_lifecycle.widgets.monitor_values import Began, Column, Live, Mark, Monitored
from jupyter_lifecycle.widgets.registry_rows import main_metric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from jupyter_lifecycle.deployment.outcomes import OutcomeReport
    from jupyter_lifecycle.monitoring import FeatureSkew, SkewReport
    from jupyter_lifecycle.registry import Registry
    from jupyter_lifecycle.registry.observations import Window
    from jupyter_lifecycle.registry.records import EndpointRecord
    from jupyter_lifecycle.widgets.monitor_values import Verdict

LENGTHS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}
DAYS = 21
_DEPLOYMENTS = 20
_OUTCOMES_FOR = timedelta(minutes=5)
_VERDICTS: dict[str, Verdict] = {
    "moved": "moved",
    "small": "small",
    "noise": "within noise",
    "few": "not enough data",
    "none": "not compared",
}


class Watcher:
    """Compares what an endpoint saw with what its envelope was trained on.

    Parameters
    ----------
    registry : Registry
        Where its windows are.
    compare : callable
        ``jl.skew``.
    outcomes : callable
        Measures an endpoint's outcomes of the last 21 days, by day.
    now : callable, optional
        The time, aware.
    """

    def __init__(
        self,
        registry: Registry,
        compare: Callable[[Any, Profile], SkewReport],
        outcomes: Callable[[str], OutcomeReport],
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        self._registry, self._compare, self._now = registry, compare, now
        self._ask_outcomes = outcomes
        self._outcomes: dict[str, tuple[datetime, OutcomeReport]] = {}
        self._envelopes: dict[str, Any] = {}
        self._windows: dict[tuple[Any, ...], tuple[int, Profile]] = {}
        self._days: dict[tuple[str, datetime, int], dict[str, float | None]] = {}
        self._read_from: dict[str, datetime] = {}

    @property
    def location(self) -> str:
        """The registry that is asked."""
        return self._registry.location

    @property
    def is_local(self) -> bool:
        """Whether it answers at once."""
        return self._registry.is_local

    def endpoints(self) -> list[str]:
        """Give the names of all endpoints, in order."""
        return sorted(record.name for record in self._registry.endpoints())

    def look(self, endpoint: str, window: str) -> Monitored:
        """Compare the last ``hour``, ``day`` or ``week`` with training.

        Raises
        ------
        NotFoundError
            There is no such endpoint.
        RegistryError
            The registry does not answer.
        """
        if not endpoint:
            return Monitored("Monitor", "", window, note="No endpoint yet. jl.rule(…) makes one.")
        record, now = self._registry.endpoint(endpoint), self._now()
        self._read_windows(endpoint, now)
        since = now - LENGTHS[window]
        seen = self._seen(endpoint)
        recent = {envelope for envelope, start in seen if start >= _hour_of(since)}
        envelope = self._shown(record, seen)
        shown = Monitored(
            endpoint,
            envelope,
            window,
            state=record.state,
            since=record.serving_since,
            marks=self._marks(endpoint),
            others=len(recent - {envelope}),
        )
        shown = replace(
            shown, recent=tuple(mark for mark in shown.marks if mark.at >= _hour_of(since))
        )
        if not envelope:
            return replace(shown, note="It serves nothing and has counted nothing yet.")
        return self._compared(replace(shown, live=self._live(endpoint, envelope, now)), since)

    def _live(self, endpoint: str, envelope: str, now: datetime) -> Live | None:
        """Measure the outcomes by day; asked again after five minutes."""
        at, report = self._outcomes.get(endpoint, (None, None))
        if at is None or report is None or now - at > _OUTCOMES_FOR:
            report = self._ask_outcomes(endpoint)
            self._outcomes[endpoint] = now, report
        return live_of(report, envelope)

    def _compared(self, shown: Monitored, since: datetime) -> Monitored:
        profile = self._profile(shown.endpoint, shown.envelope, _hour_of(since), None)
        if profile is None:
            return replace(shown, note=f"No requests in the last {shown.window}.")
        report, note = self._report(shown.envelope, profile)
        if report is None:
            return replace(shown, rows=profile.rows, note=note)
        days = self._by_day(shown.endpoint, shown.envelope)
        columns = tuple(_column(one, days.get(one.name, ())) for one in report.features)
        origins = tuple(Began(one.chain, one.cause, one.moved) for one in report.origins)
        return replace(
            shown,
            rows=profile.rows,
            reference_rows=report.rows[0],
            columns=columns,
            origins=origins,
            report=report,
            live=shown.live and replace(shown.live, asked=self._answered(shown, since)),
        )

    def _answered(self, shown: Monitored, since: datetime) -> int:
        """Count the rows since the first day whose outcomes are shown."""
        first = shown.live.days[0][0] if shown.live and shown.live.days else since
        profile = self._profile(shown.endpoint, shown.envelope, first, None)
        return profile.rows if profile is not None else 0

    def _report(self, id_: str, profile: Profile) -> tuple[SkewReport | None, str]:
        try:
            envelope = self._envelopes.get(id_) or self._registry.get(id_)
        except NotFoundError as error:
            return None, error.message
        self._envelopes[id_] = envelope
        try:
            return self._compare(envelope, profile), ""
        except MonitoringError as error:
            return None, error.message

    # windows ------------------------------------------------------------------------------------

    def _read_windows(self, endpoint: str, now: datetime) -> None:
        """Read what is new: at first all days, then those that still may grow."""
        since = self._read_from.get(endpoint, now - timedelta(days=DAYS))
        for one in self._registry.windows(endpoint, since.astimezone(UTC)):
            if one.side != "outputs":
                key = (one.endpoint, one.envelope, one.start, one.run, one.side)
                known = self._windows.get(key)
                if known is None or known[0] != one.flush:
                    self._windows[key] = (one.flush, _read(one))
        self._read_from[endpoint] = now - timedelta(days=2)

    def _seen(self, endpoint: str) -> list[tuple[str, datetime]]:
        return [(key[1], key[2]) for key in self._windows if key[0] == endpoint]

    def _shown(self, record: EndpointRecord, seen: Sequence[tuple[str, datetime]]) -> str:
        if record.serving:
            return record.serving
        return max(seen, key=lambda one: one[1])[0] if seen else ""

    def _profile(
        self, endpoint: str, envelope: str, since: datetime, until: datetime | None
    ) -> Profile | None:
        """Add up the windows of a stretch of time; None where there are none."""
        found = [
            profile
            for key, (_, profile) in self._windows.items()
            if key[:2] == (endpoint, envelope)
            and key[2] >= since
            and (until is None or key[2] < until)
            and profile.rows
        ]
        return added(found)

    def _by_day(
        self, endpoint: str, envelope: str
    ) -> dict[str, tuple[tuple[datetime, float | None], ...]]:
        """Compare each day by itself; a day that did not change is not compared again."""
        today = self._now().replace(hour=0, minute=0, second=0, microsecond=0)
        found: dict[str, list[tuple[datetime, float | None]]] = {}
        starts = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
        counted = [
            (start, self._profile(endpoint, envelope, start, start + timedelta(days=1)))
            for start in starts
        ]
        while counted and counted[0][1] is None:
            counted.pop(0)
        for start, profile in counted:
            effects = self._day(envelope, start, profile) if profile is not None else {}
            for name in effects:
                found.setdefault(name, [])
            for name, days in found.items():
                days.append((start, effects.get(name)))
        return {name: tuple(days) for name, days in found.items()}

    def _day(self, envelope: str, start: datetime, profile: Profile) -> dict[str, float | None]:
        key = (envelope, start, profile.rows)
        if key not in self._days:
            report, _ = self._report(envelope, profile)
            features = report.features if report is not None else ()
            self._days[key] = {
                one.name: None if one.verdict in ("few", "none") else max(one.bits, 0.0)
                for one in features
            }
        return self._days[key]

    def _marks(self, endpoint: str) -> tuple[Mark, ...]:
        """Give the deployments that changed what serves, oldest first."""
        words = {"serving": "serving", "replaced": "replaced", "retired": "retired"}
        found = [
            Mark(one.updated_at, one.envelope, words[one.state])
            for one in self._registry.deployments(endpoint, _DEPLOYMENTS)
            if one.state in words
        ]
        return tuple(found[::-1])


def live_of(report: OutcomeReport, envelope: str) -> Live | None:
    """Choose the metric that says how good the answers are, and give it by day.

    Parameters
    ----------
    report : OutcomeReport
        By day.
    envelope : str
        Whose answers.
    """
    mine = [one for one in report.rows if one.envelope == envelope]
    saved = [one.metric for one in mine if one.at_save is not None]
    metric = main_metric(saved or [one.metric for one in mine])
    rows = [one for one in mine if one.metric == metric]
    if not rows:
        return None
    days = tuple(
        (
            one.start,
            one.value,
            one.value if one.low is None else one.low,
            one.value if one.high is None else one.high,
        )
        for one in rows
    )
    at_save = rows[-1].at_save
    return Live(
        metric,
        days,
        days[-1][1:],
        None if at_save is None else (at_save, at_save, at_save),
        known=sum(one.rows for one in rows),
        direction=direction_of(metric) or "",
    )


def added(profiles: Iterable[Profile]) -> Profile | None:
    """Add profiles up; those that were counted by another plan than the first are left out."""
    total: Profile | None = None
    for one in profiles:
        if total is None:
            total = one
        elif one.plan == total.plan:
            total = total + one
    return total


def _read(window: Window) -> Profile:
    return Profile.from_json(window.profile)


def _hour_of(at: datetime) -> datetime:
    """Give the begin of the hour: windows are counted by their start."""
    return at.replace(minute=0, second=0, microsecond=0)


def _column(one: FeatureSkew, days: Sequence[tuple[datetime, float | None]]) -> Column:
    compared = one.verdict not in ("few", "none")
    return Column(
        one.name,
        _VERDICTS[one.verdict],
        one.bits if compared else None,
        (one.low, one.high) if compared else None,
        one.floor,
        one.limit,
        one.reason or sentence_of(one),
        reference=one.reference,
        observed=one.observed,
        days=tuple(days),
    )
