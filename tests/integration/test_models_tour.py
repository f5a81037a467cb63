"""The tour of ten kinds of model, cell by cell in a real kernel."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

TOUR = Path(__file__).parents[2] / "notebooks" / "04_models.ipynb"


def test_the_tour_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(tmp_path / "home"))
    notebook = nbformat.read(TOUR, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] for cell in code)
    saves = [cell for cell in code if cell.source.startswith("envelope = jl.save(")]
    assert len(saves) == 10
    assert all(len(cell.source.splitlines()) == 6 for cell in saves)  # five lines, and its name
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=200, kernel_name="python3", resources=resources).execute()
    assert "widening" in code[-1].outputs[0]["text"]
