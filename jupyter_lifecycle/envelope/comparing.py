"""``jl.diff``: what differs between two envelopes, as values; nothing is loaded or run for it."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from jupyter_lifecycle.envelope.compatibility import Compatibility, SchemaDiff, compare_schemas
from jupyter_lifecycle.envelope.manifest import Manifest
from jupyter_lifecycle.errors import EnvelopeError, LifecycleError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jupyter_lifecycle.envelope.environment import Environment
    from jupyter_lifecycle.envelope.expectations import Expectation

Step = Literal["added", "removed", "major", "minor", "patch", "other"]


class Comparable(Protocol):
    """A saved envelope, or a bundle: what is compared."""

    @property
    def id(self) -> str:
        """40 hex digits."""
        ...

    @property
    def manifest(self) -> Any:
        """A :class:`Manifest`, or its JSON."""
        ...


@dataclass(frozen=True, slots=True)
class Compared:
    """Which envelope stands on one side."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class PackageChange:
    """A package that is there at one side only or at two versions.

    ``step`` is the first part of the version that differs: ``major``, ``minor``, ``patch``, or
    ``other`` (a label, a source).
    """

    name: str
    before: str | None
    after: str | None
    step: Step


@dataclass(frozen=True, slots=True)
class EnvironmentDiff:
    """How two environments differ; pairs are before and after, None where they are equal."""

    python: tuple[str, str] | None = None
    platform: tuple[str, str] | None = None
    packages: tuple[PackageChange, ...] = ()
    same: int = 0
    """Packages that are equal."""


@dataclass(frozen=True, slots=True)
class FeatureChange:
    """A feature behind the inputs that is new, gone or has other code."""

    name: str
    change: Literal["added", "removed", "changed"]
    diff: str
    """Unified diff of the source; empty where no source was at hand or a helper changed."""


@dataclass(frozen=True, slots=True)
class MetricChange:
    """A metric at both sides; None where it was not measured. Equal ones are listed too."""

    key: str
    before: float | None
    after: float | None

    @property
    def delta(self) -> float | None:
        """After minus before; None where one is missing."""
        if self.before is None or self.after is None:
            return None
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class TagDifference:
    """A tag that differs; None where it is not set."""

    key: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class ExpectationChange:
    """How the profile of one input differs: what, and in words before and after."""

    name: str
    what: str
    """``null share``, ``range``, ``categories`` or ``rows``."""
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class EnvelopeDiff:
    """All differences of two envelopes, from ``before`` to ``after``."""

    before: Compared
    after: Compared
    schema: SchemaDiff
    environment: EnvironmentDiff
    features: tuple[FeatureChange, ...] = ()
    metrics: tuple[MetricChange, ...] = ()
    tags: tuple[TagDifference, ...] = ()
    expectations: tuple[ExpectationChange, ...] = ()
    files: tuple[str, ...] = ()
    """Paths of files that differ or are at one side only."""

    @property
    def verdict(self) -> Compatibility:
        """Whether those who ask the one may ask the other: the schema's verdict."""
        return self.schema.verdict

    @property
    def text(self) -> str:
        """In words, a line a difference."""
        sides = [f"{one.name} {one.id[:10]}" for one in (self.before, self.after)]
        lines = [f"{' → '.join(sides)}: {self.verdict}"]
        lines += [f"  {line}" for line in self.schema.text.splitlines() if self.schema.changes]
        lines += [f"  feature {one.name} {one.change}" for one in self.features]
        for name in ("python", "platform"):
            pair = getattr(self.environment, name)
            lines += [f"  {name} {pair[0]} → {pair[1]}"] if pair else []
        lines += [
            f"  {one.name} {one.before or 'absent'} → {one.after or 'absent'} ({one.step})"
            for one in self.environment.packages
        ]
        lines += [
            f"  metric {one.key} {_figure(one.before)} → {_figure(one.after)}"
            for one in self.metrics
            if one.before != one.after
        ]
        lines += [f"  tag {one.key} {one.before} → {one.after}" for one in self.tags]
        lines += [
            f"  {one.name}: {one.what} {one.before} → {one.after}" for one in self.expectations
        ]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(self.text)


def diff(before: Comparable, after: Comparable) -> EnvelopeDiff:
    """Compare two envelopes; only metadata is read.

    Parameters
    ----------
    before, after : Envelope or Bundle
        From a registry, from :func:`jupyter_lifecycle.open`, or just built. Tags and metrics are
        compared where both have some.

    Returns
    -------
    EnvelopeDiff
        ``verdict`` says whether those who ask ``before`` may ask ``after`` instead.

    Raises
    ------
    EnvelopeError
        Where one is no envelope, or its manifest cannot be read.

    Examples
    --------
    >>> import jupyter_lifecycle as jl
    >>> old = jl.save(lambda a: a + 1, name="one-more", example={"a": 1})  # doctest: +SKIP
    >>> new = jl.save(lambda a: a + 1, name="one-more", example={"a": 1.5})  # doctest: +SKIP
    >>> jl.diff(old, new).verdict  # doctest: +SKIP
    'breaking'
    """
    old, new = _manifest(before), _manifest(after)
    return EnvelopeDiff(
        before=Compared(before.id, old.name),
        after=Compared(after.id, new.name),
        schema=compare_schemas(old.schema, new.schema),
        environment=compare_environments(old.environment, new.environment),
        features=_features(before, after, old, new),
        metrics=tuple(
            MetricChange(key, one, other) for key, one, other in _pairs(before, after, "metrics")
        ),
        tags=tuple(
            TagDifference(key, one, other)
            for key, one, other in _pairs(before, after, "tags")
            if one != other
        ),
        expectations=tuple(_expectations(old.expectations, new.expectations)),
        files=tuple(
            sorted(
                path
                for path in {*old.files, *new.files}
                if old.files.get(path) != new.files.get(path)
            )
        ),
    )


