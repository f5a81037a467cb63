"""The save panel: one click, everything filled in, the line of code that it runs in sight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ipywidgets import Dropdown

from jupyter_lifecycle.errors import RegistryUnavailableError
from jupyter_lifecycle.widgets import save_views, views
from jupyter_lifecycle.widgets.introspection import module_alias
from jupyter_lifecycle.widgets.markup import Markup, element, join
from jupyter_lifecycle.widgets.panel import Panel, button, html, row, stack, toggle, told
from jupyter_lifecycle.widgets.save_form import SaveForm
from jupyter_lifecycle.widgets.save_run import SaveRun, SaveStoppedError
from jupyter_lifecycle.widgets.saved_before import outlook_of
from jupyter_lifecycle.widgets.words import count, moment

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from jupyter_lifecycle.widgets.proposal import Proposal
    from jupyter_lifecycle.widgets.save_call import SaveCall
    from jupyter_lifecycle.widgets.save_form import Tools
    from jupyter_lifecycle.widgets.work import Worker

Stage = Literal["form", "saving", "saved", "failed"]


class SavePanel(Panel):
    """Saves a model with one click; see :func:`jupyter_lifecycle.save_panel`.

    Parameters
    ----------
    namespace : MutableMapping
        Where expressions are evaluated and the envelope is bound to ``envelope``.
    proposal : Proposal
        What the fields open with.
    tools : Tools
        What is called.
    worker : Worker, optional
        Who runs it; threads by default.
    """

    def __init__(
        self,
        namespace: MutableMapping[str, Any],
        proposal: Proposal,
        tools: Tools,
        worker: Worker | None = None,
    ) -> None:
        super().__init__(worker)
        self.stage: Stage = "form"
        self.envelope: Any = None
        self._away = False
        self._namespace, self._tools = namespace, tools
        self._running: SaveRun | None = None
        self._result: save_views.Result | None = None
        self._make_foot()
        self._outcome = html("jl-body")
        self._below = stack(classes=("jl-below",))
        self.form = SaveForm(self, namespace, proposal, tools, self._draw)
        self.frame(self._head(), self.form, self._outcome, self._foot, self._below)
        self.form.look_again()

    def _head(self) -> Any:
        title = html()
        title.value = views.title("envelope", "Save envelope")
        self._registry = Dropdown(description="to", options=list(self._tools.registries))
        self._registry.observe(lambda change: self.form.use_registry(change["new"]), "value")
        return row(title, self._registry, classes=("jl-head",))

    def _make_foot(self) -> None:
        self._save = button("Save envelope", "jl-primary", clicked=self.save)
        self._tag = button("Tag", "jl-primary", "jl-icon-tag", clicked=self._open_tags)
        words = "Save to the local registry instead"
        self._instead = button(words, "jl-primary", clicked=self._save_here)
        self._again = button("Save again", clicked=self._back)
        self._stop = button("Cancel", clicked=self._cancel)
        self._close = button("Close", "jl-ghost", clicked=self.close)
        self._words = html()
        buttons = (self._save, self._tag, self._instead, self._again, self._stop)
        self._foot = row(*buttons, self._words, self._close, classes=("jl-foot",))

    def _draw(self) -> None:
        """Show what belongs to the stage."""
        stage = self.stage
        with self.painting():
            for part, stages in (
                (self.form, ("form",)),
                (self._outcome, ("saving", "saved", "failed")),
                (self._tag, ("saved",)),
                (self._again, ("saved", "failed")),
                (self._stop, ("saving",)),
                (self._close, ("form", "saved", "failed")),
            ):
                toggle(part, "jl-hidden", on=stage not in stages)
            here = self._local_name is not None and (
                (stage == "failed" and self._away)
                or (stage == "form" and "registry" in self.form.problems)
            )
            toggle(self._instead, "jl-hidden", on=not here)
            toggle(self._save, "jl-hidden", on=here or stage not in ("form", "saving"))
            self._save.description = "Saving" if stage == "saving" else "Save envelope"
            self._save.disabled = stage == "saving" or bool(self.form.wrong) or self.form.missing
            self._again.description = "Back to the form" if stage == "failed" else "Save again"
            self._registry.disabled = stage != "form"
            self._words.value = self._foot_words()

    def _foot_words(self) -> str:
        if self.stage != "form":
            return ""
        if self.form.wrong:
            words = f"{count(self.form.wrong, 'problem')}. Nothing was saved."
            return element("span", words, class_="jl-say jl-bad")
        if self.form.missing:
            return element("span", "It needs a name.", class_="jl-say")
        size = self.form.size
        return element(
            "span", join((size, ". ")) if size else "", "Saving deploys nothing.", class_="jl-say"
        )

    def save(self) -> None:
        """Make the call that the line of code shows: what the button does."""
        call = self.form.call
        try:
            model, keywords = call.arguments(self._namespace)
        except Exception as error:  # noqa: BLE001 - their own expression; shown at its field
            self.form.problems["example"] = told(error)
            self.form.draw()
            self.alert(f"Nothing was saved. {told(error)}")
            return
        registry = self._tools.registries[self.form.registry][1]
        self._running = run = SaveRun(self._draw_steps)
        self.stage, self._stop.disabled = "saving", False
        self._draw_steps()
        self._draw()
        self.say(f"Saving {call.name}.")
        self.run(lambda: self._carry_out(call, run, model, keywords | {"registry": registry}))

    def _draw_steps(self) -> None:
        if self._running is not None:
            with self.painting():
                self._outcome.value = save_views.saving_view(
                    self.form.call.name, self._running.steps
                )

    def _carry_out(
        self, call: SaveCall, run: SaveRun, model: Any, keywords: dict[str, Any]
    ) -> None:
        try:
            envelope = self._tools.save(model, **keywords, progress=run.progress)
        except SaveStoppedError:
            self._go("form")
            self.say("Stopped. Nothing was saved.")
        except Exception as error:  # noqa: BLE001 - whatever stopped it is shown in its place
            self._fail(call, run, error)
        else:
            self.envelope = self._namespace["envelope"] = envelope
            self._finish(call, run, keywords["registry"])

    def _finish(self, call: SaveCall, run: SaveRun, registry: Any) -> None:
        envelope, now = self.envelope, self._tools.now()
        self._result = save_views.Result(
            name=call.name,
            id=envelope.id,
            size=envelope.size,
            seconds=run.seconds,
            steps=tuple(run.steps),
            existed=moment(envelope.created_at, now) if envelope.existed else "",
            outlook=outlook_of(registry, envelope),
            tags=dict(envelope.tags),
            metrics=dict(envelope.metrics),
        )
        with self.painting():
            alias = module_alias(self._namespace)
            self._outcome.value = save_views.result_view(self._result, alias, call.registry)
        self._go("saved")
        self.renew_file()
        self.announcer.ask_focus(".jl-icon-tag")
        self.say(f"{call.name} is saved as {views.short(envelope.id)}.")

    @property
    def _local_name(self) -> str | None:
        """What another registry of this machine is shown as; None where there is none."""
        others = self._tools.registries.items()
        shown = (key for key, (_, one) in others if one.is_local and key != self.form.registry)
        return next(shown, None)

    def _save_here(self) -> None:
        """Save the same on this machine: the registry that was chosen does not answer."""
        name = self._local_name
        assert name is not None
        self._registry.value = name  # the form follows, and so does the line of code
        self.save()

    def _fail(self, call: SaveCall, run: SaveRun, error: Exception) -> None:
        self._away = isinstance(error, RegistryUnavailableError)
        if self.form.refuse(error):
            self._go("form")
        else:
            with self.painting():
                self._outcome.value = save_views.failure_view(call.name, run.steps, told(error))
            self._go("failed")
        self.alert(f"{call.name} was not saved. {told(error)}")

    def _go(self, stage: Stage) -> None:
        self.stage = stage
        self._draw()

    def _back(self) -> None:
        """Open the form again; what was typed is still there."""
        self._below.children = ()
        self._go("form")
        self.form.look_again()

    def _cancel(self) -> None:
        if self._running is not None:
            self._running.stop()
        self._stop.disabled = True

    def _open_tags(self) -> None:
        self._below.children = (self._tools.tag_panel(self.envelope),)

    def clicked(self, value: str) -> None:
        """Open or close what a link in the panel is about."""
        if value.startswith("show:"):
            self.form.show(value.removeprefix("show:"))

    def show_error(self, error: Exception) -> None:
        """Show what nobody expected, under the field of the model."""
        self.form.problems["model"] = told(error)
        self._go("form")
        self.form.draw()
        self.alert(told(error))

    def snapshot(self) -> Markup:
        """Draw the panel for a file: the result, or the call that was not made yet."""
        title = element("h3", "Save envelope")
        if self._result is None:
            words = element("p", "Not saved yet. The same in code:")
            return element("div", title, words, element("pre", self.form.code), class_="jl")
        result = self._result
        lines = (
            element("p", self._saved_line(result)),
            element("p", save_views.outlook_words(result.outlook)),
            element("pre", self.form.code),
        )
        return element("div", title, *lines, class_="jl")

    @staticmethod
    def _saved_line(result: save_views.Result) -> str:
        metrics = save_views.metrics_text(result.metrics or {})
        behind = f" {metrics}." if metrics else ""
        return f"Saved {result.name} as {views.short(result.id)}.{behind}"

    def plain(self) -> str:
        """Say the result, or the call that was not made yet."""
        if self._result is None:
            return self.form.code
        return f"{self._saved_line(self._result)}\n{self.form.code}"
