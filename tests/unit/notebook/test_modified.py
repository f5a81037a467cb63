"""Functions with modifiers in cells: the cell owns what they make, shown as they were written."""

from __future__ import annotations

import pytest

from jupyter_lifecycle.errors import (
    ComputeError,
    DuplicateFeatureError,
    FeatureDefinitionError,
)
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.notebook.preview import items_of

SETUP = """
import pandas as pd
from jupyter_lifecycle.graph import *
from jupyter_lifecycle.materialise import load_from, save_to
flights = pd.DataFrame({"delay": [2.0, 4.0, 5.0], "origin": ["EWR", "LGA", "JFK"]})
%inputs flights count=3 flights_of=flights
"""
SCALED = '''%%feature
@parameterize(
    half={"amount": source("delay"), "rate": value(0.5)},
    twice={"amount": source("delay"), "rate": value(2.0)},
)
def scaled(amount, rate):
    """{amount} times {rate}."""
    return amount * rate
'''
FRAME = """%%feature
@extract_columns("least", "most")
def bounds(delay) -> pd.DataFrame:
    return pd.DataFrame({"least": delay - 1, "most": delay + 1})
"""
PIPED = """%%feature
def _plus(value, n):
    return value + n

@pipe_output(step(_plus, n=1))
def late(delay):
    return delay * 10
"""
FANNED = """%%feature
def number(count: int) -> FanOut[int]:
    yield from range(count)

async def square(number: int) -> int:
    return number * number

def total(square: Collect[int]) -> int:
    return sum(square)
"""
DOES = """%%feature
def _sum(**given):
    return given.nope

@does(_sum)
def both(delay): ...
"""
CHECKED = """%%feature
def _check(value):
    return value.nope

@check_output_custom(_check)
def checked(delay):
    return delay
"""


@pytest.fixture
def ready(notebook):
    notebook.run(SETUP)
    return notebook


def features(notebook):
    return list(notebook.session.graph.features)


def screen(error):
    return "\n".join(error._render_traceback_())


@pytest.mark.parametrize(
    ("cell", "made"),
    [
        (SCALED, ["half", "twice"]),
        (FRAME, ["bounds", "least", "most"]),
        (PIPED, ["late.raw", "late.with_plus", "late"]),
        (PIPED.replace("pipe_output", "pipe_input"), ["late.with_plus", "late"]),
    ],
    ids=["parameterize", "extract_columns", "pipe_output", "pipe_input"],
)
def test_a_cell_defines_all_that_its_modifiers_make(ready, cell, made):
    text = ready.shown(cell)
    assert features(ready) == made
    for name in made:
        assert f"{name}: " in text
    origins = {each.origin.key for each in ready.session.graph.features.values()}
    assert len(origins) == 1
    assert set(ready.session.graph.owned_by(origins.pop())) == set(made)


def test_modified_features_compute(ready):
    ready.run(SCALED)
    ready.run(FRAME)
    ready.run(PIPED)
    frame = ready.run("%compute half most late late.raw")
    assert list(frame["half"]) == [1.0, 2.0, 2.5]
    assert list(frame["most"]) == [3.0, 5.0, 6.0]
    assert list(frame["late"]) == [21.0, 41.0, 51.0]
    assert list(frame["late.raw"]) == [20.0, 40.0, 50.0]


def test_the_decorated_function_stays_a_function(ready):
    ready.run(SCALED)
    assert ready.run("scaled(2, 3)") == 6


def test_running_a_cell_again_replaces_what_its_modifiers_made(session):
    imports = "from jupyter_lifecycle.graph import *\n"
    session.inputs(delay=2.0)
    session.feature(imports + SCALED.partition("\n")[2])
    edited = SCALED.partition("\n")[2].replace("twice=", "double=").replace("(0.5)", "(0.25)")
    card = session.feature(imports + edited)
    assert list(session.graph.features) == ["half", "double"]
    assert [note.text for note in card.notes] == ["twice is now double; its columns are kept."]
    assert session.compute("half") == {"half": 0.5}


def test_options_of_the_magic_hold_for_all_and_modifiers_win(ready):
    options = "%%feature --tag team=ops --cache never"
    ready.run(SCALED.replace("%%feature", options))
    own = '@tag(team="own")\n@cache("always")\n@extract_columns'
    ready.run(FRAME.replace("%%feature", options).replace("@extract_columns", own))
    made = ready.session.graph.features
    assert {name: (one.tags["team"], one.cache) for name, one in made.items()} == {
        "half": ("ops", "never"),
        "twice": ("ops", "never"),
        "bounds": ("ops", "always"),
        "least": ("own", "always"),
        "most": ("own", "always"),
    }


