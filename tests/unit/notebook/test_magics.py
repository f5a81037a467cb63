from __future__ import annotations

import sys

import pytest
from IPython.core.error import UsageError

from jupyter_lifecycle.errors import (
    CacheError,
    CycleError,
    LifecycleError,
    SelectionError,
    UnboundError,
)
from jupyter_lifecycle.notebook import (
    current_session,
    extension,
    load_ipython_extension,
    open_save_panel,
    show_explorer,
    unload_ipython_extension,
)
from jupyter_lifecycle.notebook.commands import COMMANDS
from jupyter_lifecycle.notebook.magics import LifecycleMagics
from jupyter_lifecycle.registry import Registry

SETUP = """
import pandas as pd
flights = pd.DataFrame({"dep_delay": [2.0, 4.0, None], "origin": ["EWR", "LGA", "JFK"]})
"""
DOUBLE = "%%feature\ndef double(dep_delay):\n    return dep_delay * 2\n"


@pytest.fixture
def ready(notebook):
    notebook.run(SETUP)
    notebook.run("%inputs flights whole=flights")
    notebook.run(DOUBLE)
    return notebook


def test_inputs(notebook):
    notebook.run(SETUP)
    assert notebook.shown("%inputs") == "No inputs yet. Give a frame: %inputs flights."
    words = notebook.shown("k = 3\n%inputs flights k late=flights[flights.dep_delay > 3] # why")
    assert words == "2 inputs from flights, 3 rows; 2 inputs: k, late."
    assert len(notebook.session.given["late"]) == 1
    assert notebook.shown("%inputs").startswith("4 inputs: dep_delay, origin, k, late.")


def test_configure(notebook):
    assert notebook.shown("%configure") == "No configuration: %configure name=value."
    notebook.run("from jupyter_lifecycle.graph import config")
    notebook.run(
        "%%feature\n@config.when(region='uk')\ndef tax__uk(price):\n    return price * 0.2\n"
    )
    assert "tax" not in notebook.session.graph
    assert "tax" in notebook.shown("base = 2\n%configure region='uk' lags=[base, 7] price=10.0")
    assert notebook.shown("%configure") == ("Configuration: region='uk', lags=[2, 7], price=10.0.")
    assert notebook.run("%compute tax") == {"tax": 2.0}
    notebook.run("%configure --clear")
    assert list(notebook.session.graph) == []


def test_types_are_checked_where_the_notebook_asks_for_it(notebook):
    said = notebook.shown("%configure --types fail")
    assert said == "No configuration: %configure name=value. Types are checked: fail."
    notebook.run("%%feature\ndef wrong(x: int) -> str:\n    return x\n")
    notebook.run("x = 3\n%inputs x")
    assert "wrong gives a int (3)" in str(notebook.fail("%compute wrong"))
    notebook.run("%configure y=1")
    assert notebook.session.graph.type_checks == "fail"
    notebook.run("%configure --types off")
    assert notebook.run("%compute wrong") == {"wrong": 3}


@pytest.mark.parametrize("line", ["region", "1=2", "region=='uk'", "--clear region='uk'"])
def test_what_is_no_configuration(notebook, line):
    with pytest.raises(UsageError, match="%configure: "):
        raise notebook.fail(f"%configure {line}")


def test_an_equality_is_no_name(notebook):
    notebook.run(SETUP)
    with pytest.raises(UsageError, match="has no name"):
        raise notebook.fail("%inputs 1==1")


