"""Convolution with batch innermost: x (C,D,H,W,N), w (C,T,R,S,K), y and err (K,M,P,Q,N).

    fprop   y[k,m,p,q,n] = sum_{c,t,r,s} w[c,t,r,s,k] x[c, m sd - pd + t dd, p sh - ph + r dh,
                                                          q sw - pw + s dw, n]
    bprop   dx = the adjoint of fprop in x, applied to err
    update  dw[c,t,r,s,k] = sum_{m,p,q,n} x[c, ..., n] err[k,m,p,q,n]

with zero padding; every result is ``out = alpha * result + beta * out`` (nothing is read from
``out`` when beta is 0). Fprop then adds ``bias[k]`` and multiplies what is negative by ``slope``
(1: not at all); it is asked to for ``beta`` 0 only. Fprop and the phases of bprop are the direct
kernel of ``_conv_direct``, update is ``_conv_update``; where Winograd's algorithm is faster and
``exact`` is false, all three are those of ``_winograd*``; 1x1 filters and filters as large as the
image are matrix products. How these work is told in ``kernels/README.md``. Source: spec backend 10,
performance 2.2.
"""

from __future__ import annotations

from neonlike.kernels._types import Array, Scratch, Triple
from neonlike.kernels.numba import _conv_plan, blas
from neonlike.kernels.numba._conv_direct import direct
from neonlike.kernels.numba._conv_epilogue import epilogue as epilogue
from neonlike.kernels.numba._conv_update import gradient
from neonlike.kernels.numba._winograd import tile_size, winograd
from neonlike.kernels.numba._winograd_update import GRAIN, SIZE, winograd_gradient


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
    """Outputs of the convolution of ``x`` with ``w``; ``exact`` rules out Winograd's rounding."""
    if _is_product(x, w, pad, stride):
        blas.gemm(_matrix(w).T, x.reshape(_matrix(w).shape[0], -1), _rows(out), alpha, beta)
        if bias is not None or slope != 1.0:
            epilogue(_rows(out), None, bias, None, slope != 1.0, False, slope)
    elif not exact and (size := tile_size(x, w, out, pad, stride, dil)):
        winograd(size, x, w, out, pad[1:], alpha, beta, scratch, bias=bias, slope=slope)
    else:
        plan = _conv_plan.forward(x.shape[1:4], w.shape[1:4], out.shape[1:4], pad, stride, dil)
        direct(plan, x, w, out, alpha, beta, scratch, bias=bias, slope=slope)


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
    if _is_product(out, w, pad, stride):
        blas.gemm(_matrix(w), _rows(err), out.reshape(_matrix(w).shape[0], -1), alpha, beta)
        return
    back = (-pad[0], w.shape[2] - 1 - pad[1], w.shape[3] - 1 - pad[2])
    if not exact and (size := tile_size(err, w, out, back, stride, dil)):
        winograd(size, err, w, out, back[1:], alpha, beta, scratch, swap=True)
        return
    phases = _conv_plan.backward(out.shape[1:4], w.shape[1:4], err.shape[1:4], pad, stride, dil)
    for plan in phases:
        direct(plan, err, w, out, alpha, beta, scratch, swap=True)


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
    if not exact and tile_size(x, out, err, pad, stride, dil, GRAIN) == SIZE:
        winograd_gradient(x, err, out, pad[1:], alpha, beta, scratch, grad_bias)
        return
    if _is_product(x, out, pad, stride):
        blas.gemm(x.reshape(_matrix(out).shape[0], -1), _rows(err).T, _matrix(out), alpha, beta)
    else:
        plan = _conv_plan.forward(x.shape[1:4], out.shape[1:4], err.shape[1:4], pad, stride, dil)
        gradient(plan, x, err, out, alpha, beta, scratch)
    if grad_bias is not None:
        epilogue(_rows(err), None, None, grad_bias, False, False, 0.0)


def _is_product(x: Array, w: Array, pad: Triple, stride: Triple) -> bool:
    """Whether the convolution is one matrix product of the operands as they lie in memory."""
    filters = w.shape[1:4]
    pointwise = filters == (1, 1, 1) == stride
    return pad == (0, 0, 0) and (pointwise or filters == x.shape[1:4])


def _matrix(w: Array) -> Array:
    return w.reshape(-1, w.shape[-1])


def _rows(y: Array) -> Array:
    return y.reshape(len(y), -1)
