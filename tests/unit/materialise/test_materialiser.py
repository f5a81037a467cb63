from __future__ import annotations

import gc
import threading

import pandas as pd
import pytest

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.errors import CacheError, ComputeError, UnboundError
from jupyter_lifecycle.graph import FeatureGraph, Origin, make_feature
from jupyter_lifecycle.materialise import Materialiser, assemble

X = pd.DataFrame({"wind": [1.0, 2.0, 3.0], "rain": [0.0, 1.0, 0.0], "carrier": ["A", "B", "A"]})
CELL = """
KNOTS = 2.0
def faster(x): return x * 1.5
def gust(wind): return wind * KNOTS
def severity(gust, rain): return gust + rain
def mean(severity): return severity.mean()
def delay(severity, mean): return severity - mean
def loud(carrier): return carrier.str.upper()
def damped(gust): return faster(gust)
"""
FEATURES = ["gust", "severity", "mean", "delay", "loud", "damped"]


class Notebook:
    """A kernel: one namespace, one graph, one materialiser."""

    def __init__(self, cache=None, scope=""):
        self.space: dict = {"__name__": "__main__"}
        self.graph = FeatureGraph()
        self.materialiser = Materialiser(cache, scope=scope)
        self.events: list = []
        self.cell(CELL, FEATURES)

    def cell(self, text, features=()):
        exec(text, self.space)
        made = [make_feature(self.space[n], origin=Origin("cell 1", n)) for n in features]
        self.graph, delta = self.graph.with_features(*made)
        return delta

    def run(self, *targets, inputs=X, **options):
        self.events = []
        return self.materialiser.run(
            self.graph, targets, inputs, listener=self.events.append, **options
        )

    def states(self, inputs=X):
        return {
            name: (r.state, r.note)
            for name, r in self.materialiser.states(self.graph, inputs).items()
        }

    def why(self, name):
        return self.materialiser.why(name)


def value_of(run, name):
    return assemble(run, [name], "dict")[name]


@pytest.fixture(params=["memory", "disk"])
def notebook(request, tmp_path):
    return Notebook(None if request.param == "memory" else ColumnCache(tmp_path / "cache"))


def test_a_second_run_computes_nothing_and_tells_so(notebook):
    first = notebook.run("delay", "damped")
    assert first.recomputed == ("gust", "severity", "mean", "delay", "damped")
    assert first.cached == ()
    assert {r.state for r in first.reports.values()} == {"fresh"}
    assert first.reports["gust"].rows == 3
    assert first.reports["gust"].nulls == 0
    assert first.reports["gust"].dtype == "float64"
    assert first.reports["gust"].bytes == 24
    assert first.reports["gust"].hit is False
    assert first.reports["gust"].seconds >= 0
    second = notebook.run("delay", "damped")
    assert second.recomputed == ()
    assert second.cached == first.recomputed
    assert {r.hit for r in second.reports.values()} == {True}
    assert {e.state for e in notebook.events} == {"fresh"}
    assert value_of(second, "delay").equals(value_of(first, "delay"))
    assert notebook.why("delay").text.startswith("delay: same as the run of ")
    assert notebook.why("delay").text.endswith("; nothing it depends on has changed")


def test_values_that_nobody_reads_are_not_loaded(notebook):
    cache = notebook.materialiser.cache
    loads = []
    load = cache._load
    cache._load = lambda key, packed: loads.append(key) or load(key, packed)
    notebook.run("delay")
    loads.clear()
    run = notebook.run("delay")
    assert loads == []
    value_of(run, "delay")
    assert len(loads) == 1


def test_an_edit_recomputes_descendants_only(notebook):
    notebook.run(*FEATURES)
    delta = notebook.cell("def damped(gust): return faster(gust) - 1", ["damped"])
    assert delta.changed == ("damped",)
    assert notebook.states()["damped"] == ("stale", "code changed")
    run = notebook.run(*FEATURES)
    assert run.recomputed == ("damped",)
    assert run.reports["damped"].note == "code changed"
    assert notebook.why("damped").steps[0].cause == "its code changed"


