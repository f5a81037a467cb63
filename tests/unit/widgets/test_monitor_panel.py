"""The monitor's views and panel, over what a source says."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from jupyter_lifecycle.errors import NotFoundError, RegistryUnavailableError
from jupyter_lifecycle.monitoring import ColumnPlan, Counter, Plan
from jupyter_lifecycle.widgets import monitor_charts, monitor_views
from jupyter_lifecycle.widgets.monitor_values import (
    Began,
    Column,
    Live,
    Mark,
    Monitored,
    in_order,
    missing_share,
    outside,
    unseen,
)
from jupyter_lifecycle.widgets.panel_monitor import MonitorPanel

pytestmark = pytest.mark.usefixtures("front_end")
HOSTILE = "<img src=x onerror=alert(1)>\n\u202e\"'🙂" + "x" * 500


def plain(markup):
    text = re.sub(r"<[^>]*>", " ", getattr(markup, "value", markup))
    return re.sub(r"\s+", " ", text)


def counted(plan, values):
    counter = Counter(Plan((plan,)))
    counter.add_rows([[value] for value in values])
    return counter.profile()[plan.name]


GUST = ColumnPlan("wind_gust", "number", edges=(10.0, 20.0, 30.0, 40.0))
CARRIER = ColumnPlan("carrier", "string", categories=("UA", "B6"))
THEN = counted(GUST, [15.0] * 50 + [25.0] * 40 + [35.0] * 10 + [None] * 100)
NOW = counted(GUST, [15.0] * 10 + [35.0] * 70 + [50.0] * 20 + [None] * 50)


@pytest.fixture
def shown(now):
    at = now()
    days = tuple(
        (at - timedelta(days=4 - place), value)
        for place, value in enumerate([0.004, None, 0.006, 0.3, 0.48])
    )
    columns = (
        Column("origin", "within noise", 0.003, (0.001, 0.005), 0.008, days=days[:3]),
        Column("time_hour", "not compared", sentence="times move with the clock"),
        Column("severity", "moved", 0.2, (0.19, 0.22), 0.01),
        Column(
            "wind_gust", "moved", 0.48, (0.46, 0.5), 0.011, sentence="It moved.",
            reference=THEN, observed=NOW, days=days,
        ),
        Column(
            "carrier", "small", 0.02, (0.01, 0.03), 0.004,
            reference=counted(CARRIER, ["UA", "B6"] * 50),
            observed=counted(CARRIER, ["UA"] * 60 + ["<b>"] * 5),
        ),
    )  # fmt: skip
    return Monitored(
        "departure-delay",
        "2c81e0f9b1" + "0" * 54,
        "day",
        state="serving",
        since=at - timedelta(days=4),
        reference_rows=328_521,
        rows=8_214,
        columns=columns,
        origins=(Began(("wind_gust", "severity"), "data", ("severity",)),),
        marks=(Mark(at - timedelta(days=1), "2c81e0f9b1", "serving"),),
    )


class Told:
    """A source that says what it is told to."""

    location = "https://models.example"
    is_local = True

    def __init__(self, shown, *others):
        self.shown, self.others, self.asked = shown, others, []

    def endpoints(self):
        return self.others

    def look(self, endpoint, window):
        self.asked.append((endpoint, window))
        if isinstance(self.shown, Exception):
            raise self.shown
        return replace(self.shown, window=window)


def test_what_moved_comes_first_then_by_effect(shown):
    names = [one.name for one in in_order(shown.columns)]
    assert names == ["wind_gust", "severity", "carrier", "origin", "time_hour"]


def test_shares_of_a_column():
    assert missing_share(THEN) == 0.5
    assert missing_share(None) is None
    assert outside(THEN, NOW) == pytest.approx(0.2)
    assert outside(None, counted(CARRIER, ["UA"])) is None
    assert unseen(counted(CARRIER, ["UA", "x", "y"])) == 2
    assert unseen(NOW) is None
    assert outside(THEN, counted(GUST, [None])) is None


def test_the_list_says_verdict_effect_and_shares(shown):
    said = plain(monitor_views.list_view(shown, "wind_gust"))
    for words in ("5, by effect", "Moved", "0.48", "50 → 33.3", "20", "times move with the clock"):
        assert words in said
    drawn = monitor_views.list_view(shown, "wind_gust")
    assert drawn.count('aria-pressed="true"') == 1
    assert 'aria-label="effect 0.48 bit, noise floor 0.011 bit"' in drawn


def test_the_detail_draws_values_days_and_facts(shown, now):
    chosen = shown.columns[3]
    drawn = monitor_views.detail_view(shown, chosen, now())
    assert "over the limit in the last 2" in drawn
    assert "2c81e0f9b1" in drawn
    said = plain(drawn)
    for words in ("values 10 to 40", "missing 50", "100 values", "floor 0.011, limit 0.1"):
        assert words in said
    carrier = plain(monitor_views.detail_view(shown, shown.columns[4], now()))
    assert "&lt;b&gt;" in carrier
    assert "2 categories" in carrier
    assert monitor_views.detail_view(shown, None, now()) == ""


def test_where_it_began_and_why(shown):
    said = plain(monitor_views.origin_view(shown))
    for words in ("wind_gust is the earliest", "0.2 bit", "the data changed", "No deployment"):
        assert words in said
    code = replace(shown, origins=(Began(("severity",), "code"),))
    assert "its code or its environment" in plain(monitor_views.origin_view(code))
    recent = plain(monitor_views.origin_view(replace(shown, recent=shown.marks)))
    assert "Deployed in this window: 2c81e0f9b1" in recent
    unknown = plain(monitor_views.origin_view(replace(shown, origins=())))
    assert "no graph of its features" in unknown
    assert monitor_views.origin_view(replace(shown, columns=shown.columns[:2])) == ""


def test_a_live_metric_that_is_worse_beyond_its_interval(shown, now):
    at = now()
    days = ((at - timedelta(days=1), 13.2, 12.9, 13.5), (at, 14.9, 14.1, 15.7))
    live = Live("mae", days, days[-1][1:], (13.4, 13.2, 13.7), 71, 100, "lower")
    watched = replace(shown, live=live)
    assert "1.5 worse, 0.7 to 2.3." in plain(monitor_views.live_view(watched, at))
    figures = plain(monitor_views.figures_view(watched))
    for words in ("Live mae 14.9", "71", "at save 13.4"):
        assert words in figures
    assert not monitor_charts.worse(replace(live, direction=""), 20.0, 21.0)
    assert monitor_charts.worse(replace(live, direction="higher"), 1.0, 2.0)
    quiet = replace(watched, live=replace(live, now=(13.4, 13.1, 13.6)))
    assert "no worse beyond its interval" in plain(monitor_views.live_view(quiet, at))
    assert "log_outcomes" in plain(monitor_views.live_view(shown, at))
    bare = replace(watched, live=replace(live, at_save=None))
    assert "Nothing was said of it at save" in plain(monitor_views.live_view(bare, at))


def test_the_panel_chooses_and_keeps_what_is_chosen(shown, worker, now):
    source = Told(shown)
    panel = MonitorPanel("departure-delay", source, worker=worker, now=now)
    assert source.asked[0] == ("departure-delay", "day")
    assert panel.chosen.name == "wind_gust"
    assert "for 4 days, compared with its 328,521 training rows" in plain(panel._title)
    assert "2 of 5" in plain(panel._figures)
    panel.clicked("choose:carrier")
    assert panel.chosen.name == "carrier"
    assert "carrier" in plain(panel._detail)
    panel._window.value = "week"
    assert source.asked[-1] == ("departure-delay", "week")
    assert panel.chosen.name == "carrier"
    assert 'skew(since="7d")' in plain(panel._code).replace(" ", "").replace("&quot;", '"')
    panel.clicked("nothing:of it")
    assert panel.chosen.name == "carrier"


def test_another_endpoint_is_turned_to(shown, worker, now):
    source = Told(shown, "a", "b")
    panel = MonitorPanel("a", source, worker=worker, now=now)
    panel.clicked("choose:carrier")
    panel._which.value = "b"
    assert source.asked[-1] == ("b", "day")
    assert panel.chosen.name == "wind_gust"
    assert '"b"' in panel._call
    alone = MonitorPanel("a", Told(shown, "a"), worker=worker, now=now)
    assert "jl-hidden" in alone._which._dom_classes


def test_it_asks_on_only_while_somebody_looks(shown, worker, now):
    source = Told(shown)
    panel = MonitorPanel("departure-delay", source, worker=worker, now=now)
    asked = len(source.asked)
    assert panel._look() is True
    assert len(source.asked) == asked
    panel.announcer._view_count = 1
    source.shown = replace(shown, columns=shown.columns[:2])
    panel._look()
    assert len(source.asked) == asked + 1
    assert "none of 2 moved" in panel.announcer.message
    assert panel.chosen.name == "origin"


def test_what_cannot_be_asked_is_said_and_the_last_window_stays(shown, worker, now):
    source = Told(shown)
    panel = MonitorPanel("departure-delay", source, worker=worker, now=now)
    source.shown = RegistryUnavailableError("https://models.example does not answer.")
    panel._window.value = "hour"
    assert "does not answer" in plain(panel._band)
    assert "wind_gust" in plain(panel._list)
    assert "does not answer" in panel.announcer.alert
    source.shown = shown
    panel._window.value = "day"
    assert "does not answer" not in plain(panel._band)
    missing = MonitorPanel("none", Told(NotFoundError("No endpoint none.")), worker=worker)
    assert "No endpoint none." in plain(missing._band)
    assert missing.plain() == "none: not asked yet"
    assert "Not asked yet" in missing.snapshot()


def test_several_envelopes_and_none(shown, worker, now):
    several = MonitorPanel("e", Told(replace(shown, others=1)), worker=worker, now=now)
    assert "2 envelopes served in this window, one is shown" in plain(several._band)
    nothing = replace(shown, columns=(), rows=0, origins=(), note="No requests in the last day.")
    panel = MonitorPanel("e", Told(nothing), worker=worker, now=now)
    assert "No requests in the last day" in plain(panel._band)
    assert panel.chosen is None
    assert panel.plain().endswith("No requests in the last day.")


def test_buttons_open_below_and_only_where_something_moved(shown, worker, now):
    from ipywidgets import HTML

    opened = []
    openers = {
        name: lambda seen, name=name: (opened.append((name, seen.endpoint)), HTML(name))[1]
        for name in ("explore", "tag", "deploy")
    }
    told = Told(replace(shown, report=object()))
    panel = MonitorPanel("departure-delay", told, "jl", openers, worker, now)
    panel._buttons["tag"].click()
    assert opened == [("tag", "departure-delay")]
    assert panel._below.children[0].value == "tag"
    quiet = replace(shown, columns=shown.columns[:2])
    panel = MonitorPanel("departure-delay", Told(quiet), "jl", openers, worker, now)
    hidden = {name: "jl-hidden" in one._dom_classes for name, one in panel._buttons.items()}
    assert hidden == {"explore": True, "tag": True, "deploy": True}


def test_names_of_any_text_are_shown_safely(shown, worker, now):
    columns = (
        replace(shown.columns[3], name=HOSTILE, sentence=HOSTILE),
        Column(HOSTILE + "2", "not compared", sentence=HOSTILE),
    )
    live = Live(HOSTILE, shown.columns[3].days and (), (1.0, 0.9, 1.1), None, 1, 2)
    watched = replace(
        shown, columns=columns, origins=(Began((HOSTILE, "b"), "data"),), live=live, note=HOSTILE
    )
    panel = MonitorPanel(HOSTILE, Told(watched), worker=worker, now=now)
    drawn = "".join(
        one.value for one in (panel._title, panel._figures, panel._list, panel._origin, panel._live)
    )
    drawn += panel._detail.value + panel.snapshot() + panel._code.value
    assert "<img" not in drawn
    assert "\u202e" not in drawn


def test_the_file_has_sentence_list_and_chart(shown, worker, now):
    panel = MonitorPanel("departure-delay", Told(shown), worker=worker, now=now)
    assert panel.plain() == (
        "As of 14:06, last day: departure-delay: wind_gust, severity moved; it began at wind_gust"
    )
    drawn = panel.snapshot()
    assert panel.plain() in plain(drawn)
    assert drawn.count("<svg") >= 6
    panel.close()
