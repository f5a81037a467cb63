"""The experiment panel: one that is planned, runs or ended, its effect, and what can be done."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from jupyter_lifecycle.errors import LifecycleError
from jupyter_lifecycle.widgets import trial_tables, trial_views, views
from jupyter_lifecycle.widgets.introspection import quoted
from jupyter_lifecycle.widgets.markup import Markup, element, join
from jupyter_lifecycle.widgets.panel import Panel, button, html, row, stack, toggle, told
from jupyter_lifecycle.widgets.trial_actions import Actions
from jupyter_lifecycle.widgets.trial_plan import PlanView
from jupyter_lifecycle.widgets.trials import Trials

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lifecycle.experiments import Experiment
    from jupyter_lifecycle.experiments.results import Results
    from jupyter_lifecycle.registry import Registry
    from jupyter_lifecycle.widgets.work import Worker

_LOOK = 30.0


class Trial(Protocol):
    """An experiment in the hand, as ``jl.experiment`` gives it."""

    name: str
    registry: Registry

    @property
    def value(self) -> Experiment:
        """As it is now."""
        ...

    def preview(self) -> Any:
        """Say what starting it would do."""
        ...

    def start(self) -> Any:
        """Pin the arms and start."""
        ...

    def ramp(self, share: float) -> Any:
        """Change the share."""
        ...

    def stop(self) -> Any:
        """End it."""
        ...

    def results(self, outcomes: Any, **options: Any) -> Any:
        """Analyse what came of it."""
        ...

    def ship(self, arm: str, tags: Any, outcomes: Any = None) -> Any:
        """Tag the winner and end it."""
        ...


class ExperimentPanel(Panel):
    """Shows one experiment; see :func:`jupyter_lifecycle.experiment_panel`.

    Parameters
    ----------
    trial : Trial
        The experiment.
    outcomes : object, optional
        A table of outcomes, or a function that gives one: asked each time.
    alias : str
        What lines of code call the package.
    worker : Worker, optional
        Who runs it; threads by default.
    now : callable, optional
        The time, aware.
    """

    def __init__(
        self,
        trial: Trial,
        outcomes: Any = None,
        alias: str = "jl",
        worker: Worker | None = None,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        super().__init__(worker)
        self._trial, self._outcomes = trial, outcomes
        self._alias, self._now = alias, now
        self._value: Experiment | None = None
        self._board = Trials()
        self._results: Results | None = None
        self._make_parts()
        self.begin(self._ask, here=trial.registry.is_local)
        self.repeat(_LOOK, self._look)

    def _make_parts(self) -> None:
        self._title, self._band, self._figures = html(), html("jl-band-place"), html()
        self._refresh = button("Refresh", "jl-ghost", clicked=lambda: self.run(self._ask))
        head = row(self._title, self._refresh, classes=("jl-head",))
        self._plan = PlanView(self, self._trial)
        self._effect, self._guards = html("jl-part"), html("jl-part")
        self._more, self._split = html("jl-part"), html("jl-part")
        self._trust, self._gaps = html("jl-part"), html("jl-part")
        left = stack(self._plan, self._effect, self._guards, self._gaps, self._more)
        right = stack(self._plan.power, self._split, self._trust, classes=("jl-side",))
        self._right, self._both = right, (self._guards, self._more, self._gaps)
        columns = row(left, right, classes=("jl-columns", "jl-wide", "jl-trial"))
        self._actions = Actions(self, self._trial, self._ask, self._outcomes_now)
        self._code = html("jl-part")
        self.frame(head, self._band, self._figures, columns, self._actions, self._code)
        self._title.value = views.title("split", self._trial.name)

    # what is asked ----------------------------------------------------------------------------

    def _look(self) -> bool:
        """Ask again while somebody looks."""
        views_of_it = self.announcer._view_count  # noqa: SLF001 - ipywidgets' own count of views
        if self._value is None or views_of_it:
            self._ask()
        return True

    def _outcomes_now(self) -> Any:
        return self._outcomes() if callable(self._outcomes) else self._outcomes

    def _ask(self) -> None:
        try:
            self._board = Trials.of(self._trial.registry.board())
            self._value = self._trial.value
        except LifecycleError as error:
            self.show_error(error)
            return
        with self.painting():
            self._band.value = ""
        problem: LifecycleError | None = None
        if self._value.status == "draft":
            self._plan.ask(self._value, self._board)
        elif self._outcomes is not None:
            before = self._results
            try:
                self._results = self._trial.results(self._outcomes_now(), time="at")
            except LifecycleError as error:
                problem = error
            self._tell(before, self._results)
        self._draw()
        if problem is not None:
            self.show_error(problem)

    def _tell(self, before: Results | None, after: Results | None) -> None:
        if before is not None and after is not None and before.status != after.status:
            self.say(after.reason or f"The results are {after.status}.")

    # what is seen -----------------------------------------------------------------------------

    def _draw(self) -> None:
        value, results, now = self._value, self._results, self._now()
        if value is None:
            return
        layer = self._board.layer(value.layer)
        drawn = {
            self._title: trial_views.head_view(value, layer, results, now),
            self._band: trial_views.bands(value, results),
            self._figures: trial_views.figures_view(value, results) if results else "",
            self._code: views.code_block(self._call),
        }
        if results is not None:
            drawn |= self._sections(value, results)
        elif value.status != "draft":
            drawn[self._effect] = self._without_outcomes()
        with self.painting():
            for place, markup in drawn.items():
                if place.value != markup:
                    place.value = markup
            toggle(self._plan, "jl-hidden", on=value.status != "draft")
            toggle(self._plan.power, "jl-hidden", on=value.status != "draft")
            toggle(self._right, "jl-hidden", on=results is None and value.status != "draft")
            for part in (*self._both, self._effect, self._split, self._trust):
                toggle(part, "jl-hidden", on=not part.value)
            self._actions.show(value, results)

    def _sections(self, value: Experiment, results: Results) -> dict[Any, Markup]:
        parts = (trial_tables.others_view(results), trial_tables.segments_view(results))
        return {
            self._effect: trial_views.effect_view(value, results),
            self._guards: trial_tables.guardrails_view(results),
            self._gaps: trial_tables.gaps_view(results),
            self._more: join(parts),
            self._split: trial_tables.split_view(value, results),
            self._trust: trial_tables.trust_view(results),
        }

    def _without_outcomes(self) -> Markup:
        line = f"{self._alias}.experiment_panel({quoted(self._trial.name)}, outcomes=frame)"
        lead = (
            "An effect comes with outcomes: a table with a row a unit, the unit's column named as "
        )
        layer = self._board.layer(self._value.layer) if self._value else None
        unit = layer.unit if layer is not None else "the layer's unit"
        head = views.part_head("Effect", "no outcomes were given")
        return join((head, element("p", lead, unit, ".", class_="jl-2"), views.code_block(line)))

    @property
    def _call(self) -> str:
        from jupyter_lifecycle.registry import Registry

        registry = ""
        if self._trial.registry.location != Registry().location:
            where = quoted(self._trial.registry.location)
            registry = f", registry={self._alias}.Registry({where})"
        call = ".preview()" if self._value and self._value.status == "draft" else ".results(frame)"
        return f"{self._alias}.experiment({quoted(self._trial.name)}{registry}){call}"

    def clicked(self, value: str) -> None:
        """Nothing in the charts can be clicked."""

    def show_error(self, error: Exception) -> None:
        """Show it in the band; what was shown stays."""
        lead = "The experiment was not read."
        with self.painting():
            self._band.value = views.band("error", lead, told(error))
        self.alert(f"{lead} {told(error)}")

    def snapshot(self) -> Markup:
        """Draw state, effect, guardrails and split for a file."""
        title, now = element("h3", self._trial.name), self._now()
        if self._value is None:
            return element("div", title, element("p", "Not asked yet."), class_="jl")
        said = element("p", trial_views.sentence(self._value, self._results, now))
        parts: tuple[Markup, ...] = ()
        if self._results is not None:
            sections = self._sections(self._value, self._results)
            parts = (trial_views.bands(self._value, self._results), *sections.values())
        return element("div", title, said, join(parts), class_="jl")

    def plain(self) -> str:
        """Say in a line how it stands."""
        if self._value is None:
            return f"{self._trial.name}: not asked yet"
        return trial_views.sentence(self._value, self._results, self._now())
