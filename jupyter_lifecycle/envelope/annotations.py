"""Fields from annotations, and JSON values back to what the annotation names."""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from jupyter_lifecycle.envelope.describing import field_of_values, is_null, members_of, zone_of
from jupyter_lifecycle.envelope.fields import Field
from jupyter_lifecycle.envelope.problems import pointer
from jupyter_lifecycle.envelope.writing import loaded
from jupyter_lifecycle.errors import InputError, SchemaError

_SCALARS: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (str, "string"),
    (datetime, "datetime"),
    (date, "date"),
)
_LISTS = (list, tuple, set, frozenset, Sequence, AbstractSet, Iterable)
_YIELDED = (Iterator, Generator, AsyncIterator, AsyncGenerator, AsyncIterable)
_DICTS = (dict, Mapping)


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """What is known of one annotated value beside its annotation."""

    values: tuple[Any, ...]
    """Values of the example."""
    what: str
    """How messages name the example."""
    inside: tuple[type, ...] = ()
    """Classes around it, so that one that holds itself is found."""


def field_of_annotation(name: str, hint: Any, seen: Seen) -> Field:  # noqa: PLR0911 - one line a kind
    """Give the field that an annotation describes.

    Parameters
    ----------
    name : str
        Name of the argument or member.
    hint
        A resolved annotation; ``Any`` and none at all are read from the example's values.
    seen : Seen
        The example's values.

    Raises
    ------
    SchemaError
        Where JSON has no type for it.
    """
    hint = _bare(hint)
    if (
        hint is Any
        or hint is object
        or hint is inspect.Parameter.empty
        or isinstance(hint, TypeVar)
    ):
        return field_of_values(name, seen.values, what=seen.what)
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _union(name, get_args(hint), seen)
    if origin is Literal:
        return _literal(name, get_args(hint), seen)
    kind = origin or hint
    if not isinstance(kind, type):
        raise _unknown(name, hint, seen)
    if issubclass(kind, Enum):
        return _enum(name, kind, seen)
    for known, word in (*_SCALARS, *_numpy_scalars()):
        if issubclass(kind, known):
            zone = _zone(name, seen) if word == "datetime" else None
            return Field(name, word, zone=zone)  # type: ignore[arg-type]
    members = _members(kind, seen)
    if members is not None:
        return _structure(name, kind, members, seen)
    if kind in _YIELDED:  # what a function yields is answered as a list
        return _list(name, list, get_args(hint)[:1], seen)
    if kind in _LISTS:
        return _list(name, kind, get_args(hint), seen)
    if kind in _DICTS:
        return _dict(name, get_args(hint), seen)
    return _by_example(name, hint, seen)


def _bare(hint: Any) -> Any:
    while True:
        if get_origin(hint) is Annotated:
            hint = get_args(hint)[0]
        elif hasattr(hint, "__supertype__"):
            hint = hint.__supertype__
        elif get_origin(hint) in (typing.Required, typing.NotRequired):
            hint = get_args(hint)[0]
        else:
            return hint


def _unknown(name: str, hint: Any, seen: Seen) -> SchemaError:
    shown = hint.__qualname__ if isinstance(hint, type) else str(hint).replace("typing.", "")
    return SchemaError(
        f"{seen.what}: {name} is annotated as {shown}, for which JSON has no type. "
        "Use int, float, str, bool, datetime, date, Literal, Enum, list, dict, "
        "a dataclass, a TypedDict or a pydantic model."
    )


def _by_example(name: str, hint: Any, seen: Seen) -> Field:
    """Arrays, Series and frames: an annotation that says the container, not what is in it."""
    home = getattr(hint, "__module__", "").partition(".")[0]
    if home in ("numpy", "pandas") and seen.values:
        return field_of_values(name, seen.values, what=seen.what)
    raise _unknown(name, hint, seen)


def _numpy_scalars() -> tuple[tuple[type, str], ...]:
    numpy = loaded("numpy")
    if numpy is None:
        return ()
    return (
        (numpy.bool_, "boolean"),
        (numpy.integer, "integer"),
        (numpy.floating, "number"),
        (numpy.str_, "string"),
    )


def _zone(name: str, seen: Seen) -> str | None:
    times = [value for value in seen.values if isinstance(value, datetime)]
    return zone_of(name, times, seen.what) if times else None


