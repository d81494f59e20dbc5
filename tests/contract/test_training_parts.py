"""Every cost, metric, activation, initializer and schedule passes the same checks.

Described and rebuilt it is the same object and computes the same; twice asked,
it answers the same; deep-copied and pickled it still works.
"""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import numpy as np
import pytest

from neonlike import initializers
from neonlike.optimizers import (
    ExpSchedule,
    PolySchedule,
    PowerSchedule,
    Schedule,
    ShiftSchedule,
    StepSchedule,
    optimizer,
)
from neonlike.transforms import activation as activations
from neonlike.transforms import cost as costs
from neonlike.util.persist import load_class

COSTS = [
    lambda: costs.CrossEntropyBinary(scale=2),
    lambda: costs.CrossEntropyMulti(usebits=True),
    costs.SumSquared,
    costs.MeanSquared,
    lambda: costs.SmoothL1Loss(sigma=2.0),
    lambda: costs.SquareHingeLoss(margin=2),
    lambda: costs.PixelwiseCrossEntropy([1.0, 2.0, 0.5], nclass=3),
]
METRICS = [
    costs.LogLoss,
    lambda: costs.Misclassification(steps=1),
    costs.Accuracy,
    lambda: costs.TopKMisclassification(2),
    lambda: costs.PrecisionRecall(3, binarize=True),
    lambda: costs.ConfusionMatrix(3),
    lambda: costs.PixelAccuracy(3),
    lambda: costs.MeanIoU(3, void=0),
    lambda: costs.MultiMetric(costs.Accuracy(), 0),
]
ACTIVATIONS = [
    activations.Identity,
    lambda: activations.Normalizer(divisor=3.0),
    activations.Sign,
    lambda: activations.Rectlin(slope=0.1),
    lambda: activations.Rectlinclip(xcut=0.5),
    lambda: activations.Explin(alpha=0.5),
    activations.Tanh,
    lambda: activations.Logistic(shortcut=True),
    lambda: activations.CenteredLogistic(scale=2.0),
    activations.Softmax,
    lambda: activations.PixelwiseSoftmax(c=3),
]
SCHEDULES = [
    lambda: Schedule([1, 2], 0.5),
    lambda: StepSchedule([1, 2], [0.2, 0.1]),
    lambda: PowerSchedule(2, 0.5),
    lambda: ExpSchedule(0.1),
    lambda: PolySchedule(3, 2.0),
    lambda: ShiftSchedule(2),
]


def twins(make: Any) -> tuple[Any, Any]:
    """An object, and the one built from its description."""
    first = make()
    description = first.get_description()
    cls = load_class(description["type"])
    assert cls is type(first)
    second = cls.gen_class(description["config"])
    assert second.get_description() == description
    return first, second


def batch(be: Any) -> tuple[Any, Any]:
    rng = np.random.RandomState(1)
    y = rng.uniform(0.1, 0.9, (3, 4))
    return be.array(y / y.sum(axis=0)), be.array(np.eye(3)[[0, 2, 1, 1]].T)


@pytest.mark.parametrize("make", COSTS)
def test_costs(be: Any, make: Any) -> None:
    y, t = batch(be)
    results = []
    for cost in (*twins(make), make(), copy.deepcopy(make()), pickle.loads(pickle.dumps(make()))):
        value, error = be.empty((1, 4)), be.empty((3, 4))
        value[:] = cost(y, t)
        error[:] = cost.bprop(y, t)
        results.append((value.get(), error.get()))
    for value, error in results[1:]:
        np.testing.assert_array_equal(value, results[0][0])
        np.testing.assert_array_equal(error, results[0][1])


@pytest.mark.parametrize("make", METRICS)
def test_metrics(be: Any, make: Any) -> None:
    results = []
    for metric in (*twins(make), make()):
        y, t = batch(be)
        for _ in range(2):
            metric.start_eval()
            inputs = ([y], [t]) if isinstance(metric, costs.MultiMetric) else (y, t)
            value = metric(*inputs, calcrange=slice(0, 4))
            assert np.shape(value) in ((), (len(metric.metric_names),))
            results.append(value)
    for value in results[1:]:
        np.testing.assert_array_equal(value, results[0])


@pytest.mark.parametrize("make", ACTIVATIONS)
def test_activations(be: Any, make: Any) -> None:
    results = []
    for f in (*twins(make), make(), pickle.loads(pickle.dumps(make()))):
        x = be.array(np.random.RandomState(2).standard_normal((6, 4)))
        x[:] = f(x)
        slope = be.empty((6, 4))
        slope[:] = f.bprop(x)
        results.append((x.get(), slope.get()))
    for y, slope in results[1:]:
        np.testing.assert_array_equal(y, results[0][0])
        np.testing.assert_array_equal(slope, results[0][1])


@pytest.mark.parametrize("name", initializers.__all__)
def test_initializers(be: Any, name: str) -> None:
    cls = getattr(initializers, name)
    results = []
    for initializer in (*twins(cls), cls()):
        be.rng_reset()
        np.random.seed(4)
        param = be.empty((4, 6))
        initializer.fill(param)
        results.append(param.get())
    for values in results[1:]:
        np.testing.assert_array_equal(values, results[0])


@pytest.mark.parametrize("make", SCHEDULES)
def test_schedules(make: Any) -> None:
    rates = [[s.get_learning_rate(1.0, epoch) for epoch in range(5)] for s in twins(make)]
    assert rates[0] == rates[1]


def test_every_activation_is_in_the_list(be: Any) -> None:
    made = {type(make()) for make in ACTIVATIONS}
    public = {getattr(activations, name) for name in activations.__all__}
    assert public - made == {activations.Transform}


def test_every_cost_and_metric_is_in_the_lists(be: Any) -> None:
    made = {type(make()) for make in COSTS + METRICS}
    public = {getattr(costs, name) for name in costs.__all__}
    exempt = {
        costs.Cost: "a base",
        costs.Metric: "a base",
        costs.GANCost: "two outputs instead of targets; test_costs.py",
        costs.BLEUScore: "sentences instead of tensors; tests/transforms/test_metrics.py",
        costs.ObjectDetection: "boxes of a picture; tests/transforms/test_metrics.py",
    }
    assert public - made == set(exempt)


def test_every_schedule_is_in_the_list() -> None:
    made = {type(make()) for make in SCHEDULES}
    public = {getattr(optimizer, name) for name in optimizer.__all__}
    assert {c for c in public if inspect.isclass(c) and issubclass(c, Schedule)} == made
