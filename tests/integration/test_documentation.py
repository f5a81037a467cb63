"""What the README says runs: its blocks, in order, in a real kernel."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path) -> list[str]:
    """The page's Python, but for what has an ellipsis to be filled in by the reader."""
    found = re.findall(
        r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    return [block for block in found if "…" not in block]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_is_python(page: Path) -> None:
    for block in blocks(page):
        compile(TransformerManager().transform_cell(block), page.name, "exec")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert missing == []


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    import subprocess
    import sys

    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("JUPYTER_LIFECYCLE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    yield tmp_path
    command = Path(sys.executable).parent / "jupyter-lifecycle"
    subprocess.run([command, "deployer", "stop"], timeout=60, check=True, capture_output=True)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_readme_runs_from_top_to_bottom(own_home: Path) -> None:
    # As it stands: what a reader copies needs nothing around it.
    cells = blocks(ROOT / "README.md")
    end = next(at for at, text in enumerate(cells) if "jl.endpoint" in text) + 1
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(text) for text in cells[:end]]
    )
    client = NotebookClient(
        notebook,
        timeout=180,
        kernel_name="python3",
        resources={"metadata": {"path": str(own_home)}},
    )
    client.execute()
    answered = notebook.cells[-1].outputs[-1]["data"]["text/plain"]
    assert len(re.findall(r"-?\d+\.\d", answered)) >= 3, answered
