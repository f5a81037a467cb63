"""Layers, experiments, ramps, restarts and crashes at random.

Whatever happens: no unit is in two experiments of a layer, no unit that stays in range changes arm, and
no exposure that was acknowledged is lost or counted for two arms.
"""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import jupyter_lifecycle as jl
from jupyter_lifecycle.deployment.assigning import Assigner
from jupyter_lifecycle.deployment.whiteboard import Whiteboard
from jupyter_lifecycle.errors import LifecycleError, OverlapError
from jupyter_lifecycle.experiments import Decider

LAYERS = ("ranking", "pricing")
UNITS = [f"u{n}" for n in range(40)]
SHARES = st.sampled_from([0.05, 0.1, 0.25, 0.4, 0.6, 1.0])


class Experiments(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.folder = Path(tempfile.mkdtemp())
        self.registry = jl.Registry(self.folder)
        for name in LAYERS:
            jl.layer(name, unit="id", registry=self.registry)
        self.handles = {}
        self.made = 0
        self.acknowledged = {}
        arms = {"a": {"colour": "red"}, "b": {"colour": "blue"}}
        self.handles["base"] = jl.experiment(
            "base", layer=LAYERS[0], arms=arms, share=0.5, registry=self.registry
        ).start()

    def teardown(self):
        if not hasattr(self, "registry"):
            return
        for handle in self.handles.values():
            self._end(handle)
        self._check_exposures()
        self.registry.close()
        shutil.rmtree(self.folder)

    @rule(layer=st.sampled_from(LAYERS), share=SHARES, arms=st.integers(2, 4))
    def plan(self, layer, share, arms):
        name = f"e{self.made}"
        self.made += 1
        given = {f"arm{n}": {f"parameter of {layer}": n} for n in range(arms)}
        with contextlib.suppress(OverlapError):
            self.handles[name] = jl.experiment(
                name, layer=layer, arms=given, share=share, registry=self.registry
            )

    @precondition(lambda self: self.handles)
    @rule(data=st.data(), word=st.sampled_from(["start", "start", "stop", "discard"]))
    def move(self, data, word):
        handle = self.handles[data.draw(st.sampled_from(sorted(self.handles)))]
        status = handle.value.status
        try:
            getattr(handle, word)()
        except LifecycleError:
            assert (word, status) not in {("stop", "running"), ("discard", "draft")}
            return
        if word == "discard":
            self._end(handle)
            del self.handles[handle.name]

    @precondition(lambda self: self.handles)
    @rule(data=st.data(), share=SHARES)
    def ramp(self, data, share):
        handle = self.handles[data.draw(st.sampled_from(sorted(self.handles)))]
        before = self._in()
        try:
            handle.ramp(share)
        except LifecycleError:
            return
        after = self._in()
        for (name, unit), arm in before.items():
            # Who stays in range stays in the same arm; who is out comes back to it or not at all.
            assert after.get((name, unit), arm) == arm

    @precondition(lambda self: self.handles)
    @rule(data=st.data(), units=st.lists(st.sampled_from(UNITS), min_size=1, max_size=8))
    def serve(self, data, units):
        handle = self.handles[data.draw(st.sampled_from(sorted(self.handles)))]
        handle._assigner.forget()
        for unit in units:
            arm = handle.assign(unit)
            if arm is not None:
                # Across ramps and restarts a unit has one arm of an experiment, for ever.
                assert self.acknowledged.setdefault((handle.name, unit), arm) == arm

    @precondition(lambda self: self.handles)
    @rule(data=st.data(), torn=st.booleans())
    def crash(self, data, torn):
        """A process dies, at most in the middle of a line, and another one goes on."""
        handle = self.handles[data.draw(st.sampled_from(sorted(self.handles)))]
        log = handle._assigner._log
        if log is not None and log._file >= 0 and torn:
            os.write(log._file, b'["e0","u1","ar')
        self._end(handle)
        handle._assigner = Assigner(handle.name, self.registry)

    @precondition(lambda self: self.handles)
    @rule(data=st.data())
    def send(self, data):
        self.handles[data.draw(st.sampled_from(sorted(self.handles)))]._assigner.flush()

    @precondition(lambda self: self.handles)
    @rule(data=st.data())
    def send_and_die(self, data):
        """A sender is killed after the registry has it, before it notes so."""
        from jupyter_lifecycle.deployment import exposed

        handle = self.handles[data.draw(st.sampled_from(sorted(self.handles)))]
        kept = exposed._write_mark
        exposed._write_mark = _die
        try:
            handle._assigner.flush()
        except KeyboardInterrupt:
            pass
        finally:
            exposed._write_mark = kept

    @rule()
    def restart(self):
        self.registry.close()
        fresh = jl.Registry(self.folder)
        self.registry = fresh
        for handle in self.handles.values():
            handle.registry = fresh
            handle._assigner._registry = fresh

    @invariant()
    def no_unit_is_in_two_experiments_of_a_layer(self):
        if not hasattr(self, "registry"):
            return
        board = Whiteboard.read(self.registry)
        taken = {}
        for one in board.experiments:
            if one.status == "stopped":
                continue
            for start, end in one.slots:
                for slot in range(start, end, 50):
                    other = taken.setdefault((one.layer, slot), one.name)
                    assert other == one.name
        seen = {}
        for name, unit in self._in(board):
            layer = board.experiment(name).layer
            assert seen.setdefault((layer, unit), name) == name

    def _in(self, board=None):
        board = board or Whiteboard.read(self.registry)
        found = {}
        for one in board.experiments:  # each alone, so that a decider cannot hide an overlap
            decider = Decider([board.layer(one.layer)], [one])
            for unit in UNITS:
                for decision in decider.decide({"id": unit}):
                    found[decision.experiment, unit] = decision.arm
        return found

    def _end(self, handle):
        if handle._assigner._log is not None:
            handle._assigner._log.close()

    def _check_exposures(self):
        any_one = Assigner("any", self.registry)
        any_one.flush()
        rows = {}
        for name in {name for name, _ in self.acknowledged}:
            for part in self.registry.exposures(name):
                for unit, arm in zip(part.units, part.arms, strict=True):
                    assert rows.setdefault((name, unit), arm) == arm
        assert rows == self.acknowledged
        assert list((any_one._place().exposures).glob("*/*.jsonl")) == []


def _die(*_):
    raise KeyboardInterrupt


Experiments.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestExperiments = Experiments.TestCase
