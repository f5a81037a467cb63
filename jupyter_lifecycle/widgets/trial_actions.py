"""What can be done with an experiment: each previews in place what it leads to, then one click."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

from ipywidgets import BoundedFloatText, VBox

from jupyter_lifecycle.errors import LifecycleError
from jupyter_lifecycle.widgets import effects, tag_views, trial_views, views
from jupyter_lifecycle.widgets.introspection import quoted, tags_asked
from jupyter_lifecycle.widgets.layers_views import percents, slots_words
from jupyter_lifecycle.widgets.markup import element, join
from jupyter_lifecycle.widgets.panel import button, html, row, toggle, told

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lifecycle.experiments import Experiment
    from jupyter_lifecycle.experiments.results import Results
    from jupyter_lifecycle.registry import Registry
    from jupyter_lifecycle.widgets.panel import Panel

Action = Literal["start", "grow", "stop", "ship"]


class Doing(Protocol):
    """The part of an experiment that changes it."""

    name: str
    registry: Registry

    def start(self) -> Any:
        """Pin the arms and start."""
        ...

    def ramp(self, share: float) -> Any:
        """Change the share."""
        ...

    def stop(self) -> Any:
        """End it."""
        ...

    def ship(self, arm: str, tags: Any, outcomes: Any = None) -> Any:
        """Tag the winner and end it."""
        ...


class Actions(VBox):  # type: ignore[misc]
    """The foot of the experiment panel.

    Parameters
    ----------
    panel : Panel
        Runs what is asked in the background.
    trial : Doing
        The experiment.
    done : callable
        Called after something was done.
    outcomes : callable
        Gives the table of outcomes that goes into a report.
    """

    def __init__(
        self, panel: Panel, trial: Doing, done: Callable[[], None], outcomes: Callable[[], Any]
    ) -> None:
        super().__init__()
        self._panel, self._trial, self._done, self._outcomes = panel, trial, done, outcomes
        self._value: Experiment | None = None
        self._arm, self._tags = "", {}  # type: str, dict[str, str]
        self._action: Action = "stop"
        self._start = button("Start experiment", "jl-primary", clicked=lambda: self._open("start"))
        self._ship = button("Ship", "jl-primary", "jl-icon-tag", clicked=lambda: self._open("ship"))
        self._grow = button("Grow share", clicked=lambda: self._open("grow"))
        self._stop = button("Stop", clicked=lambda: self._open("stop"))
        self._say = html("jl-foot-words")
        foot = row(self._start, self._ship, self._grow, self._stop, self._say, classes=("jl-foot",))
        self._share = BoundedFloatText(min=0.01, max=100, step=1, description="Share, %")
        self._share.observe(lambda _: self._preview(), "value")
        self._effect = html("jl-preview")
        self._do = button("Stop", "jl-primary", clicked=self._carry_out)
        cancel = button("Cancel", clicked=self._leave)
        buttons = row(self._do, cancel, classes=("jl-inline",))
        self._form = VBox((self._share, self._effect, buttons))
        self._form.add_class("jl-part")
        self._form.add_class("jl-hold-place")
        self.children = (self._form, foot)
        toggle(self._form, "jl-hidden", on=True)

    def show(self, value: Experiment, results: Results | None) -> None:
        """Show what can be done now, and say what is missing of the rest."""
        self._value = value
        writes = not self._trial.registry.read_only
        arm, missing = trial_views.winner(value, results)
        self._arm, self._tags = arm, self._asked_tags(value)
        running = value.status == "running"
        can_ship = bool(arm and self._tags) and value.status != "draft"
        toggle(self._start, "jl-hidden", on=not writes or value.status != "draft")
        toggle(self._grow, "jl-hidden", on=not writes or not running)
        toggle(self._stop, "jl-hidden", on=not writes or not running)
        toggle(self._ship, "jl-hidden", on=not writes or not can_ship)
        if can_ship:
            tags = ", ".join(f"{key} = {tag}" for key, tag in self._tags.items())
            self._ship.description = f"Ship {arm[:24]}: tag {tags}"[:80]
        self._say.value = element("span", self._words(value, missing), class_="jl-say")

    def _words(self, value: Experiment, missing: str) -> str:
        if value.status == "draft":
            return "Until it starts nobody is exposed. Weights and arms are fixed once it runs."
        if self._arm and not self._tags:
            return f"No rule of {value.endpoint} asks for a tag, so shipping is by hand."
        return missing or "Nothing ships by itself: a person tags it."

    def _asked_tags(self, value: Experiment) -> dict[str, str]:
        """Find what the endpoint's rule asks for."""
        if value.endpoint is None:
            return {}
        rules = [one for one in self._trial.registry.rules() if one.endpoint == value.endpoint]
        return tags_asked(rules[0].when) if rules else {}

    def _open(self, action: Action) -> None:
        self._action = action
        assert self._value is not None
        toggle(self._share, "jl-hidden", on=action != "grow")
        labels = {"start": "Start experiment", "grow": "Grow share", "stop": "Stop", "ship": "Ship"}
        self._do.description = labels[action]
        toggle(self._form, "jl-hidden", on=False)
        share = min(self._value.share * 2, 1.0) * 100
        if action == "grow" and self._share.value != share:
            self._share.value = share  # its own change previews
        else:
            self._preview()

    def _preview(self) -> None:
        self._do.disabled = True
        self._panel.run(self._look)

    def _look(self) -> None:
        """Say what it leads to, with the line of code that does it."""
        assert self._value is not None
        good = True
        try:
            drawn = self._leads_to(self._value)
        except LifecycleError as error:
            good, drawn = False, views.hint(error.message, "error")
        with self._panel.painting():
            self._effect.value = join((drawn, views.code_block(self._call)))
            self._do.disabled = not good

    def _leads_to(self, value: Experiment) -> Any:
        slots, layer = slots_words(value), value.layer
        match self._action:
            case "start":
                words = f"It takes slots {slots} of layer {layer}; the arms are pinned."
            case "grow":
                words = (
                    f"From {percents(value.share)} to {self._share.value:g}\u2009% of all units. "
                    "Who is in stays in the same arm."
                )
            case "stop":
                words = f"Everybody gets what the rule says; slots {slots} of {layer} become free."
            case "ship":
                return self._moves(value)
        return element("p", words, dir="auto")

    def _moves(self, value: Experiment) -> Any:
        from datetime import datetime

        registry = self._trial.registry
        envelope = value.arm(self._arm).envelope
        moves = effects.moves_of(registry, registry.preview(str(envelope), self._tags, []))
        now = datetime.now().astimezone()
        drawn = [tag_views.move_view(move, now) for move in moves]
        ends = (
            f"The experiment ends and slots {slots_words(value)} become free; its report is kept."
        )
        lead = element("h4", effects.lead_words(moves, len(self._tags)))
        return join((lead, *drawn, element("p", ends)))

    @property
    def _call(self) -> str:
        call = {
            "start": "start()",
            "stop": "stop()",
            "grow": f"ramp({self._share.value / 100:g})",
            "ship": f"ship({quoted(self._arm)}, {self._tags!r})",
        }[self._action]
        return f"jl.experiment({quoted(self._trial.name)}).{call}"

    def _carry_out(self) -> None:
        action, share = self._action, self._share.value / 100
        self._do.disabled = True
        self._panel.run(lambda: self._call_it(action, share))

    def _call_it(self, action: Action, share: float) -> None:
        try:
            match action:
                case "start":
                    self._trial.start()
                case "grow":
                    self._trial.ramp(share)
                case "stop":
                    self._trial.stop()
                case "ship":
                    self._trial.ship(self._arm, self._tags, self._outcomes())
        except LifecycleError as error:
            with self._panel.painting():
                self._effect.value = views.hint(error.message, "error")
                self._do.disabled = False
            self._panel.alert(f"Nothing was changed. {told(error)}")
            return
        said = {"start": "Started.", "grow": "Grown.", "stop": "Stopped.", "ship": "Shipped."}
        self._panel.say(said[action])
        self._leave()
        self._done()
        self._panel.renew_file()

    def _leave(self) -> None:
        toggle(self._form, "jl-hidden", on=True)
