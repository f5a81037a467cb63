"""Metrics of answers with their intervals, stretches of time, frames of outcomes."""

import json
import math
import random
from datetime import UTC, datetime, timedelta
from statistics import fmean

import pandas as pd
import pytest

import jupyter_lifecycle as jl
from jupyter_lifecycle.cli import main
from jupyter_lifecycle.deployment import Endpoint
from jupyter_lifecycle.deployment.deployer import default_folder
from jupyter_lifecycle.deployment.outcome_metrics import auc, measured, wilson
from jupyter_lifecycle.deployment.outcomes import Answered, outcomes_of
from jupyter_lifecycle.deployment.place import Place
from jupyter_lifecycle.deployment.service.capture import Capture
from jupyter_lifecycle.deployment.stretches import floored, length_of, moment_of
from jupyter_lifecycle.errors import EndpointError

NOW = datetime(2026, 7, 10, 12, 34, tzinfo=UTC)
ID = "a" * 40


def test_numbers_have_errors():
    found = measured([(1.0, 2.0), (3.0, 1.0), (2, 2)])
    assert found["mae"].value == 1.0
    assert found["bias"].value == pytest.approx(1 / 3)
    assert found["rmse"].value == pytest.approx(math.sqrt(5 / 3))
    assert found["mae"].low < 1.0 < found["mae"].high


def test_the_interval_of_an_error_holds_in_ninetyfive_of_a_hundred():
    draw = random.Random(7)
    held = 0
    for _ in range(400):
        one = measured([(0.0, draw.gauss(0, 1)) for _ in range(200)])["mae"]
        held += one.low <= math.sqrt(2 / math.pi) <= one.high
    assert 0.92 <= held / 400 <= 0.98


def test_one_row_has_no_interval_and_none_has_nothing():
    assert measured([(1.0, 2.0)])["mae"].low is None
    assert measured([]) == {}


def test_words_have_an_accuracy():
    found = measured([("a", "a"), ("b", "a"), (True, True), (1, True)])
    assert found["accuracy"].value == 0.5
    assert set(found) == {"accuracy"}


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (81, 263, 0.2553, 0.3662)],
)
def test_wilsons_interval(right, n, low, high):
    # 81 of 263: R. G. Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3
    found = wilson(right, n)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)


def test_probabilities_have_scores_and_an_area():
    pairs = [(0.9, True), (0.8, False), (0.7, True), (0.1, False)]
    found = measured(pairs)
    assert found["auc"].value == 0.75
    assert found["brier"].value == pytest.approx(fmean([0.01, 0.64, 0.09, 0.01]))
    assert found["log_loss"].value > 0
    assert set(measured([(3.5, True), (0.1, False)])) == {"auc"}
    assert auc([(0.5, True), (0.5, False)]).value == 0.5
    assert auc([(0.5, True)]) is None


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ("24h", NOW - timedelta(hours=24)),
        ("1.5d", NOW - timedelta(hours=36)),
        ("week", NOW - timedelta(days=7)),
        (timedelta(minutes=5), NOW - timedelta(minutes=5)),
        ("2026-07-01", datetime(2026, 7, 1, tzinfo=UTC)),
        (datetime(2026, 7, 1, 8), datetime(2026, 7, 1, 8, tzinfo=UTC)),
    ],
)
def test_stretches_of_time(since, expected):
    assert moment_of(since, NOW) == expected


@pytest.mark.parametrize("since", ["yesterday", "0h", timedelta(-1), "99999999d"])
def test_what_is_no_stretch_is_refused(since):
    with pytest.raises(EndpointError):
        moment_of(since, NOW)


def test_lengths_and_windows():
    with pytest.raises(EndpointError, match="90m"):
        length_of("often")
    assert floored(NOW, length_of("day")) == datetime(2026, 7, 10, tzinfo=UTC)
    assert floored(NOW, timedelta(hours=6)) == datetime(2026, 7, 10, 12, tzinfo=UTC)


# -- frames


KNOWN = {"r1": Answered(ID, NOW, (1.0, 2.0)), "r2": Answered(ID, NOW, (5.0,))}


def test_rows_of_a_request_stand_in_order_or_say_which_they_are():
    frame = pd.DataFrame({"request_id": ["r1", "r2", "r1", "gone"], "outcome": [1, 2, 3, 4]})
    found, unknown = outcomes_of("svc", frame, KNOWN)
    assert [(one.request, one.row, one.prediction, one.outcome) for one in found] == [
        ("r1", 0, 1.0, 1),
        ("r2", 0, 5.0, 2),
        ("r1", 1, 2.0, 3),
    ]
    assert unknown == ("gone",)
    (one,), _ = outcomes_of(
        "svc", pd.DataFrame({"request_id": ["r1"], "row": [1], "outcome": [9]}), KNOWN
    )
    assert one.prediction == 2.0


