"""A report: each column held against its reference, and where it began."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import MonitoringError, did_you_mean
from jupyter_lifecycle.monitoring.profiles import ColumnProfile
from jupyter_lifecycle.monitoring.sentences import sentence_of
from jupyter_lifecycle.monitoring.verdicts import FeatureSkew, Limits

if TYPE_CHECKING:
    import pandas as pd

    from jupyter_lifecycle.monitoring.origins import Origin

VERSION = 1
_SMALL = 5
_ORDER = ("moved", "small", "noise", "few", "none")
_NUMBERS = ("bits", "low", "high", "floor", "limit", "l_infinity", "l_infinity_limit")


@dataclass(frozen=True, slots=True, eq=False)
class SkewReport(Mapping[str, FeatureSkew]):
    """What moved, by column, the farthest first; ``report["age"]`` is one of them.

    Parameters
    ----------
    features : tuple of FeatureSkew
        One a column that both sides have.
    rows : tuple of int
        Rows of the reference and of what was observed.
    limits : Limits
        From where on a column was called moved.
    origins : tuple of Origin
        Where it began, where the features' graph is known.
    only_reference, only_observed : tuple of str
        Columns that one side alone has.
    """

    features: tuple[FeatureSkew, ...]
    rows: tuple[int, int]
    limits: Limits
    origins: tuple[Origin, ...] = ()
    only_reference: tuple[str, ...] = ()
    only_observed: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> FeatureSkew:
        for one in self.features:
            if one.name == name:
                return one
        near = did_you_mean(name, self)
        raise MonitoringError(f"The report has no column {name}.{near}", column=name)

    def __iter__(self) -> Iterator[str]:
        return (one.name for one in self.features)

    def __len__(self) -> int:
        return len(self.features)

    def __contains__(self, name: object) -> bool:
        return any(one.name == name for one in self.features)

    @property
    def moved(self) -> tuple[str, ...]:
        """Columns that moved, the farthest first."""
        return tuple(one.name for one in self.features if one.verdict == "moved")

    @property
    def max(self) -> float:
        """Bits of the column that lies farthest, of those that are over their noise floor; else 0.

        A number that is safe to make a rule of: chance alone leaves it at 0.
        """
        return max(
            (one.bits for one in self.features if one.verdict in ("moved", "small")), default=0.0
        )

    @property
    def enough(self) -> bool:
        """Whether both sides have rows enough to say anything."""
        return min(self.rows) >= self.limits.rows

    @property
    def sentence(self) -> str:
        """The whole report in a sentence."""
        if not self.enough:
            side = "reference" if self.rows[0] < self.limits.rows else "observed"
            least = self.rows[side == "observed"]
            return (
                f"Not enough data: {least} {side} rows, nothing is said under {self.limits.rows}."
            )
        compared = [one for one in self.features if one.verdict in ("moved", "small", "noise")]
        if not self.moved:
            return f"None of {len(compared)} columns moved in {self.rows[1]:,} rows."
        names = ", ".join(self.moved[:5]) + (", …" if len(self.moved) > 5 else "")
        return (
            f"{len(self.moved)} of {len(compared)} columns moved in {self.rows[1]:,} rows: {names}."
        )

    @property
    def text(self) -> str:
        """All of it in words."""
        lines = [self.sentence, *(one.sentence for one in self.origins)]
        lines += [f"  {sentence_of(one)}" for one in self.features if one.verdict == "moved"]
        small = [one for one in self.features if one.verdict == "small"]
        lines += [f"  {sentence_of(one)}" for one in small[:_SMALL]]
        if len(small) > _SMALL:
            lines.append(f"  {len(small) - _SMALL} more moved a little, under the limits.")
        for names, side in ((self.only_reference, "reference"), (self.only_observed, "observed")):
            if names:
                lines.append(f"Only the {side} rows have {', '.join(names[:8])}.")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from jupyter_lifecycle.monitoring.picture import page_of

        return {"text/plain": self.text, "text/html": page_of(self)}

    def to_svg(self) -> str:
        """Give the static picture: each column's effect beside its floor and its limit."""
        from jupyter_lifecycle.monitoring.picture import picture_of

        return picture_of(self)

    def to_frame(self) -> pd.DataFrame:
        """Give a frame, one row a column, the farthest first."""
        import pandas as pd

        rows = [_flat(one) for one in self.features]
        return pd.DataFrame(rows, columns=_COLUMNS).set_index("name")

    def to_json(self) -> dict[str, Any]:
        """As JSON values: see docs/monitoring.md."""
        return {
            "version": VERSION,
            "rows": list(self.rows),
            "enough": self.enough,
            "moved": list(self.moved),
            "max": self.max,
            "sentence": self.sentence,
            "limits": {
                "bits": self.limits.bits,
                "l_infinity": self.limits.l_infinity,
                "false_discovery": self.limits.false_discovery,
                "rows": self.limits.rows,
                "by_feature": dict(self.limits.by_feature),
            },
            "origins": [one.to_json() | {"sentence": one.sentence} for one in self.origins],
            "only_reference": list(self.only_reference),
            "only_observed": list(self.only_observed),
            "features": [_feature_json(one) for one in self.features],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> SkewReport:
        """Give the report that :meth:`to_json` wrote.

        Raises
        ------
        MonitoringError
            Where it is not one, or of a later version.
        """
        from jupyter_lifecycle.monitoring.origins import Origin

        try:
            if value["version"] != VERSION:
                raise MonitoringError(
                    f"This report has the version {value['version']!r}, this package reads "
                    f"{VERSION}. Update jupyter_lifecycle."
                )
            origins = tuple(
                Origin(
                    one["name"],
                    tuple(one["chain"]),
                    tuple(one["moved"]),
                    one["cause"],
                    tuple(one["unseen"]),
                )
                for one in value["origins"]
            )
            return cls(
                tuple(_feature_from(one) for one in value["features"]),
                (int(value["rows"][0]), int(value["rows"][1])),
                Limits(**value["limits"]),
                origins,
                tuple(value["only_reference"]),
                tuple(value["only_observed"]),
            )
        except (LookupError, TypeError, ValueError, AttributeError) as problem:
            raise MonitoringError(f"A report is not readable: {problem}.") from problem


_COLUMNS = [
    "name",
    "verdict",
    "bits",
    "low",
    "high",
    "floor",
    "limit",
    "l_infinity",
    "psi",
    "hellinger",
    "kolmogorov_smirnov",
    "wasserstein",
    "p",
    "q",
    "reference_rows",
    "observed_rows",
    "reference_missing",
    "observed_missing",
    "kind",
    "sentence",
]


def _flat(one: FeatureSkew) -> dict[str, Any]:
    answer = {name: getattr(one, name) for name in ("name", *_NUMBERS, "p", "q", "kind")}
    for name in ("psi", "hellinger", "kolmogorov_smirnov", "wasserstein"):
        answer[name] = one.distances.get(name, math.nan)
    for side in ("reference", "observed"):
        profile: ColumnProfile = getattr(one, side)
        answer[f"{side}_rows"] = profile.rows
        answer[f"{side}_missing"] = profile.missing + profile.nan
    return answer | {"verdict": one.words, "sentence": sentence_of(one)}


def _feature_json(one: FeatureSkew) -> dict[str, Any]:
    return {
        "name": one.name,
        "kind": one.kind,
        "verdict": one.verdict,
        "words": one.words,
        "reason": one.reason,
        "sentence": sentence_of(one),
        **{name: getattr(one, name) for name in _NUMBERS},
        "distances": {
            name: value if math.isfinite(value) else None for name, value in one.distances.items()
        },
        "statistic": one.statistic,
        "dof": one.dof,
        "p": one.p,
        "q": one.q,
        "reference": one.reference.to_json(),
        "observed": one.observed.to_json(),
    }


def _feature_from(value: Mapping[str, Any]) -> FeatureSkew:
    return FeatureSkew(
        value["name"],
        ColumnProfile.from_json(value["reference"]),
        ColumnProfile.from_json(value["observed"]),
        value["verdict"],
        value["reason"],
        **{name: float(value[name]) for name in _NUMBERS},
        distances={
            name: math.nan if number is None else float(number)
            for name, number in value["distances"].items()
        },
        statistic=float(value["statistic"]),
        dof=int(value["dof"]),
        p=float(value["p"]),
        q=float(value["q"]),
    )


def in_order(features: tuple[FeatureSkew, ...]) -> tuple[FeatureSkew, ...]:
    """Give columns by verdict, the farthest first."""
    return tuple(sorted(features, key=lambda one: (_ORDER.index(one.verdict), -one.bits, one.name)))
