"""Files that features read are sources: what they hold counts, however the kernel came to be."""

from __future__ import annotations

import shutil
import sys
import threading
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.graph import FeatureGraph, make_feature
from jupyter_lifecycle.materialise import Materialiser

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lifecycle.graph import CacheMode
    from jupyter_lifecycle.materialise import Run

CELL = """
from pathlib import Path
import random, socket
def rates(x): return int(Path("rates.txt").read_text())
def fee(rates, x): return rates * x
def total(fee): return fee + 1
"""


class Kernel:
    """A new kernel each, over one cache folder."""

    def __init__(self, folder: Path, text: str = CELL, cache: CacheMode = "auto") -> None:
        self.space: dict[str, Any] = {"__name__": "__main__"}
        before = set(self.space)
        exec(dedent(text), self.space)
        functions = [
            each
            for name, each in self.space.items()
            if name not in before
            and getattr(each, "__module__", "") == "__main__"
            and not name.startswith("_")
            and not isinstance(each, type)
        ]
        features = [make_feature(each) for each in functions]
        if cache != "auto":
            from dataclasses import replace

            features = [replace(each, cache=cache) for each in features]
        self.graph = FeatureGraph().with_features(*features)[0]
        self.materialiser = Materialiser(ColumnCache(folder / "cache"))

    def run(self, *targets: str, **inputs: Any) -> Run:
        return self.materialiser.run(self.graph, targets, inputs or {"x": 2})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("rates.txt").write_text("5")
    return tmp_path


def test_a_file_that_did_not_change_hits(folder: Path) -> None:
    kernel = Kernel(folder)
    first = kernel.run("total")
    assert (first.values["total"], first.recomputed) == (11, ("rates", "fee", "total"))
    assert kernel.run("total").recomputed == ()
    again = Kernel(folder).run("total")
    assert (again.values["total"], again.recomputed) == (11, ())


def test_a_file_that_changed_is_the_cause(folder: Path) -> None:
    kernel = Kernel(folder)
    kernel.run("total")
    Path("rates.txt").write_text("7")
    assert kernel.materialiser.states(kernel.graph, {"x": 2})["rates"].note == "file changed"
    assert kernel.materialiser.why("total").text == ("total ← fee ← rates: file rates.txt changed")
    run = kernel.run("total")
    assert (run.values["total"], run.recomputed) == (15, ("rates", "fee", "total"))
    assert run.reports["rates"].note == "file changed"
    new = Kernel(folder)
    assert new.run("total").recomputed == ()
    Path("rates.txt").write_text("5")
    back = new.run("total")
    assert (back.values["total"], back.recomputed) == (11, ())


def test_another_kernel_sees_the_change_too(folder: Path) -> None:
    one, other = Kernel(folder), Kernel(folder)
    one.run("total")
    Path("rates.txt").write_text("9")
    assert other.run("total").values["total"] == 19
    assert one.run("total").values["total"] == 19
    assert one.run("total").recomputed == ()


def test_a_file_that_is_gone_raises_and_one_that_comes_back_hits(folder: Path) -> None:
    kernel = Kernel(folder)
    kernel.run("total")
    Path("rates.txt").unlink()
    with pytest.raises(FileNotFoundError):
        kernel.run("total")
    Path("rates.txt").write_text("5")
    assert kernel.run("total").recomputed == ()


def test_early_cutoff_below_a_file(folder: Path) -> None:
    kernel = Kernel(folder)
    kernel.run("total")
    Path("rates.txt").write_text("5 ")
    run = kernel.run("total")
    assert run.recomputed == ("rates",)
    assert run.values["total"] == 11


def test_which_file_is_read_may_stand_in_another_file(folder: Path) -> None:
    text = """
    from pathlib import Path
    def rates(x): return int(Path(Path("which.txt").read_text()).read_text())
    """
    Path("which.txt").write_text("rates.txt")
    Path("other.txt").write_text("8")
    kernel = Kernel(folder, text)
    assert kernel.run("rates").values["rates"] == 5
    Path("which.txt").write_text("other.txt")
    assert kernel.run("rates").values["rates"] == 8
    Path("rates.txt").write_text("6")
    assert kernel.run("rates").recomputed == ()
    Path("which.txt").write_text("rates.txt")
    assert kernel.run("rates").values["rates"] == 6
    Path("rates.txt").write_text("5")
    assert kernel.run("rates").recomputed == ()


def test_the_code_is_found_by_what_its_parents_gave_together_with_its_files(folder: Path) -> None:
    text = """
    from pathlib import Path
    def half(x): return {} // 2
    def rates(half): return half * int(Path("rates.txt").read_text())
    def last(rates): return rates
    """
    first = Kernel(folder, text.format("x")).run("last")
    assert first.values["last"] == 5
    second = Kernel(folder, text.format("(x + 0)")).run("last")
    assert (second.values["last"], second.recomputed) == (5, ("half",))
    Path("rates.txt").write_text("7")
    third = Kernel(folder, text.format("(x + 0 + 0)")).run("last")
    assert (third.values["last"], third.recomputed) == (7, ("half", "rates", "last"))
    assert Kernel(folder, text.format("(x + 0 + 0)")).run("last").recomputed == ()


