from __future__ import annotations

import threading

from jupyter_lifecycle.materialise import NodeEvent, NodeReport
from jupyter_lifecycle.notebook import progress
from jupyter_lifecycle.notebook.progress import Ticker, Tracker, listen


def event(name, state, *, hit=None):
    report = NodeReport(name, state, hit=hit) if hit is not None else None
    return NodeEvent(name, state, report)


def test_a_tracker_counts():
    tracker = Tracker()
    for one in (
        event("a", "fresh", hit=True),
        event("b", "cached", hit=True),
        event("c", "queued"),
        event("d", "queued"),
        event("e", "queued"),
        event("c", "running"),
        event("c", "fresh", hit=False),
        event("d", "cached", hit=True),
        event("e", "running"),
    ):
        tracker(one)
    found = tracker.progress()
    assert (found.done, found.total, found.cached, found.running) == (1, 2, 3, ("e",))
    tracker(event("e", "error", hit=False))
    assert tracker.running == ()
    assert tracker.waiting == {"e"}


def test_progress_is_drawn_only_after_a_moment_and_while_it_lasts(monkeypatch):
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0.0)
    monkeypatch.setattr(progress, "UPDATE_SECONDS", 0.001)
    shown, drawn = [], threading.Event()
    tracker = Tracker()

    def show(view):
        shown.append(view.text)
        if len(shown) > 2:
            drawn.set()

    with Ticker(tracker, show):
        while not drawn.is_set():
            tracker(event("a", "running"))
    assert shown[-1].startswith("Recomputing 1 of 1")
    count = len(shown)
    tracker(event("a", "fresh", hit=False))
    assert len(shown) == count


def test_what_is_fast_shows_nothing(monkeypatch):
    monkeypatch.setattr(progress, "QUIET_SECONDS", 60)
    shown = []
    with Ticker(Tracker(), shown.append):
        pass
    assert shown == []


def test_all_listeners_are_told_in_order():
    heard = []
    listen([lambda e: heard.append(1), lambda e: heard.append(2)])(event("a", "queued"))
    assert heard == [1, 2]


def test_what_is_left_is_known_where_every_feature_ran_before(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    tracker = Tracker({"a": 2.0, "b": 3.0, "c": 9.0})
    assert tracker.left is None
    for one in (event("a", "queued"), event("b", "queued"), event("a", "running")):
        tracker(one)
    assert tracker.left == 5.0
    now[0] += 1.5
    assert tracker.progress().left == 3.5
    now[0] += 9
    assert tracker.left == 3.0, "what takes longer than last time leaves nothing of itself"
    tracker(event("new", "queued"))
    assert tracker.left is None
