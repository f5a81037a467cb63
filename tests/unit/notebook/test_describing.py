"""Shift+Tab on names of columns: what the kernel answers to an inspect request."""

from __future__ import annotations

import pytest

SETUP = """
import pandas as pd
flights = pd.DataFrame({"dep_delay": [2.0, 4.0, None], "origin": ["EWR", "LGA", "JFK"]})
limit = 3
"""
DOUBLE = '''%%feature --tag team=ops
def double(dep_delay: pd.Series, by: int = 2) -> pd.Series:
    """Twice the delay, minutes.

    <script>alert(1)</script>
    """
    return dep_delay * by
'''


@pytest.fixture
def ready(notebook):
    for cell in (
        SETUP,
        "%inputs flights",
        DOUBLE,
        "%%feature\ndef late(double):\n    return double",
    ):
        notebook.run(cell)
    return notebook


def asked(notebook, name, level=0):
    return notebook.shell.object_inspect_mime(name, detail_level=level, omit_sections=())


def test_a_feature_has_its_signature_its_state_and_its_text(ready):
    text = asked(ready, "double")["text/plain"]
    lines = text.splitlines()
    assert lines[0] == ("double(dep_delay: pandas.Series, by: int = 2) -> pandas.Series") or lines[
        0
    ].startswith("double(dep_delay: ")
    assert "line 2: not computed yet." in lines[1]
    assert lines[2:4] == ["Needed by late.", "team: ops"]
    assert "Twice the delay, minutes." in text
    assert "return dep_delay * by" not in text
    assert "return dep_delay * by" in asked(ready, "double", 1)["text/plain"]


def test_after_a_computation_it_has_dtype_rows_nulls_and_time(ready):
    ready.run("frame = %compute double")
    assert (
        "computed in this session, float64, 3 rows, 1 null, "
        in asked(ready, "double")["text/plain"]
    )


def test_an_input_is_a_name_although_it_is_no_variable(ready):
    assert asked(ready, "dep_delay")["text/plain"] == (
        "dep_delay: float64\nInput, 3 rows.\nNeeded by double."
    )
    assert asked(ready, "origin")["text/plain"].endswith("\nInput, 3 rows.")


def test_a_variable_is_shown_as_ever(ready):
    assert "int" in asked(ready, "limit")["text/plain"]
    ready.run("double = 3")
    assert "Feature of" not in asked(ready, "double")["text/plain"]
    with pytest.raises(KeyError):
        asked(ready, "nothing")


def test_markup_stays_text(ready):
    html = asked(ready, "double")["text/html"]
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_a_long_signature_has_a_line_for_each_parameter(ready):
    names = [f"column_number_{n}" for n in range(6)]
    ready.run(f"%%feature\ndef wide({', '.join(names)}):\n    return column_number_0")
    lines = asked(ready, "wide")["text/plain"].splitlines()
    assert lines[0] == "wide("
    assert lines[1] == "    column_number_0,"
    assert lines[7] == ")"


def test_unloading_gives_ipython_its_own_back(ready):
    from jupyter_lifecycle.notebook import extension

    extension.unload_ipython_extension(ready.shell)
    with pytest.raises(KeyError):
        asked(ready, "dep_delay")
    extension.load_ipython_extension(ready.shell)
