"""``jl.check``: whether each row is valid, before training, before a batch, in a data job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import InputError, ProfileError
from jupyter_lifecycle.monitoring.sides import expectations_of_side

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Violation:
    """One value, or one column, that is not as it should be.

    Parameters
    ----------
    column : str
        The column.
    position : int or None
        The row, counted from 0; None where the column as a whole is meant.
    label : object
        The row's index label; None where the column as a whole is meant.
    rule : str
        ``missing``, ``null``, ``type``, ``infinite``, ``category``, ``range``, ``null share``, or,
        where training merely did not show it, ``extra``, ``new null``, ``new range``,
        ``new category``.
    hard : bool
        Whether the service would refuse it, or somebody declared it.
    reason : str
        What is wrong, with the value.
    """

    column: str
    position: int | None
    label: Any
    rule: str
    hard: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Finding:
    """All violations of one rule in one column.

    Parameters
    ----------
    column, rule, hard
        As of a :class:`Violation`.
    positions : numpy.ndarray of int64 or None
        Rows, counted from 0; None where the column as a whole is meant.
    reasons : sequence of str
        One a row, or one for all.
    """

    column: str
    rule: str
    hard: bool
    positions: Any
    reasons: Sequence[str]

    @property
    def count(self) -> int:
        """Rows; 1 where the column as a whole is meant."""
        return 1 if self.positions is None else len(self.positions)

    @property
    def sentence(self) -> str:
        """What is wrong, how often, and where first."""
        if self.positions is None:
            end = "" if self.reasons[0].endswith("?") else "."
            return f"{self.column} {self.reasons[0]}{end}"
        more = f" ({self.count:,} rows)" if self.count > 1 else ""
        return f"{self.column}, row {int(self.positions[0])}: {self.reasons[0]}{more}."


class Check(Sequence[Violation]):
    """Every violation in a frame, hard ones first; ``check.ok`` where no hard one is there.

    Parameters
    ----------
    findings : sequence of Finding
        By column and rule.
    index : pandas.Index
        The rows' labels.
    """

    def __init__(self, findings: Sequence[Finding], index: Any) -> None:
        self.findings = tuple(sorted(findings, key=lambda one: not one.hard))
        self.rows = len(index)
        self._index = index

    @property
    def ok(self) -> bool:
        """Whether there is no hard violation."""
        return not any(one.hard for one in self.findings)

    @property
    def hard(self) -> list[Violation]:
        """What the service would refuse, or somebody declared."""
        return [one for one in self if one.hard]

    @property
    def soft(self) -> list[Violation]:
        """What training merely did not show."""
        return [one for one in self if not one.hard]

    def __len__(self) -> int:
        return sum(one.count for one in self.findings)

    def __iter__(self) -> Iterator[Violation]:
        for finding in self.findings:
            for place in range(finding.count):
                yield self._violation(finding, place)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return list(self)[place]
        at = place + len(self) if place < 0 else place
        for finding in self.findings:
            if 0 <= at < finding.count:
                return self._violation(finding, at)
            at -= finding.count
        raise IndexError(f"There are {len(self)} violations, none at {place}.")

    def _violation(self, finding: Finding, place: int) -> Violation:
        reason = finding.reasons[place if len(finding.reasons) > 1 else 0]
        at = None if finding.positions is None else int(finding.positions[place])
        label = None if at is None else self._index[at]
        return Violation(finding.column, at, label, finding.rule, finding.hard, reason)

    @property
    def text(self) -> str:
        """All of it in words, one line a column and rule."""
        hard = sum(one.count for one in self.findings if one.hard)
        head = f"{hard:,} hard and {len(self) - hard:,} soft violations in {self.rows:,} rows."
        if not self.findings:
            return f"No violation in {self.rows:,} rows."
        lines = [
            f"  {'hard' if one.hard else 'soft'}  {one.sentence}" for one in self.findings[:_SHOWN]
        ]
        more = len(self.findings) - _SHOWN
        return "\n".join([head, *lines, *([f"  and {more} more"] if more > 0 else [])])

    def __repr__(self) -> str:
        return self.text

    def to_frame(self) -> pd.DataFrame:
        """Give a frame, one row a violation."""
        import pandas as pd

        columns = ["column", "position", "label", "rule", "hard", "reason"]
        rows = [[getattr(one, name) for name in columns] for one in self]
        frame = pd.DataFrame(rows, columns=columns)
        return frame.astype({"position": "Int64", "hard": bool})

    def require(self) -> None:
        """Stop where there is a hard violation.

        Raises
        ------
        InputError
            ``detail["problems"]`` has the first hundred with ``path`` and ``reason``.
        """
        if self.ok:
            return
        from jupyter_lifecycle.envelope.problems import Problems, pointer

        problems = Problems()
        for one in self.hard:
            path = (one.column,) if one.position is None else (one.position, one.column)
            problems.add(pointer(*path), one.reason)
        first = next(one for one in self.findings if one.hard)
        raise InputError(
            f"The rows are not valid. {first.sentence} There are {problems.count:,} hard "
            "violations in all: check.to_frame() lists them.",
            problems=problems.kept,
            problem_count=problems.count,
        )


def check(frame: Any, against: Any) -> Check:
    """List every violation of what a model takes, with column, row position and label.

    Hard is what the service would refuse or somebody declared: a required column that is missing,
    a value of another type, a null where none may be, a category outside a closed domain, a range,
    categories or a share of nulls that were set by hand, an infinite number. What training merely
    did not show (a new range, a new category of an open domain, an extra column) is soft. A number
    without a fraction is an integer, so an integer column that pandas made float because of a
    missing value is read as integers.

    Parameters
    ----------
    frame : DataFrame, (n_rows, n_columns)
        Also any table that :func:`~jupyter_lifecycle.monitoring.sides.profile` takes, or a list of
        dicts.
    against : envelope, Contract or Expectations
        An envelope has a schema and expectations; of ``jl.expect(frame)`` alone the types and what
        was set by hand are hard.

    Returns
    -------
    Check
        ``.ok``, ``.hard``, ``.soft``, ``.to_frame()``, ``.require()``.

    Raises
    ------
    ProfileError
        Where the frame is no table, or ``against`` is no envelope and no expectations.

    Examples
    --------
    >>> import pandas as pd
    >>> import jupyter_lifecycle as jl
    >>> expected = jl.expect(pd.DataFrame({"age": [20.0, 64.0]}))
    >>> expected["age"].range = (0, 120)
    >>> check(pd.DataFrame({"age": [31.0, -4.0]}, index=["ann", "bob"]), expected)
    1 hard and 1 soft violations in 2 rows.
      hard  age, row 1: -4.0 is outside of the range 0 to 120.
      soft  age, row 1: -4.0 is outside of what training showed, 20.0 to 64.0.
    """
    from jupyter_lifecycle.monitoring.rules import findings_of

    found = expectations_of_side(against)
    if found is None:
        raise ProfileError(
            f"check takes an envelope or jl.expect(frame), got a {type(against).__qualname__}."
        )
    columns, index = _table(frame)
    return Check(findings_of(columns, len(index), *found), index)


def _table(frame: Any) -> tuple[dict[str, Any], Any]:
    import pandas as pd

    from jupyter_lifecycle.monitoring.sides import columns_of

    if isinstance(frame, list):
        frame = pd.DataFrame(frame)
    columns = columns_of(frame)
    first = next(iter(columns.values()), None)
    index = getattr(frame, "index", None) if first is None else first.index
    return columns, pd.RangeIndex(0) if index is None else index
