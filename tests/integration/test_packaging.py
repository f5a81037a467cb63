"""The wheel: all that a user needs is in it, and it works where there is no Node."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import uv

ROOT = Path(__file__).resolve().parents[2]

DATA = "jupyter_lifecycle-{version}.data/data/share/jupyter"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from what ``make`` has built of the extension."""
    folder = tmp_path_factory.mktemp("dist")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        folder,
        ROOT,
    ]
    done = subprocess.run(
        command,
        env={**os.environ, "SKIP_JUPYTER_BUILDER": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_it_holds_the_extension_the_widgets_the_template_and_the_migrations(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    version = wheel.name.split("-")[1]
    data = DATA.format(version=version)
    for needed in (
        f"{data}/labextensions/jupyter-lifecycle/package.json",
        f"{data}/labextensions/jupyter-lifecycle/install.json",
        f"{data}/voila/templates/jupyter_lifecycle/conf.json",
        "jupyter_lifecycle/widgets/static/explorer.js",
        "jupyter_lifecycle/widgets/static/explorer.css",
        "jupyter_lifecycle/widgets/static/panels.js",
        "jupyter_lifecycle/dashboards/fleet.ipynb",
        "jupyter_lifecycle/py.typed",
        "jupyter_lifecycle/registry/migrations/versions/0001_first.py",
    ):
        assert needed in names
    assert any(
        name.startswith(f"{data}/labextensions/jupyter-lifecycle/static/remoteEntry")
        for name in names
    )
    assert not [
        name for name in names if name.startswith(("tests/", "labextension/", "scripts/", "docs/"))
    ]
    assert not [name for name in names if "node_modules" in name or "__pycache__" in name]


def test_installed_without_node_jupyterlab_lists_the_extension_and_the_explorer_opens(
    wheel: Path, tmp_path: Path
) -> None:
    place = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    python = place / "bin" / "python"
    subprocess.run(
        [
            uv.find_uv_bin(),
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--offline",
            "--python",
            python,
            wheel,
        ],
        check=True,
        timeout=120,
    )
    # Its dependencies are those of the tests, behind it on the path.
    (site,) = (place / "lib").glob("python*/site-packages")
    behind = [entry for entry in sys.path if entry.endswith("site-packages")]
    (site / "behind.pth").write_text("\n".join(behind))
    env = {"PATH": str(place / "bin"), "HOME": str(tmp_path)}

    def asked(*words: str) -> str:
        done = subprocess.run(
            [python, *words],
            env=env,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    listed = asked("-m", "jupyterlab.labextensions", "list")
    (line,) = [line for line in listed.splitlines() if "jupyter-lifecycle" in line]
    assert "enabled" in line
    assert "OK" in line
    program = """
import json, jupyter_lifecycle as jl
def double(a): return a * 2
shown = jl.explore(jl.FeatureGraph.from_functions(double))
print(json.dumps([jl.__file__, len(shown._esm) > 10_000, "double" in str(shown._repr_mimebundle_())]))
"""
    where, has_script, has_picture = json.loads(asked("-c", program).splitlines()[-1])
    assert Path(where).is_relative_to(site)
    assert has_script
    assert has_picture
