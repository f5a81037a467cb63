"""How a model is asked: its ``predict``, or the function itself, with rows or with arguments."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from jupyter_lifecycle.envelope.annotations import Seen, bind, field_of_annotation, resolved
from jupyter_lifecycle.envelope.asking import finished, framed
from jupyter_lifecycle.envelope.describing import field_of_column, field_of_values, fields_of_frame
from jupyter_lifecycle.envelope.writing import is_array, is_frame, is_series
from jupyter_lifecycle.errors import SchemaError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jupyter_lifecycle.envelope.fields import Field
    from jupyter_lifecycle.envelope.schema import AnswerKind, Schema
    from jupyter_lifecycle.envelope.travel import Features

Call = Literal["predict", "call"]


@dataclass(frozen=True, slots=True)
class Query:
    """What is called, and the annotations that its arguments are bound by."""

    function: Callable[..., Any]
    call: Call
    hints: Mapping[str, Any] = field(default_factory=dict)
    returns: Any = Any
    positional: tuple[str, ...] = ()
    """Arguments that cannot be given by name."""
    framed: Callable[[Any], Any] | None = None
    """What is asked with a frame or array, where the model itself takes another kind of rows."""
    features: Features | None = None
    """What makes the model's columns of raw ones, where features travel with it."""

    def ask(self, schema: Schema, rows: Any) -> Any:
        """Give the model's answer to rows that the schema let through.

        Parameters
        ----------
        schema : Schema
            Says whether rows are one table or arguments.
        rows
            As :meth:`Schema.decode` and :meth:`Schema.check` give them.

        Raises
        ------
        InputError
            Where an annotated class refuses an argument.
        """
        if schema.form == "frame":
            ask = self.framed or self.function
            return finished(ask(rows if self.features is None else self.features.compute(rows)))
        if isinstance(rows, dict):
            return self._called(rows, ())
        return [self._called(row, (index,)) for index, row in enumerate(rows)]

    def _called(self, arguments: Mapping[str, Any], path: tuple[str | int, ...]) -> Any:
        bound = {
            name: bind(self.hints.get(name, Any), value, (*path, name))
            for name, value in arguments.items()
        }
        leading = [bound.pop(name) for name in self.positional if name in bound]
        return finished(self.function(*leading, **bound))


def call_of(model: Any) -> Call:
    """Whether a model is asked by its ``predict`` or called itself.

    Raises
    ------
    SchemaError
        Where it is neither, or a class.
    """
    if isinstance(model, type):
        raise SchemaError(f"{model.__qualname__} is a class. Save an instance or a function.")
    call: Call = "predict" if callable(getattr(model, "predict", None)) else "call"
    function = model.predict if call == "predict" else model
    if not callable(function) and framed(model) is None:
        raise SchemaError(
            f"A {type(model).__qualname__} has no predict and cannot be called. "
            "Save an estimator, a function or a callable object."
        )
    return call


def query_of(model: Any, hints: Mapping[str, Any] | None = None) -> Query:
    """How to ask a model.

    Parameters
    ----------
    model
        An object with ``predict``, or a callable.
    hints : Mapping, optional
        Resolved annotations that were stored with the model; read from it where not given.

    Raises
    ------
    SchemaError
        Where it cannot be asked or an annotation cannot be read.
    """
    call = call_of(model)
    function = model.predict if call == "predict" else model
    if hints is None:
        hints = _hints(function)
    own = dict(hints)
    returns = own.pop("return", Any)
    positional = tuple(
        name
        for name, parameter in _parameters(function).items()
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY
    )
    return Query(function, call, own, returns, positional, framed(model))


def _name(function: Any) -> str:
    return str(getattr(function, "__qualname__", type(function).__qualname__))


def _parameters(function: Any) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):  # a builtin without a signature
        return {}


def _hints(function: Any) -> dict[str, Any]:
    target = function
    while hasattr(target, "func") and not inspect.isroutine(target):  # functools.partial
        target = target.func
    if not inspect.isroutine(target) and callable(target):
        target = type(target).__call__
    if not getattr(target, "__annotations__", None):
        return {}
    return resolved(target, "The model")


def rows_form(example: Any) -> str:
    """Say what holds an example's rows: a container of :class:`Schema`.

    Raises
    ------
    SchemaError
        Where it is none that a model could be asked with.
    """
    if example is None or isinstance(example, dict):
        return "keywords"
    if is_frame(example):
        return "frame"
    if is_series(example):
        return "series"
    if is_array(example):
        if example.ndim == 2:
            return "array"
        if example.ndim == 1:
            return "vector"
        raise SchemaError(f"The example has {example.ndim} dimensions; one or two can be rows.")
    if isinstance(example, list | tuple):
        dicts = [isinstance(row, dict) for row in example]
        return "keywords" if example and all(dicts) else "list"
    raise SchemaError(
        f"The example is a {type(example).__qualname__}. Give a frame, an array, a dict of "
        "arguments, a list of such dicts, or nothing for what takes no arguments."
    )


