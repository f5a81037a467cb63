"""What the explorer shows while an engine computes."""

from __future__ import annotations

import pandas as pd
import pytest

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.notebook import Session

CELL = """
def twice(price):
    return price * 2

def profit(twice, cost):
    return twice - cost

def lost(profit):
    raise ValueError(f"no luck with {len(profit)} rows")
"""


@pytest.fixture
def session(orders, tmp_path):
    session = Session(cache=ColumnCache(tmp_path))
    session.inputs(orders)
    session.feature(CELL)
    return session


def states(session):
    names = session.graph_view().names
    return {names[node.index]: node.state for node in session.states_view().nodes}


def test_states_go_by_while_it_runs(session, engine, orders):
    seen = []

    def look(kind, names):
        if kind == "states":
            now = states(session)
            seen.extend((name, now[name]) for name in names if name in now)
            totals.add(session.states_view().total)

    totals = set()
    leave = session.subscribe(look)
    found = session.compute("profit", executor=engine)
    leave()
    pd.testing.assert_series_equal(
        found["profit"], orders.price * 2 - orders.cost, check_names=False, check_exact=True
    )
    for name in ("twice", "profit"):
        own = [state for each, state in seen if each == name]
        assert list(dict.fromkeys(own))[:3] == ["queued", "running", "fresh"]
    assert 2 in totals
    assert states(session)["profit"] == "fresh"
    assert session.states_view().message


def test_a_failure_there_is_red_here(session, engine):
    with pytest.raises(ValueError, match="no luck with 2000 rows"):
        session.compute("lost", executor=engine)
    now = states(session)
    assert (now["twice"], now["profit"], now["lost"]) == ("cached", "cached", "error")


def test_an_engine_computes_what_is_stale_and_no_more(session, engine):
    session.compute("profit")
    session.feature(CELL.replace("twice - cost", "twice + cost"))
    assert states(session)["profit"] == "stale"
    session.compute("profit", executor=engine)
    assert states(session)["profit"] == "fresh"