def _union(name: str, options: tuple[Any, ...], seen: Seen) -> Field:
    rest = [option for option in options if option is not type(None)]
    present = dataclasses.replace(
        seen, values=tuple(value for value in seen.values if not is_null(value))
    )
    found = [field_of_annotation(name, option, present) for option in rest]
    if {field.type for field in found} == {"integer", "number"}:
        found = [field for field in found if field.type == "number"][:1]
    if len(found) != 1:
        raise _unknown(name, Union[options], seen)  # noqa: UP007 - options is a tuple
    return found[0].or_null() if len(rest) < len(options) else found[0]


def _literal(name: str, values: tuple[Any, ...], seen: Seen) -> Field:
    plain = tuple(value.value if isinstance(value, Enum) else value for value in values)
    present = tuple(value for value in plain if value is not None)
    if not all(isinstance(value, str | int | float | bool) for value in present):
        raise _unknown(name, Literal[values], seen)
    return Field(name, "categorical", nullable=len(present) < len(plain), categories=present)


def _enum(name: str, kind: type[Enum], seen: Seen) -> Field:
    values = tuple(member.value for member in kind)
    if not all(isinstance(value, str | int | float | bool) for value in values):
        raise SchemaError(
            f"{seen.what}: the values of {kind.__qualname__} ({name}) are no strings or numbers."
        )
    return Field(name, "categorical", categories=values)


def _inner(seen: Seen, values: Iterable[Any], kind: type | None = None) -> Seen:
    inside = seen.inside if kind is None else (*seen.inside, kind)
    return Seen(tuple(values), seen.what, inside)


def _list(name: str, kind: type, arguments: tuple[Any, ...], seen: Seen) -> Field:
    elements = [element for value in seen.values if value is not None for element in value]
    if kind is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        arguments = arguments[:1]
    kinds = set(arguments)
    if len(kinds) > 1:
        raise _unknown(name, tuple[arguments], seen)  # type: ignore[valid-type]
    inner = _inner(seen, elements)
    if kinds:
        return Field(name, "array", items=field_of_annotation("item", kinds.pop(), inner))
    items = field_of_values("item", elements, what=f"{seen.what}: {name}") if elements else None
    return Field(name, "array", items=items)


def _dict(name: str, arguments: tuple[Any, ...], seen: Seen) -> Field:
    if not arguments:
        values = [value for value in seen.values if value is not None]
        return field_of_values(name, values, what=seen.what)
    key, hint = arguments
    if _bare(key) is not str:
        raise SchemaError(f"{seen.what}: the keys of {name} are no strings; JSON knows no others.")
    items = [item for value in seen.values if value is not None for item in value.values()]
    return Field(name, "object", entries=field_of_annotation("value", hint, _inner(seen, items)))


def _members(kind: type, seen: Seen) -> dict[str, tuple[Any, bool]] | None:
    """Name → (annotation, required) of a dataclass, TypedDict, named tuple or pydantic model."""
    if dataclasses.is_dataclass(kind):
        hints = resolved(kind, seen.what)
        return {
            part.name: (
                hints[part.name],
                part.default is dataclasses.MISSING and part.default_factory is dataclasses.MISSING,
            )
            for part in dataclasses.fields(kind)
            if part.init
        }
    if typing.is_typeddict(kind):
        required = kind.__required_keys__  # type: ignore[attr-defined]
        return {name: (hint, name in required) for name, hint in resolved(kind, seen.what).items()}
    known = getattr(kind, "model_fields", None)
    if isinstance(known, dict) and hasattr(kind, "model_validate"):
        return {name: (part.annotation, part.is_required()) for name, part in known.items()}
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        hints = resolved(kind, seen.what)
        return {
            name: (hints.get(name, Any), name not in kind._field_defaults)  # type: ignore[attr-defined]
            for name in kind._fields
        }
    return None


def _structure(name: str, kind: type, members: dict[str, tuple[Any, bool]], seen: Seen) -> Field:
    if kind in seen.inside:
        raise SchemaError(
            f"{seen.what}: {kind.__qualname__} holds itself ({name}); a schema has an end."
        )
    rows = [members_of(value) or {} for value in seen.values if value is not None]
    fields = tuple(
        dataclasses.replace(
            field_of_annotation(
                member, hint, _inner(seen, (row[member] for row in rows if member in row), kind)
            ),
            required=required,
        )
        for member, (hint, required) in members.items()
    )
    return Field(name, "object", fields=fields)


