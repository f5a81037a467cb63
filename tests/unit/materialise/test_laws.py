"""What holds for any graph and any edits: the cache never shows in the answer."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.graph import FeatureGraph, Origin, make_feature
from jupyter_lifecycle.materialise import Materialiser, compute

NAMES = [f"n{i}" for i in range(6)]
INPUTS = ["x", "y"]


class Kernel(RuleBasedStateMachine):
    """A person who edits cells, helpers and inputs, computes, clears the cache and restarts."""

    @initialize()
    def start(self):
        self.folder = Path(tempfile.mkdtemp())
        self.space: dict = {"__name__": "__main__", "SCALE": 1}
        self.inputs = {"x": 1, "y": 2}
        self.graph = FeatureGraph()
        for place, name in enumerate(NAMES):
            self.define(name, [NAMES[place - 1] if place else "x"], 1, "plain")
        self.open()

    def open(self):
        self.materialiser = Materialiser(ColumnCache(self.folder))

    def define(self, name, parents, number, kind):
        total = " + ".join(parents) or "0"
        body = {
            "plain": f"return {total} + {number}",
            "scaled": f"return ({total}) * SCALE + {number}",
            "flat": f"return min({total}, {number})",
            "impure": f"return {total} + {number} + time.time() * 0",
        }[kind]
        exec(f"import time\ndef {name}({', '.join(parents)}): {body}", self.space)
        made = make_feature(self.space[name], origin=Origin("cell", name))
        self.graph, _ = self.graph.with_features(made, owner=name)

    @rule(
        place=st.integers(0, len(NAMES) - 1),
        parents=st.sets(st.integers(0, len(NAMES) - 1), max_size=2),
        outside=st.sets(st.sampled_from(INPUTS), max_size=1),
        number=st.integers(0, 2),
        kind=st.sampled_from(["plain", "plain", "scaled", "flat", "impure"]),
    )
    def edit(self, place, parents, outside, number, kind):
        above = [NAMES[each] for each in sorted(parents) if each < place]
        self.define(NAMES[place], [*above, *sorted(outside)], number, kind)

    @rule(name=st.sampled_from(INPUTS), value=st.integers(0, 3))
    def change_input(self, name, value):
        self.inputs[name] = value

    @rule(scale=st.integers(1, 2))
    def change_constant(self, scale):
        self.space["SCALE"] = scale

    @rule()
    def restart(self):
        self.open()

    @rule()
    def clear(self):
        self.materialiser.cache.clear()

    @rule(name=st.sampled_from(NAMES))
    def forget(self, name):
        self.materialiser.states(self.graph, self.inputs)
        self.materialiser.forget(name)

    @rule(wanted=st.sets(st.sampled_from(NAMES), min_size=1))
    def run(self, wanted):
        before = self.materialiser.states(self.graph, self.inputs)
        run = self.materialiser.run(self.graph, sorted(wanted), self.inputs)
        expected = compute(self.graph, sorted(wanted), inputs=self.inputs, result="dict")
        assert dict(run.values) == expected
        impure = {
            n for n in self.graph if "time" in self.graph.features[n].function.__code__.co_names
        }
        current = {n for n, r in before.items() if r.state in {"fresh", "cached"}}
        assert not set(run.recomputed) & current - impure
        assert not set(run.recomputed) & set(run.cached)
        after = self.materialiser.states(self.graph, self.inputs)
        for name in wanted:
            assert after[name].state in {"fresh", "cached"}
            assert self.materialiser.value(name) == expected[name]
        for name in self.graph.order(wanted):
            assert self.materialiser.why(name).text

    @invariant()
    def reasons_are_there_for_what_is_stale(self):
        for name, report in self.materialiser.states(self.graph, self.inputs).items():
            if report.state == "stale":
                assert report.note, name

    def teardown(self):
        shutil.rmtree(self.folder, ignore_errors=True)


TestKernel = Kernel.TestCase
TestKernel.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
