"""%import: modules as features; what %export wrote comes back the same."""

from __future__ import annotations

import sys
import textwrap

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.errors import DuplicateFeatureError, FeatureDefinitionError, LifecycleError
from jupyter_lifecycle.hashing import code_key
from jupyter_lifecycle.notebook import Session

MODULE = '''
"""Features of a team."""

import math

LIMIT = 15


def _over(x, limit=LIMIT):
    return x > limit


def late(dep_delay):
    """Later than the limit."""
    return _over(dep_delay)


def root(dep_delay):
    return math.sqrt(abs(dep_delay))
'''


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module that can be imported; it is forgotten after the test."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)

    def write(text, name="team_features"):
        path = tmp_path / f"{name}.py"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    yield write
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(
            sys.modules[name].__file__
        ):
            del sys.modules[name]


def keys(session):
    return {name: code_key(one.written).digest for name, one in session.graph.features.items()}


def test_a_module_becomes_features_and_its_file_their_place(session, module):
    module(MODULE)
    session.inputs(dep_delay=20)
    card = session.import_module("team_features")
    assert [block.name for block in card.blocks] == ["late", "root"]
    assert session.compute("late", "root") == {"late": True, "root": 20**0.5}
    assert session.graph.features["late"].origin.label == "team_features.py"
    assert session.graph_view().groups == ["team_features"]


def test_a_file_that_changed_is_loaded_again_and_replaces_what_it_defined(session, module):
    module(MODULE)
    session.inputs(dep_delay=20)
    session.import_module("team_features")
    session.compute("late", "root")
    assert session.import_module("team_features").unchanged == 2
    module(MODULE.replace("LIMIT = 15", "LIMIT = 25").replace("def root", "def square_root"))
    card = session.import_module("team_features")
    assert any("root is now square_root" in note.text for note in card.notes)
    assert session.compute("late") == {"late": False}
    assert "root" not in session.graph


def test_a_file_that_no_longer_runs_leaves_all_as_it_was(session, module):
    module(MODULE)
    session.inputs(dep_delay=20)
    session.import_module("team_features")
    module("def late(:\n")
    with pytest.raises(SyntaxError):
        session.import_module("team_features")
    assert session.compute("late") == {"late": True}
    assert sys.modules["team_features"].LIMIT == 15
    module(MODULE)
    session.import_module("team_features")


def test_a_path_is_a_module_too(session, module, tmp_path):
    path = module(MODULE, "by_path")
    sys.path.remove(str(tmp_path))
    session.import_module(str(path))
    session.import_module(str(path))
    assert set(session.graph) == {"late", "root"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no_such_module_here", "There is no module no_such_module_here"),
        ("no_such.module", "There is no module no_such.module"),
        ("", "There is no module"),
        ("missing.py", "missing.py is no file"),
        ("json.py", "Another module is called json already"),
        ("sys.py", "Another module is called sys already: a built-in one"),
    ],
)
def test_what_cannot_be_imported_is_said(session, module, name, words):
    for taken in ("json", "sys"):
        module("def a(x):\n    return x\n", taken)
    with pytest.raises(LifecycleError, match=words):
        session.import_module(name)


def test_a_module_without_source_or_features_is_refused(session, module):
    with pytest.raises(LifecycleError, match="has no source"):
        session.import_module("math")
    module("X = 1\n", "empty_features")
    with pytest.raises(FeatureDefinitionError, match="defines no feature"):
        session.import_module("empty_features")


def test_a_module_that_raises_leaves_nothing_behind(session, module, tmp_path):
    path = module("1 / 0\n", "raising_features")
    sys.path.remove(str(tmp_path))
    with pytest.raises(ZeroDivisionError):
        session.import_module(str(path))
    assert "raising_features" not in sys.modules
    assert not session.graph.features


def test_a_name_that_a_cell_has_is_refused_and_nothing_changes(session, module):
    module(MODULE)
    session.feature("def late(x):\n    return x\n")
    with pytest.raises(DuplicateFeatureError, match="late"):
        session.import_module("team_features")
    assert set(session.graph) == {"late"}


