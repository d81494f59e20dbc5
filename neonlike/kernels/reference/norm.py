"""Batch normalisation in plain NumPy; statistics in float64.

Arrays: x, out, err (F, n), features by samples; all others (F, 1). ``xsum`` holds the sum over
the samples before training's forward pass and the mean after it; ``xvar`` the biased variance.

    fprop  y = (x - mean) / sqrt(var + eps) * gamma + beta + accum * y, and then what is
           negative times slope (1: nothing more)
           running value = rho * running value + (1 - rho) * value of the batch
    bprop  inv = 1 / sqrt(xvar + eps),  xhat = (x - mean) inv
           grad_gamma = sum of xhat err,  grad_beta = sum of err
           dx = (err - (xhat grad_gamma + grad_beta) / n) gamma inv

With ``binary`` the products (of the variance, by inv and by gamma) multiply by the nearest power
of two instead. With ``accum == 0`` old content of ``out`` is not read. Source: spec backend 13.
"""

from __future__ import annotations

import math

import numpy as np

from neonlike.kernels._types import Array

_LOG_FLOOR = math.exp(-50)  # below it, the power of two does not follow (spec backend 6.1, safelog)


def fprop_train(
    x: Array,
    xsum: Array,
    xvar: Array,
    gmean: Array,
    gvar: Array,
    gamma: Array,
    beta: Array,
    out: Array,
    eps: float,
    rho: float,
    compute_sum: bool,
    accum: float,
    binary: bool = False,
    slope: float = 1.0,
) -> None:
    """Normalise by the statistics of the batch; update ``xsum``, ``xvar``, ``gmean``, ``gvar``.

    Without ``compute_sum`` the sum in ``xsum`` is taken as given.
    """
    if compute_sum:
        xsum[...] = x.sum(axis=1, keepdims=True, dtype=np.float64)
    xsum[...] /= x.shape[1]
    centered = x - xsum
    xvar[...] = _product(centered, centered, binary).mean(axis=1, keepdims=True, dtype=np.float64)
    for running, value in ((gmean, xsum), (gvar, xvar)):
        running[...] = rho * running + (1 - rho) * value
    _normalise(centered, xvar, gamma, beta, out, eps, accum, binary, slope)


def fprop_inference(
    x: Array,
    gmean: Array,
    gvar: Array,
    gamma: Array,
    beta: Array,
    out: Array,
    eps: float,
    accum: float,
    slope: float = 1.0,
) -> None:
    """Normalise by the running statistics."""
    _normalise(x - gmean, gvar, gamma, beta, out, eps, accum, False, slope)


def bprop(
    err: Array,
    x: Array,
    xsum: Array,
    xvar: Array,
    gamma: Array,
    out: Array,
    grad_gamma: Array,
    grad_beta: Array,
    eps: float,
    binary: bool = False,
) -> None:
    """Gradients in x (to ``out``, which may be ``err``), gamma and beta of ``fprop_train``."""
    inv = 1 / np.sqrt(xvar + eps)
    xhat = _product(x - xsum, inv, binary)
    grad_gamma[...] = (xhat * err).sum(axis=1, keepdims=True, dtype=np.float64)
    grad_beta[...] = err.sum(axis=1, keepdims=True, dtype=np.float64)
    mean_effect = (_product(xhat, grad_gamma, binary) + grad_beta) / x.shape[1]
    out[...] = _product(_product(err - mean_effect, gamma, binary), inv, binary)


def _normalise(
    centered: Array,
    var: Array,
    gamma: Array,
    beta: Array,
    out: Array,
    eps: float,
    accum: float,
    binary: bool,
    slope: float,
) -> None:
    xhat = _product(centered, 1 / np.sqrt(var + eps), binary)
    result = _product(xhat, gamma, binary) + beta
    out[...] = result if accum == 0 else result + accum * out
    if slope != 1:
        np.multiply(out, slope, out=out, where=out < 0)


def _product(a: Array, b: Array, binary: bool) -> Array:
    """``a * b``, or with ``binary`` a times the power of two nearest to b (0 for 0)."""
    if not binary:
        return a * b
    exponents = np.rint(np.log(np.maximum(np.abs(b), _LOG_FLOOR)) / math.log(2))
    return a * np.sign(b) * np.exp2(exponents)
