"""Which features can travel with a model: row-wise ones as code, what has no rows frozen.

A feature that has a value a row and is not row-wise can't be computed from one request: its column
is asked for by name, and the plan says why.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from jupyter_lifecycle.envelope.describing import field_of_column, fields_of_frame
from jupyter_lifecycle.envelope.rowwise import (
    Probe,
    Verdicts,
    extremes_of,
    first_other,
    part,
    telling_rows,
)
from jupyter_lifecycle.envelope.schema import Schema
from jupyter_lifecycle.envelope.travel import Asked, Features, Step
from jupyter_lifecycle.envelope.writing import frame_to_json, is_array, is_frame
from jupyter_lifecycle.errors import FingerprintError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyter_lifecycle.envelope.fields import Field
    from jupyter_lifecycle.graph import Feature, FeatureGraph

_HOW = (
    "; split it into a table that is frozen at save, such as one value a group, "
    "and a look-up by row"
)


class FeatureSource(Protocol):
    """A notebook's session, or whatever else has features and the values that they start from."""

    @property
    def graph(self) -> FeatureGraph:
        """The features."""
        ...

    @property
    def given(self) -> Mapping[str, Any]:
        """The raw inputs by name."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What travels, and what does not and why.

    ``features`` is None where nothing travels; then the model takes its own columns, as without.
    """

    features: Features | None
    inputs: tuple[Field, ...] = ()
    """What a request has, for the schema."""
    rows: Any = None
    """The example as a request's JSON: one object a row."""
    whole: Any = None
    """All raw rows, for nulls, categories and expectations."""
    held: Mapping[str, str] = field(default_factory=dict)
    """Features that are asked for by name, and why."""
    why_not: str = ""
    """Why nothing travels, in a sentence."""

    def to_json(self) -> dict[str, Any]:
        """As ``lineage.features.travel`` of the manifest."""
        if self.features is None:
            return {"why_not": self.why_not}
        return {
            "columns": list(self.features.columns),
            "computed": [step.name for step in self.features.steps],
            "frozen": sorted(self.features.constants),
            "asked": [
                {"name": one.name, "columns": list(one.columns)}
                | ({"why": self.held[one.name]} if one.name in self.held else {})
                for one in self.features.asked
            ],
        }

    @property
    def fact(self) -> str:
        """One line for people."""
        if self.features is None:
            return self.why_not
        fact = counted(len(self.features.steps), len(self.features.constants), len(self.held))
        if not self.held:
            return fact
        name, why = next(iter(self.held.items()))
        return f"{fact}: {name} since {why}{_how(why)}"


def counted(computed: int, frozen: int, held: int) -> str:
    """Count what travels: ``23 features travel, 1 frozen, 9 asked for by name``."""
    parts = [f"{computed} feature travels" if computed == 1 else f"{computed} features travel"]
    parts += [f"{frozen} frozen"] if frozen else []
    parts += [f"{held} asked for by name"] if held else []
    return ", ".join(parts)


def plan_features(
    source: FeatureSource, example: Any, held: Mapping[str, str] | None = None
) -> Plan:
    """Find out which features behind the example's columns can travel.

    Parameters
    ----------
    source : FeatureSource
        The session: its graph and the raw inputs of all rows.
    example : pandas.DataFrame, (n_rows, n_columns)
        Some rows of the model's frame, with the labels that they have in the inputs.
    held : Mapping, optional
        Features that are known to stay, and why.

    Returns
    -------
    Plan
        Seen to give the example's columns, to the bit, from raw rows.
    """
    try:
        seen = _Seen.of(source, example)
    except _StaysError as reason:
        return Plan(None, why_not=str(reason))
    except Exception as problem:  # noqa: BLE001 - a feature's own, or an input that is not there
        words = str(problem).partition("\n")[0].rstrip(".")
        return Plan(None, why_not=f"they cannot be computed: {type(problem).__name__}: {words}")
    with seen.verdicts.cache.batched():  # what is noted is written at the end of it
        return _Planner(seen, held or {}).planned()


