"""Training one sequence at a time: the same as ``fit`` with batch size 1."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neonlike.callbacks import Callbacks
from neonlike.data.sequence_tasks import SequenceIterator, temporal_order
from neonlike.initializers import Constant, Uniform
from neonlike.layers import LSTM97, Affine, GeneralizedCostMask
from neonlike.models import Model, train_online
from neonlike.optimizers import GradientDescentMomentum
from neonlike.transforms import Logistic, SumSquared

INIT = Uniform(-0.1, 0.1)


def network(**options: Any) -> Model:
    bias = options.pop("readout_bias", Constant(0.1))
    lstm = LSTM97(2, INIT, block_size=2, input_gate_bias=options.pop("gates", [-2, -4]), **options)
    return Model([lstm, Affine(4, INIT, bias=bias, activation=Logistic())])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"truncate": False},
        {"bias": "gates"},
        {"bias": "none", "gates": None, "readout_bias": None},
        {"gate_recurrence": False},
    ],
    ids=str,
)
def test_equals_fit_with_batch_size_one(make_be: Any, options: dict[str, Any]) -> None:
    make_be(batch_size=1, default_dtype=np.float64)
    data = temporal_order(6, seed=0)
    models = [network(**options) for _ in range(2)]
    for model in models:
        model.be.rng_reset()
        model.initialize((8, data.x.shape[1]))
    before = weights(models[0])
    cost, rate = GeneralizedCostMask(SumSquared()), GradientDescentMomentum(0.5, 0.0)
    models[0].fit(SequenceIterator(data), cost, rate, 1, Callbacks(models[0], progress_bar=False))
    outputs = train_online(models[1], *data.end_to_end(), data.lengths, 0.5)
    assert (weights(models[0])[0] != before[0]).any()
    for one, other in zip(weights(models[0]), weights(models[1]), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
    ends = np.cumsum(data.lengths) - 1
    assert (outputs[:, ends] > 0).all()
    assert np.count_nonzero(outputs) == 4 * len(data)


def weights(model: Model) -> list[np.ndarray]:
    return [layer.W.get() for layer in model.layers_to_optimize]


def test_what_does_not_fit(make_be: Any) -> None:
    make_be(batch_size=1)
    data = temporal_order(2, seed=0)
    model = network()
    model.initialize((8, 1))
    x, t, mask = data.end_to_end()
    with pytest.raises(ValueError, match=r"mask must have shape \(\d+,\), got \(3,\)"):
        train_online(model, x, t, mask[:3], data.lengths, 0.5)
    other = Model([Affine(4, INIT, activation=Logistic())])
    other.initialize((8, 1))
    with pytest.raises(TypeError, match="needs the layers LSTM97 and Affine, got Linear"):
        train_online(other, x, t, mask, data.lengths, 0.5)
