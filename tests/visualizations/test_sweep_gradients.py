"""Gradient norms of sweeps: the analytic law for linear states, and the real layers."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neonlike.data import ArrayIterator
from neonlike.initializers import GlorotUniform
from neonlike.layers import (
    GRU,
    LSTM,
    Affine,
    DeepBiRNN,
    GeneralizedCost,
    Recurrent,
    RecurrentLast,
    RecurrentMean,
    ReNet,
)
from neonlike.models import Model
from neonlike.transforms import CrossEntropyMulti, Logistic, Softmax, Tanh
from neonlike.visualizations import sweep_gradients
from neonlike.visualizations._sweep_gradients import state_gradient_norms

STEPS, UNITS, COLUMNS = 12, 5, 3
INIT = GlorotUniform()


@pytest.mark.parametrize("rho", [0.5, 1.5])
def test_a_scaled_rotation_fades_or_explodes_exactly(rho: float) -> None:
    rng = np.random.RandomState(0)
    w = rho * np.linalg.qr(rng.normal(size=(UNITS, UNITS)))[0]
    err = np.zeros((STEPS, UNITS, COLUMNS))
    err[-1] = rng.normal(size=(UNITS, COLUMNS))
    delta = err.copy()  # identity activation: the gradient of the sum is that of the state
    for t in reversed(range(STEPS - 1)):
        delta[t] += w.T @ delta[t + 1]
    last = np.linalg.norm(err[-1], axis=0).mean()
    expected = last * rho ** np.arange(STEPS - 1, -1, -1.0)
    np.testing.assert_allclose(state_gradient_norms(w, err, delta), expected, rtol=1e-12)


def test_a_gru_whose_update_gate_is_shut_passes_the_gradient_on() -> None:
    rng = np.random.RandomState(1)
    w = rng.normal(size=(3 * UNITS, UNITS))
    err = np.zeros((STEPS, UNITS, COLUMNS))
    err[-1] = 1.0
    gates = np.zeros((STEPS, 3 * UNITS, COLUMNS))  # z = 0: h_t = h_{t-1}
    norms = state_gradient_norms(w, err, np.zeros_like(gates), gates)
    np.testing.assert_allclose(norms, np.sqrt(UNITS))


def build(name: str) -> tuple[list[Any], set[str]]:
    """Return the layers of a small network and the arrows of its sweeps."""
    gated = {"activation": Tanh(), "gate_activation": Logistic()}
    layers: dict[str, tuple[list[Any], set[str]]] = {
        "rnn": ([Recurrent(4, INIT, activation=Tanh()), RecurrentLast()], {"→"}),
        "lstm": ([LSTM(4, INIT, **gated), RecurrentLast()], {"→"}),
        "gru": ([GRU(4, INIT, **gated), RecurrentMean()], {"→"}),
        "birnn": ([DeepBiRNN(4, INIT, activation=Tanh(), depth=2), RecurrentMean()], {"→", "←"}),
        "renet": ([ReNet(4, INIT, patch=(2, 2))], {"→", "←", "↓", "↑"}),
    }
    return layers[name]


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru", "birnn", "renet"])
def test_the_norms_are_those_the_gates_received(name: str, make_be: Callable[..., Any]) -> None:
    """A gate's gradient is s_t times a known slope, so s_t can be read off every cell."""
    be = make_be(batch_size=3, datatype=np.float64)
    layers, arrows = build(name)
    rng = np.random.RandomState(0)
    data = ArrayIterator(rng.normal(size=(3, 48)), np.arange(3) % 2, nclass=2, lshape=(2, 4, 6))
    model = Model([*layers, Affine(2, INIT, activation=Softmax())])
    model.initialize(data, GeneralizedCost(CrossEntropyMulti()))
    expected: list[Any] = []
    original = type(be).sweep_bprop
    with pytest.MonkeyPatch.context() as patch:

        @functools.wraps(original)
        def bprop(self: Any, sweep: Any, *args: Any, **kwargs: Any) -> None:
            original(self, sweep, *args, **kwargs)
            expected.extend(expected_norms(sweep))

        patch.setattr(type(be), "sweep_bprop", bprop)
        found = sweep_gradients(model, data)
    assert {key.split()[1] for key in found} == arrows
    assert len(found) == len(expected)
    for norms in expected:
        assert any(len(norms) == len(got) and np.allclose(norms, got) for got in found.values())
    assert "sweep_bprop" not in vars(be)
    assert not any("bprop" in vars(layer) for layer in model.layers.layers)


def expected_norms(sweep: Any) -> list[Any]:
    """Read the gradient of h_t off the gate that multiplies it alone."""
    n, count = sweep.W_recur.shape[1], sweep.directions
    delta, gates, h = (
        x.get().reshape(count, -1, x.shape[1]) for x in (sweep.delta, sweep.gates, sweep.h)
    )
    if sweep.cell == "rnn":
        s = delta / (1 - h**2)
    elif sweep.cell == "gru":
        s = delta[:, 2 * n :] / ((1 - gates[:, 2 * n :] ** 2) * gates[:, n : 2 * n])
    else:
        o = gates[:, 2 * n : 3 * n]
        s = delta[:, 2 * n : 3 * n] / (o * (1 - o) * sweep.c_act.get().reshape(count, n, -1))
    outer, steps, inner = sweep.geometry
    norms = np.linalg.norm(s, axis=1).reshape(count, outer, steps, inner).mean(axis=(1, 3))
    return [norms[0], *(norms[1:, ::-1])]
