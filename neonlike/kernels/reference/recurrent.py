"""Recurrent sweeps: all steps of one layer in one call (spec layers 9).

Letters: n units per direction, G = gates * n rows (rnn 1, lstm 4: i, f, o, g, gru 3: r, z, q),
d directions (1: forwards; 2: forwards, then backwards in time), * element-wise. Every array has
the rows of its directions stacked, e.g. ``w`` (d*G, n), ``h`` (d*n, columns).

Columns: ``geometry = (outer, steps, inner)``; step t of sequence (o, k) is column
``(o * steps + t) * inner + k``. A sequence layer has outer = 1 and inner = N; a sweep along the
rows of a picture has its image rows as ``outer``, one along the columns has ``outer`` = 1 and
``inner`` = width * N.

- ``x`` (features, columns): inputs; None if their projection is in ``gates`` (rnn: ``h``) already.
- ``w_in`` (d*G, nin), ``w``, ``b`` (d*G, 1): input weights, recurrent weights and biases. Either
  all directions read all features (nin of them), or each its own half.
- ``gates`` (d*G, columns): the activated gates after ``fprop``.
- ``h0``, ``c0``, ``dh0`` (d*n, outer * inner): states before the first step and the gradient of
  the former; None stands for zeros, and for a gradient that nobody wants.
- ``err``: gradient of ``h``, never written. ``delta`` (d*G, columns): gradient of the sums that
  enter the activations, from which the caller forms all weight gradients by matrix products.
- ``deltas`` (features, columns): becomes ``alpha`` times the gradient of ``x`` + ``beta`` times
  its old content; None if nobody wants it.
- ``act``, ``gate``: activations, see ``neonlike.kernels._activation``. This set also takes an
  object with methods ``forward(x)`` and ``slope(y)`` on (rows, columns) arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neonlike.kernels._recurrent_blocks import blocks
from neonlike.kernels._types import Array, Scratch, Triple
from neonlike.kernels.reference import blas
from neonlike.kernels.reference._activation import forward, slope
from neonlike.kernels.reference._recurrent_steps import directions_of


def project(w_in: Array, x: Array, out: Array) -> None:
    """``out = w_in x``."""
    for rows, features in blocks(w_in, len(x)):
        blas.gemm(w_in[rows], x[features], out[rows])


def unproject(w_in: Array, delta: Array, deltas: Array, alpha: float, beta: float) -> None:
    """``deltas = alpha * w_in^T delta + beta * deltas``."""
    for rows, features in blocks(w_in, len(deltas)):
        blas.gemm(w_in[rows].T, delta[rows], deltas[features], alpha, beta)


def input_gradient(delta: Array, x: Array, out: Array) -> None:
    """``out = delta x^T``, the gradient of ``w_in``."""
    for rows, features in blocks(out, len(x)):
        blas.gemm(delta[rows], x[features].T, out[rows])


def rnn_fprop(
    w_in: Array,
    w: Array,
    b: Array,
    x: Array | None,
    h: Array,
    h0: Array | None,
    geometry: Triple,
    act: Any,
    scratch: Scratch,
) -> None:
    """``h_t = act(w_in x_t + w h_{t-1} + b)``."""
    if x is not None:
        project(w_in, x, h)
    for order, w_, h_, b_, last in directions_of(w, geometry, (h,), (b, h0)):
        for t in order:
            h_[t] = last = forward(act, h_[t] + w_ @ last + b_)


def rnn_bprop(
    w_in: Array,
    w: Array,
    h: Array,
    err: Array,
    delta: Array,
    dh0: Array | None,
    deltas: Array | None,
    alpha: float,
    beta: float,
    geometry: Triple,
    act: Any,
    scratch: Scratch,
) -> None:
    """``delta_t = act'(h_t) * (err_t + w^T delta_{t+1})``; ``dh0 = w^T delta_0``."""
    for order, w_, h_, err_, delta_, dh in directions_of(w, geometry, (h, err, delta), (dh0,)):
        dh[...] = 0
        for t in reversed(order):
            delta_[t] = slope(act, h_[t]) * (err_[t] + dh)
            dh[...] = w_.T @ delta_[t]
    if deltas is not None:
        unproject(w_in, delta, deltas, alpha, beta)


def lstm_fprop(
    w_in: Array,
    w: Array,
    b: Array,
    x: Array | None,
    gates: Array,
    h: Array,
    c: Array,
    c_act: Array,
    h0: Array | None,
    c0: Array | None,
    geometry: Triple,
    act: Any,
    gate: Any,
    scratch: Scratch,
) -> None:
    """``c_t = f * c_{t-1} + i * g``; ``h_t = o * act(c_t)``."""
    if x is not None:
        project(w_in, x, gates)
    n = w.shape[1]
    for order, w_, h_, gates_, c_, c_act_, b_, last, cell in directions_of(
        w, geometry, (h, gates, c, c_act), (b, h0, c0)
    ):
        for t in order:
            sums = gates_[t] + w_ @ last + b_
            i, f, o = np.split(forward(gate, sums[: 3 * n]), 3)
            g = forward(act, sums[3 * n :])
            gates_[t] = np.concatenate([i, f, o, g])
            c_[t] = cell = f * cell + i * g
            c_act_[t] = forward(act, cell)
            h_[t] = last = o * c_act_[t]