@pytest.mark.parametrize(
    ("line", "error", "words"),
    [
        ("%inputs flihgts", NameError, "flihgts"),
        ("%inputs 1+1", UsageError, "1+1 has no name. Write name=1+1."),
        ("%compute", UsageError, "name a feature"),
        ("%compute double --into 3x", UsageError, "--into 3x is no variable name"),
        ("%compute doubl", UnboundError, "Did you mean double?"),
        ("%compute {3}", UsageError, "It takes names"),
        ("%compute double --result frames", UsageError, "invalid choice"),
        ("%why", UsageError, "required"),
        ("%why doubl", UnboundError, "Did you mean double?"),
        ("%drop nothing", UnboundError, "No feature or input nothing"),
        ("%dag nothing", SelectionError, "No feature or input nothing"),
        ("%save double", UsageError, "needs --name and --example"),
        ("%save double --name a --example flights --metric mae", UsageError, "key=value"),
        ("%registry --trust", UsageError, "needs the registry's address"),
        ("%cache clera", UsageError, "invalid choice"),
        ("%feature", UsageError, "write %%feature"),
        ("%%feature --tag x\ndef f(x): ...", UsageError, "key=value"),
    ],
)
def test_bad_words_raise_so_that_run_all_stops(ready, line, error, words):
    raised = ready.fail(line)
    assert isinstance(raised, error)
    assert words in str(raised)


def test_errors_are_one_screen(ready):
    raised = ready.fail("%%feature\ndef a(b): ...\ndef b(a): ...")
    assert isinstance(raised, CycleError)
    assert len(raised._render_traceback_()) == 1
    assert "a" not in ready.session.graph.features
    assert ready.fail("%inputs 1/0")._render_traceback_()[1] == "  in 1/0"


def test_a_syntax_error_is_raised_before_anything_runs(ready):
    raised = ready.fail("%%feature\nx = 1\ndef f(x:\n")
    assert isinstance(raised, SyntaxError)
    assert raised.lineno == 3
    assert "x" not in ready.shell.user_ns


def test_host_syntax_works_inside_a_feature_cell(ready):
    ready.run("%%feature\n%time k = 2\ndef f(x):\n    return k\n")
    assert ready.shell.user_ns["k"] == 2
    assert ready.session.graph.features["f"].origin.line == 3


def test_compute_answers_shows_and_binds(ready):
    frame = ready.run("%compute double dep_delay")
    assert list(frame.columns) == ["double", "dep_delay"]
    assert "3 rows × 2 columns" in ready.text()
    assert ready.run("frame = %compute double") is None
    assert list(ready.shell.user_ns["frame"].columns) == ["double"]
    assert ready.run("%compute {['double', 'origin']} \\\n  --into other") is None
    assert list(ready.shell.user_ns["other"].columns) == ["double", "origin"]
    ready.run("X = ['double']\nframe = %compute {*X} dep_*")
    assert list(ready.shell.user_ns["frame"].columns) == ["double", "dep_delay"]
    assert set(ready.run("%compute --all --result dict")) == {"double"}


def test_each_cell_has_its_number_and_heading(ready):
    origin = ready.session.graph.features["double"].origin
    assert (origin.label, origin.line, origin.title) == ("cell [3]", 2, "")


def test_cells_with_ids_own_their_features(ready, monkeypatch):
    request = {"metadata": {"cellId": "abc"}}
    monkeypatch.setattr(type(ready.shell), "get_parent", lambda self: request, raising=False)
    ready.run("%%feature\ndef one(x): ...\ndef two(x): ...")
    words = ready.shown("%%feature\ndef three(x): return x")
    assert "one was removed." in words
    assert list(ready.session.graph.features) == ["double", "three"]
    request["metadata"]["cellId"] = "other"
    assert "three is defined twice" in str(ready.fail("%%feature\ndef three(x): ..."))
    request["metadata"]["cellId"] = 7
    ready.run("%%feature\ndef four(x): ...")


def test_a_host_that_counts_no_cells(ready, monkeypatch):
    request = {"metadata": {}, "content": {"store_history": False}}
    monkeypatch.setattr(type(ready.shell), "get_parent", lambda self: request, raising=False)
    ready.run("%%feature\ndef one(x):\n    return x['a']")
    ready.run("%%feature\ndef two(y): ...")
    features = ready.session.graph.features
    assert features["one"].origin.label == "feature cell 1"
    assert features["two"].origin.label == "feature cell 2"
    ready.run("%inputs x=3")
    ready.fail("%compute one")
    assert "feature cell 1, line 3, in one" in ready.text()


