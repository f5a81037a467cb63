"""Every error that the package raises, as one tree.

::

    LifecycleError
    ├── GraphError
    │   ├── FeatureDefinitionError      a function that cannot be a feature
    │   ├── DuplicateFeatureError       two features of one name
    │   ├── CycleError                  a feature that needs itself
    │   ├── AnnotationError             a feature gives what its reader does not take
    │   ├── SelectionError              a selection that does not parse, with its position
    │   └── UnboundError                a target or parameter that nothing defines
    ├── ComputeError
    │   ├── ResultError                 the values do not fit the result that was asked for
    │   └── EngineError                 a cluster that cannot be reached, or lost its workers
    ├── FingerprintError                a value or code that cannot be fingerprinted
    ├── CacheError                      the column cache cannot be used as asked
    ├── EnvelopeError
    │   ├── SchemaError                 no schema can be made or it was not seen to work
    │   ├── ExampleError                the model cannot score its example
    │   ├── StorageFormatError          an object that no format can store
    │   ├── IntegrityError              a file that is not what its digest says
    │   ├── TrustError                  code that nobody said may run
    │   └── InputError                  rows that the schema refuses
    ├── RegistryError
    │   ├── QueryError                  a query that does not parse, with its position
    │   ├── NotFoundError               no such envelope, rule or endpoint
    │   ├── InvalidValueError           a name, tag or metric that the registry does not take
    │   ├── ConflictError               somebody else changed it meanwhile
    │   ├── TooLargeError               more than the server takes
    │   ├── AuthenticationError         no token, or one that is not known
    │   ├── ForbiddenError              a token without the scope
    │   ├── RateLimitError              more requests than the token may make
    │   └── RegistryUnavailableError    the registry does not answer
    ├── MonitoringError
    │   ├── ProfileError                profiles that cannot be made, read or added up
    │   └── DistanceError               two distributions that have no distance
    ├── DeploymentError
    │   ├── RuleError                   a rule that cannot be
    │   ├── EndpointError               an endpoint that does not serve
    │   ├── BuildError                  an environment that cannot be built
    │   ├── BatchError                  a batch that cannot be done as asked
    │   └── TrainingError               a notebook or script that cannot be run, or failed
    ├── ExperimentError
    │   ├── AssignmentError             a unit, weights or a share that nothing can be assigned by
    │   ├── OverlapError                slots or a parameter that another experiment has
    │   ├── RunningError                a change that would move units of a running experiment
    │   └── AnalysisError               numbers that cannot be analysed as asked
    └── MissingExtraError               an optional package that is not installed

A feature's own exception is never wrapped: it is raised again with notes.
Over HTTP every error has one shape, ``{"error": {"code", "message", "detail"}}``;
:func:`from_wire` raises the same class that the server meant.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class LifecycleError(Exception):
    """Base of all errors of the package.

    Parameters
    ----------
    message : str
        What happened, where, why, and what to do next.
    **detail
        JSON-ready facts for programs: names, positions, paths.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    def __init__(self, message: str, **detail: Any) -> None:
        super().__init__(message)
        self.message = message
        self.detail: dict[str, Any] = detail

    def to_wire(self) -> dict[str, Any]:
        """Give the one JSON shape of errors over HTTP."""
        return {"error": {"code": self.code, "message": self.message, "detail": self.detail}}


class GraphError(LifecycleError):
    """The feature graph would not be valid."""

    code = "graph"
    status = 422


class FeatureDefinitionError(GraphError):
    """A function that cannot be a feature."""

    code = "feature_definition"


class DuplicateFeatureError(GraphError):
    """Two features of one name."""

    code = "duplicate_feature"


class CycleError(GraphError):
    """A feature that needs itself; ``detail["path"]`` is the whole cycle."""

    code = "cycle"


class AnnotationError(GraphError):
    """A feature gives a type that its reader does not take."""

    code = "annotation"


class SelectionError(GraphError):
    """A selection that does not parse or names what is not there.

    ``detail`` has ``position``, counted in characters from 0, ``length``, and ``suggestion``: what
    was probably meant in its place, or an empty string.
    """

    code = "selection"
    status = 400


class UnboundError(GraphError):
    """A target or parameter that no feature and no input defines."""

    code = "unbound"


class ComputeError(LifecycleError):
    """A computation that cannot be done as asked."""

    code = "compute"
    status = 422


class ResultError(ComputeError):
    """The values do not fit the result that was asked for."""

    code = "result"


class EngineError(ComputeError):
    """A cluster that cannot be reached, or that lost its workers again and again."""

    code = "engine"
    status = 503


class FingerprintError(LifecycleError):
    """A value or code that cannot be fingerprinted; refused, never guessed."""

    code = "fingerprint"
    status = 422


class CacheError(LifecycleError):
    """The column cache cannot be used as asked."""

    code = "cache"


