"""Tables from files and into files, as features over paths.

What is loaded is read each time: the file may have changed, and its name would not tell. What reads
it runs only where the content is another than before. Paths that name a protocol (``s3://…``) go
through fsspec, which pandas asks for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

from jupyter_lifecycle.errors import ComputeError, FeatureDefinitionError, MissingExtraError
from jupyter_lifecycle.graph import MISSING, Feature, Parameter
from jupyter_lifecycle.graph.modifiers.dependencies import Group, Source, Value
from jupyter_lifecycle.graph.modifiers.stages import Decorator, Made, Stage
from jupyter_lifecycle.graph.modifiers.wiring import rewired

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

_FORMATS = ("csv", "parquet", "feather", "json", "excel", "sql")


@dataclass(frozen=True, slots=True)
class Load:
    """A parameter is read from a file."""

    form: str
    given: Mapping[str, Any]
    parameter: str | None
    stage: ClassVar[Stage] = Stage.INJECT

    def apply(self, made: Made) -> Made:
        """Add a feature ``function.parameter`` that reads, and have the parameter take it."""
        feature = made.base
        names = [each.name for each in feature.parameters]
        target = self.parameter or next(iter(names), "")
        loader = _file_feature(feature, f"{feature.name}.{target}", _reader(self.form), self.given)
        reading = rewired(feature, {target: Source(loader.name)})
        others = [each for each in made.features if each is not feature]
        return replace(made, features=(*others, loader, reading))


@dataclass(frozen=True, slots=True)
class Save:
    """A value is written to a file."""

    form: str
    given: Mapping[str, Any]
    name: str | None
    stage: ClassVar[Stage] = Stage.LABEL

    def apply(self, made: Made) -> Made:
        """Add a feature ``function.saved`` that writes and says what it wrote."""
        feature = made.base
        name = self.name or f"{feature.name}.saved"
        given = {**self.given, "table": Source(feature.name)}
        saver = _file_feature(feature, name, _writer(self.form), given)
        return replace(made, features=(*made.features, saver))


def _file_feature(
    near: Feature, name: str, function: Callable[..., Any], given: Mapping[str, Any]
) -> Feature:
    """Make a feature that is computed each time, from literals and other features."""
    wiring = {
        key: each if isinstance(each, (Source, Value, Group)) else Value(each)
        for key, each in given.items()
    }
    bare = Feature(
        name,
        function,
        tuple([Parameter(key) for key in wiring]),
        MISSING,
        function.__doc__ or "",
        near.text,
        near.origin,
        near.tags,
        "never",
    )
    return replace(rewired(bare, wiring), definition=near.written)


def _reader(form: str) -> Callable[..., Any]:
    def read(**given: Any) -> Any:
        """Read a table."""
        import pandas as pd

        if form == "sql":
            return pd.read_sql(given.pop("query"), given.pop("connection"), **given)
        return _asked(form, getattr(pd, f"read_{form}"), given.pop("path"), given)

    return read


def _writer(form: str) -> Callable[..., dict[str, Any]]:
    def write(**given: Any) -> dict[str, Any]:
        """Write a table, whole or not at all."""
        import pandas as pd

        table = given.pop("table")
        frame = table.to_frame() if isinstance(table, pd.Series) else table
        if not isinstance(frame, pd.DataFrame):
            raise ComputeError(
                f"save_to.{form} writes frames and columns, and this is a {type(table).__name__}."
            )
        if form == "sql":
            name = given.pop("name")
            frame.to_sql(name, given.pop("connection"), **given)
            return {"name": name, "rows": len(frame)}
        path = given.pop("path")
        _write_whole(form, frame, path, given)
        return {"path": str(path), "rows": len(frame)}

    return write


def _write_whole(form: str, frame: pd.DataFrame, path: Any, options: Mapping[str, Any]) -> None:
    if isinstance(path, str) and "://" in path:
        _asked(form, getattr(frame, f"to_{form}"), path, options)
        return
    final = Path(path)
    part = final.with_name(f".{uuid4().hex}{final.suffix}")
    try:
        _asked(form, getattr(frame, f"to_{form}"), part, options)
        part.replace(final)
    finally:
        part.unlink(missing_ok=True)


def _asked(form: str, call: Callable[..., Any], path: Any, options: Mapping[str, Any]) -> Any:
    try:
        return call(path, **options)
    except ImportError as error:
        package = (error.name or "").partition(".")[0] or (
            "openpyxl" if form == "excel" else "fsspec"
        )
        raise MissingExtraError(
            f"{form} at {path} needs {package}, which is not installed: pip install {package}"
        ) from error


class _Formats:
    """One decorator for each format."""

    def __init__(self, word: str) -> None:
        self._word = word

    def __getattr__(self, form: str) -> Callable[..., Decorator]:
        if form not in _FORMATS:
            raise AttributeError(
                f"{self._word} knows no format {form}; it knows {', '.join(_FORMATS)}."
            )

        def decorate(**given: Any) -> Decorator:
            required = {"path"}
            if form == "sql":
                required = {"connection", "query" if self._word == "load_from" else "name"}
            lacking = sorted(required - given.keys())
            if lacking:
                raise FeatureDefinitionError(
                    f"{self._word}.{form}() lacks {', '.join(lacking)}: give source(), value() or "
                    "a literal."
                )
            if self._word == "load_from":
                return Decorator((Load(form, given, given.pop("inject_", None)),))
            return Decorator((Save(form, given, given.pop("output_name_", None)),))

        return decorate


load_from = _Formats("load_from")
"""Read a parameter from a file: ``@load_from.csv(path=source("path"), inject_="table")``.

``csv``, ``parquet``, ``feather``, ``json``, ``excel`` and ``sql`` (``query``, ``connection``);
other keywords go to pandas. ``inject_`` names the parameter, the first where not given.
"""
save_to = _Formats("save_to")
"""Write what a function gives: ``@save_to.parquet(path="out.parquet")``.

The feature that writes is called ``function.saved``, or ``output_name_``; it gives the path and the
number of rows. ``sql`` takes ``name`` and ``connection``.
"""
