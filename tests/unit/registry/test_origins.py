"""Where a save was made: beside the envelope, and no part of its id."""

import pandas as pd
import pytest

import jupyter_lifecycle as jl
from jupyter_lifecycle.registry import origins


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def saved():
    return jl.save(lambda rows: rows["a"], name="same", example=pd.DataFrame({"a": [1.0]}))


def test_each_place_is_kept_once():
    place = {"notebook": "train.ipynb", "cell": "c1", "heading": ""}
    origins.told_by(finder := lambda: dict(place))
    try:
        first = saved()
        assert saved().origins == ({"notebook": "train.ipynb", "cell": "c1"},)
        place["cell"] = "c2"
        again = saved()
    finally:
        origins.forget(finder)
    assert again.id == first.id
    assert [one["cell"] for one in again.origins] == ["c1", "c2"]
    assert len(saved().origins) == 2


def test_nobody_knows():
    assert saved().origins == ()
    origins.forget(dict)
    origins.told_by(finder := lambda: {"notebook": "", "cell": "", "heading": ""})
    assert origins.as_artifacts() == {}
    origins.forget(finder)
