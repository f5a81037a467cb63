from __future__ import annotations

import pandas as pd
import pytest

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.errors import (
    AnnotationError,
    ComputeError,
    CycleError,
    DuplicateFeatureError,
    FeatureDefinitionError,
    GraphError,
    LifecycleError,
    UnboundError,
)
from jupyter_lifecycle.notebook import Session
from jupyter_lifecycle.notebook.definitions import PlainHost

DOUBLE = "def double(dep_delay):\n    return dep_delay * 2\n"
LATE = "def late(double):\n    return double > 3\n"


def names(card):
    return [block.name for block in card.blocks]


def notes(card):
    return [note.text for note in card.notes]


def test_a_cell_becomes_features_with_a_preview_of_the_first_rows(session, flights):
    session.inputs(flights)
    card = session.feature(DOUBLE + LATE)
    assert names(card) == ["double", "late"]
    double = card.blocks[0]
    assert (double.dtype, double.sample, double.state) == ("float64", "first 1,000 rows", "new")
    assert dict(double.facts)["rows"] == "1,000"
    assert dict(double.facts)["null"] == "250"
    assert double.head[:2] == ["4", "8"]
    assert double.seconds is not None
    assert session.materialiser.states(session.graph, session.used)["double"].state == "new"


def test_a_small_frame_is_its_own_sample(session):
    session.inputs(pd.DataFrame({"dep_delay": [1.0, 2.0]}))
    assert session.feature(DOUBLE).blocks[0].sample == ""


def test_a_computed_feature_shows_all_its_rows(session, flights):
    session.inputs(flights)
    session.feature(DOUBLE)
    session.compute("double")
    block = session.feature(DOUBLE + LATE).blocks[0]
    assert (block.state, block.sample, dict(block.facts)["rows"]) == ("fresh", "", "2,000")


def test_a_cell_with_many_features_previews_the_first(session, flights):
    session.inputs(flights)
    card = session.feature(
        "".join(f"def f{i}(dep_delay):\n    return dep_delay\n" for i in range(25))
    )
    assert [bool(block.facts) for block in card.blocks] == [True] * 10 + [False] * 15
    assert card.blocks[-1].note == ""


def test_without_inputs_it_says_what_it_waits_for(session):
    block = session.feature(DOUBLE).blocks[0]
    assert block.note == "No rows yet: it waits for dep_delay."
    assert block.facts == ()


def test_a_feature_that_raises_on_the_sample_is_defined_all_the_same(session, flights):
    session.inputs(flights)
    card = session.feature(
        "def bad(origin):\n    return origin['x']\n\ndef worse(bad):\n    return bad\n"
    )
    assert card.blocks[0].note.startswith("On the first 1,000 rows it raised KeyError")
    assert card.blocks[1].note.startswith("No rows: it waits for bad, which raised KeyError")
    assert "bad" in session.graph.features


def test_an_edit_says_what_became_stale(session, flights):
    session.inputs(flights)
    session.feature(DOUBLE)
    session.feature(LATE)
    session.compute("late")
    card = session.feature(DOUBLE.replace("* 2", "* 3"))
    assert card.stale == ("late",)
    assert card.blocks[0].state == "stale"


def test_an_edited_helper_makes_its_readers_stale(session, flights):
    session.inputs(flights)
    session.feature("K = 2\ndef double(dep_delay):\n    return dep_delay * K\n")
    session.feature(LATE)
    session.compute("late")
    card = session.feature("K = 3\ndef double(dep_delay):\n    return dep_delay * K\n")
    assert (names(card), card.stale) == (["double"], ("late",))


def test_nothing_changed_is_one_line(session, flights):
    session.inputs(flights)
    session.feature(DOUBLE + LATE)
    session.compute("late")
    card = session.feature("# a comment\n" + DOUBLE + LATE)
    assert (card.unchanged, card.blocks) == (2, [])


