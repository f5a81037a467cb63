"""Whether those who ask one envelope may ask another instead: schema against schema, and why.

Inputs are held to what was accepted before, outputs to what was answered before: a request that was
taken must still be taken, and an answer must be one that could have come before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from jupyter_lifecycle.envelope.fields import integer_bounds
from jupyter_lifecycle.envelope.problems import pointer, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jupyter_lifecycle.envelope.fields import Field
    from jupyter_lifecycle.envelope.schema import Schema

Compatibility = Literal["same", "compatible", "widening", "breaking"]
Side = Literal["input", "output"]
Change = Literal["added", "removed", "changed"]

_RANK: dict[Compatibility, int] = {"same": 0, "compatible": 1, "widening": 2, "breaking": 3}
_SHOWN = 6
_NAMED = ("frame", "array", "keywords")


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One difference between two schemas.

    Parameters
    ----------
    side : str
        ``input`` or ``output``.
    path : str
        JSON pointer from the row or call: ``/age``, ``/who/income``, ``/tags/item``; empty for
        the schema as a whole.
    change : str
        ``added``, ``removed`` or ``changed``.
    verdict : str
        ``compatible``: nobody notices; ``widening``: more is taken or told than before;
        ``breaking``: a request is refused, or an answer comes, that it could not before.
    before, after : str
        The field in words (``integer or null, int64``); empty where there is none.
    why : str
        The reason for the verdict, a sentence.
    """

    side: Side
    path: str
    change: Change
    verdict: Compatibility
    before: str
    after: str
    why: str

    def to_json(self) -> dict[str, str]:
        """As JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class SchemaDiff:
    """How two schemas differ; ``verdict`` is the gravest of its changes."""

    verdict: Compatibility
    changes: tuple[FieldChange, ...] = ()

    @property
    def text(self) -> str:
        """In words, a line a change, gravest first."""
        if not self.changes:
            return "The schemas are the same."
        return "\n".join(
            f"{one.verdict}: {one.side} {one.path or '(all)'}: {one.why}" for one in self.changes
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"verdict": self.verdict, "changes": [one.to_json() for one in self.changes]}


def gravest(verdicts: Sequence[Compatibility]) -> Compatibility:
    """Give the gravest verdict; ``same`` of none."""
    return max(verdicts, key=_RANK.__getitem__, default="same")


def compare_schemas(before: Schema, after: Schema) -> SchemaDiff:
    """Say whether those who ask with one schema may ask with another instead.

    Parameters
    ----------
    before : Schema
        What clients were written for.
    after : Schema
        What would answer them.

    Returns
    -------
    SchemaDiff
        Changes with the gravest first, then in the schema's order.
    """
    changes = [
        *_forms(before, after),
        *_members("input", (), before.inputs, _names_of(before.inputs, after, after.inputs)),
        *_members("output", (), before.outputs, _names_of(before.outputs, after, after.outputs)),
    ]
    changes.sort(key=lambda one: -_RANK[one.verdict])
    return SchemaDiff(gravest([one.verdict for one in changes]), tuple(changes))


def _names_of(before: Sequence[Field], schema: Schema, after: Sequence[Field]) -> Sequence[Field]:
    """Give fields by the names before, where no name of theirs is on the wire."""
    named = schema.answer == "frame" if after is schema.outputs else schema.container in _NAMED
    if named or len(before) != len(after):
        return after
    return [field.named(other.name) for field, other in zip(after, before, strict=True)]


def describe_field(field: Field) -> str:
    """Give a field in a few words: ``integer or null, int64, optional``."""
    words = field.type + (" or null" if field.nullable else "")
    parts = [words]
    if field.dtype and field.dtype != "object":
        parts.append(field.dtype)
    if field.zone:
        parts.append(field.zone)
    if field.type == "categorical":
        more = ", …" if len(field.categories) > _SHOWN else ""
        shown = ", ".join(show(one) for one in field.categories[:_SHOWN])
        parts.append(f"one of {shown}{more}")
    if field.items is not None:
        parts.append(f"of {field.items.type}")
    if not field.required:
        parts.append("optional")
    return ", ".join(parts)


def _forms(before: Schema, after: Schema) -> Iterator[FieldChange]:
    named = ("frame", "array", "keywords")
    if before.form != after.form or ((before.container in named) != (after.container in named)):
        yield FieldChange(
            "input",
            "",
            "changed",
            "breaking",
            f"{before.form} ({before.container})",
            f"{after.form} ({after.container})",
            f"it was asked with {_asked(before)}, now with {_asked(after)}.",
        )
    elif before.container != after.container:
        array = before.container == "array" and after.container == "frame"
        yield FieldChange(
            "input",
            "",
            "changed",
            "breaking" if array else "compatible",
            before.container,
            after.container,
            "rows as plain lists are no longer taken: columns have names now."
            if array
            else f"the model is given a {after.container} now; requests are the same.",
        )
    if (before.aligned, _many(before)) != (after.aligned, _many(after)):
        yield FieldChange(
            "output",
            "",
            "changed",
            "breaking",
            _answers(before),
            _answers(after),
            f"it answered {_answers(before)}, now {_answers(after)}.",
        )


def _asked(schema: Schema) -> str:
    if schema.form == "arguments":
        return "arguments"
    return "rows of columns" if schema.container in ("frame", "array") else "plain values"


def _many(schema: Schema) -> str:
    return {"frame": "objects", "matrix": "lists"}.get(schema.answer, "values")


def _answers(schema: Schema) -> str:
    if schema.form == "arguments":
        return "a value a call"
    kind = {"objects": "an object", "lists": "a list", "values": "a value"}[_many(schema)]
    return f"{kind} a row" if schema.aligned else f"{kind} not aligned with the rows"


def _members(
    side: Side, path: tuple[str, ...], before: Sequence[Field], after: Sequence[Field]
) -> Iterator[FieldChange]:
    new = {field.name: field for field in after}
    for field in before:
        where = (*path, field.name)
        other = new.pop(field.name, None)
        if other is None:
            yield _removed(side, where, field)
        else:
            yield from _one(side, where, field, other)
    for field in new.values():
        yield _added(side, (*path, field.name), field)


def _removed(side: Side, where: tuple[str, ...], field: Field) -> FieldChange:
    why = (
        "requests that give it are refused: it is not expected any more."
        if side == "input"
        else "readers no longer find it in the answer."
    )
    return FieldChange(side, pointer(*where), "removed", "breaking", describe_field(field), "", why)


def _added(side: Side, where: tuple[str, ...], field: Field) -> FieldChange:
    verdict: Compatibility = "widening"
    if side == "output":
        why = "the answer has one more member."
    elif field.required:
        verdict, why = "breaking", "requests that lack it are refused: it is required."
    else:
        why = "it may be given and need not be."
    return FieldChange(side, pointer(*where), "added", verdict, "", describe_field(field), why)


def _one(side: Side, where: tuple[str, ...], before: Field, after: Field) -> Iterator[FieldChange]:
    """Differences of one field and of what is inside it."""
    found = [
        *_types(side, before, after),
        *_nulls(side, before, after),
        *_presence(side, before, after),
    ]
    if before.type == after.type:
        found += [*_bounds(side, before, after), *_categories(side, before, after)]
        found += _zones(before, after)
    if not found and before.type == after.type and _kept(before) != _kept(after):
        found.append(("compatible", "only what the model is given inside differs."))
    for verdict, why in found:
        yield FieldChange(
            side,
            pointer(*where),
            "changed",
            verdict,
            describe_field(before),
            describe_field(after),
            why,
        )
    if before.type == after.type:
        yield from _inside(side, where, before, after)


_Found = tuple[Compatibility, str]


def _kept(field: Field) -> tuple[Any, ...]:
    return field.dtype, field.ordered


def _types(side: Side, before: Field, after: Field) -> Iterator[_Found]:
    if before.type == after.type:
        return
    wider = {
        ("integer", "number"),
        ("categorical", "string"),
    }
    pair = (before.type, after.type)
    texts = all(isinstance(one, str) for one in (*before.categories, *after.categories))
    if "categorical" in pair and not texts:
        wider = set()
    if pair in wider:
        yield (
            ("widening", f"every {before.type} is a {after.type}: more is taken than before.")
            if side == "input"
            else ("breaking", f"a {after.type} comes where only {before.type} values came.")
        )
    elif (after.type, before.type) in wider:
        yield (
            ("breaking", f"a {before.type} that is no {after.type} is refused now.")
            if side == "input"
            else ("compatible", f"every {after.type} could have come before.")
        )
    else:
        yield "breaking", f"it was {before.type}, now it is {after.type}."


def _nulls(side: Side, before: Field, after: Field) -> Iterator[_Found]:
    if before.nullable == after.nullable:
        return
    if side == "input":
        yield (
            ("widening", "null is taken now.")
            if after.nullable
            else ("breaking", "null was taken and is refused now.")
        )
    else:
        yield (
            ("breaking", "it may be null now and never was.")
            if after.nullable
            else ("compatible", "it is never null any more.")
        )


def _presence(side: Side, before: Field, after: Field) -> Iterator[_Found]:
    if before.required == after.required:
        return
    if side == "input":
        yield (
            ("breaking", "it did not have to be given, now it must.")
            if after.required
            else ("widening", "it need not be given any more.")
        )
    else:
        yield (
            ("compatible", "it is always there now.")
            if after.required
            else ("breaking", "it may be absent now and always was there.")
        )


def _bounds(side: Side, before: Field, after: Field) -> Iterator[_Found]:
    if before.type != "integer" or before.dtype == after.dtype:
        return
    (low, high), (new_low, new_high) = integer_bounds(before.dtype), integer_bounds(after.dtype)
    if (low, high) == (new_low, new_high):
        return
    if side == "output":
        return  # a wider integer is still an integer on the wire
    fits = new_low <= low and high <= new_high
    yield (
        ("widening", f"{new_low} to {new_high} is taken now, it was {low} to {high}.")
        if fits
        else ("breaking", f"only {new_low} to {new_high} is taken now, it was {low} to {high}.")
    )


def _categories(side: Side, before: Field, after: Field) -> Iterator[_Found]:
    if before.type != "categorical":
        return
    old, new = ([(type(one), one) for one in field.categories] for field in (before, after))
    gone = [value for _, value in (key for key in old if key not in new)]
    more = [value for _, value in (key for key in new if key not in old)]
    if gone:
        yield (
            ("breaking", f"{_listed(gone)} {_is(gone)} refused now.")
            if side == "input"
            else ("compatible", f"{_listed(gone)} can no longer come.")
        )
    if more:
        yield (
            ("widening", f"{_listed(more)} {_is(more)} taken now.")
            if side == "input"
            else ("breaking", f"{_listed(more)} may come now and could not before.")
        )


def _listed(values: Sequence[Any]) -> str:
    rest = len(values) - _SHOWN
    return ", ".join(show(one) for one in values[:_SHOWN]) + (f" and {rest} more" * (rest > 0))


def _is(values: Sequence[Any]) -> str:
    return "is" if len(values) == 1 else "are"


def _zones(before: Field, after: Field) -> Iterator[_Found]:
    if before.type != "datetime" or before.zone == after.zone:
        return
    if before.zone is None or after.zone is None:
        has = "have" if after.zone else "have no"
        yield "breaking", f"times {has} an offset now."
    else:
        yield "compatible", f"times are read in {after.zone}, with their offset as before."


def _inside(
    side: Side, where: tuple[str, ...], before: Field, after: Field
) -> Iterator[FieldChange]:
    for part, word in (("items", "item"), ("entries", "value")):
        old, new = getattr(before, part), getattr(after, part)
        if old is not None and new is not None:
            yield from _one(side, (*where, word), old, new)
        elif old is not new:
            yield _any(side, (*where, word), old, new)
    if before.fields is not None and after.fields is not None:
        yield from _members(side, where, before.fields, after.fields)
    elif before.fields is not after.fields:
        yield _any(side, where, before if before.fields else None, after if after.fields else None)


def _any(
    side: Side, where: tuple[str, ...], before: Field | None, after: Field | None
) -> FieldChange:
    """Where one side says what is inside and the other takes anything."""
    free = after is None
    breaking = free if side == "output" else not free
    return FieldChange(
        side,
        pointer(*where),
        "changed",
        "breaking" if breaking else ("widening" if side == "input" else "compatible"),
        describe_field(before) if before else "anything",
        describe_field(after) if after else "anything",
        "anything may stand there now." if free else "only what the schema says may stand there.",
    )
