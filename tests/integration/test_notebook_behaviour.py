"""Notebooks as people run them: again, out of order, two at once, by papermill, with helpers edited."""

from __future__ import annotations

import json
import textwrap

import nbformat
import pytest
from nbclient import NotebookClient

LOAD = "%load_ext jupyter_lifecycle"
DATA = """import pandas as pd
flights = pd.DataFrame({"dep_delay": [2.0, 4.0, None, -1.0] * 2000, "origin": ["EWR", "LGA", "JFK", "JFK"] * 2000})"""
INPUTS = "%inputs flights"
DOUBLE = "%%feature\ndef double(dep_delay):\n    return dep_delay * 2\n"
LATE = "%%feature\ndef late(double):\n    return double > 3\n"
COMPUTE = "frame = %compute late"
CELLS = (LOAD, DATA, INPUTS, DOUBLE, LATE, COMPUTE)


def notebook_of(*cells):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])


def said(cell):
    return "\n".join(
        output.get("text", "") or output.get("data", {}).get("text/plain", "")
        for output in cell.outputs
    )


def test_restart_and_run_all_takes_everything_from_the_cache(kernels, tmp_path):
    notebook = notebook_of(*CELLS)
    for expected in ("2 recomputed", "All 2 from cache"):
        client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": tmp_path}})
        client.execute()
        assert said(notebook.cells[-1]).startswith(expected)


def test_cells_run_out_of_order(kernels):
    with kernels() as kernel:
        kernel.run(LOAD)
        assert "No rows yet: it waits for double" in kernel.text(LATE)
        outputs, error = kernel.fail(COMPUTE)
        assert (error.ename, "double" in kernel.traceback_of(outputs)) == ("UnboundError", True)
        assert "No rows yet: it waits for dep_delay" in kernel.text(DOUBLE)
        kernel.run(DATA)
        kernel.run(INPUTS)
        assert kernel.text(COMPUTE).startswith("2 recomputed")
        # The cell above again, after the one below: nothing changed, nothing runs.
        assert kernel.text(DOUBLE) == "Nothing changed: 1 feature as before."
        assert kernel.text(COMPUTE).startswith("All 2 from cache")


def test_a_cell_that_moved_or_came_twice_owns_its_features_once(kernels):
    with kernels() as kernel:
        for cell in CELLS:
            kernel.run(cell)
        edited = DOUBLE.replace("* 2", "* 3")
        assert "1 became stale: late." in kernel.text(edited)
        # A copy of a cell is the same cell where hosts send no id; its names are not refused.
        assert kernel.text(edited) == "Nothing changed: 1 feature as before."
        assert kernel.text(COMPUTE).startswith("2 recomputed")


def test_two_notebooks_share_the_columns_while_both_run(kernels):
    with kernels() as first, kernels() as second:
        for cell in CELLS[:-1]:
            first.run(cell)
            second.run(cell)
        assert first.text(COMPUTE).startswith("2 recomputed")
        assert second.text(COMPUTE).startswith("All 2 from cache")
        # An edit in one leaves the other's columns alone.
        first.run(DOUBLE.replace("* 2", "* 3"))
        assert first.text(COMPUTE).startswith("2 recomputed")
        assert second.text(COMPUTE).startswith("All 2 from cache")
        assert second.text("print(int(frame.late.sum()))").strip() == "4000"


def test_autoreload_makes_stale_what_a_helper_module_changed(kernels, tmp_path):
    helper = tmp_path / "delays.py"
    helper.write_text("FACTOR = 2\n\ndef scaled(values):\n    return values * FACTOR\n")
    with kernels() as kernel:
        kernel.run(
            f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.dont_write_bytecode = True"
        )
        for cell in ("%load_ext autoreload", "%autoreload 2", "import delays", *CELLS[:3]):
            kernel.run(cell)
        kernel.run("%%feature\ndef double(dep_delay):\n    return delays.scaled(dep_delay)\n")
        kernel.run(LATE)
        assert kernel.text(COMPUTE).startswith("2 recomputed")
        assert kernel.text(COMPUTE).startswith("All 2 from cache")
        helper.write_text("FACTOR = 20\n\ndef scaled(values):\n    return values * FACTOR + 0\n")
        assert kernel.text(COMPUTE).startswith("2 recomputed")
        assert "scaled" in kernel.text("%why late")


def test_a_module_of_features_is_imported_edited_and_imported_again(kernels, tmp_path):
    module = tmp_path / "team_features.py"
    text = "def double(dep_delay):\n    return dep_delay * 2\n\n\ndef late(double):\n    return double > 3\n"
    module.write_text(text)
    with kernels() as kernel:
        for cell in CELLS[:3]:
            kernel.run(cell)
        assert "late: bool" in kernel.text("%import team_features")
        assert kernel.text(COMPUTE).startswith("2 recomputed")
        module.write_text(text.replace("> 3", "> 5"))
        assert "late" in kernel.text("%import team_features")
        assert kernel.text(COMPUTE).startswith("1 recomputed, 1 from cache")
        kernel.run("%export again.py")
    assert "return double > 5" in (tmp_path / "again.py").read_text()


