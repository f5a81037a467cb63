"""The form of the save panel: fields, what was found beside them, and the line of code."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from ipywidgets import Combobox, Text, ToggleButtons, VBox

from jupyter_lifecycle.envelope.travel_offer import why_not_offered
from jupyter_lifecycle.envelope.writing import is_frame
from jupyter_lifecycle.errors import (
    EnvelopeError,
    ExampleError,
    InputError,
    RegistryError,
    SchemaError,
)
from jupyter_lifecycle.registry.words import check_name, check_tags
from jupyter_lifecycle.widgets import views
from jupyter_lifecycle.widgets.chips import Chips
from jupyter_lifecycle.widgets.introspection import find_example, module_alias, training_of
from jupyter_lifecycle.widgets.markup import element, join
from jupyter_lifecycle.widgets.metric_rows import MetricRows
from jupyter_lifecycle.widgets.panel import html, row, stack, styled, toggle, told
from jupyter_lifecycle.widgets.save_call import SaveCall, evaluate
from jupyter_lifecycle.widgets.save_views import Finding, found_list
from jupyter_lifecycle.widgets.saved_before import Before, ask_before, saved_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

    from jupyter_lifecycle.widgets.markup import Child
    from jupyter_lifecycle.widgets.panel import Panel
    from jupyter_lifecycle.widgets.proposal import Proposal

FINDINGS = (
    Finding("schema", "Schema"),
    Finding("environment", "Environment"),
    Finding("features", "Features"),
    Finding("expectations", "Expectations"),
)
_PAUSE = 0.15
_OF_EXAMPLE = (ExampleError, SchemaError, InputError)
"""What these say is about the example; what other errors say is about the model."""


class Finder(Protocol):
    """Finds what goes with a model; each finding is given as soon as it is there."""

    def __call__(
        self, model: Any, keywords: dict[str, Any], found: Callable[[Finding], None]
    ) -> None:
        """Look at a model, its example and what else goes with it.

        Besides the four rows it may give the findings ``example``, the hint under that field, and
        ``size``, what would be stored.

        Raises
        ------
        LifecycleError
            Where the model could not be saved with this example.
        """


@dataclass(frozen=True, slots=True)
class Tools:
    """What the panel calls: the same public functions as a script would."""

    save: Callable[..., Any]
    find: Finder
    tag_panel: Callable[[Any], Any]
    registries: Mapping[str, tuple[str, Any]]
    """What is shown for each registry, its expression and itself; the first is chosen."""
    features: str = ""
    """The expression of the graph or session whose features go with the model; empty for none."""
    now: Callable[[], datetime] = field(default=lambda: datetime.now().astimezone())


class SaveForm(VBox):  # type: ignore[misc]
    """Fields with what was found in them; ``call`` is what a click makes of them.

    Parameters
    ----------
    panel : Panel
        Runs what is looked for in the background.
    namespace : MutableMapping
        Where expressions are evaluated.
    proposal : Proposal
        What the fields open with.
    tools : Tools
        What is called.
    changed : callable
        Called after each change of what is shown.
    """

    def __init__(
        self,
        panel: Panel,
        namespace: MutableMapping[str, Any],
        proposal: Proposal,
        tools: Tools,
        changed: Callable[[], None],
    ) -> None:
        super().__init__()
        self.problems: dict[str, str] = {}
        self.registry = next(iter(tools.registries))
        self.opened = frozenset({"code"})
        self._panel, self._tools, self._changed = panel, tools, changed
        self._namespace = namespace
        self._kinds = {item.expression: item for item in proposal.models}
        self._before = Before()
        self._found = {item.key: item for item in FINDINGS}
        self._looks = 0
        self._setting, self._reason = False, ""
        self._offers = False
        """Whether the features come from a session, so that they may travel."""
        self._chosen: bool | None = None
        """What a person chose of that, once they did."""
        self._make_fields(proposal)
        self._lay_out()
        self._listen()

    @property
    def call(self) -> SaveCall:
        """The call that a click makes now."""
        return SaveCall(
            model=self._model.value.strip(),
            name=self._name.value.strip(),
            example=self._example.value.strip(),
            tags=dict(self._chips.tags),
            metrics=self._metrics.metrics,
            registry=self._tools.registries[self.registry][0],
            training=self._training,
            features=self._features,
        )

    @property
    def _training(self) -> str:
        """Rows for the expectations: those that the example is the head of, in a table."""
        return training_of(self._example.value.strip())

    @property
    def _features(self) -> str:
        """The session where its features should travel, else the graph alone."""
        words = self._tools.features
        return f"{words}.graph" if self._offers and not self._takes.value else words

    @property
    def code(self) -> str:
        """The line of code that says the same."""
        alias = module_alias(self._namespace)
        known = alias in self._namespace
        return ("" if known else f"import jupyter_lifecycle as {alias}\n\n") + self.call.code(alias)

    @property
    def wrong(self) -> int:
        """How many problems keep it from being saved."""
        return len(self.problems) + self._metrics.problems

    @property
    def missing(self) -> bool:
        """Whether the name is still to be typed."""
        return not self._name.value.strip()

    @property
    def size(self) -> Child:
        """What would be stored, once that is known."""
        found = self._found.get("size")
        return found.text if found else None

    def look_again(self) -> None:
        """Evaluate the fields again and ask the registry again: something may have changed."""
        self._look()
        self.draw()
        self._panel.run(self._ask_registry)

    def use_registry(self, shown: str) -> None:
        """Save to another registry."""
        self.registry = shown
        self._panel.run(self._ask_registry)

    def show(self, key: str) -> None:
        """Open or close something in place."""
        self.opened ^= {key}
        self.draw()

    def _make_fields(self, proposal: Proposal) -> None:
        def made(kind: type[Any], label: str, value: str, **traits: Any) -> Any:
            return kind(description=label, value=value, continuous_update=False, **traits)

        names = [item.expression for item in proposal.models]
        self._name = made(Combobox, "Name", proposal.name, placeholder="a name for the model")
        self._model = made(Combobox, "Model", proposal.model, options=names, placeholder="a model")
        self._example = made(Text, "Example", proposal.example, placeholder="frame[X].head(200)")
        options = [("raw rows", True), ("the model's columns", False)]
        self._takes = ToggleButtons(options=options, description="Takes")
        self._chips = Chips({}, mode="direct", label="Tags of the envelope")
        self._metrics = MetricRows(proposal.metrics, self.draw)
        self._hints = {key: html() for key in ("name", "model", "example", "takes", "tags")}
        self._side, self._code = html(), html("jl-part", "jl-save-code")

    def _lay_out(self) -> None:
        hints = self._hints
        pairs = (("name", self._name), ("model", self._model), ("example", self._example))
        fields = [stack(control, hints[key], classes=("jl-field",)) for key, control in pairs]
        for control in (self._model, self._example):
            control.add_class("jl-code-field")
        for control in (self._name, self._model):
            control.add_class("jl-combo")
        self._choice = stack(self._takes, hints["takes"], classes=("jl-field", "jl-hidden"))
        form = stack(
            *fields,
            self._choice,
            _labelled("Tags", stack(self._chips, hints["tags"])),
            _labelled("Metrics", self._metrics),
            classes=("jl-form",),
        )
        side = stack(self._side, classes=("jl-side", "jl-body"))
        self.children = (row(form, side, classes=("jl-columns",)), self._code)

    def _listen(self) -> None:
        self._name.observe(lambda _: self._name_changed(), "value")
        self._model.observe(lambda _: self._model_changed(), "value")
        self._example.observe(lambda _: self._example_changed(), "value")
        self._chips.observe(lambda _: self.draw(), "tags")
        self._takes.observe(lambda _: self._takes_changed(), "value")

    def _name_changed(self) -> None:
        self.draw()
        self._panel.later(_PAUSE, self._ask_registry)

    def _model_changed(self) -> None:
        example = find_example(self._namespace, self._model.value.strip())
        if example and example != self._example.value:
            self._example.value = example  # its own change looks and draws
        else:
            self._example_changed()

    def _example_changed(self) -> None:
        self._look()
        self.draw()

    def _takes_changed(self) -> None:
        if self._setting:
            return
        self._chosen = bool(self._takes.value)
        self._example_changed()

    def _offer(self, example: Any) -> None:
        """Let features travel by themselves where finding out is quick, until somebody chose."""
        words = self._tools.features
        source: Any = self._value("example", words) if words else None
        self._offers = hasattr(source, "given") and is_frame(example)
        self._reason = why_not_offered(source, example) if self._offers else ""
        if self._chosen is None:
            self._setting = True
            self._takes.value = not self._reason
            self._setting = False

    def _look(self) -> None:
        """Evaluate model and example here, as a cell would, and look at them in the background."""
        for key in ("model", "example"):
            self.problems.pop(key, None)
        self._looks += 1
        if not self._model.value.strip():
            self.problems["model"] = "No fitted model found in this notebook. Name one."
        elif not self._example.value.strip():
            self.problems["example"] = "No rows found that it takes. Such as: frame[X].head(200)."
        example = self._value("example", self.call.example)
        self._offer(example)
        call = self.call
        model = self._value("model", call.model)
        keywords = {"example": example}
        for key, text in (("training", call.training), ("features", call.features)):
            if text:
                keywords[key] = self._value("example", text)
        if self.problems.keys() & {"model", "example"}:
            self._wait_for("a model and its example")
            return
        look = self._looks
        self._found = {item.key: item for item in FINDINGS}
        self._panel.run(lambda: self._find(look, model, keywords))

    def _value(self, key: str, expression: str) -> Any:
        try:
            return evaluate(expression, self._namespace)
        except Exception as error:  # noqa: BLE001 - their own expression; shown under its field
            self.problems.setdefault(key, told(error))
            return None

    def _find(self, look: int, model: Any, keywords: dict[str, Any]) -> None:
        def found(finding: Finding) -> None:
            if look == self._looks:
                self._found[finding.key] = finding
                self.draw()

        try:
            self._tools.find(model, keywords, found)
        except EnvelopeError as error:
            if look == self._looks:
                self._wait_for("an example that it answers")
                self.refuse(error)

    def _wait_for(self, what: str) -> None:
        self._found = {item.key: replace(item, text=f"Waits for {what}") for item in FINDINGS}

    def refuse(self, error: Exception) -> bool:
        """Show an error under the field that it is about.

        Returns
        -------
        bool
            Whether it is about a field.
        """
        if not isinstance(error, EnvelopeError):
            return False
        key = "example" if isinstance(error, _OF_EXAMPLE) else "model"
        self.problems[key] = error.message
        self.draw()
        return True

    def _ask_registry(self) -> None:
        name = self._name.value.strip()
        _, registry = self._tools.registries[self.registry]
        try:
            names = sorted(registry.names())
            before = ask_before(registry, name) if name else Before()
        except RegistryError as error:
            self.problems["registry"] = error.message
            self.draw()
            return
        with self._panel.painting():
            self.problems.pop("registry", None)
            self._name.options = names
            untouched = dict(self._chips.tags) == dict(self._before.tags)
            self._before = before
            if untouched:
                self._chips.tags = dict(before.tags)
            self._chips.known = {key: [value] for key, value in before.tags.items()}
            self._metrics.compare(before.metrics)
        self.draw()

    def draw(self) -> None:
        """Show what is known now."""
        self._check_words()
        with self._panel.painting():
            self._draw_hints()
            rows = [self._found[item.key] for item in FINDINGS]
            self._side.value = found_list(rows, self.opened)
            self._code.value = views.disclosure(
                "The same in code",
                "runs when you click Save envelope",
                "code",
                views.code_block(self.code),
                opened="code" in self.opened,
            )
        self._changed()

    def _check_words(self) -> None:
        """See whether the registry would take name and tags as they are typed."""
        for key, check in (
            ("name", lambda: check_name(self._name.value.strip() or "empty")),
            ("tags", lambda: check_tags(self._chips.tags)),
        ):
            try:
                check()
            except RegistryError as error:
                self.problems[key] = error.message
            else:
                self.problems.pop(key, None)

    def _draw_hints(self) -> None:
        kind = self._kinds.get(self._model.value.strip())
        cell = f", fitted in cell {kind.cell}" if kind and kind.cell is not None else ""
        example = self._found.get("example")
        words: dict[str, Child] = {
            "name": "" if self.missing else saved_words(self._before, self._tools.now()),
            "model": join((views.mono(kind.kind), cell)) if kind else "",
            "example": example.text if example else "",
            "takes": self._takes_words(),
            "tags": self._tag_words(),
        }
        toggle(self._choice, "jl-hidden", on=not self._offers)
        for key, text in words.items():
            problem = self.problems.get(key)
            if key == "name":
                problem = problem or self.problems.get("registry")
            good = key == "example" and bool(text)
            shown = views.hint(text or "", "fresh" if good else "")
            self._hints[key].value = views.hint(problem, "error") if problem else shown

    def _takes_words(self) -> Child:
        if self._takes.value:
            return "Features that need no other row are computed inside."
        reason = f" Not by itself: {self._reason}." if self._chosen is None and self._reason else ""
        return f"Features are recorded, not computed.{reason}"

    def _tag_words(self) -> Child:
        kept = self._before.kept_back
        copied = "Copied from the last save. " if self._before.tags else ""
        if not kept:
            return copied.strip()
        verb = "is" if len(kept) == 1 else "are"
        return join((copied, views.listed(kept), f" {verb} never copied."))


def _labelled(label: str, part: Any) -> Any:
    named = html()
    named.value = element("span", label, class_="jl-label")
    return styled(row(named, part), "jl-row")
