from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from jupyter_lifecycle.widgets import cards, charts, markup, outcomes
from jupyter_lifecycle.widgets.cards import Card, FeatureBlock, Note, feature_card

HOSTILE = "<script>alert('x')</script>\n\u202eevil & \"quoted\""


class Reader(HTMLParser):
    """What a browser would make of it: the text, the tags and whether they are balanced."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not (self.open and self.open[-1] == "style"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words)).strip()


def read(view: cards.View) -> Reader:
    reader = Reader(str(view.html))
    assert reader.open == []
    return reader


def block(name: str = "scheduled_minute", **changes: object) -> FeatureBlock:
    given = {
        "state": "fresh",
        "dtype": "int64",
        "doc": "Scheduled departure.",
        "seconds": 0.004,
        "facts": [("rows", "1,000"), ("null", "0"), ("min", "66"), ("max", "1,439")],
        "histogram": [0.1, 1.0, 0.4],
        "head": ["315", "329"],
        "sample": "first 1,000 rows",
    }
    return FeatureBlock(name, **(given | changes))  # type: ignore[arg-type]


def test_a_block_shows_name_type_figures_and_first_values():
    view = feature_card(Card([block()], stale=["a", "b", "c", "d"]))
    reader = read(view)
    for words in ("scheduled_minute", "int64", "4 ms", "1,439", "315 329", "first 1,000 rows"):
        assert words in reader.text
    assert "4 became stale" in reader.text
    assert "a, b, c and 1 more" in reader.text
    assert reader.tags.count("rect") == 3
    assert view.text == (
        "scheduled_minute: int64; rows 1,000, null 0, min 66, max 1,439; first 1,000 rows: 315 329\n"
        "4 became stale: a, b, c and 1 more."
    )


def test_more_than_five_features_are_folded():
    reader = read(feature_card(Card([block(f"f{index}") for index in range(12)])))
    assert "7 more" in reader.text
    assert reader.tags.count("details") == 1
    assert "7 more: f5, f6" in feature_card(Card([block(f"f{index}") for index in range(12)])).text


def test_categories_are_bars_with_their_share():
    reader = read(
        feature_card(Card([block(histogram=[], categories=[("EWR", 0.36), ("LGA", 0.3)])]))
    )
    assert "EWR" in reader.text
    assert "36\u2009%" in " ".join(reader.words)


def test_a_note_and_no_figures():
    reader = read(feature_card(Card([block(facts=[], head=[], histogram=[], note="Waits for x.")])))
    assert "Waits for x." in reader.text
    assert "rect" not in reader.tags


@pytest.mark.parametrize(
    ("card", "words"),
    [
        (Card([], unchanged=2), "Nothing changed: 2 features as before."),
        (Card([], unchanged=1), "Nothing changed: 1 feature as before."),
        (Card([], notes=[Note("gust was removed.")], stale=["a"]), "gust was removed."),
    ],
)
def test_a_card_without_blocks_is_one_line(card, words):
    view = feature_card(card)
    assert words in read(view).text
    assert words in view.text


def test_text_from_data_is_never_markup():
    card = Card(
        [
            block(
                HOSTILE,
                doc=HOSTILE,
                dtype=HOSTILE,
                head=[HOSTILE],
                note=HOSTILE,
                facts=[(HOSTILE, HOSTILE)],
            )
        ],
        stale=[HOSTILE],
        notes=[Note(HOSTILE, "unbound")],
    )
    reader = read(feature_card(card))
    assert "script" not in reader.tags
    assert "\u202e" not in str(feature_card(card).html)
    assert "\\u202e" in str(feature_card(card).html)


def test_the_style_holds_only_rules_that_are_used_and_all_of_those():
    html = str(outcomes.stopped_line(1, 4).html)
    assert "jl-why" not in html
    used = set(re.findall(r'class="([^"]*)"', html.split("</style>")[1]))
    assert used >= {"jl-sum"}
    assert ".jl-out .jl-sum" in html
    whole = str(feature_card(Card([block()])).html)
    assert len(html) < len(whole) < 12_000


def test_every_rule_stays_inside_the_output():
    text = "".join(rule for _, rule in cards._rules())
    for selector in re.findall(r"(?:^|})([^{}@]+){", text):
        for one in selector.split(","):
            assert ".jl-out" in one, one


def test_a_view_gives_markup_and_text():
    bundle = outcomes.stopped_line(1, 4)._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    assert repr(outcomes.stopped_line(1, 4)) == "Stopped after 1 of 4. What was finished is kept."


def test_a_histogram_is_clamped_and_described():
    svg = charts.histogram([2.0, -1.0, 0.5], label='"<x>"')
    assert 'aria-label="&quot;&lt;x&gt;&quot;"' in svg
    heights = re.findall(r'height="([0-9.]+)" fill', svg)
    assert heights == ["44.0", "0.0", "22.0"]


def test_no_bars_no_chart():
    assert charts.histogram([]) == ""
    assert charts.shares([]) == ""


def test_shares_of_nothing():
    assert "0\u2009%" in charts.shares([("a", 0.0)])


def test_a_long_name_is_cut_in_the_middle_and_whole_in_its_tooltip():
    long = "a" * 40 + "b" * 40
    html = markup.name(long)
    assert f'title="{long}"' in html
    assert "a…b" in html
    assert "title" not in markup.name("short")


def declared(css: str, selector: str) -> dict[str, str]:
    """Every ``--jl-`` token of the blocks whose selector is exactly this one."""
    found = {}
    for block_selector, body in re.findall(
        r"([^{}]+){([^{}]*)}", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    ):
        if block_selector.strip() == selector:
            for name, value in re.findall(r"(--jl-[\w-]+):\s*([^;]+)", body):
                found[name] = re.sub(r",\s+", ",", value.strip())
    return found


@pytest.mark.parametrize(
    "selector",
    [
        ".jl",
        'body[data-jp-theme-light="false"] .jl, body.vscode-dark .jl',
        (
            'body[data-jp-theme-name*="High Contrast"] .jl, '
            "body.vscode-high-contrast:not(.vscode-high-contrast-light) .jl"
        ),
    ],
    ids=["light", "dark", "high contrast"],
)
def test_the_cards_own_tokens_are_the_products(selector):
    root = Path(__file__).parents[3]
    product = declared((root / "labextension/style/tokens.css").read_text(), selector)
    own = declared(
        (root / "jupyter_lifecycle/widgets/cards.css").read_text(),
        selector.replace(".jl", ".jl-out").replace(", ", ","),
    )
    assert len(own) > 10
    assert own == {name: product[name] for name in own}
