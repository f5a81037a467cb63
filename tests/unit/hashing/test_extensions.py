"""What the user put on a library's tables counts where code reads its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from jupyter_lifecycle.hashing import code_key, together

if TYPE_CHECKING:
    from collections.abc import Iterator

CODE = "def feature(x): return x.jl_own"


@pytest.fixture
def space() -> Iterator[dict[str, Any]]:
    yield {"__name__": "__main__"}
    if hasattr(pd.Series, "jl_own"):
        del pd.Series.jl_own


PUT = {
    "a method": "pd.Series.jl_own = lambda self: {}",
    "a property": "pd.Series.jl_own = property(lambda self: {})",
    "an accessor": (
        "class A:\n  def __init__(self, x): self.n = {}\n"
        "pd.api.extensions.register_series_accessor('jl_own')(A)"
    ),
}


@pytest.mark.parametrize("name", PUT)
@pytest.mark.filterwarnings("ignore:registration of accessor")
def test_its_code_counts(name: str, space: dict[str, Any]) -> None:
    exec(CODE, space)
    plain = code_key(space["feature"]).digest
    keys = set()
    for value in (1, 2, 2):
        exec("import pandas as pd\n" + PUT[name].format(value), space)
        keys.add(code_key(space["feature"]).digest)
    assert len(keys) == 2
    assert plain not in keys


def test_many_keys_looked_at_as_one_see_it_too(space: dict[str, Any]) -> None:
    exec(CODE, space)
    code_key(space["feature"])
    looked_at = together([space["feature"]])
    assert looked_at is not None
    assert looked_at.holds()
    exec("import pandas as pd\n" + PUT["a method"].format(1), space)
    assert not looked_at.holds()


def test_a_library_s_own_methods_count_by_version() -> None:
    space: dict[str, Any] = {"__name__": "__main__"}
    exec("def feature(x): return x.mean().str.upper().plot", space)
    assert [part.kind for part in code_key(space["feature"]).parts if part.kind == "class"] == []