def test_the_magic_shows_a_card_or_writes_a_cell(notebook, module):
    module(MODULE)
    notebook.run("%inputs dep_delay=20")
    assert "late: " in notebook.shown("%import team_features")
    notebook.run("%drop late root")
    notebook.run("%import team_features --cell")
    cell = notebook.shell.rl_next_input
    assert cell.startswith("%%feature\n")
    notebook.run(cell)
    assert set(notebook.session.graph) == {"late", "root"}


# -- round trips ---------------------------------------------------------------------------------

CORPUS = {
    "constants and helpers": MODULE,
    "a class and a decorator of one's own": """
        import functools

        class _Scale:
            factor = 3.0

        def _logged(function):
            @functools.wraps(function)
            def inner(*values):
                return function(*values)
            return inner

        @_logged
        def _scale(x):
            return x * _Scale.factor

        def scaled(x):
            return _scale(x)
    """,
    "annotations and defaults": """
        import typing

        def maybe(x: float, by: typing.Optional[int] = 2) -> float:
            '''Doc with "quotes" and \\\\ backslash.'''
            return x * by
    """,
    "comprehensions, lambdas, walrus": """
        def listed(x):
            return [y := n * x for n in range(3)][-1] + (lambda q: q)(x)
    """,
    "unicode names and texts": """
        def größe(x):
            # Kommentar: ñ, 日本, עברית
            return f"{x} → ∞"
    """,
}


@pytest.mark.parametrize("text", CORPUS.values(), ids=CORPUS)
@pytest.mark.parametrize("way", ["module", "cell"])
def test_what_was_exported_comes_back_with_the_same_keys(text, way, module, tmp_path):
    first, second = (Session(cache=ColumnCache()) for _ in range(2))
    first.feature(textwrap.dedent(text))
    path = tmp_path / "round_trip.py"
    first.export(str(path))
    if way == "module":
        second.import_module(str(path))
    else:
        second.feature(second.module_as_cell(str(path)).partition("\n")[2])
    assert keys(second) == keys(first)
    again = tmp_path / "again.py"
    second.export(str(again))
    assert again.read_text() == path.read_text()


NAMES = st.sampled_from(["alpha", "beta", "gamma", "delta", "epsilon"])
OPERATORS = st.sampled_from(["+", "-", "*"])


@st.composite
def cells(draw):
    """A cell with constants, helpers and features that need each other, downwards."""
    lines, known = [], ["x"]
    for at, name in enumerate(draw(st.lists(NAMES, unique=True, min_size=1))):
        constant = draw(st.one_of(st.integers(-9, 9), st.text(max_size=4), st.booleans()))
        lines.append(f"K{at} = {constant!r}")
        lines.append(f"def _help{at}(v, w={draw(st.integers(0, 9))}):\n    return (v, w, K{at})")
        needs = draw(st.lists(st.sampled_from(known), unique=True, min_size=1, max_size=3))
        sums = f" {draw(OPERATORS)} ".join(f"len(str(_help{at}({one})))" for one in needs)
        lines.append(f"def {name}({', '.join(needs)}):\n    return {sums}")
        known.append(name)
    return "\n\n\n".join(lines) + "\n"


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=cells(), x=st.integers(-5, 5))
def test_any_cell_gives_the_same_values_from_its_module(text, x, tmp_path):
    first, second = (Session(cache=ColumnCache()) for _ in range(2))
    first.feature(text)
    first.inputs(x=x)
    path = tmp_path / "any_cell.py"
    first.export(str(path))
    try:
        second.import_module(str(path))
        second.inputs(x=x)
        names = tuple(first.graph.features)
        assert set(second.graph.features) == set(names)
        assert second.compute(*names) == first.compute(*names)
        assert keys(second) == keys(first)
    finally:
        sys.modules.pop("any_cell", None)
