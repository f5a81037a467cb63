"""Experiments: layers that keep them apart, assignment, and analysis that does not fool anyone.

What is pure Python here needs no numpy, so that a service starts at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_lifecycle.experiments.analysis import Options as Options
    from jupyter_lifecycle.experiments.analysis import analyse as analyse
    from jupyter_lifecycle.experiments.assignment import bucket_ranges as bucket_ranges
    from jupyter_lifecycle.experiments.assignment import choose_variation as choose_variation
    from jupyter_lifecycle.experiments.assignment import equal_weights as equal_weights
    from jupyter_lifecycle.experiments.assignment import hash_unit as hash_unit
    from jupyter_lifecycle.experiments.assignment import in_namespace as in_namespace
    from jupyter_lifecycle.experiments.deciding import Decider as Decider
    from jupyter_lifecycle.experiments.deciding import Decision as Decision
    from jupyter_lifecycle.experiments.deciding import Reason as Reason
    from jupyter_lifecycle.experiments.deciding import decide as decide
    from jupyter_lifecycle.experiments.decisions import holm as holm
    from jupyter_lifecycle.experiments.decisions import holm_levels as holm_levels
    from jupyter_lifecycle.experiments.decisions import non_inferior as non_inferior
    from jupyter_lifecycle.experiments.effects import Effect as Effect
    from jupyter_lifecycle.experiments.effects import cuped as cuped
    from jupyter_lifecycle.experiments.effects import ratio as ratio
    from jupyter_lifecycle.experiments.effects import welch as welch
    from jupyter_lifecycle.experiments.frames import Assigned as Assigned
    from jupyter_lifecycle.experiments.frames import Units as Units
    from jupyter_lifecycle.experiments.frames import assign as assign
    from jupyter_lifecycle.experiments.frames import choose_variations as choose_variations
    from jupyter_lifecycle.experiments.frames import hash_units as hash_units
    from jupyter_lifecycle.experiments.layers import Arm as Arm
    from jupyter_lifecycle.experiments.layers import Experiment as Experiment
    from jupyter_lifecycle.experiments.layers import Holdout as Holdout
    from jupyter_lifecycle.experiments.layers import Layer as Layer
    from jupyter_lifecycle.experiments.layers import new_seed as new_seed
    from jupyter_lifecycle.experiments.metrics import Metric as Metric
    from jupyter_lifecycle.experiments.planning import detectable as detectable
    from jupyter_lifecycle.experiments.planning import power as power
    from jupyter_lifecycle.experiments.planning import sample_size as sample_size
    from jupyter_lifecycle.experiments.quantiles import quantile as quantile
    from jupyter_lifecycle.experiments.results import Comparison as Comparison
    from jupyter_lifecycle.experiments.results import Gap as Gap
    from jupyter_lifecycle.experiments.results import Interaction as Interaction
    from jupyter_lifecycle.experiments.results import Point as Point
    from jupyter_lifecycle.experiments.results import Results as Results
    from jupyter_lifecycle.experiments.running import check_change as check_change
    from jupyter_lifecycle.experiments.running import check_draft as check_draft
    from jupyter_lifecycle.experiments.running import check_layer as check_layer
    from jupyter_lifecycle.experiments.running import check_layers as check_layers
    from jupyter_lifecycle.experiments.running import ramp as ramp
    from jupyter_lifecycle.experiments.running import start as start
    from jupyter_lifecycle.experiments.running import stop as stop
    from jupyter_lifecycle.experiments.sample_ratios import SampleRatio as SampleRatio
    from jupyter_lifecycle.experiments.sample_ratios import sample_ratio as sample_ratio
    from jupyter_lifecycle.experiments.samples import Moments as Moments
    from jupyter_lifecycle.experiments.samples import moments as moments
    from jupyter_lifecycle.experiments.sequences import always_valid as always_valid
    from jupyter_lifecycle.experiments.sequences import sequential as sequential
    from jupyter_lifecycle.experiments.slots import allocate as allocate
    from jupyter_lifecycle.experiments.slots import free as free
    from jupyter_lifecycle.experiments.slots import held as held

# name -> its module here
_HOME = {
    name: module
    for module, names in {
        "assignment": "bucket_ranges choose_variation equal_weights hash_unit in_namespace",
        "deciding": "Decider Decision Reason decide",
        "decisions": "holm holm_levels non_inferior",
        "effects": "Effect cuped ratio welch",
        "samples": "Moments moments",
        "planning": "detectable power sample_size",
        "quantiles": "quantile",
        "sample_ratios": "SampleRatio sample_ratio",
        "sequences": "always_valid sequential",
        "analysis": "Options analyse",
        "results": "Comparison Gap Interaction Point Results",
        "frames": "Assigned Units assign choose_variations hash_units",
        "layers": "Arm Experiment Holdout Layer new_seed",
        "metrics": "Metric",
        "running": "check_change check_draft check_layer check_layers ramp start stop",
        "slots": "allocate free held",
    }.items()
    for name in names.split()
}

__all__ = sorted(_HOME)  # noqa: PLE0605 - one list of names, not two


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
