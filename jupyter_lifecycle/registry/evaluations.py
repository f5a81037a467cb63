"""How a classifier did, as values: a confusion matrix, a ROC curve, a precision-recall curve.

They are made of numpy alone, and are one number to queries: accuracy, or the area.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from jupyter_lifecycle.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAX_POINTS = 1_000
"""Points of a curve that are kept; its area is that of all of them."""
MAX_LABELS = 1_000


@dataclass(frozen=True, slots=True)
class ConfusionMatrix:
    """How often each class was taken for each."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    """A row for each true class, in it a count for each answer."""

    @property
    def accuracy(self) -> float:
        """Share of right answers, 0 to 1."""
        total = sum(map(sum, self.counts))
        right = sum(row[place] for place, row in enumerate(self.counts))
        return right / total if total else 0.0

    def precision(self, label: str) -> float:
        """Share of right ones among the answers ``label``, 0 to 1; 0 where it never was one."""
        place = self._place(label)
        answered = sum(row[place] for row in self.counts)
        return self.counts[place][place] / answered if answered else 0.0

    def recall(self, label: str) -> float:
        """Share of right answers where ``label`` was true, 0 to 1; 0 where it never was."""
        place = self._place(label)
        true = sum(self.counts[place])
        return self.counts[place][place] / true if true else 0.0

    def _place(self, label: str) -> int:
        if label not in self.labels:
            raise InvalidValueError(
                f"The matrix has no class {label!r}; it has {', '.join(self.labels[:20])}."
            )
        return self.labels.index(label)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"labels": list(self.labels), "counts": [list(row) for row in self.counts]}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> ConfusionMatrix:
        """Read what :meth:`to_json` wrote."""
        return cls(tuple(found["labels"]), tuple(tuple(row) for row in found["counts"]))

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(label)}</th>" for label in self.labels)
        rows = "".join(
            f"<tr><th>{escape(label)}</th>{''.join(f'<td>{count:,}</td>' for count in row)}</tr>"
            for label, row in zip(self.labels, self.counts, strict=True)
        )
        return f"<table><tr><th>true \\ answer</th>{head}</tr>{rows}</table>"


@dataclass(frozen=True, slots=True)
class Curve:
    """A ROC or precision-recall curve."""

    kind: Literal["roc", "pr"]
    x: tuple[float, ...]
    """False positive rate, or recall; 0 to 1, rising."""
    y: tuple[float, ...]
    """True positive rate, or precision; 0 to 1."""
    thresholds: tuple[float | None, ...]
    """The score from which on a row counts as positive at that point; None above all scores."""
    area: float
    """Under the curve of all rows; of precision and recall the average precision."""

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "kind": self.kind,
            "x": list(self.x),
            "y": list(self.y),
            "thresholds": list(self.thresholds),
            "area": self.area,
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Curve:
        """Read what :meth:`to_json` wrote."""
        x, y, thresholds = (tuple(found[name]) for name in ("x", "y", "thresholds"))
        return cls(found["kind"], x, y, thresholds, found["area"])

    def __repr__(self) -> str:
        return f"<{self.kind.upper()} curve, area {self.area:.4f}, {len(self.x)} points>"


def confusion_matrix(
    truth: Iterable[Any], answers: Iterable[Any], labels: Sequence[Any] | None = None
) -> ConfusionMatrix:
    """Count how often each class was taken for each.

    Parameters
    ----------
    truth, answers : (n_rows,)
        Classes: texts, numbers or booleans.
    labels : sequence, optional
        The classes in the order wanted; those that came up, sorted, by default.

    Returns
    -------
    ConfusionMatrix

    Raises
    ------
    InvalidValueError
        They differ in length, or a class is none of ``labels``.

    Examples
    --------
    >>> confusion_matrix(["a", "a", "b"], ["a", "b", "b"]).counts
    ((1, 1), (0, 1))
    """
    import numpy as np

    true, said = _plain(truth), _plain(answers)
    if len(true) != len(said):
        raise InvalidValueError(f"There are {len(true)} true classes and {len(said)} answers.")
    wanted = list(
        dict.fromkeys(labels if labels is not None else sorted({*true, *said}, key=_order))
    )
    if len(wanted) > MAX_LABELS:
        raise InvalidValueError(f"A confusion matrix has at most {MAX_LABELS:,} classes.")
    places = {label: place for place, label in enumerate(wanted)}
    other = next((one for one in (*true, *said) if one not in places), None)
    if other is not None:
        raise InvalidValueError(f"The class {other!r} came up and is none of the labels.")
    counts = np.zeros((len(wanted), len(wanted)), dtype=np.int64)
    np.add.at(counts, ([places[one] for one in true], [places[one] for one in said]), 1)
    return ConfusionMatrix(tuple(map(str, wanted)), tuple(map(tuple, counts.tolist())))


def roc_curve(truth: Iterable[Any], scores: Iterable[float]) -> Curve:
    """Make the ROC curve of scores: true against false positive rate, over all thresholds.

    Parameters
    ----------
    truth : (n_rows,)
        0 and 1, or booleans; both come up.
    scores : (n_rows,) float
        Higher for what is more likely positive.

    Returns
    -------
    Curve
        Its area is the share of pairs of a positive and a negative that the scores order
        rightly, ties half (Fawcett 2006, An introduction to ROC analysis).

    Raises
    ------
    InvalidValueError
        A truth is neither 0 nor 1, only one of both comes up, or a score is not finite.
    """
    import numpy as np

    hits, misses, thresholds = _cumulated(truth, scores)
    x = np.concatenate([[0.0], misses / misses[-1]])
    y = np.concatenate([[0.0], hits / hits[-1]])
    area = float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))
    return _curve("roc", x, y, [None, *thresholds.tolist()], area)


def pr_curve(truth: Iterable[Any], scores: Iterable[float]) -> Curve:
    """Make the precision-recall curve of scores, over all thresholds.

    Parameters
    ----------
    truth, scores
        As for :func:`roc_curve`.

    Returns
    -------
    Curve
        Its area is the average precision: the sum of precision times what recall gained.

    Raises
    ------
    InvalidValueError
        As for :func:`roc_curve`.
    """
    import numpy as np

    hits, misses, thresholds = _cumulated(truth, scores)
    precision, recall = hits / (hits + misses), hits / hits[-1]
    area = float(np.sum(np.diff(recall, prepend=0.0) * precision))
    x, y = np.concatenate([[0.0], recall]), np.concatenate([[1.0], precision])
    return _curve("pr", x, y, [None, *thresholds.tolist()], area)


def _cumulated(truth: Iterable[Any], scores: Iterable[float]) -> tuple[Any, Any, Any]:
    """Positives and negatives at or above each score, the highest first."""
    import numpy as np

    true = np.asarray(truth if hasattr(truth, "__len__") else list(truth))
    score = np.asarray(scores if hasattr(scores, "__len__") else list(scores), dtype=float)
    if true.ndim != 1 or true.shape != score.shape:
        raise InvalidValueError(f"Truth and scores differ in shape: {true.shape}, {score.shape}.")
    if not np.isfinite(score).all():
        raise InvalidValueError("A score is not finite; look for rows that were not scored.")
    known = np.isin(true, [0, 1])
    if not known.all():
        other = true[~known][0]
        raise InvalidValueError(f"The truth has {other!r}; it is 0 or 1, or a boolean.")
    positive = true.astype(bool)
    if positive.all() or not positive.any():
        raise InvalidValueError("The truth has one class only; a curve needs positives and others.")
    order = np.argsort(-score, kind="stable")
    score, positive = score[order], positive[order]
    ends = np.flatnonzero(np.append(np.diff(score) != 0, True))
    hits = np.cumsum(positive)[ends]
    return hits, ends + 1 - hits, score[ends]


def _curve(
    kind: Literal["roc", "pr"], x: Any, y: Any, thresholds: list[float | None], area: float
) -> Curve:
    import numpy as np

    # What lies on a straight line between its neighbours says nothing.
    across, up = np.diff(x), np.diff(y)
    bends = np.abs(across[1:] * up[:-1] - across[:-1] * up[1:]) > 1e-15
    kept = np.flatnonzero(np.concatenate([[True], bends, [True]]))
    if len(kept) > MAX_POINTS:
        kept = kept[np.linspace(0, len(kept) - 1, MAX_POINTS).round().astype(int)]
    chosen = tuple(thresholds[place] for place in kept.tolist())
    return Curve(kind, tuple(x[kept].tolist()), tuple(y[kept].tolist()), chosen, area)


def _plain(values: Iterable[Any]) -> list[Any]:
    return values.tolist() if hasattr(values, "tolist") else list(values)


def _order(label: Any) -> tuple[str, Any]:
    """Numbers by size, texts by letters, both together without an error."""
    if isinstance(label, (bool, int, float)):
        return "", label
    return type(label).__name__, str(label)