def inputs_of_example(query: Query, example: Any) -> tuple[Field, ...]:
    """Give the input fields that an example shows.

    Parameters
    ----------
    query : Query
        Its signature and annotations count where the example holds arguments.
    example
        Frame, array, Series, list, dict, list of dicts, or None.

    Raises
    ------
    SchemaError
        Where the example has no rows or a value that JSON cannot carry, or does not fit the
        signature.
    """
    container = rows_form(example)
    if container == "keywords":
        return _argument_fields(query, example)
    if not len(example):
        raise SchemaError("The example has no rows. Give some, such as frame.head(200).")
    if container == "frame":
        return fields_of_frame(example)
    if container == "array":
        names = [f"x{place}" for place in range(example.shape[1])]
        return tuple(field_of_column(name, example[:, place]) for place, name in enumerate(names))
    if container == "list":
        return (field_of_values("value", example),)
    name = getattr(example, "name", None)
    return (field_of_column(name if isinstance(name, str) else "value", example),)


def _argument_fields(query: Query, example: Any) -> tuple[Field, ...]:
    rows = [] if example is None else [example] if isinstance(example, dict) else list(example)
    parameters = _parameters(query.function)
    free = not parameters or any(
        parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values()
    )
    named = {
        name: parameter
        for name, parameter in parameters.items()
        if parameter.kind not in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    }
    given = dict.fromkeys(name for row in rows for name in row)
    _check_names(query, named, rows, {} if free else given)
    fields = []
    for name in [*named, *(name for name in given if name not in named)]:
        parameter = named.get(name)
        optional = parameter is not None and parameter.default is not inspect.Parameter.empty
        if optional and name not in given and name not in query.hints:
            continue  # never seen: it keeps its default
        values = tuple(row[name] for row in rows if name in row)
        found = field_of_annotation(name, query.hints.get(name, Any), Seen(values, "The example"))
        required = not optional if parameter is not None else all(name in row for row in rows)
        fields.append(_optional(found, required=required))
    return tuple(fields)


def _optional(found: Field, *, required: bool) -> Field:
    from dataclasses import replace

    return replace(found, required=required)


def _check_names(
    query: Query,
    named: Mapping[str, inspect.Parameter],
    rows: Sequence[Any],
    given: Mapping[str, Any],
) -> None:
    extra = [name for name in given if name not in named]
    if extra:
        near = did_you_mean(str(extra[0]), named)
        raise SchemaError(f"{_name(query.function)} takes no argument {extra[0]}.{near}")
    needed = [
        name for name, parameter in named.items() if parameter.default is inspect.Parameter.empty
    ]
    missing = [name for name in needed if any(name not in row for row in rows) or not rows]
    if missing:
        raise SchemaError(
            f"{_name(query.function)} takes {', '.join(named)}; "
            f"the example has no {', '.join(missing)}. Give example={{…}} with every argument."
        )


def describe_answer(  # noqa: PLR0911 - one line a kind
    query: Query, schema: Schema, rows: Any, answer: Any
) -> tuple[tuple[Field, ...], AnswerKind, bool]:
    """Say what an answer is: fields, kind, and whether there is one a row.

    Parameters
    ----------
    query : Query
        Its return annotation counts for calls with arguments.
    schema : Schema
        Its form decides.
    rows
        What was asked with.
    answer
        What came back.

    Raises
    ------
    SchemaError
        Where the answer has no type that JSON could carry.
    """
    what = "The answer"
    if schema.form == "arguments":
        values = (answer,) if isinstance(rows, dict) else tuple(answer)
        return (_value_field(query.returns, values),), "value", True
    count = len(rows)
    if is_frame(answer):
        return fields_of_frame(answer, what=what), "frame", len(answer) == count
    if is_series(answer):
        name = answer.name if isinstance(answer.name, str) else "value"
        return (field_of_column(name, answer, what=what),), "series", len(answer) == count
    if is_array(answer) and answer.ndim == 1:
        return (field_of_column("value", answer, what=what),), "array", len(answer) == count
    if is_array(answer) and answer.ndim == 2:
        fields = tuple(
            field_of_column(f"y{place}", answer[:, place], what=what)
            for place in range(answer.shape[1])
        )
        return fields, "matrix", len(answer) == count
    if isinstance(answer, list) and answer:
        return (field_of_values("value", answer, what=what),), "list", len(answer) == count
    return (field_of_values("value", [answer], what=what),), "value", False


def _value_field(returns: Any, values: tuple[Any, ...]) -> Field:
    seen = Seen(values, "The answer")
    if returns in (Any, None, type(None)):
        return field_of_values("value", values, what=seen.what)
    try:
        return field_of_annotation("value", returns, seen)
    except SchemaError:
        return field_of_values("value", values, what=seen.what)
