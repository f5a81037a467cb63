"""Conditions on what a feature gives, as a modifier."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, get_args

from jupyter_lifecycle.errors import FeatureDefinitionError, did_you_mean
from jupyter_lifecycle.graph.checks import Check, Importance
from jupyter_lifecycle.graph.modifiers.stages import Decorator, Made, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lifecycle.graph.feature import Feature

KINDS = (
    "range",
    "values_in",
    "categories",
    "data_type",
    "allow_nans",
    "allow_nones",
    "max_fraction_nans",
    "mean",
    "standard_dev",
    "length",
    "unique",
    "schema",
)
"""What :func:`check_output` knows by name."""


@dataclass(frozen=True, slots=True)
class CheckOutput:
    """Conditions on some of the features."""

    checks: tuple[Check, ...]
    target: Any
    stage: ClassVar[Stage] = Stage.TRANSFORM

    def apply(self, made: Made) -> Made:
        """Add the conditions."""
        return made.changed(made.chosen(self.target, "check_output"), self._checked)

    def _checked(self, feature: Feature) -> Feature:
        return replace(feature, checks=(*feature.checks, *self.checks))


def check_output(
    *, importance: Importance = "warn", target_: Any = None, **conditions: Any
) -> Decorator:
    """Check what a function gives, each time it is computed.

    Parameters
    ----------
    importance : {"warn", "fail"}
        ``warn`` notes on the node what does not hold, ``fail`` raises.
    target_ : str, sequence of str or ..., optional
        Which of the function's features; its outputs where not given.
    **conditions
        ``range=(low, high)``, either may be None; ``values_in=[…]`` or ``categories=[…]``;
        ``data_type=`` a class or a dtype's name; ``allow_nans=False``; ``allow_nones=False``;
        ``max_fraction_nans=0.1``; ``mean=(low, high)``; ``standard_dev=(low, high)``;
        ``length=(low, high)``; ``unique=True``; ``schema=`` a pandera schema, or
        anything with a method ``validate`` that raises.

    Returns
    -------
    Decorator

    Raises
    ------
    FeatureDefinitionError
        If a condition is not known or is not of its form, or there is none.

    Examples
    --------
    >>> @check_output(range=(0, 1), allow_nans=False, importance="fail")
    ... def share(part, whole):
    ...     return part / whole
    """
    if not conditions:
        raise FeatureDefinitionError(
            f"check_output() says no condition. It knows: {', '.join(KINDS)}."
        )
    _refuse_importance(importance)
    checks = [Check(kind, _limit(kind, each), importance) for kind, each in conditions.items()]
    return Decorator((CheckOutput(tuple(checks), target_),))


def check_output_custom(
    *checks: Callable[[Any], Any], importance: Importance = "warn", target_: Any = None
) -> Decorator:
    """Check what a function gives with functions of one's own.

    Parameters
    ----------
    *checks : callable
        Each takes the value and answers True, False or a :class:`~jupyter_lifecycle.graph.Verdict`.
    importance : {"warn", "fail"}
    target_ : str, sequence of str or ..., optional

    Returns
    -------
    Decorator

    Raises
    ------
    FeatureDefinitionError
        If there is none, or one is no function.
    """
    _refuse_importance(importance)
    if not checks or not all(callable(each) for each in checks):
        raise FeatureDefinitionError(
            "check_output_custom() takes functions of one value that answer True or False, not "
            f"{list(checks)!r}."
        )
    own = [
        Check("own", each, importance, str(getattr(each, "__name__", "own check")))
        for each in checks
    ]
    return Decorator((CheckOutput(tuple(own), target_),))


def _refuse_importance(importance: str) -> None:
    known = get_args(Importance)
    if importance not in known:
        raise FeatureDefinitionError(
            f"importance={importance!r} is not known. Use one of {', '.join(known)}."
        )


def _limit(kind: str, limit: Any) -> Any:
    if kind not in KINDS:
        raise FeatureDefinitionError(
            f"check_output knows no condition {kind}.{did_you_mean(kind, KINDS)} It knows: "
            f"{', '.join(KINDS)}. Own ones go to check_output_custom."
        )
    if kind in ("range", "mean", "standard_dev", "length"):
        pair = isinstance(limit, (tuple, list)) and len(limit) == 2
        if not pair:
            raise FeatureDefinitionError(
                f"check_output({kind}={limit!r}): give two bounds, such as (0, 1) or (0, None)."
            )
        return tuple(limit)
    if kind in ("values_in", "categories"):
        if isinstance(limit, str) or not isinstance(limit, Collection):
            raise FeatureDefinitionError(
                f"check_output({kind}={limit!r}): give the allowed values in a list."
            )
        return tuple(limit)
    if kind == "schema" and not callable(getattr(limit, "validate", None)):
        raise FeatureDefinitionError(
            f"check_output(schema={limit!r}): give a pandera schema, or an object with a method "
            "validate that raises."
        )
    if kind == "max_fraction_nans" and not 0 <= limit <= 1:
        raise FeatureDefinitionError(
            f"check_output(max_fraction_nans={limit!r}): a share is between 0 and 1."
        )
    return limit
