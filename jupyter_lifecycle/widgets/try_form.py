"""Ask a service by hand: fields made from its schema, checked by the same schema."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Protocol

from ipywidgets import Dropdown, Text, ToggleButtons, VBox

from jupyter_lifecycle.errors import InputError
from jupyter_lifecycle.widgets import views
from jupyter_lifecycle.widgets.deploy_views import answer_words
from jupyter_lifecycle.widgets.panel import button, html, row, stack, told
from jupyter_lifecycle.widgets.words import number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jupyter_lifecycle.envelope.fields import Field
    from jupyter_lifecycle.envelope.schema import Schema
    from jupyter_lifecycle.widgets.panel import Panel

_TEXTS = frozenset({"string", "datetime", "date"})
_TABS = ("Form", "JSON", "curl", "Python")


class Asked(Protocol):
    """An endpoint that can be asked."""

    def predict(self, rows: Any) -> Any:
        """Answer rows."""
        ...


def value_of(field: Field, typed: str) -> Any:
    """Read what was typed as the JSON value that it stands for; the schema judges it.

    Parameters
    ----------
    field : Field
        Whose value.
    typed : str
        Empty means null where null may be.

    Returns
    -------
    object
        A JSON value; the text itself where it cannot be read as the field's type.
    """
    text = typed.strip()
    if not text and field.nullable:
        return None
    if field.type in _TEXTS:
        return typed
    if field.type == "categorical":
        return next((item for item in field.categories if str(item) == text), text)
    try:
        return json.loads(text)
    except ValueError:
        return text


def shown(value: Any) -> str:
    """Write a JSON value as it would be typed."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class TryForm(VBox):  # type: ignore[misc]
    """A form of one question to an endpoint, the same as JSON, curl and Python, and the answer.

    Parameters
    ----------
    panel : Panel
        Runs the question in the background.
    ask : callable
        Gives the endpoint that is asked.
    code : callable
        Writes the line of Python that asks the same.
    """

    def __init__(self, panel: Panel, ask: Callable[[], Asked], code: Callable[[str], str]) -> None:
        super().__init__()
        self._panel, self._ask, self._code = panel, ask, code
        self._schema: Schema | None = None
        self._rows: Sequence[Mapping[str, Any]] = ()
        self._place = 0
        self._fields: dict[str, tuple[Field, Any, Any]] = {}
        self._address = ""
        self._head, self._same, self._answer = html(), html(), html("jl-answer")
        self._tabs = ToggleButtons(options=list(_TABS), description="Show the request as")
        self._tabs.observe(lambda _: self._draw(), "value")
        self._next = button("Next example", clicked=self._show_next)
        self._predict = button("Predict", clicked=self.predict)
        self._form = stack(classes=("jl-try-fields",))
        head = row(self._head, self._tabs, classes=("jl-inline", "jl-spread"))
        foot = row(self._predict, self._next, self._answer, classes=("jl-inline",))
        self.add_class("jl-try")
        self.children = (head, self._form, self._same, foot)
        self._draw()

    def use(self, schema: Schema, rows: Sequence[Mapping[str, Any]], address: str) -> None:
        """Make fields for a schema, filled with the first of the example rows; typed values stay.

        Parameters
        ----------
        schema : Schema
            Of the envelope that answers.
        rows : sequence of Mapping
            Example rows as JSON.
        address : str
            Of the service.
        """
        self._address = address
        if schema == self._schema:
            self._draw()
            return
        typed = {name: control.value for name, (_, control, _) in self._fields.items()}
        self._schema, self._rows, self._place = schema, rows, 0
        first = rows[0] if rows else {}
        self._fields = {}
        for field in schema.inputs:
            value = typed.get(field.name, shown(first.get(field.name)))
            self._fields[field.name] = (field, self._control(field, value), html())
        self._form.children = [
            stack(control, hint, classes=("jl-field",))
            for _, control, hint in self._fields.values()
        ]
        self._check()

    def _control(self, field: Field, value: str) -> Any:
        choices = [str(item) for item in field.categories]
        if field.type == "boolean":
            choices = ["true", "false"]
        if choices:
            if field.nullable:
                choices.insert(0, "")
            chosen = value if value in choices else choices[0]
            control = Dropdown(description=field.name, options=choices, value=chosen)
        else:
            empty = "null" if field.nullable else ""
            control = Text(
                description=field.name, value=value, placeholder=empty, continuous_update=False
            )
            control.description_allow_html = False
            control.tooltip = field.name
        control.observe(lambda _: self._check(), "value")
        return control

    @property
    def request(self) -> dict[str, Any]:
        """The row that is asked, as JSON."""
        return {
            name: value_of(field, control.value)
            for name, (field, control, _) in self._fields.items()
            if control.value.strip() or field.required or field.nullable
        }

    def _problems(self) -> dict[str, str]:
        assert self._schema is not None
        try:
            self._schema.decode(self.request)
        except InputError as error:
            problems = error.detail.get("problems", ())
            return {_first(item["path"]): item["reason"] for item in problems}
        return {}

    def _check(self) -> None:
        problems = self._problems()
        for name, (_, _, hint) in self._fields.items():
            hint.value = views.hint(problems[name], "error") if name in problems else ""
        self._predict.disabled = bool(problems)
        self._draw()

    def _show_next(self) -> None:
        if not self._rows:
            return
        self._place = (self._place + 1) % len(self._rows)
        for name, (_, control, _) in self._fields.items():
            value = shown(self._rows[self._place].get(name))
            if isinstance(control, Text) or value in control.options:
                control.value = value
        self._draw()

    def predict(self) -> None:
        """Ask the endpoint: what the button does."""
        request = self.request
        self._predict.disabled = True
        self._panel.run(lambda: self._carry_out(request))

    def _carry_out(self, request: dict[str, Any]) -> None:
        started = time.perf_counter()
        try:
            answer = self._ask().predict(request)
        except InputError as error:
            for item in error.detail.get("problems", ()):
                name = _first(item["path"])
                if name in self._fields:
                    self._fields[name][2].value = views.hint(item["reason"], "error")
            self._say(views.hint(told(error), "error"))
        except Exception as error:  # noqa: BLE001 - whatever it is, the person sees it
            self._say(views.hint(told(error), "error"))
        else:
            seconds = time.perf_counter() - started
            words = answer_words(answer_text(answer), seconds)
            self._say(words)
            self._panel.say(f"Answered {answer_text(answer)}.")
        self._predict.disabled = False

    def _say(self, words: str) -> None:
        with self._panel.painting():
            self._answer.value = words

    def _draw(self) -> None:
        tab = self._tabs.value
        place = f"row {self._place + 1} of {len(self._rows)}" if self._rows else None
        with self._panel.painting():
            self._head.value = views.part_head("Try it", place)
            self._form.layout.display = None if tab == "Form" else "none"
            self._next.layout.display = None if len(self._rows) > 1 else "none"
            self._same.value = "" if tab == "Form" else self._as(tab)

    def _as(self, tab: str) -> str:
        body = json.dumps(self.request, ensure_ascii=False, indent=2)
        if tab == "JSON":
            return views.code_block(body, what="JSON")
        if tab == "Python":
            return views.code_block(self._code(python_of(self.request)), wrap=True)
        return views.code_block(
            curl(self._address, self.request), what="curl", python=False, wrap=True
        )


def python_of(request: Mapping[str, Any]) -> str:
    """Write a row as a Python literal."""
    return repr(dict(request))


def curl(address: str, request: Mapping[str, Any]) -> str:
    """Write a request as a line for a shell."""
    body = json.dumps(request, ensure_ascii=False).replace("'", "'\\''")
    return f"curl {address}/predict -H 'content-type: application/json' -d '{body}'"


def answer_text(answer: Any) -> str:
    """Write an answer in a few words: a number rounded, a short list whole."""
    if hasattr(answer, "tolist"):
        answer = answer.tolist()
    if isinstance(answer, list) and len(answer) == 1:
        answer = answer[0]
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        text = (
            answer
            if isinstance(answer, str)
            else json.dumps(answer, ensure_ascii=False, default=str)
        )
        return text if len(text) <= 120 else f"{text[:119]}…"
    return number(answer)


def _first(pointer: str) -> str:
    """Give the field that a JSON pointer leads to, past the index of a row."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    named = [part for part in parts if not part.isdigit()]
    return named[0] if named else ""
