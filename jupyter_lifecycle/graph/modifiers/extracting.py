"""One value, several features: columns of a frame, fields of a dict, elements of a tuple."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, get_args, get_origin

from jupyter_lifecycle.errors import ComputeError, FeatureDefinitionError, did_you_mean
from jupyter_lifecycle.graph.annotations import resolved_annotation
from jupyter_lifecycle.graph.feature import MISSING, Feature, Parameter
from jupyter_lifecycle.graph.modifiers.stages import Decorator, Made, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_LISTED = 12
_COLUMN_OF = {
    "pandas": ("DataFrame", "Series"),
    "polars": ("DataFrame", "Series"),
    "pyarrow": ("Table", "ChunkedArray"),
}


@dataclass(frozen=True, slots=True)
class Columns:
    """Features of a frame's columns."""

    columns: tuple[str | tuple[str, str], ...]
    fill_with: Any = None
    stage: ClassVar[Stage] = Stage.TRANSFORM

    def apply(self, made: Made) -> Made:
        """Add one feature for each column."""
        frame = made.base
        kind = _column_type(resolved_annotation(frame.returns, frame.written))
        parts = []
        for each in self.columns:
            name, doc = each if isinstance(each, tuple) else (each, "")
            take = _column_taker(frame.name, name, self.fill_with)
            parts.append(_part(frame, name, take, kind, doc))
        return _taken(made, parts)


@dataclass(frozen=True, slots=True)
class Fields:
    """Features of a dict's items."""

    fields: tuple[tuple[str, Any], ...]
    """Names and types; empty where the annotation, a ``TypedDict``, has them."""
    fill_with: Any = None
    stage: ClassVar[Stage] = Stage.TRANSFORM

    def apply(self, made: Made) -> Made:
        """Add one feature for each item."""
        base = made.base
        annotation = resolved_annotation(base.returns, base.written)
        fields = self.fields or tuple(_typed_dict(annotation, base).items())
        common = get_args(annotation)[1] if len(get_args(annotation)) == 2 else MISSING
        parts = [
            _part(
                base,
                name,
                _field_taker(base.name, name, self.fill_with),
                common if kind is MISSING else kind,
            )
            for name, kind in fields
        ]
        return _taken(made, parts)


@dataclass(frozen=True, slots=True)
class Elements:
    """Features of a tuple's elements."""

    names: tuple[str, ...]
    stage: ClassVar[Stage] = Stage.TRANSFORM

    def apply(self, made: Made) -> Made:
        """Add one feature for each element."""
        base = made.base
        kinds = self._kinds(resolved_annotation(base.returns, base.written), base)
        parts = [
            _part(base, name, _element_taker(base.name, place, len(self.names)), kinds[place])
            for place, name in enumerate(self.names)
        ]
        return _taken(made, parts)

    def _kinds(self, annotation: Any, base: Feature) -> list[Any]:
        given = get_args(annotation) if get_origin(annotation) is tuple else ()
        if len(given) == 2 and given[1] is ...:
            return [given[0]] * len(self.names)
        if not given:
            return [MISSING] * len(self.names)
        if len(given) < len(self.names):
            raise FeatureDefinitionError(
                f"unpack_fields on {base.name} names {len(self.names)} fields, but it gives a "
                f"tuple of {len(given)}. Name at most {len(given)}."
            )
        return list(given)


def _part(
    base: Feature, name: str, take: Callable[..., Any], returns: Any, doc: str = ""
) -> Feature:
    return Feature(
        name,
        take,
        (Parameter(base.name, base.returns),),
        returns,
        doc or base.doc,
        base.text,
        base.origin,
        base.tags,
        base.cache,
        base.written,
    )


def _taken(made: Made, parts: Sequence[Feature]) -> Made:
    names = tuple([each.name for each in parts])
    return replace(made, features=(*made.features, *parts), outputs=names)


def _column_type(annotation: Any) -> Any:
    module = str(getattr(annotation, "__module__", "")).partition(".")[0]
    frame, column = _COLUMN_OF.get(module, ("", ""))
    if frame and getattr(annotation, "__name__", "") == frame:
        return getattr(sys.modules[module], column)
    return MISSING


def _typed_dict(annotation: Any, base: Feature) -> Mapping[str, Any]:
    found = getattr(annotation, "__annotations__", None)
    if not isinstance(annotation, type) or not isinstance(found, dict) or not found:
        raise FeatureDefinitionError(
            f"extract_fields() on {base.name} names no field, and its annotation is no TypedDict. "
            "Write extract_fields({'name': type}), or annotate it with a TypedDict."
        )
    return {name: resolved_annotation(kind, base.written) for name, kind in found.items()}


