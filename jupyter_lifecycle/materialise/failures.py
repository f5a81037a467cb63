"""A feature that raised: notes on the user's own exception, and the same facts for screens."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import did_you_mean
from jupyter_lifecycle.materialise.measure import measure, shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from jupyter_lifecycle.graph import Feature

_ATTRIBUTE = "__feature_failure__"
_PACKAGE = str(Path(__file__).parent.parent)
_LIBRARY = Path(threading.__file__).parent
_PLUMBING = (_PACKAGE, str(_LIBRARY / "concurrent"), str(_LIBRARY / "asyncio"))
"""Where an error passes that a feature raised on a thread or in a coroutine."""
_LISTED = 12


@dataclass(frozen=True, slots=True)
class Argument:
    """What a parameter held when the feature raised."""

    name: str
    dtype: str
    rows: int | None
    nulls: int | None
    first: str
    """Its first value, or the value itself where it has no rows; of a frame columns and dtypes."""
    columns: int | None = None
    """How many, of a frame."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One feature that raised, and with what."""

    feature: Feature
    arguments: tuple[Argument, ...]
    notes: tuple[str, ...]
    """The lines that were added to the exception."""
    seconds: float


def failure_of(error: BaseException) -> Failure | None:
    """Return which feature raised an exception and with what; None where none did."""
    found = getattr(error, _ATTRIBUTE, None)
    return found if isinstance(found, Failure) else None


def dropped_failure(error: BaseException) -> Failure | None:
    """Take off an exception which feature raised it: features do not travel with it."""
    found = failure_of(error)
    if found is not None:
        delattr(error, _ATTRIBUTE)
    return found


def attach_failure(error: BaseException, failure: Failure) -> None:
    """Say on an exception that came from elsewhere which feature raised it."""
    try:
        setattr(error, _ATTRIBUTE, failure)
    except (AttributeError, TypeError):  # it takes no attributes, and is raised as it is
        return


def annotate(
    error: BaseException, feature: Feature, arguments: Mapping[str, Any], seconds: float
) -> None:
    """Add to a user's exception where it happened and what the parameters held.

    Parameters
    ----------
    error : BaseException
        Stays the same object, of the same class.
    feature : Feature
        Which raised it.
    arguments : mapping of str to any
        The values that it was called with.
    seconds : float
        How long it ran.
    """
    facts = tuple([_argument(name, value) for name, value in arguments.items()])
    notes = [f"Feature {feature.name} ({feature.origin.label}, line {feature.origin.line})"]
    notes += [f"  {_line(fact)}" for fact in facts]
    notes += _hints(error, arguments)
    earlier = failure_of(error)
    try:
        if earlier is not None:  # the same object was raised before: its old notes would mislead
            error.__notes__ = [n for n in error.__notes__ if n not in earlier.notes]
        for note in notes:
            error.add_note(note)
        setattr(error, _ATTRIBUTE, Failure(feature, facts, tuple(notes), seconds))
    except (AttributeError, TypeError):  # it takes no attributes, and is raised as it is
        return


def own_lines(traceback: TracebackType | None) -> TracebackType | None:
    """Return a traceback from the first frame that is neither this package's nor of waiting."""
    each = traceback
    while each is not None:
        if not each.tb_frame.f_code.co_filename.startswith(_PLUMBING):
            return each
        each = each.tb_next
    return traceback


def _argument(name: str, value: Any) -> Argument:
    facts = measure(value)
    shape, dtypes = getattr(value, "shape", ()), getattr(value, "dtypes", None)
    dtype, first = facts.dtype, shown(value)
    if isinstance(shape, tuple) and len(shape) > 1:
        if hasattr(value, "columns") and dtypes is not None:
            kinds = [f"{each} {kind}" for each, kind in zip(value.columns, dtypes, strict=True)]
            listed = ", ".join(kinds[:_LISTED]) + (", …" if len(kinds) > _LISTED else "")
            return Argument(name, dtype, facts.rows, facts.nulls, listed, shape[1])
        dtype = f"{dtype} of shape {shape}"
    return Argument(name, dtype, facts.rows, facts.nulls, first)


def _line(fact: Argument) -> str:
    counts = [_counted(fact.rows, "row"), _counted(fact.columns, "column")]
    counts.append(f"{fact.nulls:,} null" if fact.nulls else "")
    said = ", ".join([each for each in (fact.dtype, *counts) if each])
    if not fact.first:
        return f"{fact.name}: {said}"
    if fact.columns is not None:
        return f"{fact.name}: {said}: {fact.first}"
    return f"{fact.name}: {said}, {'first ' if fact.rows is not None else ''}{fact.first}"


def _counted(count: int | None, what: str) -> str:
    return "" if count is None else f"{count:,} {what}{'' if count == 1 else 's'}"


def _hints(error: BaseException, arguments: Mapping[str, Any]) -> list[str]:
    if isinstance(error, KeyError) and error.args:
        return _missing_key(error.args[0], arguments)
    if isinstance(error, ValueError) and "read-only" in str(error):
        return [
            "Columns are shared with other features and cannot be changed in place: copy first."
        ]
    return []


def _missing_key(key: Any, arguments: Mapping[str, Any]) -> list[str]:
    notes = []
    for name, value in arguments.items():
        known = getattr(value, "columns", None)
        if known is None and isinstance(value, dict):
            known = value.keys()
        if known is None:
            continue
        names = [str(each) for each in known]
        if str(key) in names:
            continue
        listed = ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")
        notes.append(f"{name} has no {key!r}.{did_you_mean(str(key), names)} It has: {listed}")
    return notes
