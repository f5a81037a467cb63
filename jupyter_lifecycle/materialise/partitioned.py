"""A graph over data larger than memory: once for each partition, where each row stands for itself.

That each row stands for itself is looked at before anything is written, on rows of several
partitions, and again in every partition, on rows of its own. Parts are written by those who
computed them, whole or not at all; a part that is there from the same code and the same data is
kept, so that what was stopped goes on.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from jupyter_lifecycle.errors import ComputeError, FingerprintError, UnboundError
from jupyter_lifecycle.executors import Engine
from jupyter_lifecycle.executors.engine import Task
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.hashing import combine, fingerprint
from jupyter_lifecycle.materialise.binding import Binding, bind
from jupyter_lifecycle.materialise.carrying import arrived
from jupyter_lifecycle.materialise.elsewhere import as_array
from jupyter_lifecycle.materialise.failures import Failure, attach_failure
from jupyter_lifecycle.materialise.frame import assembled
from jupyter_lifecycle.materialise.keys import SourceDigests, resolve
from jupyter_lifecycle.materialise.parquet import (
    Written,
    is_written,
    part_name,
    strangers,
    write_part,
)
from jupyter_lifecycle.materialise.partitions import Piece, column_names, pieces_of
from jupyter_lifecycle.materialise.planning import Plan
from jupyter_lifecycle.materialise.rows import same, taken, whole_column_features
from jupyter_lifecycle.materialise.staging import is_dask_frame, staged
from jupyter_lifecycle.materialise.steps import StepError, failed, opened, slim
from jupyter_lifecycle.materialise.travelling import packed
from jupyter_lifecycle.materialise.uncached import run_uncached

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from jupyter_lifecycle.executors import Executor
    from jupyter_lifecycle.executors.engine import Tell, Told

_SAMPLE = 200
_SAMPLED = 3
_AGAIN = 8


@dataclass(frozen=True, slots=True)
class Job:
    """All that is needed to compute any of the parts."""

    plan: Plan
    fixed: Mapping[str, Any]
    """Values that are the same for all partitions."""
    columns: tuple[str, ...]
    """What is read of each partition."""
    pieces: tuple[Piece, ...]
    folder: Path
    keys: tuple[str, ...]
    """Of each part, what it is computed from; empty where that cannot be said."""
    schema: Any
    """Of the parts, as pyarrow has it."""

    def values(self, frame: pd.DataFrame) -> dict[str, Any]:
        """Compute the targets for some rows."""
        from jupyter_lifecycle.executors import SequentialExecutor

        sources = {**self.fixed, **{name: frame[name] for name in self.columns}}
        return run_uncached(Binding(FeatureGraph(), self.plan, sources), SequentialExecutor())[0]

    def frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Compute the targets for some rows, as a frame with their labels."""
        found = assembled(self.values(frame), self.plan.targets, "frame")
        assert not isinstance(found, dict)
        return found.set_axis(frame.index) if len(found) == len(frame) else found

    def write(self, number: int) -> tuple[int, bool]:
        """Compute and write one part; return its rows and whether it was there already."""
        piece = self.pieces[number]
        path = self.folder / part_name(number)
        if self.keys[number] and is_written(path, self.keys[number]):
            return piece.rows, True
        frame = piece.read(self.columns)
        found = self.frame(frame)
        self._look_again(piece, frame, found)
        write_part(self._table(piece, found), path, self.keys[number])
        return len(found), False

    def _look_again(self, piece: Piece, frame: pd.DataFrame, found: pd.DataFrame) -> None:
        """Compare the answers for a few rows alone with those for the whole partition."""
        import numpy as np

        nulls = np.flatnonzero(frame.isna().any(axis=1).to_numpy())[:_AGAIN]
        places = (
            np.unique([*np.linspace(0, len(frame) - 1, _AGAIN).astype(int), *nulls])
            if len(frame)
            else np.array([], dtype=int)
        )
        for some in (places, places[:1], places[-1:]):
            if not len(some):
                return
            if not same(self.frame(frame.iloc[some]), taken(found, some)):
                sources = {**self.fixed, **{name: frame[name] for name in self.columns}}
                named = whole_column_features(self.plan, sources, self.columns, len(frame))
                raise refusal(self.plan, named, f"rows {piece.start:,} on")

    def _table(self, piece: Piece, found: pd.DataFrame) -> Any:
        import pyarrow as pa

        try:
            return pa.Table.from_pandas(found, schema=self.schema, preserve_index=False)
        except (pa.ArrowInvalid, pa.ArrowTypeError, KeyError) as error:
            raise ComputeError(
                f"The rows from {piece.start:,} on give other columns than the first: {error}. "
                "Give the features of nullable columns a dtype, so that it is the same everywhere."
            ) from error


