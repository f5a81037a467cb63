"""What an endpoint saw, added up, and how far it lies from a reference."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.deployment.stretches import Since, floored, moment_of
from jupyter_lifecycle.errors import EndpointError, NotFoundError, ProfileError
from jupyter_lifecycle.monitoring import Limits, Profile, SkewReport, skew

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jupyter_lifecycle.envelope.manifest import Manifest
    from jupyter_lifecycle.registry import Registry
    from jupyter_lifecycle.registry.observations import Window

TRAINING, PREVIOUS, LAST_WEEK = "training", "previous", "last week"
AGAINST = (TRAINING, PREVIOUS, LAST_WEEK)
_WEEK = timedelta(days=7)
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Stretch:
    """From when to when windows begin."""

    since: datetime
    until: datetime

    @property
    def before(self) -> Stretch:
        """As long a stretch, just before."""
        return Stretch(self.since - (self.until - self.since), self.since)

    def earlier(self, by: timedelta) -> Stretch:
        """Give the same stretch so long ago."""
        return Stretch(self.since - by, self.until - by)


class Learned:
    """What an envelope says of itself without being loaded: expectations, the features behind it.

    Parameters
    ----------
    registry : Registry
        Has the envelope.
    envelope : str
        Its id, or the beginning of it.
    """

    def __init__(self, registry: Registry, envelope: str) -> None:
        from jupyter_lifecycle.envelope.manifest import Manifest

        found = registry.get(envelope)
        self.id = found.id
        self._registry = registry
        self._raw = found.manifest
        self.manifest: Manifest = Manifest.from_json(dict(found.manifest))

    def read(self, name: str) -> bytes:
        """Give one file of it."""
        return self._registry.read_file(self.id, self._raw["files"], name)

    @property
    def profile(self) -> Profile:
        """What the training data showed."""
        from jupyter_lifecycle.monitoring.sides import profile_of_expectations

        return profile_of_expectations(self.manifest.expectations, self.manifest.schema.inputs)


class Seen:
    """What one endpoint saw.

    Parameters
    ----------
    registry : Registry
        Has the windows.
    endpoint : str
        Its name.
    """

    def __init__(self, registry: Registry, endpoint: str) -> None:
        self._registry = registry
        self.endpoint = endpoint
        self._rule_seconds: int | None = None

    def stretch(self, since: Since, now: datetime | None = None) -> Stretch:
        """Give whole windows up to now."""
        moment = datetime.now(UTC) if now is None else now
        step = timedelta(seconds=self._window_seconds())
        begin = floored(moment_of(since, moment), step)
        return Stretch(begin, floored(moment, step) + step)

    def profile(self, stretch: Stretch, envelope: str, sides: Sequence[str] = ()) -> Profile | None:
        """Add up what was counted; None where nothing was.

        Answers are called ``output.NAME``, since an input may have the same name.
        """
        windows = self._registry.windows(
            self.endpoint, stretch.since, stretch.until, envelope=envelope
        )
        return added(one for one in windows if not sides or one.side in sides)

    def envelope(self, stretch: Stretch) -> str:
        """Give the id of what serves, or of what was seen last.

        Raises
        ------
        EndpointError
            Where nothing serves and nothing was seen.
        NotFoundError
            Where there is no such endpoint.
        """
        try:
            serving = self._registry.endpoint(self.endpoint).serving
        except NotFoundError:
            serving = None
            windows = self._registry.windows(self.endpoint, stretch.since, stretch.until)
            if not windows:
                raise
            return windows[-1].envelope
        if serving is None:
            windows = self._registry.windows(self.endpoint, stretch.since, stretch.until)
            if windows:
                return windows[-1].envelope
            raise EndpointError(
                f"{self.endpoint} serves nothing and has seen nothing since "
                f"{stretch.since:%Y-%m-%d %H:%M}.",
                endpoint=self.endpoint,
            )
        return serving

    def skew(
        self,
        stretch: Stretch,
        envelope: str,
        against: Any = TRAINING,
        limits: Limits | None = None,
    ) -> SkewReport:
        """Hold what was seen against a reference.

        Parameters
        ----------
        stretch : Stretch
            What is looked at.
        envelope : str
            Whose requests.
        against : str, Envelope, Profile or DataFrame
            ``training``, ``previous`` (as long a stretch just before), ``last week`` (the same
            hours seven days ago), the id of an envelope, or anything that ``jl.skew`` takes.
        limits : Limits, optional
            From where on a column is called moved.

        Raises
        ------
        EndpointError
            Where the reference is nothing that is known.
        """
        learned = Learned(self._registry, envelope)
        reference, with_answers = self._reference(learned, stretch, against)
        sides = () if with_answers else ("inputs", "raw")
        observed = self.profile(stretch, learned.id, sides)
        if observed is None:  # no request came: that is an answer too
            observed = Profile.empty(learned.profile.plan)
        if isinstance(reference, Profile):
            reference = _without(reference, set(reference) - set(observed), with_answers)
        upstream = _upstream(learned)
        return skew(reference, observed, limits=limits, upstream=upstream)

    def _reference(self, learned: Learned, stretch: Stretch, against: Any) -> tuple[Any, bool]:
        """Give what is compared with, and whether it has answers too."""
        if not isinstance(against, str):
            found = getattr(against, "id", None)
            if isinstance(found, str) and hasattr(against, "manifest"):
                return Learned(self._registry, found).profile, False
            return against, isinstance(against, Profile)
        if against == TRAINING:
            return learned.profile, False
        if against in (PREVIOUS, LAST_WEEK):
            earlier = stretch.before if against == PREVIOUS else stretch.earlier(_WEEK)
            return self._earlier(earlier, learned), True
        try:
            return Learned(self._registry, against).profile, False
        except NotFoundError as problem:
            raise EndpointError(
                f"{against!r} is no reference: write {', '.join(map(repr, AGAINST))}, or the id of "
                "an envelope.",
                endpoint=self.endpoint,
            ) from problem

    def _earlier(self, stretch: Stretch, learned: Learned) -> Profile:
        """Give what the same envelope saw in a stretch before; nothing where it did not serve.

        What another one counted lies in other bins: after each new version the outermost of them
        would hold so much that columns seem to move that did not.
        """
        mine = self.profile(stretch, learned.id)
        return Profile.empty(learned.profile.plan) if mine is None else mine

    def _window_seconds(self) -> int:
        if self._rule_seconds is None:
            try:
                rule = self._registry.endpoint(self.endpoint).rule
            except NotFoundError:
                rule = None
            options = {} if rule is None else rule.options
            self._rule_seconds = int(options.get("window_seconds") or _HOUR)
        return self._rule_seconds


def added(windows: Iterable[Window]) -> Profile | None:
    """Add windows up, all sides in one profile; the newest says over which bins.

    Those that were counted over other bins, by another version of this package, are left out.
    """
    totals: dict[str, Profile] = {}
    for window in sorted(windows, key=lambda one: one.start, reverse=True):
        one = Profile.from_json(window.profile)
        if window.side not in totals:
            totals[window.side] = one
            continue
        try:
            totals[window.side] = totals[window.side] + one
        except ProfileError:
            continue
    if not totals:
        return None
    columns: dict[str, Any] = {}
    for side in ("raw", "inputs", "outputs"):
        if side in totals:
            found = totals[side]
            named = found.renamed({name: f"output.{name}" for name in found})
            columns |= dict(named if side == "outputs" else found)
    return Profile(max(one.rows for one in totals.values()), columns)


def _without(profile: Profile, names: set[str], with_answers: bool) -> Profile:
    """Leave out answers that one side alone has: they were not asked for."""
    gone = {name for name in names if name.startswith("output.") or not with_answers}
    kept = {name: one for name, one in profile.columns.items() if name not in gone}
    return Profile(profile.rows, kept) if kept else profile


def _upstream(learned: Learned) -> Mapping[str, tuple[str, ...]]:
    from jupyter_lifecycle.monitoring.sides import upstream_of_side

    return upstream_of_side(learned)
