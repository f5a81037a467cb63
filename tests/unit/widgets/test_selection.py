"""The selection language: what queries mean, what they say when they are wrong, how they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_lifecycle.errors import SelectionError
from jupyter_lifecycle.widgets.selection import complete, describe, find, quoted, subset
from jupyter_lifecycle.widgets.selection.grammar import MOST_DEPTH
from jupyter_lifecycle.widgets.wire import GraphView, NodeState, StatesView

# raw → wind_gust → severity → pressure → expected; raw → route → pressure
NAMES = ["raw", "wind_gust", "wind_speed", "severity", "route", "pressure", "expected"]
EDGES = [(0, 1), (0, 2), (1, 3), (2, 3), (0, 4), (3, 5), (4, 5), (5, 6)]
STATES = ["input", "fresh", "cached", "stale", "cached", "stale", "error"]
SECONDS = [None, 2.0, 0.004, 0.2, 0.06, 70.0, None]
NULLS = [None, 76, 0, 6, None, 0, None]


def graph() -> GraphView:
    return GraphView(
        version=1,
        names=NAMES,
        kinds=["input", *["feature"] * 6],  # type: ignore[list-item]
        groups=["Weather now", "Route"],
        group_notes=["cell 4", "cell 7"],
        group=[-1, 0, 0, 0, 1, 1, 1],
        edges=[end for pair in EDGES for end in pair],
        docs=["", "Gust in knots.", *[""] * 5],
        tags=[("owner", "pricing", [4, 5]), ("owner", "ops,weather", [1, 2]), ("beta", "", [6])],
    )


def states() -> StatesView:
    rows = zip(STATES, SECONDS, NULLS, strict=True)
    return StatesView(
        1,
        [
            NodeState(at, state, "", "float64" if at % 2 else "int8", s, 100, n, 800 * at, None)  # type: ignore[arg-type]
            for at, (state, s, n) in enumerate(rows)
        ],
        "",
        0,
        0,
        "",
    )


def names(query: str) -> list[str]:
    return [NAMES[at] for at in find(query, graph(), states()).nodes]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("severity", "severity"),
        ("wind_*", "wind_gust wind_speed"),
        ("prefix:wind_", "wind_gust wind_speed"),
        ("+severity", "raw wind_gust wind_speed severity"),
        ("1+severity", "wind_gust wind_speed severity"),
        ("severity+1", "severity pressure"),
        ("severity+", "severity pressure expected"),
        ("1+severity+1", "wind_gust wind_speed severity pressure"),
        ("+severity+", "raw wind_gust wind_speed severity pressure expected"),
        ("0+severity", "severity"),
        ("expected raw", "expected raw"),
        ("expected, raw,", "expected raw"),
        ("expected or raw", "expected raw"),
        ("wind_gust+ and +pressure", "wind_gust severity pressure"),
        ("+(wind_gust route)", "raw wind_gust route"),
        ("not (wind_* or raw)", "severity route pressure expected"),
        ("+expected and not +severity", "route pressure expected"),
        ("raw or route and wind_gust", "raw"),
        ("NOT raw AND NOT expected", "wind_gust wind_speed severity route pressure"),
        ("tag:owner", "wind_gust wind_speed route pressure"),
        ("tag:owner=pricing", "route pressure"),
        ("tag:owner=weather", "wind_gust wind_speed"),
        ("tag:owner=p*", "route pressure"),
        ("tag:beta", "expected"),
        ("cell:4", "wind_gust wind_speed severity"),
        ("cell:'cell 7'", "route pressure expected"),
        ('cell:"weather *"', "wind_gust wind_speed severity"),
        ("status:stale", "severity pressure"),
        ("status:failed or status:input", "expected raw"),
        ("kind:input", "raw"),
        ("type:float64", "wind_gust severity pressure"),
        ("type:f64", "wind_gust severity pressure"),
        ("dtype:int*", "raw wind_speed route expected"),
        ("slow>1s", "wind_gust pressure"),
        ("slow > 100ms and slow<=2", "wind_gust severity"),
        ("time>=1min", "pressure"),
        ("nulls>5%", "wind_gust severity"),
        ("nulls=6", "severity"),
        ("nulls!=0 and nulls<10", "severity"),
        ("rows>=0.1k", " ".join(NAMES)),
        ("bytes>4KB", "expected"),
        ("parents=0", "raw"),
        ("children==0", "expected"),
        ('"severity"', "severity"),
    ],
)  # fmt: skip
def test_what_a_query_means(query: str, expected: str) -> None:
    assert names(query) == expected.split()


@pytest.mark.parametrize(
    ("query", "around"),
    [("+raw", True), ("raw and +route", True), ("raw", False), ("not +raw", False)],
)
def test_whether_it_asks_by_the_graph(query: str, around: bool) -> None:
    assert find(query, graph(), states()).around is around


@pytest.mark.parametrize(
    ("query", "position", "length", "suggestion", "message"),
    [
        ("", 0, 1, "", "Nothing is asked for."),
        ("raw and", 7, 1, "", "Something is missing at the end."),
        ("raw or and", 7, 3, "", "and at character 8 has nothing before it."),
        ("severty", 0, 7, "severity", "No feature or input severty (character 1). Did you mean severity?"),
        ("raw severty+2", 4, 7, "severity", "No feature or input severty (character 5)"),
        ("zz_*", 0, 4, "", "No feature or input is called like zz_*."),
        ('"wind_*"', 0, 8, "wind_gust", "No feature or input wind_*"),
        ("tagg:owner", 0, 4, "tag", "tagg at character 1 is no field. Did you mean tag?"),
        ("xyzzy:1", 0, 5, "", "There is: tag, cell, status, type, prefix, kind, diff."),
        ("speed>1s", 0, 5, "", "speed at character 1 is no measure. There is: slow"),
        ("slo>1s", 0, 3, "slow", "slo at character 1 is no measure. Did you mean slow?"),
        ("slow>fast", 5, 4, "", "fast at character 6 is no figure for slow. It takes a number and one of s, ms"),
        ("rows>5%", 5, 2, "", "5% at character 6 is no figure for rows."),
        ("parents>1s", 8, 2, "", "It takes a number alone."),
        ("slow>", 5, 1, "", "A value is missing behind > at character 6."),
        ("tag:", 4, 1, "", "A value is missing behind tag: at character 5."),
        ("tag:)", 4, 1, "", "A value is missing behind tag: at character 5."),
        ("tag:ownr", 4, 4, "owner", "No feature has a tag ownr. Did you mean owner?"),
        ("tag:owner=prising", 4, 13, "owner=pricing", "No feature has the tag owner=prising."),
        ("cell:9", 5, 1, "", "No cell 9. There is: Weather now, Route, 4, 7."),
        ("cell:Rote", 5, 4, "Route", "No cell Rote. Did you mean Route?"),
        ("status:stal", 7, 4, "stale", "There is no state stal. Did you mean stale?"),
        ("kind:inputs", 5, 6, "input", "There is no kind inputs."),
        ("diff:any", 5, 3, "", "Only one version is shown, so nothing differs."),
        ("diff:add", 5, 3, "added", "There is no difference add."),
        ("prefix:zz", 7, 2, "", "No name begins with zz."),
        ("(raw", 0, 1, "", "( at character 1 is never closed."),
        ("raw)", 3, 1, "", ") at character 4 closes no bracket."),
        ("()", 0, 2, "", "Nothing stands between the brackets."),
        ("raw 'open", 4, 1, "", "' at character 5 opens a text that never ends."),
        ("raw ! route", 4, 1, "", "! at character 5 means nothing here."),
        ("(" * (MOST_DEPTH + 1) + "raw", MOST_DEPTH + 4, 1, "", "brackets within each other"),
    ],
)  # fmt: skip
def test_an_error_points_at_its_place(
    query: str, position: int, length: int, suggestion: str, message: str
) -> None:
    with pytest.raises(SelectionError) as caught:
        find(query, graph(), states())
    detail = caught.value.detail
    assert message in caught.value.message
    assert (detail["position"], detail["length"]) == (position, length)
    assert detail["suggestion"] == suggestion


def test_without_tags_it_says_so() -> None:
    bare = GraphView(1, ["a"], ["feature"], [], [], [-1], [], [""])
    with pytest.raises(SelectionError, match="No feature has a tag"):
        find("tag:x", bare, StatesView(1, [], "", 0, 0, ""))


@given(st.text(max_size=40))
def test_any_text_is_a_query_or_an_error_with_a_place(text: str) -> None:
    position = 0
    try:
        nodes = find(text, graph(), states()).nodes
    except SelectionError as error:
        nodes, position = (), error.detail["position"]
    assert set(nodes) <= set(range(len(NAMES)))
    assert 0 <= position <= len(text)


@given(st.sets(st.sampled_from(NAMES)))
def test_what_is_described_means_the_same(chosen: set[str]) -> None:
    query = describe(chosen, graph())
    assert (set(names(query)) if query else set()) == chosen


@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=5, unique=True))
def test_any_name_can_be_asked_for(odd: list[str]) -> None:
    view = GraphView(1, odd, ["input"] * len(odd), [], [], [-1] * len(odd), [], [""] * len(odd))
    nothing = StatesView(1, [], "", 0, 0, "")
    for at, name in enumerate(odd):
        assert find(quoted(name), view, nothing).nodes == (at,)


@pytest.mark.parametrize(
    ("chosen", "query"),
    [
        (["wind_gust"], "wind_gust"),
        (["wind_gust", "wind_speed", "severity"], 'cell:"Weather now"'),
        (["route", "pressure", "expected", "raw"], "cell:Route raw"),
        (NAMES, "*"),
        (["gone"], ""),
    ],
)
def test_chosen_nodes_become_a_short_query(chosen: list[str], query: str) -> None:
    assert describe(chosen, graph()) == query


@pytest.mark.parametrize(
    ("query", "at", "start", "options"),
    [
        ("", 0, 0, ["tag:", "cell:", "status:", "type:", "prefix:", "kind:", "diff:", "slow>"]),
        ("wi", 2, 0, ["wind_gust", "wind_speed"]),
        ("raw ", 4, 4, ["tag:", "cell:", "status:", "type:", "prefix:", "kind:", "diff:", "slow>"]),
        ("raw an", 6, 4, ["and"]),
        ("2+sev", 5, 2, ["severity"]),
        ("tag:", 4, 4, ["owner", "beta"]),
        ("tag:owner=", 10, 10, ["pricing", '"ops,weather"']),
        ("tag:owner=p", 11, 10, ["pricing"]),
        ("cell:", 5, 5, ['"Weather now"', "Route"]),
        ("cell:w", 6, 5, ['"Weather now"']),
        ("status:sta", 10, 7, ["stale"]),
        ("type:", 5, 5, ["int8", "float64"]),
        ("kind:", 5, 5, ["feature", "input"]),
        ("prefix:", 7, 7, ["wind_"]),
        ("nul", 3, 0, ["nulls>"]),
        ("gust", 4, 0, ["wind_gust"]),
        ("slow>", 5, 5, []),
        ("not st and raw", 6, 4, ["status:", "wind_gust"]),
        ("'open", 5, 1, []),
    ],
)
def test_completion(query: str, at: int, start: int, options: list[str]) -> None:
    found = complete(query, at, graph(), states())
    assert [option.text for option in found.options] == options
    assert (found.start, found.end) == (start, at)


def test_a_part_of_the_graph_keeps_its_groups_tags_and_edges() -> None:
    part, known = subset(graph(), states(), [5, 4, 0])
    assert part.names == ["raw", "route", "pressure"]
    assert (part.groups, part.group) == (["Route"], [-1, 0, 0])
    assert part.edges == [0, 1, 1, 2]
    assert part.tags == [("owner", "pricing", [1, 2])]
    assert [node.index for node in known.nodes] == [0, 1, 2]


def test_a_large_graph_is_answered_without_recursion() -> None:
    count = 20_000
    chain = GraphView(
        1, [f"f{at}" for at in range(count)], ["feature"] * count, [], [], [-1] * count,
        [end for at in range(count - 1) for end in (at, at + 1)], [""] * count,
    )  # fmt: skip
    assert len(find(f"+f{count - 1}", chain, StatesView(1, [], "", 0, 0, "")).nodes) == count
