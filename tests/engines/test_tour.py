"""The notebook about engines runs to its end, in a real kernel."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "03_engines.ipynb"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_same_graph_in_four_places(tmp_path):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    said = "\n".join(
        each.get("text", "") for cell in notebook.cells for each in cell.get("outputs", ())
    )
    assert "The same to the bit: one core, threads, Dask, Ray" in said
    assert "spread: float64, 300,000 rows" in said
    assert "gives one value for all rows" in said
    assert "computed again on Ray: 0" in said
