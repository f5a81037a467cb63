"""What came of an experiment: its exposures, its numbers, and a report that never changes."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.deployment.rules import registry_of
from jupyter_lifecycle.deployment.targeting import condition_of
from jupyter_lifecycle.deployment.whiteboard import Whiteboard
from jupyter_lifecycle.errors import ConflictError
from jupyter_lifecycle.registry.trials import Document

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    import pyarrow as pa

    from jupyter_lifecycle.experiments.layers import Experiment
    from jupyter_lifecycle.registry import Registry

_TRIES = 12


@dataclass(frozen=True, slots=True)
class Report:
    """What was frozen of one experiment.

    Parameters
    ----------
    name : str
        Of the report: the experiment's, with ``/2`` and so on for later ones.
    author : str
        Who froze it.
    at : datetime
        When.
    body : Mapping
        ``experiment``, ``layer``, ``holdouts``, ``facts``, ``exposures``, ``outcomes``,
        ``analysis``, ``shipped``, ``code``.
    """

    name: str
    author: str
    at: datetime
    body: Mapping[str, Any]

    @property
    def facts(self) -> Mapping[str, Any]:
        """What it can be found by."""
        found: Mapping[str, Any] = self.body["facts"]
        return found

    def __str__(self) -> str:
        """Say it in lines."""
        shipped = self.body["shipped"]
        units = ", ".join(f"{arm} {n:,}" for arm, n in self.body["exposures"]["units"].items())
        lines = [f"{self.name}, frozen by {self.author} on {self.at:%Y-%m-%d}: units {units}"]
        if shipped is not None:
            lines.append(f"  shipped {shipped['arm']}, {shipped['envelope'][:10]}")
        return "\n".join(lines)


def exposures_of(name: str, registry: Registry) -> pa.Table:
    """Give who saw which arm first, a row a unit and arm, the first exposures first.

    Returns
    -------
    pyarrow.Table
        ``unit`` and ``arm``, text, and ``at``, a UTC time in microseconds.
    """
    import pyarrow as pa

    schema = pa.schema([("unit", pa.string()), ("arm", pa.string()), ("at", pa.int64())])
    parts = [
        pa.table([list(one.units), list(one.arms), list(one.at)], schema=schema)
        for one in registry.exposures(name)
    ]
    if not parts:
        table = schema.empty_table()
    else:
        grouped = pa.concat_tables(parts).group_by(["unit", "arm"]).aggregate([("at", "min")])
        table = grouped.rename_columns({"at_min": "at"}).select(["unit", "arm", "at"])
        table = table.sort_by([("at", "ascending"), ("unit", "ascending")])
    times = table["at"].cast(pa.timestamp("us", tz="UTC"))
    return table.set_column(2, "at", times)


def analysed(name: str, registry: Registry, outcomes: Any, options: Mapping[str, Any]) -> Any:
    """Join exposures and outcomes on the unit and analyse them."""
    from jupyter_lifecycle.experiments import analyse

    board = Whiteboard.read(registry)
    found = board.experiment(name)
    unit = board.layer(found.layer).unit
    planned = {"metrics": list(found.metrics), "weights": _weights(found), "time": "at"}
    given = {**planned, **options}
    table = _table(outcomes)
    if "unit" not in table.column_names and unit in table.column_names:
        names = ["unit" if one == unit else one for one in table.column_names]
        table = table.rename_columns(names)
    return analyse(exposures_of(name, registry), table, **given)


def freeze(
    name: str,
    registry: Registry,
    outcomes: Any,
    options: Mapping[str, Any],
    shipped: tuple[str, dict[str, str]] | None = None,
) -> Report:
    """Write a report; the same one again is the one that is there.

    Raises
    ------
    ConflictError
        Others wrote a dozen times meanwhile.
    """
    board = Whiteboard.read(registry)
    found = board.experiment(name)
    analysis = None if outcomes is None else analysed(name, registry, outcomes, options).to_json()
    body = {
        "experiment": found.to_json(),
        "layer": board.layer(found.layer).to_json(),
        "holdouts": [one.to_json() for one in board.holdouts],
        "exposures": _summary(exposures_of(name, registry)),
        "outcomes": None if outcomes is None else _digest(_table(outcomes)),
        "analysis": analysis,
        "shipped": _shipped(found, shipped),
        "code": _code(),
    }
    body["facts"] = _facts(found, body)
    return _write(name, registry, body)


def reports(
    query: str = "", *, registry: Registry | str | os.PathLike[str] | None = None
) -> list[Report]:
    """Find the reports of experiments that ended, the newest first.

    Parameters
    ----------
    query : str
        The registry's query language over ``name``, ``layer``, ``endpoint``, ``started``,
        ``ended``, ``shipped``, ``envelope``, ``author`` and ``units``, such as
        ``endpoint = 'delay' and shipped = 'treatment' and ended > '2026-01-01'``.
    registry : Registry, str or path, optional
        None is the user's own.

    Raises
    ------
    QueryError
        It does not parse.
    """
    is_meant = condition_of(query)
    found = [_report(one) for one in registry_of(registry).board(reports=True).of("report")]
    meant = [one for one in found if is_meant({**one.facts, "author": one.author})]
    return sorted(meant, key=lambda one: one.at, reverse=True)


def _write(name: str, registry: Registry, body: dict[str, Any]) -> Report:
    for last in [False] * (_TRIES - 1) + [True]:
        board = registry.board(reports=True)
        names = [one.name for one in board.of("report")]
        mine = [one for one in names if one == name or one.rpartition("/")[0] == name]
        for known in mine:
            there = board.get("report", known)
            if there is not None and there.body == body:
                return _report(there)
        new = name if not mine else f"{name}/{len(mine) + 1}"
        try:
            written = registry.write_board(board.revision, [Document("report", new, body)])
        except ConflictError:
            if last:
                raise
            continue
        del written
        found = registry.board(reports=True).get("report", new)
        assert found is not None
        return _report(found)
    raise AssertionError  # the last try returned or raised


def _report(one: Document) -> Report:
    return Report(one.name, one.author, one.created_at or datetime.now(UTC), one.body or {})


def _facts(found: Experiment, body: Mapping[str, Any]) -> dict[str, Any]:
    shipped = body["shipped"] or {}
    return {
        "name": found.name,
        "layer": found.layer,
        "endpoint": found.endpoint,
        "started": found.started,
        "ended": found.ended,
        "shipped": shipped.get("arm"),
        "envelope": shipped.get("envelope"),
        "units": sum(body["exposures"]["units"].values()),
        "description": found.description,
    }


def _shipped(
    found: Experiment, shipped: tuple[str, dict[str, str]] | None
) -> dict[str, Any] | None:
    if shipped is None:
        return None
    arm, tags = shipped
    return {"arm": arm, "envelope": found.arm(arm).envelope, "tags": tags}


def _summary(table: pa.Table) -> dict[str, Any]:
    import pyarrow.compute as pc

    counted = pc.value_counts(table["arm"]).to_pylist()
    units = {one["values"]: one["counts"] for one in counted}
    return {**_digest(table), "units": dict(sorted(units.items()))}


def _digest(table: pa.Table) -> dict[str, Any]:
    """Give the SHA-256 of a table as one Arrow stream, and its size."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    whole = table.combine_chunks()
    with pa.ipc.new_stream(sink, whole.schema.remove_metadata()) as writer:
        writer.write_table(whole.replace_schema_metadata(None))
    digest = hashlib.sha256(sink.getvalue()).hexdigest()
    return {"sha256": digest, "rows": table.num_rows, "columns": table.column_names}


def _table(outcomes: Any) -> pa.Table:
    import pyarrow as pa

    if isinstance(outcomes, pa.Table):
        return outcomes
    if hasattr(outcomes, "to_arrow"):
        return pa.table(outcomes.to_arrow())
    if hasattr(outcomes, "columns"):
        return pa.Table.from_pandas(outcomes, preserve_index=False)
    import pyarrow.parquet as pq

    return pq.read_table(outcomes)


def _weights(found: Experiment) -> dict[str, float]:
    return {arm.name: arm.weight for arm in found.arms}


def _code() -> dict[str, str]:
    import numpy as np
    import pyarrow as pa

    from jupyter_lifecycle import __version__

    return {
        "jupyter_lifecycle": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pyarrow": pa.__version__,
    }
