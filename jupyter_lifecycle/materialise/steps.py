"""Features in another process: what a worker does with one task of a plan."""

from __future__ import annotations

import pickle
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import ComputeError, FingerprintError
from jupyter_lifecycle.hashing import fingerprint
from jupyter_lifecycle.materialise.awaiting import Awaiter
from jupyter_lifecycle.materialise.carrying import Carried, carry
from jupyter_lifecycle.materialise.checking import remark_on
from jupyter_lifecycle.materialise.conformance import Conformance
from jupyter_lifecycle.materialise.failures import Argument, annotate, dropped_failure, own_lines
from jupyter_lifecycle.materialise.guard import Guard
from jupyter_lifecycle.materialise.measure import measure
from jupyter_lifecycle.materialise.sealing import sealed, unsealed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyter_lifecycle.cache import ColumnCache
    from jupyter_lifecycle.executors.engine import Tell
    from jupyter_lifecycle.graph import Feature
    from jupyter_lifecycle.graph.graph import TypeChecks
    from jupyter_lifecycle.hashing import Source
    from jupyter_lifecycle.materialise.keys import Node
    from jupyter_lifecycle.materialise.records import NodeReport

_KEPT = 4
"""Plans whose features a worker remembers: as many may run on it side by side."""


@dataclass(frozen=True, slots=True)
class Package:
    """All that workers need of one computation, but for its values; sent once."""

    nodes: Mapping[str, Node]
    type_checks: TypeChecks
    keys: Keys | None = None
    """None where nothing is hashed and nothing is kept."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What workers need to know of keys and of the cache."""

    cache: ColumnCache | None
    """None where workers have none."""
    scope: str
    cached: Mapping[str, bytes] = field(default_factory=dict)
    """Columns that are read from the cache, by key."""
    contents: Mapping[str, bytes] = field(default_factory=dict)
    """What is known of the content of sources and cached columns."""
    forgotten: frozenset[bytes] = frozenset()
    invalidated: frozenset[str] = frozenset()


@dataclass(slots=True)
class Column:
    """A feature's value where it was computed, and what its readers' keys need."""

    value: Any
    token: bytes | None = None
    content: bytes | None = None

    def __sizeof__(self) -> int:
        return 200 + (measure(self.value).bytes or 0)

    def __reduce__(self) -> tuple[Any, ...]:
        return _column, (sealed(self.value), self.token, self.content)


def _column(value: Any, token: bytes | None, content: bytes | None) -> Column:
    return Column(unsealed(value), token, content)


@dataclass(frozen=True, slots=True)
class StepFacts:
    """What became of one feature."""

    name: str
    remark: str
    keyed: KeyedFacts | None = None


@dataclass(frozen=True, slots=True)
class KeyedFacts:
    """What became of one feature where there are keys."""

    found: bool
    """Whether it was found, once its parents were known."""
    report: NodeReport
    key: bytes | None
    plain: bytes | None
    tokens: Mapping[str, bytes]
    content: bytes | None
    reason: str
    files: tuple[Source, ...]
    stored: bool
    """Whether it is in the workers' cache."""


@dataclass(frozen=True, slots=True)
class StepFailure:
    """A feature that raised on a worker."""

    name: str
    error: Carried
    arguments: tuple[Argument, ...]
    notes: tuple[str, ...]
    seconds: float
    identity: bytes | None


class StepError(Exception):
    """Carries a :class:`StepFailure` through an engine."""

    def __init__(self, payload: bytes) -> None:
        super().__init__(payload)
        self.payload = payload

    @property
    def failure(self) -> StepFailure:
        """What happened."""
        found = pickle.loads(self.payload)  # noqa: S301 - from our own worker
        assert isinstance(found, StepFailure)
        return found


