"""Batch normalisation in one pass for the statistics and one to normalise; contract in reference.

Features are shared out to the threads; where they are few, the samples of each are, too. A feature
is normalised by the thread that read it for the statistics, while it is still in the cache.
"""

from __future__ import annotations

import numba
import numpy as np

from neonlike.kernels._types import Array
from neonlike.kernels.numba._jit import jit, pjit, prange
from neonlike.kernels.numba._norm_sums import dots, merge, moments, share
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
) -> None:
    """Normalise by the statistics of the batch; update ``xsum``, ``xvar``, ``gmean``, ``gvar``.

    Without ``compute_sum`` the sum in ``xsum`` is taken as given.
    """
    arrays = (x, xsum, xvar, gmean, gvar, gamma, beta, out)
    numbers = (float(eps), float(rho), bool(compute_sum), float(accum))
    threads = _threads(x)
    if binary:
        reference.fprop_train(*arrays, *numbers, binary)
    elif threads == 1:
        _train(*arrays, *numbers, 0, len(x))
    elif _few_features(x, threads):
        _train_columns(*arrays, *numbers, threads)
    else:
        _train_features(*arrays, *numbers, threads)


def fprop_inference(
    x: Array,
    gmean: Array,
    gvar: Array,
    gamma: Array,
    beta: Array,
    out: Array,
    eps: float,
    accum: float,
) -> None:
    """Normalise by the running statistics."""
    arguments = (x, gmean, gvar, gamma, beta, out, float(eps), float(accum))
    threads = _threads(x)
    if threads == 1:
        _infer(*arguments, 0, 1)
    else:
        _infer_split(*arguments, threads)


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
    threads = _threads(x)
    if binary:
        reference.bprop(*arrays, eps, binary)
    elif threads == 1:
        _back(*arrays, float(eps), 0, len(x))
    elif _few_features(x, threads):
        _back_columns(*arrays, float(eps), threads)
    else:
        _back_features(*arrays, float(eps), threads)


def _threads(x: Array) -> int:
    return numba.get_num_threads() if x.size >= _PARALLEL_WORK else 1


def _few_features(x: Array, threads: int) -> bool:
    """Whether whole features are too coarse a grain for the threads."""
    return len(x) < 4 * threads and len(x) % threads != 0


@pjit
def _train_features(
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
    parts: int,
) -> None:
    for part in prange(parts):
        first, last = share(part, parts, x.shape[0])
        _train(
            x, xsum, xvar, gmean, gvar, gamma, beta, out, eps, rho, compute_sum, accum, first, last
        )


@jit
def _train(
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
    first: int,
    last: int,
) -> None:
    """Features ``first`` to ``last``."""
    for f in range(first, last):
        mean, squares = moments(x[f])
        _settle(f, mean, squares, x.shape[1], xsum, xvar, gmean, gvar, rho, compute_sum)
        _normalise(x[f], xsum[f, 0], xvar[f, 0], gamma[f, 0], beta[f, 0], out[f], eps, accum)


@pjit
def _train_columns(
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
    parts: int,
) -> None:
    """All features, the samples of each split into ``parts``."""
    features, n = x.shape
    partial = np.empty((features, parts, 2))
    for task in prange(features * parts):
        f, part = task // parts, task % parts
        first, last = share(part, parts, n)
        partial[f, part, 0], partial[f, part, 1] = moments(x[f, first:last])
    for f in range(features):
        mean, squares = merge(partial[f], n)
        _settle(f, mean, squares, n, xsum, xvar, gmean, gvar, rho, compute_sum)
    for part in prange(parts):
        _infer(x, xsum, xvar, gamma, beta, out, eps, accum, part, parts)


@jit
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


@pjit
def _infer_split(
    x: Array,
    mean: Array,
    var: Array,
    gamma: Array,
    beta: Array,
    out: Array,
    eps: float,
    accum: float,
    parts: int,
) -> None:
    for part in prange(parts):
        _infer(x, mean, var, gamma, beta, out, eps, accum, part, parts)


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
    part: int,
    parts: int,
) -> None:
    """Normalise one of ``parts`` shares of the samples of all features."""
    first, last = share(part, parts, x.shape[1])
    for f in range(x.shape[0]):
        row, target = x[f, first:last], out[f, first:last]
        _normalise(row, mean[f, 0], var[f, 0], gamma[f, 0], beta[f, 0], target, eps, accum)


@jit
def _normalise(
    x: Array,
    mean: float,
    var: float,
    gamma: float,
    beta: float,
    out: Array,
    eps: float,
    accum: float,
) -> None:
    real = x.dtype.type
    center, scale, offset, keep = (
        real(mean), real(gamma / np.sqrt(var + eps)), real(beta), real(accum)
    )  # fmt: skip
    if keep == 0:
        for i in range(x.size):
            out[i] = (x[i] - center) * scale + offset
    else:
        for i in range(x.size):
            out[i] = (x[i] - center) * scale + offset + keep * out[i]


@pjit
def _back_features(
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
    for part in prange(parts):
        first, last = share(part, parts, x.shape[0])
        _back(err, x, mean, var, gamma, out, grad_gamma, grad_beta, eps, first, last)


@jit
def _back(
    err: Array,
    x: Array,
    mean: Array,
    var: Array,
    gamma: Array,
    out: Array,
    grad_gamma: Array,
    grad_beta: Array,
    eps: float,
    first: int,
    last: int,
) -> None:
    """Features ``first`` to ``last``."""
    for f in range(first, last):
        inv = 1 / np.sqrt(var[f, 0] + eps)
        total, product = dots(err[f], x[f], mean[f, 0])
        grad_beta[f, 0], grad_gamma[f, 0] = total, product * inv
        _spread(err[f], x[f], mean[f, 0], inv, gamma[f, 0], total, product, x.shape[1], out[f])


@pjit
def _back_columns(
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
    """All features, the samples of each split into ``parts``."""
    features, n = x.shape
    sums = np.empty((features, parts, 2))
    for task in prange(features * parts):
        f, part = task // parts, task % parts
        first, last = share(part, parts, n)
        sums[f, part, 0], sums[f, part, 1] = dots(err[f, first:last], x[f, first:last], mean[f, 0])
    for task in prange(features * parts):
        f, part = task // parts, task % parts
        first, last = share(part, parts, n)
        inv = 1 / np.sqrt(var[f, 0] + eps)
        total, product = sums[f, :, 0].sum(), sums[f, :, 1].sum()
        if part == 0:
            grad_beta[f, 0], grad_gamma[f, 0] = total, product * inv
        _spread(
            err[f, first:last], x[f, first:last], mean[f, 0], inv, gamma[f, 0], total, product, n,
            out[f, first:last],
        )  # fmt: skip


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
