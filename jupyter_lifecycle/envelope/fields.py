"""One field of a schema: an input column, an argument, a part of an answer.

Type words are the same in Python, JSON, the registry's queries and on screen.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from jupyter_lifecycle.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Mapping

FieldType = Literal[
    "integer",
    "number",
    "string",
    "boolean",
    "datetime",
    "date",
    "categorical",
    "object",
    "array",
]
TYPE_WORDS: tuple[str, ...] = get_args(FieldType)

_DATE = r"\d{4}-\d{2}-\d{2}"
_NAIVE = rf"^{_DATE}([T ]\d{{2}}:\d{{2}}(:\d{{2}}([.,]\d+)?)?)?$"
_JSON_TYPES = {
    "integer": "integer",
    "number": "number",
    "string": "string",
    "boolean": "boolean",
    "datetime": "string",
    "date": "string",
    "object": "object",
    "array": "array",
}


def integer_bounds(dtype: str | None) -> tuple[int, int]:
    """Lowest and highest integer that a dtype holds; 64 bits where it is not a fixed width."""
    word = (dtype or "int64").lower()
    bits = int("".join(letter for letter in word if letter.isdigit()) or 64)
    if word.startswith("u"):
        return 0, 2**bits - 1
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


@dataclass(frozen=True, slots=True)
class Field:
    """One named, typed value.

    Parameters
    ----------
    name : str
        Column or argument name; ``value`` for what has none.
    type : str
        One of :data:`TYPE_WORDS`.
    nullable : bool
        Whether ``null`` is a value.
    required : bool
        Whether it must be there; False where the function has a default.
    dtype : str or None
        The numpy or pandas dtype that the model is given, such as ``float32`` or ``Int64``;
        for a categorical the dtype of its categories. None outside frames and arrays.
    zone : str or None
        Time zone of a datetime, such as ``America/New_York``; None means without zone.
    categories : tuple
        The allowed values of a categorical, in order.
    ordered : bool
        Whether the categories have an order.
    items : Field or None
        Elements of an array; None where any JSON value may stand.
    fields : tuple of Field or None
        Members of an object whose keys are known.
    entries : Field or None
        Values of an object whose keys are free.
    """

    name: str
    type: FieldType
    nullable: bool = False
    required: bool = True
    dtype: str | None = None
    zone: str | None = None
    categories: tuple[Any, ...] = ()
    ordered: bool = False
    items: Field | None = None
    fields: tuple[Field, ...] | None = None
    entries: Field | None = None

    def named(self, name: str) -> Field:
        """Give the same field under another name."""
        return replace(self, name=name)

    def or_null(self) -> Field:
        """Give the same field, nullable."""
        return self if self.nullable else replace(self, nullable=True)

    def to_json(self) -> dict[str, Any]:
        """As JSON: name and type, and what differs from the defaults."""
        answer: dict[str, Any] = {"name": self.name, "type": self.type}
        for part in fields(self)[2:]:
            value = getattr(self, part.name)
            if value == part.default:
                continue
            if isinstance(value, Field):
                value = value.to_json()
            elif part.name == "fields":
                value = [child.to_json() for child in value]
            elif isinstance(value, tuple):
                value = list(value)
            answer[part.name] = value
        return answer

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Field:
        """Give the field that :meth:`to_json` wrote; members it does not know are left out.

        Raises
        ------
        SchemaError
            Where name or type are missing or the type is none of ours.
        """
        if not isinstance(value, dict) or not isinstance(value.get("name"), str):
            raise SchemaError("A field of the schema has no name.")
        if value.get("type") not in TYPE_WORDS:
            raise SchemaError(
                f"The type of {value['name']} is {value.get('type')!r}; "
                f"known are {', '.join(TYPE_WORDS)}."
            )
        known = {part.name: value[part.name] for part in fields(cls) if part.name in value}
        for part in ("items", "entries"):
            if known.get(part) is not None:
                known[part] = cls.from_json(known[part])
        if known.get("fields") is not None:
            known["fields"] = tuple(cls.from_json(child) for child in known["fields"])
        known["categories"] = tuple(known.get("categories", ()))
        return cls(**known)

    def to_json_schema(self) -> dict[str, Any]:
        """JSON Schema (draft 2020-12) of one value of this field."""
        if self.type == "categorical":
            allowed = [*self.categories, None] if self.nullable else list(self.categories)
            return {"enum": allowed}
        word = _JSON_TYPES[self.type]
        answer: dict[str, Any] = {"type": [word, "null"] if self.nullable else word}
        if self.type == "integer" and self.dtype not in (None, "object"):
            answer["minimum"], answer["maximum"] = integer_bounds(self.dtype)
        elif self.type == "date":
            answer |= {"format": "date", "pattern": f"^{_DATE}$"}
        elif self.type == "datetime":
            answer |= {"format": "date-time"} if self.zone else {"pattern": _NAIVE}
        elif self.type == "array" and self.items is not None:
            answer["items"] = self.items.to_json_schema()
        elif self.type == "object":
            answer |= members_json_schema(self.fields, self.entries)
        return answer


def members_json_schema(
    members: tuple[Field, ...] | None, entries: Field | None = None
) -> dict[str, Any]:
    """JSON Schema keywords of an object with these members or free values."""
    if members is not None:
        return {
            "properties": {member.name: member.to_json_schema() for member in members},
            "required": [member.name for member in members if member.required],
            "additionalProperties": False,
        }
    if entries is not None:
        return {"additionalProperties": entries.to_json_schema()}
    return {}
