"""What of a module is a feature."""

from __future__ import annotations

import functools
import types

import pytest

from jupyter_lifecycle.errors import FeatureDefinitionError
from jupyter_lifecycle.graph.modules import feature_functions


def module_of(text: str) -> types.ModuleType:
    made = types.ModuleType("some_features")
    exec(text, vars(made))
    return made


def test_public_functions_in_order_of_definition() -> None:
    made = module_of(
        "import functools, math\nfrom math import sqrt\nLIMIT = 3\n"
        "class Model:\n    def __call__(self): ...\n"
        "model = Model()\n"
        "def second(x): return x\n"
        "@functools.lru_cache\ndef first(x): return x\n"
        "def _helper(x): return x\n"
        "alias = second\n"
        "partial = functools.partial(second, x=1)\n"
    )
    assert [each.__name__ for each in feature_functions(made)] == ["second", "first"]


def test_a_wrapper_without_a_name_is_no_feature() -> None:
    made = module_of("def a(x): return x\n")
    nameless = functools.partial(made.a, 1)
    nameless.__wrapped__ = made.a
    made.b = nameless
    assert feature_functions(made) == [made.a]


@pytest.mark.parametrize("text", ["", "LIMIT = 3", "def _a(x): return x", "from math import sqrt"])
def test_a_module_without_functions_of_its_own(text) -> None:
    with pytest.raises(FeatureDefinitionError, match="some_features defines no feature"):
        feature_functions(module_of(text))


@pytest.mark.parametrize("what", [len, "json", types.SimpleNamespace(__name__="x")])
def test_only_modules(what) -> None:
    with pytest.raises(FeatureDefinitionError, match="takes imported modules, not"):
        feature_functions(what)