class _StaysError(Exception):
    """Why nothing travels."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """Every value behind the example's columns, over all rows, and the example's places in them."""

    features: Mapping[str, Feature]
    order: tuple[str, ...]
    arguments: Mapping[str, tuple[str, ...]]
    known: Mapping[str, Any]
    index: Any
    places: Any
    example: Any
    fans: frozenset[str]
    verdicts: Verdicts

    @classmethod
    def of(cls, source: FeatureSource, example: Any) -> _Seen:
        """Compute what the session has, from its cache where it is there.

        Raises
        ------
        _StaysError
            Where the example's rows are not rows of the inputs.
        """
        from jupyter_lifecycle.materialise import Materialiser
        from jupyter_lifecycle.materialise.binding import bind

        targets = [name for name in example.columns if name in source.graph]
        if not targets:
            raise _StaysError("no column of the example is a feature")
        binding = bind(source.graph, targets, source.given)
        materialiser = Materialiser(getattr(source, "cache", None))
        run = materialiser.run(
            source.graph, [name for name in binding.order if name in source.graph], source.given
        )
        own = {name: source.given[name] for name in example.columns if name in source.given}
        values = {**own, **binding.sources, **run.values}
        index, places = _rows_of(values, targets, example)
        return cls(
            binding.features,
            binding.order,
            binding.arguments,
            values,
            index,
            places,
            example,
            source.graph.fans,
            Verdicts(materialiser.cache, materialiser.keys()),
        )

    def is_aligned(self, name: str) -> bool:
        """Whether a value has one entry for each row."""
        value = self.known[name]
        if hasattr(value, "iloc") and hasattr(value, "index"):
            return value.index is self.index or bool(value.index.equals(self.index))
        return is_array(value) and value.ndim == 1 and len(value) == len(self.index)


def _rows_of(values: Mapping[str, Any], targets: Sequence[str], example: Any) -> tuple[Any, Any]:
    """Give the labels of all rows, and where the example's are among them."""
    indexed = [values[name] for name in targets if hasattr(values[name], "iloc")]
    arrays = {len(values[name]) for name in targets if is_array(values[name])}
    indexed += [one for one in values.values() if hasattr(one, "iloc") and len(one) in arrays]
    if not indexed:
        raise _StaysError("no column of the example has a value a row")
    index = indexed[0].index
    if not index.is_unique:
        raise _StaysError("labels of the inputs' rows repeat, so the example's cannot be found")
    places = index.get_indexer(example.index)
    if (places < 0).any():
        raise _StaysError("the example has rows that the inputs do not; keep the frame's labels")
    return index, places


