"""The notebook of experiments in a real kernel: two at once to a shipped winner, one that its split stops."""

import os
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import jupyter_lifecycle as jl
from jupyter_lifecycle.deployment.detach import stop

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the local target needs Unix")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_experiments_at_once_and_one_that_is_stopped(tmp_path, monkeypatch):
    home = tmp_path / "home"
    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(home))
    monkeypatch.setenv("JUPYTER_LIFECYCLE_CACHE", str(tmp_path / "cache"))
    bin_ = str(Path(sys.executable).parent)
    monkeypatch.setenv("PATH", f"{bin_}{os.pathsep}{os.environ['PATH']}")
    notebook = nbformat.read(NOTEBOOKS / "06_experiments.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] for cell in code)
    resources = {"metadata": {"path": str(tmp_path)}}
    try:
        NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    finally:
        with jl.Registry(home) as registry:
            stop(home / "deployer")
            states = {one.name: one.body["status"] for one in registry.board().of("experiment")}

    said = "\n".join(_text(cell) for cell in code)
    assert "'greedy'" in said
    assert "'elsewhere'" in said
    assert "moved: 0" in said
    assert "lowers error" in said
    assert "lowers booked" in said
    assert "shipped treatment" in said
    assert "(11.3, True)" in said
    assert "hidden" in said
    assert "The split is not what was planned" in said
    assert states == {"distance": "stopped", "map": "stopped", "sorting": "stopped"}


def _text(cell):
    return "\n".join(
        output.get("text", "") or output.get("data", {}).get("text/plain", "")
        for output in cell.outputs
    )
