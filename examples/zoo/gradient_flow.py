#!/usr/bin/env python
"""Row 11: how far back in time do gradients reach?

    python gradient_flow.py
    python gradient_flow.py --quick --out flow.png

Three things that theory says of the error of the last step on its way back: in a linear network
whose recurrent matrix is rho times a rotation its norm is rho to the number of steps, exactly; in
plain tanh units it fades, where an LSTM keeps it; in the cells of 1997 it does not change at all.
"""

import argparse
from pathlib import Path

import numpy as np

from neonlike.backends import gen_backend
from neonlike.initializers import Uniform
from neonlike.layers import LSTM, LSTM97, GeneralizedCost, Recurrent
from neonlike.models import Model
from neonlike.transforms import Identity, Logistic, SumSquared, Tanh
from neonlike.visualizations import grad_flow, plot_grad_flow, spectral_radius, to_png

parser = argparse.ArgumentParser(
    description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
)
parser.add_argument("--steps", type=int, default=101, help="steps of the sequences")
parser.add_argument("--quick", action="store_true", help="61 steps")
parser.add_argument("--out", type=Path, default=Path("gradient_flow.png"), help="picture")
args = parser.parse_args()
steps, units, nin = 61 if args.quick else args.steps, 16, 4
LAG = 50
be = gen_backend("cpu", batch_size=8, rng_seed=0, datatype=np.float64)
rng = np.random.default_rng(0)
x, t = (be.array(rng.normal(size=(n, steps * 8))) for n in (nin, units))


def flow(layer, prepare=lambda layer: None):
    """Return the norms by state, of a network of this layer alone, and the spectral radius."""
    model = Model([layer])
    cost = GeneralizedCost(SumSquared())
    model.initialize((nin, steps), cost)
    model.cost = cost
    prepare(layer)
    norms = {key[-1]: values for key, values in grad_flow(model, x, t).items()}
    radius = spectral_radius(layer) if type(layer) is Recurrent else None
    return norms, radius


def rotation(rho):
    """Return what makes the recurrent matrix of a layer rho times a rotation."""

    def prepare(layer):
        layer.W_recur[:] = rho * np.linalg.qr(rng.normal(size=(units, units)))[0]

    return prepare


def remember(layer):
    """Open the forget gates, as after training on long lags."""
    layer.b[units : 2 * units] = 5.0


init = Uniform(-0.25, 0.25)
gated = {"activation": Tanh(), "gate_activation": Logistic()}
curves, radii = {}, {}
for rho in (0.5, 1.5):
    norms, radius = flow(Recurrent(units, init, activation=Identity()), rotation(rho))
    expected = norms["h"][-1] * rho ** np.arange(steps - 1, -1, -1.0)[:, None]
    deviation = np.abs(norms["h"] / expected - 1).max()
    print(f"linear, rho = {rho}: largest deviation from the law {deviation:.1e}")
    curves[f"linear {rho}"], radii[f"linear {rho}"] = norms["h"], radius

plain, radii["RNN h"] = flow(Recurrent(units, init, activation=Tanh()))
lstm, _ = flow(LSTM(units, init, **gated), remember)
old, _ = flow(LSTM97(units, init, input_gate_bias=-5))
curves |= {"RNN h": plain["h"], "LSTM h": lstm["h"], "LSTM c": lstm["c"], "LSTM97 s": old["c"]}
for name in ("RNN h", "LSTM h", "LSTM c", "LSTM97 s"):
    mean = curves[name].mean(axis=1)
    print(f"{name}: norm {LAG} steps back / at the end = {mean[-1 - LAG] / mean[-1]:.3g}")
change = np.abs(old["c"] - old["c"][-1]).max()
print(f"LSTM97, truncated gradient: largest change of dL/ds over {steps} steps {change:.1g}")

curves = {name: norms / norms[-1] for name, norms in curves.items()}
title = "The error of the last step on its way back, relative to its start"
args.out.write_bytes(to_png(plot_grad_flow(curves, radii, title=title)))
print(f"accepted: law exact (below 1e-9), dL/ds constant; picture in {args.out}")
