"""A graph over partitions: what is checked, what is written, what goes on after a stop."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from jupyter_lifecycle.errors import ComputeError, UnboundError
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.materialise import compute, partitions, to_parquet


def double(price):
    return price * 2


def gain(double, cost):
    return (double - cost).clip(lower=0)


def kind(gain):
    return gain.gt(0.5).map({True: "high", False: "low"})


def mean_price(price):
    return price.mean()


def centred(price, mean_price):
    return price - mean_price


def ranked(gain):
    return gain.rank()


def before(gain):
    return gain.shift(1)


def numbered(price):
    return pd.Series(np.arange(len(price)), index=price.index)


def labelled(price):
    return pd.Series(price.index, index=price.index)


def scaled(price, factor=3):
    return price * factor


ROWWISE = FeatureGraph.from_functions(double, gain, kind, labelled, scaled)
WHOLE = ROWWISE.with_features(
    *FeatureGraph.from_functions(mean_price, centred, ranked, before, numbered).features.values()
)[0]
TARGETS = ["price", "gain", "kind", "labelled", "scaled"]


@pytest.fixture
def orders():
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"price": rng.random(5000), "cost": rng.random(5000), "other": 1})
    frame.loc[::97, "cost"] = np.nan
    return frame


@pytest.fixture
def folder(tmp_path, orders):
    path = tmp_path / "orders"
    path.mkdir()
    for number, start in enumerate(range(0, 5000, 2000)):
        part = orders.iloc[start : start + 2000].reset_index(drop=True)
        part.to_parquet(path / f"{number}.parquet", row_group_size=500)
    return path


def read(written):
    return pd.concat([pd.read_parquet(written.path / name) for name in written.files])


@pytest.mark.parametrize("executor", [None, "threads"])
def test_parts_together_are_what_the_whole_gives(folder, orders, tmp_path, executor, monkeypatch):
    monkeypatch.setattr(partitions, "PIECE", 20_000)
    written = to_parquet(
        ROWWISE, TARGETS, tmp_path / "out", inputs=folder, partitioned=True, executor=executor
    )
    assert len(written.files) > 3
    assert written.rows == 5000
    whole = compute(ROWWISE, TARGETS, inputs=orders)
    found = read(written).reset_index(drop=True)
    pd.testing.assert_frame_equal(found, whole, check_exact=True, check_dtype=False)


def test_all_features_that_need_the_whole_column_are_named(folder, tmp_path):
    targets = ["centred", "ranked", "before", "numbered", "gain"]
    with pytest.raises(ComputeError) as error:
        to_parquet(WHOLE, targets, tmp_path / "out", inputs=folder, partitioned=True)
    assert set(error.value.detail["names"]) == {"mean_price", "ranked", "before", "numbered"}
    assert "mean_price" in str(error.value)
    assert "gives one value for all rows" in str(error.value)
    assert not (tmp_path / "out").exists()


def test_what_needs_the_whole_column_is_given(folder, orders, tmp_path):
    mean = orders.price.mean()
    written = to_parquet(
        WHOLE, ["centred"], tmp_path / "out",
        inputs=folder, partitioned=True, overrides={"mean_price": mean},
    )  # fmt: skip
    assert read(written)["centred"].to_numpy() == pytest.approx(
        (orders.price - mean).to_numpy(), abs=0
    )


def test_what_shows_on_other_rows_only_stops_in_its_partition(orders, tmp_path):
    def filled(rare):
        return rare.fillna(rare.mean())

    path = tmp_path / "rare"
    path.mkdir()
    for number in range(5):
        rare = np.arange(1000.0)
        if number == 1:  # neither first, nor last, nor in the middle
            rare[500] = np.nan
        pd.DataFrame({"rare": rare}).to_parquet(path / f"{number}.parquet")
    graph = FeatureGraph.from_functions(filled)
    with pytest.raises(ComputeError, match="rows 1,000 on") as error:
        to_parquet(graph, ["filled"], tmp_path / "out", inputs=path, partitioned=True)
    assert error.value.detail["names"] == ["filled"]
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["part-000000.parquet"]


def test_what_was_stopped_goes_on_and_what_was_edited_starts_anew(folder, tmp_path):
    first = to_parquet(ROWWISE, ["gain"], tmp_path / "out", inputs=folder, partitioned=True)
    (first.path / first.files[1]).unlink()
    (first.path / first.files[2]).write_bytes(b"torn")
    again = to_parquet(ROWWISE, ["gain"], tmp_path / "out", inputs=folder, partitioned=True)
    assert again.kept == (first.files[0],)

    def double(price):
        return price * 3

    edited = ROWWISE.with_functions(double)[0]
    anew = to_parquet(edited, ["gain"], tmp_path / "out", inputs=folder, partitioned=True)
    assert anew.kept == ()


def test_a_features_exception_is_the_users_own(folder, tmp_path):
    def wrong(price):
        return {}[price.iloc[0]]

    with pytest.raises(KeyError):
        to_parquet(
            FeatureGraph.from_functions(wrong),
            ["wrong"],
            tmp_path / "o",
            inputs=folder,
            partitioned=True,
        )


def test_other_columns_in_a_later_partition_are_told(tmp_path):
    def text(x):
        return x if x.iloc[0] < 2500 else x.astype(str)

    path = tmp_path / "in"
    path.mkdir()
    for number in range(4):
        pd.DataFrame({"x": np.full(1000, number * 1000 if number != 2 else 2600)}).to_parquet(
            path / f"{number}.parquet"
        )
    graph = FeatureGraph.from_functions(text)
    with pytest.raises(ComputeError, match=r"give other columns than the first|more than a row"):
        to_parquet(graph, ["text"], tmp_path / "out", inputs=path, partitioned=True)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ("absent", "no Parquet file at"),
        (7, "inputs is a int"),
        (["x.csv"], "no Parquet file|is no"),
    ],
    ids=["absent", "a number", "other files"],
)
def test_inputs_that_are_no_partitions(inputs, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.csv").write_text("a,b")
    with pytest.raises(ComputeError, match=words):
        to_parquet(ROWWISE, ["gain"], tmp_path / "out", inputs=inputs, partitioned=True)


def test_files_without_rows_and_targets_that_read_none(folder, tmp_path):
    pd.DataFrame({"price": [], "cost": []}).to_parquet(tmp_path / "empty.parquet")
    with pytest.raises(ComputeError, match="no rows"):
        to_parquet(
            ROWWISE, ["gain"], tmp_path / "o", inputs=tmp_path / "empty.parquet", partitioned=True
        )

    def constant():
        return 1

    with pytest.raises(UnboundError, match="None of the targets reads"):
        to_parquet(
            FeatureGraph.from_functions(constant),
            ["constant"],
            tmp_path / "o",
            inputs=folder,
            partitioned=True,
        )


def test_a_folder_of_something_else_is_left_alone(folder, tmp_path, orders):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(ComputeError, match=r"something else \(mine.txt\)"):
        to_parquet(ROWWISE, ["gain"], tmp_path / "out", inputs=folder, partitioned=True)
    with pytest.raises(ComputeError, match="is there already"):
        to_parquet(ROWWISE, ["gain"], tmp_path / "out", inputs=orders)


def test_a_frame_is_written_whole(orders, tmp_path):
    written = to_parquet(WHOLE, ["price", "centred", "mean_price"], tmp_path / "out", inputs=orders)
    assert written.rows == pq.read_metadata(written.path / written.files[0]).num_rows == 5000
    pd.testing.assert_frame_equal(
        read(written), compute(WHOLE, ["price", "centred", "mean_price"], inputs=orders)
    )
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_files_want_partitioned(folder, tmp_path):
    with pytest.raises(ComputeError, match="give partitioned=True"):
        to_parquet(ROWWISE, ["gain"], tmp_path / "out", inputs=folder)


def test_files_are_in_the_order_of_their_numbers(tmp_path):
    for number in (0, 2, 10):
        frame = pd.DataFrame({"price": [float(number)]})
        frame.to_parquet(tmp_path / f"part.{number}.parquet")
    written = to_parquet(ROWWISE, ["double"], tmp_path / "o", inputs=tmp_path, partitioned=True)
    assert read(written)["double"].tolist() == [0.0, 4.0, 20.0]


def test_an_index_of_the_files_own_is_kept(orders, tmp_path):
    orders.index = pd.Index(np.arange(5000) * 2, name="order")
    orders.to_parquet(tmp_path / "in.parquet", row_group_size=500)
    written = to_parquet(
        ROWWISE, ["labelled"], tmp_path / "o", inputs=tmp_path / "in.parquet", partitioned=True
    )
    assert read(written)["labelled"].tolist() == orders.index.tolist()


# ---- Dask data frames


@pytest.fixture
def dask_frame(orders):
    import dask.dataframe as dd

    return dd.from_pandas(orders, npartitions=11)


@pytest.mark.parametrize("executor", [None, "threads"])
def test_a_dask_frame_goes_in_its_partitions(dask_frame, orders, tmp_path, executor):
    written = to_parquet(
        ROWWISE, TARGETS, tmp_path / "out", inputs=dask_frame, partitioned=True, executor=executor
    )
    assert len(written.files) == 11
    whole = compute(ROWWISE, TARGETS, inputs=orders)
    found = read(written).reset_index(drop=True)
    pd.testing.assert_frame_equal(found, whole, check_exact=True, check_dtype=False)
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_a_dask_frame_is_made_once(dask_frame, tmp_path):
    made = []

    def seen(part):
        made.append(list(part.columns))
        return part

    counted = dask_frame.map_partitions(seen, meta=dask_frame._meta)
    to_parquet(ROWWISE, ["double"], tmp_path / "out", inputs=counted, partitioned=True)
    assert len(made) == 11


def test_whole_columns_of_a_dask_frame_are_refused_and_nothing_stays(dask_frame, tmp_path):
    with pytest.raises(ComputeError, match=r"mean_price .*gives one value for all rows"):
        to_parquet(WHOLE, ["centred"], tmp_path / "out", inputs=dask_frame, partitioned=True)
    assert list(tmp_path.iterdir()) == []


def test_a_dask_frame_that_cannot_be_read(dask_frame, tmp_path):
    for data in (dask_frame["price"], dask_frame.rename(columns={"other": 3})):
        with pytest.raises(ComputeError, match="texts as names of columns"):
            to_parquet(ROWWISE, ["double"], tmp_path / "o", inputs=data, partitioned=True)
    with pytest.raises(UnboundError, match="None of the targets reads a column of the Dask"):
        to_parquet(
            FeatureGraph.from_functions(scaled), ["scaled"], tmp_path / "o",
            inputs=dask_frame, partitioned=True, overrides={"price": 3},
        )  # fmt: skip