def test_why_and_drop(ready):
    ready.run("frame = %compute double")
    assert "computed for the first time" in ready.shown("%why double")
    assert ready.shown("%drop double") == "Dropped double."


def test_tags_for_the_cell(ready):
    ready.run("%%feature --tag team='late ones' --cache never\ndef f(x): ...")
    feature = ready.session.graph.features["f"]
    assert (dict(feature.tags), feature.cache) == ({"team": "late ones"}, "never")


def test_the_cache(ready):
    assert "on disk in" in ready.shown("%cache")
    assert ready.shown("%cache off").startswith("Off: ")
    assert "on disk in" in ready.shown("%cache on")
    assert ready.shown("%cache clear").startswith("Cleared ")


def test_columns_are_explained_and_pinned(ready):
    ready.run("%%feature\ndef pinned_one(dep_delay): return dep_delay * 2")
    ready.run("%compute pinned_one")
    words = ready.shown("%cache explain pinned_one")
    assert words.startswith("pinned_one: ")
    assert "rows" in words
    assert "key " in words
    assert ready.shown("%cache pin pinned_one").startswith("Pinned pinned_one: ")
    assert "Pinned: pinned_one." in ready.shown("%cache")
    assert " Pinned. " in ready.shown("%cache explain pinned_one")
    assert ready.shown("%cache unpin pinned_one") == "Unpinned pinned_one."
    assert "Pinned" not in ready.shown("%cache")
    ready.run("%%feature\ndef pinned_one(dep_delay): return dep_delay * 3")
    assert "not in the cache" in ready.shown("%cache explain pinned_one")
    for line, error, words in (
        ("%cache pin", CacheError, "needs a feature"),
        ("%cache status x", CacheError, "takes no names"),
        ("%cache pin pinned_one", CacheError, "Compute it first"),
        ("%cache unpin pinned_one", CacheError, "is not pinned"),
        ("%cache explain nobody", UnboundError, "no feature nobody"),
    ):
        raised = ready.fail(line)
        assert isinstance(raised, error)
        assert words in str(raised)


def test_dag_is_one_explorer_with_many_views(ready):
    assert "double" in ready.shown("%dag")
    explorer = ready.session.explorer()
    assert ready.session.explorer() is explorer
    ready.run("%%feature\ndef other(origin):\n    return origin\n")
    words = ready.shown("%dag double")
    assert "double" in words
    assert "other" not in words


def test_the_registry_of_the_notebook(ready, tmp_path):
    assert str(tmp_path / "home") in ready.shown("%registry")
    assert str(tmp_path / "r") in ready.shown(f"%registry '{tmp_path / 'r'}' --trust")
    assert ready.session.registry.trust
    assert Registry().location == str(tmp_path / "r")  # what names no registry follows


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_help_is_printed_and_is_the_docstring(notebook, command, capsys):
    notebook.run(f"{command.name} --help")
    assert capsys.readouterr().out == command.help() + "\n"
    kind = "cell" if command.name.startswith("%%") else "line"
    magic = notebook.shell.magics_manager.magics[kind][command.name.lstrip("%")]
    assert magic.__doc__ == command.help()


def test_other_cells_are_left_alone(notebook):
    assert notebook.run("%%time\n1 + 1") == 2
    assert notebook.run("") is None


def complete(notebook, text):
    from IPython.core.completer import provisionalcompleter

    with provisionalcompleter():
        return [found.text for found in notebook.shell.Completer.completions(text, len(text))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("%compute do", ["double"]),
        ("frame = %compute do", ["double"]),
        ("%compute double --in", ["--into"]),
        ("%compute double --result ", ["dict", "frame"]),
        ("%compute double --result fr", ["frame"]),
        ("%why ", ["double"]),
        ("%drop dep", ["dep_delay"]),
        ("%cache cl", ["clear"]),
        ("%cache pin dou", ["double"]),
        ("%inputs fli", ["flights"]),
        ("%%feature --cache ne", ["never"]),
        ("%%feature --ta", ["--tag"]),
        ("%%feature\ndef f(dou", ["double"]),
        ("%%feature\ndef f(\n    dou", ["double"]),
        ("%%feature\ndef f(double):\n    return dou", ["double"]),
        ("%%feature\ndef f(dep_delay):\n    return dep_d", ["dep_delay"]),
        ("%%feature\ndef f(dep_delay):\n    return dep_delay.cumma", ["dep_delay.cummax"]),
        ('%%feature\ndef f(whole):\n    return whole["ori', ["origin"]),
        ("%import my_features --ce", ["--cell"]),
    ],
)
def test_completion(ready, text, found):
    assert complete(ready, text) == found