def test_answers_that_were_captured_elsewhere_are_in_the_frame():
    frame = pd.DataFrame(
        {
            "request_id": ["x", "y"],
            "outcome": [1.0, None],
            "prediction": [1.5, 2.5],
            "envelope": ID,
            "at": [pd.Timestamp("2026-07-01", tz="UTC"), pd.Timestamp("2026-07-02", tz="UTC")],
        }
    )
    found, unknown = outcomes_of("svc", frame, {})
    assert [(one.prediction, one.outcome, one.at.day) for one in found] == [
        (1.5, 1.0, 1),
        (2.5, None, 2),
    ]
    assert unknown == ()


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ({"request_id": ["r1"], "outcomes": [1]}, "no column outcome. Did you mean outcomes"),
        ({"request": ["r1"], "outcome": [1]}, "no column request_id"),
        ({"request_id": ["r1"], "outcome": [1], "row": [2]}, "had 2 rows"),
        ({"request_id": ["x"], "outcome": [1], "prediction": [1.0]}, "needs the columns at"),
    ],
)
def test_a_frame_that_cannot_be_read_is_refused(frame, words):
    with pytest.raises(EndpointError, match=words):
        outcomes_of("svc", pd.DataFrame(frame), KNOWN)


def test_outcomes_are_logged_as_a_frame():
    with pytest.raises(EndpointError, match="as a frame"):
        outcomes_of("svc", [1], KNOWN)


@pytest.fixture
def registry(tmp_path):
    with jl.Registry(tmp_path / "home") as registry:
        yield registry


def test_late_and_repeated_outcomes_count_once_where_they_were_answered(registry, make_bundle):
    id_ = registry.add(make_bundle("m"), metrics={"MAE": 0.25}).id
    folder = Place(default_folder(registry)).captures_of("svc", id_)
    capture = Capture(folder, max_bytes=1_000_000)
    for number in range(4):
        capture.add(f"r{number}", id_, b"[]", f"[{number}.0]".encode())
    capture.close()
    endpoint = Endpoint("svc", registry)
    assert str(endpoint.outcomes()) == "No outcome of svc is known yet."

    ids = ["r0", "r1", "r2", "nobody"]
    report = endpoint.log_outcomes(
        pd.DataFrame({"request_id": ids, "outcome": [0.0, 3.0, 9.0, 1.0]})
    )
    assert (report.logged, report.unknown) == (3, ("nobody",))
    again = endpoint.log_outcomes(pd.DataFrame({"request_id": ["r2", "r3"], "outcome": [2.0, 4.0]}))

    rows = {row.metric: row for row in again.rows}
    assert (rows["mae"].rows, rows["mae"].value, rows["mae"].at_save) == (4, 0.75, 0.25)
    assert not rows["mae"].is_off
    assert again.to_frame().metric.tolist() == ["mae", "rmse", "bias"]
    assert again.to_json()["rows"][0]["is_off"] is False
    assert "0.25 at save" in str(again)
    assert "not known: nobody" in str(report)
    registry.delete(id_)
    assert endpoint.outcomes().rows[0].at_save is None


def test_requests_that_nobody_knows_are_refused(registry):
    with pytest.raises(EndpointError, match="None of these requests"):
        Endpoint("svc", registry).log_outcomes(pd.DataFrame({"request_id": ["a"], "outcome": [1]}))


def test_the_command_line_logs_and_reports(registry, make_bundle, tmp_path, capsys):
    id_ = registry.add(make_bundle("m")).id
    capture = Capture(Place(default_folder(registry)).captures_of("svc", id_), max_bytes=10_000)
    capture.add("0017", id_, b"[]", b"[true]")
    capture.close()
    path = tmp_path / "o.csv"
    path.write_text("request_id,outcome\n0017,True\n")
    where = ["--registry", registry.location]
    assert main(["outcomes", "svc", "--log", str(path), *where]) == 0
    assert "1 outcomes logged" in capsys.readouterr().out
    pd.read_csv(path, dtype={"request_id": str}).to_parquet(tmp_path / "o.parquet")
    assert main(["outcomes", "svc", "--log", str(tmp_path / "o.parquet"), *where, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["metric"] == "accuracy"
    assert main(["outcomes", "svc", *where]) == 0
    assert "accuracy 1" in capsys.readouterr().out
    assert main(["outcomes", "svc", "--log", str(tmp_path / "none.csv"), *where]) == 1
    assert "no file" in capsys.readouterr().err
