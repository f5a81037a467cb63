"""The notebook that closes the loop, cell by cell in a real kernel: served, moved, retrained, deployed."""

import os
import shutil
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
def test_sensors_fail_and_the_rule_retrains_and_deploys(tmp_path, monkeypatch):
    home = tmp_path / "home"
    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(home))
    monkeypatch.setenv("JUPYTER_LIFECYCLE_CACHE", str(tmp_path / "cache"))
    bin_ = str(Path(sys.executable).parent)
    monkeypatch.setenv("PATH", f"{bin_}{os.pathsep}{os.environ['PATH']}")
    for name in ("05_skew.ipynb", "05_retrain.ipynb", "delay_features.py"):
        shutil.copy(NOTEBOOKS / name, tmp_path / name)
    notebook = nbformat.read(tmp_path / "05_skew.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] for cell in code)
    resources = {"metadata": {"path": str(tmp_path)}}
    try:
        NotebookClient(notebook, timeout=240, kernel_name="python3", resources=resources).execute()
    finally:
        with jl.Registry(home) as registry:
            stop(home / "deployer")
            states = {one.envelope: one.moved for one in registry.skews()}

    said = "\n".join(_text(cell) for cell in code)
    assert "None of 6 columns moved in 3,000 rows." in said
    assert "['wind_gust']" in said
    assert "wind_gust → gustiness → severity → model" in said
    assert "05_retrain.ipynb: saved" in said
    assert "(True, {'approved': 'yes', 'suspect': 'yes'})" in said
    assert sorted(states.values()) == [(), ("wind_gust",)]


def _text(cell):
    return "\n".join(
        output.get("text", "") or output.get("data", {}).get("text/plain", "")
        for output in cell.outputs
    )
