"""Gradient norms of sweeps: the analytic law for linear states, and the real layers."""

from __future__ import annotations

import numpy as np
import pytest

from neonlike.visualizations._sweep_gradients import state_gradient_norms

STEPS, UNITS, COLUMNS = 12, 5, 3


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