REASONS = {
    "writes": ('Path("out.txt").write_bytes(b"a" * x)', "writes files (line 3)"),
    "in a library": ("pd.Series([1, 2]).sample(1).iloc[0] + x", "draws at random"),
}


@pytest.mark.parametrize("name", ["writes", "in a library"])
def test_what_was_seen_to_be_impure_is_computed_each_time(folder: Path, name: str) -> None:
    body, words = REASONS[name]
    text = f"from pathlib import Path\nimport pandas as pd\ndef odd(x): return {body}\ndef last(odd): return odd"
    kernel = Kernel(folder, text)
    for each in (kernel, kernel, Kernel(folder, text)):
        run = each.run("last")
        assert "odd" in run.recomputed
        assert run.reports["odd"].note == f"not cached: it {words}"
        assert each.materialiser.why("odd").summary == f"not cached: it {words}"


def test_the_user_may_overrule_and_take_it_back(folder: Path) -> None:
    text = "import pandas as pd\ndef odd(x): return pd.Series([1, 2]).sample(1).iloc[0] + x\ndef last(odd): return odd"
    always = Kernel(folder, text, "always")
    first = always.run("last")
    assert first.recomputed == ("odd", "last")
    assert Kernel(folder, text, "always").run("last").recomputed == ()
    assert "odd" in Kernel(folder, text).run("last").recomputed
    assert Kernel(folder, text, "always").run("last").recomputed == ()


def test_a_file_counts_where_the_user_overrules(folder: Path) -> None:
    text = """
    from pathlib import Path
    import time
    def rates(x): return (int(Path("rates.txt").read_text()), time.time())[0]
    """
    kernel = Kernel(folder, text, "always")
    kernel.run("rates")
    assert kernel.run("rates").recomputed == ()
    Path("rates.txt").write_text("6")
    assert kernel.run("rates").values["rates"] == 6


def test_what_a_helper_keeps_is_not_believed(folder: Path) -> None:
    text = """
    from functools import cache as _keep
    from pathlib import Path
    @_keep
    def _rates(): return int(Path("rates.txt").read_text())
    def one(x): return _rates() * x
    def two(x): return _rates() + x
    """
    kernel = Kernel(folder, text)
    assert kernel.run("one", "two").values == {"one": 10, "two": 7}
    Path("rates.txt").write_text("6")
    assert Kernel(folder, text).run("one", "two").values == {"one": 12, "two": 8}


def test_what_an_object_keeps_is_not_believed(folder: Path) -> None:
    text = """
    from pathlib import Path
    class _Store:
        held = None
        def rates(self):
            if self.held is None:
                self.held = int(Path("rates.txt").read_text())
            return self.held
    _store = _Store()
    def one(x): return _store.rates() * x
    def two(x): return _store.rates() + x
    """
    kernel = Kernel(folder, text)
    run = kernel.run("one", "two")
    assert run.values == {"one": 10, "two": 7}
    assert "changes what it names" in run.reports["one"].note
    assert "changes what it names" in run.reports["two"].note
    Path("rates.txt").write_text("6")
    assert Kernel(folder, text).run("one", "two").values == {"one": 12, "two": 8}


def test_what_it_read_before_and_not_this_time_is_not_kept(folder: Path) -> None:
    text = """
    from pathlib import Path
    import sys
    def one(x): return sys.intern("a") and _read(x)
    def _read(x): return int(Path("rates.txt").read_text()) if x else 0
    """
    from jupyter_lifecycle.hashing import Opening

    kernel = Kernel(folder, text)
    kernel.run("one")
    cache = kernel.materialiser.cache
    node = kernel.materialiser._nodes["one"]
    assert node.plain is not None
    assert cache.lookup(node.plain).load() == Opening((), ((("file", "rates.txt"),),))  # type: ignore[union-attr]
    zero = Kernel(folder, text)
    zero.run("one", x=0)
    plain = zero.materialiser._nodes["one"].plain
    assert plain is not None
    other = Kernel(folder / "other", text)
    other.materialiser.cache.store(plain, Opening((), ((("file", "rates.txt"),),)), seconds=0.0)
    run = other.run("one", x=0)
    assert "read rates.txt when it ran before, and not this time" in run.reports["one"].note


def test_a_file_that_changes_while_it_is_read_keeps_nothing(folder: Path) -> None:
    go, gone = threading.Event(), threading.Event()

    def somebody() -> None:
        go.wait(10)
        Path("rates.txt").write_text("99")
        gone.set()

    threading.Thread(target=somebody).start()
    text = """
    from pathlib import Path
    def rates(x):
        found = int(Path("rates.txt").read_text())
        x()
        return found
    """

    def meanwhile() -> None:
        go.set()
        gone.wait(10)

    run = Kernel(folder, text).run("rates", x=_Meanwhile(meanwhile))
    assert run.reports["rates"].note == "not cached: it reads rates.txt, which changed meanwhile"


