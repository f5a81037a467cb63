"""What an endpoint saw and what came of it: the part of an endpoint for monitoring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import EndpointError

if TYPE_CHECKING:
    from jupyter_lifecycle.deployment.outcomes import OutcomeReport
    from jupyter_lifecycle.deployment.stretches import Since
    from jupyter_lifecycle.monitoring import Limits, Profile, SkewReport
    from jupyter_lifecycle.registry import Envelope, Registry


class Observed:
    """Skew, profiles and outcomes of one endpoint."""

    name: str
    _registry: Registry

    def skew(
        self,
        since: Since = "24h",
        against: Any = "training",
        *,
        envelope: Envelope | str | None = None,
        limits: Limits | None = None,
    ) -> SkewReport:
        """Hold what it saw against a reference: what moved, beyond chance, and where it began.

        Parameters
        ----------
        since : str, datetime or timedelta
            How far back: ``24h``, ``7d``, a date.
        against : str, Envelope, Profile or DataFrame
            ``training``; ``previous``, as long a stretch just before; ``last week``, the same hours
            seven days ago; an envelope or its id; or anything that ``jl.skew`` takes.
        envelope : Envelope or str, optional
            Whose requests, where several answered; what serves now where not given.
        limits : Limits, optional
            From where on a column is called moved.

        Returns
        -------
        SkewReport
            With ``not enough data`` as an answer, where that is so.

        Raises
        ------
        NotFoundError
            Where there is no such endpoint.
        EndpointError
            Where nothing was ever seen, or the reference is nothing that is known.
        """
        from jupyter_lifecycle.deployment.seen import Seen

        seen = Seen(self._registry, self.name)
        stretch = seen.stretch(since)
        whose = envelope if isinstance(envelope, str | None) else envelope.id
        return seen.skew(stretch, whose or seen.envelope(stretch), against, limits)

    def profile(
        self, since: Since = "24h", *, envelope: Envelope | str | None = None
    ) -> Profile | None:
        """Give what it saw, added up over its replicas; answers are called ``output.NAME``.

        Parameters
        ----------
        since : str, datetime or timedelta
            How far back.
        envelope : Envelope or str, optional
            Whose requests; of what serves now where not given.

        Returns
        -------
        Profile or None
            None where nothing came.
        """
        from jupyter_lifecycle.deployment.seen import Seen

        seen = Seen(self._registry, self.name)
        stretch = seen.stretch(since)
        whose = envelope if isinstance(envelope, str | None) else envelope.id
        return seen.profile(stretch, whose or seen.envelope(stretch))

    def log_outcomes(self, frame: Any, *, every: str = "day") -> OutcomeReport:
        """Log what came of answered requests.

        One that is logged again replaces the one before; a late one counts in the window in which
        its request was answered.

        Parameters
        ----------
        frame : DataFrame, (n_rows, n_columns)
            ``request_id`` (``last_request`` after a call, ``X-Request-Id`` over HTTP) and
            ``outcome``; ``row`` for requests of several rows where they do not stand in order.
            Where answers were captured elsewhere: ``prediction``, ``envelope`` and ``at`` too.
        every : str
            How long a window of the report is.

        Returns
        -------
        OutcomeReport
            Metrics by window and envelope beside those at save.

        Raises
        ------
        EndpointError
            Where the frame cannot be read, or none of its requests is known.
        """
        from dataclasses import replace

        from jupyter_lifecycle.deployment.outcomes import captured, outcomes_of
        from jupyter_lifecycle.deployment.stretches import floored, length_of

        ids = {str(one) for one in frame["request_id"]} if "request_id" in frame else set()
        found, unknown = outcomes_of(
            self.name, frame, captured(self._registry, self.name, ids) if ids else {}
        )
        if unknown and not found:
            raise EndpointError(
                f"None of these requests of {self.name} is known here, such as {unknown[0]}. They "
                "were not captured (the rule's capture=), or on another machine: then give "
                "prediction, envelope and at too.",
                endpoint=self.name,
            )
        logged = self._registry.add_outcomes(found)
        step = length_of(every)
        first = min((floored(one.at, step) for one in found), default=None)
        report = self.outcomes("1d" if first is None else first, every=every)
        return replace(report, logged=logged, unknown=unknown)

    def outcomes(self, since: Since = "30d", *, every: str = "day") -> OutcomeReport:
        """Metrics of the answers whose outcome is known, by window and envelope.

        Parameters
        ----------
        since : str, datetime or timedelta
            How far back.
        every : str
            How long a window is: ``1h``, ``day``, ``week``.
        """
        from jupyter_lifecycle.deployment.outcomes import report_outcomes

        return report_outcomes(self._registry, self.name, since, every)
