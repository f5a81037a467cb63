"""Where code comes from decides whether it counts by content or by version."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from jupyter_lifecycle.hashing import packages
from jupyter_lifecycle.hashing.packages import home

if TYPE_CHECKING:
    from pathlib import Path

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

HOMES = {
    "__main__": ("user", "", ""),
    "": ("user", "", ""),
    "json": ("stdlib", "python", PYTHON),
    "builtins": ("stdlib", "python", PYTHON),
    "_thread": ("stdlib", "python", PYTHON),
    "os.path": ("stdlib", "python", PYTHON),
    "numpy": ("library", "numpy", np.__version__),
    "numpy.random.mtrand": ("library", "numpy", np.__version__),
    "a_module_that_nobody_has": ("user", "", ""),
}


@pytest.mark.parametrize("name", HOMES)
def test_homes(name: str) -> None:
    found = home(name)
    assert (found.kind, found.name, found.version) == HOMES[name]


def test_a_distribution_of_another_name_is_found() -> None:
    assert home("sklearn").name == "scikit-learn"


def test_a_library_that_isnt_imported_is_found() -> None:
    assert "xmlrpc" not in sys.modules
    assert home("xmlrpc").kind == "stdlib"
    assert home("graphviz").name == "graphviz"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages of one's own."""
    root = tmp_path / "site-packages"
    root.mkdir()
    monkeypatch.syspath_prepend(root)
    monkeypatch.setattr(packages, "_roots", lambda: ((str(root),), ()))
    for cached in (packages._home, packages._all_owners):
        cached.cache_clear()
    yield root
    for cached in (packages._home, packages._all_owners):
        cached.cache_clear()


def install(root: Path, name: str, direct: dict | None) -> None:
    (root / name).mkdir()
    (root / name / "__init__.py").write_text("")
    info = root / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "RECORD").write_text(f"{name}/__init__.py,,\n")
    if direct is not None:
        (info / "direct_url.json").write_text(json.dumps(direct))


def test_a_wheel_counts_by_version(installed: Path) -> None:
    install(installed, "fromwheel", None)
    assert home("fromwheel").text == "fromwheel 1.0"


def test_a_local_folder_counts_by_content(installed: Path) -> None:
    install(installed, "fromfolder", {"url": "file:///x", "dir_info": {}})
    assert home("fromfolder").kind == "user"


def test_an_archive_counts_by_version_and_origin(installed: Path) -> None:
    install(installed, "fromarchive", {"url": "https://x/a.zip", "archive_info": {"hash": "1"}})
    found = home("fromarchive")
    assert found.kind == "library"
    assert "https://x/a.zip" in found.version


def test_what_no_distribution_owns_counts_by_content(installed: Path) -> None:
    (installed / "vendored.py").write_text("")
    assert home("vendored").kind == "user"


def test_a_file_that_shadows_the_standard_library_counts_by_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "colorsys.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    assert home("colorsys").kind == "user"


def test_every_key_depends_on_what_columns_are_made_of(monkeypatch: pytest.MonkeyPatch) -> None:
    from jupyter_lifecycle.hashing import code, code_key

    def key() -> bytes:
        space: dict = {"__name__": "__main__"}
        exec("def feature(x): return x.mean()", space)
        return code_key(space["feature"]).digest

    before = key()
    names = [item.name for item in packages.runtime()]
    assert names == ["python", "numpy", "pandas", "pyarrow"]
    later = (packages.Home("library", "pandas", "99"),)
    monkeypatch.setattr(code, "runtime", lambda: later)
    assert key() != before
