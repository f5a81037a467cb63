"""The public names: what is exported is what is documented, and importing does nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import jupyter_lifecycle as jl

ROOT = Path(__file__).resolve().parents[2]


def test_all_is_sorted_and_each_name_is_there() -> None:
    assert jl.__all__ == sorted(jl.__all__)
    for name in jl.__all__:
        assert getattr(jl, name) is not None


def test_all_is_what_the_documentation_lists() -> None:
    text = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^### `jl\.(\w+)", text, flags=re.MULTILINE))
    hidden = {"__version__", "load_ipython_extension", "unload_ipython_extension"}
    assert documented == set(jl.__all__) - hidden


def test_dir_lists_the_public_names() -> None:
    assert set(jl.__all__) <= set(dir(jl))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        jl.nonsense  # noqa: B018


def test_importing_loads_nothing_heavy_and_touches_nothing() -> None:
    program = """
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append((event, args)) if event in WATCHED else None)
before = set(sys.modules)
import jupyter_lifecycle
new = {name.split(".")[0] for name in set(sys.modules) - before}
heavy = new & {"pandas", "numpy", "pyarrow", "sqlalchemy", "fastapi", "IPython", "ipywidgets", "requests", "cloudpickle"}
assert not heavy, heavy
wrote = [a for e, a in opened if e == "open" and isinstance(a[1], str) and set(a[1]) & set("wax+")]
assert not wrote, wrote
assert not [e for e, _ in opened if e.startswith("socket")], opened
"""
    watched = 'WATCHED = {"open", "socket.connect", "socket.bind", "socket.getaddrinfo"}\n'
    done = subprocess.run(
        [sys.executable, "-B", "-W", "error", "-c", watched + program],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