class _Meanwhile:
    """A callable that has a fingerprint: events have none."""

    def __init__(self, call: Callable[[], None]) -> None:
        _calls.append(call)

    def __call__(self) -> None:
        _calls.pop()()


_calls: list[Callable[[], None]] = []


def test_an_inner_computation_tells_the_outer_one_what_it_read(folder: Path) -> None:
    text = """
    from jupyter_lifecycle import compute, FeatureGraph
    from jupyter_lifecycle.cache import ColumnCache
    from pathlib import Path
    def _inner(x): return int(Path("rates.txt").read_text()) * x
    def outer(x):
        graph = FeatureGraph.from_functions(_inner)
        return compute(graph, ["_inner"], inputs={"x": x}, cache=ColumnCache("inner"))["_inner"]
    """
    for value in (5, 5, 6, 6):
        Path("rates.txt").write_text(str(value))
        assert Kernel(folder, text).run("outer").values["outer"] == 2 * value
    assert Kernel(folder, text).run("outer").recomputed == ()


def test_reading_a_table_needs_no_word_from_the_user(folder: Path) -> None:
    import pandas as pd

    text = """
    import pandas as pd
    def table(x): return pd.read_parquet("t.parquet")
    def parts(x): return pd.read_parquet("parts")
    def total(table, parts): return int(table["a"].sum() + parts["a"].sum())
    """
    Path("parts").mkdir()
    frame = pd.DataFrame({"a": [1, 2]})
    for path in ("t.parquet", "parts/1.parquet"):
        frame.to_parquet(path)
    assert dict(Kernel(folder, text).run("total").values) == {"total": 6}
    assert Kernel(folder, text).run("total").recomputed == ()
    frame.to_parquet("parts/2.parquet")
    run = Kernel(folder, text).run("total")
    assert (dict(run.values), run.recomputed) == ({"total": 9}, ("parts", "total"))


def test_what_the_user_overruled_is_not_found_by_content_where_it_is_not(folder: Path) -> None:
    text = """
    import pandas as pd
    def half(x): return {} // 2
    def odd(half): return pd.Series([1, 2]).sample(1).iloc[0] + half
    """
    Kernel(folder, text.format("x"), "always").run("odd")
    assert "odd" in Kernel(folder, text.format("(x + 0)")).run("odd").recomputed


TAINTS = {
    "a model": ("model.n = 2", "model.n"),
    "a column's memory": ("x.array[0] = 7.0", "float(x.iloc[0])"),
}


@pytest.mark.parametrize("name", TAINTS)
def test_what_a_feature_changes_in_place_is_kept_from_the_cache(folder: Path, name: str) -> None:
    import pandas as pd

    change, read = TAINTS[name]
    text = f"""
    class _Model: n = 0
    def first(x, model):
        {change}
        return 1
    def last(first, x, model): return {read}
    """
    for _ in range(2):
        kernel = Kernel(folder, text)
        x = pd.Series([1.0, 2.0])
        run = kernel.run("last", x=x, model=kernel.space["_Model"]())
        assert run.recomputed == ("first", "last")
        changed = "model" if name == "a model" else "x"
        assert run.reports["first"].note == (
            f"not cached: it changes its parameter {changed} in place"
        )
        assert run.reports["last"].note == f"not cached: first changed {changed}"
        assert dict(run.values) in ({"last": 2}, {"last": 7.0})


def test_the_same_project_at_another_place_hits(folder: Path, monkeypatch: Any) -> None:
    text = """
    from pathlib import Path
    import own_rates
    def rates(x): return int(Path("rates.txt").read_text()) * own_rates.factor()
    """
    first, second = folder / "first", folder / "second"
    first.mkdir()
    (first / "rates.txt").write_text("5")
    (first / "own_rates.py").write_text("N = 2\ndef factor(): return N\n")
    for place, expected in ((first, ("rates",)), (second, ())):
        if place is second:
            shutil.copytree(first, second)
        monkeypatch.chdir(place)
        monkeypatch.syspath_prepend(str(place))
        monkeypatch.delitem(sys.modules, "own_rates", raising=False)
        assert Kernel(place, text).run("rates").recomputed == expected
        assert str(place) in sys.modules["own_rates"].__file__
    monkeypatch.delitem(sys.modules, "own_rates")


def test_features_on_threads_see_each_its_own_files(folder: Path) -> None:
    from jupyter_lifecycle.executors import ThreadExecutor

    names = [f"f{number}" for number in range(12)]
    text = "from pathlib import Path\n" + "\n".join(
        f"def {name}(x): return Path('{name}.txt').read_text()" for name in names
    )
    for name in names:
        Path(f"{name}.txt").write_text(name)
    first = Kernel(folder, text)
    first.materialiser.executor = ThreadExecutor(4)
    assert set(first.run(*names).recomputed) == set(names)
    Path("f3.txt").write_text("other")
    second = Kernel(folder, text)
    second.materialiser.executor = ThreadExecutor(4)
    assert second.run(*names).recomputed == ("f3",)