def test_what_the_configuration_leaves_out_is_told(ready):
    text = ready.shown(
        '%%feature\n@config.when(region="uk")\ndef tax__uk(delay):\n    return delay\n\n'
        '@config.when_not(region="uk")\ndef tax__us(delay):\n    return delay * 2\n'
    )
    assert features(ready) == ["tax"]
    assert "tax__uk makes no feature: the configuration leaves it out." in text


REGIONS = """
from jupyter_lifecycle.graph import config

@config.when(region="uk")
def tax__uk(price, rate):
    return price * rate

@config.when_not(region="uk")
def tax__us(price):
    return price + 1

def other(price):
    return price
"""


def test_the_configuration_decides_for_all_cells(session):
    session.inputs(price=10.0)
    session.feature(REGIONS)
    session.feature("def net(tax):\n    return tax\n")
    assert session.compute("net") == {"net": 11.0}
    session.drop("other")
    card = session.configure(region="uk", rate=2.0)
    assert [note.text for note in card.notes] == [
        "tax__us makes no feature: the configuration leaves it out."
    ]
    assert card.stale == ("tax", "net")
    assert set(session.graph.features) == {"tax", "net"}
    assert session.compute("net") == {"net": 20.0}
    session.feature("def gross(tax):\n    return tax * 2\n")
    assert session.compute("gross") == {"gross": 40.0}


def test_a_configuration_that_cannot_be_changes_nothing(session):
    session.feature(REGIONS)
    before = session.graph
    with pytest.raises(DuplicateFeatureError, match="a value of this graph's config"):
        session.configure(other=1)
    assert session.graph is before


def test_features_that_a_configuration_adds_are_shown(session):
    session.inputs(price=10.0)
    session.feature(REGIONS.replace("tax__us", "duty__us"))
    card = session.configure(region="uk", rate=2.0)
    assert [block.name for block in card.blocks] == ["tax"]
    assert card.notes[0].text == "duty was removed."


def test_another_cells_function_is_not_mutated(ready):
    ready.run("%%feature\ndef late(delay):\n    return delay\n")
    raised = ready.fail("%%feature\n@mutate(late)\ndef _more(late):\n    return late + 1\n")
    assert isinstance(raised, FeatureDefinitionError)
    assert "cell [3] changes late, which cell [2] defines" in screen(raised)
    ready.fail("%%feature\n@mutate(late)\ndef _more(late):\n    return late + 1\n1 / 0\n")
    ready.run("%%feature\ndef other(late):\n    return late\n")
    ready.session.configure(region="uk")
    assert list(ready.run("%compute other")["other"]) == [2.0, 4.0, 5.0]


def test_what_excludes_itself_is_not_told(ready):
    cell = "%%feature\ndef late(delay):\n    return delay\n\n@mutate(late)\ndef _more(late):\n"
    text = ready.shown(cell + "    return late + 1\n\n@exclude()\ndef helper(x):\n    return x\n")
    assert "helper" not in text
    assert list(ready.run("%compute late")["late"]) == [3.0, 5.0, 6.0]


@pytest.mark.parametrize(
    ("cell", "error", "words"),
    [
        (
            '@parameterize(a={"amout": value(1)})\ndef f(amount):\n    return amount\n',
            FeatureDefinitionError,
            "amout",
        ),
        (
            '@parameterize(a={"x": value(1)})\ndef f(x): ...\n\ndef a(delay): ...\n',
            DuplicateFeatureError,
            "a is defined twice",
        ),
        (
            '@resolve(decorate_with=lambda: {}["gone"])\ndef f(x):\n    return x\n',
            KeyError,
            "gone",
        ),
    ],
    ids=["unknown parameter", "twice", "resolve raises"],
)
def test_a_definition_that_cannot_be_leaves_all_as_it_was(ready, cell, error, words):
    ready.run(SCALED)
    raised = ready.fail("%%feature\n" + cell)
    assert isinstance(raised, error)
    assert words in screen(raised)
    assert "jupyter_lifecycle" not in screen(raised)
    assert features(ready) == ["half", "twice"]
    assert "f" not in ready.shell.user_ns