def lstm_bprop(
    w_in: Array,
    w: Array,
    gates: Array,
    c: Array,
    c_act: Array,
    c0: Array | None,
    err: Array,
    delta: Array,
    dh0: Array | None,
    deltas: Array | None,
    alpha: float,
    beta: float,
    geometry: Triple,
    act: Any,
    gate: Any,
    scratch: Scratch,
) -> None:
    """The gate deltas, with ``s`` the gradient of h_t and ``dc`` that of c_t."""
    n = w.shape[1]
    sequences = (err, gates, c, c_act, delta)
    for order, w_, err_, gates_, c_, c_act_, delta_, dh, cell0 in directions_of(
        w, geometry, sequences, (dh0, c0)
    ):
        dh[...] = 0
        dc_next = np.zeros_like(dh)
        for step, t in reversed(list(enumerate(order))):
            ifo, g = gates_[t][: 3 * n], gates_[t][3 * n :]
            i, f, o = np.split(ifo, 3)
            c_last = c_[order[step - 1]] if step else cell0
            s = err_[t] + dh
            dc = dc_next + slope(act, c_act_[t]) * o * s
            d_ifo = slope(gate, ifo) * np.concatenate([dc * g, dc * c_last, s * c_act_[t]])
            delta_[t] = np.concatenate([d_ifo, slope(act, g) * dc * i])
            dh[...] = w_.T @ delta_[t]
            dc_next = dc * f
    if deltas is not None:
        unproject(w_in, delta, deltas, alpha, beta)


def gru_fprop(
    w_in: Array,
    w: Array,
    b: Array,
    x: Array | None,
    gates: Array,
    h: Array,
    h0: Array | None,
    geometry: Triple,
    act: Any,
    gate: Any,
    scratch: Scratch,
) -> None:
    """``q = act(w_in_q x + w_q (r * h_{t-1}) + b_q)``; ``h_t = (1 - z) * h_{t-1} + z * q``."""
    if x is not None:
        project(w_in, x, gates)
    n = w.shape[1]
    for order, w_, h_, gates_, b_, last in directions_of(w, geometry, (h, gates), (b, h0)):
        for t in order:
            sums = gates_[t] + b_
            r, z = np.split(forward(gate, sums[: 2 * n] + w_[: 2 * n] @ last), 2)
            q = forward(act, sums[2 * n :] + w_[2 * n :] @ (r * last))
            gates_[t] = np.concatenate([r, z, q])
            h_[t] = last = (1 - z) * last + z * q


def gru_bprop(
    w_in: Array,
    w: Array,
    gates: Array,
    h: Array,
    h0: Array | None,
    err: Array,
    delta: Array,
    reset_h: Array,
    dh0: Array | None,
    deltas: Array | None,
    alpha: float,
    beta: float,
    geometry: Triple,
    act: Any,
    gate: Any,
    scratch: Scratch,
) -> None:
    """The gate deltas, and ``reset_h`` (d*n, columns) = ``r * h_{t-1}`` for the gradient of w_q."""
    n = w.shape[1]
    sequences = (h, gates, err, delta, reset_h)
    for order, w_, h_, gates_, err_, delta_, reset_h_, dh, state0 in directions_of(
        w, geometry, sequences, (dh0, h0)
    ):
        dh[...] = 0
        for step, t in reversed(list(enumerate(order))):
            rz, q = gates_[t][: 2 * n], gates_[t][2 * n :]
            r, z = np.split(rz, 2)
            last = h_[order[step - 1]] if step else state0
            s = err_[t] + dh
            d_q = slope(act, q) * s * z
            u = w_[2 * n :].T @ d_q
            d_rz = slope(gate, rz) * np.concatenate([u * last, s * (q - last)])
            delta_[t] = np.concatenate([d_rz, d_q])
            reset_h_[t] = r * last
            dh[...] = s * (1 - z) + w_[: 2 * n].T @ d_rz + r * u
    if deltas is not None:
        unproject(w_in, delta, deltas, alpha, beta)


def weight_gradients(
    delta: Array,
    x: Array | None,
    h: Array,
    h0: Array | None,
    reset_h: Array | None,
    dw_in: Array,
    dw: Array,
    db: Array,
    geometry: Triple,
    scratch: Scratch,
) -> None:
    """``dw_in = delta x^T``, ``dw = sum_t delta_t h_{t-1}^T``, ``db = sum_t delta_t``.

    The candidate rows of the GRU have ``reset_h`` in place of the states; without ``x`` there is
    no ``dw_in``.
    """
    if x is not None:
        input_gradient(delta, x, dw_in)
    n = dw.shape[1]
    plain = dw.shape[0] * n // len(h) - (0 if reset_h is None else n)
    sequences = (h, delta, h if reset_h is None else reset_h)
    for order, dw_, h_, delta_, reset_, last in directions_of(dw, geometry, sequences, (h0,)):
        dw_[...] = 0
        for t in order:
            dw_[:plain] += delta_[t][:plain] @ last.T
            dw_[plain:] += delta_[t][plain:] @ reset_[t].T
            last = h_[t]
    db[...] = delta.sum(axis=1, keepdims=True)
