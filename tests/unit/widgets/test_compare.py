import re
from dataclasses import replace

import pytest

import jupyter_lifecycle as jl
from jupyter_lifecycle.envelope import Expectation
from jupyter_lifecycle.errors import InvalidValueError, NotFoundError
from jupyter_lifecycle.registry import Rule
from jupyter_lifecycle.widgets import series
from jupyter_lifecycle.widgets.comparison import MetricRow, better, compare
from jupyter_lifecycle.widgets.panel_compare import ComparePanel

pytestmark = pytest.mark.usefixtures("front_end")
HOSTILE = "<img src=x>|`*"
ONE = {"wind_gust": (16.0, 0), "origin": ("EWR", 0)}


@pytest.fixture
def sides(shelf, registry):
    """The one that serves, a better one with a stricter input, and an old one."""
    registry.set_rule(Rule("live", "tags.approved = 'yes'"))
    old = shelf(metrics={"mae": 14.02, "bias": -1.4, "n": 3}, salt="old", inputs={"age": "number"})
    base = shelf(
        tags={"approved": "yes", "team": HOSTILE},
        metrics={"mae": 13.41, "bias": -0.82, "n": 3},
        salt="base",
        inputs={"age": "number"},
        packages={"numpy": "2.3.0"},
    )
    registry.set_endpoint("live", serving=base.id, state="serving")
    new = shelf(
        tags={"team": HOSTILE},
        metrics={"mae": 13.28, "bias": -0.31, "n": 3, "r2": 0.2},
        salt="new",
        inputs={"age": "integer", "tail": "string"},
        packages={"numpy": "2.4.1"},
    )
    return new, base, old


def plain(*widgets):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", " ".join(w.value for w in widgets)))


def test_what_serves_is_the_baseline_and_words_say_better(sides):
    found = compare(*sides)
    assert [side.letter for side in found.sides] == ["A", "B", "C"]
    assert (found.baseline, found.sides[1].serving) == (1, ("live",))
    mae = found.metrics[1] if found.metrics[0].key == "bias" else found.metrics[0]
    assert mae.values == (13.28, 13.41, 14.02)
    assert found.diffs[1] is None
    assert found.diffs[0].verdict == "breaking"
    assert found.verdict.startswith("A is 0.13 better than what serves now by mae; ")
    assert "needs a look before it deploys" in found.verdict
    assert [row.key for row in found.tags if not row.equal] == ["approved", "team"]


def test_the_oldest_is_the_baseline_where_none_serves_and_one_may_be_named(sides, registry):
    new, base, old = sides
    registry.set_endpoint("live", serving=None, state="retired")
    assert compare(new, base, old).baseline == 2
    assert compare(new, base, old, baseline=new).baseline == 0
    assert compare(new.short_id, base.id, registry=registry).baseline == 1
    with pytest.raises(InvalidValueError, match="none of the envelopes compared"):
        compare(new, base, baseline=old)
    with pytest.raises(NotFoundError):
        compare(new, "abcdef", registry=registry)


def test_two_to_five_different_ones(sides):
    new, base, _ = sides
    for few in ((new,), (new, new), (new, base, base)):
        with pytest.raises(InvalidValueError, match="Two to five different"):
            compare(*few)


@pytest.mark.parametrize(
    ("direction", "value", "base", "words"),
    [
        ("lower", 2.0, 1.0, "+1 worse"),
        ("higher", 2.0, 1.0, "+1 better"),
        ("zero", 0.5, -0.75, "+1.2 better"),
        ("zero", -1.0, 1.0, "−2"),
        ("higher", None, 1.0, ""),
        ("higher", 1.0, None, ""),
    ],
)
def test_better(direction, value, base, words):
    assert better(MetricRow("m", (), direction), value, base)[0] == words


def test_markdown_is_a_table_whatever_tags_hold(sides):
    text = str(compare(*sides))
    assert "| metric | A " in text
    assert "| mae | 13.28 −0.13 better | 13.41 |" in text
    assert HOSTILE not in text.partition("```")[0]
    assert r"\<img src=x\>\|\`\*" in text
    assert "breaking" in text


def test_as_html_in_a_file(sides):
    drawn = compare(*sides)._repr_html_()
    for words in (
        "Metrics",
        "Schema",
        "Environment",
        "breaking",
        "2.3.0 → 2.4.1",
        "lower is better",
    ):
        assert words in drawn
    assert "<img" not in drawn
    assert "data-jl=" not in drawn.replace('data-jl="show:everything"', "")


