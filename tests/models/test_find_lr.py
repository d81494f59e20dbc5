"""The learning-rate finder finds a rate that works, and leaves no trace."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from training_runs import SeqIterator

from neonlike.callbacks import Callbacks
from neonlike.data import ArrayIterator
from neonlike.initializers import GlorotUniform
from neonlike.layers import LSTM, Affine, BatchNorm, Dropout, GeneralizedCost
from neonlike.models import Model, find_learning_rate
from neonlike.optimizers import (
    Adadelta,
    Adam,
    GradientDescentMomentum,
    MultiOptimizer,
    StepSchedule,
)
from neonlike.transforms import CrossEntropyMulti, Logistic, Rectlin, Softmax, Tanh

INIT = GlorotUniform()


def data(n: int = 42) -> ArrayIterator:
    rng = np.random.RandomState(0)
    y = rng.randint(0, 3, n)
    x = np.eye(3)[y].repeat(2, axis=1) + 0.3 * rng.standard_normal((n, 6))
    return ArrayIterator(x, y, nclass=3)


def mlp() -> list[Any]:
    return [
        Affine(8, INIT, batch_norm=True, activation=Rectlin()),
        Dropout(keep=0.9),
        Affine(3, INIT, activation=Softmax()),
    ]


def lstm() -> list[Any]:
    return [
        LSTM(4, INIT, activation=Tanh(), gate_activation=Logistic()),
        BatchNorm(),
        Affine(3, INIT, activation=Softmax()),
    ]


def sequences() -> SeqIterator:
    tokens = np.random.RandomState(0).randint(0, 3, (6, 4, 5))
    return SeqIterator(tokens, tokens[:, :, ::-1], 3)


def cost() -> GeneralizedCost:
    return GeneralizedCost(CrossEntropyMulti())


def weights(model: Model) -> np.ndarray:
    parts = [p.get() for layer in model.layers_to_optimize for p in _params(layer)]
    return np.concatenate([part.ravel() for part in parts])


def _params(layer: Any) -> list[Any]:
    found = layer.get_params()
    return [pair[0] for pair, _ in (found if isinstance(found, list) else [found])]


def test_finds_a_rate_between_too_low_and_too_high(be: Any) -> None:
    model = Model(mlp())
    found = find_learning_rate(model, data(), cost(), GradientDescentMomentum(1.0, 0.9))
    assert len(found.lrs) == len(found.costs) >= 20
    assert 1e-3 < found.suggestion < 2
    assert found.costs.min() < found.costs[0]
    assert np.all(np.diff(found.lrs) > 0)


@pytest.mark.parametrize("trained", [False, True])
@pytest.mark.parametrize(("network", "make"), [(mlp, data), (lstm, sequences)])
def test_leaves_no_trace(be: Any, network: Any, make: Any, trained: bool) -> None:
    def run(look: bool) -> np.ndarray:
        be.rng_reset()
        model, train = Model(network()), make()
        optimizer = Adam(learning_rate=0.01)
        if trained:
            model.fit(train, cost(), optimizer, 1, Callbacks(model, progress_bar=False))
        if look:
            found = find_learning_rate(model, train, cost(), optimizer, steps=30)
            assert found.lrs[-1] > 1e-6
            assert optimizer.learning_rate == 0.01
        model.fit(train, cost(), optimizer, 3, Callbacks(model, progress_bar=False))
        return weights(model)

    np.testing.assert_array_equal(run(look=True), run(look=False))


def test_schedules_do_not_interfere(be: Any) -> None:
    schedule = StepSchedule([0], [0.5])
    optimizer = GradientDescentMomentum(0.1, 0.9, schedule=schedule)
    found = find_learning_rate(Model(mlp()), data(), cost(), optimizer, steps=20)
    assert len(set(found.costs)) > 5
    assert optimizer.schedule is schedule
    assert schedule.steps == 0


def test_refusals(be: Any) -> None:
    model = Model(mlp())
    for optimizer in (Adadelta(), MultiOptimizer({"default": Adam()})):
        with pytest.raises(ValueError, match="has no learning rate"):
            find_learning_rate(model, data(), cost(), optimizer)
    with pytest.raises(ValueError, match="0 < lowest < highest"):
        find_learning_rate(model, data(), cost(), Adam(), lowest=1, highest=0.1)
    x = np.full((8, 6), np.nan)
    bad = ArrayIterator(x, np.zeros(8), nclass=3)
    with pytest.raises(ValueError, match="not finite from the start"):
        find_learning_rate(Model(mlp()), bad, cost(), Adam())
