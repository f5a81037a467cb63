"""Where other people's material lies, and modules that only these tests share."""

import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent / "false_hits")]


@pytest.fixture(scope="session")
def hamilton_source(tmp_path_factory):
    """A copy of Hamilton's repository, in which its savers may write."""
    found = os.environ.get("HAMILTON_SOURCE")
    if not found:
        pytest.skip("HAMILTON_SOURCE names no copy of github.com/apache/hamilton")
    root = tmp_path_factory.mktemp("hamilton")
    skipped = shutil.ignore_patterns("node_modules", "*.ipynb", "*.png", ".git")
    for part in ("examples", "tests"):
        shutil.copytree(Path(found) / part, root / part, ignore=skipped)
    return root
