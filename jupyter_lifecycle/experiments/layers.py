"""Layers, experiments and their arms: frozen values with a JSON form of their own version."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from jupyter_lifecycle.errors import AssignmentError, ExperimentError, did_you_mean
from jupyter_lifecycle.experiments.assignment import BUCKETS, bucket_ranges
from jupyter_lifecycle.experiments.metrics import Metric

FORM = 1
"""Version of the JSON forms here."""

Slots = tuple[tuple[int, int], ...]
"""Ranges of slots, from (included) to (excluded), in order and apart from each other."""

Status = Literal["draft", "running", "stopped"]


def new_seed() -> str:
    """Give a seed that nobody used before: 16 hexadecimal digits."""
    return secrets.token_hex(8)


@dataclass(frozen=True)
class Layer:
    """One deal of all units into 10,000 slots; its experiments exclude each other.

    Parameters
    ----------
    name : str
        What people call it.
    unit : str
        The attribute of a request that says who or what is assigned, like ``customer_id``.
    seed : str
        Another seed deals anew, independently of this layer.
    version : int
        Of the hash: 2, or 1 for those who come from GrowthBook's first; under version 1 two layers
        are not independent.
    holdout : int
        How many slots, the last ones, no experiment of this layer may take.

    Raises
    ------
    ExperimentError
        Something of it is empty or out of its range.
    """

    name: str
    unit: str
    seed: str
    version: int = 2
    holdout: int = 0

    def __post_init__(self) -> None:
        _named("layer", self.name)
        if not self.unit or not self.seed:
            raise ExperimentError(
                f"Layer {self.name!r} needs the attribute that is its unit and a seed.",
                layer=self.name,
            )
        if self.version not in {1, 2}:
            raise AssignmentError(
                f"Layer {self.name!r}: hash version {self.version!r} is not known: there are 1"
                " and 2.",
                layer=self.name,
            )
        if not 0 <= self.holdout < BUCKETS:
            raise AssignmentError(
                f"Layer {self.name!r} holds back {self.holdout} slots of {BUCKETS:,}: give a number"
                " from 0 to 9,999.",
                layer=self.name,
            )

    def to_json(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {"form": FORM, **_plain(self)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Layer:
        """Read the JSON form; what is unknown or newer is refused, never dropped."""
        return cls(**_known(cls, value))


@dataclass(frozen=True)
class Holdout:
    """Units that no experiment of any layer may touch.

    Parameters
    ----------
    name, unit, seed : str
        As a layer's.
    share : float
        The part of all units that is held back, between 0 and 1.
    """

    name: str
    unit: str
    seed: str
    share: float

    def __post_init__(self) -> None:
        _named("holdout", self.name)
        if not self.unit or not self.seed or not 0 < self.share < 1:
            raise ExperimentError(
                f"Holdout {self.name!r} needs a unit, a seed and a share between 0 and 1"
                f" (it has {self.unit!r}, {self.seed!r} and {self.share!r}).",
                holdout=self.name,
            )

    def to_json(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {"form": FORM, **_plain(self)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Holdout:
        """Read the JSON form."""
        return cls(**_known(cls, value))


@dataclass(frozen=True)
class Arm:
    """What a part of an experiment's units gets.

    Parameters
    ----------
    name : str
        Like ``control``.
    weight : float
        Its part of the experiment's units; an experiment's weights add up to 1.
    query : str, optional
        What people asked for; the newest match at the start is what stays.
    envelope : str, optional
        The id that was pinned at the start.
    values : mapping
        Values of parameters that this arm sets, JSON-ready.
    """

    name: str
    weight: float
    query: str | None = None
    envelope: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _named("arm", self.name)
        if not 0 < self.weight <= 1:
            raise AssignmentError(
                f"Arm {self.name!r} has weight {self.weight!r}: it must be over 0 and at most 1.",
                arm=self.name,
            )

    def to_json(self) -> dict[str, Any]:
        """Give the JSON form."""
        return _plain(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Arm:
        """Read the JSON form."""
        return cls(**_known(cls, value))


@dataclass(frozen=True)
class Experiment:
    """A split of some of a layer's slots between arms.

    Parameters
    ----------
    name : str
        Unique among all experiments, also those that ended.
    layer : str
        The layer whose slots it takes.
    arms : sequence of Arm
        Two or more; their weights add up to 1.
    seed : str
        Deals the arms; another one than the layer's.
    endpoint : str, optional
        Whose envelope the arms are.
    slots : ranges
        The layer's slots that it holds, ``((start, end), …)``.
    coverage : float
        The part of its slots' units that is exposed, over 0 and at most 1.
    targeting : str, optional
        A condition over the request's attributes; others are not in the experiment.
    status : str
        ``draft`` (with slots: planned), ``running`` or ``stopped``.
    metrics : sequence of Metric
        What it is judged by.
    started, ended : str, optional
        ISO 8601 in UTC.
    description : str
        Why it is made.

    Raises
    ------
    AssignmentError
        Weights, coverage or slots that do not add up.
    ExperimentError
        Names that are empty or twice there.
    """

    name: str
    layer: str
    arms: tuple[Arm, ...]
    seed: str
    endpoint: str | None = None
    slots: Slots = ()
    coverage: float = 1.0
    targeting: str | None = None
    status: Status = "draft"
    metrics: tuple[Metric, ...] = ()
    started: str | None = None
    ended: str | None = None
    description: str = ""

    def __post_init__(self) -> None:
        _named("experiment", self.name)
        object.__setattr__(self, "arms", tuple(self.arms))
        object.__setattr__(self, "metrics", tuple(self.metrics))
        object.__setattr__(self, "slots", _ordered(self.name, self.slots))
        if self.status not in {"draft", "running", "stopped"}:
            raise ExperimentError(
                f"Experiment {self.name!r} cannot be {self.status!r}: it is draft, running or"
                " stopped.",
                experiment=self.name,
            )
        if not self.layer or not self.seed:
            raise ExperimentError(
                f"Experiment {self.name!r} needs a layer and a seed of its own.",
                experiment=self.name,
            )
        self._check_arms()
        if not 0 < self.coverage <= 1:
            raise AssignmentError(
                f"Experiment {self.name!r} has coverage {self.coverage!r}: it must be over 0 and at"
                " most 1. To expose nobody, stop it.",
                experiment=self.name,
            )

    def _check_arms(self) -> None:
        names = [arm.name for arm in self.arms]
        if len(names) < 2 or len(set(names)) < len(names):
            raise ExperimentError(
                f"Experiment {self.name!r} needs two or more arms with names of their own; it has"
                f" {', '.join(names) or 'none'}.",
                experiment=self.name,
                arms=names,
            )
        total = sum(arm.weight for arm in self.arms)
        if abs(total - 1) > 1e-6:
            raise AssignmentError(
                f"Experiment {self.name!r}: the weights of its arms"
                f" ({', '.join(f'{arm.name} {arm.weight:g}' for arm in self.arms)}) add up to"
                f" {total:g}, not to 1.",
                experiment=self.name,
                arms=names,
            )

    @property
    def ranges(self) -> list[tuple[float, float]]:
        """Each arm's range of places, at the present coverage."""
        return bucket_ranges(len(self.arms), self.coverage, [arm.weight for arm in self.arms])

    @property
    def reserved(self) -> float:
        """The part of all units whose slots it holds."""
        return sum(end - start for start, end in self.slots) / BUCKETS

    @property
    def share(self) -> float:
        """The part of all units that it exposes, targeting not counted."""
        return self.reserved * self.coverage

    @property
    def decides(self) -> frozenset[str]:
        """What it decides: ``endpoint NAME`` where arms are envelopes, and parameters' names."""
        chosen = {f"endpoint {self.endpoint}"} if self.endpoint else set()
        return frozenset(chosen.union(*(arm.values for arm in self.arms)))

    def arm(self, name: str) -> Arm:
        """Give the arm of that name.

        Raises
        ------
        ExperimentError
            There is none.
        """
        for arm in self.arms:
            if arm.name == name:
                return arm
        names = [arm.name for arm in self.arms]
        raise ExperimentError(
            f"Experiment {self.name!r} has no arm {name!r}: there are {', '.join(names)}."
            + did_you_mean(name, names),
            experiment=self.name,
            arm=name,
        )

    def pinned(self, envelopes: Mapping[str, str]) -> Experiment:
        """Give the same experiment with these envelopes' ids as its arms, by the arms' names."""
        return replace(
            self,
            arms=tuple(
                replace(arm, envelope=envelopes.get(arm.name, arm.envelope)) for arm in self.arms
            ),
        )

    def to_json(self) -> dict[str, Any]:
        """Give the JSON form."""
        plain = _plain(self)
        plain["arms"] = [arm.to_json() for arm in self.arms]
        plain["metrics"] = [metric.to_json() for metric in self.metrics]
        plain["slots"] = [list(slots) for slots in self.slots]
        return {"form": FORM, **plain}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Experiment:
        """Read the JSON form; what is unknown or newer is refused, never dropped."""
        found = _known(cls, value)
        found["arms"] = tuple(Arm.from_json(arm) for arm in found.get("arms", ()))
        found["metrics"] = tuple(Metric.from_json(metric) for metric in found.get("metrics", ()))
        found["slots"] = tuple((start, end) for start, end in found.get("slots", ()))
        return cls(**found)