def test_a_constant_is_found_as_the_cause_with_its_diff(notebook):
    notebook.run("delay")
    notebook.cell("KNOTS = 3.0")
    assert notebook.states() == {
        "gust": ("stale", "code changed"),
        "severity": ("stale", "parent changed"),
        "mean": ("stale", "parent changed"),
        "delay": ("stale", "parent changed"),
        "loud": ("new", ""),
        "damped": ("new", ""),
    }
    expected = "delay ← severity ← gust: constant KNOTS changed (2.0 → 3.0)"
    assert notebook.why("delay").text == expected
    notebook.run("delay")
    why = notebook.why("delay")
    assert why.text == expected
    assert [s.feature for s in why.steps] == ["gust", "severity", "delay"]
    assert why.steps[0].diff == "-2.0\n+3.0"
    assert why.steps[1].cause == "reads gust"
    assert why.steps[0].seconds is not None


def test_a_helper_is_found_as_the_cause(notebook):
    notebook.run("damped")
    notebook.cell("def faster(x): return x * 1.7")
    assert notebook.why("damped").text == "damped: helper faster changed"


def test_a_changed_input_reaches_what_reads_it(notebook):
    notebook.run("delay", "loud")
    wetter = X.assign(rain=[1.0, 1.0, 1.0])
    assert notebook.states(wetter)["severity"] == ("stale", "input changed")
    assert notebook.states(wetter)["gust"][0] == "fresh"
    run = notebook.run("delay", "loud", inputs=wetter)
    assert run.recomputed == ("severity", "mean", "delay")
    assert notebook.why("delay").text == "delay ← severity: input rain changed"
    back = notebook.run("delay", "loud")
    assert back.recomputed == ()


def test_several_causes_make_several_chains_the_shortest_first(notebook):
    notebook.run("delay")
    notebook.cell("KNOTS = 3.0\ndef severity(gust, rain): return gust - rain", ["severity"])
    notebook.run("delay", inputs=X.assign(rain=[1.0, 1.0, 1.0], wind=X.wind + 1))
    causes = [chain[0].cause for chain in notebook.why("delay").chains]
    assert causes == [
        "its code changed",
        "input rain changed",
        "constant KNOTS changed (2.0 → 3.0)",
    ]


def test_equal_output_stops_the_wave(notebook):
    notebook.run("delay")
    notebook.cell("def severity(gust, rain): return rain + gust", ["severity"])
    run = notebook.run("delay")
    assert run.recomputed == ("severity",)
    assert run.reports["delay"].note == "parents gave the same as before"
    assert [(e.name, e.state) for e in notebook.events if e.name == "delay"] == [
        ("delay", "queued"),
        ("delay", "cached"),
    ]
    assert notebook.why("delay").summary.endswith(
        "; what it reads was computed again and gave equal values"
    )
    assert notebook.run("delay").recomputed == ()
    assert notebook.why("delay").summary.endswith("; nothing it depends on has changed")


def test_a_rename_hits(notebook):
    notebook.run("damped")
    notebook.graph, _ = notebook.graph.without("damped")
    notebook.cell("def calm(gust): return faster(gust)", ["calm"])
    assert notebook.states()["calm"] == ("cached", "")
    assert notebook.run("calm").recomputed == ()


def test_a_new_kernel_reads_the_cache_and_knows_why(tmp_path):
    first = Notebook(ColumnCache(tmp_path), scope="a.ipynb")
    first.run("delay", "loud")
    second = Notebook(ColumnCache(tmp_path), scope="a.ipynb")
    assert second.states()["delay"] == ("cached", "")
    assert second.states()["damped"] == ("new", "")
    second.cell("KNOTS = 5.0")
    assert second.states()["delay"] == ("stale", "parent changed")
    assert second.why("delay").text == "delay ← severity ← gust: constant KNOTS changed (2.0 → 5.0)"
    report = second.materialiser.states(second.graph, X)["delay"]
    assert report.rows == 3
    assert second.run("delay").recomputed == ("gust", "severity", "mean", "delay")
    other = Notebook(ColumnCache(tmp_path), scope="b.ipynb")
    other.cell("KNOTS = 7.0")
    assert other.states()["delay"] == ("new", "")


def test_a_new_kernel_knows_what_was_cut_off(tmp_path):
    first = Notebook(ColumnCache(tmp_path))
    first.run("delay")
    first.cell("def severity(gust, rain): return rain + gust", ["severity"])
    first.run("delay")
    second = Notebook(ColumnCache(tmp_path))
    second.cell("def severity(gust, rain): return rain + gust", ["severity"])
    assert second.states()["delay"][0] == "cached"
    second.cell("def delay(severity, mean): return severity - 2 * mean", ["delay"])
    assert second.states()["delay"] == ("stale", "code changed")
    assert second.why("delay").steps[0].cause == "its code changed"


IMPURE = """
import time
TICKS = [0]
def now(wind): return time.time() * 0 + wind
def later(now): return now + 1
def last(later, rain): return later + rain
"""