def resolved(target: Any, what: str) -> dict[str, Any]:
    """Annotations of a function or class, strings resolved.

    Raises
    ------
    SchemaError
        Where a name in an annotation is not known.
    """
    try:
        return typing.get_type_hints(target, include_extras=True)
    except (NameError, AttributeError, TypeError, SyntaxError) as problem:
        name = getattr(target, "__qualname__", type(target).__name__)
        raise SchemaError(
            f"{what}: an annotation of {name} cannot be read: {problem}."
        ) from problem


def bind(hint: Any, value: Any, path: tuple[str | int, ...]) -> Any:  # noqa: PLR0911 - one line a kind
    """Give a value that passed its field, as what its annotation names.

    Parameters
    ----------
    hint
        The resolved annotation.
    value
        What :func:`~jupyter_lifecycle.envelope.reading.read_value` gave.
    path : tuple
        Where it stands, for the JSON pointer of what a class itself refuses.

    Raises
    ------
    InputError
        Where a class's own checks (pydantic, ``__post_init__``) refuse the value.
    """
    hint = _bare(hint)
    if value is None:
        return None
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        options = [option for option in arguments if option is not type(None)]
        numbers = (
            [option for option in options if isinstance(value, option)]
            if (all(isinstance(option, type) for option in options))
            else []
        )
        return bind((numbers or options)[0], value, path)
    if origin is Literal:
        return next(
            (item for item in arguments if isinstance(item, Enum) and item.value == value), value
        )
    kind = origin or hint
    if not isinstance(kind, type):
        return value
    if issubclass(kind, Enum):
        return kind(value)
    if kind is float and isinstance(value, int):
        return float(value)
    if kind in _LISTS:
        return _bind_list(kind, arguments, value, path)
    if kind in _DICTS and arguments:
        return {key: bind(arguments[1], item, (*path, key)) for key, item in value.items()}
    if isinstance(value, dict) and kind not in _DICTS:
        return _bind_structure(kind, value, path)
    return _bind_array(kind, value)


def _bind_list(
    kind: type, arguments: tuple[Any, ...], value: Any, path: tuple[str | int, ...]
) -> Any:
    hint = arguments[0] if arguments else Any
    items = [bind(hint, item, (*path, index)) for index, item in enumerate(value)]
    if kind in (tuple, set, frozenset):
        return kind(items)
    return set(items) if kind is AbstractSet else items


def _bind_array(kind: type, value: Any) -> Any:
    numpy, pandas = loaded("numpy"), loaded("pandas")
    if numpy is not None and issubclass(kind, numpy.ndarray | numpy.generic):
        return numpy.asarray(value) if issubclass(kind, numpy.ndarray) else kind(value)
    if pandas is not None and issubclass(kind, pandas.Series | pandas.DataFrame | pandas.Index):
        return kind(value)
    return value


def _bind_structure(kind: type, value: dict[str, Any], path: tuple[str | int, ...]) -> Any:
    members = _members(kind, Seen((), "The input"))
    if members is None:
        return value
    validate = getattr(kind, "model_validate", None)
    if callable(validate):
        return _bind_pydantic(validate, value, path)
    bound = {name: bind(members[name][0], item, (*path, name)) for name, item in value.items()}
    if typing.is_typeddict(kind):
        return bound
    try:
        return kind(**bound)
    except (TypeError, ValueError) as problem:
        raise _refused(
            kind, str(problem), [{"path": pointer(*path), "reason": str(problem)}]
        ) from problem


def _bind_pydantic(validate: Any, value: dict[str, Any], path: tuple[str | int, ...]) -> Any:
    try:
        return validate(value)
    except ValueError as problem:
        errors = getattr(problem, "errors", None)
        if not callable(errors):
            raise
        problems = [
            {"path": pointer(*path, *error["loc"]), "reason": str(error["msg"])}
            for error in errors()
        ]
        raise _refused(validate.__self__, problems[0]["reason"], problems) from problem


def _refused(kind: type, reason: str, problems: list[dict[str, str]]) -> InputError:
    where = problems[0]["path"]
    return InputError(
        f"{where}: {kind.__qualname__} refuses it: {reason}",
        problems=problems,
        problem_count=len(problems),
    )
