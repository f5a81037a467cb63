"""The deploy panel: what an endpoint serves and why, its attempts as they run, a form to try it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from jupyter_lifecycle.errors import LifecycleError, NotFoundError, RegistryError
from jupyter_lifecycle.registry.records import Rule
from jupyter_lifecycle.widgets import deploy_views, views
from jupyter_lifecycle.widgets.hold_form import HoldForm, pin_band
from jupyter_lifecycle.widgets.introspection import quoted
from jupyter_lifecycle.widgets.markup import Markup, element, join
from jupyter_lifecycle.widgets.panel import Panel, button, html, row, stack, toggle, told
from jupyter_lifecycle.widgets.rule_form import RuleForm
from jupyter_lifecycle.widgets.saved_before import named
from jupyter_lifecycle.widgets.try_form import TryForm
from jupyter_lifecycle.widgets.words import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jupyter_lifecycle.registry import Registry
    from jupyter_lifecycle.registry.records import Deployment, EndpointRecord
    from jupyter_lifecycle.widgets.hold_form import Action
    from jupyter_lifecycle.widgets.work import Worker

_LOOK = 1.0
_SHOWN = 5


class Calls(Protocol):
    """The public functions that the panel calls."""

    def endpoint(self, name: str, *, registry: Registry) -> Any:
        """Give an endpoint that can be asked."""
        ...

    def rule(
        self,
        endpoint: str,
        *,
        when: str,
        order_by: str,
        on_none: Any,
        registry: Registry,
        **more: Any,
    ) -> Rule:
        """Write a rule."""
        ...


class DeployPanel(Panel):
    """Shows an endpoint as it lives; see :func:`jupyter_lifecycle.deploy_panel`.

    Parameters
    ----------
    endpoint : str
        Its name; empty to make a rule for the last save.
    registry : Registry
        Where its rule is.
    calls : Calls
        The public functions that are called.
    alias : str
        What the lines of code call the package.
    worker : Worker, optional
        Who runs it; threads by default.
    now : callable, optional
        The time, aware.
    """

    def __init__(
        self,
        endpoint: str,
        registry: Registry,
        calls: Calls,
        alias: str = "jl",
        worker: Worker | None = None,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        super().__init__(worker)
        self._name, self._registry, self._calls = endpoint, registry, calls
        self._alias, self._now = alias, now
        self._record: EndpointRecord | None = None
        self._deployments: Sequence[Deployment] = ()
        self._editing, self._holding, self._disturbed = False, False, True
        self._newer = 0
        self._tried = ""
        self._make_parts()
        self._draw()
        self.begin(self._look, here=registry.is_local)
        self.repeat(_LOOK, self._look)

    def _make_parts(self) -> None:
        self._title, self._band, self._pin_band = html(), html("jl-band-place"), html()
        self._back = button("Roll back", "jl-icon-undo", clicked=lambda: self._hold("rollback"))
        self._pin = button("Pin", "jl-icon-pin", clicked=self._pin_or_not)
        self._head = row(self._title, self._back, self._pin, classes=("jl-head",))
        self._hold_form = HoldForm(
            self, self._registry, self._ask, self._leave_form, self._endpoint_code, self._now
        )
        hold = stack(self._hold_form, classes=("jl-part", "jl-hold-place"))
        self._hold_place = hold
        self._rule, self._runs, self._call = html(), html(), html()
        self._log = html("jl-part")
        self._form = RuleForm(
            self,
            self._registry,
            write=self._write_rule,
            done=self._leave_form,
            code=lambda rule: deploy_views.rule_code(rule, self._alias, self._registry_code),
        )
        self._try = TryForm(self, self._ask, self._predict_code)
        self._left = stack(
            stack(self._rule, self._form, classes=("jl-part",)),
            stack(self._runs, classes=("jl-part", "jl-live")),
            stack(self._call, classes=("jl-part", "jl-live")),
        )
        self._right = stack(
            stack(self._try, classes=("jl-part",)), self._log, classes=("jl-side", "jl-live")
        )
        columns = row(self._left, self._right, classes=("jl-columns", "jl-wide"))
        self.frame(self._head, self._band, self._pin_band, hold, columns)

    # what is asked ----------------------------------------------------------------------------

    def _look(self) -> bool:
        """Look once; paint only what changed. Nothing is asked while nobody looks."""
        views_of_it = self.announcer._view_count  # noqa: SLF001 - ipywidgets' own count of views
        if not self._disturbed and views_of_it == 0:
            return True
        try:
            record, deployments = self._read()
        except RegistryError as error:
            self.show_error(error)
            return True
        seen = (self._record, self._deployments)
        if (record, deployments) != seen or self._disturbed:
            self._tell_change(record)
            self._record, self._deployments, self._disturbed = record, deployments, False
            self._newer = self._count_newer(record)
            self._use_schema()
            self._draw()
        return True

    def _read(self) -> tuple[EndpointRecord | None, Sequence[Deployment]]:
        try:
            record = self._registry.endpoint(self._name)
        except NotFoundError:
            return None, ()
        return record, self._registry.deployments(self._name, _SHOWN)

    def _count_newer(self, record: EndpointRecord | None) -> int:
        """Count what matches the rule of a pinned endpoint and is newer than what it serves."""
        if record is None or record.pin is None or record.rule is None:
            return 0
        held = self._registry.get(record.pin.envelope)
        since = f"created_at > '{held.created_at.isoformat()}'"
        return self._registry.count(f"({record.rule.when}) and {since}")

    def _tell_change(self, record: EndpointRecord | None) -> None:
        if self._record is not None and record is not None and record.state != self._record.state:
            self.say(deploy_views.summary(record))

    def _use_schema(self) -> None:
        """Make the fields of the form from the envelope that serves, once for each."""
        record = self._record
        serving = record.serving if record else None
        if record is None or not serving or serving == self._tried:
            return
        envelope = self._registry.get(serving)
        rows = envelope.bundle.example_json() if self._registry.is_local else []
        if isinstance(rows, dict):
            rows = [rows]
        with self.painting():
            self._try.use(envelope.schema, _records(rows), record.address or "")
        self._tried = serving

    def _ask(self) -> Any:
        return self._calls.endpoint(self._name, registry=self._registry)

    # the rule ---------------------------------------------------------------------------------

    def _write_rule(self, rule: Rule) -> None:
        self._calls.rule(
            rule.endpoint,
            when=rule.when,
            order_by=rule.order_by,
            target=rule.target,
            on_none=rule.on_none,
            registry=self._registry,
            **rule.options,
        )
        self._name = rule.endpoint

    def _try_again(self) -> None:
        assert self._record is not None
        rule = self._record.rule
        if rule is not None:
            self._write_rule(rule)
            self.say("It is tried again.")
            self._look()

    def _leave_form(self) -> None:
        self._editing = self._holding = False
        self._look()
        self._draw()

    # holding ----------------------------------------------------------------------------------

    def _pin_or_not(self) -> None:
        self._hold("unpin" if self._record and self._record.pin else "pin")

    def _hold(self, action: Action) -> None:
        if self._record is not None:
            self._holding = True
            self._hold_form.prepare(action, self._record)
            self._draw()

    def _propose_rule(self) -> Rule:
        """Fill the form from the last save: what a first rule most often says."""
        try:
            last = self._registry.latest("")
        except NotFoundError:
            return Rule(self._name, "")
        when = f"{named(last.name)} and tags.approved = 'yes'"
        endpoint = re.sub(r"[^a-z0-9]+", "-", last.name.lower()).strip("-")
        return Rule(self._name or endpoint, when)

    # what is seen -----------------------------------------------------------------------------

    def _draw(self) -> None:
        record, now = self._record, self._now()
        rule = record.rule if record else None
        with self.painting():
            extras = deploy_views.head_extras(record, now) if record else ()
            self._title.value = views.title("serve", self._name or "New endpoint", *extras)
            self._draw_hold(record, now)
            self._band.value = deploy_views.failure_band(record) if record else ""
            form = self._editing or rule is None
            toggle(self._form, "jl-hidden", on=not form)
            if rule is None:
                self._rule.value = views.part_head("Rule", "none yet")
                if not self._form.rule.when and not self._form.rule.endpoint:
                    self._form.fill(self._propose_rule())
            elif self._editing:
                self._rule.value = views.part_head("Rule", f"version {rule.version + 1}")
            else:
                self._rule.value = deploy_views.rule_view(rule, now)
            self._draw_live(record, now)

    def _draw_hold(self, record: EndpointRecord | None, now: datetime) -> None:
        held = record.pin if record else None
        for part in (self._back, self._pin):
            toggle(part, "jl-hidden", on=record is None or record.rule is None)
        toggle(self._hold_place, "jl-hidden", on=not self._holding)
        self._pin.description = "Unpin" if held else "Pin"
        self._pin_band.value = ""
        if record is not None and held is not None:
            self._pin_band.value = pin_band(record, self._newer, moment(held.at, now))

    def _draw_live(self, record: EndpointRecord | None, now: datetime) -> None:
        for part in (self._right, self._left.children[1], self._left.children[2]):
            toggle(part, "jl-hidden", on=record is None)
        if record is None:
            return
        toggle(self._right, "jl-hidden", on=not record.serving and not self._deployments)
        toggle(self._try, "jl-hidden", on=not record.serving)
        self._runs.value = deploy_views.deployments_view(self._deployments, now)
        self._call.value = join(
            (
                views.part_head("Call it", record.address),
                views.code_block(self._predict_code("rows")),
            )
        )
        last = self._deployments[0] if self._deployments else None
        self._log.value = deploy_views.log_view(last)

    @property
    def _registry_code(self) -> str:
        from jupyter_lifecycle.registry import Registry

        own = self._registry.location == Registry().location
        return "" if own else f"{self._alias}.Registry({quoted(self._registry.location)})"

    def _predict_code(self, rows: str) -> str:
        return self._endpoint_code(f"predict({rows})")

    def _endpoint_code(self, call: str) -> str:
        registry = f", registry={self._registry_code}" if self._registry_code else ""
        return f"{self._alias}.endpoint({quoted(self._name)}{registry}).{call}"

    def clicked(self, value: str) -> None:
        """Open the rule's form, or have a failed rule tried again: by writing it once more."""
        if value == "rule:again" and self._record and self._record.rule:
            self.run(self._try_again)
        if value == "rule:edit" and self._record and self._record.rule:
            self._form.fill(self._record.rule)
            self._editing = True
            self._draw()

    def show_error(self, error: Exception) -> None:
        """Show it in the band; what was shown stays, and so does what was typed."""
        lead = "The registry does not answer." if isinstance(error, RegistryError) else "Not shown."
        if not isinstance(error, LifecycleError):
            lead = "Something went wrong."
        self._disturbed = True
        with self.painting():
            self._band.value = views.band("error", lead, told(error))
        self.alert(f"{lead} {told(error)}")

    def snapshot(self) -> Markup:
        """Draw state, rule and attempts for a file."""
        record, now = self._record, self._now()
        title = element("h3", self._name or "New endpoint")
        if record is None:
            return element("div", title, element("p", "No rule yet."), class_="jl")
        held = f" Pinned by {record.pin.author}." if record.pin else ""
        said = f"As of {now:%H:%M}: {deploy_views.summary(record)}.{held}"
        rule = element("p", deploy_views.mono_long(record.rule.when)) if record.rule else None
        attempts = deploy_views.deployments_text(self._deployments, now)
        return element("div", title, element("p", said), rule, attempts, class_="jl")

    def plain(self) -> str:
        """Say how the endpoint stands in a line."""
        if self._record is None:
            return f"{self._name or 'New endpoint'}: no rule yet"
        return deploy_views.summary(self._record)


def _records(rows: Any) -> list[dict[str, Any]]:
    """Leave the example rows that are objects: a form has a field for each of their members."""
    return [item for item in rows if isinstance(item, dict)]