class EnvelopeError(LifecycleError):
    """An envelope that cannot be made, read or used."""

    code = "envelope"
    status = 422


class SchemaError(EnvelopeError):
    """No schema can be made, or it was not seen to work."""

    code = "schema"


class ExampleError(EnvelopeError):
    """The model cannot score its example."""

    code = "example"


class StorageFormatError(EnvelopeError):
    """An object that no format can store; ``detail["path"]`` leads to it."""

    code = "storage_format"


class IntegrityError(EnvelopeError):
    """A file that is not what its digest says."""

    code = "integrity"


class TrustError(EnvelopeError):
    """Code that nobody said may run."""

    code = "trust"
    status = 403


class InputError(EnvelopeError):
    """Rows that the schema refuses; ``detail["problems"]`` lists path and reason."""

    code = "input"
    status = 400


class RegistryError(LifecycleError):
    """The registry refused or failed."""

    code = "registry"


class QueryError(RegistryError):
    """A query that does not parse; ``detail["position"]`` counts characters from 0."""

    code = "query"
    status = 400


class NotFoundError(RegistryError):
    """No such envelope, rule or endpoint."""

    code = "not_found"
    status = 404


class InvalidValueError(RegistryError):
    """A name, tag or metric that the registry does not take."""

    code = "invalid_value"
    status = 422


class ConflictError(RegistryError):
    """Somebody else changed it meanwhile."""

    code = "conflict"
    status = 409


class TooLargeError(RegistryError):
    """More than the server takes."""

    code = "too_large"
    status = 413


class AuthenticationError(RegistryError):
    """No token, or one that the server does not know."""

    code = "authentication"
    status = 401


class ForbiddenError(RegistryError):
    """A token without the scope."""

    code = "forbidden"
    status = 403


class RateLimitError(RegistryError):
    """More requests than the token may make."""

    code = "rate_limit"
    status = 429


class RegistryUnavailableError(RegistryError):
    """The registry does not answer."""

    code = "registry_unavailable"
    status = 503


class MonitoringError(LifecycleError):
    """Distributions that cannot be compared as asked."""

    code = "monitoring"
    status = 422


class ProfileError(MonitoringError):
    """Profiles that cannot be made, read or added up."""

    code = "profile"


class DistanceError(MonitoringError):
    """Two distributions that have no distance, such as an empty one."""

    code = "distance"


class DeploymentError(LifecycleError):
    """A deployment that cannot be done as asked."""

    code = "deployment"


class RuleError(DeploymentError):
    """A rule that cannot be."""

    code = "rule"
    status = 422


class EndpointError(DeploymentError):
    """An endpoint that does not serve."""

    code = "endpoint"
    status = 503


class BuildError(DeploymentError):
    """An environment that cannot be built."""

    code = "build"


class BatchError(DeploymentError):
    """A batch that cannot be done as asked."""

    code = "batch"


class ExperimentError(LifecycleError):
    """An experiment that cannot be, or cannot be done as asked."""

    code = "experiment"
    status = 422


class AssignmentError(ExperimentError):
    """A unit, weights or a share that nothing can be assigned by."""

    code = "assignment"


class OverlapError(ExperimentError):
    """Slots or a parameter that another experiment has; ``detail`` names both."""

    code = "overlap"
    status = 409


class RunningError(ExperimentError):
    """A change that would move units of a running experiment."""

    code = "running"
    status = 409


class AnalysisError(ExperimentError):
    """Numbers that cannot be analysed as asked."""

    code = "analysis"


class TrainingError(DeploymentError):
    """A notebook or script that cannot be run, or failed."""

    code = "training"


class MissingExtraError(LifecycleError):
    """An optional package that is not installed; the message has the line that brings it."""

    code = "missing_extra"


def _tree(base: type[LifecycleError]) -> dict[str, type[LifecycleError]]:
    known = {base.code: base}
    for child in base.__subclasses__():
        known |= _tree(child)
    return known


def from_wire(payload: Mapping[str, Any], *, status: int = 500) -> LifecycleError:
    """Give the error that a server meant.

    Parameters
    ----------
    payload : Mapping
        The decoded body, ``{"error": {"code", "message", "detail"}}``.
    status : int
        The HTTP status, for a body that is not of that shape.

    Returns
    -------
    LifecycleError
        Of the class that has the code; :class:`RegistryError` where none has.
    """
    error = payload.get("error") if isinstance(payload, dict) else None
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return RegistryError(f"The server answered {status} in a form that is not ours.")
    kind = _tree(LifecycleError).get(str(error.get("code")), RegistryError)
    detail = error.get("detail")
    return kind(error["message"], **(detail if isinstance(detail, dict) else {}))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`` Did you mean alpha?`` for a near miss, else an empty string."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean {near[0]}?" if near else ""
