"""All cases, each once."""

from code_cases import AROUND, CLASSES, IN_ITSELF
from hit_cases import HITS
from outside_cases import INPUTS, MODULES, WORLD

GROUPS = {
    "the feature's own code": IN_ITSELF,
    "helpers and globals": AROUND,
    "classes": CLASSES,
    "the user's modules": MODULES,
    "inputs": INPUTS,
    "files, chance, environment": WORLD,
    "edits that change nothing": HITS,
}

CASES = [*IN_ITSELF, *AROUND, *CLASSES, *MODULES, *INPUTS, *WORLD, *HITS]
"""Edits after which the answer changes, then those after which it doesn't."""