def run_partitioned(
    graph: FeatureGraph,
    targets: Sequence[str],
    data: Any,
    to: str | Path,
    executor: Executor | Engine,
    overrides: Mapping[str, Any] | None = None,
) -> Written:
    """Compute targets for each partition and write them as parts of one data set.

    Parameters
    ----------
    graph : FeatureGraph
    targets : sequence of str
    data : str, Path, list of them or dask.dataframe.DataFrame
        Parquet files, see :func:`pieces_of`, or what is written to such files first.
    to : str or Path
        A folder; parts that are there from the same code and data are kept.
    executor : Executor or Engine
        Computes several parts at once, or elsewhere.
    overrides : mapping of str to any, optional
        Values to use in the place of features: of those that need the whole column, say.

    Returns
    -------
    Written

    Raises
    ------
    ComputeError
        If a feature needs more than its own row: all such features are named.
    UnboundError
        With all that is missing.
    BaseException
        What a feature raised, with notes.
    """
    folder = Path(to).absolute()
    if not is_dask_frame(data):
        return _run(graph, targets, pieces_of(data), folder, executor, overrides)

    def needed(names: Sequence[str]) -> list[str]:
        read = bind(graph, targets, dict.fromkeys(names), overrides).sources
        return [name for name in names if name in read and name not in (overrides or {})]

    with staged(data, needed, folder, executor) as files:
        return _run(graph, targets, pieces_of(files), folder, executor, overrides)


def _run(
    graph: FeatureGraph,
    targets: Sequence[str],
    pieces: tuple[Piece, ...],
    folder: Path,
    executor: Executor | Engine,
    overrides: Mapping[str, Any] | None,
) -> Written:
    job = _job(graph, targets, pieces, folder, overrides)
    job.folder.mkdir(parents=True, exist_ok=True)
    numbers = {part_name(number): number for number in range(len(pieces))}
    done: dict[str, tuple[int, bool]] = {}
    if isinstance(executor, Engine):
        _run_elsewhere(job, graph, executor, done)
    else:

        def task(name: str) -> None:
            done[name] = job.write(numbers[name])

        executor.run(list(numbers), {}, task)
    size = sum((job.folder / name).stat().st_size for name in numbers)
    kept = tuple([name for name in numbers if done[name][1]])
    return Written(job.folder, tuple(numbers), sum(n for n, _ in done.values()), size, kept)


def _job(
    graph: FeatureGraph,
    targets: Sequence[str],
    pieces: tuple[Piece, ...],
    folder: Path,
    overrides: Mapping[str, Any] | None,
) -> Job:
    import pyarrow as pa

    if not pieces or not sum(each.rows for each in pieces):
        raise ComputeError("The Parquet files have no rows.")
    names = column_names(pieces[0])
    binding = bind(graph, targets, dict.fromkeys(names), overrides)
    fixed = {n: v for n, v in binding.sources.items() if n not in names or n in (overrides or {})}
    columns = tuple([name for name in binding.sources if name not in fixed])
    if not columns:
        raise UnboundError("None of the targets reads a column of the Parquet files.")
    plan = binding.plan
    lean = {name: slim(each, typed=False) for name, each in plan.features.items()}
    plan = Plan(lean, plan.targets, plan.order, plan.arguments, plan.unbound)
    sample = _sample(pieces, columns)
    sources = {**fixed, **{name: sample[name] for name in columns}}
    named = whole_column_features(plan, sources, columns, len(sample))
    if named:
        raise refusal(binding.plan, named, f"a sample of {len(sample)} rows")
    keys = _keys(binding, fixed, pieces)
    foreign = strangers(folder, [part_name(number) for number in range(len(pieces))])
    if foreign:
        raise ComputeError(
            f"{folder} has files of something else ({', '.join(foreign[:3])}). Remove them, or "
            "write to another folder."
        )
    draft = Job(plan, fixed, columns, pieces, folder, keys, None)
    schema = pa.Schema.from_pandas(draft.frame(sample), preserve_index=False)
    return Job(plan, fixed, columns, pieces, folder, keys, schema)