class AbsentError(Exception):
    """A column that the plan reads from the cache is not in the worker's."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def slim(feature: Feature, *, typed: bool) -> Feature:
    """Return what workers need of a feature: neither its text nor its annotations.

    Parameters
    ----------
    feature : Feature
    typed : bool
        Whether values are compared with annotations.
    """
    if typed:
        return replace(feature, text="", tags={})
    return replace(feature, text="", tags={}, parameters=(), returns=None, definition=None)


def run_steps(
    tell: Tell, run: str, names: Sequence[str], code: Any, *values: Any
) -> tuple[Column, bytes]:
    """Compute the features of one task.

    Parameters
    ----------
    tell : callable
        Is told the name of each feature before it runs.
    run : str
        Identifies the computation.
    names : sequence of str
        The features, topological, a stroke, and what :obj:`values` are.
    code : buffer
        A :class:`Package` as bytes.
    *values
        Sources as they are, features as :class:`Column`.

    Returns
    -------
    Column
        Of the last feature.
    bytes
        A tuple of :class:`StepFacts`, pickled: engines need not understand it.

    Raises
    ------
    StepError
        If a feature raised.
    AbsentError
        If the cache does not have what the plan reads from it.
    """
    place = list(names).index("|")
    given = dict(zip(names[place + 1 :], map(unsealed, values), strict=True))
    package, own = opened(run, code), tuple(names[:place])
    if package.keys is not None:
        from jupyter_lifecycle.materialise.keyed_steps import run_keyed

        column, facts = run_keyed(tell, package, own, given)
    else:
        column, facts = _run_plain(tell, package, own, given)
    return column, pickle.dumps(facts, 5)


_packages: OrderedDict[str, Any] = OrderedDict()
_opening = threading.Lock()


def opened(run: str, code: Any) -> Any:
    """Return what a run sent, read once in each process."""
    with _opening:
        found = _packages.get(run)
        if found is None:
            try:
                found = pickle.loads(code)  # noqa: S301 - what the user's own session sent
            except Exception as error:
                raise ComputeError(
                    f"A worker cannot read the features ({type(error).__name__}: {error}). What "
                    "they import must be installed there in the same version as here."
                ) from error
            _packages[run] = found
            if len(_packages) > _KEPT:
                _packages.popitem(last=False)
        return found


def _run_plain(
    tell: Tell, package: Package, names: Sequence[str], given: Mapping[str, Any]
) -> tuple[Column, tuple[StepFacts, ...]]:
    values = {n: v.value if isinstance(v, Column) else v for n, v in given.items()}
    work = _Plain(package, values)
    try:
        for name in names:
            tell(name)
            work.step(package.nodes[name])
    finally:
        work.awaiter.close()
    return Column(values[names[-1]]), tuple(work.facts)


class _Plain:
    """The values of one task while it runs, without keys."""

    def __init__(self, package: Package, values: dict[str, Any]) -> None:
        self._values = values
        self._guard = Guard()
        self._conformance = Conformance(package.type_checks)
        self.awaiter = Awaiter()
        self.facts: list[StepFacts] = []

    def step(self, node: Node) -> None:
        feature = node.feature
        given = {each: self._guard(self._values[each]) for each in node.arguments}
        before = {n: _content_of(v) for n, v in given.items() if self._guard.is_open(v)}
        started = time.perf_counter()
        try:
            value = self.awaiter.finished(feature.function(**given))
            for each, content in before.items():
                _refuse_changed(node.name, each, given[each], content)
            remarks = [remark_on(feature, value)] if feature.checks else []
            if self._conformance.mode != "off":
                remarks.append(self._conformance.remark_on(feature, value))
        except Exception as error:  # noqa: BLE001 - the user's own, raised again where it is awaited
            annotate(error, feature, given, time.perf_counter() - started)
            raise failed(error, None) from None
        self._values[node.name] = value
        self.facts.append(StepFacts(node.name, "; ".join([each for each in remarks if each])))


def _refuse_changed(name: str, argument: str, value: Any, before: bytes | None) -> None:
    """Compare an open object (list, dict, set) with what it was before the call."""
    if before is not None and _content_of(value) != before:
        raise ComputeError(
            f"{name} changed its parameter {argument} (a {type(value).__name__}) in place, and "
            f"other readers of {argument} must not see that. Copy it first."
        )


def _content_of(value: Any) -> bytes | None:
    try:
        return fingerprint(value)
    except FingerprintError:
        return None


def failed(error: Exception, identity: bytes | None) -> Exception:
    """Pack the exception of a feature for the way home; another one is left as it is.

    Parameters
    ----------
    error : Exception
    identity : bytes or None
        Key of the column that it would have given.
    """
    failure = dropped_failure(error)
    if failure is None:
        return error
    error = error.with_traceback(own_lines(error.__traceback__))
    told = StepFailure(
        failure.feature.name,
        carry(error),
        failure.arguments,
        failure.notes,
        failure.seconds,
        identity,
    )
    return StepError(pickle.dumps(told, 5))
