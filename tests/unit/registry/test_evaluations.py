"""Confusion matrices and curves, beside scikit-learn's."""

import numpy as np
import pytest
from sklearn import metrics

from jupyter_lifecycle.errors import InvalidValueError
from jupyter_lifecycle.registry import (
    ConfusionMatrix,
    Curve,
    confusion_matrix,
    pr_curve,
    roc_curve,
)
from jupyter_lifecycle.registry.evaluations import MAX_POINTS

RNG = np.random.default_rng(4)
TRUTH = RNG.integers(0, 2, 500)
SCORES = (TRUTH + RNG.normal(size=500)).round(1)  # with ties


def test_a_confusion_matrix_is_scikit_learns():
    answers = SCORES > 0.5
    found = confusion_matrix(TRUTH, answers.astype(int))
    assert found.counts == tuple(map(tuple, metrics.confusion_matrix(TRUTH, answers).tolist()))
    assert found.labels == ("0", "1")
    assert found.accuracy == metrics.accuracy_score(TRUTH, answers)
    assert found.precision("1") == metrics.precision_score(TRUTH, answers)
    assert found.recall("1") == metrics.recall_score(TRUTH, answers)
    assert ConfusionMatrix.from_json(found.to_json()) == found


def test_labels_say_order_and_what_never_came():
    found = confusion_matrix(["b"], ["b"], labels=["c", "b"])
    assert found.counts == ((0, 0), (0, 1))
    assert found.precision("c") == found.recall("c") == 0.0
    assert "<td>1</td>" in found._repr_html_()
    assert confusion_matrix(["<b>"], ["<b>"])._repr_html_().count("&lt;b&gt;") == 2
    assert confusion_matrix([], []).accuracy == 0.0
    assert confusion_matrix([1, "a"], ["a", 1]).labels == ("1", "a")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: confusion_matrix([1], []), "1 true classes and 0 answers"),
        (lambda: confusion_matrix(["a"], ["b"], labels=["a"]), "class 'b' came up"),
        (lambda: confusion_matrix(range(1001), range(1001)), "at most 1,000 classes"),
        (lambda: confusion_matrix(["a"], ["a"]).recall("b"), "no class 'b'; it has a"),
        (lambda: roc_curve([1, 0], [1.0]), "differ in shape"),
        (lambda: roc_curve([1, 0], [1.0, np.nan]), "not finite"),
        (lambda: roc_curve([1, 2], [1.0, 2.0]), "The truth has .*2"),
        (lambda: pr_curve([1, 1], [1.0, 2.0]), "one class only"),
    ],
)
def test_what_is_refused(call, words):
    with pytest.raises(InvalidValueError, match=words):
        call()


def test_curves_are_scikit_learns():
    x, y, _ = metrics.roc_curve(TRUTH, SCORES, drop_intermediate=False)
    found = roc_curve(TRUTH, SCORES)
    assert found.area == pytest.approx(metrics.roc_auc_score(TRUTH, SCORES), abs=1e-12)
    np.testing.assert_allclose(np.interp(found.x, x, y) >= np.array(found.y) - 1e-12, True)
    assert {*zip(found.x, found.y, strict=True)} <= {*zip(x.tolist(), y.tolist(), strict=True)}
    assert (found.x[0], found.y[0], found.x[-1], found.y[-1]) == (0.0, 0.0, 1.0, 1.0)
    pr = pr_curve(TRUTH.tolist(), SCORES.tolist())
    assert pr.area == pytest.approx(metrics.average_precision_score(TRUTH, SCORES), abs=1e-12)
    assert pr.x[-1] == 1.0
    assert Curve.from_json(pr.to_json()) == pr
    assert "PR curve, area" in repr(pr)


def test_points_on_a_straight_line_go_and_thresholds_stay_with_theirs():
    found = roc_curve([1, 1, 0, 0], [0.9, 0.8, 0.2, 0.1])
    assert found.x == (0.0, 0.0, 1.0)
    assert found.y == (0.0, 1.0, 1.0)
    assert found.thresholds == (None, 0.8, 0.1)
    assert found.area == 1.0


def test_a_long_curve_is_thinned_and_its_area_is_not():
    truth = RNG.integers(0, 2, 20_000)
    scores = truth + RNG.normal(size=20_000)
    found = roc_curve(truth, scores)
    assert len(found.x) == MAX_POINTS
    assert found.area == pytest.approx(metrics.roc_auc_score(truth, scores), abs=1e-12)