def test_impure_code_is_computed_each_time_and_its_readers_by_content(notebook):
    notebook.cell(IMPURE, ["now", "later", "last"])
    first = notebook.run("last")
    assert first.recomputed == ("now", "later", "last")
    assert first.reports["now"].note.startswith("not cached: it reads the clock (line ")
    second = notebook.run("last")
    assert second.recomputed == ("now",)
    assert second.cached == ("later", "last")
    assert notebook.why("now").summary.startswith("not cached: it reads the clock (line ")
    states = notebook.states()
    assert states["now"][0] == "fresh"
    assert states["now"][1].startswith("not cached: it reads the clock")
    assert states["later"][0] == "fresh"
    assert states["last"][0] == "fresh"
    third = notebook.run("last", inputs=X.assign(wind=[0.0, 0.0, 0.0]))
    assert third.recomputed == ("now", "later", "last")
    assert notebook.materialiser.value("now").tolist() == [0.0, 0.0, 0.0]


def test_states_below_impure_code(notebook):
    notebook.cell(IMPURE, ["now", "later", "last"])
    assert notebook.states()["now"][0] == "new"
    assert notebook.states()["now"][1].startswith("not cached: it reads the clock")
    assert notebook.states()["later"] == ("new", "")
    notebook.run("last")
    notebook.cell("def now(wind): return time.time() * 0 - wind", ["now"])
    assert notebook.states()["now"] == ("stale", "code changed")
    assert notebook.states()["later"] == ("stale", "parent changed")


@pytest.mark.parametrize(("mode", "times"), [("always", 1), ("never", 2)])
def test_a_feature_says_how_it_is_cached(notebook, mode, times):
    from jupyter_lifecycle.graph import feature

    notebook.space["feature"] = feature
    text = "import time\n@feature(cache='%s')\ndef stamp(wind): return time.time() * 0 + wind"
    notebook.cell(text % mode, ["stamp"])
    recomputed = [notebook.run("stamp").recomputed for _ in range(2)]
    assert sum(len(each) for each in recomputed) == times
    if mode == "never":
        assert notebook.states()["stamp"] == ("fresh", 'not cached: cache="never"')


def test_code_that_cannot_be_seen_through_is_computed_each_time(notebook):
    notebook.space["handle"] = Opaque()
    notebook.cell("def odd(wind): return wind if handle else 0", ["odd"])
    assert notebook.run("odd").reports["odd"].note.startswith("not cached: ")
    assert notebook.run("odd").recomputed == ("odd",)
    assert notebook.states()["odd"][0] == "fresh"


class Opaque:
    """Has no fingerprint: its state is an open generator."""

    def __init__(self):
        self.rows = (n for n in range(3))


def test_an_output_without_fingerprint_is_kept_for_this_session_only(notebook):
    text = "def odd(wind): return (n for n in range(3))\ndef reads(odd): return 1"
    notebook.cell(text, ["odd", "reads"])
    run = notebook.run("reads")
    assert run.reports["odd"].note.startswith("not cached: ")
    assert notebook.states()["odd"][0] == "fresh"
    assert list(notebook.materialiser.value("odd")) == [0, 1, 2]
    assert notebook.run("reads").recomputed == ()
    assert notebook.run("odd").recomputed == ("odd",)


def test_an_input_without_fingerprint_makes_its_readers_run_each_time(notebook):
    notebook.cell(
        "def reads(thing, wind): return wind\ndef more(reads): return reads", ["reads", "more"]
    )
    inputs = {"thing": Opaque(), "wind": X.wind}
    first = notebook.run("more", inputs=inputs)
    assert first.reports["reads"].note.startswith("not cached: input thing: ")
    second = notebook.run("more", inputs=inputs)
    assert second.recomputed == ("reads",)
    assert notebook.states(inputs)["reads"] == ("stale", first.reports["reads"].note)
    assert notebook.states({"wind": X.wind})["reads"] == ("stale", "waits for thing")


def test_the_reader_of_an_opaque_value_of_impure_code(notebook):
    notebook.cell(
        "import time\ndef odd(wind): return [time.time(), (n for n in 'a')]\n"
        "def reads(odd): return 1",
        ["odd", "reads"],
    )
    run = notebook.run("reads")
    assert run.reports["reads"].note == "not cached: the value of odd has no fingerprint"
    assert notebook.run("reads").recomputed == ("odd", "reads")


