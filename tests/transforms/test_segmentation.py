"""Cost, weights and metrics of pixel labelling: golden numbers, and some worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from golden_cases import case_info, golden_file

from neonlike.layers import GeneralizedCost
from neonlike.layers.layer import Layer
from neonlike.transforms import (
    CenteredLogistic,
    CrossEntropyMulti,
    MeanIoU,
    PixelAccuracy,
    PixelwiseCrossEntropy,
    PixelwiseSoftmax,
    median_frequency_weights,
)

TOLERANCES = {
    np.float32: {"rtol": 1e-4, "atol": 2e-5},
    np.float64: {"rtol": 1e-9, "atol": 1e-11},
}


def maps(labels: Any, nclass: int) -> np.ndarray:
    """One-hot maps (nclass * pixels, N) of labels (pixels, N)."""
    labels = np.asarray(labels)
    return (np.arange(nclass)[:, None, None] == labels).astype(float).reshape(-1, labels.shape[1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1, 2])
def test_centered_logistic(make_be: Any, scale: int, dtype: Any) -> None:
    group = golden_file("recurrent_zoo")[f"centered_logistic_{scale}"]
    be, f = make_be(batch_size=4, datatype=dtype), CenteredLogistic(scale=scale)
    y = be.empty((4, 4))
    y[:] = f(be.array(group["inputs"][()]))
    np.testing.assert_allclose(y.get(), group["outputs"], **TOLERANCES[dtype])
    slope = be.empty((4, 4))
    slope[:] = f.bprop(be.array(group["outputs"][()]))
    np.testing.assert_allclose(slope.get(), group["derivative"], **TOLERANCES[dtype])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_golden_cost(make_be: Any, dtype: Any) -> None:
    group, info = (
        golden_file("recurrent_zoo")["reseg_pixelwise_xent"],
        case_info("recurrent_zoo", "reseg_pixelwise_xent"),
    )
    be, close = make_be(batch_size=info["batch_size"], datatype=dtype), TOLERANCES[dtype]
    y = be.array(group["inputs"][()])
    y[:] = PixelwiseSoftmax(c=info["nclass"])(y)
    np.testing.assert_allclose(y.get(), group["outputs"], **close)
    t = be.array(group["targets"][()])
    cost = PixelwiseCrossEntropy(group["weights_used"][()], nclass=info["nclass"])
    terminal = Layer()
    terminal.out_shape = y.shape[0]
    layer = GeneralizedCost(costfunc=cost)
    layer.initialize(terminal)
    mean = group["cost_per_image"][()].mean()
    np.testing.assert_allclose(layer.get_cost(y, t), mean, **close)
    np.testing.assert_allclose(layer.outputs.get(), group["cost_per_image"], **close)
    np.testing.assert_allclose(layer.get_errors(y, t).get(), group["deltas_out"], **close)


def test_golden_weights() -> None:
    group = golden_file("recurrent_zoo")["reseg_pixelwise_xent"]
    labels, nclass = group["train_labels"][()], 4
    used = group["weights_used"][()]
    void = int(np.flatnonzero(used == 0)[0])
    np.testing.assert_allclose(
        median_frequency_weights(labels, nclass), group["weights_median_freq"]
    )
    np.testing.assert_allclose(
        median_frequency_weights(labels, nclass, present_only=False), group["weights_global"]
    )
    assert median_frequency_weights(labels, nclass, void)[void] == 0


def test_weights_by_hand() -> None:
    """Class 0 has 6 of 8 pixels, class 1 2 of the 4 pixels where it occurs, class 2 none."""
    labels = np.array([[[0, 0], [0, 0]], [[0, 1], [1, 0]]])
    expected = [0.625 / 0.75, 0.625 / 0.5, 0.0]
    np.testing.assert_allclose(median_frequency_weights(labels, 3), expected)
    np.testing.assert_allclose(median_frequency_weights(labels, 3, void=1), [1.0, 0.0, 0.0])


def test_without_weights_it_is_cross_entropy(make_be: Any) -> None:
    be = make_be(batch_size=4, datatype=np.float64)
    y = be.array(np.random.RandomState(0).uniform(0.1, 0.9, (3, 4)))
    t = be.array(maps([[0, 2, 1, 1]], 3))
    costs = PixelwiseCrossEntropy(nclass=3), CrossEntropyMulti()
    results = []
    for cost in costs:
        value, slope = be.empty((1, 4)), be.empty((3, 4))
        value[:], slope[:] = cost(y, t), cost.bprop(y, t)
        results.append((value.get(), slope.get()))
    for one, two in zip(*results, strict=True):
        np.testing.assert_allclose(one, two)


def test_pixels_without_target_do_not_count(make_be: Any) -> None:
    be = make_be(batch_size=2, datatype=np.float64)
    y = be.array(np.full((4, 2), 0.5))
    t = maps([[0, 1], [1, 0]], 2)
    t[0, 0] = 0  # the first pixel of the first picture
    cost, value, slope = PixelwiseCrossEntropy(nclass=2), be.empty((1, 2)), be.empty((4, 2))
    value[:], slope[:] = cost(y, be.array(t)), cost.bprop(y, be.array(t))
    np.testing.assert_allclose(value.get(), [[np.log(2), 2 * np.log(2)]])
    np.testing.assert_allclose(np.abs(slope.get()), [[0, 0.5], [0.5] * 2, [0, 0.5], [0.5] * 2])


def test_metrics_by_hand(make_be: Any) -> None:
    """Three classes, four pixels, two pictures; class 2 is void."""
    be = make_be(batch_size=2)
    true, predicted = [[0, 1], [0, 1], [1, 2], [2, 0]], [[0, 1], [1, 1], [1, 0], [0, 1]]
    y, t = be.array(maps(predicted, 3)), be.array(maps(true, 3))
    accuracy, iou = PixelAccuracy(3, void=2), MeanIoU(3, void=2)
    for metric in (accuracy, iou):
        metric.start_eval()
        metric(y, t)
    assert accuracy.value() == pytest.approx(4 / 6)
    # class 0: one of three; class 1: three of five
    np.testing.assert_allclose(iou.class_iou(), [1 / 3, 3 / 5, np.nan])
    assert iou.end_eval(None) == pytest.approx((1 / 3 + 3 / 5) / 2)
    assert accuracy(y, t) == pytest.approx(4 / 6)  # counts go on
    accuracy.start_eval()
    assert accuracy(y, t, calcrange=slice(0, 1)) == pytest.approx(2 / 3)
    assert MeanIoU(3).value() == 0.0


def test_wrong_shapes(make_be: Any) -> None:
    be = make_be(batch_size=2)
    four, six = be.array(np.ones((4, 2))), be.array(np.ones((6, 2)))
    with pytest.raises(ValueError, match="PixelwiseCrossEntropy needs nclass"):
        PixelwiseCrossEntropy([1.0, 2.0])
    with pytest.raises(ValueError, match="one weight per class"):
        PixelwiseCrossEntropy([1.0, 2.0], nclass=3)
    for y, t in ((four, six), (four, four)):
        with pytest.raises(ValueError, match="3 classes needs outputs and targets"):
            PixelwiseCrossEntropy(nclass=3)(y, t)
        with pytest.raises(ValueError, match=r"MeanIoU\(3\) needs outputs"):
            MeanIoU(3)(y, t)
