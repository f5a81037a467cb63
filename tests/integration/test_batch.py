"""Batches in processes of their own: files in, files out, killed and resumed."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import jupyter_lifecycle as jl
from jupyter_lifecycle.cli import main
from jupyter_lifecycle.deployment.scoring import run as module
from jupyter_lifecycle.errors import BatchError, InputError, NotFoundError
from jupyter_lifecycle.monitoring import Profile

ROWS = 1000


@pytest.fixture
def registry(tmp_path):
    with jl.Registry(tmp_path / "home") as registry:
        yield registry


@pytest.fixture
def frame(tmp_path):
    frame = pd.DataFrame({"id": np.arange(ROWS), "x": np.linspace(0, 1, ROWS), "y": 2.0})
    frame.to_parquet(tmp_path / "in.parquet", row_group_size=150)
    frame.to_csv(tmp_path / "in.csv", index=False)
    return frame


class Model:
    """Doubles x; fails on rows with x above a mark as long as a file is not there."""

    def __init__(self, factor, fixed=""):
        self.factor, self.fixed = factor, fixed

    def predict(self, frame):
        from pathlib import Path

        print("a model that talks")
        if self.fixed and not Path(self.fixed).exists() and (frame["x"] > 0.5).any():
            raise ValueError("not yet")
        return frame["x"].to_numpy() * self.factor


def _save(registry, model):
    return jl.save(
        model, name="m", example=pd.DataFrame({"x": [0.1], "y": [2.0]}), registry=registry
    )


def test_a_batch_goes_on_where_it_was_with_the_envelope_that_it_began_with(
    tmp_path, registry, frame
):
    fixed, output = tmp_path / "fixed", tmp_path / "out.parquet"
    first = _save(registry, Model(2.0, str(fixed)))
    asked = {"input": tmp_path / "in.parquet", "output": output, "registry": registry}
    output.write_bytes(b"before")
    with pytest.raises(BatchError, match=r"rows 450 to 599 with ValueError: not yet"):
        jl.batch("name = 'm'", chunk_rows=150, **asked)
    assert output.read_bytes() == b"before"
    _save(registry, Model(3.0))
    fixed.touch()
    done = jl.batch("name = 'm'", chunk_rows=150, **asked)
    assert (done.envelope, done.rows, done.resumed_rows) == (first.id, ROWS, 450)
    assert "450 of them from before" in str(done)
    answered = pd.read_parquet(output)
    pd.testing.assert_frame_equal(answered[["id", "x", "y"]], frame)
    assert np.array_equal(answered["prediction"], frame["x"] * 2.0)
    facts = pq.read_schema(output).metadata
    assert facts[b"jupyter_lifecycle.envelope"] == first.id.encode()
    assert json.loads((tmp_path / "out.parquet.json").read_text())["envelope"] == first.id
    assert not list(tmp_path.glob(".out.parquet*"))
    assert done.counted == "batch-m"
    assert _counted(registry, "inputs")["x"].rows == ROWS
    assert _counted(registry, "outputs")["prediction"].rows == ROWS


def _counted(registry, side):
    since = datetime.now(UTC) - timedelta(days=1)
    found = registry.windows("batch-m", since, side=side)
    return sum((Profile.from_json(one.profile) for one in found), start=0)


def test_a_batch_that_is_killed_after_its_counts_were_sent_counts_once(
    tmp_path, registry, frame, monkeypatch
):
    _save(registry, Model(2.0))
    asked = {"input": tmp_path / "in.parquet", "output": tmp_path / "o.csv", "registry": registry}

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(module, "write_whole", killed)
        with pytest.raises(KeyboardInterrupt):
            jl.batch("name = 'm'", **asked)
    assert _counted(registry, "inputs").rows == ROWS
    jl.batch("name = 'm'", **asked)
    assert _counted(registry, "inputs").rows == ROWS
    jl.batch("name = 'm'", **asked)
    assert _counted(registry, "inputs").rows == 2 * ROWS


def test_a_batch_whose_counts_are_refused_is_done_and_says_so(tmp_path, registry, frame):
    _save(registry, Model(2.0))
    with pytest.warns(UserWarning, match="was not counted: 'No Name'"):
        done = jl.batch(
            "name = 'm'",
            input=tmp_path / "in.csv",
            output=tmp_path / "o.csv",
            endpoint="No Name",
            registry=registry,
        )
    assert (done.rows, done.counted) == (ROWS, "")


def test_csv_and_the_command_line(tmp_path, registry, frame, capsys):
    saved = _save(registry, Model(2.0))
    capsys.readouterr()  # the model talks where it is saved, too
    words = ["batch", saved.short_id, "--registry", str(tmp_path / "home"), "--keep", "id"]
    files = ["--input", str(tmp_path / "in.csv"), "--output", str(tmp_path / "out.csv")]
    assert main([*words, *files, "--json", "--chunk-rows", "300"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["rows"] == ROWS
    assert "1,000 rows" in said.err
    answered = pd.read_csv(tmp_path / "out.csv")
    assert list(answered.columns) == ["id", "prediction"]
    assert np.array_equal(answered["prediction"], frame["x"] * 2.0)
    bad = tmp_path / "bad.csv"
    bad.write_text("x,y\n1,2\nthree,4\n")
    with pytest.raises(InputError, match="'three'"):
        jl.batch(saved, input=bad, output=tmp_path / "o.csv")


@pytest.mark.slow
def test_dask_gives_what_pandas_gives(tmp_path, registry, frame):
    _save(registry, Model(2.0))
    done = jl.batch(
        "name = 'm'",
        input=tmp_path / "in.parquet",
        output=tmp_path / "out.parquet",
        engine="dask",
        chunk_rows=300,
        registry=registry,
    )
    assert done.rows == ROWS
    answered = pd.read_parquet(tmp_path / "out.parquet")
    assert np.array_equal(answered["prediction"], frame["x"] * 2.0)


def test_a_function_of_arguments_and_a_killed_process(tmp_path, registry, frame):
    def model(x: float, label: str = "a") -> str:
        import os
        import signal

        if x > 0.9:
            os.kill(os.getpid(), signal.SIGKILL)
        return f"{label}{x:.1f}"

    saved = jl.save(model, name="f", example=[{"x": 0.5}], registry=registry)
    small, output = tmp_path / "small.parquet", tmp_path / "out.parquet"
    frame[["x"]].iloc[:10].to_parquet(small)
    jl.batch(saved, input=small, output=output)
    assert pd.read_parquet(output)["prediction"].tolist() == ["a0.0"] * 10
    with pytest.raises(BatchError, match="killed by SIGKILL"):
        jl.batch(saved, input=tmp_path / "in.parquet", output=output)
    assert len(pd.read_parquet(output)) == 10


def test_what_cannot_be_is_said_before_anything_runs(tmp_path, registry, frame, monkeypatch):
    good = {"input": tmp_path / "in.parquet", "output": tmp_path / "o.csv", "registry": registry}
    with pytest.raises(NotFoundError):
        jl.batch("name = 'm'", **good)
    _save(registry, Model(2.0))
    for other, message in [
        ({"engine": "spark"}, "engine is pandas or dask, not 'spark'"),
        ({"chunk_rows": 0}, "chunk_rows is a whole number"),
        ({"input": tmp_path / "in.parqet"}, "no input .*Did you mean in.parquet"),
        ({"input": tmp_path / "home"}, "has no file that ends with"),
        ({"input": tmp_path}, "has Parquet and CSV files"),
        ({"output": tmp_path / "o.txt"}, "output .*o.txt ends with none of"),
        ({"output": tmp_path / "no" / "o.csv"}, "folder .* does not exist"),
        ({"output": tmp_path / "in.csv", "input": tmp_path / "in.csv"}, "is the input"),
    ]:
        with pytest.raises(BatchError, match=message):
            jl.batch("name = 'm'", **{**good, **other})
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(BatchError, match="is a folder"):
        jl.batch("name = 'm'", **{**good, "output": tmp_path / "folder.csv"})
    from jupyter_lifecycle.deployment.scoring.job import Job

    job = Job("", "", "", (), str(tmp_path / "o.csv"), None, 1, "pandas")
    with module._locked(job), pytest.raises(BatchError, match="Another batch writes"):
        jl.batch("name = 'm'", **good)
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(jl.LifecycleError, match="needs Dask"):
        jl.batch("name = 'm'", **{**good, "engine": "dask"})
    assert not (tmp_path / "o.csv").exists()