def _manifest(one: Comparable) -> Manifest:
    found = getattr(one, "manifest", None)
    if found is None:
        raise EnvelopeError(
            f"diff compares envelopes or bundles, got a {type(one).__qualname__}. "
            "registry.get(id) gives an envelope by its id."
        )
    return found if isinstance(found, Manifest) else Manifest.from_json(dict(found))


def _pairs(before: Any, after: Any, name: str) -> list[tuple[str, Any, Any]]:
    one: Mapping[str, Any] = getattr(before, name, {})
    other: Mapping[str, Any] = getattr(after, name, {})
    return [(key, one.get(key), other.get(key)) for key in sorted({*one, *other})]


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"


def compare_environments(before: Environment, after: Environment) -> EnvironmentDiff:
    """Compare interpreters, platforms and packages.

    Parameters
    ----------
    before, after : Environment
        Locks of two envelopes.
    """
    old = {one.name: one for one in before.packages}
    new = {one.name: one for one in after.packages}
    changes = []
    for name in sorted({*old, *new}):
        one, other = old.get(name), new.get(name)
        if one == other:
            continue
        was, now = one.version if one else None, other.version if other else None
        changes.append(PackageChange(name, was, now, _step(was, now)))
    return EnvironmentDiff(
        python=_pair(before.python, after.python),
        platform=_pair(before.platform, after.platform),
        packages=tuple(changes),
        same=len({*old, *new}) - len(changes),
    )


def _pair(before: str, after: str) -> tuple[str, str] | None:
    return None if before == after else (before, after)


def _step(before: str | None, after: str | None) -> Step:
    from packaging.version import InvalidVersion, Version

    if before is None or after is None:
        return "added" if before is None else "removed"
    try:
        releases = [(*Version(one).release, 0, 0)[:3] for one in (before, after)]
    except InvalidVersion:
        return "other"
    steps: tuple[Step, ...] = ("major", "minor", "patch")
    found = [step for step, one, other in zip(steps, *releases, strict=True) if one != other]
    return found[0] if found else "other"


def _features(
    before: Comparable, after: Comparable, old: Manifest, new: Manifest
) -> tuple[FeatureChange, ...]:
    if old.lineage.get("features") == new.lineage.get("features") and (
        _digest(old) == _digest(new)
    ):
        return ()
    one, other = _sources(before, old), _sources(after, new)
    changes = []
    for name in [*one, *(name for name in other if name not in one)]:
        was, now = one.get(name), other.get(name)
        if was is None or now is None:
            changes.append(FeatureChange(name, "removed" if was else "added", _text(was, now)))
        elif was.get("key", was["source"]) != now.get("key", now["source"]):
            changes.append(FeatureChange(name, "changed", _text(was, now)))
    return tuple(changes)


def _digest(manifest: Manifest) -> str:
    file = manifest.lineage.get("features", {}).get("file", "")
    entry = manifest.files.get(file)
    return entry.sha256 if entry else ""


def _sources(envelope: Any, manifest: Manifest) -> dict[str, dict[str, Any]]:
    file = manifest.lineage.get("features", {}).get("file", "")
    read: Callable[[str], bytes] | None = getattr(envelope, "read", None)
    if file not in manifest.files or read is None:
        return {}
    try:
        return {str(one["name"]): one for one in json.loads(read(file))["features"]}
    except (ValueError, KeyError, TypeError) as problem:
        raise LifecycleError(
            f"{file} of {envelope.id[:10]} cannot be read: {problem}."
        ) from problem


def _text(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
    one, other = (side["source"].splitlines() if side else [] for side in (before, after))
    lines = difflib.unified_diff(one, other, "before", "after", lineterm="", n=2)
    return "\n".join(lines)


def _expectations(
    before: Sequence[Expectation], after: Sequence[Expectation]
) -> list[ExpectationChange]:
    new = {one.name: one for one in after}
    changes = []
    for one in before:
        other = new.get(one.name)
        if other is None:
            continue
        for what, was, now in (
            ("null share", f"{one.null_share:.3g}", f"{other.null_share:.3g}"),
            ("range", _range(one), _range(other)),
            ("categories", _values(one), _values(other)),
        ):
            if was != now:
                changes.append(ExpectationChange(one.name, what, was, now))
    return changes


def _range(one: Expectation) -> str:
    if one.minimum is None:
        return "none"
    low, high = (
        f"{end:g}" if isinstance(end, float) else end for end in (one.minimum, one.maximum)
    )
    return f"{low} to {high}"


def _values(one: Expectation) -> str:
    values = sorted(str(value) for value, _ in one.categories)
    more = ", …" if len(values) > 8 else ""
    return ", ".join(values[:8]) + more