def test_completion_elsewhere_is_as_before(ready):
    assert "double" not in complete(ready, "def f(dou")
    assert "flights" in complete(ready, "fli")


def test_views_follow_helpers_that_other_cells_change(ready):
    ready.run("K = 2")
    ready.run("%%feature\ndef double(dep_delay):\n    return dep_delay * K\n")
    ready.run("frame = %compute double")
    heard = []
    leave = ready.session.subscribe(lambda kind, names: heard.append((kind, names)))
    ready.run("K = 3")
    assert heard == [("states", ["double"])]
    leave()
    ready.run("K = 4")
    assert len(heard) == 1


def test_loading_twice_keeps_the_session_and_unloading_takes_everything_off(shell, quiet_start):
    load_ipython_extension(shell)
    session = current_session()
    load_ipython_extension(shell)
    assert current_session() is session
    ours = {name for kinds in LifecycleMagics.magics.values() for name in kinds}
    assert {"compute", "configure", "feature"} <= ours
    assert ours <= set(shell.magics_manager.magics["line"])
    assert shell.custom_exceptions == (LifecycleError,)
    before = len(shell.Completer.custom_matchers)
    unload_ipython_extension(shell)
    unload_ipython_extension(shell)
    assert not ours & {*shell.magics_manager.magics["line"], *shell.magics_manager.magics["cell"]}
    assert shell.custom_exceptions == ()
    assert len(shell.Completer.custom_matchers) == before - 1
    with pytest.raises(LifecycleError, match="not loaded"):
        current_session()


def test_errors_of_plain_calls_show_the_users_lines_alone(notebook, capsys):
    code = "import jupyter_lifecycle as jl\ndef pick(registry):\n    return registry.search('nme')\npick(jl.Registry())"
    assert isinstance(notebook.shell.run_cell(code).error_in_exec, LifecycleError)
    lines = capsys.readouterr().out.strip().splitlines()
    assert lines[0].endswith(
        "QueryError\x1b[39m: There is no field nme (position 0). Did you mean name?"
    )
    assert [line.strip() for line in lines if line.lstrip().startswith(">")] == [
        ">   4 | pick(jl.Registry())",
        ">   3 |     return registry.search('nme')",
    ]
    assert "jupyter_lifecycle/" not in "".join(lines)


def test_another_extensions_handler_of_errors_is_left_alone(shell, quiet_start):
    shell.set_custom_exc((KeyError,), lambda *_, **__: None)
    load_ipython_extension(shell)
    unload_ipython_extension(shell)
    assert shell.custom_exceptions == (KeyError,)