@pytest.mark.parametrize(
    ("cell", "asked", "line"),
    [
        (SCALED.replace("amount * rate", "amount.nope"), "half", "return amount.nope"),
        (PIPED.replace("value + n", "value.nope"), "late", "return value.nope"),
        (
            DOES,
            "both",
            "return given.nope",
        ),
        (
            CHECKED,
            "checked",
            "return value.nope",
        ),
        (
            FANNED.replace("number * number", "number.nope"),
            "total",
            "return number.nope",
        ),
        (
            FANNED.replace("yield from range(count)", "yield count.nope"),
            "total",
            "yield count.nope",
        ),
    ],
    ids=["parameterize", "step", "does", "check", "item", "fan-out"],
)
def test_an_error_shows_the_users_own_line(ready, cell, asked, line):
    ready.run(cell)
    raised = ready.fail(f"%compute {asked}")
    assert isinstance(raised, AttributeError)
    shown = screen(raised) + ready.text()
    assert f"| {' ' * 4}{line}" in shown
    assert "site-packages" not in screen(raised)


def test_an_error_of_our_own_has_no_line(ready):
    ready.run(FRAME.replace('"most": delay + 1', '"mst": delay + 1'))
    raised = ready.fail("%compute most")
    assert isinstance(raised, ComputeError)
    assert "bounds gives no column most" in screen(raised)


def test_items_of_a_fan_out_are_not_previewed(ready):
    text = ready.shown(FANNED)
    assert "square: No preview: one value for each item of number." in text
    assert "total: int; rows 1" in text
    assert "number: list; rows 3" in text


def test_everything_is_what_has_a_value(ready):
    ready.run(FANNED)
    assert ready.run("%compute --all --result dict") == {"number": [0, 1, 2], "total": 5}
    ready.session.act("run", ["square", "total"])
    assert ready.session.value("total") == 5
    with pytest.raises(ComputeError, match="square"):
        ready.session.act("run", ["square"])


def test_fan_outs_that_do_not_fit_are_told_when_computed(ready):
    ready.run(FANNED)
    text = ready.shown(
        "%%feature\ndef inner(square: int) -> FanOut[int]:\n    return [square]\n\n"
        "def outer(inner: Collect[int]) -> int:\n    return 1\n"
    )
    assert "Annotate square with Collect" in text
    assert items_of(["inner"], ready.session.graph) == {}
    assert items_of([], FeatureGraph()) == {}


def test_a_preview_writes_nothing(ready, tmp_path):
    out = tmp_path / "out.csv"
    text = ready.shown(
        f'%%feature\n@save_to.csv(path=value(r"{out}"))\ndef cleaned(flights_of):\n'
        '    return flights_of\n\n@inject(told=source("cleaned.saved"))\ndef rows(told):\n'
        '    return told["rows"]\n\n@save_to.csv(path=value("elsewhere"), output_name_="named")\n'
        "def other(delay):\n    return delay\n"
    )
    assert "No rows" not in text
    assert "cleaned.saved: No preview: it writes when it is computed." in text
    assert "rows: No preview: cleaned.saved writes when it is computed." in text
    assert "named: No preview: it writes" in text
    assert not out.exists()
    assert ready.run("%compute rows") == {"rows": 3}
    assert out.exists()


@pytest.mark.parametrize(
    ("cell", "name", "line"),
    [
        (SCALED, "twice", "def scaled(amount, rate):"),
        (FRAME, "most", "def bounds(delay) -> pd.DataFrame:"),
        (PIPED, "late", "def late(delay):"),
        (PIPED, "late.with_plus", "def _plus(value, n):"),
        (FANNED, "square", "async def square(number: int) -> int:"),
    ],
)
def test_the_inspector_shows_what_was_written(ready, cell, name, line):
    ready.run(cell)
    seen = ready.session.inspect(name)
    assert line in seen.source
    label = ready.session.graph.features[name].origin.label
    assert label.startswith("cell [")
    at = ready.session.graph.features[name].origin.line
    assert seen.origin == f"{label}, line {at}"
    view = ready.session.graph_view()
    assert view.groups == [label.capitalize()]
    assert name in ready.shown(f"%dag {name}")


def test_a_step_from_elsewhere_has_the_place_of_its_pipe(ready):
    ready.run("def plus(value, n):\n    return value + n\n")
    ready.run("%%feature\n@pipe_input(step(plus, n=1))\ndef late(delay):\n    return delay\n")
    made = ready.session.graph.features
    assert made["late.with_plus"].origin == made["late"].origin
    assert "def plus" in ready.session.inspect("late.with_plus").source


def test_doc_of_a_variant_is_on_its_block(session):
    session.inputs(delay=2.0)
    card = session.feature("from jupyter_lifecycle.graph import *\n" + SCALED.partition("\n")[2])
    assert [block.doc for block in card.blocks] == ["delay times 0.5.", "delay times 2.0."]
