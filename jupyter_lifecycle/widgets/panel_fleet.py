"""The fleet: every endpoint, what it serves, since when and why; it only reads."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from jupyter_lifecycle.errors import RegistryError
from jupyter_lifecycle.widgets import fleet_views, views
from jupyter_lifecycle.widgets.fleet_seen import HOURS, Seen, rows_by_hour, skew_by_endpoint
from jupyter_lifecycle.widgets.markup import Markup, element
from jupyter_lifecycle.widgets.panel import Panel, html, told

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jupyter_lifecycle.registry import Registry
    from jupyter_lifecycle.registry.records import EndpointRecord, Event
    from jupyter_lifecycle.widgets.work import Worker

_LOOK = 2.0
_OLD = 30.0
"""Seconds without an answer after which what is shown is called old."""
_EVENTS = 200
_COUNT_EACH = 60.0
"""Seconds between two readings of what was counted."""


class FleetPanel(Panel):
    """Shows all endpoints as they live; see :func:`jupyter_lifecycle.fleet_panel`.

    Parameters
    ----------
    registry : Registry
        Which one; it is only asked.
    worker : Worker, optional
        Who runs it; threads by default.
    now : callable, optional
        The time, aware.
    """

    def __init__(
        self,
        registry: Registry,
        worker: Worker | None = None,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        super().__init__(worker)
        self._registry, self._now = registry, now
        self._records: Sequence[EndpointRecord] = ()
        self._events: list[Event] = []
        self._newer: dict[str, int] = {}
        self._seen: dict[str, Seen] = {}
        self._counted: datetime | None = None
        self._envelopes = 0
        self._heard: datetime | None = None
        self._head, self._band = html("jl-head"), html()
        self._figures, self._rows, self._changes = html(), html(), html("jl-part")
        self.frame(self._head, self._band, self._figures, self._rows, self._changes)
        self.begin(self._look, here=registry.is_local)
        self.repeat(_LOOK, self._look)

    def _look(self) -> bool:
        """Look once; paint only what changed. Nothing is asked while nobody looks."""
        views_of_it = self.announcer._view_count  # noqa: SLF001 - ipywidgets' own count of views
        if self._heard is not None and views_of_it == 0:
            return True
        try:
            records = self._registry.endpoints()
            events = self._read_events()
            newer = {one.name: self._count_newer(one) for one in records if one.pin}
            self._envelopes = self._registry.count("")
            seen = self._read_seen(records)
        except RegistryError as error:
            self.show_error(error)
            return True
        first, self._heard = self._heard is None, self._now()
        known = (self._records, self._newer, self._seen)
        changed = first or (records, newer, seen) != known or bool(events)
        self._records, self._newer, self._seen = records, newer, seen
        self._events = (self._events + events)[-_EVENTS:]
        if changed:
            self._draw()
        with self.painting():
            self._band.value = ""
            self._draw_head()
        return True

    def _read_seen(self, records: Sequence[EndpointRecord]) -> dict[str, Seen]:
        """Read skew each time, and what was counted once a minute: windows are larger."""
        now = self._now()
        skews = skew_by_endpoint(records, self._registry.skews())
        counts = {name: one.hours for name, one in self._seen.items()}
        if self._counted is None or (now - self._counted).total_seconds() >= _COUNT_EACH:
            self._counted = now
            counts = {
                one.name: rows_by_hour(
                    self._registry.windows(one.name, now - timedelta(hours=HOURS)), now
                )
                for one in records
            }
        return {one.name: Seen(skews.get(one.name), counts.get(one.name, ())) for one in records}

    def _read_events(self) -> list[Event]:
        """Read on from the last event; at first all, of which the newest are kept."""
        after = self._events[-1].seq if self._events else 0
        found: list[Event] = []
        while page := self._registry.events(after, limit=1_000):
            found, after = [*found, *page][-_EVENTS:], page[-1].seq
        return found

    def _count_newer(self, record: EndpointRecord) -> int:
        if record.pin is None or record.rule is None:
            return 0
        held = self._registry.get(record.pin.envelope)
        since = f"created_at > '{held.created_at.isoformat()}'"
        return self._registry.count(f"({record.rule.when}) and {since}")

    def _draw(self) -> None:
        now = self._now()
        with self.painting():
            self._figures.value = fleet_views.figures_view(
                self._records, self._envelopes, self._events, now
            )
            self._rows.value = fleet_views.fleet_view(self._records, self._newer, now, self._seen)
            self._changes.value = fleet_views.changes_view(self._events, now)

    def _draw_head(self) -> None:
        where = f"{self._registry.location}{' · read only' if self._registry.read_only else ''}"
        beside = element("span", where, class_="jl-cap", dir="auto")
        live = element(
            "span", views.hint(self._age_words(), self._age_tone()), class_="jl-live-age"
        )
        head = views.title("serve", "Fleet", beside, element("span", class_="jl-grow"), live)
        if head != self._head.value:
            self._head.value = head

    def _age(self) -> float:
        return (self._now() - self._heard).total_seconds() if self._heard else 0.0

    def _age_tone(self) -> views.Tone:
        return "stale" if self._age() > _OLD else "fresh"

    def _age_words(self) -> str:
        if self._age() <= _OLD:
            return "live"
        assert self._heard is not None
        return f"no answer since {self._heard:%H:%M:%S}"

    def clicked(self, value: str) -> None:
        """Nothing can be changed here."""

    def show_error(self, error: Exception) -> None:
        """Show it above the rows; the last ones stay."""
        lead = "The registry does not answer."
        with self.painting():
            self._band.value = views.band("error", lead, told(error))
            self._draw_head()
        self.alert(f"{lead} {told(error)}")

    def snapshot(self) -> Markup:
        """Draw the rows for a file."""
        now = self._now()
        said = element("p", f"As of {now:%H:%M}.")
        rows = fleet_views.fleet_view(self._records, self._newer, now, self._seen)
        return element("div", element("h3", "Fleet"), said, rows, class_="jl")

    def plain(self) -> str:
        """Say how the endpoints stand, a line each."""
        from jupyter_lifecycle.widgets.deploy_views import summary

        return "\n".join(summary(one) for one in self._records) or "Fleet: no endpoint yet"
