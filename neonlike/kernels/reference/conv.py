"""Convolution in plain NumPy: one matrix product per filter tap.

    fprop   y[k,m,p,q,n] = sum_{c,t,r,s} w[c,t,r,s,k] x[c, m sd - pd + t dd, p sh - ph + r dh,
                                                          q sw - pw + s dw, n]
    bprop   dx = the adjoint of fprop in x, applied to err
    update  dw[c,t,r,s,k] = sum_{m,p,q,n} x[c, ..., n] err[k,m,p,q,n]

with zero padding; ``pad``, ``stride``, ``dil`` are (d, h, w) tuples. Arrays: x (C,D,H,W,N),
w (C,T,R,S,K), y and err (K,M,P,Q,N). Every result is ``out = alpha * result + beta * out``, and
with ``beta == 0`` old content of ``out`` is not read. Fprop then adds ``bias[k]`` and multiplies
what is negative by ``slope`` (1: not at all); it is asked to for ``beta == 0`` only. Sums are exact
but for rounding, whether ``exact`` asks for it or not. Source: spec backend 10.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from neonlike.kernels._types import Array, Scratch, Triple


def fprop(
    x: Array,
    w: Array,
    out: Array,
    pad: Triple,
    stride: Triple,
    dil: Triple,
    alpha: float,
    beta: float,
    scratch: Scratch,
    exact: bool = True,
    bias: Array | None = None,
    slope: float = 1.0,
) -> None:
    """Outputs of the convolution of ``x`` with ``w``, then bias and ReLU."""
    padded = np.pad(x, _borders(pad))
    result = np.zeros_like(out)
    for tap, window in _taps(w.shape, out.shape, stride, dil):
        result += np.tensordot(w[tap].T, padded[window], axes=1)
    _blend(result, out, alpha, beta)
    epilogue(out.reshape(len(out), -1), None, bias, None, slope != 1.0, False, slope)


def bprop(
    err: Array,
    w: Array,
    out: Array,
    pad: Triple,
    stride: Triple,
    dil: Triple,
    alpha: float,
    beta: float,
    scratch: Scratch,
    exact: bool = True,
) -> None:
    """Gradient of the inputs: every error goes back to the inputs of its window."""
    padded = np.pad(np.zeros_like(out), _borders(pad))
    for tap, window in _taps(w.shape, err.shape, stride, dil):
        padded[window] += np.tensordot(w[tap], err, axes=1)
    (pd, ph, pw), (_, d, h, w_, _) = pad, out.shape
    _blend(padded[:, pd : pd + d, ph : ph + h, pw : pw + w_], out, alpha, beta)


def update(
    x: Array,
    err: Array,
    out: Array,
    pad: Triple,
    stride: Triple,
    dil: Triple,
    alpha: float,
    beta: float,
    scratch: Scratch,
    exact: bool = True,
    grad_bias: Array | None = None,
) -> None:
    """Gradient of the weights, and of a bias if asked for; ``exact`` as in ``fprop``."""
    padded = np.pad(x, _borders(pad))
    result = np.empty_like(out)
    everything = ([1, 2, 3, 4], [1, 2, 3, 4])
    for tap, window in _taps(out.shape, err.shape, stride, dil):
        result[tap] = np.tensordot(padded[window], err, axes=everything)
    _blend(result, out, alpha, beta)
    if grad_bias is not None:
        epilogue(err.reshape(len(err), -1), None, None, grad_bias, False, False, 0.0)


def epilogue(
    out: Array,
    source: Array | None,
    bias: Array | None,
    bsum: Array | None,
    relu: bool,
    brelu: bool,
    slope: float,
) -> None:
    """Add a bias per map, apply a (leaky) ReLU or its derivative, sum each map; all in place.

    ``out`` and ``source`` are (K, rest), ``bias`` and ``bsum`` (K, 1). ``brelu`` multiplies by the
    derivative of the ReLU at ``source``, which is ``out`` itself where absent.
    """
    if bias is not None:
        out += bias
    if relu:
        out[:] = np.maximum(out, 0) + slope * np.minimum(out, 0)
    elif brelu:
        at = out if source is None else source
        out *= (at > 0) + slope * (at < 0)
    if bsum is not None:
        np.sum(out, axis=1, keepdims=True, out=bsum)


def _borders(pad: Triple) -> list[tuple[int, int]]:
    return [(0, 0), *((p, p) for p in pad), (0, 0)]


def _taps(
    filters: tuple[int, ...], outputs: tuple[int, ...], stride: Triple, dil: Triple
) -> Iterator[tuple[Any, Any]]:
    """Yield for each (t, r, s) the index of its weights, and of the padded inputs it meets."""
    everything = slice(None)
    for tap in itertools.product(*(range(size) for size in filters[1:4])):
        window = (
            slice(i * d, i * d + size * s, s)
            for i, d, size, s in zip(tap, dil, outputs[1:4], stride, strict=True)
        )
        yield (everything, *tap), (everything, *window)


def _blend(result: Array, out: Array, alpha: float, beta: float) -> None:
    if beta == 0:
        np.multiply(result, alpha, out=out)
    else:
        out *= beta
        out += alpha * result