class _Planner:
    """Walks from the model's columns back to the raw inputs, once; no recursion."""

    def __init__(self, seen: _Seen, held: Mapping[str, str]) -> None:
        self._seen = seen
        self._held = dict(held)
        self._types: dict[str, str] = {}
        self._extremes: dict[str, list[int]] = {}
        self._edited: set[str] = set()
        """Columns of the example that are not what the session has under their name."""

    def planned(self) -> Plan:
        """Give a plan that was seen to give the example's columns."""
        for name in self._seen.example.columns:
            why = self._why_edited(name)
            if why:
                self._edited.add(name)
                if name in self._seen.features:
                    self._held[name] = why
        while True:
            draft = self._draft()
            if draft is None:
                continue  # more is held now
            if not any(step.name in self._seen.example.columns for step in draft.steps):
                return Plan(None, why_not=_nothing(draft.held))
            plan = self._assembled(draft)
            wrong = "" if plan.features is None else self._wrong(plan.features, plan)
            if not wrong:
                return plan
            self._held[wrong] = "from raw rows it comes out otherwise"

    def _why_edited(self, name: str) -> str:
        """Say how the example's column is not the value of that name; empty where it is."""
        seen = self._seen
        if name not in seen.known:
            return ""
        value, column = seen.known[name], seen.example[name]
        if not seen.is_aligned(name):
            scalar = not hasattr(value, "__len__") or isinstance(value, str)
            same = scalar and bool((column == value).all())
            return "" if same else "it has not one value for each row of the others"
        if is_frame(value):
            return "it is a frame"
        own = part(value, seen.places, keeps_index=True)
        if own.dtype != column.dtype:
            return f"the example has it as {column.dtype}, the feature gives {own.dtype}"
        at = first_other(own, column)
        return f"the example's column was changed: {at}" if at else ""

    def _draft(self) -> _Draft | None:
        """Walk back; None where a feature must be held that was thought to travel."""
        seen = self._seen
        draft = _Draft()
        needed = {name for name in seen.example.columns if name in seen.features}
        draft.asked |= dict.fromkeys(
            name for name in seen.example.columns if name not in seen.features
        )
        for name in reversed(seen.order):
            if name not in needed:
                continue
            if why := self._why_held(name):
                draft.held[name] = why
                draft.asked[name] = None
            elif not seen.is_aligned(name):
                draft.constants[name] = seen.known[name]
            else:
                probe = self._probe(name)
                other = next((one for one in seen.arguments[name] if one in self._edited), "")
                if other:
                    self._held[name] = f"it reads {other}, which the example has otherwise"
                    return None
                draft.steps.insert(0, probe.step())
                for one in seen.arguments[name]:
                    if one in seen.features:
                        needed.add(one)
                    elif one in probe.aligned:
                        draft.asked[one] = None
                    else:
                        draft.constants[one] = seen.known[one]
        return draft

    def _assembled(self, draft: _Draft) -> Plan:
        """Put the parts together, the request's columns in the inputs' order."""
        import pandas as pd

        seen = self._seen
        known = [name for name in seen.known if name in draft.asked and name not in draft.held]
        own = [name for name in draft.asked if name not in known and name not in draft.held]
        found = []
        example, whole = dict[str, Any](), dict[str, Any]()
        for name in [*known, *own, *(name for name in seen.order if name in draft.held)]:
            value = seen.known.get(name)
            if name in self._edited or value is None or not seen.is_aligned(name):
                found.append(Asked(name, (name,), "series"))
                example[name] = seen.example[name]
                continue
            kind = "frame" if is_frame(value) else "array" if is_array(value) else "series"
            parts = dict(value.items()) if kind == "frame" else {name: value}
            twice = next((one for one in parts if one in example), None)
            if twice is not None:
                return Plan(None, why_not=f"two of the inputs have a column {twice}")
            found.append(Asked(name, tuple(parts), kind))
            for one, column in parts.items():
                whole[one] = pd.Series(column, index=seen.index, copy=False)
                example[one] = whole[one].iloc[seen.places]
        features = Features(
            tuple(found), tuple(draft.steps), draft.constants, tuple(seen.example.columns)
        )
        rows = pd.DataFrame(example, index=seen.example.index)
        frame = pd.DataFrame(whole, index=seen.index, copy=False)
        try:
            inputs = _fields(rows, frame)
            request = frame_to_json(rows, "The example")
        except SchemaError as problem:
            return Plan(None, why_not=str(problem).rstrip("."))
        return Plan(features, inputs, request, frame, draft.held)

    def _why_held(self, name: str) -> str:
        """Why a feature's column must be asked for; empty where it travels or is frozen."""
        if name in self._held:
            return self._held[name]
        seen = self._seen
        if not seen.is_aligned(name):
            return ""
        self._held[name] = why = self._why_not_rowwise(name)
        return why

    def _why_not_rowwise(self, name: str) -> str:
        from jupyter_lifecycle.hashing import code_key

        feature = self._seen.features[name]
        if inspect.iscoroutinefunction(feature.function) or name in self._seen.fans or feature.fan:
            return "it is asynchronous or fans out"
        try:
            impure = code_key(feature.function).impure
        except FingerprintError:  # it cannot be seen through; asking it still tells
            impure = ()
        if impure:
            return f"its code {impure[0]}"
        for parent in self._seen.arguments[name]:
            if self._seen.is_aligned(parent) and (why := self._no_type(parent)):
                return why
        probe = self._probe(name)
        return self._seen.verdicts.of(name, tuple(probe.aligned), probe.refusal)

    def _no_type(self, name: str) -> str:
        """Why a value cannot be a request's column; features may be computed instead."""
        if name in self._seen.features:
            return ""
        if name not in self._types:
            value = self._seen.known[name]
            columns = [value[one] for one in value.columns] if is_frame(value) else [value]
            self._types[name] = ""
            try:
                for column in columns:
                    field_of_column(name, column, what="The inputs")
            except SchemaError as problem:
                self._types[name] = str(problem).rstrip(".")
        return self._types[name]

    def _probe(self, name: str) -> Probe:
        seen = self._seen
        given = {one: seen.known[one] for one in seen.arguments[name]}
        aligned = {one: value for one, value in given.items() if seen.is_aligned(one)}
        fixed = {one: value for one, value in given.items() if one not in aligned}

        def places() -> Any:
            extremes = [self._extremes_of(one) for one in (name, *aligned)]
            return telling_rows(extremes, len(seen.index))

        return Probe(seen.features[name], aligned, fixed, seen.known[name], places)

    def _extremes_of(self, name: str) -> list[int]:
        if name not in self._extremes:
            self._extremes[name] = extremes_of(self._seen.known[name])
        return self._extremes[name]

    def _wrong(self, features: Features, plan: Plan) -> str:
        """Compute the example from its JSON, as a service does; name a column that differs."""
        answer = features.compute(Schema("frame", "frame", plan.inputs).decode(plan.rows))
        for step in features.steps:
            if step.name in answer.columns:
                other = first_other(self._seen.example[step.name], answer[step.name])
                if other is not None:
                    return step.name
        return ""


@dataclass(slots=True)
class _Draft:
    """What one walk found."""

    steps: list[Step] = field(default_factory=list)
    constants: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, None] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)


def _fields(rows: Any, whole: Any) -> tuple[Field, ...]:
    """Give the request's fields; nulls that only other rows have count too."""
    return tuple(
        field.or_null() if field.name in whole.columns and whole[field.name].hasnans else field
        for field in fields_of_frame(rows)
    )


def _nothing(held: Mapping[str, str]) -> str:
    if not held:
        return "no column of the example is computed from rows"
    name, why = next(iter(held.items()))
    more = f"; {len(held) - 1} more columns stay as they are" if len(held) > 1 else ""
    return f"{name} stays a column of its own: {why}{more}{_how(why)}"


def _how(why: str) -> str:
    """Give advice where a feature looks at other rows."""
    return _HOW if why.startswith("asked for") else ""