def _sample(pieces: tuple[Piece, ...], columns: tuple[str, ...]) -> pd.DataFrame:
    """Rows of several partitions; those with nulls first, as these give most away."""
    import numpy as np
    import pandas as pd

    chosen = {0, len(pieces) // 2, len(pieces) - 1}
    parts = []
    for number in sorted(chosen):
        frame = pieces[number].read(columns)
        nulls = np.flatnonzero(frame.isna().any(axis=1).to_numpy())[: _SAMPLE // (2 * _SAMPLED)]
        spread = np.linspace(0, max(len(frame) - 1, 0), _SAMPLE // _SAMPLED).astype(int)
        parts.append(frame.iloc[np.unique([*spread, *nulls])] if len(frame) else frame)
    return pd.concat(parts)


def refusal(plan: Plan, named: Mapping[str, str], where: str) -> ComputeError:
    """Say which features need the whole column, and what to do."""
    lines = [f"  - {n} ({plan.features[n].origin.label}) {why}" for n, why in named.items()]
    many = "a feature needs" if len(named) == 1 else "these features need"
    head = (
        f"partitioned=True computes each partition on its own, and on {where} {many} more than a "
        "row to answer for it:"
    )
    advice = "Compute them over all rows first, and give their values as overrides."
    lines = lines or ["  - a target, though none of the features alone"]
    return ComputeError("\n".join([head, *lines, advice]), names=list(named))


def _keys(binding: Binding, fixed: Mapping[str, Any], pieces: Sequence[Piece]) -> tuple[str, ...]:
    """Say of each part what it is computed from; nothing where code or values have no key."""
    nodes = resolve(binding, SourceDigests(binding.sources))
    codes = [node.code.digest for node in nodes.values()]
    reasons = [node.reason for node in nodes.values() if node.reason]
    if reasons or any(code is None for code in codes):
        return ("",) * len(pieces)
    try:
        values = fingerprint(dict(fixed))
    except FingerprintError:
        return ("",) * len(pieces)
    wanted = "\0".join([*binding.targets, "", *nodes]).encode()
    whole = combine("parts", wanted, values, *[code for code in codes if code is not None])
    return tuple(
        [
            combine("part", whole, repr((p.path, p.groups, p.start, p.stamp)).encode()).hex()
            for p in pieces
        ]
    )


def _run_elsewhere(
    job: Job, graph: FeatureGraph, engine: Engine, done: dict[str, tuple[int, bool]]
) -> None:
    run = uuid4().hex
    code = packed(job, dict(job.plan.features), engine.name)
    tasks = [
        Task(part_name(number), write_part_elsewhere, (run, number), ("code",))
        for number in range(len(job.pieces))
    ]

    def told(message: Told) -> None:
        if message.what == "done":
            done[message.key] = pickle.loads(message.facts)  # noqa: S301 - from our own worker

    try:
        engine.run_plan(tasks, {"code": as_array(code)}, (), told, watched=False)
    except StepError as error:
        failure = error.failure
    else:
        return
    raised = arrived(failure.error)
    feature = graph.features[failure.name]
    attach_failure(raised, Failure(feature, failure.arguments, failure.notes, failure.seconds))
    raise raised


def write_part_elsewhere(tell: Tell, run: str, number: int, code: Any) -> tuple[None, bytes]:
    """Compute and write one part on a worker; see :class:`Task`."""
    tell(part_name(number))
    job = opened(run, code)
    try:
        return None, pickle.dumps(job.write(number), 5)
    except Exception as error:  # noqa: BLE001 - the user's own, raised again where it is awaited
        raise failed(error, None) from None