def _column_taker(frame_name: str, column: str, fill_with: Any) -> Callable[..., Any]:
    def take(**given: Any) -> Any:
        frame = given[frame_name]
        names = _column_names(frame, frame_name)
        if column in names:
            return frame[column]
        if fill_with is None:
            raise ComputeError(_missing("column", column, frame_name, names), name=column)
        if not hasattr(frame, "assign"):
            raise ComputeError(
                f"{frame_name} has no column {column}, and only a pandas frame can be filled with "
                f"{fill_with!r}."
            )
        return frame.assign(**{column: fill_with})[column]

    return take


def _column_names(frame: Any, name: str) -> list[Any]:
    found = getattr(frame, "column_names", None)
    if found is None:
        found = getattr(frame, "columns", None)
    if found is None:
        raise ComputeError(
            f"{name} gives a {type(frame).__name__}, which has no columns. extract_columns takes "
            "apart frames; for a dict use extract_fields."
        )
    return list(found)


def _field_taker(base: str, field: str, fill_with: Any) -> Callable[..., Any]:
    def take(**given: Any) -> Any:
        found = given[base]
        if not isinstance(found, Mapping):
            raise ComputeError(
                f"{base} gives a {type(found).__name__}, and extract_fields takes apart dicts. "
                "Return a dict, or use unpack_fields for a tuple."
            )
        if field in found:
            return found[field]
        if fill_with is None:
            raise ComputeError(_missing("field", field, base, list(found)), name=field)
        return fill_with

    return take


def _element_taker(base: str, place: int, count: int) -> Callable[..., Any]:
    def take(**given: Any) -> Any:
        found = given[base]
        if not isinstance(found, (tuple, list)) or len(found) < count:
            size = f" of {len(found)}" if isinstance(found, (tuple, list)) else ""
            raise ComputeError(
                f"{base} gives a {type(found).__name__}{size}, and unpack_fields needs a tuple of "
                f"at least {count}."
            )
        return found[place]

    return take


def _missing(what: str, name: str, base: str, known: Sequence[Any]) -> str:
    names = [str(each) for each in known]
    listed = ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")
    return f"{base} gives no {what} {name}.{did_you_mean(name, names)} It gives: {listed}."


def extract_columns(*columns: str | tuple[str, str], fill_with: Any = None) -> Decorator:
    """Make features of the columns of the frame that a function gives.

    Parameters
    ----------
    *columns : str or (str, str)
        Names, or names with documentation. The frame stays a feature of the function's name.
    fill_with : scalar, optional
        For columns that the frame does not have; without it they are an error.

    Returns
    -------
    Decorator

    Raises
    ------
    FeatureDefinitionError
        If no column is named, or one by something else than its name.
    """
    if not columns:
        raise FeatureDefinitionError("extract_columns() names no column: write ('a', 'b').")
    for each in columns:
        pair = isinstance(each, tuple) and len(each) == 2
        if not isinstance(each, str) and not (pair and all(isinstance(text, str) for text in each)):
            raise FeatureDefinitionError(
                f"extract_columns({each!r}): give names one by one, ('a', 'b'), or each with its "
                "documentation, (('a', 'The first.'), 'b'). A list takes a star before it."
            )
    return Decorator((Columns(columns, fill_with),))


def extract_fields(
    *fields: Mapping[str, Any] | Sequence[str] | str, fill_with: Any = None
) -> Decorator:
    """Make features of the items of the dict that a function gives.

    Parameters
    ----------
    *fields : mapping of str to type, or names
        Without any, the function's annotation must be a ``TypedDict``.
    fill_with : any, optional
        For items that the dict does not have; without it they are an error.

    Returns
    -------
    Decorator

    Examples
    --------
    >>> from jupyter_lifecycle.graph import FeatureGraph
    >>> @extract_fields({"low": float, "high": float})
    ... def bounds(price: float) -> dict:
    ...     return {"low": price * 0.9, "high": price * 1.1}
    >>> list(FeatureGraph.from_functions(bounds))
    ['bounds', 'low', 'high']
    """
    found: list[tuple[str, Any]] = []
    for each in fields:
        if isinstance(each, Mapping):
            found += each.items()
        elif isinstance(each, str):
            found.append((each, MISSING))
        else:
            found += [(name, MISSING) for name in each]
    return Decorator((Fields(tuple(found), fill_with),))


def unpack_fields(*names: str) -> Decorator:
    """Make features of the elements of the tuple that a function gives.

    Parameters
    ----------
    *names : str
        Of the first elements, in order.

    Returns
    -------
    Decorator

    Raises
    ------
    FeatureDefinitionError
        If none is named.
    """
    if not names:
        raise FeatureDefinitionError("unpack_fields() names no field: write ('a', 'b').")
    return Decorator((Elements(names),))
