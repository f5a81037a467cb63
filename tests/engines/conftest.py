"""One Dask cluster and one Ray cluster of two workers for all tests, one after the other.

Two clusters side by side are more than two cores carry, so the tests are put in order: those that
need none or start their own, then all of Dask, then all of Ray.
"""

from __future__ import annotations

import importlib.util
import signal
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jupyter_lifecycle.executors import DaskExecutor, RayExecutor

# A module of the user's own, beside the tests as it would be beside a notebook: it is on no path of
# the workers.
PATH = Path(__file__).with_name("every_kind.py")
spec = importlib.util.spec_from_file_location("every_kind", PATH)
assert spec is not None
assert spec.loader is not None
sys.modules["every_kind"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["every_kind"])

KINDS = {"dask": DaskExecutor, "ray": RayExecutor}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    order = ["", *KINDS]

    def place(item):
        found = getattr(item, "callspec", None)
        return order.index(found.params.get("engine", "") if found is not None else "")

    items.sort(key=place)
    for item in items:
        if item.path.parent == PATH.parent and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(900))  # a cluster starts late on a busy machine


@pytest.fixture(scope="session", params=list(KINDS))
def engine(request):
    """The cluster; ``@on_dask`` and ``@on_ray`` ask for one of them."""
    with KINDS[request.param](workers=2) as executor:
        yield executor


@pytest.fixture
def orders():
    rng = np.random.default_rng(7)
    return pd.DataFrame({"price": rng.random(2000), "cost": rng.random(2000)})


@pytest.fixture
def interruptible():
    """Interrupts as in a terminal: a shell's background jobs ignore them."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