def test_a_cell_owns_what_it_defined(session):
    session.feature(DOUBLE + LATE)
    session.feature("def risk(late):\n    return late\n")
    card = session.feature(DOUBLE)
    assert list(session.graph.features) == ["double", "risk"]
    assert notes(card) == ["late was removed. risk still needs late."]


def test_a_rename_keeps_the_columns(session, flights):
    session.inputs(flights)
    session.feature(DOUBLE + LATE)
    session.compute("double", "late")
    card = session.feature(DOUBLE.replace("double", "twice") + LATE.replace("double", "twice"))
    assert notes(card) == ["double is now twice; its columns are kept."]
    assert card.blocks[0].state in {"fresh", "cached"}


def test_near_misses_are_told_and_no_error(session, flights):
    session.inputs(flights)
    card = session.feature("def a(dep_dela):\n    return dep_dela\n")
    assert notes(card)[-1] == (
        "No feature or input dep_dela. Did you mean dep_delay? Used by a in cell [1]."
    )
    assert card.notes[-1].kind == "unbound"


def test_decorated_helpers_are_told(session):
    card = session.feature("import functools\n@functools.cache\ndef h(x): ...\n" + DOUBLE)
    assert notes(card) == ["h stays plain Python: another decorator is on it."]
    card = session.feature("import functools\n@functools.cache\ndef h(x): ...\n" + DOUBLE + LATE)
    assert list(session.graph.features) == ["double", "late"]


def test_tags_and_caching_hold_for_the_cell_and_marks_go_before(session):
    session.feature(
        "from jupyter_lifecycle import feature\n" + DOUBLE
        + "@feature(tags={'team': 'own'}, cache='always')\n" + LATE,
        tags={"team": "delays", "kind": "x"},
        cache="never",
    )  # fmt: skip
    features = session.graph.features
    assert dict(features["double"].tags) == {"team": "delays", "kind": "x"}
    assert features["double"].cache == "never"
    assert dict(features["late"].tags) == {"team": "own", "kind": "x"}
    assert features["late"].cache == "always"


@pytest.mark.parametrize(
    ("cell", "error", "words"),
    [
        ("def up(double): ...\ndef double(up): ...", CycleError, "in a circle"),
        ("def other(x): ...\ndef late(x): ...", DuplicateFeatureError, "late is defined twice"),
        ("def x2(a) -> int: ...\ndef x3(x2: str): ...", AnnotationError, "x2"),
        ("def many(*a): ...", FeatureDefinitionError, "takes \\*a"),
        ("def f(x): ...\ndef f(y): ...", DuplicateFeatureError, "lines 2 and 3"),
        ("x = 1", FeatureDefinitionError, "defines no feature"),
    ],
)
def test_a_refused_cell_leaves_graph_and_functions_as_they_were(cell, error, words):
    host = PlainHost()
    session = Session(host, cache=ColumnCache())
    session.feature("def one(z): ...\ndef two(z): ...\ndef late(z): ...\ndef three(z): ...")
    before, kept = session.graph, host.namespace["late"]
    with pytest.raises(error, match=words):
        session.feature(cell)
    assert session.graph is before
    assert host.namespace["late"] is kept
    assert "other" not in host.namespace


def test_what_a_cell_raises_is_the_users_own_and_short(session):
    with pytest.raises(ZeroDivisionError) as error:
        session.feature("x = 1\ny = 1 / 0\n" + DOUBLE)
    lines = error.value._render_traceback_()
    assert lines[0].endswith("division by zero")
    assert lines[-1] == "  >   3 | y = 1 / 0"
    assert not session.graph.features


def test_a_syntax_error_is_short(session):
    with pytest.raises(SyntaxError) as error:
        session.feature("def f(x:\n")
    assert "line 2: def f(x:" in error.value._render_traceback_()[1]