def _named(what: str, name: Any) -> None:
    if not isinstance(name, str) or not name.strip() or len(name) > 200 or not name.isprintable():
        raise ExperimentError(
            f"{name!r} is no name for {'an' if what[0] in 'ae' else 'a'} {what}: give 1 to 200"
            " printable characters.",
            name=str(name)[:200],
        )


def _ordered(name: str, slots: Sequence[Sequence[int]]) -> Slots:
    """Ranges in order, joined where they touch."""
    found: list[tuple[int, int]] = []
    for start, end in sorted((int(start), int(end)) for start, end in slots):
        if not 0 <= start < end <= BUCKETS or (found and start < found[-1][1]):
            raise AssignmentError(
                f"Experiment {name!r}: slots {start} to {end} are not a range of 0 to {BUCKETS:,}"
                " apart"
                " from its other ones.",
                experiment=name,
                slots=[list(pair) for pair in slots],
            )
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return tuple(found)


def _plain(value: Any) -> dict[str, Any]:
    found = {part.name: getattr(value, part.name) for part in fields(value)}
    return {name: dict(part) if isinstance(part, Mapping) else part for name, part in found.items()}


def _known(kind: Any, value: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(value)
    form = found.pop("form", FORM)
    names = [part.name for part in fields(kind)]
    odd = sorted(set(found) - set(names))
    if form != FORM or odd:
        what = f"field {odd[0]!r}" if odd else f"form {form!r}"
        raise ExperimentError(
            f"{what} of {kind.__name__.lower()} {found.get('name')!r} is not known here: a newer"
            " version of jupyter_lifecycle may have written it."
            + (did_you_mean(odd[0], names) if odd else ""),
            name=found.get("name"),
        )
    return found
