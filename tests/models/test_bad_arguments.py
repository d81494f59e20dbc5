"""What ``fit`` and ``eval`` refuse: wrong objects, and data sets that deliver what does not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from neonlike.callbacks import Callbacks
from neonlike.data import ArrayIterator
from neonlike.initializers import Gaussian
from neonlike.layers import Affine, GeneralizedCost
from neonlike.models import Model
from neonlike.optimizers import Adam
from neonlike.transforms import (
    Accuracy,
    CrossEntropyMulti,
    LogLoss,
    Misclassification,
    Softmax,
    TopKMisclassification,
)


class Source:
    """Delivers one batch, or none."""

    shape, ndata, nbatches = 5, 4, 1

    def __init__(self, *batches: Any) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[Any]:
        return iter(self.batches)


def network() -> Model:
    return Model([Affine(3, Gaussian(scale=0.1), activation=Softmax())])


def fit(dataset: Any, **arguments: Any) -> None:
    model = network()
    defaults = {
        "cost": GeneralizedCost(CrossEntropyMulti()),
        "optimizer": Adam(),
        "callbacks": Callbacks(model, progress_bar=False),
    }
    model.fit(dataset, num_epochs=1, **(defaults | arguments))


def batch(be: Any) -> tuple[Any, Any]:
    return be.ones((5, 4)), be.array(np.eye(3, 4))


@pytest.fixture
def be(make_be: Any) -> Any:
    return make_be(batch_size=4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cost": CrossEntropyMulti()}, "wrap a cost function as GeneralizedCost"),
        ({"optimizer": Adam}, "optimizer must be an object such as Adam.*got the class Adam"),
        ({"optimizer": None}, "optimizer must be an object such as Adam.*got None"),
        ({"callbacks": None}, "callbacks must be an object such as Callbacks.model.*got None"),
    ],
)
def test_wrong_objects(be: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        fit(Source(batch(be)), **arguments)


@pytest.mark.parametrize(
    ("deliver", "error", "message"),
    [
        (lambda x, t: x, TypeError, r"must yield pairs \(inputs, targets\), got a CPUTensor"),
        (lambda x, t: (x, t, t), TypeError, "got a tuple of 3; several"),
        (lambda x, t: (x, None), ValueError, "delivers no targets"),
    ],
)
def test_wrong_minibatches(
    be: Any, deliver: Callable[..., Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        fit(Source(deliver(*batch(be))))


def test_no_data_iterator(be: Any) -> None:
    with pytest.raises(ValueError, match="delivers no minibatches"):
        fit(Source())
    with pytest.raises(TypeError, match="an object of list, which lacks nbatches, ndata"):
        fit([batch(be)])
    with pytest.raises(TypeError, match="Model needs layers.*got 3"):
        Model(3)


@pytest.mark.parametrize(
    "metric", [Accuracy, LogLoss, Misclassification, lambda: TopKMisclassification(2)]
)
def test_metric_of_other_classes(be: Any, metric: Callable[[], Any]) -> None:
    labels = ArrayIterator(np.ones((8, 5)), np.arange(8) % 4, nclass=4)
    with pytest.raises(ValueError, match=r"outputs of shape \(3, 4\) do not fit .*\(4, 4\)"):
        network().eval(labels, metric())