def test_compute_gives_frames_and_dicts(session, flights):
    session.inputs(flights, k=3)
    session.feature(DOUBLE + "def scalar(k):\n    return k\n")
    frame = session.compute("double", "dep_*", "scalar")
    assert list(frame.columns) == ["double", "dep_time", "dep_delay", "scalar"]
    assert session.compute("scalar") == {"scalar": 3}
    assert set(session.compute("double", result="dict")) == {"double"}


def test_compute_tells_how_it_went(session, flights):
    session.inputs(flights)
    session.feature(DOUBLE + LATE)
    shown = []
    session.compute("late", show=shown.append)
    session.compute("late", show=shown.append)
    session.compute("dep_delay", show=shown.append)
    texts = [view.text for view in shown]
    assert texts[0].startswith("2 recomputed, ")
    assert texts[0].endswith("2,000 rows × 1 column, 2.0 kB.")
    assert texts[1].startswith("All 2 from cache, ")
    assert texts[2].startswith("Nothing to compute: only inputs were asked for")
    assert session.states_view().message == texts[2]


def test_the_reason_stands_in_the_summary(session, flights):
    session.inputs(flights)
    session.feature("K = 2\ndef double(dep_delay):\n    return dep_delay * K\n" + LATE)
    session.compute("late")
    session.feature("K = 30\ndef double(dep_delay):\n    return dep_delay * K\n" + LATE)
    shown = []
    session.compute("late", show=shown.append)
    assert "late ← double: constant K changed (2 → 30)" in shown[-1].html


def test_the_summary_tells_the_first_reasons_and_how_many_more(session, flights):
    session.inputs(flights)
    session.feature(
        "".join(f"def f{i}(dep_delay):\n    return dep_delay + {i}\n" for i in range(5))
    )
    shown = []
    session.compute("f*", show=shown.append)
    assert "f2: it was computed for the first time" in shown[-1].html
    assert "f3:" not in shown[-1].html
    assert "… and 2 more; ask %why for each." in shown[-1].html


def test_a_feature_that_raises_gives_its_own_exception_and_one_screen(session, flights):
    session.inputs(flights)
    session.feature(
        "def bad(origin, dep_delay):\n    x = 1\n    return origin['x'] + x\n\ndef worse(bad):\n    return bad\n"
    )
    shown = []
    with pytest.raises(KeyError) as error:
        session.compute("worse", show=shown.append)
    text = shown[-1].text
    for words in (
        "bad failed in cell [1]",
        "line 4, in bad",
        ">   4 |     return origin['x'] + x",
        "origin: str, 2,000 rows, first EWR",
        "worse waits for it.",
    ):
        assert words in text
    lines = error.value._render_traceback_()
    assert len(lines) == 3
    assert lines[-1] == "  > return origin['x'] + x"
    assert session.states_view().message == "bad failed in cell [1]."
    with pytest.raises(KeyError) as error:
        session.compute("worse")
    assert "worse waits for it." in error.value._render_traceback_()


def test_an_interrupt_keeps_what_was_finished(session):
    session.feature(
        "def one(x):\n    return x\n\ndef two(one):\n    raise KeyboardInterrupt\n\ndef three(two):\n    return 1\n"
    )
    session.inputs(x=1)
    shown = []
    with pytest.raises(KeyboardInterrupt) as error:
        session.compute("three", show=shown.append)
    words = "Stopped after 1 of 3. What was finished is kept."
    assert shown[-1].text == words
    assert error.value._render_traceback_()[0].endswith(words)
    with pytest.raises(KeyboardInterrupt):
        session.compute("three")
    session.feature(
        "def one(x):\n    return x\n\ndef two(one):\n    return 2\n\ndef three(two):\n    return 1\n"
    )
    session.compute("three", show=shown.append)
    assert shown[-1].text.startswith("2 recomputed, 1 from cache")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("doubl", "No feature or input doubl. Did you mean double?"),
        ("z*", "No feature or input matches z*."),
        ("late", "no feature or input missing, which late"),
    ],
)
def test_what_cannot_be_computed_is_told(session, flights, asked, words):
    session.inputs(flights)
    session.feature(DOUBLE + "def late(missing):\n    return missing\n")
    with pytest.raises(UnboundError) as error:
        session.compute(asked)
    assert words in str(error.value)


