from datetime import UTC, datetime

import pytest

from jupyter_lifecycle.errors import LifecycleError
from jupyter_lifecycle.widgets import bundle, views
from jupyter_lifecycle.widgets.icons import glyph, icon
from jupyter_lifecycle.widgets.panel import Panel, told
from jupyter_lifecycle.widgets.words import count, duration, moment, number, size
from jupyter_lifecycle.widgets.work import Threads

NASTY = '<img src=x onerror="a()">\n\u202e'


@pytest.mark.parametrize(
    "markup",
    [
        views.code(NASTY),
        views.code_block(NASTY),
        views.copied_id(NASTY),
        views.title("tag", NASTY, NASTY),
        views.part_head(NASTY, NASTY),
        views.state_chip("fresh", NASTY),
        views.hint(NASTY, "error"),
        views.band("error", NASTY, NASTY),
        views.action(NASTY, NASTY),
        views.chip(NASTY, NASTY),
        views.chips({NASTY: NASTY}),
        views.table((NASTY,), ((NASTY,),)),
        views.disclosure(NASTY, NASTY, NASTY, views.code("x"), opened=True),
        views.listed([NASTY] * 5),
    ],
)
def test_what_comes_from_data_is_text(markup):
    assert "<img" not in markup
    assert 'onerror="' not in markup
    assert "\u202e" not in markup


def test_code_is_coloured_and_stays_the_same_text():
    markup = str(views.code('x = f("a", 1.5, None)  # 2'))
    assert '<span class="jl-s">&quot;a&quot;</span>' in markup
    assert '<span class="jl-n">1.5</span>' in markup
    assert '<span class="jl-k">None</span>' in markup


def test_glyphs_are_hidden_from_screen_readers_since_words_stand_beside_them():
    for drawn in (glyph("fresh"), icon("tag")):
        assert 'aria-hidden="true"' in drawn


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "under 1 ms"), (59.97, "60 s"), (3599, "59 min"), (7200, "2 h"), (200_000, "2 days")],
)
def test_durations(seconds, words):
    assert duration(seconds) == words


def test_figures():
    assert [size(n) for n in (0, 999_700, 1_500_000_000)] == ["0 bytes", "1.0 MB", "1.5 GB"]
    assert [number(n) for n in (float("inf"), float("-inf"), 0, 1e20)] == ["∞", "−∞", "0", "1e+20"]
    assert count(0, "row") == "0 rows"


def test_moments():
    now = datetime(2025, 11, 24, 14, 6, tzinfo=UTC)
    assert moment(now, now) == "today 14:06"
    assert moment(now.replace(day=1), now) == "1 November 14:06"
    assert moment(now.replace(year=2023), now) == "24 November 2023"


def test_a_front_end_that_was_not_built_says_how_to():
    bundle.built.cache_clear()
    with pytest.raises(LifecycleError, match="npm run build"):
        bundle.built("no_such_file.js")


def test_an_error_in_its_own_words():
    assert told(LifecycleError("what, where, why")) == "what, where, why"
    assert told(ValueError("bad")) == "ValueError: bad"
    assert told(ValueError()) == "ValueError"


@pytest.mark.usefixtures("front_end")
def test_what_leaves_out_a_part_is_no_panel(bare_panel):
    with pytest.raises(TypeError, match="abstract"):
        Panel()
    assert bare_panel.snapshot() == "bare"


def test_threads_run_what_they_are_given_and_end_when_closed():
    import threading

    threads, done = Threads(), threading.Event()
    threads.start(done.set)
    assert done.wait(10)

    first, second = threading.Event(), threading.Event()
    threads.later(30, first.set)
    threads.later(0, second.set)
    assert second.wait(10)
    assert not first.is_set(), "a newer wish replaces an older one"

    rounds, enough = [], threading.Event()

    def turn():
        rounds.append(1)
        if len(rounds) == 3:
            enough.set()
        return len(rounds) < 3

    threads.repeat(0.001, turn)
    assert enough.wait(10)
    again = threading.Event()
    threads.repeat(3600, lambda: again.set() or True)
    assert again.wait(10)
    threads.later(3600, first.set)
    threads.close()
    waiting = [one for one in threading.enumerate() if one.name == "jupyter-lifecycle-panel"]
    for thread in waiting:
        thread.join(10)
        assert not thread.is_alive()


def test_the_package_names_what_it_has():
    from jupyter_lifecycle import widgets

    assert set(widgets.__all__) <= set(dir(widgets))
    assert all(callable(getattr(widgets, name)) for name in widgets.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        widgets.nothing  # noqa: B018 - asking is the test
