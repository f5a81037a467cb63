"""The fields of a rule, with what its query finds now and what writing it would move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipywidgets import Dropdown, Text, VBox

from jupyter_lifecycle.errors import LifecycleError, NotFoundError
from jupyter_lifecycle.registry.records import Rule
from jupyter_lifecycle.widgets import deploy_views, views
from jupyter_lifecycle.widgets.effects import lead_words, moves_of
from jupyter_lifecycle.widgets.markup import join
from jupyter_lifecycle.widgets.panel import button, html, row, stack, told

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lifecycle.registry import Registry
    from jupyter_lifecycle.widgets.panel import Panel

_PAUSE = 0.15
_NONE = {"Keep the last one serving": "keep", "Retire the endpoint": "retire"}


class RuleForm(VBox):  # type: ignore[misc]
    """Writes a rule by the same call that the line of code shows.

    Parameters
    ----------
    panel : Panel
        Runs what is asked in the background.
    registry : Registry
        Whose rule.
    write : callable
        Writes the rule: ``jupyter_lifecycle.rule`` with its arguments.
    done : callable
        Called after it was written or given up.
    code : callable
        Writes the line of code for a rule.
    """

    def __init__(
        self,
        panel: Panel,
        registry: Registry,
        write: Callable[[Rule], Any],
        done: Callable[[], None],
        code: Callable[[Rule], str],
    ) -> None:
        super().__init__()
        self._panel, self._registry = panel, registry
        self._write, self._done, self._code_of = write, done, code
        self._asked = 0
        self._opened = Rule("", "")
        """What it was filled with; it keeps the target and the options that have no field."""
        self._endpoint = self._field("Endpoint", "a name for the endpoint")
        self._when = self._field("Serve", "name = 'departure-delay' and tags.approved = 'yes'")
        self._order = self._field("First by", "created_at desc")
        self._none = Dropdown(description="No match", options=list(_NONE))
        self._none.observe(lambda _: self._changed(), "value")
        self._hint, self._effect, self._code = html(), html(), html()
        self._save = button("Save rule", "jl-primary", clicked=self.save)
        self._leave = button("Cancel", clicked=self._done)
        self.children = (
            self._endpoint,
            stack(self._when, self._hint, classes=("jl-field",)),
            self._order,
            self._none,
            self._effect,
            self._code,
            row(self._save, self._leave, classes=("jl-inline",)),
        )
        self.add_class("jl-rule-form")

    def _field(self, label: str, placeholder: str) -> Any:
        made = Text(description=label, placeholder=placeholder, continuous_update=True)
        made.add_class("jl-code-field")
        made.observe(lambda _: self._changed(), "value")
        return made

    @property
    def rule(self) -> Rule:
        """The rule as it is typed."""
        return Rule(
            endpoint=self._endpoint.value.strip(),
            when=self._when.value.strip(),
            order_by=self._order.value.strip() or "created_at desc",
            target=self._opened.target,
            on_none="retire" if _NONE[self._none.value] == "retire" else "keep",
            options=self._opened.options,
        )

    def fill(self, rule: Rule) -> None:
        """Open with a rule; the endpoint of one that is written stays."""
        self._opened = rule
        self._endpoint.value, self._when.value = rule.endpoint, rule.when
        self._order.value = rule.order_by
        self._none.value = next(words for words, key in _NONE.items() if key == rule.on_none)
        self._endpoint.disabled = rule.version > 0
        self._leave.layout.display = None if rule.version else "none"
        self._changed()

    def _changed(self) -> None:
        self._asked += 1
        asked, rule = self._asked, self.rule
        self._code.value = views.code_block(self._code_of(rule))
        self._save.disabled = not rule.endpoint or not rule.when
        if rule.when:
            self._panel.later(_PAUSE, lambda: self._ask(asked, rule))

    def _ask(self, asked: int, rule: Rule) -> None:
        """Count what the query finds and ask what the rule would move."""
        effect = ""
        try:
            total = self._registry.count("")
            matching = self._registry.count(rule.when)
            first = self._first(rule)
            hint = views.hint(deploy_views.matches_words(matching, total, first))
            if rule.endpoint:
                moves = moves_of(self._registry, self._registry.preview_rule(rule))
                effect = views.hint(_effect_words(moves))
        except LifecycleError as error:
            hint = views.hint(error.message, "error")
        if asked != self._asked:
            return
        with self._panel.painting():
            self._hint.value, self._effect.value = hint, effect
            self._save.disabled = "jl-bad" in hint or not rule.endpoint or not rule.when

    def _first(self, rule: Rule) -> str | None:
        try:
            found = self._registry.latest(f"{rule.when} order by {rule.order_by}")
        except NotFoundError:
            return None
        return found.id

    def save(self) -> None:
        """Write the rule: what the button does."""
        rule = self.rule
        self._save.disabled = True
        self._panel.run(lambda: self._carry_out(rule))

    def _carry_out(self, rule: Rule) -> None:
        try:
            self._write(rule)
        except LifecycleError as error:
            with self._panel.painting():
                self._hint.value = views.hint(error.message, "error")
            self._panel.alert(f"The rule was not written. {told(error)}")
            return
        finally:
            self._save.disabled = False
        self._panel.say("The rule is written.")
        self._done()


def _effect_words(moves: Any) -> Any:
    if not moves:
        return "Saving this rule moves nothing now."
    return join((lead_words(moves, 1).replace("Applying this tag", "Saving this rule"), "."))
