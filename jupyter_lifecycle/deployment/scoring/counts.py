"""What a batch saw: a profile beside each chunk's answers, added up when all are there.

A chunk's profile is written before its answers, which say that the chunk is done: so a batch that
was killed and goes on counts each row once.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.deployment.scoring.job import write_whole
from jupyter_lifecycle.deployment.service.sides import plans_of
from jupyter_lifecycle.monitoring import Counter, Profile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jupyter_lifecycle.deployment.scoring.job import Job
    from jupyter_lifecycle.envelope.serving import Served


class Counts:
    """Counts one chunk at a time.

    Parameters
    ----------
    served : Served
        The loaded envelope: its expectations and its example's answers have the edges.
    """

    def __init__(self, served: Served) -> None:
        self._plans = plans_of(served.manifest, served.answers)

    def of_chunk(self, table: Any, answers: Mapping[str, Any]) -> dict[str, Profile]:
        """Give the profiles of a chunk.

        Parameters
        ----------
        table : pyarrow.Table
            Rows of the input.
        answers : Mapping
            Name to Arrow array, as they go into the output.
        """
        found = {}
        for side, plan in self._plans.items():
            columns = answers if side == "outputs" else _columns_of(table)
            counter = Counter(plan)
            counter.add_columns(
                {name: _values(columns[name]) for name in plan.names if name in columns}
            )
            found[side] = counter.profile()
        return found


def _columns_of(table: Any) -> dict[str, Any]:
    return dict(zip(table.column_names, table.columns, strict=True))


def _values(column: Any) -> Any:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        return column.to_pandas()
    return column.to_pylist() if not pa.types.is_timestamp(kind) else column.to_pandas()


def write_counts(path: Path, profiles: Mapping[str, Profile]) -> None:
    """Write a chunk's profiles, whole or not at all."""
    found = {side: one.to_json() for side, one in profiles.items()}
    text = json.dumps(found, ensure_ascii=False)
    write_whole(path, text.encode("utf-8", "replace"))


def total_counts(job: Job) -> dict[str, Profile]:
    """Add up the profiles of all chunks of a job that is done."""
    total: dict[str, Profile] = {}
    for path in sorted(job.folder.glob("part-*.profile.json")):
        for side, value in json.loads(path.read_bytes()).items():
            one = Profile.from_json(value)
            total[side] = total[side] + one if side in total else one
    return total