def test_an_exported_module_gives_the_same_frame_in_a_plain_script(kernels, tmp_path):
    import subprocess
    import sys

    with kernels() as kernel:
        for cell in (*CELLS[:3], "LIMIT = 3", DOUBLE, LATE.replace("> 3", "> LIMIT"), COMPUTE):
            kernel.run(cell)
        kernel.run("%export production.py")
        kernel.run("frame.to_parquet('notebook.parquet')")
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import jupyter_lifecycle as jl
            import pandas as pd
            import production
            {DATA.splitlines()[1]}
            frame = jl.compute(jl.FeatureGraph.from_modules(production), ["late"], inputs=flights)
            pd.testing.assert_frame_equal(frame, pd.read_parquet("notebook.parquet"))
            print("IPython" in __import__("sys").modules, len(frame))
            """
        )
    )
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["False", "8000"], done.stderr


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_papermill_runs_a_notebook_with_parameters(kernels, tmp_path):
    import papermill

    limit = nbformat.v4.new_code_cell("limit = 3", metadata={"tags": ["parameters"]})
    notebook = notebook_of(LOAD, DATA)
    notebook.cells += [
        limit,
        *notebook_of(
            "%inputs flights limit",
            DOUBLE,
            LATE.replace("(double)", "(double, limit)").replace("> 3", "> limit"),
            COMPUTE,
            "print(int(frame.late.sum()))",
        ).cells,
    ]
    source, target = tmp_path / "in.ipynb", tmp_path / "out.ipynb"
    nbformat.write(notebook, source)
    sums = []
    for value in (3, 7):
        papermill.execute_notebook(
            str(source), str(target), parameters={"limit": value}, kernel_name="python3", language="python",
            cwd=str(tmp_path), progress_bar=False,
        )  # fmt: skip
        cells = nbformat.read(target, as_version=4).cells
        sums.append(int(said(cells[-1])))
    assert sums == [4000, 2000]
    # Only what reads the parameter ran again.
    assert said(cells[-2]).startswith("1 recomputed, 1 from cache")
    json.dumps(cells)


HOSTILE_DOC = '<img src=x onerror=alert(1)> "quotes" \\\' 🎉 עברית \u202e ' + "long " * 100
HOSTILE_NAME = "größe_" + "n" * 494


def test_hostile_names_texts_and_errors_are_text(kernels):
    with kernels() as kernel:
        for cell in CELLS[:3]:
            kernel.run(cell)
        cell = (
            f"%%feature --tag 'a<b>=\"x\"&<script>'\ndef {HOSTILE_NAME}(origin):\n    {HOSTILE_DOC!r}\n"
            "    return origin + '<script>alert(2)</script>'\n\n"
            f"def bad({HOSTILE_NAME}):\n    raise ValueError('<b>no</b>\\n\\n\u202e' + 'x' * 500)\n"
        )
        outputs = kernel.run(cell)
        failed, _ = kernel.fail("%compute bad")
        shown = [*outputs, *failed, *kernel.run("%dag"), *kernel.run("%why bad")]
    html = "".join(one.data.get("text/html", "") for one in shown if "data" in one)
    svg = "".join(one.data.get("image/svg+xml", "") for one in shown if "data" in one)
    for markup in (html, svg):
        for never in ("<img", "<script>", "<b>no", "\u202e"):
            assert never not in markup
    assert "&lt;img src=x" in html


def test_the_kernel_describes_columns_inside_feature_cells(kernels):
    with kernels() as kernel:
        for cell in CELLS:
            kernel.run(cell)

        def asked(code, at):
            reply = kernel.wait(kernel.client.kc.inspect(code, at, reply=True, timeout=30))
            return reply["content"]["data"].get("text/plain", "")

        code = "%%feature\ndef more(dep_delay, double):\n    return dep_delay"
        assert asked(code, code.index("dep_delay") + 3).startswith("dep_delay: float64\nInput")
        assert "Feature of cell [4]" in asked(code, code.index("double"))
        # Elsewhere, and for what is no column, IPython answers as ever.
        assert "Feature of" not in asked("print(double, 1", 15)
        assert "value" in asked("%%feature\nprint(1", 15) or asked("print(1", 7)
        code = "%%feature\ndef more(dou"
        reply = kernel.wait(kernel.client.kc.complete(code, len(code), reply=True, timeout=30))
        assert "double" in reply["content"]["matches"]
        kernel.run("%unload_ext jupyter_lifecycle")
        assert asked("%%feature\ndef more(dep_delay):", 20) == ""
