"""Chunks, columns and answers of a batch, in this process."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from jupyter_lifecycle.deployment.scoring import work
from jupyter_lifecycle.deployment.scoring.job import Job, sources_of
from jupyter_lifecycle.deployment.scoring.tables import (
    check_columns,
    chunks,
    read_part,
    write_output,
    write_part,
)
from jupyter_lifecycle.envelope import Field, Schema
from jupyter_lifecycle.envelope.query import query_of
from jupyter_lifecycle.errors import BatchError, InputError

SCHEMA = Schema(
    "frame",
    "frame",
    (Field("x", "number", dtype="float64"),),
    (Field("value", "number", dtype="float64"),),
    "array",
    aligned=True,
)


class Served:
    def __init__(self, model, schema=SCHEMA):
        self.schema, self.query = schema, query_of(model)


@pytest.fixture
def job(tmp_path):
    def job(path, output="out.parquet", **other):
        given = {"keep": None, "chunk_rows": 4, "engine": "pandas", **other}
        return Job("e" * 40, "q", "", sources_of(path), str(tmp_path / output), **given)

    return job


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_chunks_are_all_rows_in_order_and_no_longer_than_was_asked(tmp_path, job, ending):
    folder = tmp_path / "in"
    folder.mkdir()
    frame = pd.DataFrame({"x": np.arange(23.0)})
    for n, part in enumerate((frame[:3], frame[3:3], frame[3:])):
        path = folder / f"{n}.{ending}"
        part.to_parquet(path, row_group_size=9) if ending == "parquet" else part.to_csv(
            path, index=False
        )
    asked = job(folder)
    found = list(chunks(asked, check_columns(asked, SCHEMA), SCHEMA))
    tables = [chunk.load() for chunk in found]
    assert pa.concat_tables(tables)["x"].to_pylist() == frame["x"].tolist()
    assert max(table.num_rows for table in tables) <= 4
    assert [chunk.number for chunk in found] == list(range(len(found)))
    assert [chunk.first for chunk in found] == list(
        np.cumsum([0, *(t.num_rows for t in tables)])[:-1]
    )


@pytest.mark.parametrize(
    ("columns", "keep", "error", "message"),
    [
        (["x1"], None, InputError, "has no column x, which the model takes. Did you mean x1"),
        (["x"], ("y",), BatchError, "has no column y to keep"),
    ],
)
def test_columns_that_are_missing(tmp_path, job, columns, keep, error, message):
    pd.DataFrame({name: [1.0] for name in columns}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(error, match=message):
        check_columns(job(tmp_path / "a.parquet", keep=keep), SCHEMA)


def test_files_that_are_not_what_they_say(tmp_path, job):
    (tmp_path / "a.parquet").write_bytes(b"no")
    with pytest.raises(BatchError, match="is no parquet file"):
        check_columns(job(tmp_path / "a.parquet"), SCHEMA)
    (tmp_path / "a.csv").write_text("x,x\n1,2\n")
    with pytest.raises(BatchError, match="more than one column x"):
        check_columns(job(tmp_path / "a.csv"), SCHEMA)
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_text("x,b\n1,2\n")
    (folder / "b.csv").write_text("x,c\n1,2\n")
    with pytest.raises(BatchError, match=r"has other columns than .*: b, c"):
        check_columns(job(folder), SCHEMA)


def test_a_torn_part_is_no_part(tmp_path):
    part = tmp_path / "p.arrow"
    assert read_part(part) is None
    write_part(part, pa.table({"x": [1, 2]}))
    assert read_part(part).num_rows == 2
    part.write_bytes(part.read_bytes()[:-20])
    assert read_part(part) is None


def test_answers_have_the_type_of_the_schema_and_not_of_the_chunk(tmp_path, job):
    (tmp_path / "a.csv").write_text("x\n1\n")
    scorer = work.Scorer(Served(lambda rows: [None] * len(rows)), job(tmp_path / "a.csv"))
    table = scorer.score(pa.table({"x": [1.0, 2.0]}), 0)
    assert table.schema.field("prediction").type == pa.float64()


@pytest.mark.parametrize(
    ("model", "given", "error", "message"),
    [
        (lambda rows: rows["x"], {"x": ["a"]}, InputError, "Rows 7 to 7 do not fit"),
        (lambda rows: [1.0], {"x": [1.0, 2.0]}, BatchError, "answered 2 rows with 1 answers"),
        (lambda rows: 1 / 0, {"x": [1.0]}, BatchError, "rows 7 to 7 with ZeroDivisionError"),
        (lambda rows: [1.0], {"x": [1.0], "prediction": [1]}, BatchError, "Say with keep"),
    ],
)
def test_what_goes_wrong_in_a_chunk_names_its_rows(tmp_path, job, model, given, error, message):
    (tmp_path / "a.csv").write_text("x\n1\n")
    scorer = work.Scorer(Served(model), job(tmp_path / "a.csv"))
    with pytest.raises(error, match=message):
        scorer.score(pa.table(given), 7)


def test_models_that_have_no_table_of_answers_are_refused(tmp_path, job):
    (tmp_path / "a.csv").write_text("x\n1\n")
    from dataclasses import replace

    for schema, message in [
        (replace(SCHEMA, aligned=False), "one answer a row"),
        (replace(SCHEMA, inputs=()), "takes no input"),
    ]:
        with pytest.raises(BatchError, match=message):
            work.Scorer(Served(len, schema), job(tmp_path / "a.csv"))


def test_an_output_that_cannot_be_written_leaves_nothing(tmp_path, job):
    (tmp_path / "a.csv").write_text("x\n1\n")
    asked = job(tmp_path / "a.csv", output="out.csv")
    with pytest.raises(BatchError, match="answers cannot be written"):
        write_output(asked, [pa.table({"x": [[1]]})])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv"]


def test_a_folder_without_a_job_is_said(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(work, "tell", lambda **what: said.append(what))
    monkeypatch.setattr(work.os, "dup2", lambda *_: None)
    monkeypatch.setattr(work.os, "dup", lambda _: 1)
    assert work.main(str(tmp_path)) == 1
    assert "has no job" in said[0]["error"]["message"]
