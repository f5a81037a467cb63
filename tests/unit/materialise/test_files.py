"""Tables from files and into files, as features."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.errors import ComputeError, FeatureDefinitionError
from jupyter_lifecycle.graph import FeatureGraph, extract_columns, source, value
from jupyter_lifecycle.materialise import Materialiser, compute, load_from, save_to

if TYPE_CHECKING:
    from pathlib import Path

TABLE = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})


@pytest.mark.parametrize(
    ("form", "options"), [("csv", {"index": False}), ("parquet", {}), ("feather", {}), ("json", {})]
)
def test_there_and_back(form: str, options: dict[str, Any], tmp_path: Path) -> None:
    @getattr(save_to, form)(path=source("out"), **options)
    def table(x: Any) -> Any:
        return x

    @extract_columns("a", "b")
    @getattr(load_from, form)(path=source("out"))
    def again(frame: Any) -> Any:
        return frame

    path = tmp_path / f"table.{form}"
    graph = FeatureGraph.from_functions(table, again)
    assert list(graph) == ["table", "table.saved", "again.frame", "again", "a", "b"]
    said = compute(graph, ["table.saved"], inputs={"x": TABLE, "out": path})
    assert said == {"table.saved": {"path": str(path), "rows": 2}}
    assert compute(graph, ["a", "b"], inputs={"out": path}).equals(TABLE)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_sql() -> None:
    connection = sqlite3.connect(":memory:")

    @save_to.sql(name="t", connection=source("db"), index=False, output_name_="written")
    def table(x: Any) -> Any:
        return x

    @load_from.sql(query=value("select * from t where a > 1"), connection=source("db"))
    def again(frame: Any) -> Any:
        return frame

    graph = FeatureGraph.from_functions(table, again)
    found = compute(graph, ["written"], inputs={"x": TABLE, "db": connection})
    assert found == {"written": {"name": "t", "rows": 2}}
    found = compute(graph, ["again"], inputs={"db": connection}, result="dict")
    assert found["again"]["b"].tolist() == ["y"]
    connection.close()


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    TABLE.to_csv(path, index=False)

    @load_from.csv(path=source("path"), inject_="frame")
    def total(shift: int, frame: Any) -> Any:
        return int(frame["a"].sum()) + shift

    graph, work = FeatureGraph.from_functions(total), Materialiser(ColumnCache())
    inputs = {"path": str(path), "shift": 1}
    run = work.run(graph, ["total"], inputs)
    assert run.values["total"] == 4  # noqa: PD011 - of a Run
    assert work.run(graph, ["total"], inputs).recomputed == ("total.frame",)
    TABLE.assign(a=[5, 6]).to_csv(path, index=False)
    run = work.run(graph, ["total"], inputs)
    assert run.values["total"] == 12  # noqa: PD011 - of a Run


def test_a_column_is_a_table_of_one(tmp_path: Path) -> None:
    @save_to.csv(path=str(tmp_path / "c.csv"), index=False)
    def a(x: Any) -> Any:
        return x["a"]

    compute(FeatureGraph.from_functions(a), ["a.saved"], inputs={"x": TABLE})
    assert (tmp_path / "c.csv").read_text() == "a\n1\n2\n"


def test_what_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    path.write_text("old")

    @save_to.parquet(path=path)
    def table(x: Any) -> Any:
        return x

    graph = FeatureGraph.from_functions(table)
    with pytest.raises(ComputeError, match="writes frames and columns, and this is a int"):
        compute(graph, ["table.saved"], inputs={"x": 3})
    broken = pd.DataFrame({"a": [object()]})
    with pytest.raises(Exception, match="object"):
        compute(graph, ["table.saved"], inputs={"x": broken})
    assert [each.name for each in tmp_path.iterdir()] == ["t.parquet"]
    assert path.read_text() == "old"


def test_excel_there_and_back(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")

    @save_to.excel(path=source("out"), index=False)
    def table(x: Any) -> Any:
        return x

    @load_from.excel(path=source("out"))
    def again(frame: Any) -> Any:
        return frame

    graph, path = FeatureGraph.from_functions(table, again), tmp_path / "t.xlsx"
    compute(graph, ["table.saved"], inputs={"x": TABLE, "out": path})
    found = compute(graph, ["again"], inputs={"out": path}, result="dict")
    assert found["again"].equals(TABLE)


NOT_INSTALLED = """
import sys

sys.modules["openpyxl"] = None  # as Python itself marks what is not there
import pandas as pd
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.errors import MissingExtraError
from jupyter_lifecycle.materialise import compute, save_to

@save_to.excel(path=sys.argv[1])
def table(x):
    return x

try:
    compute(FeatureGraph.from_functions(table), ["table.saved"], inputs={"x": pd.DataFrame({"a": [1]})})
except MissingExtraError as error:
    print(error)
"""


def test_what_is_not_installed_is_named(tmp_path: Path) -> None:
    command = [sys.executable, "-c", NOT_INSTALLED, str(tmp_path / "t.xlsx")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "excel at " in done.stdout
    assert "needs openpyxl, which is not installed: pip install openpyxl" in done.stdout


def test_other_places_go_through_fsspec() -> None:
    pytest.importorskip("fsspec")

    @save_to.csv(path="memory://t.csv", index=False)
    def table(x: Any) -> Any:
        return x

    @load_from.csv(path="memory://t.csv")
    def again(frame: Any) -> Any:
        return frame

    graph = FeatureGraph.from_functions(table, again)
    compute(graph, ["table.saved"], inputs={"x": TABLE})
    assert compute(graph, ["again"]).equals(TABLE)


def test_refused_when_written() -> None:
    with pytest.raises(AttributeError, match="load_from knows no format xml; it knows csv"):
        load_from.xml  # noqa: B018
    with pytest.raises(FeatureDefinitionError, match=r"load_from\.csv\(\) lacks path"):
        load_from.csv(sep=";")
    with pytest.raises(FeatureDefinitionError, match=r"save_to\.sql\(\) lacks connection, name"):
        save_to.sql()
    with pytest.raises(FeatureDefinitionError, match=r"load_from\.sql\(\) lacks connection, query"):
        load_from.sql()
