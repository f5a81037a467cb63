"""What came of what was answered: logged by request, measured by window and envelope."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.deployment.outcome_metrics import Measured, measured
from jupyter_lifecycle.deployment.stretches import Since, floored, length_of, moment_of
from jupyter_lifecycle.errors import EndpointError, did_you_mean
from jupyter_lifecycle.registry.observations import Outcome

if TYPE_CHECKING:
    import pandas as pd

    from jupyter_lifecycle.registry import Registry


@dataclass(frozen=True, slots=True)
class Answered:
    """One answered request, as the service captured it."""

    envelope: str
    at: datetime
    answers: tuple[Any, ...]
    """One a row."""


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """One metric of one envelope in one window.

    Parameters
    ----------
    start : datetime
        Of the window: when the rows were answered, not when their outcome was known.
    envelope, metric : str
        Whose answers, and what was measured.
    rows : int
        Answers whose outcome is known.
    value, low, high : float
        With its interval of 95 %.
    at_save : float or None
        The same metric as it was logged with the envelope.
    """

    start: datetime
    envelope: str
    metric: str
    rows: int
    value: float
    low: float | None
    high: float | None
    at_save: float | None

    @property
    def is_off(self) -> bool:
        """Whether the metric at save lies outside of the interval."""
        if self.at_save is None or self.low is None or self.high is None:
            return False
        return not self.low <= self.at_save <= self.high


@dataclass(frozen=True, slots=True)
class OutcomeReport:
    """Metrics of an endpoint's answers, by window and envelope.

    Parameters
    ----------
    endpoint : str
        Its name.
    rows : tuple of OutcomeRow
        Oldest window first.
    logged : int
        Outcomes that were written just now.
    unknown : tuple of str
        Requests that nobody knows here: mistyped, of before the capture, or not in its sample.
    """

    endpoint: str
    rows: tuple[OutcomeRow, ...]
    logged: int = 0
    unknown: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say it in a few lines."""
        lines = [
            f"{row.start:%Y-%m-%d %H:%M}  {row.envelope[:10]}  {row.metric} {row.value:.4g}"
            f"{_interval(row)}, {row.rows} rows{_saved(row)}"
            for row in self.rows
        ]
        if self.unknown:
            lines.append(f"{len(self.unknown)} requests are not known: {self.unknown[0]}, …")
        return "\n".join(lines) or f"No outcome of {self.endpoint} is known yet."

    __repr__ = __str__

    def to_frame(self) -> pd.DataFrame:
        """Give a frame, one row a window, envelope and metric."""
        import pandas as pd

        names = list(OutcomeRow.__slots__)
        return pd.DataFrame(
            [[getattr(row, name) for name in names] for row in self.rows], columns=names
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        rows = [
            {
                name: value.isoformat() if isinstance(value, datetime) else value
                for name in OutcomeRow.__slots__
                for value in [getattr(row, name)]
            }
            | {"is_off": row.is_off}
            for row in self.rows
        ]
        return {
            "endpoint": self.endpoint,
            "rows": rows,
            "logged": self.logged,
            "unknown": list(self.unknown),
        }


def _interval(row: OutcomeRow) -> str:
    return "" if row.low is None else f" ({row.low:.4g} to {row.high:.4g})"


def _saved(row: OutcomeRow) -> str:
    return "" if row.at_save is None else f"; {row.at_save:.4g} at save"


def report_outcomes(
    registry: Registry, endpoint: str, since: Since, every: str | timedelta
) -> OutcomeReport:
    """Measure the answers of an endpoint whose outcome is known.

    Parameters
    ----------
    registry : Registry
        Has the outcomes, and the envelopes' metrics.
    endpoint : str
        Its name.
    since : str, datetime or timedelta
        How far back.
    every : str or timedelta
        How long a window is.
    """
    now = datetime.now(UTC)
    step = length_of(every)
    groups: dict[tuple[datetime, str], list[tuple[Any, Any]]] = {}
    for one in registry.outcomes(endpoint, moment_of(since, now)):
        if one.outcome is not None and one.prediction is not None:
            key = floored(one.at, step), one.envelope
            groups.setdefault(key, []).append((one.prediction, one.outcome))
    saved = {id_: _metrics_of(registry, id_) for id_ in {id_ for _, id_ in groups}}
    rows = [
        _row(start, id_, metric, len(pairs), found, saved[id_].get(metric))
        for (start, id_), pairs in sorted(groups.items())
        for metric, found in measured(pairs).items()
    ]
    return OutcomeReport(endpoint, tuple(rows))


def _row(
    start: datetime, id_: str, metric: str, rows: int, found: Measured, at_save: float | None
) -> OutcomeRow:
    return OutcomeRow(start, id_, metric, rows, found.value, found.low, found.high, at_save)


def _metrics_of(registry: Registry, id_: str) -> dict[str, float]:
    from jupyter_lifecycle.errors import NotFoundError

    try:
        metrics = registry.get(id_).metrics
    except NotFoundError:  # it was deleted meanwhile; its answers were given all the same
        return {}
    return {key.lower(): float(value) for key, value in metrics.items()}


def outcomes_of(
    endpoint: str, frame: Any, known: dict[str, Answered]
) -> tuple[list[Outcome], tuple[str, ...]]:
    """Read a frame of outcomes.

    Parameters
    ----------
    endpoint : str
        Its name.
    frame : DataFrame, (n_rows, n_columns)
        ``request_id`` and ``outcome``; ``row`` counts the rows of a request from 0, and is not
        needed where each request had one or they stand in its order. ``prediction``, with
        ``envelope`` and ``at``, say what was answered where no capture here does.
    known : dict
        Answered requests, by id.

    Returns
    -------
    (list of Outcome, tuple of str)
        What is to be written, and requests that nobody knows.

    Raises
    ------
    EndpointError
        Where a column is missing or a row is none of its request's.
    """
    records = _records(frame)
    found: list[Outcome] = []
    unknown: dict[str, None] = {}
    places: dict[str, int] = {}
    for record in records:
        request = str(record["request_id"])
        place = record.get("row")
        row = places.get(request, 0) if place is None else int(place)
        places[request] = row + 1
        answered = _answered(record, row, known.get(request))
        if answered is None:
            unknown[request] = None
            continue
        if row >= len(answered.answers) or row < 0:
            raise EndpointError(
                f"Request {request} had {len(answered.answers)} rows, and there is an outcome of "
                f"row {row}. Rows of a request are counted from 0."
            )
        found.append(
            Outcome(
                endpoint=endpoint,
                request=request,
                row=row,
                envelope=answered.envelope,
                at=answered.at,
                prediction=answered.answers[row],
                outcome=record["outcome"],
            )
        )
    return found, tuple(unknown)


def _records(frame: Any) -> list[dict[str, Any]]:
    if not hasattr(frame, "to_dict") or not hasattr(frame, "columns"):
        raise EndpointError("Outcomes are logged as a frame with request_id and outcome.")
    for name in ("request_id", "outcome"):
        if name not in frame.columns:
            near = did_you_mean(name, map(str, frame.columns))
            raise EndpointError(f"The frame of outcomes has no column {name}.{near}")
    columns = {str(name): _plain(frame[name]) for name in frame.columns}
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def _plain(column: Any) -> list[Any]:
    import pandas as pd

    missing = column.isna().tolist()
    values = column.tolist()
    plain = [
        value.to_pydatetime() if isinstance(value, pd.Timestamp) else value for value in values
    ]
    return [None if gone else value for gone, value in zip(missing, plain, strict=True)]


def _answered(record: dict[str, Any], row: int, known: Answered | None) -> Answered | None:
    if record.get("prediction") is None:
        return known
    at = record.get("at") or (known.at if known is not None else None)
    envelope = record.get("envelope") or (known.envelope if known is not None else None)
    if at is None or envelope is None:
        raise EndpointError(
            f"Request {record['request_id']} is not captured here, so its prediction needs the "
            "columns at, when it was answered, and envelope, the id of what answered."
        )
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return Answered(str(envelope), aware, (None,) * row + (record["prediction"],))


def captured(registry: Registry, endpoint: str, wanted: set[str]) -> dict[str, Answered]:
    """Look requests up in what the services of an endpoint captured on this machine."""
    from jupyter_lifecycle.deployment.deployer import default_folder
    from jupyter_lifecycle.deployment.place import Place
    from jupyter_lifecycle.deployment.service.capture import read_capture

    found: dict[str, Answered] = {}
    for folder in sorted((Place(default_folder(registry)).captures / endpoint).glob("*")):
        for one in read_capture(folder):
            if one.get("request") in wanted:
                at = datetime.fromtimestamp(one["at"], UTC)
                found[one["request"]] = Answered(one["envelope"], at, _rows(one["output"]))
    return found


def _rows(output: Any) -> tuple[Any, ...]:
    """Give the answers of a request, one a row; of several members the first is the prediction."""
    rows = output if isinstance(output, list) else [output]
    return tuple(next(iter(row.values()), None) if isinstance(row, dict) else row for row in rows)
