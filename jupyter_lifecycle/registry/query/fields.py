"""The fields that a query may name, and what they are."""

from __future__ import annotations

import re

from jupyter_lifecycle.errors import QueryError, did_you_mean
from jupyter_lifecycle.registry.query.tree import Family, Field, Kind
from jupyter_lifecycle.registry.words import package_name

COLUMNS: dict[str, Kind] = {
    "name": "text",
    "id": "text",
    "author": "text",
    "created_at": "time",
    "size": "number",
    "python": "text",
}
FAMILIES = ("tags", "metrics", "input", "output", "package")
METRIC_PARTS = ("max", "min", "first")

_PART = re.compile(r"`((?:[^`]|``)+)`|([\w-]+)")


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
    parts = [
        (quoted.replace("``", "`") or plain, bool(quoted)) for quoted, plain in _PART.findall(text)
    ]
    head, quoted = parts[0]
    rest = [part for part, _ in parts[1:]]
    if not quoted and head in COLUMNS and not rest:
        return Field("column", head, "", COLUMNS[head])
    if quoted or head not in FAMILIES or not rest:
        raise _unknown(text, head, rest, position)
    last_is_plain = not parts[-1][1]
    match head:
        case "tags":
            return Field("tags", ".".join(rest), "", "text")
        case "package":
            return Field("package", package_name(".".join(rest)), "", "text")
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
    return QueryError(
        f"There is no field {text} (position {position}).{hint}",
        position=position,
        length=len(text),
        field=str(text),
    )


def _families() -> str:
    return ", ".join(f"{family}.NAME" for family in FAMILIES) + "."
