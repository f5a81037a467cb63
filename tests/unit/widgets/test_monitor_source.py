"""What the monitor asks a registry, over windows that services counted."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from jupyter_lifecycle import monitoring
from jupyter_lifecycle.deployment.outcomes import OutcomeReport, OutcomeRow
from jupyter_lifecycle.errors import MonitoringError, NotFoundError
from jupyter_lifecycle.monitoring import ColumnPlan, Counter, Plan
from jupyter_lifecycle.registry import Rule, Step
from jupyter_lifecycle.registry.observations import Window
from jupyter_lifecycle.widgets.monitor_source import Watcher, added, live_of

NOW = datetime.now(UTC).replace(hour=14, minute=6)
PLAN = Plan(
    (
        ColumnPlan("gust", "number", edges=tuple(range(0, 101, 5))),
        ColumnPlan("carrier", "string", categories=("UA", "B6")),
    )
)


def counted(seed, rows=2_000, shift=0.0):
    rng = random.Random(seed)
    counter = Counter(PLAN)
    counter.add_rows([[rng.gauss(40 + shift, 12), rng.choice(("UA", "B6"))] for _ in range(rows)])
    return counter.profile()


@pytest.fixture
def served(registry, shelf):
    envelope = shelf(tags={"ok": "yes"})
    registry.set_rule(Rule("live", "tags.ok"))
    registry.set_endpoint("live", serving=envelope.id, state="serving")
    return envelope


@pytest.fixture
def send(registry, served):
    def add(ago, profile, *, run="a", side="inputs", flush=1, envelope=None):
        start = (NOW - ago).replace(minute=0, second=0, microsecond=0)
        window = Window(
            "live", envelope or served.id, side, start, 3600, run, flush, profile.rows,
            profile.to_json(),
        )  # fmt: skip
        registry.add_windows([window])

    return add


@pytest.fixture
def watcher(registry):
    reference = counted(1, 20_000)
    asked = []

    def compare(_, profile):
        asked.append(profile.rows)
        return monitoring.skew(reference, profile, upstream={"severity": ["gust"]})

    made = Watcher(registry, compare, lambda name: OutcomeReport(name, ()), lambda: NOW)
    made.asked = asked
    return made


def test_a_window_that_moved_is_compared_by_day(watcher, send, served):
    for back in range(1, 5):
        send(timedelta(days=back), counted(back + 10))
    send(timedelta(hours=2), counted(7, shift=25))
    send(timedelta(hours=2), counted(8, shift=25), run="b")
    shown = watcher.look("live", "day")
    assert shown.envelope == served.id
    assert shown.state == "serving"
    assert shown.note == ""
    assert (shown.rows, shown.reference_rows) == (6_000, 20_000)  # yesterday 14:00 counts too
    verdicts = {one.name: one.verdict for one in shown.columns}
    assert verdicts == {"gust": "moved", "carrier": "within noise"}
    gust = next(one for one in shown.columns if one.name == "gust")
    assert len(gust.days) == 5
    assert gust.days[-1][1] > 0.1 > gust.days[0][1]
    assert gust.interval[0] <= gust.effect <= gust.interval[1]
    assert shown.origins[0].chain[0] == "gust"


def test_days_that_did_not_change_are_not_compared_again(watcher, send):
    for back in range(3):
        send(timedelta(days=back, hours=1), counted(back))
    watcher.look("live", "hour")
    first = len(watcher.asked)
    watcher.look("live", "hour")
    assert len(watcher.asked) == first + 1
    send(timedelta(hours=1), counted(9, 3_000), flush=2)
    shown = watcher.look("live", "hour")
    assert shown.rows == 3_000
    assert len(watcher.asked) == first + 3


def test_other_envelopes_and_answers_are_no_part_of_it(watcher, send):
    send(timedelta(hours=1), counted(1))
    send(timedelta(hours=1), counted(2), envelope="f" * 40)
    send(timedelta(hours=1), counted(3), side="outputs")
    shown = watcher.look("live", "day")
    assert (shown.rows, shown.others) == (2_000, 1)


def test_what_is_not_there_is_said(watcher, registry, send, shelf):
    assert watcher.look("live", "day").note == "No requests in the last day."
    assert "No endpoint yet" in watcher.look("", "day").note
    with pytest.raises(NotFoundError):
        watcher.look("none", "day")
    registry.set_rule(Rule("empty", "tags.nothing"))
    assert "serves nothing" in watcher.look("empty", "day").note

    def refuse(*_):
        raise MonitoringError("The sides have no column in common.")

    send(timedelta(hours=1), counted(1))
    watcher._compare = refuse
    shown = watcher.look("live", "day")
    assert shown.note == "The sides have no column in common."
    assert shown.columns == ()


def test_deployments_are_marks(watcher, registry, served, send):
    attempt = registry.start_deployment("live", served.id, 1)
    registry.update_deployment(attempt.id, state="serving", steps=[Step("switch", "done")])
    send(timedelta(hours=1), counted(1))
    marks = watcher.look("live", "day").marks
    assert [(one.envelope, one.words) for one in marks] == [(served.id, "serving")]


def test_profiles_of_another_plan_are_left_out():
    other = Counter(Plan((ColumnPlan("x", "number", edges=(0.0,)),)))
    other.add_rows([[1.0]])
    assert added([]) is None
    assert added([counted(1, 10), other.profile(), counted(2, 5)]).rows == 15


def test_the_metric_of_the_answers_is_chosen():
    def row(day, metric, value, envelope="e", at_save=None, low=None):
        return OutcomeRow(
            NOW - timedelta(days=day), envelope, metric, 50, value, low, None, at_save
        )

    report = OutcomeReport(
        "live",
        (
            row(2, "mae", 13.0, at_save=13.4, low=12.5),
            row(1, "mae", 14.0, at_save=13.4),
            row(1, "rmse", 20.0),
            row(1, "mae", 99.0, envelope="other"),
        ),
    )
    live = live_of(report, "e")
    assert (live.metric, live.direction, live.known) == ("mae", "lower", 100)
    assert [day[1:] for day in live.days] == [(13.0, 12.5, 13.0), (14.0, 14.0, 14.0)]
    assert live.at_save == (13.4, 13.4, 13.4)
    assert live_of(report, "nobody") is None
    bare = live_of(OutcomeReport("live", (row(1, "rmse", 20.0),)), "e")
    assert (bare.metric, bare.at_save) == ("rmse", None)
