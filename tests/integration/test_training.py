"""Training jobs in processes of their own: scripts, notebooks with parameters, failures."""

import json
import sys
import threading
from pathlib import Path

import nbformat
import pytest

import jupyter_lifecycle as jl
from jupyter_lifecycle.cli import main
from jupyter_lifecycle.deployment import training
from jupyter_lifecycle.errors import MissingExtraError, TrainingError

SCRIPT = """
import argparse

import jupyter_lifecycle as jl

parser = argparse.ArgumentParser()
parser.add_argument("--factor", type=float)
factor = parser.parse_args().factor
if factor < 0:
    raise ValueError("a factor is positive")


def model(x: float) -> float:
    return x * factor


jl.save(model, name="scripted", example={"x": 1.0}, metrics={"factor": factor})
"""


@pytest.fixture
def registry(tmp_path):
    with jl.Registry(tmp_path / "home") as registry:
        yield registry


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "retrain.py"
    path.write_text(SCRIPT)
    return path


def test_a_script_gets_parameters_and_what_it_saved_is_told(registry, script):
    done = jl.train(script, parameters={"factor": 2.5}, registry=registry)
    (id_,) = done.saved
    assert registry.get(id_).metrics["factor"] == 2.5
    assert id_[:10] in str(done)


def test_a_notebook_runs_with_parameters(registry, tmp_path):
    notebook = nbformat.v4.new_notebook()
    cell = nbformat.v4.new_code_cell("factor = 1.0")
    cell.metadata["tags"] = ["parameters"]
    notebook.cells = [
        cell,
        nbformat.v4.new_code_cell(
            "import jupyter_lifecycle as jl\n\n\n"
            "def model(x: float) -> float:\n    return x * factor\n\n\n"
            "jl.save(model, name='booked', example={'x': 1.0}, metrics={'factor': factor})\n"
            "assert factor < 9"
        ),
    ]
    path = tmp_path / "retrain.ipynb"
    nbformat.write(notebook, path)
    output = tmp_path / "out.ipynb"
    done = jl.train(path, parameters={"factor": 4.0}, output=output, registry=registry)
    assert registry.get(done.saved[0]).metrics["factor"] == 4.0
    assert "factor = 4.0" in output.read_text()
    with pytest.raises(TrainingError, match=r"cell 2 raised AssertionError"):
        jl.train(path, parameters={"factor": 10.0}, registry=registry)


def test_what_failed_says_why(registry, script, tmp_path):
    with pytest.raises(TrainingError, match="exit status 1") as caught:
        jl.train(script, parameters={"factor": -1}, registry=registry)
    assert "a factor is positive" in Path(caught.value.detail["output"]).read_text()
    with pytest.raises(TrainingError, match="There is no notebook"):
        jl.train(tmp_path / "none.ipynb", registry=registry)
    with pytest.raises(TrainingError, match=r"\.ipynb or a \.py"):
        jl.train(tmp_path / "x.txt", registry=registry)
    with pytest.raises(TrainingError, match="no JSON"):
        jl.train(script, parameters={"factor": float("nan")}, registry=registry)


def test_without_papermill_it_says_what_to_install(registry, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "papermill", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"jupyter_lifecycle\[train\]"):
        jl.train(tmp_path / "x.ipynb", registry=registry)


def test_a_job_that_was_killed_says_so(registry, tmp_path):
    path = tmp_path / "slow.py"
    path.write_text("import time\nprint('begun', flush=True)\ntime.sleep(600)\n")
    folder = tmp_path / "job"
    training.prepare(folder, path, {}, registry.location)
    assert not training.is_running(folder)
    process = training.start(folder)
    tick = threading.Event()
    for _ in range(600):
        if training.is_running(folder) and "begun" in (folder / "log.txt").read_text():
            break
        tick.wait(0.05)
    assert training.is_running(folder)
    training.end(process)
    assert not training.is_running(folder)
    with pytest.raises(TrainingError, match=r"ended before it was done\. It said: begun"):
        training.result(folder)


def test_the_command_line(registry, script, capsys):
    words = ["train", str(script), "-p", "factor=3", "--registry", registry.location]
    assert main([*words, "--json"]) == 0
    (id_,) = json.loads(capsys.readouterr().out)["saved"]
    assert registry.get(id_).metrics["factor"] == 3.0
    assert main([*words[:2], "-p", "factor=many", *words[4:]]) == 1
    assert "exit status 2" in capsys.readouterr().err
    assert main([*words[:2], "-p", "factor=5", *words[4:]]) == 0
    assert "retrain.py: saved" in capsys.readouterr().out
