"""Batch normalisation in one pass for the statistics and one to normalise; contract in reference.

Features are shared out to the threads; where they are few, the samples of each are, too. A feature
is normalised by the thread that read it for the statistics, while it is still in the cache.
"""

from __future__ import annotations

import numpy as np

from neonlike.kernels._launch import launch
from neonlike.kernels._types import Array
from neonlike.kernels.numba._jit import inline, inner, jit, owner
from neonlike.kernels.numba._norm_sums import dots, merge, moments
from neonlike.kernels.numba._share import share
from neonlike.kernels.numba._span import span
from neonlike.kernels.numba._threads import get_num_threads
from neonlike.kernels.reference import norm as reference

_PARALLEL_WORK = 1 << 17  # elements: below, about 50 µs, threads cost more than they gain


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
    arrays = (x, xsum, xvar, gmean, gvar, gamma, beta, out)
    numbers = (float(eps), float(rho), bool(compute_sum), float(accum))
    parts, slope = _parts(x), float(slope)
    if binary:
        launch(reference.fprop_train, *arrays, *numbers, binary, slope)
    elif _few_features(x, parts):
        launch(_train_by_samples, *arrays, *numbers, slope, parts)
    else:
        launch(_train_by_features, *arrays, *numbers, slope, parts)


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
    numbers = (float(eps), float(accum), float(slope))
    launch(_infer, x, gmean, gvar, gamma, beta, out, *numbers, _parts(x))


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
    arrays = (err, x, xsum, xvar, gamma, out, grad_gamma, grad_beta)
    parts = _parts(x)
    if binary:
        launch(reference.bprop, *arrays, eps, binary)
    elif _few_features(x, parts):
        launch(_back_by_samples, *arrays, float(eps), parts)
    else:
        launch(_back_by_features, *arrays, float(eps), parts)


def _parts(x: Array) -> int:
    return get_num_threads() if x.size >= _PARALLEL_WORK else 1


def _few_features(x: Array, parts: int) -> bool:
    """Whether whole features are too coarse a grain for the threads."""
    return len(x) < 4 * parts and len(x) % parts != 0


@jit
def _train_by_features(
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
    slope: float,
    parts: int,
) -> None:
    numbers = (eps, rho, compute_sum, accum, slope)
    share(_train_part, parts, (x, xsum, xvar, gmean, gvar, gamma, beta, out, numbers, parts))


@inner
def _train_part(
    part: int,
    x: Array,
    xsum: Array,
    xvar: Array,
    gmean: Array,
    gvar: Array,
    gamma: Array,
    beta: Array,
    out: Array,
    numbers: tuple[float, float, bool, float, float],
    parts: int,
) -> None:
    """A part of the features."""
    eps, rho, compute_sum, accum, slope = numbers
    first, last = span(part, parts, x.shape[0], 1)
    for f in range(first, last):
        mean, squares = moments(x[f])
        _settle(f, mean, squares, x.shape[1], xsum, xvar, gmean, gvar, rho, compute_sum)
        columns = (xsum[f, 0], xvar[f, 0], gamma[f, 0], beta[f, 0])
        _normalise(x[f], columns, out[f], eps, accum, slope)


@owner
def _train_by_samples(
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
    slope: float,
    parts: int,
) -> None:
    features, n = x.shape
    partial = np.empty((features, parts, 2))
    share(_moments_part, parts, (x, partial, parts))
    for f in range(features):
        mean, squares = merge(partial[f], n)
        _settle(f, mean, squares, n, xsum, xvar, gmean, gvar, rho, compute_sum)
    share(_infer_part, parts, (x, xsum, xvar, gamma, beta, out, eps, accum, slope, parts))


@inner
def _moments_part(part: int, x: Array, partial: Array, parts: int) -> None:
    """The statistics of a part of the samples of all features."""
    first, last = span(part, parts, x.shape[1], 1)
    for f in range(x.shape[0]):
        partial[f, part, 0], partial[f, part, 1] = moments(x[f, first:last])


@inline
def _settle(
    f: int,
    mean: float,
    squares: float,
    n: int,
    xsum: Array,
    xvar: Array,
    gmean: Array,
    gvar: Array,
    rho: float,
    compute_sum: bool,
) -> None:
    """Store the statistics of feature ``f``, and let the running ones follow."""
    if not compute_sum:
        given = xsum[f, 0] / n
        squares += (given - mean) ** 2 * n
        mean = given
    xsum[f, 0], xvar[f, 0] = mean, squares / n
    gmean[f, 0] = rho * gmean[f, 0] + (1 - rho) * mean
    gvar[f, 0] = rho * gvar[f, 0] + (1 - rho) * squares / n


@jit
def _infer(
    x: Array,
    mean: Array,
    var: Array,
    gamma: Array,
    beta: Array,
    out: Array,
    eps: float,
    accum: float,
    slope: float,
    parts: int,
) -> None:
    share(_infer_part, parts, (x, mean, var, gamma, beta, out, eps, accum, slope, parts))