def test_states_of_what_waits_for_an_input(notebook):
    states = notebook.states({"wind": X.wind})
    assert states["gust"] == ("new", "")
    assert states["severity"] == ("new", "waits for rain")
    assert states["delay"] == ("new", "waits for rain")
    notebook.run("delay")
    assert notebook.states(None)["delay"] == ("stale", "waits for rain")


def test_states_let_features_win_over_inputs_of_their_name(notebook):
    assert notebook.states(X.assign(gust=0))["gust"] == ("new", "")


def test_forgetting_computes_a_feature_and_its_readers_again(notebook):
    notebook.run("delay")
    notebook.materialiser.forget("severity")
    assert notebook.states()["severity"] == ("stale", "invalidated")
    assert notebook.states()["delay"] == ("stale", "invalidated")
    run = notebook.run("delay")
    assert run.recomputed == ("severity",)
    assert run.cached == ("gust", "mean", "delay")
    assert notebook.run("delay").recomputed == ()
    with pytest.raises(UnboundError, match="Did you mean severity"):
        notebook.materialiser.forget("severtiy")


def test_forgetting_what_impure_code_gave_reaches_its_readers(notebook):
    from jupyter_lifecycle.graph import feature

    notebook.space["feature"] = feature
    notebook.cell(
        "import itertools, time\nCOUNT = [0]\n"
        "@feature(cache='always')\ndef ticket(wind): return time.perf_counter_ns()\n"
        "def shown(ticket): return str(ticket)",
        ["ticket", "shown"],
    )
    first = value_of(notebook.run("shown"), "shown")
    assert value_of(notebook.run("shown"), "shown") == first
    notebook.materialiser.forget("ticket")
    second = value_of(notebook.run("shown"), "shown")
    assert second != first
    assert value_of(notebook.run("shown"), "shown") == second


def test_a_cleared_cache_is_noticed(notebook):
    notebook.run("delay")
    notebook.materialiser.cache.clear()
    assert notebook.states()["delay"] == ("stale", "not in the cache any more")
    assert notebook.run("delay").recomputed == ("gust", "severity", "mean", "delay")


def test_a_column_that_is_lost_between_plan_and_use_is_computed_again(notebook):
    notebook.run("severity")
    cache = notebook.materialiser.cache
    load, lost = cache._load, []

    def flaky(key, packed):
        if not lost:
            lost.append(key)
            cache.clear()
            raise CacheError("gone")
        return load(key, packed)

    cache._load = flaky
    run = notebook.run("mean")
    assert value_of(run, "mean") == pytest.approx(4 + 1 / 3)
    assert run.recomputed == ("gust", "severity", "mean")


def test_a_cache_that_loses_everything_is_an_error_in_the_end(notebook, monkeypatch):
    notebook.run("severity")

    def gone(key, packed):
        raise CacheError("gone")

    monkeypatch.setattr(notebook.materialiser.cache, "_load", gone)
    monkeypatch.setattr(notebook.materialiser._memory, "forgotten", Never())
    with pytest.raises(CacheError, match="severity was in the cache but cannot be read"):
        notebook.run("mean")


class Never(set):
    def add(self, _):
        pass


def test_value(notebook):
    run = notebook.run("delay")
    assert notebook.materialiser.value("delay").equals(value_of(run, "delay"))
    assert notebook.materialiser.value("gust").tolist() == [2.0, 4.0, 6.0]
    with pytest.raises(ComputeError, match="loud has no current value"):
        notebook.materialiser.value("loud")
    notebook.cell("KNOTS = 3.0")
    notebook.states()
    with pytest.raises(ComputeError, match="Compute it first"):
        notebook.materialiser.value("delay")


def test_why_of_what_was_never_computed_and_of_what_is_not_there(notebook):
    notebook.states()
    assert notebook.why("delay").text == "delay: it was never computed"
    assert notebook.why("delay").steps == ()
    with pytest.raises(UnboundError, match="Did you mean delay"):
        notebook.why("dealy")
    notebook.run("delay")
    assert notebook.why("delay").text == "delay: it was computed for the first time"


def test_a_parameter_that_is_given_where_it_had_its_default(notebook):
    notebook.cell("def scaled(wind, factor=2): return wind * factor", ["scaled"])
    given = {"wind": X.wind, "factor": 3}
    notebook.run("scaled", inputs=given)
    notebook.run("scaled")
    text = "scaled: factor is not given any more and has its default"
    assert notebook.why("scaled").text == text
    notebook.run("scaled", inputs={**given, "factor": 4})
    assert notebook.why("scaled").text == "scaled: factor is given now, before it had its default"


