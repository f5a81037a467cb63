"""Lineage: the repository's state and the features behind a model's columns."""

import json
import os
import shutil
import subprocess

import pytest

from jupyter_lifecycle.envelope.lineage import (
    GitState,
    features_upstream,
    parameters_of,
    parse_status,
)
from jupyter_lifecycle.graph import FeatureGraph


def test_status_lines():
    text = "\n".join(  # noqa: FLY002 - as git writes it
        [
            "# branch.oid 4f2a9c1",
            "# branch.head main",
            "1 .M N... 100644 100644 100644 aaa bbb features with space.py",
            "2 R. N... 100644 100644 100644 aaa bbb R100 new.py\told.py",
            "u UU N... 100644 100644 100644 100644 aaa bbb ccc both.py",
        ]
    )
    assert parse_status(text) == {
        "commit": "4f2a9c1",
        "dirty": True,
        "changed": ["both.py", "features with space.py", "new.py"],
    }
    assert parse_status("# branch.oid (initial)\n") == {}
    assert parse_status("") == {}


@pytest.fixture
def repository(tmp_path):
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    folder = tmp_path / "repository"
    folder.mkdir()
    author = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }

    def git(*words):
        subprocess.run(
            ["git", *words],
            cwd=folder,
            check=True,
            capture_output=True,
            env={**os.environ, **author},
        )

    git("init", "-q")
    for name in ("features.py", "other.py"):
        (folder / name).write_text("x = 1\n")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    return folder


def test_only_the_models_own_files_count(repository):
    mine = str(repository / "features.py")
    clean = GitState([mine], repository).result()
    assert len(clean["commit"]) == 40
    assert clean["dirty"] is False
    (repository / "other.py").write_text("x = 2\n")
    assert GitState([mine], repository).result() == clean
    assert GitState([], repository).result() == clean
    (repository / "features.py").write_text("x = 2\n")
    assert GitState([mine, "/elsewhere.py"], repository).result()["changed"] == ["features.py"]


def test_no_repository_and_no_git(tmp_path, repository, monkeypatch):
    assert GitState([], tmp_path).result() == {}
    monkeypatch.setenv("PATH", str(tmp_path))
    assert GitState([], repository).result() == {}


def test_a_broken_repository_says_nothing(tmp_path):
    (tmp_path / ".git").mkdir()
    assert GitState([], tmp_path).result() == {}


def test_a_git_that_does_not_answer(repository, tmp_path, monkeypatch):
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("jupyter_lifecycle.envelope.lineage._GIT_SECONDS", 0.05)
    assert GitState([], repository).result() == {}


def base(raw):
    return raw + 1


def speed(base, wind):
    """Ground speed."""
    return base * wind


def unrelated(raw):
    return raw


def test_features_upstream_of_the_columns():
    graph = FeatureGraph.from_functions(base, speed, unrelated)
    found = features_upstream(graph, ["speed", "raw", "unknown"])
    assert found["columns"] == ["speed"]
    assert found["inputs"] == ["raw", "wind"]
    assert [feature["name"] for feature in found["features"]] == ["base", "speed"]
    last = found["features"][1]
    assert last["parameters"] == ["base", "wind"]
    assert last["doc"] == "Ground speed."
    assert "base * wind" in last["source"]
    assert len(bytes.fromhex(last["key"])) == 16
    assert features_upstream(graph, ["raw"]) == {"columns": [], "features": [], "inputs": []}


def test_a_feature_that_cannot_be_keyed_says_why(tmp_path):
    with (tmp_path / "log").open("w") as source:

        def opaque(raw):
            return source.fileno() + raw

        graph = FeatureGraph.from_functions(opaque)
        (found,) = features_upstream(graph, ["opaque"])["features"]
    assert "key" not in found
    assert "TextIOWrapper" in found["unkeyed"]


class Odd:
    def get_params(self):
        raise RuntimeError("not fitted")


def test_parameters_are_plain_and_deep():
    import numpy as np
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), Ridge(np.float64(0.5), random_state=np.int64(3)))
    found = parameters_of(model)
    assert found["ridge__alpha"] == 0.5
    assert found["ridge__random_state"] == 3
    assert found["ridge"] == "sklearn.linear_model._ridge.Ridge"
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert parameters_of(Ridge(float("inf")))["alpha"] == "inf"
    assert parameters_of(Ridge) == parameters_of(len) == parameters_of(Odd()) == {}
