from __future__ import annotations

import _thread
import os
import signal
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_lifecycle.errors import ComputeError
from jupyter_lifecycle.executors import SequentialExecutor, ThreadExecutor, executor_of

EXECUTORS = [SequentialExecutor(), ThreadExecutor(1), ThreadExecutor(4)]


@st.composite
def acyclic(draw: st.DrawFn) -> dict[str, set[str]]:
    count = draw(st.integers(0, 12))
    return {
        f"t{n}": {f"t{m}" for m in draw(st.sets(st.integers(0, n - 1)))} if n else set()
        for n in range(count)
    }


@given(waits_for=acyclic(), workers=st.integers(0, 4))
@settings(max_examples=60, deadline=None)
def test_each_task_runs_once_and_after_what_it_waits_for(waits_for, workers):
    finished: list[str] = []
    executor = ThreadExecutor(workers) if workers else SequentialExecutor()

    def task(name):
        assert waits_for[name] <= set(finished)
        finished.append(name)

    executor.run(list(waits_for), waits_for, task)
    assert sorted(finished) == sorted(waits_for)


@pytest.mark.parametrize("executor", EXECUTORS, ids=["sequential", "one thread", "four threads"])
def test_a_failure_is_raised_itself_and_what_waits_never_starts(executor):
    mine = KeyError("carrier")
    started = []

    def task(name):
        started.append(name)
        if name == "b":
            raise mine

    with pytest.raises(KeyError) as caught:
        executor.run(["a", "b", "c", "d"], {"b": {"a"}, "c": {"b"}, "d": {"c"}}, task)
    assert caught.value is mine
    assert started == ["a", "b"]


def test_a_failure_waits_for_what_is_running_and_cancels_the_rest():
    slow_started, failed = threading.Event(), threading.Event()
    finished = []

    def task(name):
        if name == "slow":
            slow_started.set()
            assert failed.wait(10)
            finished.append(name)
        elif name == "bad":
            assert slow_started.wait(10)
            failed.set()
            raise ValueError(name)
        else:
            finished.append(name)

    order = ["slow", "bad", "late"]
    with pytest.raises(ValueError, match="bad"):
        ThreadExecutor(2).run(order, {"late": {"bad", "slow"}}, task)
    assert finished == ["slow"]


def test_two_threads_really_run_at_once():
    meeting = threading.Barrier(2, timeout=10)
    ThreadExecutor(2).run(["a", "b"], {}, lambda name: meeting.wait())


@pytest.fixture
def interruptible():
    """A process that a shell started in the background ignores interrupts; a kernel never does."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_is_not_delayed_by_a_running_feature():
    running, release, cancelled = threading.Event(), threading.Event(), []

    def interrupt():
        assert running.wait(10)
        os.kill(os.getpid(), signal.SIGINT)

    def task(name):
        if name == "stuck":
            running.set()
            assert release.wait(10)
        else:
            cancelled.append(name)

    helper = threading.Thread(target=interrupt)
    helper.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            ThreadExecutor(1).run(["stuck", "after"], {"after": {"stuck"}}, task)
    finally:
        release.set()
        helper.join()
    assert cancelled == []


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_stops_the_sequential_executor_inside_a_task():
    started = []

    def task(name):
        started.append(name)
        _thread.interrupt_main()
        for _ in range(1_000_000):
            pass

    with pytest.raises(KeyboardInterrupt):
        SequentialExecutor().run(["a", "b"], {}, task)
    assert started == ["a"]


def test_a_hundred_thousand_tasks_are_fine():
    order = [f"t{n}" for n in range(100_000)]
    seen = []
    ThreadExecutor(2).run(order, {}, seen.append)
    assert len(seen) == len(order)


def test_executors_by_name():
    assert isinstance(executor_of(None), SequentialExecutor)
    assert isinstance(executor_of("sequential"), SequentialExecutor)
    assert isinstance(executor_of("threads"), ThreadExecutor)
    own = ThreadExecutor(3)
    assert executor_of(own) is own
    assert ThreadExecutor().workers >= 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("thread", "Did you mean threads"),
        (3, "has no method run"),
        (ThreadExecutor, "an instance of an executor"),
    ],
    ids=["near miss", "no executor", "a class"],
)
def test_what_is_no_executor_is_refused(wrong, message):
    with pytest.raises(ComputeError, match=message):
        executor_of(wrong)


def test_no_workers_are_refused():
    with pytest.raises(ComputeError, match="at least one worker"):
        ThreadExecutor(0)
