from __future__ import annotations

import re
from dataclasses import replace

import pytest

from jupyter_lifecycle.widgets.cards import Card, FeatureBlock, feature_card
from jupyter_lifecycle.widgets.outcomes import (
    Argument,
    Failure,
    Progress,
    Reason,
    Step,
    Summary,
    error_view,
    message_line,
    progress_line,
    stopped_line,
    summary_line,
    why_view,
)

HOSTILE = "<img src=x onerror=alert(1)>"


def words(view) -> str:
    body = str(view.html).split("</style>")[1]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", body)).replace("&#x27;", "'")


@pytest.mark.parametrize(
    ("summary", "text"),
    [
        (Summary(4, 15, 0.14), "4 recomputed, 15 from cache, 0.14 s."),
        (Summary(4, 0, 1.14), "4 recomputed, 1.1 s."),
        (Summary(0, 19, 0.006), "All 19 from cache, 6 ms."),
        (Summary(0, 0, 0.002), "Nothing to compute: only inputs were asked for, 2 ms."),
    ],
)
def test_the_summary_counts_what_ran(summary, text):
    assert summary_line(summary).text == text
    assert text in words(summary_line(summary))


def test_the_summary_has_shape_bytes_and_why():
    view = summary_line(Summary(1, 2, 0.1, 336_776, 4, 10_776_832, why=["b ← a: code changed"]))
    assert "336,776 rows × 4 columns, 11 MB" in words(view)
    assert "b ← a: code changed" in words(view)
    assert "<summary>Why</summary>" in view.html


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (
            Progress(1, 4, 16, ["hub_load"], 0.5),
            "Recomputing 2 of 4. 16 from cache, 500 ms. hub_load",
        ),
        (Progress(4, 4, 0, [], 1.5), "Recomputing 4 of 4. 1.5 s."),
        (
            Progress(1, 4, 16, ["hub_load"], 0.5, 0.52),
            "Recomputing 2 of 4. 16 from cache, about 0.5 s left. hub_load",
        ),
        (Progress(0, 0, 0, [], 0.3), "Looking what is known. 300 ms."),
    ],
)
def test_progress_says_what_runs(progress, text):
    view = progress_line(progress)
    assert view.text == text
    assert 'role="progressbar"' in view.html


def test_stopped_and_done():
    assert stopped_line(1, 4).text == "Stopped after 1 of 4. What was finished is kept."
    assert words(message_line("19 inputs from flights.")) == "19 inputs from flights."


def test_why_has_the_cause_on_top_with_its_diff():
    steps = [
        Step(
            "wind_gust",
            "cell [5]",
            "constant KNOTS changed",
            0.12,
            "- KNOTS = 0.8690\n+ KNOTS = 0.868976",
        ),
        Step("severity", "cell [6]", "parent wind_gust has new values", 0.005),
    ]
    view = why_view(
        Reason("Why severity recomputed", [steps], aside="1 step back to the cause"),
        foot="15 from cache",
    )
    text = words(view)
    assert text.index("KNOTS = 0.868976") < text.index("parent wind_gust")
    assert "cell [5]" in text
    assert "120 ms" in text
    assert 'class="jl-del"' in view.html
    assert "15 from cache" in text
    assert view.text.splitlines()[0] == "Why severity recomputed"


def test_why_without_a_chain():
    view = why_view(Reason("x was not computed", summary="it was never computed", text="never"))
    assert "<ol" not in view.html
    assert "It was never computed." in words(view)
    assert view.text == "never"
    assert why_view(Reason("x", summary="never")).text == "x\n  never"


def failure(**changes):
    given = {
        "feature": "tail_turnaround",
        "origin": "cell [4]",
        "message": "TypeError: unsupported operand",
        "place": "cell [4], line 12, in tail_turnaround",
        "code": [(11, "    arrived = x.index"), (12, "    return tailnum - arrived")],
        "line": 12,
        "arguments": [
            Argument("tailnum", "str", 336_776, "'N14228'"),
            Argument("k", "int", None, "2"),
        ],
        "waits": ["knock_on_risk"],
        "seconds": 0.031,
        "traceback": "Traceback (most recent call last)",
    }
    return Failure(**(given | changes))


def test_a_failure_is_one_screen():
    view = error_view(failure())
    text = words(view)
    for part in (
        "tail_turnaround failed in cell [4]",
        "after 31 ms",
        "TypeError: unsupported operand",
        "return tailnum - arrived",
        "336,776",
        "'N14228'",
        "knock_on_risk waits for it.",
        "Full traceback",
    ):
        assert part in text
    assert "<b> " in view.html  # the failing line is bold
    assert view.text.splitlines() == [
        "TypeError: unsupported operand",
        "  tail_turnaround failed in cell [4]",
        "  cell [4], line 12, in tail_turnaround",
        "   11 |     arrived = x.index",
        ">  12 |     return tailnum - arrived",
        "  tailnum: str, 336,776 rows, first 'N14228'",
        "  k: int, first 2",
        "knock_on_risk waits for it.",
    ]


def test_a_failure_with_little_known():
    view = error_view(
        failure(
            code=[], arguments=[], waits=["a", "b"], seconds=None, traceback="", notes=["near: x"]
        )
    )
    assert "a, b wait for it." in words(view)
    assert "near: x" in words(view)
    assert "<table" not in view.html


def test_text_from_data_is_never_markup():
    hostile = failure(
        feature=HOSTILE, origin=HOSTILE, message=HOSTILE, code=[(1, HOSTILE)], line=1, place=HOSTILE,
        arguments=[Argument(HOSTILE, HOSTILE, 1, HOSTILE)], waits=[HOSTILE], traceback=HOSTILE, notes=[HOSTILE],
    )  # fmt: skip
    reason = Reason(
        HOSTILE, [[Step(HOSTILE, HOSTILE, HOSTILE, None, HOSTILE)] * 2], HOSTILE, HOSTILE
    )
    views = [
        error_view(hostile),
        why_view(reason, foot=HOSTILE),
        message_line(HOSTILE),
        progress_line(Progress(0, 1, 0, [HOSTILE], 0.1)),
        summary_line(Summary(1, 1, 0.1, why=[HOSTILE])),
    ]
    assert all("<img" not in view.html for view in views)


def test_buttons_say_what_they_do_and_are_hidden_where_nobody_answers():
    progress = progress_line(Progress(0, 2, 0, ["a"], 0.1)).html
    assert 'data-jl-do="interrupt">Interrupt</button>' in progress
    assert ".jl-out .jl-do{display:none" in progress
    failed = Failure(feature="a", origin="cell [4]", message="KeyError: 1", cell='x"><i>')
    assert (
        'data-jl-do="cell:x&quot;&gt;&lt;i&gt;">Go to cell [4]</button>' in error_view(failed).html
    )
    assert "data-jl-do" not in error_view(replace(failed, cell="")).html


@pytest.mark.parametrize(("many", "what"), [(3, "run:f0,f1,f2"), (51, "recompute")])
def test_the_card_recomputes_what_became_stale(many, what):
    card = Card([FeatureBlock("f", "fresh")], stale=[f"f{n}" for n in range(many)])
    assert f'data-jl-do="{what}">Recompute</button>' in feature_card(card).html
