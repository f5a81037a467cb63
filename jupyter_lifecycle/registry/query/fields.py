"""The fields that a query may name, and what they are."""

from __future__ import annotations

import re

from jupyter_lifecycle.errors import QueryError, did_you_mean
from jupyter_lifecycle.registry.query.tree import Family, Field, Kind
from jupyter_lifecycle.registry.words import MAX_STEP, package_name

COLUMNS: dict[str, Kind] = {
    "name": "text",
    "id": "text",
    "author": "text",
    "created_at": "time",
    "size": "number",
    "python": "version",
}
FAMILIES = ("tags", "metrics", "input", "output", "package", "feature", "deployment", "skew")
SKEW: dict[str, Kind] = {"max": "number", "moved": "text", "columns": "number"}
METRIC_PARTS = ("max", "min", "first")

_PART = re.compile(r"`((?:[^`]|``)+)`|([\w-]+)")
_STEP = re.compile(r"\.at\( *([+-]?\d+) *\)$")


def field_of(text: str, position: int) -> Field:
    """Give the field that a path names.

    Parameters
    ----------
    text : str
        ``metrics.auc.max``, ``tags.`my key` ``.
    position : int
        Where it stands in the query, for errors.

    Raises
    ------
    QueryError
        There is no such field.
    """
    asked = _STEP.search(text)
    if asked is None and text.endswith(")"):
        raise _no_field(text, position, " A step is written metrics.NAME.at(3).")
    path = text[: asked.start()] if asked else text
    parts = [
        (quoted.replace("``", "`") or plain, bool(quoted)) for quoted, plain in _PART.findall(path)
    ]
    if not parts:
        raise _no_field(text, position, " A field is written name, tags.KEY or metrics.NAME.")
    head, quoted = parts[0]
    rest = [part for part, _ in parts[1:]]
    if asked:
        return _metric_at(text, head, rest, int(asked[1]), position)
    if not quoted and head in COLUMNS and not rest:
        return Field("column", head, "", COLUMNS[head])
    if quoted or head not in FAMILIES or not rest:
        raise _unknown(text, head, rest, position)
    if head == "skew":
        return _skew(text, rest, position)
    return _member(head, rest, last_is_plain=not parts[-1][1])


def _skew(text: str, rest: list[str], position: int) -> Field:
    kind = SKEW.get(rest[0]) if len(rest) == 1 else None
    if kind is None:
        near = did_you_mean(f"skew.{'.'.join(rest)}", [f"skew.{name}" for name in SKEW])
        hint = near or f" There are: {', '.join(f'skew.{name}' for name in SKEW)}."
        raise _no_field(text, position, hint)
    return Field("skew", rest[0], "", kind)


def _member(head: str, rest: list[str], *, last_is_plain: bool) -> Field:
    match head:
        case "tags" | "feature" | "deployment":
            return Field(head, ".".join(rest), "", "text")
        case "package":
            return Field("package", package_name(".".join(rest)), "", "version")
        case "metrics":
            return _metric(rest, last_is_plain=last_is_plain)
        case _:
            return _column_of_schema(head, rest, last_is_plain=last_is_plain)


def _column_of_schema(head: str, rest: list[str], *, last_is_plain: bool) -> Field:
    side: Family = "input" if head == "input" else "output"
    if last_is_plain and rest[-1] == "type" and (len(rest) > 1 or side == "output"):
        return Field(side, ".".join(rest[:-1]), "type", "text")
    return Field(side, ".".join(rest), "", "presence")


def path_of(family: str, key: str) -> str:
    """How a query names a key: ``tags.team``, ``tags.`my key` ``."""
    plain = re.fullmatch(r"[\w-]+", key)
    return f"{family}.{key}" if plain else f"{family}.`{key.replace('`', '``')}`"


def _metric(rest: list[str], *, last_is_plain: bool) -> Field:
    if len(rest) > 1 and last_is_plain and rest[-1] in METRIC_PARTS:
        return Field("metrics", ".".join(rest[:-1]), rest[-1], "number")
    return Field("metrics", ".".join(rest), "latest", "number")


def _metric_at(text: str, head: str, rest: list[str], step: int, position: int) -> Field:
    if head != "metrics" or not rest:
        hint = " Only a metric has steps: metrics.NAME.at(3)."
    elif abs(step) > MAX_STEP:
        hint = f" Step {step} is too large."
    else:
        return Field("metrics", ".".join(rest), "at", "number", step)
    raise _no_field(text, position, hint)


def _unknown(text: str, head: str, rest: list[str], position: int) -> QueryError:
    if text.startswith("`") and head in COLUMNS:
        hint = f" Did you mean {head}?"
    elif head in FAMILIES and not rest:
        hint = f" Write {head}.NAME, for one of them."
    elif head in COLUMNS:
        hint = f" {head} has no parts."
    elif rest:
        family = did_you_mean(head, FAMILIES).removesuffix("?")
        hint = f"{family}.{'.'.join(rest)}?" if family else f" A path starts with {_families()}"
    else:
        hint = did_you_mean(head, COLUMNS)
    return _no_field(text, position, hint)


def _no_field(text: str, position: int, hint: str) -> QueryError:
    return QueryError(
        f"There is no field {text} (position {position}).{hint}",
        position=position,
        length=len(text),
        field=str(text),
    )


def _families() -> str:
    return ", ".join(f"{family}.NAME" for family in FAMILIES) + "."
