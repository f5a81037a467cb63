"""Features on their way into an envelope: planned, and stored where they can be.

A feature that no pickle can hold, or that reads such a value, is asked for by name like one that
looks at other rows: it is no reason not to save.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.envelope import payload
from jupyter_lifecycle.envelope.local_code import local_modules
from jupyter_lifecycle.envelope.travel import FILE, Features, store
from jupyter_lifecycle.envelope.travel_plan import Plan, plan_features
from jupyter_lifecycle.envelope.writing import is_frame
from jupyter_lifecycle.errors import EnvelopeError, StorageFormatError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_CULPRIT = re.compile(r"features\['([^']+)'\]")


@dataclass(frozen=True, slots=True)
class Journey:
    """A plan whose features lie in the envelope's folder, and the packages that they name."""

    plan: Plan
    packages: frozenset[str] = frozenset()


def embark(
    features: Any, example: Any, folder: Path, report: Callable[[str, float, str], None]
) -> Journey | None:
    """Find out which features travel, where the raw inputs are known, and store them.

    Parameters
    ----------
    features : FeatureGraph, FeatureSource or None
        A graph has no inputs: nothing travels then, and the answer is None.
    example
        What the model is asked with; features are behind the columns of a frame.
    folder : Path
        Where the envelope is staged.
    report : callable
        Told what came of it.

    Raises
    ------
    EnvelopeError
        Where ``features`` is neither a graph nor a session.
    """
    if features is not None and not hasattr(getattr(features, "graph", features), "features"):
        raise EnvelopeError(
            f"features= takes a FeatureGraph or jl.session(), got a {type(features).__qualname__}."
        )
    if not hasattr(features, "given") or not is_frame(example):
        return None
    started = time.perf_counter()
    journey = _stored(features, example, folder)
    words = "Features tried on single rows" if journey.plan.features else "No feature travels"
    report(words, time.perf_counter() - started, journey.plan.fact)
    return journey


def _stored(source: Any, example: Any, folder: Path) -> Journey:
    """Plan and store; what cannot be stored is held back, one by one, until the rest can."""
    held: dict[str, str] = {}
    local = local_modules()
    while True:
        plan = plan_features(source, example, held)
        if plan.features is None:
            return Journey(plan)
        parts = {step.name: step.function for step in plan.features.steps}
        parts |= plan.features.constants
        try:
            packages = payload.dump_features(store(plan.features), parts, folder / FILE, local)
        except StorageFormatError as problem:
            more = _held_back(plan.features, problem)
            if not more:
                return Journey(Plan(None, why_not=problem.message.rstrip(".")))
            held |= more
        else:
            return Journey(plan, packages)


def _held_back(features: Features, problem: StorageFormatError) -> dict[str, str]:
    """Name the features that hold or read what cannot be stored; empty where none does."""
    found = _CULPRIT.match(str(problem.detail.get("path", "")))
    culprit = found.group(1) if found else ""
    why = problem.message.partition(". ")[0].rstrip(".")
    return {
        step.name: why
        for step in features.steps
        if step.name == culprit or (culprit in features.constants and culprit in step.arguments)
    }