def test_a_computation_that_cannot_begin_leaves_no_progress_behind(ready, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    ready.outputs.shown.clear()
    error = ready.fail("%compute double --executor dask")
    assert str(error).endswith('not installed: pip install "jupyter_lifecycle[dask]"')
    assert ready.text() == "Stopped after 0 of 1. What was finished is kept."


def test_the_verifier_is_warmed_when_the_extension_loads(shell, monkeypatch):
    import threading

    warmed = threading.Event()
    monkeypatch.setattr("jupyter_lifecycle.envelope.start_verifier", warmed.set)
    load_ipython_extension(shell)
    assert warmed.wait(20)
    unload_ipython_extension(shell)


def test_the_side_panel_shows_the_explorer_or_how_to_get_one(ready):
    ready.outputs.shown.clear()
    show_explorer()
    assert "double" in ready.text()
    unload_ipython_extension(ready.shell)
    ready.outputs.shown.clear()
    show_explorer()
    open_save_panel()
    assert ready.text().count("Run %load_ext jupyter_lifecycle first.") == 2


def test_saving_at_once(ready, tmp_path, monkeypatch):
    asked = {}
    monkeypatch.setattr(
        "jupyter_lifecycle.registry.save", lambda model, **given: asked.update(given, model=model)
    )
    ready.run(
        "def score(dep_delay): ...\nmae = 1.5\n"
        "e = %save score --name departure --example flights.head(2) --tag team='a b' --metric mae=mae"
    )
    assert asked["name"] == "departure"
    assert asked["model"] is ready.shell.user_ns["score"]
    assert (asked["tags"], asked["metrics"]) == ({"team": "a b"}, {"mae": 1.5})
    assert asked["registry"] is ready.session.registry
    assert asked["features"] in (ready.session, ready.session.graph)


def test_the_save_panel(ready, monkeypatch):
    asked = {}
    monkeypatch.setattr(
        "jupyter_lifecycle.widgets.save_panel",
        lambda names, **given: asked.update(given) or "a panel",
    )
    assert ready.shown("%save") == "'a panel'"
    assert asked["registry"] is ready.session.registry
    assert extension.current_session() is ready.session


def test_export_writes_a_module_that_gives_the_same(ready, tmp_path):
    path = tmp_path / "my_features.py"
    words = ready.shown(f"%export '{path}'")
    assert words == f"Wrote {path}: 1 feature; Hamilton loads it too."
    assert path.read_text().endswith(
        "def double(dep_delay: Any) -> Any:\n    return dep_delay * 2\n"
    )
    assert [each.name for each in tmp_path.glob("*.py")] == ["my_features.py"]
    ready.run("%%feature --tag team=delays\ndef triple(dep_delay):\n    return dep_delay * K\n")
    ready.run("K = [3]")
    ready.run("K = 3")
    assert ready.shown(f"%export {path}") == f"Wrote {path}: 2 features; Hamilton loads it too."
    assert "K = 3\n" in path.read_text()


def test_export_finds_constants_in_the_cells(ready, tmp_path):
    ready.run("import numpy as np\nTABLE = np.arange(3)")
    ready.run("%%feature\ndef looked_up(dep_delay):\n    return TABLE.sum() + dep_delay\n")
    ready.run(f"%export {tmp_path}/my_features.py")
    assert "TABLE = np.arange(3)\n" in (tmp_path / "my_features.py").read_text()


def test_export_says_whose_modifiers_there_are(ready, tmp_path):
    ready.run("from jupyter_lifecycle.graph import tag")
    ready.run(
        "%%feature\n@tag(team='x')\ndef tagged(dep_delay: float) -> float:\n    return dep_delay\n"
    )
    path = tmp_path / "my_features.py"
    assert ready.shown(f"%export {path}") == f"Wrote {path}: 2 features."
    words = ready.shown(f"%export {path} --modifiers hamilton")
    assert words == f"Wrote {path}: 2 features; Hamilton loads it too."


@pytest.mark.parametrize("line", ["%export my-features.py", "%export features.txt"])
def test_export_wants_the_name_of_a_module(ready, line):
    with pytest.raises(LifecycleError, match="is no module that can be imported"):
        raise ready.fail(line)


def test_export_without_features_says_so(notebook, tmp_path):
    with pytest.raises(LifecycleError, match="no features to export"):
        raise notebook.fail(f"%export {tmp_path}/my_features.py")


def test_export_leaves_nothing_behind_where_writing_fails(ready, tmp_path):
    (tmp_path / "my_features.py").mkdir()
    with pytest.raises(OSError, match="my_features"):
        raise ready.fail(f"%export {tmp_path}/my_features.py")
    assert [each.name for each in tmp_path.glob("*.py")] == ["my_features.py"]
