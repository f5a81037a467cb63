"""Roll back, pin and unpin: what each would move, shown in place before the one click."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

from ipywidgets import Combobox, VBox

from jupyter_lifecycle.errors import LifecycleError
from jupyter_lifecycle.widgets import tag_views, views
from jupyter_lifecycle.widgets.effects import moves_of
from jupyter_lifecycle.widgets.introspection import quoted
from jupyter_lifecycle.widgets.markup import element, join
from jupyter_lifecycle.widgets.panel import button, html, row, toggle, told
from jupyter_lifecycle.widgets.views import short

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from jupyter_lifecycle.registry import Registry
    from jupyter_lifecycle.registry.records import EndpointRecord
    from jupyter_lifecycle.widgets.panel import Panel

Action = Literal["rollback", "pin", "unpin"]

_PAUSE = 0.15
_CHOICES = 20


class Held(Protocol):
    """The part of an endpoint that holds it and lets it go."""

    def pin(self, envelope: str) -> Any:
        """Hold it at an envelope."""
        ...

    def unpin(self) -> Any:
        """Let its rule decide again."""
        ...


class HoldForm(VBox):  # type: ignore[misc]
    """Previews a pin and sets it by the call that its line of code shows.

    Parameters
    ----------
    panel : Panel
        Runs what is asked in the background.
    registry : Registry
        Whose endpoint.
    ask : callable
        Gives the endpoint that is held.
    done : callable
        Called after it was done or given up.
    code : callable
        Writes the line of code of a method's call.
    now : callable
        The time, aware.
    """

    def __init__(
        self,
        panel: Panel,
        registry: Registry,
        ask: Callable[[], Held],
        done: Callable[[], None],
        code: Callable[[str], str],
        now: Callable[[], datetime],
    ) -> None:
        super().__init__()
        self._panel, self._registry, self._ask = panel, registry, ask
        self._done, self._code_of, self._now = done, code, now
        self._action: Action = "rollback"
        self._record: EndpointRecord | None = None
        self._asked = 0
        self._head, self._preview, self._code = html(), html("jl-preview"), html()
        self._which = Combobox(description="Envelope", placeholder="an id, or its first digits")
        self._which.add_class("jl-code-field")
        self._which.add_class("jl-combo")
        self._which.observe(lambda _: self._changed(), "value")
        self._do = button("Roll back", "jl-primary", clicked=self.carry_out)
        self._leave = button("Cancel", clicked=self._done)
        foot = row(self._do, self._leave, classes=("jl-inline",))
        self.children = (self._head, self._which, self._preview, self._code, foot)
        self.add_class("jl-hold")

    def prepare(self, action: Action, record: EndpointRecord) -> None:
        """Show what an action would move; the registry is asked in the background."""
        self._action, self._record = action, record
        words = {
            "rollback": ("Roll back", "pins it to what it served before"),
            "pin": ("Pin", "holds it there; its rule decides again when it is unpinned"),
            "unpin": ("Unpin", "its rule decides again"),
        }[action]
        self._head.value = views.part_head(*words)
        toggle(self._which, "jl-hidden", on=action != "pin")
        self._do.disabled = True
        self._which.value = ""
        self._panel.run(self._fill)

    def _fill(self) -> None:
        record = self._record
        assert record is not None
        chosen = short(record.serving)
        if self._action == "rollback":
            chosen = short(self._registry.served_before(record.name))
        elif self._action == "pin" and record.rule is not None:
            found = self._registry.search(record.rule.when, limit=_CHOICES)
            self._which.options = tuple(item.short_id for item in found)
        if chosen != self._which.value:
            self._which.value = chosen  # its own change asks
        else:
            self._changed()

    def _changed(self) -> None:
        self._asked += 1
        asked = self._asked
        self._do.disabled = True
        self._code.value = views.code_block(self._code_of(self._call))
        self._panel.later(_PAUSE, lambda: self._look(asked))

    @property
    def _call(self) -> str:
        if self._action == "pin":
            return f"pin({quoted(self._which.value)})"
        return f"{self._action}()"

    def _look(self, asked: int) -> None:
        """Ask what it would move."""
        assert self._record is not None
        wanted = None if self._action == "unpin" else self._which.value.strip()
        good, drawn = False, views.hint("It served nothing else before.")
        if wanted != "":
            try:
                preview = self._registry.preview_pin(self._record.name, wanted)
                moves = moves_of(self._registry, preview)
            except LifecycleError as error:
                drawn = views.hint(error.message, "error")
            else:
                good = True
                drawn = join(tag_views.move_view(move, self._now()) for move in moves)
                drawn = drawn or views.hint("It goes on serving what it serves.", "fresh")
        if asked != self._asked:
            return
        with self._panel.painting():
            self._preview.value = drawn
            self._do.disabled = not good
            self._do.description = self._button_words(wanted)

    def _button_words(self, wanted: str | None) -> str:
        if self._action == "unpin":
            return "Unpin"
        return f"{'Roll back' if self._action == 'rollback' else 'Pin'} to {short(wanted)}"

    def carry_out(self) -> None:
        """Set the pin or let go: what the button does."""
        action, wanted = self._action, self._which.value.strip()
        self._do.disabled = True
        self._panel.run(lambda: self._call_it(action, wanted))

    def _call_it(self, action: Action, wanted: str) -> None:
        held = self._ask()
        try:
            if action == "unpin":
                held.unpin()
            else:  # a roll back is to what was previewed, even if another switch came between
                held.pin(wanted)
        except LifecycleError as error:
            with self._panel.painting():
                self._preview.value = views.hint(error.message, "error")
                self._do.disabled = False
            self._panel.alert(f"Nothing was changed. {told(error)}")
            return
        self._panel.say("Unpinned." if action == "unpin" else f"Pinned to {short(wanted)}.")
        self._done()


def pin_band(record: EndpointRecord, newer: int, when: str) -> str:
    """Draw that an endpoint is held, by whom, and how many newer envelopes match.

    Parameters
    ----------
    record : EndpointRecord
        A pinned one.
    newer : int
        Envelopes that match its rule and are newer than what it is pinned to.
    when : str
        When it was pinned, in words.
    """
    assert record.pin is not None
    matching = ""
    if newer:
        matching = f" {newer:,} newer {'matches' if newer == 1 else 'match'} its rule."
    lead = f"Pinned to {short(record.pin.envelope)}."
    text = join((f"By {record.pin.author}, {when}; its rule is not followed.", matching))
    return views.band("stale", lead, element("span", text))
