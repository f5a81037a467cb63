"""Which features run as one task on an engine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_lifecycle.materialise.fusing import fused_groups

CASES = {
    "a chain is one task": ({"a": "x", "b": "a", "c": "b"}, "c", {}, ["abc"]),
    "a target ends its task": ({"a": "x", "b": "a", "c": "b"}, "bc", {}, ["ab", "c"]),
    "two readers": ({"a": "x", "b": "a", "c": "a"}, "bc", {}, ["a", "b", "c"]),
    "two parents that may run side by side": (
        {"a": "x", "b": "x", "c": "ab"},
        "c",
        {},
        ["a", "b", "c"],
    ),
    "parents known to be cheap": (
        {"a": "x", "b": "x", "c": "ab"},
        "c",
        {"a": 1e-5, "b": 1e-5},
        ["abc"],
    ),
    "a cheap one beside a dear one": (
        {"a": "x", "b": "x", "c": "ab"},
        "c",
        {"a": 1e-5, "b": 1.0},
        ["b", "ac"],
    ),
    "a long chain is cut": (
        {"a": "x", "b": "a", "c": "b"},
        "c",
        {"a": 50.0, "b": 50.0, "c": 50.0},
        ["ab", "c"],
    ),
    "a parent read twice by one": ({"a": "x", "b": "aa"}, "b", {}, ["ab"]),
    "nothing": ({}, "", {}, []),
}


@pytest.mark.parametrize(("edges", "targets", "seconds", "wanted"), CASES.values(), ids=CASES)
def test_groups(edges, targets, seconds, wanted):
    found = fused_groups(list(edges), edges, targets, seconds)
    assert ["".join(group) for group in found] == wanted


@given(st.data())
def test_every_feature_runs_once_after_what_it_reads_and_only_ends_are_read(data):
    n = data.draw(st.integers(1, 25))
    order = [f"f{i}" for i in range(n)]
    edges = {
        name: data.draw(st.lists(st.sampled_from(order[:i] or ["x"]), max_size=3))
        for i, name in enumerate(order)
    }
    targets = data.draw(st.lists(st.sampled_from(order), min_size=1, unique=True))
    seconds = {name: data.draw(st.sampled_from([1e-6, 1e-2, 45.0])) for name in order[::2]}
    groups = fused_groups(order, edges, targets, seconds)
    flat = [name for group in groups for name in group]
    assert sorted(flat) == sorted(order)
    place = {name: i for i, name in enumerate(flat)}
    group_of = {name: group for group in groups for name in group}
    for name in order:
        for parent in edges[name]:
            if parent == "x":
                continue
            assert place[parent] < place[name]
            if group_of[parent] is not group_of[name]:
                assert group_of[parent][-1] == parent
    assert {name for name in targets if group_of[name][-1] != name} == set()


def test_a_chain_of_a_hundred_thousand_is_put_together_at_once():
    order = [f"f{i}" for i in range(100_000)]
    edges = {name: order[i - 1 : i] for i, name in enumerate(order)}
    assert fused_groups(order, edges, order[-1:], dict.fromkeys(order, 1e-6)) == [tuple(order)]