def test_a_code_change_that_changes_the_parameters(notebook):
    notebook.run("damped")
    notebook.cell("def damped(gust, rain): return faster(gust)", ["damped"])
    notebook.run("damped")
    assert notebook.why("damped").text == "damped: its code changed"


def test_a_name_that_is_defined_later_and_deleted_again(notebook):
    text = "def late(wind): return wind if len(wind) < 99 else wind * strange"
    notebook.cell(text, ["late"])
    notebook.run("late")
    notebook.space["strange"] = 3
    assert notebook.states()["late"] == ("stale", "code changed")
    notebook.run("late", inputs=X + X)
    causes = {chain[0].cause for chain in notebook.why("late").chains}
    assert "input wind changed" in causes
    assert any("strange" in cause for cause in causes)


def test_two_changes_of_one_feature_are_two_chains(notebook):
    notebook.run("gust")
    notebook.cell("KNOTS = 4.0\ndef gust(wind): return wind - KNOTS", ["gust"])
    notebook.run("gust")
    assert [chain[0].cause for chain in notebook.why("gust").chains] == [
        "constant KNOTS changed (2.0 → 4.0)",
        "its code changed",
    ]


def test_what_ends_after_an_interrupt_is_not_taken_over(notebook):
    running, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    class Interrupted:
        def run(self, order, waits_for, task):
            def work():
                task(order[0])
                ended.set()

            threading.Thread(target=work).start()
            assert running.wait(10)
            raise KeyboardInterrupt

    def wait():
        running.set()
        assert go_on.wait(10)

    notebook.graph, _ = notebook.graph.with_functions(slow)
    notebook.materialiser.executor = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        notebook.run("slow", inputs={"wait": wait})
    told = list(notebook.events)
    go_on.set()
    assert ended.wait(10)
    assert notebook.events == told
    assert notebook.states({"wait": wait})["slow"][0] == "new"


def slow(wait):
    wait()
    return 1


def test_overrides_are_sources(notebook):
    run = notebook.run("mean", overrides={"severity": X.wind})
    assert run.recomputed == ("mean",)
    assert value_of(run, "mean") == 2.0
    assert value_of(notebook.run("mean"), "mean") == pytest.approx(4 + 1 / 3)


def test_threads_give_the_same(tmp_path):
    notebook = Notebook(ColumnCache(tmp_path))
    notebook.materialiser = Materialiser(notebook.materialiser.cache, "threads")
    run = notebook.run(*FEATURES)
    assert set(run.recomputed) == set(FEATURES)
    assert notebook.run(*FEATURES).recomputed == ()
    assert value_of(run, "delay").equals(value_of(Notebook().run("delay"), "delay"))


def test_targets_may_be_inputs(notebook):
    run = notebook.run("wind", "gust")
    assert value_of(run, "wind").equals(X.wind)
    assert list(run.reports) == ["gust"]


def test_records_of_another_form_are_ignored():
    from jupyter_lifecycle.materialise.memory import Origins

    for stored in (None, {}, {"parts": 3}, {"parts": [[1]]}, 7, {"parts": [], "parents": []}):
        assert Origins.from_json(stored) is None


def test_a_name_that_leads_nowhere_counts_as_never_computed(notebook):
    from jupyter_lifecycle.materialise.recall import _name_key

    cache = notebook.materialiser.cache
    notebook.run("loud")
    cache.store(_name_key("", "delay"), "no key", seconds=0.0)
    cache.store(_name_key("", "gust"), "00" * 16, seconds=0.0)
    assert notebook.states()["delay"] == ("new", "")
    assert notebook.states()["gust"] == ("new", "")


def test_the_last_eight_columns_of_a_feature_are_remembered(notebook):
    for knots in range(12):
        notebook.cell(f"KNOTS = {knots}.5")
        notebook.run("gust")
    assert len(notebook.materialiser._memory._origins["gust"]) == 8
    assert notebook.why("gust").text == "gust: constant KNOTS changed (10.5 → 11.5)"


@pytest.mark.parametrize("wanted", [True, False])
def test_garbage_is_collected_as_before_once_keys_are_made(notebook, wanted):
    before = gc.isenabled()
    (gc.enable if wanted else gc.disable)()
    try:
        notebook.run("delay")
        assert gc.isenabled() is wanted
        with pytest.raises(UnboundError):
            notebook.run("delay", inputs={})
        assert gc.isenabled() is wanted
    finally:
        (gc.enable if before else gc.disable)()