@inner
def _infer_part(
    part: int,
    x: Array,
    mean: Array,
    var: Array,
    gamma: Array,
    beta: Array,
    out: Array,
    eps: float,
    accum: float,
    slope: float,
    parts: int,
) -> None:
    """Normalise a part of the samples of all features."""
    first, last = span(part, parts, x.shape[1], 1)
    for f in range(x.shape[0]):
        columns = (mean[f, 0], var[f, 0], gamma[f, 0], beta[f, 0])
        _normalise(x[f, first:last], columns, out[f, first:last], eps, accum, slope)


@jit
def _normalise(
    x: Array,
    columns: tuple[float, float, float, float],
    out: Array,
    eps: float,
    accum: float,
    slope: float,
) -> None:
    """Normalise by mean, variance, gamma and beta; then multiply what is negative by ``slope``."""
    mean, var, gamma, beta = columns
    real = x.dtype.type
    center, scale, offset, keep = (
        real(mean), real(gamma / np.sqrt(var + eps)), real(beta), real(accum)
    )  # fmt: skip
    zero, one, below = real(0), real(1), real(slope)
    if keep != 0:
        for i in range(x.size):
            value = (x[i] - center) * scale + offset + keep * out[i]
            out[i] = value * (below if value < zero else one)
    elif slope != 1:
        for i in range(x.size):
            value = (x[i] - center) * scale + offset
            out[i] = value * (below if value < zero else one)
    else:
        for i in range(x.size):
            out[i] = (x[i] - center) * scale + offset


@jit
def _back_by_features(
    err: Array,
    x: Array,
    mean: Array,
    var: Array,
    gamma: Array,
    out: Array,
    grad_gamma: Array,
    grad_beta: Array,
    eps: float,
    parts: int,
) -> None:
    share(_back_part, parts, (err, x, mean, var, gamma, out, grad_gamma, grad_beta, eps, parts))


@inner
def _back_part(
    part: int,
    err: Array,
    x: Array,
    mean: Array,
    var: Array,
    gamma: Array,
    out: Array,
    grad_gamma: Array,
    grad_beta: Array,
    eps: float,
    parts: int,
) -> None:
    """A part of the features."""
    first, last = span(part, parts, x.shape[0], 1)
    for f in range(first, last):
        inv = 1 / np.sqrt(var[f, 0] + eps)
        total, product = dots(err[f], x[f], mean[f, 0])
        grad_beta[f, 0], grad_gamma[f, 0] = total, product * inv
        _spread(err[f], x[f], mean[f, 0], inv, gamma[f, 0], total, product, x.shape[1], out[f])


@owner
def _back_by_samples(
    err: Array,
    x: Array,
    mean: Array,
    var: Array,
    gamma: Array,
    out: Array,
    grad_gamma: Array,
    grad_beta: Array,
    eps: float,
    parts: int,
) -> None:
    features = x.shape[0]
    partial, sums = np.empty((features, parts, 2)), np.zeros((features, 2))
    share(_dots_part, parts, (err, x, mean, partial, parts))
    for f in range(features):
        for part in range(parts):
            sums[f, 0] += partial[f, part, 0]
            sums[f, 1] += partial[f, part, 1]
        grad_beta[f, 0] = sums[f, 0]
        grad_gamma[f, 0] = sums[f, 1] / np.sqrt(var[f, 0] + eps)
    share(_spread_part, parts, (err, x, mean, var, gamma, sums, out, eps, parts))


@inner
def _dots_part(part: int, err: Array, x: Array, mean: Array, partial: Array, parts: int) -> None:
    """The sums over a part of the samples of all features."""
    first, last = span(part, parts, x.shape[1], 1)
    for f in range(x.shape[0]):
        total, product = dots(err[f, first:last], x[f, first:last], mean[f, 0])
        partial[f, part, 0], partial[f, part, 1] = total, product


@inner
def _spread_part(
    part: int,
    err: Array,
    x: Array,
    mean: Array,
    var: Array,
    gamma: Array,
    sums: Array,
    out: Array,
    eps: float,
    parts: int,
) -> None:
    """The deltas of a part of the samples of all features."""
    n = x.shape[1]
    first, last = span(part, parts, n, 1)
    for f in range(x.shape[0]):
        row, error, target = x[f, first:last], err[f, first:last], out[f, first:last]
        inv = 1 / np.sqrt(var[f, 0] + eps)
        _spread(error, row, mean[f, 0], inv, gamma[f, 0], sums[f, 0], sums[f, 1], n, target)


@jit
def _spread(
    err: Array,
    x: Array,
    mean: float,
    inv: float,
    gamma: float,
    total: float,
    product: float,
    n: int,
    out: Array,
) -> None:
    """``out = gamma inv (err - total / n - (x - mean) inv^2 product / n)``."""
    real = x.dtype.type
    scale, slope = real(gamma * inv), real(gamma * inv**3 * product / n)
    center, offset = real(mean), real(gamma * inv * total / n)
    if err.ctypes.data == out.ctypes.data:  # the compiler needs to see that there is one array
        for i in range(x.size):
            out[i] = scale * out[i] - slope * (x[i] - center) - offset
    else:
        for i in range(x.size):
            out[i] = scale * err[i] - slope * (x[i] - center) - offset