def test_an_input_that_has_a_features_name_is_not_used_and_told(session, flights):
    session.inputs(flights)
    session.feature(DOUBLE)
    words = session.inputs(double=1)
    assert "double: a feature of that name is used, not the input." in words
    assert len(session.compute("double")) == 2000


def test_inputs_are_told(session, flights):
    assert session.listed_inputs() == "No inputs yet. Give a frame: %inputs flights."
    words = session.inputs(flights.rename(columns={"origin": "the origin"}), k=1, weather=flights)
    assert words == (
        "3 inputs from frame 1, 2,000 rows; 2 inputs: k, weather. "
        "No parameter can read 'the origin': no Python name."
    )
    assert session.listed_inputs() == "5 inputs: dep_time, dep_delay, the origin, k, weather."
    with pytest.raises(GraphError):
        session.inputs(pd.DataFrame({0: [1]}))


def test_a_frame_is_known_by_its_variable(flights):
    session = Session(PlainHost({"__name__": "__main__", "flights": flights}), cache=ColumnCache())
    assert session.inputs(flights) == "3 inputs from flights, 2,000 rows."


def test_drop_tells_who_needed_it(session, flights):
    session.inputs(flights)
    session.feature(DOUBLE + LATE)
    assert session.drop("double") == "Dropped double. Needed by late."
    assert session.drop("late", "origin") == "Dropped late, origin."
    assert session.names == ("dep_time", "dep_delay")
    with pytest.raises(UnboundError, match="No feature or input double"):
        session.drop("dep_time", "double")
    assert "dep_time" in session.names


def test_values_and_reasons(session, flights):
    session.inputs(flights)
    session.feature(DOUBLE)
    with pytest.raises(ComputeError, match="no current value"):
        session.value("double")
    assert session.reason("double").title == "double was not computed"
    session.compute("double")
    assert session.value("double").iloc[0] == 4
    assert session.value("origin").iloc[0] == "EWR"
    assert session.reason("double").title == "Why double recomputed"
    session.compute("double")
    assert session.reason("double").title == "Why double did not recompute"
    session.feature(DOUBLE.replace("2", "3"))
    reason = session.reason("double")
    assert reason.title == "Why double is stale"
    assert reason.chains[0][0].origin == "cell [2]"
    for name, words in (
        ("doubl", "No feature doubl. Did you mean double?"),
        ("origin", "origin is an input: it is given, not computed."),
    ):
        with pytest.raises(UnboundError) as error:
            session.why(name)
        assert str(error.value) == words
    with pytest.raises(UnboundError, match="No feature or input nothing"):
        session.value("nothing")


def test_the_cache_can_be_shown_cleared_and_left(tmp_path, flights, monkeypatch):
    monkeypatch.setenv("JUPYTER_LIFECYCLE_CACHE", str(tmp_path))
    session = Session()
    session.inputs(flights)
    session.feature(DOUBLE)
    session.compute("double")
    assert f"on disk in {tmp_path}" in session.cache_command("status")
    assert session.cache_command("clear").startswith("Cleared ")
    assert session.states_view().nodes[-1].state == "stale"
    assert session.cache_command("off").startswith("Off: ")
    session.compute("double")
    assert not [path for path in tmp_path.rglob("*.arrow") if path.is_file()]
    assert f"on disk in {tmp_path}" in session.cache_command("on")


def test_without_a_variable_the_cache_is_in_the_users_folder(tmp_path, monkeypatch):
    from jupyter_lifecycle.notebook.cachefolder import cache_folder

    monkeypatch.delenv("JUPYTER_LIFECYCLE_CACHE", raising=False)
    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "cache" / "columns"


def test_an_unknown_action_is_refused(session):
    with pytest.raises(LifecycleError, match="knows no action dance"):
        session.act("dance", [])