def test_profiles_over_each_other():
    numbers = Expectation(
        "a", 500, 0.0, minimum=0.0, maximum=4.0, edges=(1.0, 2.0, 3.0), counts=(100, 150, 150, 100)
    )
    moved = replace(numbers, minimum=2.0, maximum=8.0, edges=(3.0, 5.0, 6.0))
    drawn = series.overlay({0: numbers, 2: moved}, label="a: moved")
    assert drawn.count("<path") == 4
    assert "stroke-dasharray" in drawn
    low, high = series.ends({0: numbers, 2: moved})
    assert (low, high) == (0.0, 7.8)
    words = Expectation("b", 500, 0.0, categories=((HOSTILE, 0.7), ("y", 0.3)))
    bars = series.overlay({0: words, 1: words}, label="b")
    assert bars.count("<rect") == 4
    assert "<img" not in bars
    assert series.overlay({0: Expectation("c", 5, 0.0)}, label="c") == ""


@pytest.fixture
def open_panel(registry, worker, now):
    def opened(*envelopes, **openers):
        return ComparePanel(envelopes, registry, "jl", openers, worker, now)

    return opened


def test_the_panel_shows_what_differs_and_everything_on_request(open_panel, sides):
    panel = open_panel(*sides)
    metrics = plain(panel._metrics)
    for words in ("mae", "13.28", "−0.13 better", "+0.61 worse", "1 equal", "nearer 0 is better"):
        assert words in metrics
    assert "13.41" in metrics
    panel._mode.value = "Everything"
    assert "equal" in plain(panel._metrics)
    assert "baseline" in plain(panel._sides)
    said = plain(panel._differences)
    for words in ("A against B", "C against B", "breaking", "2.3.0 → 2.4.1", "minor"):
        assert words in said
    assert "&lt;img" in panel._tags.value
    assert "jl.compare(" in plain(panel._code)
    assert "better than what serves" in plain(panel._words)
    assert panel.plain().startswith("**departure-delay**: A is 0.13 better")


def test_a_click_makes_another_one_the_baseline(open_panel, sides):
    panel = open_panel(*sides)
    panel.clicked("base:A")
    assert panel._comparison.baseline == 0
    assert "baseline=" in plain(panel._code)
    assert "B against A" in plain(panel._differences)
    panel.clicked("show:everything")
    assert panel._mode.value == "Everything"


def test_envelopes_are_chosen_in_the_panel(open_panel, sides, shelf):
    new, base, old = sides
    panel = open_panel()
    assert "Choose 2 to 5 envelopes" in plain(panel._sides)
    assert "Choose 2 to 5" in panel.snapshot()
    assert "choose 2 to 5" in panel.plain()
    panel._add.value = f"{new.short_id}  departure-delay"
    assert "Choose one more" in plain(panel._sides)
    assert panel._add.value == ""
    panel._add.value = base.short_id
    assert panel._comparison.baseline == 1
    panel._add.value = base.short_id
    assert "compared already" in plain(panel._problem)
    panel._add.value = "abcdef"
    assert "jl-bad" in panel._problem.value
    for salt in "xyz":
        panel._add.value = shelf(salt=salt).short_id
    panel._add.value = old.short_id
    assert "5 are compared at most" in plain(panel._problem)
    assert len(panel._comparison.sides) == 5


def test_markdown_and_the_way_to_tag(open_panel, sides):
    from ipywidgets import HTML

    tagged = []

    def opener(envelope):
        tagged.append(envelope)
        return HTML("tags")

    panel = open_panel(*sides, tag=opener)
    panel._markdown.click()
    assert "| metric |" in plain(panel._text)
    panel._markdown.click()
    assert panel._text.value == ""
    assert panel._tag.description == "Tag A"
    panel._tag.click()
    assert tagged == [sides[0]]


def test_features_that_differ_open_as_a_graph(open_panel, sides):
    from ipywidgets import HTML

    from jupyter_lifecycle.envelope.comparing import FeatureChange

    opened = []

    def opener(pair):
        opened.append(pair)
        return HTML("graph")

    new, base, _ = sides
    panel = open_panel(new, base, graph=opener)
    assert "jl-hidden" in panel._graph._dom_classes
    change = FeatureChange("gust", "changed", "-a\n+<b>")
    diff = replace(panel._comparison.diffs[0], features=(change,))
    panel._comparison = replace(panel._comparison, diffs=(diff, None))
    panel._draw()
    assert "jl-hidden" not in panel._graph._dom_classes
    assert "+&lt;b&gt;" in panel._differences.value
    panel._graph.click()
    assert opened == [(new, base)]


def test_public_names(sides, registry):
    assert jl.compare is compare
    panel = jl.compare_panel(sides[0], sides[1].short_id, registry=registry)
    assert isinstance(panel, ComparePanel)
    panel.close()
