"""Metrics against the original's numbers and small ones worked out by hand."""

from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np
import pytest
from golden_cases import build, case_info, case_names, golden_file

from neonlike.transforms import (
    Accuracy,
    BLEUScore,
    ConfusionMatrix,
    LogLoss,
    Misclassification,
    PrecisionRecall,
    Score,
    TopKMisclassification,
    auc,
    roc_curve,
)
from neonlike.transforms.cost import MultiMetric

CASES = [case for case in case_names("training", "metric/") if case != "metric/bleu"]


@pytest.mark.parametrize("case", [c for c in CASES if "objectdetection" not in c])
def test_golden(make_be: Any, case: str) -> None:
    info, gold = case_info("training", case), golden_file("training")[case]
    be = make_be(batch_size=info["batch_size"])
    metric = build({"class": info["class"], "kwargs": info["kwargs"]}, tuples=False)
    assert metric.metric_names == json.loads(gold.attrs["metric_names"])
    y, t = be.array(gold["y"][()]), be.array(gold["t"][()])
    np.testing.assert_allclose(metric(y, t), gold["value"], rtol=1e-5, atol=1e-6)
    if "value_calcrange" in gold:
        part = metric(y, t, calcrange=slice(*info["calcrange"]))
        np.testing.assert_allclose(part, gold["value_calcrange"], rtol=1e-5, atol=1e-6)
    if "per_class" in gold:
        np.testing.assert_allclose(metric.outputs.get(), gold["per_class"], rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(y.get(), gold["y_after"])


@pytest.mark.parametrize("case", [c for c in CASES if "objectdetection" in c])
def test_golden_object_detection(make_be: Any, case: str) -> None:
    info, gold = case_info("training", case), golden_file("training")[case]
    be = make_be(batch_size=info["batch_size"])
    metric = build({"class": info["class"], "kwargs": info["kwargs"]})
    names = ("label_y", "bbox_y", "label_t", "label_mask", "bbox_t", "bbox_mask")
    label_y, bbox_y, label_t, label_mask, bbox_t, bbox_mask = (be.array(gold[n][()]) for n in names)
    labels = (label_t, label_mask) if info["label_mask"] else label_t
    y, t = (label_y, bbox_y), (labels, (bbox_t, bbox_mask))
    np.testing.assert_allclose(metric(y, t), gold["value"], rtol=1e-5, atol=1e-6)
    part = metric(y, t, calcrange=slice(*info["calcrange"]))
    np.testing.assert_allclose(part, gold["value_calcrange"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", case_info("training", "metric/bleu")["results"])
def test_golden_bleu(name: str, caplog: pytest.LogCaptureFixture) -> None:
    info = case_info("training", "metric/bleu")
    result, bleu = info["results"][name], BLEUScore()
    y, t = result.get("y", info["y"]), result.get("t", info["t"])
    np.testing.assert_allclose(bleu(y, t, **result["kwargs"]), result["result"], rtol=1e-6)
    np.testing.assert_allclose(bleu.bleu_n, result["bleu_n"], rtol=1e-6)
    assert caplog.messages[0].startswith(f"Bleu scores: {bleu.bleu_n[0]:.2f} ")


def one_hot(be: Any, classes: list[int], nclass: int) -> Any:
    return be.array(np.eye(nclass)[classes].T)


def test_results_per_column_and_any_number_of_columns(be: Any) -> None:
    metric = Misclassification(steps=2)
    y, t = one_hot(be, [0, 1, 2, 0, 1, 2, 0, 1], 3), one_hot(be, [0, 1, 2, 0, 0, 2, 0, 0], 3)
    assert metric(y, t) == 0.25
    np.testing.assert_array_equal(metric.outputs.get(), [[0, 0, 0, 0, 1, 0, 0, 1]])
    y, t = one_hot(be, [0, 1], 3), one_hot(be, [0, 2], 3)
    for metric in (Misclassification(), Accuracy(), PrecisionRecall(3), LogLoss()):
        assert np.all(np.isfinite(metric(y, t)))
    assert Misclassification()(y, t) == 0.5
    np.testing.assert_allclose(TopKMisclassification(2)(y, t)[1:], [0.5, 0.25])


def test_multi_metric_takes_its_branch_of_outputs_and_targets(be: Any) -> None:
    right, wrong = one_hot(be, [0, 1, 2, 0], 3), one_hot(be, [1, 2, 0, 1], 3)
    metric = MultiMetric(Misclassification(), 1)
    assert metric([wrong, right], [wrong, right]) == 0
    assert metric([wrong, right], [right, wrong]) == 1
    assert metric([wrong, right], wrong, calcrange=slice(0, 2)) == 1
    assert metric.metric_names == ["Top1Misclass"]
    assert not hasattr(metric, "no_such_thing")


def test_confusion_matrix_counts_until_an_evaluation_starts(be: Any) -> None:
    metric = ConfusionMatrix(3)
    y, t = one_hot(be, [0, 1, 1, 2], 3), one_hot(be, [0, 0, 1, 1], 3)
    metric(y, t)
    metric(y, t, calcrange=slice(0, 2))
    np.testing.assert_array_equal(metric.matrix, [[2, 2, 0], [0, 1, 1], [0, 0, 0]])
    np.testing.assert_array_equal(metric.end_eval(None), [0.5, 0.5, np.nan])
    metric.start_eval()
    assert metric.matrix.sum() == 0
    with pytest.raises(ValueError, match="3 rows"):
        metric(be.ones((2, 4)), t)


def test_auc_is_the_chance_to_rank_a_positive_higher() -> None:
    rng = np.random.RandomState(0)
    scores, labels = rng.randint(0, 6, 60), rng.randint(0, 2, 60)
    pos, neg = scores[labels == 1][:, None], scores[labels == 0]
    expected = np.mean((pos > neg) + 0.5 * (pos == neg))
    assert auc(scores, labels) == pytest.approx(expected)
    fpr, tpr, thresholds = roc_curve(scores, labels)
    assert np.trapezoid(tpr, fpr) == pytest.approx(expected)
    assert (fpr[0], tpr[0], fpr[-1], tpr[-1]) == (0, 0, 1, 1)
    for f, t, threshold in zip(fpr, tpr, thresholds, strict=True):
        assert f == np.mean(neg >= threshold)
        assert t == np.mean(pos >= threshold)


def test_auc_of_separated_and_equal_scores() -> None:
    assert auc([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1]) == 1.0
    assert auc([0.9, 0.8, 0.2, 0.1], [0, 0, 1, 1]) == 0.0
    assert auc(np.ones(5), [0, 1, 0, 1, 1]) == 0.5


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        ([1, 2], [0, 1, 1], "2 scores but 3 labels"),
        ([1, 2], [1, 1], "both classes"),
        ([1, 2], [1, 2], "0 or 1"),
        ([1, float("nan")], [0, 1], "nan"),
    ],
)
def test_ranking_errors(scores: list[float], labels: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        auc(scores, labels)


def test_score_is_array_and_number() -> None:
    score = Score.of(np.array([0.125], dtype=np.float32))
    assert "%.1f" % (score * 100) == "12.5"
    assert f"{score:.3f} {score[0]} {float(score)}" == "0.125 0.125 0.125"
    assert score.shape == (1,)
    assert int(score * 80) == 10
    assert float(score.mean()) == 0.125
    assert f"{Score.of([1.0, 2.0])}" == "[1. 2.]"
    with pytest.raises(ValueError, match="size 1"):
        float(Score.of([1.0, 2.0]))
    assert isinstance(score.sum(), np.float32)
    assert type(score * np.ones((2, 3))) is np.ndarray
    assert type(pickle.loads(pickle.dumps(score))) is np.ndarray
