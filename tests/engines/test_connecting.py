"""Addresses, clusters that start and end, and what is left on them."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections import Counter

import pytest
from every_kind import EVERYTHING

from jupyter_lifecycle.errors import EngineError, MissingExtraError
from jupyter_lifecycle.executors import DaskExecutor, RayExecutor, executor_of
from jupyter_lifecycle.materialise import compute

on_dask = pytest.mark.parametrize("engine", ["dask"], indirect=True)
on_ray = pytest.mark.parametrize("engine", ["ray"], indirect=True)


@pytest.fixture
def nobody():
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


def test_dask_that_does_not_answer(nobody):
    with pytest.raises(EngineError, match=f"No Dask scheduler answers at tcp://{nobody}"):
        compute(
            EVERYTHING, ["doubled"], inputs={"price": 1}, executor=DaskExecutor(f"tcp://{nobody}")
        )


@pytest.mark.parametrize("form", ["{}", "ray://{}", "nonsense"])
def test_ray_that_does_not_answer(nobody, form):
    address = form.format(nobody)
    with pytest.raises(EngineError, match=f"No Ray cluster answers at {address}"):
        compute(EVERYTHING, ["doubled"], inputs={"price": 1}, executor=RayExecutor(address))


@pytest.mark.parametrize("kind", [DaskExecutor, RayExecutor])
def test_an_executor_is_asked_for_something_sensible(kind):
    with pytest.raises(EngineError, match="at least one worker"):
        kind(workers=0)
    with pytest.raises(EngineError, match="not both"):
        kind("tcp://somewhere:1", workers=2)


@pytest.mark.parametrize("kind", [DaskExecutor, RayExecutor])
def test_closing_what_never_started_and_twice(kind):
    engine = kind()
    engine.close()
    engine.close()


@pytest.mark.parametrize(("kind", "package"), [(DaskExecutor, "distributed"), (RayExecutor, "ray")])
def test_a_missing_extra_is_one_line(kind, package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r'pip install "jupyter_lifecycle\[(dask|ray)\]"$'):
        compute(EVERYTHING, ["doubled"], inputs={"price": 1}, executor=kind())


@on_dask
def test_a_forked_process_is_told_to_make_its_own(engine):
    assert engine.client is not None
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write, type(_error(lambda: engine.client)).__name__.encode())
            engine.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(write)
    with os.fdopen(read) as said:
        assert said.read() == "EngineError"
    assert compute(EVERYTHING, ["doubled"], inputs={"price": 1}, executor=engine) == {"doubled": 2}


def _error(call):
    try:
        call()
    except EngineError as error:
        return error
    return None


def test_engines_by_name_are_the_processs_one():
    assert executor_of("dask") is executor_of("dask")
    assert executor_of("ray") is executor_of("ray")


@on_dask
def test_a_client_outlives_the_executor_that_borrows_it(engine):
    other = DaskExecutor(engine.client)
    assert compute(EVERYTHING, ["doubled"], inputs={"price": 1}, executor=other) == {"doubled": 2}
    other.close()
    assert engine.client.status == "running"
    assert compute(EVERYTHING, ["doubled"], inputs={"price": 1}, executor=other) == {"doubled": 2}
    other.close()


@on_dask
def test_nothing_is_left_on_the_cluster(engine, orders):
    compute(EVERYTHING, ["relative", "labels"], inputs=orders, executor=engine)
    tick = threading.Event()
    for _ in range(100):
        if not any(engine.client.has_what().values()):
            break
        tick.wait(0.05)
    assert Counter(map(len, engine.client.has_what().values())) == {0: 2}


@on_ray
def test_a_process_has_one_connection_to_ray(engine, nobody):
    one = {"inputs": {"price": 1}, "executor": engine}
    assert compute(EVERYTHING, ["doubled"], **one) == {"doubled": 2}
    for address in (nobody, f"ray://{nobody}"):
        with pytest.raises(EngineError, match=f"connected to Ray.*, not to {address}, and"):
            compute(EVERYTHING, ["doubled"], inputs={"price": 1}, executor=RayExecutor(address))
    borrowed = RayExecutor()
    assert compute(EVERYTHING, ["doubled"], inputs={"price": 1}, executor=borrowed) == {
        "doubled": 2
    }
    borrowed.close()
    assert compute(EVERYTHING, ["doubled"], **one) == {"doubled": 2}
