"""What a model takes and what it answers: made from an example, verified by running it.

Importing this loads neither pandas nor numpy; reading rows into a frame does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from jupyter_lifecycle.envelope.columns import conform_array, conform_column, conform_frame
from jupyter_lifecycle.envelope.fields import Field, members_json_schema
from jupyter_lifecycle.envelope.problems import Problems, show
from jupyter_lifecycle.envelope.reading import (
    read_column,
    read_members,
    read_value,
    report_extra,
)
from jupyter_lifecycle.envelope.writing import is_array, is_frame, is_series, to_json
from jupyter_lifecycle.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Form = Literal["frame", "arguments"]
Container = Literal["frame", "array", "series", "vector", "list", "keywords"]
AnswerKind = Literal["array", "matrix", "series", "frame", "list", "value", ""]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class Parsed:
    """Rows read from JSON, and whether the question was about one."""

    rows: Any
    single: bool


@dataclass(frozen=True, slots=True)
class Schema:
    """Inputs and outputs of a model.

    Parameters
    ----------
    form : str
        ``frame`` where the model is asked with rows of one table, ``arguments`` where it is
        called with named arguments.
    container : str
        What holds the rows: ``frame``, ``array`` (two-dimensional), ``series``, ``vector``
        (one-dimensional array), ``list``; ``keywords`` for arguments.
    inputs : tuple of Field
        Columns or arguments in the order that the model takes them.
    outputs : tuple of Field
        What one row or call is answered with; empty until verified.
    answer : str
        What holds the answers: ``array``, ``matrix``, ``series``, ``frame``, ``list``, ``value``.
    aligned : bool
        Whether there is one answer a row, so that one row is answered with one value.
    """

    form: Form
    container: Container
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...] = ()
    answer: AnswerKind = ""
    aligned: bool = False

    def with_answer(
        self, outputs: tuple[Field, ...], answer: AnswerKind, *, aligned: bool
    ) -> Schema:
        """Give the same inputs with these outputs."""
        return replace(self, outputs=outputs, answer=answer, aligned=aligned)

    def decode(self, payload: Any) -> Any:
        """Rows from JSON, for the model to be asked with.

        Parameters
        ----------
        payload
            Decoded JSON: a list of objects, an object of columns, or one object; plain values or
            lists where the rows have no column names.

        Returns
        -------
        pandas.DataFrame, pandas.Series, numpy.ndarray, list or dict
            By ``container``; for arguments one dict, or a list of them.

        Raises
        ------
        InputError
            ``detail["problems"]`` has every problem: ``path`` (JSON pointer) and ``reason``.
        """
        return self.parse(payload).rows

    def parse(self, payload: Any) -> Parsed:
        """As :meth:`decode`, with whether one row was asked about.

        Raises
        ------
        InputError
            As :meth:`decode`.
        """
        problems = Problems()
        if self.form == "arguments":
            parsed = self._parse_arguments(payload, problems)
        elif self.container in ("frame", "array"):
            parsed = self._parse_table(payload, problems)
        else:
            parsed = self._parse_values(payload, problems)
        problems.check()
        return self._contained(parsed)

    def encode(self, answer: Any) -> Any:
        """Give an answer as valid JSON; what is missing or not finite becomes null.

        Raises
        ------
        SchemaError
            Where something in it has no JSON form, or it holds itself.
        """
        try:
            return to_json(answer, "The answer")
        except RecursionError as problem:
            raise SchemaError("The answer holds itself, or is nested too deep.") from problem

    def check(self, rows: Any) -> Any:
        """Rows given in Python, as the model takes them.

        Columns are put into the schema's order; a dtype that holds the same values is converted.

        Parameters
        ----------
        rows
            What ``container`` names, or what :meth:`decode` takes.

        Returns
        -------
        object
            As :meth:`decode`.

        Raises
        ------
        InputError
            Where a column is missing, extra, of another type, or has nulls that the example
            did not have.
        """
        if self.form == "frame":
            if self.container == "frame" and is_frame(rows):
                return conform_frame(self.inputs, rows)
            if self.container == "array" and (is_array(rows) or is_frame(rows)):
                return conform_array(self.inputs, rows)
            if self.container in ("series", "vector") and (is_series(rows) or is_array(rows)):
                column = conform_column(self.inputs[0], rows)
                return self._vector(column, getattr(rows, "index", None))
        return self.decode(to_json(rows, "The input"))

    def is_single(self, rows: Any) -> bool:
        """Whether rows given in Python are one question."""
        if rows is None or isinstance(rows, dict):
            return rows is None or not self._is_columns(rows)
        many = (list, tuple)
        return not (isinstance(rows, many) or is_frame(rows) or is_series(rows) or is_array(rows))

    def _parse_arguments(self, payload: Any, problems: Problems) -> Parsed:
        if payload is None and not self.inputs:
            payload = {}
        if isinstance(payload, dict):
            return Parsed(read_members(self.inputs, payload, (), problems), single=True)
        if not isinstance(payload, list):
            problems.add("", f"expected an object or a list of objects, got {show(payload)}")
            return Parsed([], single=False)
        if not payload:
            problems.add("", "has no rows")
        item = Field("item", "object", fields=self.inputs)
        rows = [read_value(item, row, (index,), problems) for index, row in enumerate(payload)]
        return Parsed(rows, single=False)

    def _parse_table(self, payload: Any, problems: Problems) -> Parsed:
        if isinstance(payload, dict):
            if self._is_columns(payload):
                return Parsed(self._read_columns(payload, problems), single=False)
            row = read_members(self.inputs, payload, (), problems)
            return Parsed({name: [value] for name, value in row.items()}, single=True)
        if not isinstance(payload, list):
            problems.add("", f"expected a list of objects or an object, got {show(payload)}")
            return Parsed({}, single=False)
        if not payload:
            problems.add("", "has no rows")
        if self.container == "array" and payload and isinstance(payload[0], list):
            return Parsed(self._read_lists(payload, problems), single=False)
        return Parsed(self._read_rows(payload, problems), single=False)

    def _is_columns(self, payload: Mapping[str, Any]) -> bool:
        """Whether it is an object of columns: lists throughout, of lists for a list field."""
        if self.form != "frame" or not payload:
            return False
        nested = {field.name for field in self.inputs if field.type == "array"}
        return all(
            isinstance(value, list)
            and (
                name not in nested or all(item is None or isinstance(item, list) for item in value)
            )
            for name, value in payload.items()
        )

    def _read_rows(self, rows: Sequence[Any], problems: Problems) -> dict[str, list[Any]]:
        names = [field.name for field in self.inputs]
        known = set(names)
        if not all(type(row) is dict and row.keys() == known for row in rows):
            self._report_rows(rows, problems)
            return {}
        return {
            field.name: read_column(
                field,
                [row[field.name] for row in rows],
                lambda index, name=field.name: (index, name),  # type: ignore[misc]
                problems,
            )
            for field in self.inputs
        }

    def _report_rows(self, rows: Sequence[Any], problems: Problems) -> None:
        for index, row in enumerate(rows):
            if isinstance(row, dict):
                read_members(self.inputs, row, (index,), problems)
            else:
                problems.add(f"/{index}", f"expected an object, got {show(row)}")

    def _read_columns(self, payload: dict[str, Any], problems: Problems) -> dict[str, list[Any]]:
        columns = {}
        lengths = {name: len(values) for name, values in payload.items()}
        rows = max(lengths.values())
        if not rows:
            problems.add("", "has no rows")
        for field in self.inputs:
            if field.name not in payload:
                problems.add(f"/{field.name}", "is missing")
                continue
            if lengths[field.name] != rows:
                problems.add(
                    f"/{field.name}", f"has {lengths[field.name]} values, others have {rows}"
                )
            columns[field.name] = read_column(
                field,
                payload[field.name],
                lambda index, name=field.name: (name, index),  # type: ignore[misc]
                problems,
            )
        report_extra(self.inputs, payload, (), problems)
        return columns

    def _read_lists(self, rows: Sequence[Any], problems: Problems) -> dict[str, list[Any]]:
        width = len(self.inputs)
        for index, row in enumerate(rows):
            if not isinstance(row, list):
                problems.add(f"/{index}", f"expected a list, got {show(row)}")
            elif len(row) != width:
                problems.add(f"/{index}", f"has {len(row)} values, the model expects {width}")
        if problems.count:
            return {}
        return {
            field.name: read_column(
                field,
                [row[place] for row in rows],
                lambda index, place=place: (index, place),  # type: ignore[misc]
                problems,
            )
            for place, field in enumerate(self.inputs)
        }

    def _parse_values(self, payload: Any, problems: Problems) -> Parsed:
        field = self.inputs[0]
        if isinstance(payload, dict) and set(payload) == {field.name}:
            payload = payload[field.name]
        if isinstance(payload, list):
            if not payload:
                problems.add("", "has no rows")
            values = read_column(field, payload, lambda index: (index,), problems)
            return Parsed({field.name: values}, single=False)
        value = read_value(field, payload, (), problems)
        return Parsed({field.name: [value]}, single=True)

    def _contained(self, parsed: Parsed) -> Parsed:
        if self.form == "arguments":
            return parsed
        from jupyter_lifecycle.envelope.table import array_of, column_of, frame_of

        columns = parsed.rows
        count = len(next(iter(columns.values()), ()))
        if self.container == "frame":
            return Parsed(frame_of(self.inputs, columns, count), parsed.single)
        if self.container == "array":
            return Parsed(array_of(self.inputs, columns, count), parsed.single)
        field = self.inputs[0]
        if self.container == "list":
            return Parsed(columns[field.name], parsed.single)
        return Parsed(self._vector(column_of(field, columns[field.name]), None), parsed.single)

    def _vector(self, column: Any, index: Any) -> Any:
        if self.container != "series":
            import numpy as np

            return np.asarray(column)
        import pandas as pd

        name = None if self.inputs[0].name == "value" else self.inputs[0].name
        return pd.Series(column, name=name, index=index)

    def to_json(self) -> dict[str, Any]:
        """As JSON, readable without Python: see docs/envelope.md."""
        return {
            "form": self.form,
            "container": self.container,
            "inputs": [field.to_json() for field in self.inputs],
            "outputs": [field.to_json() for field in self.outputs],
            "answer": self.answer,
            "aligned": self.aligned,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Schema:
        """Give the schema that :meth:`to_json` wrote.

        Raises
        ------
        SchemaError
            Where it is not one.
        """
        try:
            if value["form"] not in get_args(Form) or value["container"] not in get_args(Container):
                raise SchemaError(f"The schema's form {value['form']!r} is none of ours.")
            return cls(
                form=value["form"],
                container=value["container"],
                inputs=tuple(Field.from_json(field) for field in value["inputs"]),
                outputs=tuple(Field.from_json(field) for field in value["outputs"]),
                answer=value["answer"],
                aligned=bool(value["aligned"]),
            )
        except (KeyError, TypeError) as problem:
            raise SchemaError(
                f"The schema is not readable: {problem} is not as expected."
            ) from problem

    def to_json_schema(self) -> dict[str, Any]:
        """JSON Schema (draft 2020-12) of what :meth:`decode` takes."""
        row = self._row_json_schema()
        reference = {"$ref": "#/$defs/row"}
        options: list[dict[str, Any]] = [
            reference,
            {"type": "array", "items": reference, "minItems": 1},
        ]
        if self.form == "frame" and self.container in ("frame", "array"):
            columns = {
                field.name: {"type": "array", "items": field.to_json_schema(), "minItems": 1}
                for field in self.inputs
            }
            options.append(
                {
                    "type": "object",
                    "properties": columns,
                    "required": list(columns),
                    "additionalProperties": False,
                }
            )
        if self.container == "array":
            cells = [field.to_json_schema() for field in self.inputs]
            options.append({"type": "array", "items": _tuple_json_schema(cells), "minItems": 1})
        return {"$schema": _DRAFT, "$defs": {"row": row}, "anyOf": options}

    def _row_json_schema(self) -> dict[str, Any]:
        if self.container in ("series", "vector", "list"):
            return self.inputs[0].to_json_schema()
        return {"type": "object", **members_json_schema(self.inputs)}

    def answer_json_schema(self) -> dict[str, Any]:
        """JSON Schema (draft 2020-12) of one answer: of a row where aligned, else of the call."""
        if self.answer == "frame":
            one: dict[str, Any] = {"type": "object", **members_json_schema(self.outputs)}
        elif self.answer == "matrix":
            one = _tuple_json_schema([field.to_json_schema() for field in self.outputs])
        else:
            one = self.outputs[0].to_json_schema() if self.outputs else {}
        if self.answer not in ("value", "") and not self.aligned:
            one = {"type": "array", "items": one}
        return {"$schema": _DRAFT, **one}


def _tuple_json_schema(cells: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "array",
        "prefixItems": cells,
        "items": False,
        "minItems": len(cells),
        "maxItems": len(cells),
    }
