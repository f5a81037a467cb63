"""The tag panel: chips, what a tag would deploy before it is set, and who changed what."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from jupyter_lifecycle.errors import ConflictError, LifecycleError, RegistryError
from jupyter_lifecycle.widgets import deploy_views, effects, tag_views, views
from jupyter_lifecycle.widgets.chips import Chips
from jupyter_lifecycle.widgets.introspection import tags_asked
from jupyter_lifecycle.widgets.markup import Markup, element, join
from jupyter_lifecycle.widgets.panel import Panel, button, html, row, stack, toggle, told

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jupyter_lifecycle.registry import Envelope, Registry
    from jupyter_lifecycle.registry.records import TagChange
    from jupyter_lifecycle.widgets.work import Worker

_PAUSE = 0.15
_LOOK = 1.0
_KNOWN = 50


class TagPanel(Panel):
    """Changes the tags of an envelope; see :func:`jupyter_lifecycle.tag_panel`.

    Parameters
    ----------
    envelope : Envelope
        Whose tags.
    variable : str
        What the line of code calls it.
    wake : callable, optional
        Sees to it that a deployer runs for a registry, called after a tag that deploys.
    worker : Worker, optional
        Who runs it; threads by default.
    now : callable, optional
        The time, aware.
    """

    def __init__(
        self,
        envelope: Envelope,
        variable: str = "envelope",
        wake: Callable[[Registry], object] = lambda _: None,
        worker: Worker | None = None,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        super().__init__(worker)
        self._envelope, self._variable = envelope, variable
        self._wake, self._now = wake, now
        self._moves: tuple[effects.Move, ...] | None = None
        self._history: Sequence[TagChange] = ()
        self._opened: set[str] = set()
        self._asked = 0
        self._mine: dict[str, str | None] = {}
        self._make_parts()
        self._chips.observe(lambda _: self._pending_changed(), ["pending", "removed"])
        self._draw()
        self.begin(self._read, here=envelope.registry.is_local)

    @property
    def _registry(self) -> Registry:
        return self._envelope.registry

    def _make_parts(self) -> None:
        self._head = html("jl-head")
        self._chips = Chips(
            self._envelope.tags, mode="pending", label=f"Tags of {self._envelope.name}"
        )
        self._problem, self._preview = html(), html("jl-part", "jl-preview")
        self._code, self._past = html("jl-part"), html("jl-history")
        self._apply = button("Apply tag", "jl-primary", clicked=self.apply)
        self._discard = button("Discard", clicked=self._discard_all)
        self._words = html()
        self._show_code = button("Code", "jl-ghost", clicked=lambda: self.clicked("show:code"))
        foot = row(self._apply, self._discard, self._words, self._show_code, classes=("jl-foot",))
        body = stack(self._chips, classes=("jl-body",))
        self.frame(self._head, body, self._problem, self._preview, self._code, foot, self._past)

    def propose(self, tags: Mapping[str, str]) -> None:
        """Put tags into the field as pending; what is set already is left out."""
        has = self._envelope.tags
        new = {key: value for key, value in tags.items() if has.get(key) != value}
        if new:
            self._chips.pending = {**self._chips.pending, **new}

    # what is asked ----------------------------------------------------------------------------

    def _read(self) -> None:
        """Look up tags, history, what serves and what was used before."""
        self._envelope.refresh()
        self._history = self._envelope.history()
        wanted = {
            want.endpoint for want in self._registry.wants() if want.envelope == self._envelope.id
        }
        asked = [
            tags_asked(rule.when) for rule in self._registry.rules() if rule.endpoint in wanted
        ]
        tags = self._envelope.tags
        serving = {key for pairs in asked for key, value in pairs.items() if tags.get(key) == value}
        with self.painting():
            self._chips.tags = dict(tags)
            self._chips.serving = sorted(serving)
            self._chips.known = self._known()
        self._draw()

    def _known(self) -> dict[str, list[str]]:
        """Tags used before, by how often."""
        used: dict[str, Counter[str]] = {key: Counter() for key in self._registry.keys("tags")}
        for saved in self._registry.search("", limit=_KNOWN):
            for key, value in saved.tags.items():
                used.setdefault(key, Counter())[value] += 1
        often = sorted(used, key=lambda key: (-used[key].total(), key))
        return {key: [value for value, _ in used[key].most_common()] for key in often}

    def _pending_changed(self) -> None:
        self._asked += 1
        self._moves = None
        self._draw()
        if self._changes:
            asked = self._asked
            self.later(_PAUSE, lambda: self._ask(asked))

    @property
    def _changes(self) -> int:
        return len(self._chips.pending) + len(self._chips.removed)

    def _ask(self, asked: int) -> None:
        """Ask what the change would move, unless another change came meanwhile."""
        started = time.perf_counter()
        pending, removed = dict(self._chips.pending), list(self._chips.removed)
        try:
            preview = self._registry.preview(self._envelope.id, pending, removed)
            moves = effects.moves_of(self._registry, preview)
        except LifecycleError as error:
            if asked == self._asked:
                self._show_problem("Not applied.", error)
            return
        if asked != self._asked:
            return
        seconds = time.perf_counter() - started
        self._moves = moves
        with self.painting():
            self._problem.value = ""
            self._preview.value = tag_views.preview_view(
                moves, (len(pending), len(removed)), (preview.rules_checked, seconds), self._now()
            )
        self._draw()
        self.say(effects.lead_words(moves, self._changes, removing=not pending) + ".")

    # the click --------------------------------------------------------------------------------

    def apply(self) -> None:
        """Set and remove the tags: what the button does."""
        pending, removed = dict(self._chips.pending), list(self._chips.removed)
        before = {key: self._envelope.tags.get(key) for key in (*pending, *removed)}
        self._apply.disabled = True
        self.run(lambda: self._carry_out(pending, removed, before))

    def _carry_out(
        self, pending: dict[str, str], removed: list[str], expect: dict[str, str | None]
    ) -> None:
        moves = self._moves or ()
        try:
            self._registry.tag(self._envelope.id, pending, removed, expect=expect)
        except ConflictError:
            self._show_conflict(pending | dict.fromkeys(removed))
            return
        except LifecycleError as error:
            self._show_problem("Not applied.", error)
            self._draw()
            return
        self._moves = None
        with self.painting():
            self._chips.set_trait("pending", {})
            self._chips.set_trait("removed", [])
            self._problem.value = self._preview.value = ""
        self._read()
        self.renew_file()
        self.announcer.ask_focus(".jl-chip-field input")
        self.say("Applied.")
        self._follow([move for move in moves if move.after is not None])

    def _follow(self, moves: list[effects.Move]) -> None:
        """Show the deployments that the change led to, until they end."""
        if not moves:
            return
        endpoints = [move.change.endpoint for move in moves]
        self._wake(self._registry)
        self.repeat(_LOOK, lambda: self._look_at(endpoints))

    def _look_at(self, endpoints: list[str]) -> bool:
        try:
            found = {name: self._registry.deployments(name, 1) for name in endpoints}
            states = [self._registry.endpoint(name).state for name in endpoints]
        except RegistryError as error:
            self._show_problem("No news of the deployment.", error)
            return True
        now = self._now()
        drawn = [
            deploy_views.deployment_view(items[0], now)
            if items and items[0].envelope == self._envelope.id
            else views.hint(f"{name} waits for a deployer.", "running")
            for name, items in found.items()
        ]
        with self.painting():
            self._preview.value = join((views.part_head("Deployment"), *drawn))
        running = any(state in ("waiting", "deploying") for state in states)
        if not running:
            self.say(f"{endpoints[0]}: {states[0]}.")
            self._history = self._envelope.history()
            self._draw()
        return running

    def _show_conflict(self, mine: dict[str, str | None]) -> None:
        self._mine = mine
        self._envelope.refresh()
        last = {change.key: change for change in self._envelope.history() if change.key in mine}
        with self.painting():
            self._chips.tags = dict(self._envelope.tags)
            self._problem.value = views.band(
                "stale",
                "Somebody changed these tags meanwhile. Nothing was overwritten.",
                join(tag_views.conflict_view(list(last.values()), mine)),
            )
        self._draw()
        self.alert("Somebody changed these tags meanwhile. Nothing was overwritten.")

    def _show_problem(self, lead: str, error: Exception) -> None:
        with self.painting():
            self._problem.value = views.band("error", lead, told(error))
        self.alert(f"{lead} {told(error)}")

    def _discard_all(self) -> None:
        with self.painting():
            self._chips.set_trait("pending", {})
            self._chips.set_trait("removed", [])
            self._problem.value = self._preview.value = ""
        self._draw()

    # what is seen -----------------------------------------------------------------------------

    def _draw(self) -> None:
        now, changes = self._now(), self._changes
        with self.painting():
            self._head.value = views.title(
                "tag", self._envelope.name, *tag_views.head_extras(self._envelope, now)
            )
            if changes and self._moves is None and not self._preview.value:
                self._preview.value = element("span", class_="jl-ghost-line")
            if not changes and self._preview.value.endswith('jl-ghost-line"></span>'):
                self._preview.value = ""
            added, removed = len(self._chips.pending), len(self._chips.removed)
            self._apply.description = effects.button_words(self._moves or (), added, removed)
            self._apply.disabled = not changes or self._moves is None
            self._discard.disabled = not changes
            self._words.value = (
                ""
                if changes
                else element("span", "A new tag shows here what it would deploy.", class_="jl-say")
            )
            toggle(self._code, "jl-hidden", on="code" not in self._opened)
            code = views.code_block(self.code) if changes else views.hint("No change yet.")
            self._code.value = element("div", code, class_="jl-padded")
            self._past.value = tag_views.history_view(
                self._history, self._envelope, now, all_of_them="history" in self._opened
            )

    @property
    def code(self) -> str:
        """The lines of code that a click runs."""
        return tag_views.tag_code(self._chips.pending, self._chips.removed, self._variable)

    def clicked(self, value: str) -> None:
        """Open what is hidden, or settle a conflict."""
        kind, _, what = value.partition(":")
        if kind == "show":
            self._opened ^= {what}
            self._draw()
        elif value == "conflict:theirs":
            self._discard_all()
        elif value == "conflict:mine":
            pending = {key: text for key, text in self._mine.items() if text is not None}
            removed = [key for key, text in self._mine.items() if text is None]
            expect = {key: self._envelope.tags.get(key) for key in self._mine}
            self.run(lambda: self._carry_out(pending, removed, expect))

    def show_error(self, error: Exception) -> None:
        """Show it above the buttons; what was typed stays."""
        self._show_problem("Something went wrong.", error)

    def snapshot(self) -> Markup:
        """Draw chips and history for a file."""
        envelope = self._envelope
        title = element("h3", f"{envelope.name} ", views.mono(envelope.short_id))
        tags = (
            element("p", views.chips(envelope.tags))
            if envelope.tags
            else element("p", "No tags yet.")
        )
        past = tag_views.history_view(self._history, envelope, self._now(), all_of_them=True)
        return element("div", title, tags, past, class_="jl")

    def plain(self) -> str:
        """Say the tags in a line."""
        tags = ", ".join(f"{key} = {value}" for key, value in sorted(self._envelope.tags.items()))
        return f"{self._envelope.name} {self._envelope.short_id}: {tags or 'no tags'}"
