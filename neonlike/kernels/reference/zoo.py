"""Sweeps of the recurrent zoo: cells that neon does not have (spec zoo 2-4).

Letters: n examples, T steps, columns t * n + example as everywhere; * element-wise. A *state*
buffer has (T + 1) * n columns: its first n are the state before step 0, so that the columns of
``state[:, :T * n]`` are what each step has found, those of ``state[:, n:]`` what it has left.

Every ``fprop`` finds the input projection and bias of all steps in the buffer of its net inputs,
and replaces them by the activated values. Every ``bprop`` fills ``delta``, the gradient of the net
inputs, from which the caller forms all weight gradients by matrix products. ``d...0`` become the
gradients of the states before step 0. ``err``, the gradient of the outputs, is not written.

Activations are given as in ``reference.recurrent``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neonlike.kernels._types import Array
from neonlike.kernels.reference._activation import forward, slope
from neonlike.kernels.reference._zoo_lstm import lstm97_bprop as lstm97_bprop
from neonlike.kernels.reference._zoo_lstm import lstm97_fprop as lstm97_fprop
from neonlike.kernels.reference._zoo_lstm import lstm97_online as lstm97_online
from neonlike.kernels.reference._zoo_lstm import variant_bprop as variant_bprop
from neonlike.kernels.reference._zoo_lstm import variant_fprop as variant_fprop
from neonlike.kernels.reference._zoo_steps import columns, steps_of


def chunked_bprop(
    w: Array, h: Array, err: Array, delta: Array, dh0: Array, k: int, act: Any
) -> None:
    """Back-propagation of ``h_t = act(... + w h_{t-1})`` through chunks of k steps.

    ``delta_t = act'(h_t) * (err_t + w^T delta_{t+1})``; the error that goes back is dropped at the
    steps t with t mod k = 0.

    Args:
        w: (m, m). h: outputs (m, T n). err, delta: (m, T n). dh0: (m, n).
        k: length of a chunk.
        act: activation.
    """
    n = dh0.shape[1]
    dh0[...] = 0
    for t in reversed(range(steps_of(err, n))):
        here = columns(t, n)
        delta[:, here] = slope(act, h[:, here]) * (err[:, here] + dh0)
        dh0[...] = w.T @ delta[:, here] if t % k else 0


def transition_fprop(w: Array, z: Array, h: Array, table: Array, acts: tuple[Any, ...]) -> None:
    """Deep transition: ``z^l = act_l(... + W_l z^{l-1} + S_l h_{t-1})``, ``h_t = z^L``.

    Args:
        w: the flat weights.
        z: (sum of rows, T n), net inputs, becomes the levels one below the other.
        h: state (rows of z^L, (T + 1) n).
        table: per level l (rows of z^l, rows of z^{l-1}, place of W_l in w, place of S_l or -1).
        acts: one activation per level.
    """
    n = h.shape[1] - z.shape[1]
    levels = _levels(w, table)
    for t in range(steps_of(z, n)):
        here, below = columns(t, n), h[:, columns(t, n)]
        for (rows, weights, skip), act in zip(levels, acts, strict=True):
            net = z[rows, here] + weights @ below
            if skip is not None:
                net += skip @ h[:, here]
            z[rows, here] = below = forward(act, net)
        h[:, columns(t + 1, n)] = below


def transition_bprop(
    w: Array,
    z: Array,
    err: Array,
    delta: Array,
    dh0: Array,
    table: Array,
    acts: tuple[Any, ...],
) -> None:
    """``delta^l = act_l' * eps^l``, ``eps^{l-1} = W_l^T delta^l``; shortcuts lead to h_{t-1}."""
    n = dh0.shape[1]
    levels = list(zip(_levels(w, table), acts, strict=True))
    dh0[...] = 0
    for t in reversed(range(steps_of(err, n))):
        here = columns(t, n)
        error, skipped = err[:, here] + dh0, np.zeros_like(dh0)
        for (rows, weights, skip), act in reversed(levels):
            delta[rows, here] = slope(act, z[rows, here]) * error
            error = weights.T @ delta[rows, here]
            if skip is not None:
                skipped += skip.T @ delta[rows, here]
        dh0[...] = error + skipped


def _levels(w: Array, table: Array) -> list[tuple[slice, Array, Array | None]]:
    """Per level its rows in z, W_l and S_l."""
    levels, top, last = [], 0, int(table[-1, 0])
    for rows, below, place, skip in table.tolist():
        weights = w[place : place + rows * below].reshape(rows, below)
        shortcut = w[skip : skip + rows * last].reshape(rows, last) if skip >= 0 else None
        levels.append((slice(top, top + rows), weights, shortcut))
        top += rows
    return levels


def jordan_fprop(
    w_state: Array,
    w_out: Array,
    b_out: Array,
    teacher: Array | None,
    h: Array,
    y: Array,
    s: Array,
    alpha: float,
    act: Any,
    out_act: Any,
) -> None:
    """``h_t = act(... + w_state s_t)``, ``y_t = out_act(w_out h_t + b_out)``.

    ``s_{t+1} = alpha s_t + y_t``, or + the teacher's output.

    Args:
        w_state: (nh, ny). w_out: (ny, nh). b_out: (ny, 1).
        teacher: (ny, T n), or None.
        h: (nh, T n), net inputs, becomes the hidden units. y: (ny, T n), the outputs.
        s: state (ny, (T + 1) n).
    """
    n = s.shape[1] - h.shape[1]
    fed_back = y if teacher is None else teacher
    for t in range(steps_of(h, n)):
        here = columns(t, n)
        h[:, here] = forward(act, h[:, here] + w_state @ s[:, here])
        y[:, here] = forward(out_act, w_out @ h[:, here] + b_out)
        s[:, columns(t + 1, n)] = alpha * s[:, here] + fed_back[:, here]


def jordan_bprop(
    w_state: Array,
    w_out: Array,
    h: Array,
    y: Array,
    err: Array,
    delta: Array,
    delta_out: Array,
    ds0: Array,
    alpha: float,
    taught: bool,
    act: Any,
    out_act: Any,
) -> None:
    """``delta_out = out_act' * (err + ds)``, ``delta = act' * w_out^T delta_out``.

    ``ds_t = w_state^T delta_t + alpha ds_{t+1}``; a teacher cuts the way from ds to the outputs.
    """
    n = ds0.shape[1]
    ds0[...] = 0
    for t in reversed(range(steps_of(err, n))):
        here = columns(t, n)
        error = err[:, here] if taught else err[:, here] + ds0
        delta_out[:, here] = slope(out_act, y[:, here]) * error
        delta[:, here] = slope(act, h[:, here]) * (w_out.T @ delta_out[:, here])
        ds0[...] = w_state.T @ delta[:, here] + alpha * ds0
